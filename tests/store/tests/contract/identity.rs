//! A store has a name of its own.

use store_contract::{Fault, Fixture};

#[tokio::test]
async fn a_store_gets_one_name_however_many_give_it_one() {
    let f = Fixture::new().await;
    assert_eq!(f.store.identity().await.expect("an answer"), None);
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = f.store.clone();
        makers.spawn(async move { store.identity_made().await.expect("an answer") });
    }
    let names = makers.join_all().await;
    let name = f.store.identity().await.expect("an answer");
    assert!(name.as_ref().is_some_and(|name| !name.is_empty()));
    assert!(names.iter().all(|one| *one == name), "{names:?}");
}

#[tokio::test]
async fn a_name_that_someone_else_gave_in_between_is_kept() {
    let f = Fixture::new().await;
    let name = f.store.identity_made().await.expect("an answer");
    f.engine.at_the_next("GetItem", Fault::FoundNothing);
    assert_eq!(f.store.identity_made().await.expect("an answer"), name);
}
