//! The first commit of a request: with its details and its alias, or not at all.

use shared::{
    approval::{Alias, ApplyId, Approval, ApprovalId, Meaning, Source, State, Tenant},
    store::{CommitError, KnownAs},
};
use store_contract::{Fault, Fixture, at, details, received, received_at};

async fn known(f: &Fixture, apply_id: &str) -> KnownAs {
    f.store.known_as(Source::Dataphin, &ApplyId::new(apply_id)).await.expect("an answer")
}

async fn first(f: &Fixture, tenant: &str, known: &KnownAs) -> Result<Approval, CommitError> {
    f.store.commit_first(received_at("7", tenant, at(0)).into(), &details(), known).await
}

fn alias(approvals: &[&Approval]) -> Alias {
    Alias::of(approvals.iter().map(|approval| approval.record.id.clone()))
}

#[tokio::test]
async fn an_approval_its_details_and_its_alias_are_committed_together() {
    let f = Fixture::new().await;
    let before = f.store.writes();
    let committed = first(&f, "1", &known(&f, "7").await).await.expect("the first commit");
    assert_eq!(f.store.writes() - before, 1, "in one request");
    assert_eq!(f.store.load(&committed.record.id).await.expect("an answer"), Some(committed.clone()));
    assert_eq!(f.store.details(&committed.record).await.expect("an answer"), Some(details()));
    assert_eq!(known(&f, "7").await.alias, alias(&[&committed]));
    assert_eq!(known(&f, "8").await.alias, Alias::default());
}

#[tokio::test]
async fn of_two_first_commits_with_and_without_the_tenant_one_wins_and_leaves_nothing_of_the_other() {
    for (winner, loser) in [("1", ""), ("", "1"), ("1", "1"), ("1", "2")] {
        let f = Fixture::new().await;
        let seen = known(&f, "7").await;
        let won = first(&f, winner, &seen).await.expect("the first commit");
        let lost = first(&f, loser, &seen).await;
        assert!(matches!(lost, Err(CommitError::Conflict)), "{lost:?}");
        assert_eq!(known(&f, "7").await.alias, alias(&[&won]));
        if winner != loser {
            let lost = received_at("7", loser, at(0)).record;
            assert_eq!(f.store.load(&lost.id).await.expect("an answer"), None);
            assert_eq!(f.store.details(&lost).await.expect("an answer"), None);
        }
    }
}

#[tokio::test]
async fn of_many_first_commits_at_once_one_wins() {
    let f = Fixture::new().await;
    let seen = known(&f, "7").await;
    let mut commits = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, seen) = (f.store.clone(), seen.clone());
        let approval = received_at("7", if number % 2 == 0 { "" } else { "1" }, at(0));
        commits.spawn(async move { store.commit_first(approval.into(), &details(), &seen).await.is_ok() });
    }
    assert_eq!(commits.join_all().await.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(known(&f, "7").await.alias.approvals().len(), 1);
}

#[tokio::test]
async fn several_tenants_may_use_the_same_id() {
    let f = Fixture::new().await;
    let one = first(&f, "1", &known(&f, "7").await).await.expect("a commit");
    let two = first(&f, "2", &known(&f, "7").await).await.expect("a commit");
    let known = known(&f, "7").await;
    assert_eq!(known.alias, alias(&[&one, &two]));
    assert_eq!(known.alias.meaning(&received_at("7", "", at(0)).record.key), Meaning::Ambiguous);
}

#[tokio::test]
async fn approvals_from_before_are_known_by_their_id_in_the_source_too() {
    for tenant in ["", "1"] {
        let f = Fixture::new().await;
        let old: Approval = f.store.commit(received_at("7", tenant, at(0))).await.expect("a commit").into();
        let _ = f.store.commit(received_at("9", "3", at(0))).await.expect("a commit");
        let seen = known(&f, "7").await;
        assert!(seen.is_from_before());
        for asked in ["", "1"] {
            let meaning = seen.alias.meaning(&received_at("7", asked, at(0)).record.key);
            let id = old.record.id.clone();
            let known =
                if tenant == asked || asked.is_empty() { Meaning::Known(id) } else { Meaning::Unclaimed(id) };
            assert_eq!(meaning, known, "{tenant:?} {asked:?}");
        }
        let approvals: Vec<&ApprovalId> = seen.alias.approvals().collect();
        f.store.add_to_alias(Source::Dataphin, &ApplyId::new("7"), approvals).await.expect("a write");
        let seen = known(&f, "7").await;
        assert_eq!((seen.is_from_before(), seen.alias), (false, alias(&[&old])));
    }
}

#[tokio::test]
async fn a_first_commit_takes_those_from_before_into_its_alias() {
    let f = Fixture::new().await;
    let old: Approval = f.store.commit(received_at("7", "1", at(0))).await.expect("a commit").into();
    let new = first(&f, "2", &known(&f, "7").await).await.expect("a commit");
    assert_eq!(known(&f, "7").await.alias, alias(&[&old, &new]));
}

#[tokio::test]
async fn our_own_repeated_first_commit_is_no_conflict() {
    let f = Fixture::new().await;
    let seen = known(&f, "7").await;
    f.engine.at_the_next("TransactWriteItems", Fault::AnswerLost);
    let committed = first(&f, "1", &seen).await.expect("it is ours");
    assert_eq!(known(&f, "7").await.alias, alias(&[&committed]));
}

#[tokio::test]
async fn what_is_submitted_again_after_a_refusal_has_its_own_details() {
    let f = Fixture::new().await;
    let committed = first(&f, "1", &known(&f, "7").await).await.expect("a commit");
    let Approval { record, state: State::Received(state) } = committed else { panic!("received") };
    let refused = Approval { record, state }.refused("code".into(), "message".into(), at(1));
    let refused = f.store.commit(refused).await.expect("a commit");
    let again = refused.submit_again("another digest".into(), received("7").record.request, at(2));
    let mut other = details();
    other.text = "other".into();
    let again = again.receive_again(shared::approval::ProcessCode::new("PROC-1"), at(2)).into();
    let again = f.store.commit_again(again, &other).await.expect("a commit");
    assert_eq!(f.store.details(&again.record).await.expect("an answer"), Some(other));
    let mut older = again.record.clone();
    older.digest = "digest".into();
    assert_eq!(f.store.details(&older).await.expect("an answer"), None, "they are of another request");
}

#[tokio::test]
async fn one_that_is_refused_at_once_has_no_details() {
    let f = Fixture::new().await;
    let refused = Approval::turn_away(received("7").record, "code", "message".into(), at(0)).into();
    let refused = f.store.commit_first(refused, &details(), &known(&f, "7").await).await.expect("a commit");
    assert_eq!(f.store.details(&refused.record).await.expect("an answer"), None);
}

#[tokio::test]
async fn an_approval_that_holds_its_details_itself_is_loaded_the_same() {
    let f = Fixture::new().await;
    let mut old = received("7");
    old.state.details = Some(details());
    let committed = f.store.commit(old).await.expect("a commit");
    assert_eq!(f.store.load(&committed.record.id).await.expect("an answer"), Some(committed.into()));
}

#[tokio::test]
async fn the_tenant_that_has_claimed_a_request_is_known_by_its_id_in_the_source() {
    let f = Fixture::new().await;
    let without = first(&f, "", &known(&f, "7").await).await.expect("a commit");
    let claimed = f.store.commit(without.claimed(Tenant::new("1"), at(1))).await.expect("a commit");
    let alias = known(&f, "7").await.alias;
    let meaning = |tenant| alias.meaning(&received_at("7", tenant, at(0)).record.key);
    assert_eq!(meaning("1"), Meaning::Known(claimed.record.id));
    assert_eq!(meaning("2"), Meaning::New);
}
