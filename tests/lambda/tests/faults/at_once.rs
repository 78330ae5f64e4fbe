//! The same at the same time, in several environments of one function: as if it had come once.

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, Uri},
};
use bridge::sandbox::SandboxSettings;
use jiff::SignedDuration;
use lambda_functions::{Function, Reply, Site, call};
use serde_json::Value;
use shared::approval::Happening;
use simulators::{
    dataphin::{Outcome, Record},
    dingtalk::{Api, Fault, Trouble},
};
use tokio::{net::TcpListener, task::JoinSet};

use crate::scene::{accepted, agree, agree_in_turn, approval, no_instance_twice, request, told, until};

/// A function and two more environments of it, all of which wait for an event.
async fn three_of(function: &Function) -> [Function; 3] {
    let three = [function.clone(), function.another().await, function.another().await];
    for one in &three {
        one.started().await;
    }
    three
}

/// Invokes them all with the same event, at the same time; gives what each answers: status and body.
async fn at_once(functions: &[Function; 3], event: &Value) -> Vec<(u64, String)> {
    let invoked: JoinSet<_> = functions
        .iter()
        .map(|function| {
            let (function, event) = (function.clone(), event.clone());
            async move { answered(&function, function.invoke(event).await) }
        })
        .collect();
    invoked.join_all().await
}

fn answered(function: &Function, reply: Reply) -> (u64, String) {
    let Reply::Answered(answer) = reply else { panic!("{reply:?}: {}", function.log()) };
    let status = answer["statusCode"].as_u64().expect("a status");
    (status, answer["body"].as_str().unwrap_or_default().to_owned())
}

/// The event of Dataphin's submit.
fn submit(site: &Site, record: &Record) -> Value {
    let token = site.sandbox.dataphin.settings().access_token;
    let now = jiff::Timestamp::now().as_millisecond();
    let address = format!(
        "https://bridge.example/dataphin/bpms/processinstance/create?accessToken={token}&timestamp={now}"
    );
    call("POST", &address, &[("content-type", "application/json")], &Value::Object(record.body.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_submits_at_the_same_time_get_the_same_answer_and_make_one_instance() {
    let site = Site::start().await;
    let submits = three_of(&site.submit).await;
    // All are there before the first is through.
    site.sandbox.dingtalk.fault(Fault::of(Api::CreateInstance, Trouble::Slow(500)));
    let mut apply_ids = Vec::new();
    for _ in 0..4 {
        // Dataphin's own submit waits in the front, until the others come.
        let held = site.submit.hold().await;
        let (dataphin, of_people) = (site.sandbox.dataphin.clone(), request(&site));
        let filing = tokio::spawn(async move { dataphin.file(of_people).await });
        let filed_now = || site.sandbox.dataphin.requests().len() > apply_ids.len();
        until("the request", filed_now).await;
        let event = submit(&site, &site.sandbox.dataphin.requests()[0]);
        drop(held);
        let answers = at_once(&submits, &event).await;
        let filed = filing.await.expect("it is filed");
        let first = (filed.status().map_or(0, u64::from), filed.body().to_owned());
        assert!(filed.answer.accepted(), "{first:?}");
        assert!(answers.iter().all(|answer| *answer == first), "{first:?} {answers:?}");
        apply_ids.push(filed.apply_id);
    }
    site.sandbox.dingtalk.clear_faults();
    no_instance_twice(&site, apply_ids.len());
    agree_in_turn(&site).await;
    for apply_id in &apply_ids {
        assert_eq!(told(&site, apply_id).await, Outcome::Approved);
    }
    no_instance_twice(&site, apply_ids.len());
}

/// Stands before the callback function: brings each event to all its environments at the same time.
async fn to_all(callbacks: [Function; 3]) -> String {
    let pass = async move |uri: Uri, body: Bytes| {
        let event = serde_json::from_slice(&body).expect("JSON");
        let address = format!("https://bridge.example{uri}");
        let event = call("POST", &address, &[("content-type", "application/json")], &event);
        let answers = at_once(&callbacks, &event).await;
        let (status, body) = answers.iter().find(|(status, _)| *status != 200).unwrap_or(&answers[0]).clone();
        (StatusCode::from_u16(u16::try_from(status).expect("a status")).expect("a status"), body)
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(pass)).await });
    format!("http://{address}/dingtalk/callback")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_instance_at_the_same_time_decide_once_and_are_told_once() {
    let mut settings = SandboxSettings::default();
    // Each is brought three times, and they wait for one another.
    settings.dingtalk.push_deadline = SignedDuration::from_mins(1);
    let site = Site::with(settings, &[]).await;
    let address = to_all(three_of(&site.callback).await).await;
    site.sandbox.dingtalk.force_subscription(Some(&address), None, None).expect("it is of the form");
    let apply_ids = [accepted(&site).await, accepted(&site).await, accepted(&site).await];
    agree(&site);
    for apply_id in &apply_ids {
        assert_eq!(told(&site, apply_id).await, Outcome::Approved);
    }
    // Also those that come behind the decision.
    site.sandbox.dingtalk.pushes_settled().await;
    assert_eq!(site.sandbox.dingtalk.failed_pushes(), 0);
    let ends = site.sandbox.dingtalk.pushes().into_iter().filter(|push| push.kind == "finish");
    assert!(ends.count() >= apply_ids.len(), "each end is reported");
    for apply_id in &apply_ids {
        assert_eq!(site.sandbox.dataphin.ledger(apply_id).len(), 1, "told once");
        let approval = site.store.load(&approval(&site, apply_id)).await;
        let timeline = approval.expect("an answer").expect("it is stored").record.timeline;
        let decided =
            timeline.entries().iter().filter(|entry| matches!(entry.what, Happening::Decided { .. }));
        assert_eq!(decided.count(), 1, "{timeline:?}");
    }
    no_instance_twice(&site, apply_ids.len());
}
