//! What the store promises.

#![allow(clippy::expect_used)]

use shared::{
    approval::{Approval, Hint, HintResult, InstanceId, Origin, Pending, Received, Status},
    store::{CommitError, DUE_SHARDS, Owner},
};
use store_contract::{Fixture, at, instance, received};

fn hint() -> Hint {
    Hint { result: HintResult::Agreed, finished_at: Some(at(3)), received_at: at(4) }
}

fn pending(approval: &Approval<Received>, id: &str) -> impl Fn(Option<Hint>) -> Approval<Pending> {
    let (approval, instance) = (approval.clone(), instance(id));
    move |hint| approval.clone().created(instance.clone(), Vec::new(), Origin::Created, hint, at(2))
}

#[tokio::test]
async fn what_was_committed_is_loaded_the_same() {
    let f = Fixture::new().await;
    let committed = f.store.commit(received("1")).await.expect("the first commit");
    let loaded = f.store.load(&committed.record.id).await.expect("an answer").expect("the approval");
    assert_eq!(loaded, Approval::from(committed));
    assert_eq!(loaded.record.version, 1);
    assert_eq!(f.store.load(&received("2").record.id).await.expect("an answer"), None);
}

#[tokio::test]
async fn of_two_first_commits_one_wins() {
    let f = Fixture::new().await;
    let _ = f.store.commit(received("1")).await.expect("the first commit");
    assert!(matches!(f.store.commit(received("1")).await, Err(CommitError::Conflict)));
}

#[tokio::test]
async fn a_commit_over_an_older_version_is_a_conflict_and_changes_nothing() {
    let f = Fixture::new().await;
    let first = f.store.commit(received("1")).await.expect("the first commit");
    let second = f.store.commit(first.clone().ask_withdrawal(at(1))).await.expect("the second commit");
    let late = f.store.commit(first.outcome_unknown("late".into(), at(2))).await;
    assert!(matches!(late, Err(CommitError::Conflict)));
    assert_eq!(f.store.load(&second.record.id).await.expect("an answer"), Some(second.into()));
}

#[tokio::test]
async fn an_instance_and_its_owner_are_committed_together() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("the first commit");
    assert_eq!(f.store.owner(&InstanceId::new("i")).await.expect("an answer"), Owner::Nobody);
    let committed =
        f.store.commit_with_instance(&InstanceId::new("i"), pending(&approval, "i")).await.expect("a commit");
    let owner = f.store.owner(&InstanceId::new("i")).await.expect("an answer");
    assert_eq!(owner, Owner::Approval(committed.record.id.clone()));
    assert_eq!(f.store.load(&committed.record.id).await.expect("an answer"), Some(committed.into()));
}

#[tokio::test]
async fn an_owner_is_not_written_when_the_approval_has_changed() {
    let f = Fixture::new().await;
    let stale = f.store.commit(received("1")).await.expect("the first commit");
    let _ = f.store.commit(stale.clone().ask_withdrawal(at(1))).await.expect("the second commit");
    let committed = f.store.commit_with_instance(&InstanceId::new("i"), pending(&stale, "i")).await;
    assert!(matches!(committed, Err(CommitError::Conflict)));
    assert_eq!(f.store.owner(&InstanceId::new("i")).await.expect("an answer"), Owner::Nobody);
}

#[tokio::test]
async fn an_instance_has_one_owner_for_ever() {
    let f = Fixture::new().await;
    let (one, two) = (received("1"), received("2"));
    let one = f.store.commit(one).await.expect("a commit");
    let two = f.store.commit(two).await.expect("a commit");
    let owned =
        f.store.commit_with_instance(&InstanceId::new("i"), pending(&one, "i")).await.expect("a commit");
    let taken = f.store.commit_with_instance(&InstanceId::new("i"), pending(&two, "i")).await;
    assert!(matches!(taken, Err(CommitError::Conflict)));
    let kept = f.store.keep_early(&InstanceId::new("i"), &hint()).await.expect("an answer");
    assert_eq!(kept, Owner::Approval(owned.record.id), "an event finds the owner and is not kept");
}

#[tokio::test]
async fn an_event_that_came_early_is_handed_to_the_approval_that_claims_the_instance() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("the first commit");
    let id = InstanceId::new("i");
    assert_eq!(f.store.keep_early(&id, &hint()).await.expect("an answer"), Owner::Nobody);
    let committed = f.store.commit_with_instance(&id, pending(&approval, "i")).await.expect("a commit");
    assert_eq!(committed.state.reading.hint, Some(hint()));
    assert_eq!(committed.state.reading.at, at(2), "it is read at once");
}

#[tokio::test]
async fn what_is_due_is_found_and_nothing_else() {
    let f = Fixture::new().await;
    let approval = f.store.commit(received("1")).await.expect("a commit");
    let due = async |seconds| {
        let mut due = Vec::new();
        for shard in 0..DUE_SHARDS {
            due.extend(f.store.due(shard, at(seconds), 10, None).await.expect("an answer"));
        }
        due.into_iter().map(|due| due.id).collect::<Vec<_>>()
    };
    assert_eq!(due(29).await, [], "someone is at it");
    assert_eq!(due(30).await, std::slice::from_ref(&approval.record.id));
    let _ = f.store.commit(approval.refused("code".into(), "message".into(), at(1))).await.expect("a commit");
    assert_eq!(due(1_000_000).await, [], "what rests is in no index of what is due");
}

#[tokio::test]
async fn what_is_due_is_listed_oldest_first_page_by_page() {
    let f = Fixture::new().await;
    for number in 0..20 {
        let approval = received(&number.to_string()).ask_withdrawal(at(20 - number));
        f.store.commit(approval).await.expect("a commit");
    }
    let mut seen = Vec::new();
    for shard in 0..DUE_SHARDS {
        let mut last = None;
        loop {
            let page = f.store.due(shard, at(1000), 2, last.as_ref()).await.expect("an answer");
            assert!(page.len() <= 2 && last.iter().chain(&page).is_sorted_by_key(|due| due.at), "{page:?}");
            last = page.last().cloned();
            seen.extend(page.into_iter().map(|due| due.id));
            if last.is_none() {
                break;
            }
        }
    }
    seen.sort_by_key(ToString::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 20);
}

#[tokio::test]
async fn a_status_is_listed_newest_first_page_by_page() {
    let f = Fixture::new().await;
    for number in 0..5 {
        let approval = received(&number.to_string()).ask_withdrawal(at(number));
        let _ = f.store.commit(approval).await.expect("a commit");
    }
    let first = f.store.list(Status::Received, None, 3, None).await.expect("a page");
    let second = f.store.list(Status::Received, None, 3, first.next).await.expect("a page");
    let ids: Vec<_> = first.ids.into_iter().chain(second.ids).collect();
    let expected: Vec<_> = (0..5).rev().map(|number| received(&number.to_string()).record.id).collect();
    assert_eq!(ids, expected);
    assert!(f.store.list(Status::Pending, None, 3, None).await.expect("a page").ids.is_empty());
    let found = f.store.list(Status::Received, Some(&received("3").record.key.apply_id), 10, None).await;
    assert_eq!(found.expect("a page").ids, [received("3").record.id]);
}

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
    assert!(f.store.claim_turn("sweep", at(60), at(120)).await.expect("an answer"), "the next turn is free");
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
async fn what_a_check_left_is_kept_until_it_is_ended() {
    let f = Fixture::new().await;
    let left = async || f.store.leftovers().await.expect("an answer");
    assert_eq!(left().await, None);
    let (first, second) = (InstanceId::new("first"), InstanceId::new("second"));
    for (instance, seconds) in [(&first, 0), (&second, 5), (&second, 5)] {
        f.store.leave(instance, at(seconds)).await.expect("a commit");
    }
    let both = left().await.expect("they are there");
    assert_eq!((both.instances.len(), both.since), (2, at(5)));
    f.store.end_leaving(&first).await.expect("a commit");
    assert_eq!(left().await.expect("one is there").instances, std::slice::from_ref(&second));
    f.store.end_leaving(&second).await.expect("a commit");
    f.store.end_leaving(&second).await.expect("a commit");
    assert_eq!(left().await, None);
}

#[tokio::test]
async fn the_version_of_the_secret_is_the_one_noted_last() {
    let f = Fixture::new().await;
    assert_eq!(f.store.secret_version().await.expect("an answer"), None);
    for version in ["1", "2"] {
        f.store.set_secret_version(version).await.expect("a commit");
        assert_eq!(f.store.secret_version().await.expect("an answer").as_deref(), Some(version));
    }
}
