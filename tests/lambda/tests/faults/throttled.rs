//! A table that is throttled, or has a bad day.

use bridge::sandbox::SandboxSettings;
use jiff::SignedDuration;
use lambda_functions::{Ill, Reply, Site, Trouble};
use serde_json::json;
use simulators::{dataphin::Outcome, dingtalk::PushOutcome};

use crate::scene::{
    accepted, agree, agree_in_turn, approval, no_instance_twice, record_of, request, told,
    told_in_effect_once, until, until_metric,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_that_was_not_committed_and_afterwards_all_arrives_once() {
    let mut settings = SandboxSettings::default();
    settings.dingtalk.push_retries = vec![SignedDuration::from_secs(2); 10];
    let site = Site::with(settings, &[]).await;
    let first = accepted(&site).await;
    site.table.troubles.begin(Trouble::of(Ill::TableThrottled));
    let filed = site.sandbox.dataphin.file(request(&site)).await;
    assert_eq!((filed.answer.accepted(), filed.status()), (false, Some(503)), "{}", filed.body());
    agree(&site);
    let ends = || site.sandbox.dingtalk.pushes().into_iter().filter(|push| push.kind == "finish");
    until("a push", || ends().count() > 0).await;
    assert!(ends().all(|push| matches!(push.outcome, PushOutcome::Rejected(_))), "nothing is acknowledged");
    let mut record = record_of(&approval(&site, &first));
    record["dynamodb"]["SequenceNumber"] = json!("7");
    let answer = site.relay.invoke(json!({"Records": [record]})).await;
    assert_eq!(answer, Reply::Answered(json!({"batchItemFailures": [{"itemIdentifier": "7"}]})));
    assert!(matches!(site.sweep.invoke(json!({})).await, Reply::Failed(_)), "{}", site.sweep.log());
    for function in [&site.submit, &site.callback, &site.relay, &site.sweep] {
        until_metric(function, "NotAdvanced").await;
    }
    assert_eq!(site.sandbox.dataphin.counts().accepted, 0);
    site.table.troubles.end();
    let again = site.sandbox.dataphin.submit_again(&filed.apply_id).await.expect("it is known");
    assert!(again.answer.accepted(), "{}", again.body());
    assert_eq!(told(&site, &first).await, Outcome::Approved);
    agree(&site);
    assert_eq!(told(&site, &filed.apply_id).await, Outcome::Approved);
    no_instance_twice(&site, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_at_the_first_try_is_never_noticed() {
    let site = Site::start().await;
    let mut apply_ids = Vec::new();
    let at_first = |ill| Trouble::of(ill).at_first();
    // The client does not send a canceled transaction again; the store does.
    let transaction = |ill| Trouble::of(ill).on(&["TransactWriteItems"]).each(2);
    for trouble in [
        at_first(Ill::TableThrottled),
        at_first(Ill::Throttled),
        at_first(Ill::AccountThrottled),
        at_first(Ill::ServerError),
        at_first(Ill::Unavailable),
        at_first(Ill::AnswerLost),
        transaction(Ill::TransactionThrottled),
        transaction(Ill::TransactionConflict),
        transaction(Ill::TransactionInProgress),
        transaction(Ill::AnswerLost),
    ] {
        let before = site.table.troubles.struck();
        site.table.troubles.begin(trouble.clone());
        apply_ids.push(accepted(&site).await);
        assert!(site.table.troubles.struck() > before, "{trouble:?}");
        site.table.troubles.end();
    }
    no_instance_twice(&site, apply_ids.len());
    let (relay, sweep) = (site.relay.hold().await, site.sweep.hold().await);
    agree_in_turn(&site).await;
    site.table.troubles.begin(at_first(Ill::AnswerLost).on(&["PutItem"]));
    // What follows a submit's transaction is put by itself, and may meet one.
    site.table.troubles.begin(Trouble::of(Ill::ItemInTransaction).on(&["PutItem"]).about("A#").each(4));
    drop((relay, sweep));
    for apply_id in &apply_ids {
        assert_eq!(told_in_effect_once(&site, apply_id).await, Outcome::Approved);
    }
    no_instance_twice(&site, apply_ids.len());
}
