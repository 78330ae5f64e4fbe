//! What the tests do again and again.

use std::time::{Duration, Instant};

use bridge::sandbox::SandboxSettings;
use lambda_functions::{Function, Site, record};
use serde_json::{Value, json};
use shared::{
    approval::{Approval, ApprovalId, InstanceId, State},
    store::Owner,
};
use simulators::dataphin::{Kind, Operator, Outcome, Request, Verdict};

pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn request(site: &Site) -> Request {
    let people = site.sandbox.dataphin.settings().people;
    Request::of(Kind::TablePermission).asked_by(people[0].clone()).then(Operator::Or, [people[1].clone()])
}

/// Files a request that must be accepted; gives its id in Dataphin.
pub async fn accepted(site: &Site) -> String {
    let filed = site.sandbox.dataphin.file(request(site)).await;
    assert!(filed.answer.accepted(), "{}", filed.body());
    filed.apply_id
}

/// Files so many, all at the same time, and sees to it that each has its instance: DingTalk counts no calls meanwhile, and puts
/// none of them off.
pub async fn all_created(site: &Site, number: usize) -> Vec<String> {
    let dingtalk = &site.sandbox.dingtalk;
    let all = dingtalk.instances().len() + number;
    dingtalk.set_qps(None);
    let apply_ids = all_accepted(site, number).await;
    until("an instance for each", || dingtalk.instances().len() == all).await;
    dingtalk.set_qps(SandboxSettings::default().dingtalk.qps);
    apply_ids
}

/// Files so many, all at the same time. DingTalk may put some of them off.
pub async fn all_accepted(site: &Site, number: usize) -> Vec<String> {
    let filing: tokio::task::JoinSet<_> = (0..number)
        .map(|_| {
            let (dataphin, request) = (site.sandbox.dataphin.clone(), request(site));
            async move { dataphin.file(request).await }
        })
        .collect();
    let filed = filing.join_all().await;
    assert!(filed.iter().all(|filed| filed.answer.accepted()), "{filed:?}");
    filed.into_iter().map(|filed| filed.apply_id).collect()
}

/// Agrees to everything that is on the desk.
pub fn agree(site: &Site) {
    for todo in site.sandbox.dingtalk.todos("emp1002") {
        site.sandbox.dingtalk.agree(todo.task, "").expect("they may");
    }
}

/// The same, one after another, each known to the bridge before the next: as many at once as there are on the desk would wait
/// for one callback function, and DingTalk waits 1.5 seconds.
pub async fn agree_in_turn(site: &Site) {
    // The starts are reported, too.
    site.sandbox.dingtalk.pushes_settled().await;
    for todo in site.sandbox.dingtalk.todos("emp1002") {
        site.sandbox.dingtalk.agree(todo.task, "").expect("they may");
        let (instance, began) = (InstanceId::new(todo.instance.as_str()), Instant::now());
        while !end_is_known(site, &instance).await {
            assert!(
                began.elapsed() < PATIENCE,
                "the end of {instance} was not reported: {}",
                site.callback.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Whether the bridge has committed that an instance has ended.
async fn end_is_known(site: &Site, instance: &InstanceId) -> bool {
    let Owner::Approval(id) = site.store.owner(instance).await.expect("an answer") else { return false };
    match site.store.load(&id).await.expect("an answer") {
        Some(Approval { state: State::Pending(pending), .. }) => pending.reading.hint.is_some(),
        Some(approval) => approval.state.decision().is_some(),
        None => false,
    }
}

/// Waits until Dataphin knows the outcome, and sees to it that it learned it once.
pub async fn told(site: &Site, apply_id: &str) -> Outcome {
    let told = tokio::time::timeout(PATIENCE, site.sandbox.dataphin.told(apply_id)).await;
    let told = told.expect("in time").expect("Dataphin knows the request");
    assert_eq!(site.sandbox.dataphin.ledger(apply_id).len(), 1, "told once");
    told.outcome
}

/// Waits until Dataphin knows the outcome. It may have been told again where its answer was lost; it took one.
pub async fn told_in_effect_once(site: &Site, apply_id: &str) -> Outcome {
    let told = tokio::time::timeout(PATIENCE, site.sandbox.dataphin.told(apply_id)).await;
    let told = told.expect("in time").expect("Dataphin knows the request");
    for (index, told) in site.sandbox.dataphin.ledger(apply_id).iter().enumerate() {
        assert_eq!(told.verdict, if index == 0 { Verdict::Accepted } else { Verdict::Repeat });
    }
    told.outcome
}

/// Waits until something holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until a function has written a metric.
pub async fn until_metric(function: &Function, name: &str) {
    let began = Instant::now();
    while function.metric(name) == 0.0 {
        assert!(began.elapsed() < PATIENCE, "{name} did not come: {}", last_lines(function));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The end of a function's log.
fn last_lines(function: &Function) -> String {
    let log = function.log();
    log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
}

/// The bridge's id of a request.
pub fn approval(site: &Site, apply_id: &str) -> ApprovalId {
    let id = site.sandbox.dataphin.request(apply_id).and_then(|it| it.process_instance_id());
    ApprovalId::new(id.expect("it was accepted"))
}

/// The stream's record of an approval.
pub fn record_of(id: &ApprovalId) -> Value {
    let key = json!({"S": format!("A#{id}")});
    record(&key, &json!({"pk": key}))
}

/// At most one instance for each request.
pub fn no_instance_twice(site: &Site, requests: usize) {
    assert_eq!(site.sandbox.dingtalk.instances().len(), requests, "an instance for each request");
    assert_eq!(site.sandbox.dataphin.contradictions(), 0);
}
