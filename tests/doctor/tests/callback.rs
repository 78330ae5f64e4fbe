//! What can be wrong on DingTalk's way to the bridge, each named with its cause and place.

#![allow(clippy::expect_used, clippy::panic)]

use std::{sync::Arc, time::Duration};

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
        (nobody(), "is refused", "代理"),
        (
            stranger::start(Manner::Redirect("https://www.acme.cn/?x=1")).await,
            "redirects to https://www.acme.cn/:",
            "BRIDGE_PUBLIC_URL",
        ),
        (stranger::start(Manner::Status(404)).await, "the proxy has no route", "route /dingtalk/callback"),
        (stranger::start(Manner::Page(404)).await, "the proxy has no route", "/dingtalk/callback"),
        (stranger::start(Manner::Path(to(), "/callback")).await, "arrives as another path", "path"),
        (
            stranger::start(Manner::Page(401)).await,
            "a sign-in, a firewall or an IP allow-list",
            "without sign-in",
        ),
        (stranger::start(Manner::Page(403)).await, "a sign-in, a firewall or an IP allow-list", "放行"),
        (stranger::start(Manner::Status(502)).await, "does not reach the bridge", "BRIDGE_LISTEN"),
        (stranger::start(Manner::Page(200)).await, "page in HTML", "answer nothing in its place"),
        (stranger::start(Manner::Status(405)).await, "does not let the method POST through", "allow POST"),
        (stranger::start(Manner::Status(413)).await, "refuses a body of", "client_max_body_size"),
        (stranger::start(Manner::NoQuery(to())).await, "the proxy drops or renames", "查询参数"),
        (stranger::start(Manner::NoBody(to())).await, "the proxy drops the body", "query and body"),
        (stranger::start(Manner::Cut(to(), 100)).await, "arrives cut: 100 bytes of", "query and body"),
        (stranger::start(Manner::OtherNonce(to())).await, "the proxy changes query or body", "查询参数"),
        (stranger::start(Manner::Rewriting(to())).await, "not JSON with exactly", "unchanged"),
        (
            stranger::start(Manner::Appending(to(), "<script></script>")).await,
            "the proxy changes its answer",
            "unchanged",
        ),
        (stranger::start(Manner::Slow(to(), 1_700)).await, "DingTalk waits 1500 ms", "speed"),
    ];
    for (address, cause, mend) in &table {
        names(&site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", address)]).await, "callback", cause, mend);
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_let_large_bodies_through() {
    let site = Site::start().await;
    let to = || site.bridge.clone();
    let check = "callback";
    for (manner, check, cause) in [
        (
            Manner::Limited(to(), 1_024, 413),
            check,
            "one of 4 KB is refused with HTTP 413 before the bridge, one of 1 KB",
        ),
        (
            Manner::Limited(to(), 65_536, 413),
            check,
            "one of 250 KB is refused with HTTP 413 before the bridge, one of 64 KB",
        ),
        (
            Manner::Limited(to(), 4_096, 403),
            check,
            "one of 16 KB is answered with HTTP 403, and not by the bridge",
        ),
        (Manner::Cut(to(), 1_024), check, "one of 4 KB is cut: 1024 bytes of it arrive"),
        (Manner::Limited(to(), 300_000, 413), "dataphin-route", "to /dataphin: one of 500 KB is refused"),
        (Manner::Cut(to(), 600_000), "dataphin-route", "one of 1 MB is cut: 600000 bytes of it arrive"),
    ] {
        let proxy = stranger::start(manner).await;
        let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &proxy)]).await;
        names(&diagnosis, check, cause, "client_max_body_size");
    }
    let proxy = stranger::start(Manner::Limited(to(), 2 << 20, 413)).await;
    let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &proxy)]).await;
    assert!(diagnosis.is_healthy(), "no request is as large: {diagnosis:#?}");
}

#[tokio::test]
async fn a_balancer_that_leads_to_two_bridges_in_turn() {
    let site = Site::start().await;
    let own = site.sandbox.variables();
    let keys =
        ["DINGTALK_CALLBACK_TOKEN", "DINGTALK_CALLBACK_AES_KEY"].map(|name| (name, own[name].as_str()));
    let other = Site::unconnected(|_| {}, &keys).await;
    let manner = Manner::InTurn(site.bridge.clone(), other.bridge.clone(), Arc::default());
    let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &stranger::start(manner).await)]).await;
    let Outcome::Failed(failure) = outcome(&diagnosis, Check::Callback) else { panic!("{diagnosis:#?}") };
    assert!(failure.cause.en.contains("two bridges in turn"), "{failure:#?}");
    assert!(failure.mend.zh.contains("移除另一个审批桥"), "{failure:#?}");
}

#[tokio::test]
async fn an_address_that_leads_to_another_bridge() {
    let (site, other) = (Site::start().await, Site::start().await);
    let token = ("DINGTALK_CALLBACK_TOKEN", "k3Vb81QxAnotherToken");
    let diagnosis = site.diagnosis_with(&[token, ("BRIDGE_PUBLIC_URL", &other.bridge)]).await;
    names(&diagnosis, "callback", "another bridge answers at BRIDGE_PUBLIC_URL", "BRIDGE_PUBLIC_URL");
    let proxy = stranger::start(Manner::Split(other.bridge.clone(), "/dataphin", site.bridge.clone())).await;
    let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &proxy)]).await;
    names(&diagnosis, "dataphin-route", "another bridge answers", "let it lead to this bridge");
}

#[tokio::test]
async fn an_address_that_is_dataphins() {
    let site = Site::start().await;
    let callback = site.sandbox.dataphin.callback_url();
    let (dataphin, _) = callback.split_once("/api/").expect("a path");
    let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", dataphin)]).await;
    names(&diagnosis, "callback", "it is Dataphin's address", "BRIDGE_PUBLIC_URL");
}

#[tokio::test]
async fn a_probe_learns_what_did_not_arrive_and_anybody_else_nothing() {
    let site = Site::start().await;
    let client = reqwest::Client::new();
    let refused = async |header: bool| {
        let query = "signature=x&timestamp=1&nonce=y";
        let request = client.post(format!("{}/dingtalk/callback?{query}", site.bridge)).body("{}");
        let request = if header { request.header("x-approval-bridge-check", "1") } else { request };
        let answer = request.send().await.expect("an answer");
        let said = |name: &str| answer.headers().get(name).map(|it| it.to_str().expect("a text").to_owned());
        (
            said("x-approval-bridge-refusal"),
            said("x-approval-bridge-body"),
            said("x-approval-bridge-store").is_some(),
        )
    };
    assert_eq!(refused(false).await, (None, None, false));
    for _ in 0..3 {
        let learned = (Some("body".to_owned()), Some("2".to_owned()), true);
        assert_eq!(refused(true).await, learned, "also when it is slowed");
    }
    assert!(site.diagnosis().await.is_healthy(), "a probe leaves no trace");
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
    let nowhere = format!("{}/dingtalk/callback", nobody());
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

#[tokio::test]
async fn another_program_at_the_bridges_own_port() {
    let site = Site::start().await;
    let tomcat = stranger::start(Manner::Page(404)).await;
    let listen = tomcat.trim_start_matches("http://");
    let diagnosis = site.diagnosis_with(&[("BRIDGE_PUBLIC_URL", &tomcat), ("BRIDGE_LISTEN", listen)]).await;
    names(
        &diagnosis,
        "callback",
        "another program, not the bridge, holds the port of BRIDGE_LISTEN",
        "停止该程序",
    );
}
