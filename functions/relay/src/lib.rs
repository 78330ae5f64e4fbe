//! Woken by the table's stream: advances the approvals that have changed and are due.

use std::collections::HashMap;

use aws_lambda_events::event::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use serde_dynamo::AttributeValue;
use shared::{
    approval::ApprovalId,
    engine::{Engine, EngineError},
    metrics::{self, Count},
};
use tokio::task::JoinSet;

/// Handles a batch: every approval in it once, all at the same time. The stream sends everything again from the first
/// record that is named as failed, so only a store that does not answer is worth that. Whatever else fails stays due, and
/// the sweep takes it up: one poisoned record does not hold up the others.
pub async fn relay(engine: &Engine, batch: Event) -> DynamoDbEventResponse {
    let mut work = JoinSet::new();
    for (id, sequence_number) in approvals(batch) {
        let engine = engine.clone();
        work.spawn(async move {
            let advanced = engine.advance(&id).await;
            if let Err(error) = &advanced {
                metrics::count(Count::NotAdvanced);
                tracing::error!(approval = %id, %error, "not advanced");
            }
            matches!(advanced, Err(EngineError::Store(_))).then_some(sequence_number)
        });
    }
    let failed = work.join_all().await.into_iter().flatten();
    let mut response = DynamoDbEventResponse::default();
    response.batch_item_failures.extend(failed.map(|sequence_number| {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = sequence_number;
        failure
    }));
    response
}

/// The approvals that a batch is about, each with its first record.
fn approvals(batch: Event) -> HashMap<ApprovalId, Option<String>> {
    let mut approvals = HashMap::new();
    for record in batch.records {
        if let Some(id) = approval(&record) {
            approvals.entry(id).or_insert(record.change.sequence_number);
        }
    }
    approvals
}

/// The approval that a record is about; other items need nothing.
fn approval(record: &EventRecord) -> Option<ApprovalId> {
    match record.change.keys.get("pk") {
        Some(AttributeValue::S(key)) => key.strip_prefix("A#").map(ApprovalId::new),
        _ => None,
    }
}
