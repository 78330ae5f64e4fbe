//! The sweep: cut off, twice at once, or with more than it can do.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_functions::{Function, Reply, Site};
use serde_json::{Value, json};
use shared::approval::{
    ApplyId, Approval, ApprovalId, ApprovalKey, ProcessCode, Record, Source, State, Tenant,
};
use simulators::{
    dataphin::{Fault, Outcome, Times},
    dingtalk::{Api, Fault as DingTalkFault, Trouble},
};

use crate::scene::{
    agree_in_turn, all_accepted, all_created, approval, no_instance_twice, told, told_in_effect_once, until,
    until_metric,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(flavor = "multi_thread")]
async fn each_sweep_is_counted() {
    let site = Site::start().await;
    until("a second sweep", || site.sweep.metric("SweepRan") >= 2.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_killed_in_the_middle_is_finished_by_the_next() {
    let site = Site::start().await;
    let (_relay, sweep) = (site.relay.hold().await, site.sweep.hold().await);
    let apply_ids = all_created(&site, 12).await;
    agree_in_turn(&site).await;
    // Four are told, four are told and the answer is lost, four are not even read when the process is killed.
    site.sandbox.dingtalk.fault(DingTalkFault::of(Api::GetInstance, Trouble::Slow(30_000)).next(4));
    site.sandbox.dataphin.fault(Fault::HoldAnswer { milliseconds: 30_000 }, Times::Next(4));
    drop(sweep);
    let accepted = || site.sandbox.dataphin.counts().accepted;
    until("the middle of a sweep", || accepted() >= 8).await;
    site.sweep.kill();
    assert!(accepted() < apply_ids.len(), "something is left for the next");
    for apply_id in &apply_ids {
        lease_is_over(&site, &approval(&site, apply_id)).await;
    }
    for apply_id in &apply_ids {
        assert_eq!(told_in_effect_once(&site, apply_id).await, Outcome::Approved);
    }
    assert_eq!(site.sweep.starts(), 2);
    no_instance_twice(&site, apply_ids.len());
}

/// Half a minute passes for an approval whose delivery was begun.
async fn lease_is_over(site: &Site, id: &ApprovalId) {
    let Some(Approval { record, state: State::Decided(mut state) }) =
        site.store.load(id).await.expect("it is stored")
    else {
        return;
    };
    state.delivery.next_at = Timestamp::now();
    let _ = site.store.commit(Approval { record, state }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweeps_at_once_double_nothing() {
    let site = Site::start().await;
    let (_relay, sweep) = (site.relay.hold().await, site.sweep.hold().await);
    let other = site.sweep.another().await;
    let decided = all_created(&site, 6).await;
    agree_in_turn(&site).await;
    site.sandbox.dingtalk.set_qps(Some(0));
    let to_create = all_accepted(&site, 4).await;
    site.sandbox.dingtalk.set_qps(None);
    drop(sweep);
    let all = decided.len() + to_create.len();
    until_swept(&site, &other, || site.sandbox.dingtalk.instances().len() >= all).await;
    agree_in_turn(&site).await;
    until_swept(&site, &other, || site.sandbox.dataphin.counts().accepted == all).await;
    for apply_id in decided.iter().chain(&to_create) {
        assert_eq!(told(&site, apply_id).await, Outcome::Approved);
    }
    no_instance_twice(&site, all);
}

/// Two sweeps at the same time, again and again, until something holds.
async fn until_swept(site: &Site, other: &Function, holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < crate::scene::PATIENCE, "{}", other.log());
        let (one, two) = tokio::join!(site.sweep.invoke(json!({})), other.invoke(json!({})));
        assert!(matches!((&one, &two), (Reply::Answered(_), Reply::Answered(_))), "{one:?} {two:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_drains_oldest_first_and_no_sweep_runs_into_its_time_out() {
    const BACKLOG: i64 = 80;
    let site = Site::start().await;
    let (_relay, sweep) = (site.relay.hold().await, site.sweep.hold().await);
    let ids = backlog(&site, BACKLOG).await;
    site.sandbox.dataphin.fault(Fault::Slow { milliseconds: 3000 }, Times::UntilCleared);
    let function = site.sweep.another_with(&[("DINGTALK_CALLS_PER_SECOND", "1")]).await;
    // It takes up for ten seconds: time for four rounds of 16.
    function.set_limit(Duration::from_secs(15));
    let first = swept(&function).await;
    let (due, left) = (first["due"].as_i64().expect("a number"), first["left"].as_i64().expect("a number"));
    assert!(due > 0 && left > 0, "{first}");
    assert_eq!(due + left, BACKLOG, "{first}");
    until_metric(&function, "NotAdvanced").await;
    let mut tried = Vec::new();
    for id in &ids {
        tried.push(is_tried(&site, id).await);
    }
    let (taken_up, others) = tried.split_at(usize::try_from(due).expect("small"));
    assert!(
        taken_up.iter().all(|tried| *tried) && !others.contains(&true),
        "the oldest come first: {tried:?}"
    );
    site.sandbox.dataphin.clear_faults();
    while !is_tried(&site, ids.last().expect("many")).await {
        let answer = swept(&function).await;
        assert!(answer["due"].as_i64() > Some(0), "{answer}");
    }
    assert_eq!(function.starts(), 1, "none was killed");
    drop(sweep);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_reads_waits_in_turn_and_none_is_put_off() {
    let site = Site::start().await;
    let (_relay, _sweep) = (site.relay.hold().await, site.sweep.hold().await);
    let apply_ids = all_created(&site, 24).await;
    agree_in_turn(&site).await;
    let function = site.sweep.another_with(&[("DINGTALK_CALLS_PER_SECOND", "4")]).await;
    let answer = swept(&function).await;
    assert_eq!(answer, json!({"due": 24, "failed": 0, "left": 0}), "{}", function.log());
    assert!(!function.log().contains("too-many-calls-waiting"), "{}", function.log());
    for apply_id in &apply_ids {
        assert_eq!(told(&site, apply_id).await, Outcome::Approved);
    }
}

async fn swept(function: &Function) -> Value {
    let reply = function.invoke(json!({})).await;
    let Reply::Answered(answer) = reply else { panic!("{reply:?}: {}", function.log()) };
    answer
}

/// Decisions that have been due for days, the oldest first.
async fn backlog(site: &Site, number: i64) -> Vec<ApprovalId> {
    let now = Timestamp::now();
    let mut ids = Vec::new();
    for index in 0..number {
        let key = ApprovalKey {
            source: Source::Dataphin,
            tenant: Tenant::new("1"),
            apply_id: ApplyId::new(index.to_string()),
        };
        let request = shared::approval::Request {
            title: "title".into(),
            kind: "AUTH".into(),
            template: None,
            requester: None,
            nodes: Vec::new(),
        };
        let at = now - DAY + SignedDuration::from_secs(index);
        let record = Record::of(key, request, "digest".into(), at);
        let received = Approval::receive(record, ProcessCode::new("PROC-1"), at);
        let mut decided = received.failed("code".into(), "reason".into(), at);
        decided.state.delivery.next_at = at;
        ids.push(decided.record.id.clone());
        site.store.commit(decided).await.expect("a commit");
    }
    ids
}

async fn is_tried(site: &Site, id: &ApprovalId) -> bool {
    let approval = site.store.load(id).await.expect("an answer").expect("it is stored");
    approval.record.version > 1
}
