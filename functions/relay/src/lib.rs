//! Woken by the table's stream: advances the approvals that have changed and are due.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use shared::{
    approval::ApprovalId,
    engine::{Engine, EngineError, WorkTime},
    metrics::{self, Count},
    store::StoreError,
};
use tokio::{task::JoinSet, time::timeout_at};

/// What Lambda's event source wants to hear of a batch.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// Records to send again.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A record to send again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// Handles a batch: every approval in it once, all at the same time, and ends before the process is killed.
///
/// The stream sends everything again from the first record that is named as failed, so only a store that does not answer is
/// worth that. Whatever else fails, or takes too long, stays due, and the sweep takes it up: one poisoned record does not hold
/// up the others.
pub async fn relay(engine: &Engine, batch: &Value, time: WorkTime) -> BatchResponse {
    let mut work = JoinSet::new();
    for (id, sequence_number) in approvals(batch) {
        let engine = engine.clone();
        work.spawn(async move {
            let advanced = engine.advance(&id).await;
            if let Err(error) = &advanced {
                metrics::count(Count::NotAdvanced);
                tracing::error!(approval = %id, %error, "not advanced");
            }
            advanced.is_err_and(|error| is_worth_another_try(&error)).then_some(sequence_number)
        });
    }
    let mut response = BatchResponse::default();
    // Until all have ended, or the time is over.
    while let Ok(Some(advanced)) = timeout_at(time.end, work.join_next()).await {
        match advanced {
            Ok(failed) => response
                .batch_item_failures
                .extend(failed.map(|item_identifier| BatchItemFailure { item_identifier })),
            Err(error) => {
                metrics::count(Count::NotAdvanced);
                tracing::error!(%error, "a record could not be handled; the sweep takes its approval up");
            }
        }
    }
    if !work.is_empty() {
        metrics::count_many(Count::NotAdvanced, work.len());
        tracing::error!(approvals = work.len(), "cut off: the time is over; the sweep goes on");
    }
    response
}

/// An item that cannot be read now cannot be read in a moment either.
fn is_worth_another_try(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Store(StoreError::Unavailable(_) | StoreError::Unreached(_) | StoreError::Refused(_))
    )
}

/// The approvals that a batch is about, each with its first record. A record of another shape is nobody's, and is told.
fn approvals(batch: &Value) -> HashMap<ApprovalId, String> {
    let mut approvals = HashMap::new();
    for record in batch["Records"].as_array().into_iter().flatten() {
        let change = &record["dynamodb"];
        let key = change["Keys"]["pk"]["S"].as_str();
        let (Some(key), Some(number)) = (key, change["SequenceNumber"].as_str()) else {
            metrics::count(Count::NotAdvanced);
            tracing::error!("a record of the stream has no key or no sequence number");
            continue;
        };
        if let Some(id) = key.strip_prefix("A#") {
            approvals.entry(ApprovalId::new(id)).or_insert_with(|| number.to_owned());
        }
    }
    approvals
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_names_each_approval_once_whatever_else_is_in_it() {
        let record =
            |key: Value, number: &str| json!({"dynamodb": {"Keys": {"pk": key}, "SequenceNumber": number}});
        let batch = json!({"Records": [
            record(json!({"S": "A#ap-1"}), "1"),
            record(json!({"S": "A#ap-1"}), "2"),
            record(json!({"S": "I#instance"}), "3"),
            record(json!({"N": "7"}), "4"),
            json!("nonsense"),
            record(json!({"S": "A#ap-2"}), "5"),
        ]});
        let expected = [(ApprovalId::new("ap-1"), "1".to_owned()), (ApprovalId::new("ap-2"), "5".to_owned())];
        assert_eq!(approvals(&batch), HashMap::from(expected));
        assert_eq!(approvals(&json!({"Records": null})), HashMap::new());
    }
}
