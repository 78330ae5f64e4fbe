//! What hangs until a function's time is over: the function answers before it is killed, and nothing is lost by it.

use std::time::Duration;

use bridge::sandbox::SandboxSettings;
use jiff::SignedDuration;
use lambda_functions::{Function, Ill, Reply, Site, Trouble};
use serde_json::json;
use simulators::{
    dataphin::Outcome,
    dingtalk::{Api, Fault, Trouble as DingTalkTrouble},
};

use crate::scene::{
    accepted, agree, agree_in_turn, all_accepted, approval, record_of, told, until, until_metric,
};

/// A function's time; nine tenths of it are for work.
const LIMIT: Duration = Duration::from_secs(8);
/// A call may take longer.
const PATIENT: (&str, &str) = ("DINGTALK_TIMEOUT_SECONDS", "15");

/// Three requests are decided; one of them hangs when it is read.
async fn one_hangs(site: &Site, function: &Function) -> Vec<String> {
    function.set_limit(LIMIT);
    let apply_ids = all_accepted(site, 3).await;
    agree_in_turn(site).await;
    site.sandbox.dingtalk.fault(Fault::of(Api::GetInstance, DingTalkTrouble::HoldAnswer(20_000)).once());
    apply_ids
}

/// The function lives, has told what it cut off, and the sweep does the rest.
async fn the_rest_comes_later(site: &Site, function: &Function, apply_ids: &[String]) {
    assert_eq!(site.sandbox.dataphin.counts().accepted, 2, "those that do not hang");
    until("a word of what was cut off", || function.log().contains("cut off: the time is over")).await;
    until_metric(function, "NotAdvanced").await;
    assert_eq!(function.starts(), 1, "it was not killed");
    for apply_id in apply_ids {
        assert_eq!(told(site, apply_id).await, Outcome::Approved);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_hangs_holds_up_no_other_and_relay_answers_in_time() {
    let site = Site::start().await;
    let (_relay, sweep) = (site.relay.hold().await, site.sweep.hold().await);
    let relay = site.relay.another_with(&[PATIENT]).await;
    let apply_ids = one_hangs(&site, &relay).await;
    let records: Vec<_> = apply_ids.iter().map(|apply_id| record_of(&approval(&site, apply_id))).collect();
    let reply = relay.invoke(json!({"Records": records})).await;
    assert_eq!(reply, Reply::Answered(json!({"batchItemFailures": []})), "{}", relay.log());
    drop(sweep);
    the_rest_comes_later(&site, &relay, &apply_ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_in_which_one_hangs_answers_in_time_and_the_next_goes_on() {
    let site = Site::start().await;
    let (_relay, held) = (site.relay.hold().await, site.sweep.hold().await);
    let sweep = site.sweep.another_with(&[PATIENT]).await;
    let apply_ids = one_hangs(&site, &sweep).await;
    let reply = sweep.invoke(json!({})).await;
    assert_eq!(reply, Reply::Answered(json!({"due": 3, "failed": 1, "left": 0})), "{}", sweep.log());
    drop(held);
    the_rest_comes_later(&site, &sweep, &apply_ids).await;
}

/// DingTalk hands an undelivered event over once: whoever has it when the time is over must not forget it.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_handed_over_and_not_committed_is_committed_by_the_next_sweep() {
    let mut settings = SandboxSettings::default();
    settings.dingtalk.push_retries = Vec::new();
    settings.dingtalk.failed_list_delay = SignedDuration::ZERO;
    let site = Site::with(settings, &[]).await;
    let sweep = site.sweep.hold().await;
    let apply_id = accepted(&site).await;
    let committed = format!("A#{}", approval(&site, &apply_id));
    site.table.troubles.begin(Trouble::of(Ill::ServerError).on(&["PutItem"]).about(committed));
    agree(&site);
    // No other attempt is made.
    site.sandbox.dingtalk.pushes_settled().await;
    site.sweep.set_limit(LIMIT);
    drop(sweep);
    until_metric(&site.sweep, "NotAdvanced").await;
    let asked = site.sandbox.dingtalk.calls().of(Api::FailedPushes).calls;
    site.table.troubles.end();
    assert_eq!(told(&site, &apply_id).await, Outcome::Approved);
    assert_eq!(
        site.sandbox.dingtalk.calls().of(Api::FailedPushes).calls,
        asked,
        "DingTalk is not asked again"
    );
    assert_eq!(site.sweep.starts(), 1, "it was not killed");
}
