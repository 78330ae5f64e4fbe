//! Requests are found by their id in the source with a few keyed reads, however many are stored.

use shared::{
    approval::{ApplyId, ApprovalId, Source},
    store::Store,
};
use store_contract::{Fixture, at, details, received_at};

const TENANTS: [&str; 3] = ["", "1", "2"];

async fn known(store: &Store, apply_id: &str) -> Vec<ApprovalId> {
    let known = store.known_as(Source::Dataphin, &ApplyId::new(apply_id)).await.expect("an answer");
    known.alias.approvals().cloned().collect()
}

/// Approvals from before aliases were kept, more than a page of them.
async fn filled() -> Fixture {
    let f = Fixture::new().await;
    for number in 0..150 {
        let approval = received_at(&number.to_string(), TENANTS[number % 3], at(0));
        let approval = f.store.commit(approval).await.expect("a commit");
        if number % 2 == 0 {
            let refused = approval.refused("code".into(), "message".into(), at(1));
            let _ = f.store.commit(refused).await.expect("a commit");
        }
    }
    f
}

async fn backfill(store: &Store) {
    while !store.backfill_aliases().await.expect("an answer") {}
}

#[tokio::test]
async fn whatever_is_stored_an_id_is_looked_up_by_key() {
    let f = filled().await;
    backfill(&f.store).await;
    for number in 0..150 {
        let approval = received_at(&number.to_string(), TENANTS[number % 3], at(0)).record.id;
        assert_eq!(known(&f.store, &number.to_string()).await, [approval], "{number}");
    }
    f.engine.count_from_here();
    for number in 1000..1020 {
        assert_eq!(known(&f.store, &number.to_string()).await, []);
    }
    assert_eq!(f.engine.count("Query") + f.engine.count("Scan"), 0);
    assert_eq!(
        f.engine.count("GetItem"),
        20 * 2,
        "one for the id, and one to learn that there are no others"
    );
}

#[tokio::test]
async fn until_then_an_id_without_a_key_of_its_own_is_found_too_and_the_tenants_are_looked_up_once() {
    let f = filled().await;
    f.engine.count_from_here();
    let asked = (0..20).map(|number| {
        let store = f.store.clone();
        tokio::spawn(async move { (number, known(&store, &number.to_string()).await) })
    });
    for asked in asked.collect::<Vec<_>>() {
        let (number, found) = asked.await.expect("an answer");
        let approval = received_at(&number.to_string(), TENANTS[number % 3], at(0)).record.id;
        assert_eq!(found, [approval], "{number}");
    }
    assert!(f.engine.count("Query") <= 10, "{} queries", f.engine.count("Query"));
}

#[tokio::test]
async fn aliases_that_are_there_stay_as_they_are() {
    let f = Fixture::new().await;
    for tenant in ["1", "2"] {
        let key = received_at("7", tenant, at(0)).record.key;
        let known = f.store.known_as(key.source, &key.apply_id).await.expect("an answer");
        let approval = received_at("7", tenant, at(0)).into();
        f.store.commit_first(approval, &details(), &known).await.expect("a commit");
    }
    let before = f.store.known_as(Source::Dataphin, &ApplyId::new("7")).await.expect("an answer");
    backfill(&f.store).await;
    assert_eq!(f.store.known_as(Source::Dataphin, &ApplyId::new("7")).await.expect("an answer"), before);
}

#[tokio::test]
async fn approvals_that_come_from_another_place_are_given_theirs() {
    let f = Fixture::new().await;
    backfill(&f.store).await;
    let old = f.store.commit(received_at("7", "1", at(0))).await.expect("a commit");
    assert_eq!(known(&f.store, "7").await, []);
    f.store.restart_aliases().await.expect("an answer");
    let id = old.record.id;
    assert_eq!(known(&f.store, "7").await, std::slice::from_ref(&id), "at once");
    backfill(&f.store).await;
    assert_eq!(known(&f.store, "7").await, [id]);
}

#[tokio::test]
async fn what_was_cut_off_goes_on_where_it_ended() {
    let f = filled().await;
    let mut pages = 0;
    while !f.another_store().backfill_aliases().await.expect("an answer") {
        pages += 1;
        assert!(pages < 40, "it comes to an end");
    }
    assert_eq!(known(&f.store, "149").await.len(), 1);
}
