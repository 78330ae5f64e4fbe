//! Whoever guesses is seen, and what is parked stays an alarm.

use std::time::{Duration, Instant};

use bridge::sandbox::SandboxSettings;
use jiff::Timestamp;
use lambda_functions::Site;
use shared::approval::{Approval, ApprovalId, State};
use simulators::dataphin::{Fault, Kind, Operator, Request, Times};

use crate::scene::{OPERATOR, PATIENCE, answered, check_result, creation, operator, token, until_metric};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_let_in_moves_the_metric_at_every_door_and_in_every_style() {
    let site = Site::with(SandboxSettings::default(), &[("BRIDGE_OPERATOR_TOKEN", OPERATOR)]).await;
    let test = site.submit.beside("test-connection", &[]).await;
    let template = site.submit.beside("template", &[]).await;
    let as_200 = site.submit.beside("submit", &[("DATAPHIN_REFUSALS_AS_200", "true")]).await;
    assert!(check_result(&test, "a-guess").await.contains("[access-token,"));
    assert_eq!(answered(&test, operator("doctor", "a-guess")).await.0, 401);
    assert_eq!(answered(&template, operator("templates", "a-guess")).await.0, 401);
    assert_eq!(answered(&site.submit, creation("a-guess")).await.0, 401);
    assert_eq!(answered(&as_200, creation("a-guess")).await.0, 200);
    for (function, sum) in [(&test, 2.0), (&template, 1.0), (&site.submit, 1.0), (&as_200, 1.0)] {
        until_metric(function, "AccessRefused", sum).await;
    }
    assert_eq!(check_result(&test, &token(&site)).await, "success");
    assert!(test.metric("AccessRefused") < 3.0, "{}", test.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_is_let_in_at_once_at_every_door_and_in_every_style() {
    let site = Site::start().await;
    let test = site.submit.beside("test-connection", &[]).await;
    let as_200 = site.submit.beside("submit", &[("DATAPHIN_REFUSALS_AS_200", "true")]).await;
    // They have started with the one before.
    assert_eq!(check_result(&test, &token(&site)).await, "success");
    assert!(!answered(&as_200, creation(&token(&site))).await.1.contains("access-token"));
    site.secret.rotate(&[("DATAPHIN_ACCESS_TOKEN", "a-new-access-token")]);
    let said = check_result(&test, "a-new-access-token").await;
    assert!(!said.contains("[access-token,"), "{said}");
    let (_, said) = answered(&as_200, creation("a-new-access-token")).await;
    assert!(!said.contains("access-token"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_counted_by_every_sweep_until_nothing_is() {
    let site = Site::start().await;
    until_gauge(&site, 0).await;
    let people = site.sandbox.dataphin.settings().people;
    let request = Request::of(Kind::TablePermission).asked_by(people[0].clone());
    let filed = site.sandbox.dataphin.file(request.then(Operator::Or, [people[1].clone()])).await;
    let id = site.sandbox.dataphin.request(&filed.apply_id).and_then(|it| it.process_instance_id());
    let id = ApprovalId::new(id.expect("it was accepted"));
    site.sandbox.dataphin.fault(Fault::RefuseWith200, Times::UntilCleared);
    let todo = site.sandbox.dingtalk.todos("emp1002").into_iter().next().expect("it is on their desk");
    site.sandbox.dingtalk.agree(todo.task, "").expect("they may");
    change(&site, &id, |approval, now| match approval.state {
        State::Decided(state) => {
            let decided = Approval { record: approval.record, state };
            Some(decided.delivery_failed("two days are over".to_owned(), None, now))
        }
        _ => None,
    })
    .await;
    until_gauge(&site, 1).await;
    let before = site.sweep.metric("ParkedNow");
    until_metric(&site.sweep, "ParkedNow", before + 2.0).await;
    change(&site, &id, |approval, now| match approval.state {
        State::Parked(state) => Some(Approval { record: approval.record, state }.resend(now).into()),
        _ => None,
    })
    .await;
    until_gauge(&site, 0).await;
}

/// Waits until an approval can be changed so, and changes it.
async fn change(site: &Site, id: &ApprovalId, change: impl Fn(Approval, Timestamp) -> Option<Approval>) {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "it does not come so far");
        let approval = site.store.load(id).await.expect("an answer").expect("it is stored");
        if let Some(changed) = change(approval, Timestamp::now())
            && site.store.commit(changed).await.is_ok()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the last sweep counted so many.
async fn until_gauge(site: &Site, number: u64) {
    let began = Instant::now();
    loop {
        let lines = site.sweep.metrics();
        if lines.iter().rev().find_map(|line| line["ParkedNow"].as_u64()) == Some(number) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{}", site.sweep.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
