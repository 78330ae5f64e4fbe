//! Events: early, twice, out of order, lost, contradicting; the instance is the truth.

#![allow(clippy::expect_used)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, Uri},
};
use e2e::{Rehearsal, Setting};
use jiff::SignedDuration;
use shared::approval::{Basis, Status};
use simulators::{
    dataphin,
    dingtalk::{Api, Fault, Filter, PushOptions, Trouble},
};
use tokio::net::TcpListener;

#[tokio::test]
async fn an_end_that_is_reported_before_the_create_call_returns_is_not_lost() {
    let r = Rehearsal::start().await;
    let _sweeps = r.hold_sweeps().await;
    r.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::HoldAnswer(2_000)).once());
    let deciding = async {
        let todo = loop {
            // Time stands still: the answer to the create call is held back.
            if let Some(todo) = r.sandbox.dingtalk.todos("emp1002").into_iter().next() {
                break todo;
            }
            tokio::task::yield_now().await;
        };
        r.sandbox.dingtalk.agree(todo.task, "").expect("they may agree");
        r.sandbox.dingtalk.pushes_settled().await;
        r.pass(SignedDuration::from_secs(2));
    };
    let (filed, ()) = tokio::join!(r.file(r.request()), deciding);
    assert!(filed.answer.accepted(), "{}", filed.body());
    assert_eq!(r.told(&filed.apply_id).await.outcome, dataphin::Outcome::Approved);
    assert_eq!(r.sandbox.dingtalk.calls().of(Api::GetInstance).calls, 1);
}

#[tokio::test]
async fn an_event_that_comes_twice_changes_nothing() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::everywhere(Trouble::DuplicatePush));
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    r.sandbox.dingtalk.pushes_settled().await;
    assert_eq!(r.sandbox.dataphin.ledger(&apply_id).len(), 1);
    assert!(r.sandbox.dingtalk.calls().of(Api::GetInstance).calls <= 2);
}

#[tokio::test]
async fn events_out_of_order_end_the_same() {
    let pushes = PushOptions { filter: Filter::default(), ..PushOptions::default() };
    let r = Rehearsal::with(Setting::default().simulators(|it| it.pushes = pushes)).await;
    r.sandbox.dingtalk.fault(Fault::everywhere(Trouble::HoldPush).next(3));
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn an_event_that_never_comes_is_made_up_for_by_a_rare_look() {
    let r = Rehearsal::start().await;
    r.sandbox.dingtalk.fault(Fault::everywhere(Trouble::DropPush));
    let apply_id = r.accepted(r.request()).await;
    r.agree(&r.approver(), "").await;
    assert_eq!(r.approval(&apply_id).await.state.status(), Status::Pending);
    r.pass(SignedDuration::from_hours(6));
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
}

#[tokio::test]
async fn events_that_dingtalk_could_not_deliver_are_fetched() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    let broken = in_front_of_the_bridge(&r).await;
    broken.store(true, Ordering::Relaxed);
    r.agree(&r.approver(), "").await;
    r.until("DingTalk has given up", async || {
        r.pass(SignedDuration::from_secs(5));
        (r.sandbox.dingtalk.failed_pushes() == 1).then_some(())
    })
    .await;
    // Where time has gaps, the bridge looks by itself, mostly sooner than the event is fetched.
    let sees_gaps = r.sees_gaps();
    if !sees_gaps {
        assert_eq!(r.approval(&apply_id).await.state.status(), Status::Pending);
    }
    // They are asked for once an hour at most.
    r.pass(SignedDuration::from_mins(61));
    assert_eq!(r.told(&apply_id).await.outcome, dataphin::Outcome::Approved);
    if sees_gaps {
        return;
    }
    let approval = r.approval(&apply_id).await;
    assert!(
        approval
            .record
            .timeline
            .entries()
            .iter()
            .any(|entry| entry.what.to_string().contains("reports the end"))
    );
}

/// A proxy in front of the bridge's callback address; it fails while the switch is on.
async fn in_front_of_the_bridge(r: &Rehearsal) -> Arc<AtomicBool> {
    let broken = Arc::new(AtomicBool::new(false));
    let (switch, bridge) = (broken.clone(), r.bridge.clone());
    let forward = async move |uri: Uri, body: Bytes| {
        if switch.load(Ordering::Relaxed) {
            return Err(StatusCode::BAD_GATEWAY);
        }
        let answer = reqwest::Client::new().post(format!("{bridge}{uri}")).body(body).send().await;
        Ok(answer.expect("the bridge answers").bytes().await.expect("a body"))
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(axum::serve(listener, Router::new().fallback(forward)).into_future());
    r.sandbox.connect(&format!("http://{address}")).await.expect("DingTalk accepts the address");
    broken
}

#[tokio::test]
async fn an_instance_that_cannot_be_read_for_a_while_is_read_later() {
    let r = Rehearsal::start().await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.fault(Fault::of(Api::GetInstance, Trouble::ServerError).next(4));
    r.agree(&r.approver(), "late").await;
    r.until("it is told", async || {
        r.pass_until_due(&apply_id).await;
        (r.approval(&apply_id).await.state.status() == Status::Delivered).then_some(())
    })
    .await;
    assert_eq!(r.told(&apply_id).await.comment.as_deref(), Some("late"));
    let approval = r.approval(&apply_id).await;
    assert_eq!(approval.state.decision().expect("a decision").basis, Basis::Instance);
}

#[tokio::test]
async fn a_token_that_ended_early_is_replaced() {
    let r = Rehearsal::start().await;
    let _sweeps = r.hold_sweeps().await;
    let apply_id = r.accepted(r.request()).await;
    r.sandbox.dingtalk.expire_tokens();
    r.agree(&r.approver(), "").await;
    r.told(&apply_id).await;
    assert_eq!(r.sandbox.dingtalk.calls().of(Api::GetInstance).calls, 1);
}
