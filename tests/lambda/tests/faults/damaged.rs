//! An approval whose item cannot be read.

use lambda_functions::{Reply, Site};
use serde_json::json;
use shared::{approval::ApprovalId, store::RawItem};
use simulators::dataphin::Outcome;

use crate::scene::{accepted, agree_in_turn, approval, record_of, told, until_metric};

/// Due since long, and nothing that this version writes.
const DAMAGED: &str =
    r#"{"due_at":{"N":"1"},"due_shard":{"S":"due-0"},"pk":{"S":"A#damaged"},"version":{"N":"1"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_approval_holds_up_no_other_and_is_told() {
    let site = Site::start().await;
    let (_relay, _sweep) = (site.relay.hold().await, site.sweep.hold().await);
    let (relay, sweep) = (site.relay.another().await, site.sweep.another().await);
    site.store.put_raw(&RawItem::read(DAMAGED).expect("an item")).await.expect("it is put");
    let [first, second] = [accepted(&site).await, accepted(&site).await];
    agree_in_turn(&site).await;
    let batch = [record_of(&ApprovalId::new("damaged")), record_of(&approval(&site, &first))];
    let reply = relay.invoke(json!({"Records": batch})).await;
    assert_eq!(reply, Reply::Answered(json!({"batchItemFailures": []})), "to send it again is of no use");
    assert_eq!(told(&site, &first).await, Outcome::Approved);
    let reply = sweep.invoke(json!({})).await;
    assert_eq!(reply, Reply::Answered(json!({"due": 2, "failed": 1, "left": 0})), "{}", sweep.log());
    assert_eq!(told(&site, &second).await, Outcome::Approved);
    for function in [&relay, &sweep] {
        until_metric(function, "NotAdvanced").await;
        assert!(function.log().contains("damaged"), "{}", function.log());
    }
}
