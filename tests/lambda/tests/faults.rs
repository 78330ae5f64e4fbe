//! What goes wrong on AWS: nothing is lost, nothing is doubled, and the alarm's metric moves.

#![allow(clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use lambda_functions::{Reply, Site, record};
use serde_json::json;
use simulators::dataphin::{Kind, Operator, Outcome, Request};

const PATIENCE: Duration = Duration::from_secs(30);

fn request(site: &Site) -> Request {
    let people = site.sandbox.dataphin.settings().people;
    Request::of(Kind::TablePermission).asked_by(people[0].clone()).then(Operator::Or, [people[1].clone()])
}

/// Files a request that must be accepted; gives its id in Dataphin.
async fn accepted(site: &Site) -> String {
    let filed = site.sandbox.dataphin.file(request(site)).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    filed.apply_id
}

fn agree(site: &Site) {
    let todo = site.sandbox.dingtalk.todos("emp1002").into_iter().next().expect("it is on their desk");
    site.sandbox.dingtalk.agree(todo.task, "").expect("they may");
}

async fn told(site: &Site, apply_id: &str) -> Outcome {
    let told = tokio::time::timeout(PATIENCE, site.sandbox.dataphin.told(apply_id)).await;
    let told = told.expect("in time").expect("Dataphin knows the request");
    assert_eq!(site.sandbox.dataphin.ledger(apply_id).len(), 1, "told once");
    told.outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_record_holds_up_no_other_and_a_batch_that_comes_twice_changes_nothing() {
    let site = Site::start().await;
    let apply_id = accepted(&site).await;
    let id = site.sandbox.dataphin.request(&apply_id).and_then(|it| it.process_instance_id()).expect("an id");
    let good = record(&json!({"S": format!("A#{id}")}), &json!({"pk": {"S": format!("A#{id}")}}));
    let poisoned = [
        json!("nonsense"),
        record(&json!({"N": "7"}), &json!({})),
        record(&json!({"S": "A#nobody"}), &json!({"due_at": {"S": "never"}})),
        json!({"eventName": "REMOVE", "dynamodb": {"Keys": {}, "SequenceNumber": "2"}}),
    ];
    let batch = json!({"Records": poisoned.into_iter().chain([good]).collect::<Vec<_>>()});
    agree(&site);
    for _ in 0..3 {
        let Reply::Answered(answer) = site.relay.invoke(batch.clone()).await else { panic!("relay failed") };
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }
    assert_eq!(told(&site, &apply_id).await, Outcome::Approved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_is_used_at_once_and_the_one_before_is_accepted_meanwhile() {
    let site = Site::start().await;
    accepted(&site).await;
    // First in the secret, as the README says; then at the two ends, one after the other.
    let before = site.sandbox.dataphin.settings().access_token;
    site.secret.rotate(&[
        ("DATAPHIN_ACCESS_TOKEN", "a-new-access-token"),
        ("DINGTALK_CALLBACK_TOKEN", "ANewCallbackToken"),
    ]);
    let apply_id = accepted(&site).await;
    let change = |token: &str| {
        let token = token.to_owned();
        site.sandbox
            .dataphin
            .change_settings(|settings| settings.access_token = token)
            .expect("it is of the form");
    };
    change("a-new-access-token");
    accepted(&site).await;
    site.sandbox
        .dingtalk
        .force_subscription(None, Some("ANewCallbackToken"), None)
        .expect("it is of the form");
    let todos = site.sandbox.dingtalk.todos("emp1002");
    for todo in todos {
        site.sandbox.dingtalk.agree(todo.task, "").expect("they may");
    }
    assert_eq!(told(&site, &apply_id).await, Outcome::Approved);
    change(&before);
    assert!(
        site.sandbox.dataphin.file(request(&site)).await.answer.accepted(),
        "the one before, for a while"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_callback_moves_the_metric_of_refusals() {
    let site = Site::start().await;
    let url = format!("{}/dingtalk/callback?signature=0&timestamp=1&nonce=2", site.bridge);
    let forged = reqwest::Client::new().post(url).body(r#"{"encrypt":"AAAA"}"#).send().await;
    assert_eq!(forged.expect("an answer").status().as_u16(), 403);
    let began = Instant::now();
    while site.callback.metric("CallbackRefused") < 1.0 {
        assert!(began.elapsed() < PATIENCE, "{}", site.callback.log());
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sweep_is_counted() {
    let site = Site::start().await;
    let began = Instant::now();
    while site.sweep.metric("SweepRan") < 2.0 {
        assert!(began.elapsed() < PATIENCE, "{}", site.sweep.log());
        tokio::task::yield_now().await;
    }
}
