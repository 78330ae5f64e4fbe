//! How Dataphin misbehaves when asked to.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Scene, message};
use crate::dataphin::{Fault, Request, RequestState, Times};

async fn send(scene: &Scene) -> reqwest::Result<reqwest::Response> {
    scene.send(&scene.seal(message("1223", "agree").to_string().as_bytes(), "")).await
}

fn state(scene: &Scene) -> RequestState {
    scene.dataphin.request("1223").unwrap().state
}

#[tokio::test]
async fn an_unavailable_dataphin_says_when_to_come_back_and_does_nothing() {
    let scene = Scene::with_a_request().await;
    scene.dataphin.fault(Fault::Unavailable { retry_after_seconds: 7 }, Times::Next(1));
    let response = send(&scene).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(state(&scene), RequestState::Approving);
    assert_eq!(send(&scene).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_with_200_does_nothing() {
    let scene = Scene::with_a_request().await;
    scene.dataphin.fault(Fault::RefuseWith200, Times::UntilCleared);
    let response = send(&scene).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains(r#""success":false"#));
    assert_eq!(state(&scene), RequestState::Approving);
    scene.dataphin.clear_faults();
    assert_eq!(send(&scene).await.unwrap().status(), 200);
    assert_eq!(state(&scene), RequestState::Approved);
}

#[tokio::test]
async fn a_connection_closes_without_an_answer_before_or_after_the_work() {
    for (fault, left) in
        [(Fault::CloseConnection, RequestState::Approving), (Fault::CloseAfterWork, RequestState::Approved)]
    {
        let scene = Scene::with_a_request().await;
        scene.dataphin.fault(fault, Times::Next(1));
        let error = send(&scene).await.unwrap_err();
        assert!(error.is_request(), "{error:?}");
        assert_eq!(state(&scene), left);
    }
}

#[tokio::test]
async fn a_held_answer_comes_after_the_work() {
    let scene = Arc::new(Scene::with_a_request().await);
    scene.dataphin.fault(Fault::HoldAnswer { milliseconds: 60_000 }, Times::Next(1));
    let caller = tokio::spawn({
        let scene = scene.clone();
        async move { send(&scene).await.unwrap().status() }
    });
    scene.dataphin.told("1223").await.unwrap();
    assert!(!caller.is_finished());
    scene.advance(SignedDuration::from_mins(1));
    assert_eq!(caller.await.unwrap(), 200);
}

#[tokio::test]
async fn a_stopped_simulator_lets_go_of_a_held_answer() {
    let scene = Scene::with_a_request().await;
    scene.dataphin.fault(Fault::HoldAnswer { milliseconds: 60_000 }, Times::Next(1));
    let envelope = scene.seal(message("1223", "agree").to_string().as_bytes(), "");
    let query =
        [("signature", &envelope.signature), ("timestamp", &envelope.timestamp), ("nonce", &envelope.nonce)];
    let call = scene.http.post(scene.dataphin.callback_url()).query(&query);
    let call = call.json(&serde_json::json!({ "encrypt": envelope.encrypt })).send();
    let caller = tokio::spawn(call);
    scene.dataphin.told("1223").await.unwrap();
    drop(scene.dataphin);
    assert!(caller.await.unwrap().is_err());
}

#[tokio::test]
async fn a_submit_can_be_sent_twice_or_many_times_at_once() {
    let scene = Scene::new().await;
    for (fault, calls) in [(Fault::SubmitTwice, 2), (Fault::SubmitAtOnce { times: 50 }, 50)] {
        let before = scene.bridge.calls().len();
        scene.dataphin.fault(fault, Times::Next(1));
        let filed = scene.dataphin.file(Request::default()).await;
        assert_eq!(filed.repeats.len() + 1, calls);
        assert_eq!(scene.dataphin.request(&filed.apply_id).unwrap().answers.len(), calls);
        let sent = scene.bridge.calls();
        assert_eq!(sent.len() - before, calls);
        assert!(sent[before..].iter().all(|call| call.body == sent[before].body));
    }
}
