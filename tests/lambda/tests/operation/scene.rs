//! What the tests do again and again.

use std::time::{Duration, Instant};

use lambda_functions::{Function, Reply, Site, call};
use serde_json::{Value, json};

pub const PATIENCE: Duration = Duration::from_secs(30);

pub const OPERATOR: &str = "operator-of-the-tests-81";

/// What a function answered: status and body.
pub async fn answered(function: &Function, event: Value) -> (u64, String) {
    let reply = function.invoke(event).await;
    let Reply::Answered(answer) = reply else { panic!("{reply:?}: {}", function.log()) };
    let status = answer["statusCode"].as_u64().expect("a status");
    (status, answer["body"].as_str().unwrap_or_default().to_owned())
}

/// What Dataphin's *Test Connection* shows.
pub async fn check_result(function: &Function, token: &str) -> String {
    let (status, body) = answered(function, connection_test(token)).await;
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    body["checkResult"].as_str().expect("a text").to_owned()
}

/// Dataphin's connection test.
pub fn connection_test(token: &str) -> Value {
    call("POST", &dataphin("check/connect", token), &[], &json!({"checkEvent": "connectivity"}))
}

/// A call of Dataphin's to create an instance of nothing.
pub fn creation(token: &str) -> Value {
    call("POST", &dataphin("processinstance/create", token), &[], &json!({}))
}

fn dataphin(path: &str, token: &str) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    format!("https://bridge.example/dataphin/bpms/{path}?accessToken={token}&timestamp={now}")
}

/// The operator's call.
pub fn operator(path: &str, token: &str) -> Value {
    let authorization = format!("Bearer {token}");
    let address = format!("https://bridge.example/operator/{path}");
    call("GET", &address, &[("authorization", &authorization)], &Value::Null)
}

/// Dataphin's access token.
pub fn token(site: &Site) -> String {
    site.sandbox.dataphin.settings().access_token
}

/// Waits until something holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a function has written a metric of at least this sum.
pub async fn until_metric(function: &Function, name: &str, sum: f64) {
    let began = Instant::now();
    while function.metric(name) < sum {
        assert!(began.elapsed() < PATIENCE, "{name}: {}", function.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a function has logged an error that says so.
pub async fn until_logged(function: &Function, words: &str) {
    let began = Instant::now();
    while !errors(function).iter().any(|error| error.contains(words)) {
        assert!(began.elapsed() < PATIENCE, "{words}: {}", function.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The lines that a function has logged as errors.
pub fn errors(function: &Function) -> Vec<String> {
    let log = function.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = lines.filter(|line| line["level"] == "ERROR");
    errors.map(|line| line["fields"]["error"].as_str().unwrap_or_default().to_owned()).collect()
}
