//! Delivery: Dataphin learns every outcome, once in effect, whatever it answers.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use shared::approval::{State, Status};
use simulators::dataphin::{Fault, RawAnswer, Times, Verdict};

async fn decided(r: &Rehearsal) -> String {
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    apply_id
}

#[tokio::test]
async fn an_outage_of_dataphins_is_outlasted() {
    let r = Rehearsal::start().await;
    r.sandbox.dataphin.fault(Fault::Unavailable { retry_after_seconds: 7 }, Times::Next(3));
    let apply_id = decided(&r).await;
    r.told(&apply_id).await;
    assert_eq!(r.sandbox.dataphin.ledger(&apply_id).len(), 1);
}

#[tokio::test]
async fn dataphin_is_not_asked_again_before_it_wishes() {
    let r = Rehearsal::start().await;
    r.sandbox.dataphin.fault(Fault::Unavailable { retry_after_seconds: 600 }, Times::Next(1));
    let apply_id = decided(&r).await;
    let approval = r.reaches(&apply_id, Status::Decided).await;
    let failed = r.until("the attempt has failed", async || {
        let approval = r.approval(&apply_id).await;
        matches!(&approval.state, State::Decided(decided) if decided.delivery.last_error.is_some())
            .then_some(approval)
    });
    let failed = failed.await;
    let waits = failed.state.due_at().expect("a next attempt").duration_since(failed.record.updated_at);
    assert!(waits >= SignedDuration::from_secs(600), "{waits:?}");
    assert_eq!(approval.record.id, failed.record.id);
}

#[tokio::test]
async fn an_answer_that_is_lost_leads_to_a_repeat_that_ends_the_delivery() {
    let r = Rehearsal::start().await;
    r.sandbox.dataphin.fault(Fault::CloseAfterWork, Times::Next(1));
    let apply_id = decided(&r).await;
    let approval = r.reaches(&apply_id, Status::Delivered).await;
    assert!(matches!(&approval.state, State::Delivered(delivered) if delivered.closed_already));
    let verdicts: Vec<Verdict> =
        r.sandbox.dataphin.ledger(&apply_id).iter().map(|told| told.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Repeat]);
    assert_eq!(r.sandbox.dataphin.contradictions(), 0);
}

#[tokio::test]
async fn a_request_that_dataphin_closed_itself_ends_the_delivery() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dataphin.withdraw_untold(&apply_id).await.expect("a withdrawal inside Dataphin");
    r.agree(&r.approver(), "").await;
    let approval = r.reaches(&apply_id, Status::Delivered).await;
    assert!(matches!(&approval.state, State::Delivered(delivered) if delivered.closed_already));
}

#[tokio::test]
async fn what_cannot_be_delivered_for_two_days_is_parked_with_its_reason() {
    let r = Rehearsal::start().await;
    r.sandbox.dataphin.fault(Fault::RefuseWith200, Times::UntilCleared);
    let apply_id = decided(&r).await;
    let parked = r
        .until("it is parked", async || {
            r.pass(SignedDuration::from_hours(3));
            let approval = r.approval(&apply_id).await;
            (approval.state.status() == Status::Parked).then_some(approval)
        })
        .await;
    let State::Parked(state) = &parked.state else { panic!("parked") };
    assert!(state.reason.contains("HTTP 200"), "{}", state.reason);
    assert_eq!(parked.state.due_at(), None);
}

#[tokio::test]
async fn a_wrong_key_is_never_taken_for_a_confirmation() {
    let setting = Setting::default()
        .variable("DATAPHIN_CALLBACK_AES_KEY", "0000000000000000000000000000000000000000000");
    let r = Rehearsal::with(setting).await;
    let apply_id = decided(&r).await;
    let approval = r.reaches(&apply_id, Status::Decided).await;
    assert!(r.sandbox.dataphin.ledger(&apply_id).is_empty());
    assert_eq!(approval.state.status(), Status::Decided);
}

#[tokio::test]
async fn an_unclear_answer_is_shown_and_retried_until_dataphin_confirms_once() {
    let r = Rehearsal::start().await;
    let ban = r#"{"status":1111,"wait":5,"source":"x5","punish":"deny"}"#;
    let gzip = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 171, 174, 5, 0, 67, 191, 166, 163, 2, 0, 0, 0];
    for body in [b"".to_vec(), gzip.to_vec(), br#"{"success":tr"#.to_vec(), ban.into()] {
        r.sandbox.dataphin.answer(RawAnswer::new(200, body), Times::Next(1));
    }
    let apply_id = decided(&r).await;
    let unclear = r
        .until("the first answer is shown", async || {
            let approval = r.approval(&apply_id).await;
            let State::Decided(decided) = &approval.state else { return None };
            decided.delivery.last_error.clone()
        })
        .await;
    assert_eq!(unclear, "answered, but not with a yes: HTTP 200, an empty body");
    r.told(&apply_id).await;
    let dataphin = &r.sandbox.dataphin;
    let verdicts: Vec<Verdict> = dataphin.ledger(&apply_id).iter().map(|told| told.verdict).collect();
    assert_eq!((verdicts, dataphin.contradictions()), (vec![Verdict::Accepted], 0));
    assert_eq!(dataphin.request(&apply_id).expect("the request").untaken.len(), 4);
}

#[tokio::test]
async fn an_answer_that_the_profile_accepts_confirms_and_no_other_does() {
    let setting = Setting::default().variable(
        "DATAPHIN_CALLBACK_PROFILE",
        r#"{"base":"encrypted","accepts":[{"status":202,"body":{"queued":true,"id":"(id)"}}]}"#,
    );
    let r = Rehearsal::with(setting).await;
    let dataphin = &r.sandbox.dataphin;
    dataphin.answer(RawAnswer::new(202, r#"{"queued":false,"id":"a1b2"}"#), Times::Next(1));
    dataphin.answer(RawAnswer::new(202, r#"{"queued":true,"id":"77-88"}"#).after_work(), Times::Next(1));
    let apply_id = decided(&r).await;
    r.told(&apply_id).await;
    assert_eq!(dataphin.ledger(&apply_id).len(), 1);
}

#[tokio::test]
async fn a_request_that_dataphin_calls_finished_in_its_own_words_ends_the_delivery() {
    let r = Rehearsal::start().await;
    let dataphin = &r.sandbox.dataphin;
    // Neither of these is about the request.
    dataphin.answer(RawAnswer::new(404, "No such request mapping"), Times::Next(1));
    dataphin.answer(RawAnswer::new(200, r#"{"success":false,"message":"审批人不存在"}"#), Times::Next(1));
    dataphin.answer(RawAnswer::new(200, r#"{"success":false,"message":"该审批单已被处理"}"#), Times::Next(1));
    let apply_id = decided(&r).await;
    let approval = r.reaches(&apply_id, Status::Delivered).await;
    assert!(matches!(&approval.state, State::Delivered(delivered) if delivered.closed_already));
    let last = approval.record.timeline.entries().last().expect("an entry").what.to_string();
    assert!(last.contains("had closed it already (HTTP 200, success false: 该审批单已被处理)"), "{last}");
    assert_eq!(dataphin.request(&apply_id).expect("the request").untaken.len(), 3);
}
