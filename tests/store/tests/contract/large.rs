//! Approvals of very many approvers: what is received can be kept until its end.

use shared::{
    approval::{
        Account, Approval, Basis, Decided, Decider, Decision, Delivery, Happening, Identity, Node, Origin,
        Outcome, Person, Rule, State, UserId,
    },
    store::Store,
};
use store_contract::{Fixture, at, details, hint, instance, received};

/// A request of so many approvers, whose ids have three bytes a character.
fn of(approvers: usize) -> Approval<shared::approval::Received> {
    let mut approval = received("7");
    let person = |n: usize| Person {
        user_id: format!("{n:0>128}"),
        account: Account::new(format!("{}{n}", "审".repeat(60))),
        name: "x".repeat(200),
    };
    let approvers = (0..approvers).map(person).collect();
    approval.record.request.nodes = vec![Node { rule: Rule::Any, approvers }];
    approval
}

/// The most approvers that are taken.
fn most() -> usize {
    let outgrows = |approvers| Store::outgrows(&of(approvers).into()).expect("an answer");
    (1..1_000).take_while(|approvers| !outgrows(*approvers)).last().expect("some")
}

#[tokio::test]
async fn the_largest_request_that_is_taken_is_kept_until_its_end() {
    let f = Fixture::new().await;
    let approval = of(most());
    let approvers: Vec<Identity> = (approval.record.request.nodes[0].approvers.iter().enumerate())
        .map(|(n, person)| Identity { person: person.clone(), user_id: UserId::new(format!("{n:0>64}")) })
        // Some were left out.
        .filter(|identity| !identity.user_id.as_str().ends_with('7'))
        .collect();
    let known = f.store.known_as(shared::approval::Source::Dataphin, &approval.record.key.apply_id).await;
    let first = f.store.commit_first(approval.into(), &details(), &known.expect("an answer")).await;
    let Approval { record, state: State::Received(state) } = first.expect("a commit") else {
        panic!("received")
    };
    let pending = |hint| {
        let received = Approval { record: record.clone(), state: state.clone() };
        received.created(instance("i"), approvers.clone(), Origin::Created, hint, at(1))
    };
    let pending = f.store.commit_with_instance(&instance("i").id, pending).await.expect("a commit");
    let loaded = f.store.load(&record.id).await.expect("an answer").expect("an approval");
    assert_eq!(loaded, pending.clone().into(), "with every approver that is asked");
    // More than a timeline was ever seen to hold.
    let reported =
        Happening::Countersigned { by: UserId::new("u"), others: vec![UserId::new("x".repeat(128)); 50] };
    let pending = (0..64).fold(pending, |pending, n| pending.noted(reported.clone(), at(n)));
    let pending = pending.end_reported("agree".into(), hint(shared::approval::HintResult::Agreed), at(99));
    let pending = f.store.commit(pending).await.expect("the timeline gives way");
    let loaded = f.store.load(&record.id).await.expect("an answer").expect("an approval");
    assert!(loaded.record.timeline.left_out() > 0);
    assert_eq!(loaded.state, State::Pending(pending.state.clone()));
    let by = Decider {
        user_id: UserId::new("u"),
        person: Some(approvers[0].person.clone()),
        name: Some("x".repeat(200)),
    };
    let comment = Some("审".repeat(1_024));
    let decision =
        Decision { outcome: Outcome::Approved, at: at(100), by: Some(by), comment, basis: Basis::Instance };
    let Approval { record, .. } = loaded;
    let (instance, delivery) = (
        Some(instance("i")),
        Delivery { attempts: 1, next_at: at(100), last_error: Some("e".repeat(1_000)) },
    );
    let decided = State::Decided(Decided { decision, instance, delivery });
    f.store.commit(Approval { record, state: decided }).await.expect("there is room for the outcome");
}
