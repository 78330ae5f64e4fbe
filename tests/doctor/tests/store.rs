//! What can be wrong with the store, each named with its cause and place.

#![allow(clippy::expect_used, clippy::panic)]

use bridge::embedded::Embedded;
use doctor::{
    Site, in_time, names, one, outcome,
    stranger::{self, Manner, nobody},
};
use shared::{
    diagnosis::{Check, Doctor, Outcome, Storage, Words},
    store::Store,
    world::World,
};

#[tokio::test]
async fn a_table_that_is_not_there() {
    let site = Site::start().await;
    let engine = Embedded::in_memory().expect("an engine");
    let store = Store::inside(engine, "no-such-table", World::real());
    let doctor = Doctor::beside(site.variables(&[]), Storage::Open(store), World::real()).expect("a doctor");
    let diagnosis = doctor.full().await;
    names(&diagnosis, "store", "there is no table no-such-table", "BRIDGE_TABLE");
    assert!(matches!(outcome(&diagnosis, Check::Events), Outcome::Skipped { .. }));
}

#[tokio::test]
async fn a_store_that_is_not_the_running_bridges() {
    let site = Site::start().await;
    let doctor = |storage, changes: &[(&str, &str)]| {
        Doctor::beside(site.variables(changes), storage, World::real()).expect("a doctor")
    };
    let engine = Embedded::in_memory().expect("an engine");
    let other = Store::inside(engine, "approval-bridge", World::real());
    other.create_table_if_missing().await.expect("a table");
    let absolute = [("BRIDGE_FILE", "/data/bridge.db")];
    let diagnosis = doctor(Storage::Open(other), &absolute).full().await;
    names(&diagnosis, "store", "another data file than /data/bridge.db", "BRIDGE_FILE");
    let not_yet =
        || Storage::NotYet(Words::new("bridge.db is made at the first start", "bridge.db 在首次启动时创建"));
    let diagnosis = doctor(not_yet(), &[("BRIDGE_FILE", "bridge.db")]).full().await;
    names(&diagnosis, "store", "BRIDGE_FILE (bridge.db) is relative", "give the absolute path");
    let diagnosis = doctor(not_yet(), &[("BRIDGE_PUBLIC_URL", "")]).full().await;
    assert!(diagnosis.is_healthy(), "{diagnosis:#?}");
}

#[tokio::test]
async fn an_endpoint_that_is_no_dynamodb() {
    let site = Site::start().await;
    let table = [
        (nobody(), "the connection is refused"),
        ("http://no-such-host.invalid:8000".to_owned(), "its name is not resolved"),
        (stranger::start(Manner::Page(404)).await, "is not DynamoDB"),
        (stranger::start(Manner::Json(200, "{}")).await, "is not DynamoDB"),
        (site.sandbox.dingtalk.url(), "is not DynamoDB"),
    ];
    for (endpoint, cause) in &table {
        let store = Store::local(endpoint, "approval-bridge", World::real());
        let variables = site.variables(&[("BRIDGE_DYNAMODB_ENDPOINT", endpoint)]);
        let doctor = Doctor::beside(variables, Storage::Open(store), World::real()).expect("a doctor");
        names(&doctor.full().await, "store", cause, "BRIDGE_DYNAMODB_ENDPOINT");
        let diagnosis = in_time(&doctor).await;
        names(&diagnosis, "store", cause, "BRIDGE_DYNAMODB_ENDPOINT");
        assert!(!one(&diagnosis).1.mend.en.contains("BRIDGE_FILE"));
    }
}

#[tokio::test]
async fn an_endpoint_that_asks_for_other_credentials() {
    let site = Site::start().await;
    let refusal = r#"{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"no"}"#;
    let endpoint = stranger::start(Manner::Json(400, refusal)).await;
    let store = Store::local(&endpoint, "approval-bridge", World::real());
    let variables = site.variables(&[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint)]);
    let doctor = Doctor::beside(variables, Storage::Open(store), World::real()).expect("a doctor");
    names(&doctor.full().await, "store", "does not accept the AWS credentials", "AWS_ACCESS_KEY_ID");
}

#[tokio::test]
async fn what_dynamodb_refuses_is_named_by_its_own_cause() {
    let site = Site::start().await;
    let denial = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: arn:aws:iam::1:user/b is not authorized to perform: dynamodb:DescribeTable on resource: arn:aws:dynamodb:us-east-1:1:table/approvals because no policy allows it"}"#;
    let expired = r#"{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"expired"}"#;
    let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow"}"#;
    let table = [
        (denial, "dynamodb:DescribeTable on arn:aws:dynamodb:us-east-1:1:table/approvals", "AWS IAM"),
        (expired, "credentials have expired", "AWS_ACCESS_KEY_ID"),
        (throttled, "throttles the table", "capacity"),
    ];
    for (refusal, cause, fix) in table {
        let endpoint = stranger::start(Manner::Json(400, refusal)).await;
        let store = Store::local(&endpoint, "approval-bridge", World::real());
        let variables = site.variables(&[("BRIDGE_DYNAMODB_ENDPOINT", &endpoint)]);
        let doctor = Doctor::beside(variables, Storage::Open(store), World::real()).expect("a doctor");
        names(&doctor.full().await, "store", cause, fix);
    }
}
