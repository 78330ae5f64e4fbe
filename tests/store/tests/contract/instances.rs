//! An instance has one owner, and an event that came before it is not lost.

use shared::{
    approval::{Approval, Hint, HintResult, InstanceId, Origin, Pending, Received},
    store::{CommitError, Owner, Store},
};
use store_contract::{Fixture, at, hint, instance, received};

fn pending(approval: &Approval<Received>, id: &str) -> impl Fn(Option<Hint>) -> Approval<Pending> + use<> {
    let (approval, instance) = (approval.clone(), instance(id));
    move |hint| approval.clone().created(instance.clone(), Vec::new(), Origin::Created, hint, at(2))
}

async fn owner(store: &Store, id: &str) -> Owner {
    store.owner(&InstanceId::new(id)).await.expect("an answer")
}

async fn keep(store: &Store, result: HintResult) -> Owner {
    store.keep_early(&InstanceId::new("i"), None, &hint(result)).await.expect("an answer")
}

async fn kept(store: &Store) -> Option<HintResult> {
    store.early(&InstanceId::new("i")).await.expect("an answer").map(|hint| hint.result)
}

#[tokio::test]
async fn an_instance_and_its_owner_are_committed_together() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("the first commit");
    assert_eq!(owner(&f.store, "i").await, Owner::Nobody);
    let committed =
        f.store.commit_with_instance(&InstanceId::new("i"), pending(&approval, "i")).await.expect("a commit");
    assert_eq!(owner(&f.store, "i").await, Owner::Approval(committed.record.id.clone()));
    assert_eq!(f.store.load(&committed.record.id).await.expect("an answer"), Some(committed.into()));
}

#[tokio::test]
async fn a_first_commit_can_bring_its_instance() {
    let f = Fixture::new().await;
    let id = InstanceId::new("i");
    let committed = f.store.commit_with_instance(&id, pending(&received("1"), "i")).await.expect("a commit");
    assert_eq!(committed.record.version, 1);
    let again = f.store.commit_with_instance(&InstanceId::new("j"), pending(&received("1"), "j")).await;
    assert!(matches!(again, Err(CommitError::Conflict)));
    assert_eq!(owner(&f.store, "j").await, Owner::Nobody);
}

#[tokio::test]
async fn an_owner_is_not_written_when_the_approval_has_changed() {
    let f = Fixture::new().await;
    let stale = f.store.commit(received("1")).await.expect("the first commit");
    let _ = f.store.commit(stale.clone().ask_withdrawal(at(1))).await.expect("the second commit");
    let committed = f.store.commit_with_instance(&InstanceId::new("i"), pending(&stale, "i")).await;
    assert!(matches!(committed, Err(CommitError::Conflict)));
    assert_eq!(owner(&f.store, "i").await, Owner::Nobody);
}

#[tokio::test]
async fn an_instance_has_one_owner_for_ever() {
    let f = Fixture::new().await;
    let one = f.store.commit(received("1")).await.expect("a commit");
    let two = f.store.commit(received("2")).await.expect("a commit");
    let id = InstanceId::new("i");
    let owned = f.store.commit_with_instance(&id, pending(&one, "i")).await.expect("a commit");
    let taken = f.store.commit_with_instance(&id, pending(&two, "i")).await;
    assert!(matches!(taken, Err(CommitError::Conflict)));
    let told = keep(&f.store, HintResult::Agreed).await;
    assert_eq!(told, Owner::Approval(owned.record.id), "an event finds the owner");
    assert_eq!(kept(&f.store).await, None, "and is not kept");
}

#[tokio::test]
async fn an_event_that_came_early_is_handed_to_the_approval_that_claims_the_instance() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("the first commit");
    assert_eq!(keep(&f.store, HintResult::Agreed).await, Owner::Nobody);
    let id = InstanceId::new("i");
    let committed = f.store.commit_with_instance(&id, pending(&approval, "i")).await.expect("a commit");
    assert_eq!(committed.state.reading.hint, Some(hint(HintResult::Agreed)));
    assert_eq!(committed.state.reading.at, at(2), "it is read at once");
    assert_eq!(kept(&f.store).await, None);
    let (for_ever, _) = f.everything(at(1_000_000_000)).await;
    assert_eq!(for_ever.len(), 2, "the owner of an instance does not expire");
}

#[tokio::test]
async fn an_event_that_came_early_and_that_nobody_claims_expires() {
    let f = Fixture::new().await;
    let _ = keep(&f.store, HintResult::Agreed).await;
    assert_eq!(f.everything(at(47 * 3600)).await.0.len(), 1);
    assert_eq!(f.everything(at(49 * 3600)).await.0, []);
}

#[tokio::test]
async fn what_people_decided_is_not_replaced_by_a_weaker_word() {
    for decisive in [HintResult::Agreed, HintResult::Refused] {
        let f = Fixture::new().await;
        for weaker in [HintResult::Finished, HintResult::Terminated, HintResult::Deleted] {
            assert_eq!(keep(&f.store, weaker).await, Owner::Nobody);
            assert_eq!(kept(&f.store).await, Some(weaker), "of weaker words the last one counts");
        }
        assert_eq!(keep(&f.store, decisive).await, Owner::Nobody);
        for later in [HintResult::Finished, HintResult::Terminated, HintResult::Refused, HintResult::Agreed] {
            assert_eq!(keep(&f.store, later).await, Owner::Nobody);
            assert_eq!(kept(&f.store).await, Some(decisive));
        }
    }
}

#[tokio::test]
async fn of_an_event_and_a_claim_at_the_same_time_neither_misses_the_other() {
    let f = Fixture::new().await;
    for number in 0..20 {
        let name = number.to_string();
        let (id, hint) = (InstanceId::new(&name), hint(HintResult::Agreed));
        let approval = f.store.commit(received(&name)).await.expect("a commit");
        let (claimed, told) = tokio::join!(
            f.store.commit_with_instance(&id, pending(&approval, &name)),
            f.store.keep_early(&id, None, &hint)
        );
        let claimed = claimed.expect("a commit");
        match told.expect("an answer") {
            Owner::SecondOf(other) => unreachable!("{other} has no other instance"),
            Owner::Nobody => assert_eq!(claimed.state.reading.hint, Some(hint)),
            Owner::Approval(id) => assert_eq!((id, claimed.state.reading.hint), (claimed.record.id, None)),
        }
    }
}
