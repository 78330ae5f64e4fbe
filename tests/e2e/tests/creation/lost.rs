//! Answers that are lost, late or unclear.

use e2e::{Rehearsal, Setting};
use shared::approval::{Entry, Happening, Outcome, Status};
use simulators::{
    dataphin,
    dingtalk::{Api, Fault, Trouble},
};

use super::quick;

#[tokio::test]
async fn an_answer_that_is_lost_after_the_instance_was_made_makes_no_second_one() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    let approval = r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
    let known = approval.state.instance().expect("an instance").id.clone();
    assert_eq!(r.sandbox.dingtalk.instances()[0].id.as_str(), known.as_str());
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_makes_no_second_instance() {
    let setting = Setting::default().variable("DINGTALK_TIMEOUT_SECONDS", "1");
    let r = Rehearsal::with(setting).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::HoldAnswer(3_600_000)).once());
    let apply_id = r.accepted(r.request()).await;
    // It was decided before the bridge knew of it.
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn a_failure_of_dingtalks_is_looked_into_and_then_tried_again() {
    let r = Rehearsal::with(quick()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}

#[tokio::test]
async fn instances_of_others_are_not_adopted() {
    let r = Rehearsal::with(quick()).await;
    r.accepted(r.request()).await;
    r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::ServerError).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 3);
}

#[tokio::test]
async fn a_withdrawal_while_the_outcome_is_unknown_leaves_nothing_behind() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::CloseAfter).once());
    let apply_id = r.accepted(r.request()).await;
    let answer = r.sandbox.dataphin.withdraw(&apply_id, dataphin::Verb::Cancel).await.expect("a withdrawal");
    assert!(answer.accepted());
    let approval = r.reaches(&apply_id, Status::Delivered).await;
    assert_eq!(approval.state.decision().expect("a decision").outcome, Outcome::Withdrawn);
    let instances = r.sandbox.dingtalk.instances();
    assert!(instances.iter().all(|instance| instance.status == simulators::dingtalk::Status::Terminated));
}

/// Answers that leave open whether the call was carried out.
const UNCLEAR: [(u16, &str); 9] = [
    (400, r#"{"code":"somethingNew","message":"x"}"#),
    (400, r#"{"code":"internalError","message":"x"}"#),
    (429, ""),
    (404, "<html>nginx</html>"),
    (499, ""),
    (403, "<html>denied</html>"),
    (200, r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#),
    (200, "<html>captcha</html>"),
    (200, r#"{"result":{}}"#),
];

#[tokio::test]
async fn no_unclear_answer_makes_a_second_instance_or_a_refusal() {
    let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
    for (number, (status, body)) in UNCLEAR.into_iter().enumerate() {
        let answer = Trouble::answer_after(status, body);
        r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, answer).once());
        let apply_id = r.accepted(r.request()).await;
        r.reaches(&apply_id, Status::Pending).await;
        assert_eq!(r.sandbox.dingtalk.instances().len(), number + 1, "{status} {body}");
    }
}

#[tokio::test]
async fn the_same_unclear_answer_twice_and_no_instance_is_dingtalks_no_with_its_words() {
    let Some(r) = Rehearsal::of_much_time(quick()).await else { return };
    let answer = Trouble::answer_before(400, r#"{"code":"internalError","message":"流程配置错误"}"#);
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, answer).next(2));
    let apply_id = r.accepted(r.request()).await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Rejected);
    let approval = r.approval(&apply_id).await;
    let decision = approval.state.decision().expect("a decision");
    assert_eq!(decision.outcome, Outcome::Failed);
    assert!(decision.comment.as_ref().is_some_and(|words| words.contains("流程配置错误")), "{decision:?}");
    let sent = |entry: &&Entry| matches!(entry.what, Happening::CreateSent { .. });
    assert_eq!(approval.record.timeline.entries().iter().filter(sent).count(), 2);
    assert_eq!(r.sandbox.dingtalk.instances().len(), 0);
}

#[tokio::test]
async fn a_call_that_is_delivered_late_makes_no_second_instance() {
    let setting = quick().variable("BRIDGE_LOOK_SECONDS", "600").variable("DINGTALK_TIMEOUT_SECONDS", "1");
    let Some(r) = Rehearsal::of_much_time(setting).await else { return };
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::DeliverLate(75_000)).once());
    let apply_id = r.accepted(r.request()).await;
    r.reaches(&apply_id, Status::Pending).await;
    assert_eq!(r.sandbox.dingtalk.instances().len(), 1);
}
