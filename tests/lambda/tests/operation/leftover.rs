//! A diagnosis ends within its time, and leaves nothing on anybody's desk, whatever becomes of its process.

use std::time::{Duration, Instant};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bridge::sandbox::SandboxSettings;
use lambda_functions::Site;
use serde_json::{Value, json};
use simulators::{
    dataphin::{Kind, Operator, Request},
    dingtalk::{Fault, Trouble},
};
use tokio::net::TcpListener;

use crate::scene::{OPERATOR, answered, operator};

/// The function is killed after so long.
const KILLED_AFTER: Duration = Duration::from_secs(29);
/// Some of that may go by before it is asked.
const WITHIN: Duration = Duration::from_secs(23);

async fn site() -> Site {
    let variables = [("BRIDGE_OPERATOR_TOKEN", OPERATOR), ("DINGTALK_TEST_USER_ID", "emp1001")];
    let site = Site::with(SandboxSettings::default(), &variables).await;
    let people = site.sandbox.dataphin.settings().people;
    let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
    let filed = site.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    site
}

/// Stands before DingTalk, and says that the create call which cannot succeed has started `instance`.
#[derive(Clone)]
struct Contrary {
    dingtalk: String,
    instance: String,
}

async fn contrary(dingtalk: String, instance: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let router = Router::new().fallback(pass).with_state(Contrary { dingtalk, instance });
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn pass(
    State(to): State<Contrary>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::POST && uri.path() == "/v1.0/workflow/processInstances" {
        return Json(json!({"instanceId": to.instance})).into_response();
    }
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", to.dingtalk)).body(body);
    let own = [header::HOST, header::CONTENT_LENGTH];
    for (name, value) in headers.iter().filter(|(name, _)| !own.contains(name)) {
        request = request.header(name, value);
    }
    let answer = request.send().await.expect("DingTalk answers");
    let status = StatusCode::from_u16(answer.status().as_u16()).expect("a status");
    (status, answer.bytes().await.expect("a body")).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_a_check_started_is_ended_though_the_process_is_killed_after_its_answer() {
    let site = site().await;
    let instance = site.sandbox.dingtalk.instances()[0].id.to_string();
    let dingtalk = contrary(site.sandbox.dingtalk.url(), instance.clone()).await;
    let test = site.submit.beside("test-connection", &[("DINGTALK_API_URL", &dingtalk)]).await;
    test.set_limit(KILLED_AFTER);
    test.started().await;
    let began = Instant::now();
    let (status, said) = answered(&test, operator("doctor", OPERATOR)).await;
    assert!(status == 200 && began.elapsed() < WITHIN, "{status} {said}");
    test.kill();
    let left = site.store.leftovers().await.expect("an answer").expect("it is committed");
    assert_eq!(left.instances[0].as_str(), instance);
    let began = Instant::now();
    while !site.sandbox.dingtalk.todos("emp1002").is_empty() {
        assert!(began.elapsed() < Duration::from_mins(1), "{}", site.sweep.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let began = Instant::now();
    while site.store.leftovers().await.expect("an answer").is_some() {
        assert!(began.elapsed() < Duration::from_mins(1), "{}", site.sweep.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_that_waits_for_a_lost_event_behind_a_slow_dingtalk_ends_within_its_time() {
    let site = site().await;
    let dingtalk = &site.sandbox.dingtalk;
    dingtalk.remove_subscription();
    let todo = dingtalk.todos("emp1002").into_iter().next().expect("it is on their desk");
    dingtalk.agree(todo.task, "").expect("they may");
    // Six calls one after another, the last of which must be answered within 12 seconds: then the event is waited for.
    dingtalk.fault(Fault::everywhere(Trouble::Slow(1_400)));
    let test = site.submit.beside("test-connection", &[]).await;
    test.set_limit(KILLED_AFTER);
    test.started().await;
    let began = Instant::now();
    let (status, said) = answered(&test, operator("doctor", OPERATOR)).await;
    let took = began.elapsed();
    assert!(status == 200 && took < WITHIN, "{status} after {took:?}: {said}");
    let diagnosis: Value = serde_json::from_str(&said).expect("JSON");
    let findings = diagnosis["findings"].as_array().expect("findings");
    let events = findings.iter().find(|finding| finding["id"] == "events").expect("it was looked at");
    assert_eq!(events["code"], "no-event", "{took:?} {events:#}");
}
