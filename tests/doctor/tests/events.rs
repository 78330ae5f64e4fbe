//! Events that do not come, and those that only come late.

#![allow(clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use doctor::{Site, names, stranger::nobody};
use simulators::dingtalk::{Fault, Trouble};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn ends_without_events_are_seen_behind_many_that_are_pending() {
    let site = Site::start().await;
    site.round_trip().await;
    site.sandbox.dingtalk.remove_subscription();
    for _ in 0..3 {
        site.accepted().await;
    }
    for _ in 0..3 {
        site.agree().await;
    }
    for _ in 0..6 {
        site.accepted().await;
    }
    names(&site.diagnosis().await, "events", "3 approval(s) were decided in DingTalk", "Event Subscription");
}

#[tokio::test]
async fn an_event_that_is_late_is_no_alarm() {
    let site = Site::start().await;
    site.sandbox.dingtalk.fault(Fault::everywhere(Trouble::DelayPush(6_000)).once());
    site.accepted().await;
    site.agree().await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}

#[tokio::test]
async fn a_push_that_is_due_for_its_first_retry_is_no_alarm() {
    let site = Site::start().await;
    let apply_id = site.accepted().await;
    let nowhere = format!("{}/dingtalk/callback", nobody());
    site.sandbox.dingtalk.force_subscription(Some(&nowhere), None, None).expect("it is set");
    site.agree().await;
    site.sandbox.dingtalk.pushes_settled().await;
    let here = format!("{}/dingtalk/callback", site.bridge);
    site.sandbox.dingtalk.force_subscription(Some(&here), None, None).expect("it is set");
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    told(&site, &apply_id).await;
}

#[tokio::test]
async fn what_ended_without_an_event_is_decided_soon_and_no_alarm_once_events_arrive_again() {
    let site = Site::start().await;
    site.round_trip().await;
    let first = site.accepted().await;
    site.sandbox.dingtalk.remove_subscription();
    site.agree().await;
    names(&site.diagnosis().await, "events", "no event said so", "Event Subscription");
    told(&site, &first).await;
    names(&site.diagnosis().await, "events", "no event said so", "Event Subscription");
    let second = site.accepted().await;
    site.agree().await;
    site.sandbox.connect(&site.bridge).await.expect("DingTalk accepts the address");
    site.round_trip().await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    told(&site, &second).await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}

/// Waits until Dataphin knows the outcome.
async fn told(site: &Site, apply_id: &str) {
    let began = Instant::now();
    let told = tokio::time::timeout(PATIENCE, site.sandbox.dataphin.told(apply_id)).await;
    told.unwrap_or_else(|_| panic!("not told in {:?}", began.elapsed())).expect("an outcome");
}

#[tokio::test]
async fn keys_that_were_changed_here_only_are_named_until_dingtalk_has_them() {
    let site = Site::start().await;
    site.round_trip().await;
    let seen = site.store().sightings().await.expect("sightings");
    let config = site.sandbox.config().expect("a configuration");
    let prints = config.dingtalk.verifier.fingerprints();
    let finish = &seen[&shared::store::Sighting::EventFinish];
    assert_eq!(finish.note, prints[0].to_string(), "the last event's keys are kept as a fingerprint");
    for secret in ["DINGTALK_CALLBACK_TOKEN", "DINGTALK_CALLBACK_AES_KEY"] {
        assert!(!finish.note.contains(&site.sandbox.variables()[secret]));
    }
    // A bridge that was started with another Token, beside the store that knows the events before.
    let changes = [("DINGTALK_CALLBACK_TOKEN", "anotherTokenOfTomorrow01"), ("BRIDGE_PUBLIC_URL", "")];
    let diagnosis = site.diagnosis_with(&changes).await;
    names(&diagnosis, "events", "the callback Token was changed", "save the subscription again");
    let rotated = [
        ("DINGTALK_CALLBACK_TOKEN", "anotherTokenOfTomorrow01"),
        ("DINGTALK_CALLBACK_TOKEN_PREVIOUS", site.sandbox.variables()["DINGTALK_CALLBACK_TOKEN"].as_str()),
        ("BRIDGE_PUBLIC_URL", ""),
    ];
    let diagnosis = site.diagnosis_with(&rotated).await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}
