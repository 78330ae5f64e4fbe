//! What goes wrong for long: nothing is tried for ever, nothing is forgotten, and the month's calls are not burnt.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use shared::approval::{Outcome, Status};
use simulators::{
    dataphin::{self, Kind, Operator, Request, Verb},
    dingtalk::{Api, Fault, Trouble},
};

#[tokio::test]
async fn a_create_call_that_always_fails_is_tried_ever_less_and_given_up_after_a_day() {
    let Some(r) = Rehearsal::of_hundreds_of_steps().await else { return };
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError));
    let apply_id = r.accepted(r.request()).await;
    r.until("the day is over", async || {
        r.pass_until_due(&apply_id).await;
        (r.approval(&apply_id).await.state.status() == Status::Delivered).then_some(())
    })
    .await;
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Failed);
    let paid = r.sandbox.dingtalk.calls().paid();
    assert!(paid < 600, "{paid} paid calls for one request in a day");
    assert!(r.sandbox.dingtalk.instances().is_empty());
}

#[tokio::test]
async fn an_instance_deleted_without_an_event_is_found_out_within_days() {
    // The recommended subscription brings no word of a deletion.
    let r = Rehearsal::start().await;
    let (apply_id, began) = (r.accepted(r.request()).await, r.now());
    r.sandbox.dingtalk.delete(&r.instance(&apply_id).await).expect("an administrator may delete");
    r.until("it is found out", async || {
        r.pass(SignedDuration::from_mins(10));
        (r.approval(&apply_id).await.state.status() == Status::Delivered).then_some(())
    })
    .await;
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Failed);
    // After a gap it looks at once, at most 24 times a day.
    let days = u64::try_from(r.now().duration_since(began).as_hours() / 24 + 1).expect("a number of days");
    let after_gaps = if r.sees_gaps() { 24 * days } else { 0 };
    assert!(r.sandbox.dingtalk.calls().of(Api::GetInstance).calls <= 4 + after_gaps);
}

#[tokio::test]
async fn a_withdrawal_outlasts_a_long_failure_of_dingtalks() {
    let Some(r) = Rehearsal::of_hundreds_of_steps().await else { return };
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::TerminateInstance, Trouble::ServerError).next(12));
    r.sandbox.dataphin.withdraw(&apply_id, Verb::Cancel).await.expect("a withdrawal");
    r.until("it is withdrawn", async || {
        r.pass_until_due(&apply_id).await;
        (r.approval(&apply_id).await.state.status() == Status::Delivered).then_some(())
    })
    .await;
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Withdrawn);
}

#[tokio::test]
async fn a_withdrawal_that_dingtalk_forbids_leaves_the_decision_to_people() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.set_allow_revoke(&r.sandbox.variables()["DINGTALK_PROCESS_CODE"], false);
    let apply_id = r.accepted(r.request()).await;
    let body = serde_json::json!({"applyId": apply_id}).to_string();
    let (status, answer) = r.post("/dataphin/bpms/processinstance/withdraw", body).await;
    assert_eq!(status, 200, "the id in Dataphin is enough: {answer}");
    r.until("it is given up", async || {
        r.pass(SignedDuration::from_mins(5));
        let timeline = r.approval(&apply_id).await.record.timeline;
        let given_up = |line: &str| line.contains("withdrawal failed") && line.contains("for good");
        timeline.entries().iter().any(|entry| given_up(&entry.what.to_string())).then_some(())
    })
    .await;
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn nobody_is_left_out_because_of_a_passing_fault() {
    let r = Rehearsal::with(Setting::default()).await;
    let people = r.people();
    r.sandbox.dingtalk.fault(Fault::of(Api::GetUser, Trouble::ServerError).next(4));
    let request = Request::of(Kind::Publish).then(Operator::Or, [people[1].clone(), people[2].clone()]);
    let filed = r.as_time_passes(r.file(request)).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    r.reaches(&filed.apply_id, Status::Pending).await;
    for person in &people[1..3] {
        r.desk(person).await;
    }
}
