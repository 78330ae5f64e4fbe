//! The table's stream, and what is wrong with its records.

use lambda_functions::{Ill, Reply, Site, Trouble, record};
use serde_json::json;
use simulators::{
    dataphin::Outcome,
    dingtalk::{Api, Fault, Trouble as DingTalkTrouble},
};

use crate::scene::{accepted, agree, agree_in_turn, approval, record_of, told, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_record_holds_up_no_other_and_a_batch_that_comes_twice_changes_nothing() {
    let site = Site::start().await;
    let apply_id = accepted(&site).await;
    let good = record_of(&approval(&site, &apply_id));
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
async fn a_record_that_always_fails_ends_in_the_failures_queue_and_the_sweep_takes_it_up() {
    let site = Site::start().await;
    let (apply_ids, sweep) = ([accepted(&site).await, accepted(&site).await], site.sweep.hold().await);
    let relay = site.relay.hold().await;
    agree_in_turn(&site).await;
    let unlucky = format!("A#{}", approval(&site, &apply_ids[0]));
    site.table.troubles.begin(Trouble::of(Ill::ServerError).on(&["GetItem"]).about(unlucky));
    drop(relay);
    assert_eq!(told(&site, &apply_ids[1]).await, Outcome::Approved);
    until("the failures queue", || !site.failures.batches().is_empty()).await;
    assert_eq!(site.failures.batches()[0]["requestContext"]["condition"], "RetryAttemptsExhausted");
    until("six times", || site.relay.metric("NotAdvanced") >= 6.0).await;
    // The stream has gone on.
    let later = accepted(&site).await;
    agree(&site);
    assert_eq!(told(&site, &later).await, Outcome::Approved);
    site.table.troubles.end();
    drop(sweep);
    assert_eq!(told(&site, &apply_ids[0]).await, Outcome::Approved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_relay_dies_comes_again() {
    let site = Site::start().await;
    let apply_ids = [accepted(&site).await, accepted(&site).await, accepted(&site).await];
    let (relay, _sweep) = (site.relay.hold().await, site.sweep.hold().await);
    agree_in_turn(&site).await;
    let reads = || site.sandbox.dingtalk.calls().of(Api::GetInstance).calls;
    let before = reads();
    // None comes so far that it is being told.
    let held = Fault::of(Api::GetInstance, DingTalkTrouble::HoldAnswer(20_000));
    site.sandbox.dingtalk.fault(held.next(3));
    drop(relay);
    until("a read", || reads() > before).await;
    site.relay.kill();
    site.sandbox.dingtalk.clear_faults();
    for apply_id in &apply_ids {
        assert_eq!(told(&site, apply_id).await, Outcome::Approved);
    }
    assert!(site.relay.starts() > 1 && site.failures.batches().is_empty());
}
