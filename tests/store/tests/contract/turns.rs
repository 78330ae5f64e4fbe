//! Of many that ask for a turn, one gets it.

use store_contract::{Fixture, at};

#[tokio::test]
async fn of_many_that_claim_a_turn_one_gets_it() {
    let f = Fixture::new().await;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = f.store.clone();
        claims.spawn(async move { store.claim_turn("sweep", at(0), at(60)).await.expect("an answer") });
    }
    let won = claims.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert!(!f.store.claim_turn("sweep", at(59), at(119)).await.expect("an answer"));
    assert!(f.store.claim_turn("sweep", at(60), at(120)).await.expect("an answer"), "the next turn is free");
    assert!(f.store.claim_turn("other", at(60), at(120)).await.expect("an answer"), "so is that of another");
}

#[tokio::test]
async fn a_turn_that_is_given_back_is_free_at_once() {
    let f = Fixture::new().await;
    assert!(f.store.claim_turn("make", at(0), at(60)).await.expect("an answer"));
    f.store.end_turn("make", at(60)).await.expect("an answer");
    assert!(f.store.claim_turn("make", at(1), at(61)).await.expect("an answer"));
}

#[tokio::test]
async fn a_turn_that_someone_else_has_by_now_is_not_given_back() {
    let f = Fixture::new().await;
    f.store.end_turn("make", at(60)).await.expect("nobody has it: that is no error");
    assert!(f.store.claim_turn("make", at(0), at(60)).await.expect("an answer"));
    assert!(f.store.claim_turn("make", at(60), at(120)).await.expect("an answer"));
    f.store.end_turn("make", at(60)).await.expect("an answer");
    assert!(!f.store.claim_turn("make", at(61), at(121)).await.expect("an answer"));
}

#[tokio::test]
async fn that_the_store_can_be_written_is_proved_as_often_as_asked() {
    let f = Fixture::new().await;
    f.store.prove_writes().await.expect("a write");
    f.store.prove_writes().await.expect("a write");
    assert_eq!(f.everything(at(0)).await.0.len(), 1);
}
