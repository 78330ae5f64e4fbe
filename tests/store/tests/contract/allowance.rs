//! What may be done so often a day is done no more often, whoever asks.

use store_contract::{Fixture, at};

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn of_many_that_ask_at_once_no_more_get_it_than_the_day_allows() {
    let f = Fixture::new().await;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let store = f.store.clone();
        claims.spawn(async move { store.claim_of_today("reads", 5, at(0)).await.expect("an answer") });
    }
    let won = claims.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 5);
    assert!(f.store.claim_of_today("others", 5, at(0)).await.expect("an answer"), "others have their own");
}

#[tokio::test]
async fn each_day_begins_anew_and_nothing_is_allowed_where_none_is() {
    let f = Fixture::new().await;
    for day in 0..3 {
        let now = at(day * DAY);
        assert!(f.store.claim_of_today("reads", 2, now).await.expect("an answer"));
        assert!(f.store.claim_of_today("reads", 2, now).await.expect("an answer"));
        assert!(!f.store.claim_of_today("reads", 2, now).await.expect("an answer"));
        assert!(
            f.store.claim_of_today("reads", 3, now).await.expect("an answer"),
            "a higher limit holds at once"
        );
    }
    assert!(!f.store.claim_of_today("reads", 0, at(9 * DAY)).await.expect("an answer"));
}
