//! Approvals are committed under their version.

use shared::{
    approval::{Approval, schedule::LookSchedule},
    store::CommitError,
};
use store_contract::{Fixture, at, received};

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
async fn of_many_first_commits_one_wins() {
    let f = Fixture::new().await;
    let mut commits = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = f.store.clone();
        commits.spawn(async move { store.commit(received("1")).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = commits.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|lost| matches!(lost, Err(CommitError::Conflict))), "{lost:?}");
}

#[tokio::test]
async fn a_commit_over_an_older_version_is_a_conflict_and_changes_nothing() {
    let f = Fixture::new().await;
    let first = f.store.commit(received("1")).await.expect("the first commit");
    let second = f.store.commit(first.clone().ask_withdrawal(at(1))).await.expect("the second commit");
    let late = f.store.commit(first.outcome_unknown("late".into(), None, LookSchedule::DEFAULT, at(2))).await;
    assert!(matches!(late, Err(CommitError::Conflict)));
    assert_eq!(f.store.load(&second.record.id).await.expect("an answer"), Some(second.into()));
}

#[tokio::test]
async fn a_commit_over_an_approval_that_is_not_there_is_a_conflict() {
    let (f, other) = (Fixture::new().await, Fixture::new().await);
    let elsewhere = other.store.commit(received("1")).await.expect("a commit");
    let lost = f.store.commit(elsewhere.ask_withdrawal(at(1))).await;
    assert!(matches!(lost, Err(CommitError::Conflict)));
    assert_eq!(f.everything(at(0)).await.0, []);
}
