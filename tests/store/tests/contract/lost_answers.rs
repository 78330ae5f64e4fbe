//! A write whose answer is lost is repeated by the client, and must not be taken for someone else's.

use shared::{
    approval::{InstanceId, Origin},
    store::{Owner, Put, RawItem},
};
use store_contract::{Fault, Fixture, at, instance, received};

#[tokio::test]
async fn our_own_repeated_commit_is_no_conflict() {
    let f = Fixture::new().await;
    f.engine.at_the_next("PutItem", Fault::AnswerLost);
    let first = f.store.commit(received("1")).await.expect("the first commit is ours");
    f.engine.at_the_next("PutItem", Fault::AnswerLost);
    let second = f.store.commit(first.ask_withdrawal(at(1))).await.expect("the second commit is ours");
    assert_eq!(second.record.version, 2);
}

#[tokio::test]
async fn our_own_repeated_claim_of_an_instance_is_no_conflict() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("the first commit");
    f.engine.at_the_next("TransactWriteItems", Fault::AnswerLost);
    let pending = |hint| approval.clone().created(instance("i"), Vec::new(), Origin::Created, hint, at(2));
    let committed = f.store.commit_with_instance(&InstanceId::new("i"), pending).await.expect("it is ours");
    let owner = f.store.owner(&InstanceId::new("i")).await.expect("an answer");
    assert_eq!(owner, Owner::Approval(committed.record.id));
}

#[tokio::test]
async fn an_item_that_was_put_without_an_answer_is_there_the_same() {
    let f = Fixture::new().await;
    let item = RawItem::read(r#"{"pk":{"S":"A#1"}}"#).expect("an item");
    f.engine.at_the_next("PutItem", Fault::AnswerLost);
    assert_eq!(f.store.put_raw(&item).await.expect("an answer"), Put::Same);
}

#[tokio::test]
async fn a_name_that_was_given_without_an_answer_is_the_store_s() {
    let f = Fixture::new().await;
    f.engine.at_the_next("UpdateItem", Fault::AnswerLost);
    let name = f.store.identity_made().await.expect("an answer");
    assert!(name.is_some());
    assert_eq!(f.store.identity().await.expect("an answer"), name);
}
