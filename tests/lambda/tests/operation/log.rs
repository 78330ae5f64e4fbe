//! The functions' log: an approval is found in it everywhere by its id, and nothing that is nobody's business.

use lambda_functions::{Reply, Site};
use serde_json::{Value, json};
use simulators::dataphin::{Kind, Operator, Outcome, Request};

use bridge::sandbox::SandboxSettings;

use crate::scene::{OPERATOR, PATIENCE, answered, check_result, operator, token, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_found_by_its_id_in_each_functions_log_and_no_secret_and_no_content() {
    let site = Site::with(SandboxSettings::default(), &[("BRIDGE_LOG", "trace")]).await;
    site.secret.rotate(&[("BRIDGE_OPERATOR_TOKEN", OPERATOR)]);
    let test = site.submit.beside("test-connection", &[]).await;
    let template = site.submit.beside("template", &[]).await;
    assert_eq!(check_result(&test, &token(&site)).await, "success");
    assert_eq!(answered(&template, operator("templates", OPERATOR)).await.0, 200);
    assert_eq!(answered(&template, operator("templates", "a-guess-of-81")).await.0, 401);
    let people = site.sandbox.dataphin.settings().people;
    let request = Request::of(Kind::TablePermission).titled("a telling title").because("a telling reason");
    let filed = site.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    let todo = site.sandbox.dingtalk.todos(&people[1].user_source_id).pop().expect("a to-do");
    site.sandbox.dingtalk.agree(todo.task, "a telling comment").expect("they may");
    let told = tokio::time::timeout(PATIENCE, site.sandbox.dataphin.told(&filed.apply_id)).await;
    assert_eq!(told.expect("in time").expect("it is known").outcome, Outcome::Approved);

    let record = site.sandbox.dataphin.request(&filed.apply_id);
    let id = record.and_then(|record| record.process_instance_id()).expect("it was accepted");
    until("the approval in the logs of both doors", || {
        [&site.submit, &site.callback].iter().all(|function| function.log().contains(&id))
    })
    .await;
    // Whichever was there first.
    until("the approval in the log of relay or sweep", || {
        [&site.relay, &site.sweep].iter().any(|function| function.log().contains(&id))
    })
    .await;
    let secret = site.secret.value();
    let secrets = secret.values().filter_map(|value| value.as_str());
    for function in [&site.submit, &site.callback, &site.relay, &site.sweep, &test, &template] {
        let log = function.log();
        for secret in secrets.clone().chain(["a telling", "accessToken", "a-guess-of-81"]) {
            assert!(!log.contains(secret), "{secret} is in the log: {log}");
        }
    }
}

/// The level under which Lambda files a line in its JSON log format: any but INFO takes a `timestamp` in RFC 3339, too.
fn filed(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let time = line["timestamp"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let level = line["level"].as_str().filter(|_| time.is_some());
    level.unwrap_or("INFO").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn lambda_files_an_error_as_an_error_and_so_the_log_can_be_filtered() {
    let site = Site::with(SandboxSettings::default(), &[("BRIDGE_LOG", "trace")]).await;
    let before = jiff::Timestamp::now();
    let reply = site.relay.invoke(json!({"Records": [{}]})).await;
    assert_eq!(reply, Reply::Answered(json!({"batchItemFailures": []})));
    until("an error in the log", || site.relay.log().lines().any(|line| filed(line) == "ERROR")).await;
    let log = site.relay.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours: Vec<_> = lines.filter(|line| line.get("_aws").is_none()).collect();
    assert_eq!(ours.len() + site.relay.metrics().len(), log.lines().count(), "each line is JSON: {log}");
    for line in ours {
        let (level, time) = (&line["level"], line["timestamp"].as_str().unwrap_or_default());
        assert_eq!(*level, filed(&line.to_string()), "{line}");
        let time: jiff::Timestamp = time.parse().expect("RFC 3339");
        assert!(time.duration_since(before).abs() < jiff::SignedDuration::from_mins(10), "{line}");
    }
}
