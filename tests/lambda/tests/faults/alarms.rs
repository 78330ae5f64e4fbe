//! Each alarm of the template watches a metric that the functions write.

use bridge::sandbox::SandboxSettings;
use lambda_functions::{Ill, Site, Trouble, record};
use serde_json::{Value, json};
use shared::approval::{Approval, Hint, HintResult, InstanceId, ReadProblem, State, schedule::DELIVER};
use simulators::{
    dataphin::{Fault, Times},
    dingtalk,
};

use crate::scene::{accepted, agree, approval, request, until, until_metric};

const ALARMS: [&str; 2] = [
    include_str!("../../../../infra/aws/alarms.yaml"),
    include_str!("../../../../infra/aws/function-alarms.yaml"),
];
const OURS: &str = "ApprovalBridge";
const STACK: &str = "the-stack";

/// Namespace, metric and dimensions of each alarm.
fn watched() -> Vec<[&'static str; 3]> {
    let alarms = ALARMS.iter().flat_map(|text| text.split("Type: AWS::CloudWatch::Alarm").skip(1));
    let value = |alarm: &'static str, name: &str| {
        let lines = alarm.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
        lines.map(str::trim).next().unwrap_or_else(|| panic!("an alarm without {name}"))
    };
    // What is named after the stack is made from the access log, which no function writes.
    let of_functions = alarms.filter(move |alarm| !value(alarm, "MetricName").starts_with("!Sub"));
    of_functions
        .map(|alarm| ["Namespace", "MetricName", "Dimensions"].map(|name| value(alarm, name)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_metric_that_an_alarm_watches_is_written_by_the_functions() {
    let site = Site::with(SandboxSettings::default(), &[("BRIDGE_SERVICE", STACK)]).await;
    // PaidCalls, SweepRan.
    let apply_id = accepted(&site).await;
    // OldestUndelivered, and then ParkedNow: two days of attempts are over.
    site.sandbox.dataphin.fault(Fault::RefuseWith200, Times::UntilCleared);
    agree(&site);
    until_metric(&site.sweep, "OldestUndelivered").await;
    used_up(&site, &apply_id).await;
    // CallbackRefused.
    let url = format!("{}/dingtalk/callback?signature=0&timestamp=1&nonce=2", site.bridge);
    let forged = reqwest::Client::new().post(url).body(r#"{"encrypt":"AAAA"}"#).send().await;
    assert_eq!(forged.expect("an answer").status().as_u16(), 403);
    // AccessRefused.
    let stranger =
        format!("{}/dataphin/bpms/processinstance/create?accessToken=guessed&timestamp=1", site.bridge);
    let refused = reqwest::Client::new().post(stranger).body("{}").send().await;
    assert_eq!(refused.expect("an answer").status().as_u16(), 401);
    // InstanceUnreadable: half an hour of reads is over.
    site.sandbox
        .dingtalk
        .fault(dingtalk::Fault::of(dingtalk::Api::GetInstance, dingtalk::Trouble::ServerError));
    let unread = accepted(&site).await;
    unreadable_for_an_hour(&site, &unread).await;
    let is_counted = || [&site.relay, &site.sweep].iter().any(|it| it.metric("InstanceUnreadable") > 0.0);
    until("InstanceUnreadable", is_counted).await;
    // UnexpectedInstance: a proxy delivers a create call twice.
    site.sandbox.dingtalk.clear_faults();
    let twice = dingtalk::Trouble::DeliverTwice(0);
    site.sandbox.dingtalk.fault(dingtalk::Fault::of(dingtalk::Api::CreateInstance, twice).once());
    let doubled = accepted(&site).await;
    second_is_reported(&site, &doubled).await;
    until_metric(&site.sweep, "UnexpectedInstance").await;
    // QuotaUsedUp.
    site.sandbox.dingtalk.set_api_quota(Some(0));
    site.sandbox.dataphin.file(request(&site)).await;
    // NotAdvanced.
    site.table.troubles.begin(Trouble::of(Ill::ServerError).on(&["GetItem"]).about("A#nobody"));
    site.relay.invoke(json!({"Records": [record(&json!({"S": "A#nobody"}), &json!({}))]})).await;

    let functions = [&site.submit, &site.callback, &site.relay, &site.sweep];
    let lines = || functions.iter().flat_map(|function| function.metrics());
    let mut ours = 0;
    for [namespace, metric, dimensions] in watched() {
        if namespace.starts_with("AWS/") {
            continue;
        }
        assert_eq!([namespace, dimensions], [OURS, "[{ Name: Service, Value: !Ref Service }]"], "{metric}");
        until(metric, || lines().any(|line| is_written(&line, metric))).await;
        ours += 1;
    }
    assert!(ours >= 8, "the alarms are read");
}

/// Whether a line makes a metric of CloudWatch under our namespace, by the stack's name.
fn is_written(line: &Value, metric: &str) -> bool {
    let described = &line["_aws"]["CloudWatchMetrics"][0];
    let unit = match metric {
        "OldestUndelivered" => "Seconds",
        _ => "Count",
    };
    described["Namespace"] == OURS
        && described["Dimensions"] == json!([["Service"]])
        && line["Service"] == STACK
        && line[metric].as_f64().is_some_and(|value| value >= 0.0)
            | line[metric].as_array().is_some_and(|values| !values.is_empty())
        && described["Metrics"]
            .as_array()
            .is_some_and(|all| all.contains(&json!({"Name": metric, "Unit": unit})))
}

/// No read has told how its instance stands for an hour, and the next is due.
async fn unreadable_for_an_hour(site: &Site, apply_id: &str) {
    let id = approval(site, apply_id);
    loop {
        let approval = site.store.load(&id).await.expect("an answer").expect("it is stored");
        let Approval { record, state: State::Pending(mut state) } = approval else { panic!("not pending") };
        let now = jiff::Timestamp::now();
        let since = now - jiff::SignedDuration::from_hours(1);
        state.reading.problem = Some(ReadProblem { since, code: "systemError".to_owned() });
        (state.reading.at, state.reading.unasked) = (now, false);
        if site.store.commit(Approval { record, state }).await.is_ok() {
            return;
        }
    }
}

/// An event about the second instance of a request has waited for an approval that claims it.
async fn second_is_reported(site: &Site, apply_id: &str) {
    let id = approval(site, apply_id);
    let approval = site.store.load(&id).await.expect("an answer").expect("it is stored");
    let own = approval.state.instance().expect("an instance");
    let reference = approval.record.reference().to_string();
    let second = || {
        let instances = site.sandbox.dingtalk.instances();
        let bears_it = |instance: &dingtalk::Instance| instance.value("单号 Reference") == Some(&reference);
        instances.into_iter().find(|it| it.id.as_str() != own.id.as_str() && bears_it(it))
    };
    until("there is a second instance", || second().is_some()).await;
    let second = InstanceId::new(second().expect("a second instance").id.as_str());
    let now = jiff::Timestamp::now();
    let hint = Hint { result: HintResult::Agreed, finished_at: None, received_at: now };
    site.store.keep_early(&second, Some(&own.process_code), &hint).await.expect("an answer");
    site.store.look_into_later(&second, Some(now)).await.expect("an answer");
}

/// All attempts but the last are over.
async fn used_up(site: &Site, apply_id: &str) {
    let id = approval(site, apply_id);
    loop {
        let approval = site.store.load(&id).await.expect("an answer").expect("it is stored");
        let Approval { record, state: State::Decided(mut state) } = approval else { panic!("not decided") };
        state.delivery.attempts = u32::try_from(DELIVER.len()).expect("few");
        state.delivery.next_at = jiff::Timestamp::now();
        if site.store.commit(Approval { record, state }).await.is_ok() {
            return;
        }
    }
}
