//! What Dataphin sends.

use serde_json::{Value, json};

use super::Scene;
use crate::dataphin::{Edition, Kind, NotWithdrawn, Operator, Person, Request, RequestState, Settings, Verb};

fn fixture(edition: &str) -> Value {
    let path = format!(
        "{}/../../shared/tests/fixtures/dataphin/create.edition-{edition}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_submit_has_the_body_of_its_edition() {
    let scene = Scene::new().await;
    let second = Request { template_code: "123".to_owned(), ..Request::default() }
        .with_id("001")
        .titled("test_title")
        .asked_by(Person::new("1000000001", "1234567890", "test_userName"))
        .then(Operator::Or, [Person::new("300000005", "00112233445566778899", "test_UserName")]);
    let second = Request { content: Some(json!("test_content")), ..second };
    let first = Request {
        content: Some(json!("bpms content")),
        edition: Some(Edition::First),
        ..Request::default().with_id("1223").titled("dataphin bpms")
    };
    let third = second.clone();
    let second = Request { edition: Some(Edition::Second), ..second };
    for (edition, request) in [("1", first), ("2", second), ("3", third)] {
        scene.dataphin.file(request).await;
        assert_eq!(scene.bridge.calls().pop().unwrap().body, fixture(edition), "edition {edition}");
    }
}

#[tokio::test]
async fn a_submit_carries_access_token_and_time_below_any_base_path() {
    let scene = Scene::new().await;
    let base = scene.dataphin.settings().bridge_url.unwrap();
    scene.dataphin.set_bridge(format!("{base}/prod/"));
    let filed = scene.dataphin.file(Request::of(Kind::Publish).because("release")).await;
    assert_eq!(filed.status(), Some(200));
    let call = &scene.bridge.calls()[0];
    let expected = "/prod/dataphin/bpms/processinstance/create?accessToken=6d1b2n1c&timestamp=1767772800000";
    assert_eq!(call.address, expected);
    assert_eq!(call.content_type, "application/json");
    assert_eq!(call.body["type"], "PUBLISH");
    let content: Value = serde_json::from_str(call.body["content"].as_str().unwrap()).unwrap();
    assert_eq!(content["publishRemark"], "release");
}

#[tokio::test]
async fn the_content_type_is_as_set_and_any_member_can_be_replaced_or_removed() {
    let settings = Settings { content_type: "text/plain".to_owned(), ..Settings::default() };
    let scene = Scene::with(settings).await;
    let extra = json!({ "applyUserInfo": [{ "userId": "1" }], "title": null, "newMember": 1 });
    let extra = extra.as_object().unwrap().clone();
    scene.dataphin.file(Request { extra, ..Request::default() }).await;
    let call = &scene.bridge.calls()[0];
    assert_eq!(call.content_type, "text/plain");
    assert_eq!(call.body["applyUserInfo"][0]["userId"], "1");
    assert_eq!(call.body["newMember"], 1);
    assert_eq!(call.body.get("title"), None);
}

#[tokio::test]
async fn a_request_that_the_bridge_does_not_take_has_failed_and_can_be_submitted_again() {
    let scene = Scene::new().await;
    let good = json!({ "success": true, "processInstanceId": "a-1" });
    for (status, body) in [(503, json!({})), (200, json!({ "success": false })), (302, good.clone())] {
        scene.bridge.answers(status, &body);
        let filed = scene.dataphin.file(Request::default()).await;
        let state = || scene.dataphin.request(&filed.apply_id).unwrap().state;
        assert_eq!(state(), RequestState::SubmitFailed);
        scene.bridge.answers(200, &good);
        scene.dataphin.submit_again(&filed.apply_id).await.unwrap();
        assert_eq!(state(), RequestState::Approving);
    }
}

#[tokio::test]
async fn a_bridge_that_cannot_be_reached_is_named_without_the_access_token() {
    let scene = Scene::new().await;
    scene.dataphin.set_bridge("http://127.0.0.1:1");
    let filed = scene.dataphin.file(Request::default()).await;
    assert_eq!(filed.status(), None);
    assert!(!filed.body().is_empty() && !filed.body().contains("6d1b2n1c"), "{}", filed.body());
    scene.dataphin.set_bridge("");
    let filed = scene.dataphin.file(Request::default()).await;
    assert_eq!(filed.body(), "no Submit Approval Request URL is set");
}

#[tokio::test]
async fn an_outcome_that_comes_before_the_answer_to_the_submit_holds() {
    let scene = Scene::with_a_request().await;
    scene.tell("1223", "agree").await;
    scene.bridge.answers(503, &json!({}));
    scene.dataphin.submit_again("1223").await.unwrap();
    assert_eq!(scene.dataphin.request("1223").unwrap().state, RequestState::Approved);
}

#[tokio::test]
async fn a_withdrawal_revokes_at_once_and_tells_the_bridge_by_the_chosen_verb() {
    for verb in Verb::ALL {
        let scene = Scene::with_a_request().await;
        let answer = scene.dataphin.withdraw("1223", verb).await.unwrap();
        assert_eq!(answer.status, Some(200));
        let call = scene.bridge.calls().pop().unwrap();
        let path = format!("/dataphin/bpms/processinstance/{}?", verb.word());
        assert!(call.address.starts_with(&path), "{}", call.address);
        let body = json!({ "applyId": "1223", "processInstanceId": "a-1", "tenantId": "100000001" });
        assert_eq!(call.body, body);
        assert_eq!(scene.dataphin.request("1223").unwrap().state, RequestState::Revoked);
        let again = scene.dataphin.withdraw("1223", verb).await;
        assert_eq!(again, Err(NotWithdrawn::Finished(RequestState::Revoked)));
    }
}

#[tokio::test]
async fn a_withdrawal_can_be_kept_from_the_bridge() {
    let scene = Scene::with_a_request().await;
    let calls = scene.bridge.calls().len();
    scene.dataphin.withdraw_untold("1223").await.unwrap();
    assert_eq!(scene.bridge.calls().len(), calls);
    assert_eq!(scene.dataphin.withdraw_untold("9").await, Err(NotWithdrawn::Unknown));
}

#[tokio::test]
async fn only_the_exact_word_passes_the_connection_test() {
    let scene = Scene::new().await;
    let connection = scene.dataphin.test_connection().await;
    assert!(connection.passed);
    let call = scene.bridge.calls().pop().unwrap();
    assert!(call.address.starts_with("/dataphin/bpms/check/connect?accessToken=6d1b2n1c&timestamp="));
    assert_eq!(call.body, json!({ "checkEvent": "connectivity" }));
    for (result, shown) in [
        (json!({ "checkResult": "Success" }), "Success"),
        (json!({ "checkResult": "the AppSecret is wrong" }), "the AppSecret is wrong"),
        (json!({}), "HTTP 200 without a checkResult"),
    ] {
        scene.bridge.answers(200, &result);
        let connection = scene.dataphin.test_connection().await;
        assert_eq!((connection.passed, connection.message.as_str()), (false, shown));
    }
}

#[tokio::test]
async fn an_answer_is_kept_up_to_64_kib() {
    let scene = Scene::new().await;
    scene.bridge.answers(200, &json!("x".repeat(1_000_000)));
    assert_eq!(scene.dataphin.file(Request::default()).await.body().len(), 64 * 1024);
}

#[tokio::test]
async fn a_dropped_simulator_gives_up_its_port() {
    let scene = Scene::new().await;
    let url = scene.dataphin.url().to_owned();
    let kept = scene.dataphin.clone();
    drop(scene.dataphin);
    assert!(scene.http.get(&url).send().await.is_ok());
    drop(kept);
    while scene.http.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
