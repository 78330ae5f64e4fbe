//! Woken by the table's stream: advances the approvals that have changed and are due.

use aws_lambda_events::event::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use serde_dynamo::AttributeValue;
use shared::{approval::ApprovalId, engine::Engine};

/// Handles a batch. Every record is handled; those that fail are named, so that only they come again.
pub async fn relay(engine: &Engine, batch: Event) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    for record in batch.records {
        let Some(id) = approval(&record) else { continue };
        if let Err(error) = engine.advance(&id).await {
            tracing::error!(approval = %id, %error, "not advanced");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = record.change.sequence_number;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// The approval that a record is about; other items need nothing.
fn approval(record: &EventRecord) -> Option<ApprovalId> {
    match record.change.keys.get("pk") {
        Some(AttributeValue::S(key)) => key.strip_prefix("A#").map(ApprovalId::new),
        _ => None,
    }
}
