//! Time that does not run evenly: a clock that is set, a process that stands still, a bridge that is off for a day.

#![allow(clippy::expect_used)]

use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use shared::approval::Status;
use simulators::{
    dataphin::Outcome,
    dingtalk::{Api, Fault, Trouble},
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// What takes no longer waits for nothing that comes once an hour or at a time of the clock's.
const SOON: SignedDuration = SignedDuration::from_mins(20);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Twenty calls a second, as DingTalk allows.
fn limited() -> Setting {
    Setting::default().variable("DINGTALK_CALLS_PER_SECOND", "20")
}

#[tokio::test]
async fn a_clock_that_is_set_back_or_ahead_and_back_stops_no_call() {
    for sets in [&[-DAY][..], &[DAY, -DAY]] {
        let Some(r) = Rehearsal::on_a_clock_to_set(limited()).await else { return };
        let before = r.as_time_passes(r.file(r.request())).await;
        assert!(before.answer.accepted(), "{}", before.body());
        for set in sets {
            r.set_clock(*set);
            let filed = r.as_time_passes(r.file(r.request())).await;
            assert!(filed.answer.accepted(), "{}", filed.body());
        }
        let began = r.uptime();
        let filed = r.as_time_passes(r.file(r.request())).await;
        assert!(filed.answer.accepted(), "{}", filed.body());
        r.reaches(&filed.apply_id, Status::Pending).await;
        assert!(r.uptime() - began < SOON, "{:?}", r.uptime() - began);
    }
}

#[tokio::test]
async fn what_was_put_off_while_the_clock_was_a_day_ahead_does_not_wait_for_that_day() {
    let Some(r) = Rehearsal::on_a_clock_to_set(Setting::default()).await else { return };
    r.set_clock(DAY);
    r.sandbox.dingtalk.expire_tokens();
    r.sandbox.dingtalk.fault(Fault::of(Api::AccessToken, Trouble::ServerError));
    let filed = r.as_time_passes(r.file(r.request())).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    r.sandbox.dingtalk.clear_faults();
    r.set_clock(-DAY);
    let began = r.uptime();
    r.reaches(&filed.apply_id, Status::Pending).await;
    assert!(r.uptime() - began < SOON, "{:?}", r.uptime() - began);
}

#[tokio::test]
async fn what_ended_while_the_process_stood_still_is_delivered_soon_and_costs_one_read_each() {
    let Some(r) = Rehearsal::on_a_clock_to_set(Setting::default()).await else { return };
    let mut ended = Vec::new();
    for _ in 0..6 {
        ended.push(r.accepted(r.request()).await);
    }
    r.sandbox.dingtalk.fault(Fault::everywhere(Trouble::DropPush));
    for apply_id in &ended {
        let instance = r.instance(apply_id).await;
        let todos = r.sandbox.dingtalk.todos(&r.approver().user_source_id);
        let todo = todos.into_iter().find(|todo| todo.instance == instance).expect("on their desk");
        r.sandbox.dingtalk.agree(todo.task, "").expect("they may agree");
    }
    let running = r.accepted(r.request()).await;
    r.stand_still(MINUTE);
    let began = r.uptime();
    for apply_id in &ended {
        assert_eq!(r.told(apply_id).await.outcome, Outcome::Approved);
    }
    assert!(r.uptime() - began < SOON, "{:?}", r.uptime() - began);
    assert_eq!(r.approval(&running).await.state.status(), Status::Pending);
    let calls = r.sandbox.dingtalk.calls();
    assert_eq!((calls.of(Api::GetInstance).calls, calls.of(Api::ListInstanceIds).calls), (6, 1));
    r.stand_still(MINUTE);
    r.until("it has looked again", async || {
        r.pass(MINUTE);
        (r.sandbox.dingtalk.calls().of(Api::ListInstanceIds).calls > 1).then_some(())
    })
    .await;
    assert_eq!(r.sandbox.dingtalk.calls().of(Api::GetInstance).calls, 6, "what still runs is not read");
}

#[tokio::test]
async fn a_request_that_was_accepted_is_put_before_people_also_when_the_bridge_was_off_for_a_day() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.expire_tokens();
    r.sandbox.dingtalk.fault(Fault::of(Api::AccessToken, Trouble::ServerError));
    let filed = r.as_time_passes(r.file(r.request())).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    r.sandbox.dingtalk.clear_faults();
    r.pass(DAY * 3);
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&filed.apply_id).await.outcome, Outcome::Approved);
}
