//! Instances that do not tell their outcome: nothing is approved by that, and it is shown and read again.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting, between::Between};
use jiff::SignedDuration;
use shared::approval::{Basis, Entry, Happening, Outcome, ReadProblem, State, Status};
use simulators::{
    dataphin::{self, Kind, Operator, Request, Verb},
    dingtalk::{Api, Fault, Trouble},
};

/// Why a pending request's instance does not tell its outcome.
async fn problem(r: &Rehearsal, apply_id: &str) -> Option<ReadProblem> {
    match r.approval(apply_id).await.state {
        State::Pending(pending) => pending.reading.problem,
        _ => None,
    }
}

/// Lets time pass until so much of it has, and everything was done that was due.
async fn passes(r: &Rehearsal, apply_id: &str, long: SignedDuration) {
    let end = r.now() + long;
    r.until("the time is over", async || {
        let due_at = r.approval(apply_id).await.state.due_at();
        match due_at {
            Some(due_at) if due_at <= end => r.pass_until_due(apply_id).await,
            _ => return Some(()),
        }
        None
    })
    .await;
    r.pass(end.duration_since(r.now()).max(SignedDuration::ZERO));
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[tokio::test]
async fn when_the_month_is_used_up_an_agreement_waits_until_the_instance_can_be_read() {
    let Some(r) = Rehearsal::of_hundreds_of_steps().await else { return };
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.set_api_quota(Some(r.sandbox.dingtalk.calls().paid_this_month));
    r.agree(&r.approver(), "").await;
    r.until("it is known", async || problem(&r, &apply_id).await).await;
    passes(&r, &apply_id, hours(24)).await;
    assert_eq!(r.approval(&apply_id).await.state.status(), Status::Pending);
    assert!(r.sandbox.dataphin.ledger(&apply_id).is_empty());
    r.sandbox.dingtalk.set_api_quota(None);
    passes(&r, &apply_id, hours(48)).await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").basis, Basis::Instance);
}

#[tokio::test]
async fn a_refusal_is_told_after_half_an_hour_in_which_its_instance_could_not_be_read() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::GetInstance, Trouble::ServerError));
    r.refuse(&r.approver(), "").await;
    r.until("it is known", async || problem(&r, &apply_id).await).await;
    let began = r.now();
    passes(&r, &apply_id, SignedDuration::from_mins(40)).await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").basis, Basis::SignedEvent);
    assert!(r.now().duration_since(began) >= SignedDuration::from_mins(30));
    assert!(r.sandbox.dingtalk.calls().of(Api::GetInstance).calls <= 5);
}

#[tokio::test]
async fn an_agreement_by_event_alone_counts_only_where_an_operator_has_chosen_so() {
    let r = Rehearsal::with(Setting::default().variable("DINGTALK_EVENT_MAY_APPROVE", "true")).await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::GetInstance, Trouble::ServerError));
    r.agree(&r.approver(), "").await;
    r.until("it is known", async || problem(&r, &apply_id).await).await;
    passes(&r, &apply_id, SignedDuration::from_mins(40)).await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").basis, Basis::SignedEvent);
}

#[tokio::test]
async fn an_instance_that_finished_without_a_result_is_shown_and_its_result_counts_when_it_comes() {
    let (r, between) = Between::start(Setting::default()).await;
    let apply_id = r.accepted(r.request()).await;
    between.change_reads(|mut body| {
        if let Some(instance) = body["result"].as_object_mut() {
            instance.remove("result");
        }
        body
    });
    r.agree(&r.approver(), "").await;
    let problem = r.until("it is known", async || problem(&r, &apply_id).await).await;
    assert_eq!(problem.code, "finished-without-result");
    passes(&r, &apply_id, hours(2)).await;
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.status(), Status::Pending);
    let noted = |entry: &&Entry| entry.what == Happening::FinishedWithoutResult;
    assert_eq!(approval.record.timeline.entries().iter().filter(noted).count(), 1);
    between.leave();
    passes(&r, &apply_id, hours(24)).await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn an_answer_about_another_instance_decides_nothing() {
    let (r, between) = Between::start(Setting::default()).await;
    let by_another = Request::of(Kind::Publish).then(Operator::Or, [r.people().swap_remove(2)]);
    let [mine, other] = [r.accepted(r.request()).await, r.accepted(by_another).await];
    let (mine_id, other_id) = (r.approval(&mine).await.record.id, r.approval(&other).await.record.id);
    between.change_reads(move |body| {
        let mixed_up = body.to_string().replace(mine_id.as_str(), other_id.as_str());
        serde_json::from_str(&mixed_up).expect("JSON")
    });
    r.refuse(&r.approver(), "").await;
    let problem = r.until("it is known", async || problem(&r, &mine).await).await;
    assert_eq!(problem.code, "another-instance");
    assert_eq!(r.approval(&mine).await.state.status(), Status::Pending);
    between.leave();
    passes(&r, &mine, SignedDuration::from_mins(5)).await;
    assert_eq!(r.told(&mine).await.outcome, dataphin::Outcome::Rejected);
    let approval = r.approval(&mine).await;
    assert_eq!(approval.state.decision().expect("a decision").basis, Basis::Instance);
}

#[tokio::test]
async fn whoever_answers_a_termination_in_dingtalks_place_withdraws_nothing_and_an_agreement_counts() {
    let (r, between) = Between::start(Setting::default()).await;
    let apply_id = r.accepted(r.request()).await;
    between.stop("/terminate");
    r.sandbox.dataphin.withdraw(&apply_id, Verb::Cancel).await.expect("a withdrawal");
    r.until("it is stopped", async || (between.stopped() > 0).then_some(())).await;
    assert_eq!(r.approval(&apply_id).await.state.status(), Status::Pending);
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn a_termination_whose_answer_is_lost_is_looked_at_before_it_is_repeated() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::TerminateInstance, Trouble::CloseAfter).once());
    r.sandbox.dataphin.withdraw(&apply_id, Verb::Cancel).await.expect("a withdrawal");
    let approval = r.reaches(&apply_id, Status::Delivered).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Withdrawn);
    let calls = r.sandbox.dingtalk.calls();
    assert_eq!((calls.of(Api::TerminateInstance).calls, calls.of(Api::GetInstance).calls), (1, 1));
}
