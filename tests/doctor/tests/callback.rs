//! What can be wrong on DingTalk's way to the bridge, each named with its cause and place.

#![allow(clippy::expect_used, clippy::panic)]

use std::time::Duration;

use doctor::{
    Site, names, outcome,
    stranger::{self, Manner, nobody},
    until,
};
use shared::{
    diagnosis::{Check, Outcome},
    store::Sighting,
};
use simulators::dingtalk::{Filter, OwnerKey, PushOptions, Rule};

#[tokio::test]
async fn a_proxy_that_does_not_let_check_url_through() {
    let site = Site::start().await;
    let to = || site.bridge.clone();
    let table = [
        (nobody().await, "is refused", "代理"),
        (
            stranger::start(Manner::Redirect("https://www.acme.cn/?x=1")).await,
            "redirects to https://www.acme.cn/:",
            "BRIDGE_PUBLIC_URL",
        ),
        (stranger::start(Manner::Status(404)).await, "the proxy has no route", "route /dingtalk/callback"),
        (stranger::start(Manner::Page(404)).await, "the proxy has no route", "/dingtalk/callback"),
        (stranger::start(Manner::Path(to(), "/callback")).await, "arrives as another path", "path"),
        (stranger::start(Manner::Page(401)).await, "a sign-in or a firewall", "without sign-in"),
        (stranger::start(Manner::Page(403)).await, "a sign-in or a firewall", "放行"),
        (stranger::start(Manner::Status(502)).await, "does not reach the bridge", "BRIDGE_LISTEN"),
        (stranger::start(Manner::Page(200)).await, "page in HTML", "unchanged"),
        (stranger::start(Manner::NoQuery(to())).await, "the proxy changes query or body", "查询参数"),
        (stranger::start(Manner::Rewriting(to())).await, "not JSON with exactly", "unchanged"),
        (stranger::start(Manner::Slow(to(), 1_700)).await, "DingTalk waits 1500 ms", "speed"),
    ];
    for (address, cause, mend) in &table {
        names(&site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", address)]).await, "callback", cause, mend);
    }
}

#[tokio::test]
async fn an_address_that_is_not_public() {
    let site = Site::start().await;
    for address in ["https://10.1.2.3", "https://bridge", "http://bridge"] {
        let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", address)]).await;
        names(&diagnosis, "callback", "not public", "BRIDGE_PUBLIC_URL");
    }
}

#[tokio::test]
async fn a_bridge_that_was_not_restarted_after_a_change() {
    let site = Site::start().await;
    for (variable, value) in [
        ("DINGTALK_CALLBACK_TOKEN", "k3Vb81QxAnotherToken"),
        ("DINGTALK_CALLBACK_AES_KEY", "q8Rz3LmT5vKx1WcYb7NdHg2Js9PfUe4AoIi6XwCtVzE"),
    ] {
        let diagnosis = site.diagnosis_with(&[(variable, value)]).await;
        names(&diagnosis, "callback", "has it taken up the change", variable);
        names(&diagnosis, "callback", "", "restart `bridge serve`");
    }
    let diagnosis = site.diagnosis_with(&[("DINGTALK_CORP_ID", "ding1anothercorp0000")]).await;
    names(&diagnosis, "callback", "has it taken up the change", "DINGTALK_CORP_ID");
    assert!(site.diagnosis().await.is_healthy(), "our own checks leave no trace");
}

#[tokio::test]
async fn events_that_are_refused_for_their_token_or_key() {
    for (token, key, cause) in [
        (Some("k3Vb81QxAnotherToken"), None, "another Token than DINGTALK_CALLBACK_TOKEN"),
        (
            None,
            Some("q8Rz3LmT5vKx1WcYb7NdHg2Js9PfUe4AoIi6XwCtVzE"),
            "another aes_key than DINGTALK_CALLBACK_AES_KEY",
        ),
    ] {
        let site = Site::start().await;
        site.accepted().await;
        site.sandbox.dingtalk.force_subscription(None, token, key).expect("it is set");
        site.agree().await;
        seen(&site, Sighting::CallbackRefused).await;
        names(&site.diagnosis().await, "events", cause, "事件订阅");
    }
}

#[tokio::test]
async fn events_that_are_addressed_to_the_corp_id_while_that_is_not_known() {
    let options =
        PushOptions { owner_key: OwnerKey::CorpId, filter: Filter::recommended(), ..PushOptions::default() };
    let site = Site::with(|_| {}, &[("DINGTALK_CORP_ID", "")]).await;
    site.accepted().await;
    site.sandbox.dingtalk.set_push_options(options);
    site.agree().await;
    seen(&site, Sighting::CallbackRefused).await;
    names(&site.diagnosis().await, "events", "addressed to another app", "DINGTALK_CORP_ID");
}

#[tokio::test]
async fn an_end_that_no_event_told() {
    let only_starts = Filter(vec![Rule { event_type: None, kind: Some("start".into()), process_code: None }]);
    let site =
        Site::with(|it| it.pushes = PushOptions { filter: only_starts, ..PushOptions::default() }, &[]).await;
    site.accepted().await;
    site.agree().await;
    names(&site.diagnosis().await, "events", "no event said so", "bpms_instance_change");
}

#[tokio::test]
async fn a_subscription_that_is_gone() {
    let site = Site::start().await;
    site.accepted().await;
    site.sandbox.dingtalk.remove_subscription();
    site.agree().await;
    names(&site.diagnosis().await, "events", "no event said so", "Event Subscription");
}

#[tokio::test]
async fn pushes_that_failed_are_told_and_taken_up() {
    let quick = |it: &mut bridge::sandbox::SandboxSettings| {
        it.dingtalk.push_retries = Vec::new();
        it.dingtalk.failed_list_delay = jiff::SignedDuration::ZERO;
    };
    let site = Site::with(quick, &[]).await;
    let apply_id = site.accepted().await;
    let nowhere = format!("{}/dingtalk/callback", nobody().await);
    site.sandbox.dingtalk.force_subscription(Some(&nowhere), None, None).expect("it is set");
    site.agree().await;
    site.sandbox.dingtalk.pushes_settled().await;
    until("DingTalk has given up", async || site.sandbox.dingtalk.failed_pushes() > 0).await;
    names(&site.diagnosis().await, "failed-pushes", "1 event(s) could not be pushed", "BRIDGE_PUBLIC_URL");
    let told = tokio::time::timeout(Duration::from_mins(1), site.sandbox.dataphin.told(&apply_id)).await;
    told.expect("in time").expect("the event was taken up");
    assert!(matches!(outcome(&site.diagnosis().await, Check::FailedPushes), Outcome::Passed { .. }));
}

/// Waits until the bridge has seen something.
async fn seen(site: &Site, sighting: Sighting) {
    until(&format!("{sighting:?} is seen"), async || {
        site.store().sightings().await.expect("the store answers").contains_key(&sighting)
    })
    .await;
}
