//! The table is made when it is missing, and looked at.

use shared::store::TableFacts;
use store_contract::{Fixture, received};

#[tokio::test]
async fn a_table_that_is_missing_is_no_error() {
    let f = Fixture::without_table();
    assert!(!f.store.table_exists().await.expect("an answer"));
    assert_eq!(f.store.table_facts().await.expect("an answer"), None);
}

#[tokio::test]
async fn a_table_that_was_made_has_no_fault() {
    let f = Fixture::new().await;
    let facts = f.store.table_facts().await.expect("an answer").expect("a table");
    assert_eq!(facts, TableFacts { faults: Vec::new(), streams: false, expires: Some(true) });
}

#[tokio::test]
async fn a_table_that_takes_its_time_is_waited_for() {
    let f = Fixture::without_table();
    f.engine.take_time_to_create(2);
    f.store.create_table_if_missing().await.expect("a table");
    let facts = f.store.table_facts().await.expect("an answer").expect("a table");
    assert_eq!((facts.faults, facts.expires), (Vec::new(), Some(true)));
    f.engine.take_time_to_create(1);
    f.store.create_table_if_missing().await.expect("someone else's table is waited for, too");
    assert!(f.store.commit(received("1")).await.is_ok());
}

#[tokio::test]
async fn a_table_that_is_there_is_left_as_it_is() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("a commit");
    f.store.create_table_if_missing().await.expect("nothing to do");
    assert!(f.store.table_exists().await.expect("an answer"));
    assert!(f.store.load(&approval.record.id).await.expect("an answer").is_some());
}

#[tokio::test]
async fn many_that_make_the_table_make_one() {
    let f = Fixture::without_table();
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = f.store.clone();
        makers.spawn(async move { store.create_table_if_missing().await });
    }
    for made in makers.join_all().await {
        made.expect("a table");
    }
    assert_eq!(f.store.table_facts().await.expect("an answer").expect("a table").faults, []);
}
