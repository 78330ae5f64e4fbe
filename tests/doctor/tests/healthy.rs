//! A healthy site raises no alarm, whatever door the diagnosis is asked at.

#![allow(clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use doctor::{OPERATOR_TOKEN, Site, outcome};
use serde_json::Value;
use shared::diagnosis::{Check, Outcome};

#[tokio::test]
async fn a_healthy_site_raises_no_alarm() {
    let site = Site::start().await;
    assert_eq!(site.sandbox.dataphin.test_connection().await.message, "Connection succeeded");
    site.round_trip().await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    let ids: Vec<Check> = diagnosis.findings.iter().map(|finding| finding.check).collect();
    assert_eq!(ids, Check::ALL, "every check says something, in order");
    for check in [Check::Callback, Check::Events, Check::DataphinCalls, Check::AgentId, Check::FailedPushes] {
        assert!(
            matches!(outcome(&diagnosis, check), Outcome::Passed { .. }),
            "{:?}",
            outcome(&diagnosis, check)
        );
    }
    assert_eq!(site.sandbox.dingtalk.instances().len(), 1, "nothing was started");
}

#[tokio::test]
async fn a_site_that_nobody_has_used_yet_raises_no_alarm() {
    let site = Site::unconnected(|_| {}, &[("DINGTALK_TEST_USER_ID", "")]).await;
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}

#[tokio::test]
async fn junk_at_the_doors_raises_no_alarm() {
    let site = Site::start().await;
    site.round_trip().await;
    let client = reqwest::Client::new();
    for path in
        ["/dingtalk/callback", "/dingtalk/callback?signature=a&timestamp=1&nonce=b", "/dataphin/bpms/x"]
    {
        let answer =
            client.post(format!("{}{path}", site.bridge)).body("{}").send().await.expect("an answer");
        assert!(!answer.status().is_success());
    }
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}

#[tokio::test]
async fn strangers_who_know_the_forms_raise_no_alarm() {
    let site = Site::start().await;
    site.round_trip().await;
    let client = reqwest::Client::new();
    let post = async |path: &str, body: String| {
        let request = client.post(format!("{}{path}", site.bridge)).body(body);
        request.send().await.expect("an answer")
    };
    let (signature, encrypt) = ("0a".repeat(20), "QUJD".repeat(32));
    let callback = format!("/dingtalk/callback?signature={signature}&timestamp=1800000000000&nonce=n");
    assert_eq!(post(&callback, format!(r#"{{"encrypt":"{encrypt}"}}"#)).await.status(), 403);
    for _ in 0..4 {
        let said = post("/dataphin/bpms/check/connect?accessToken=guess", "{}".to_owned()).await;
        assert!(said.text().await.expect("a body").contains("access-token"));
    }
    let diagnosis = site.diagnosis().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
    let told = outcome(&diagnosis, Check::DataphinCalls);
    assert!(
        matches!(told, Outcome::Passed { proved } if proved.en.contains("which is not Dataphin's")),
        "{told:?}"
    );
}

#[tokio::test]
async fn the_quick_list_has_the_checks_that_the_readme_marks_and_no_other() {
    let site = Site::start().await;
    let diagnosis = site.doctor().quick().await;
    let ids: Vec<Check> = diagnosis.findings.iter().map(|finding| finding.check).collect();
    let quick: Vec<Check> = Check::ALL.into_iter().filter(|check| check.facts().quick).collect();
    assert_eq!(ids, quick);
    let readme = include_str!("../../../README.md");
    for check in Check::ALL {
        let marked = readme.contains(&format!("| `{}` ⚡ |", check.facts().id));
        assert_eq!(marked, check.facts().quick, "{check:?}");
    }
}

#[tokio::test]
async fn dataphins_connection_test_says_success_in_time() {
    let site = Site::start().await;
    let began = Instant::now();
    assert_eq!(site.sandbox.dataphin.test_connection().await.message, "Connection succeeded");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_operator_gets_the_same_over_http_and_nobody_else_does() {
    let site = Site::start().await;
    let client = reqwest::Client::new();
    let url = format!("{}/operator/doctor", site.bridge);
    let refused = client.get(&url).send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    let answer = client.get(&url).bearer_auth(OPERATOR_TOKEN).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["healthy"], true, "{answer:#}");
    assert_eq!(answer["findings"][0]["id"], "configuration");
    assert_eq!(answer["findings"][4]["name"]["zh"], "应用凭证");
}
