//! The table's stream as Lambda's event source mapping feeds it to `relay`: records in batches, one batch at a time. What the
//! function names as failed comes again from the first such record on; a function that fails gets each half of the batch. When
//! the retries are used up, what is left of the batch goes to the failures queue, and the stream goes on.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{Function, Reply, environment::lock};

/// `BatchSize` in the SAM template.
const BATCH_SIZE: usize = 10;
/// `MaximumRetryAttempts` there.
const MOST_RETRIES: u32 = 5;

/// What stands for the failures queue: the batches that were given up.
#[derive(Clone, Default)]
pub struct Failures(Arc<Mutex<Vec<Value>>>);

impl Failures {
    /// The batches that were given up so far.
    pub fn batches(&self) -> Vec<Value> {
        lock(&self.0).clone()
    }
}

/// Feeds the stream to the function. What is given up is in the failures.
pub(crate) fn feed(relay: Function, mut stream: mpsc::UnboundedReceiver<Value>) -> Failures {
    let failures = Failures::default();
    let given_up = failures.clone();
    tokio::spawn(async move {
        let mut records = Vec::new();
        while stream.recv_many(&mut records, BATCH_SIZE).await > 0 {
            deliver(&relay, std::mem::take(&mut records), &given_up).await;
        }
    });
    failures
}

/// Delivers a batch, in parts where it must be.
async fn deliver(relay: &Function, records: Vec<Value>, failures: &Failures) {
    let mut parts = VecDeque::from([(records, 0)]);
    while let Some((mut records, retries)) = parts.pop_front() {
        let reply = relay.invoke(json!({"Records": records})).await;
        let retry_from = match &reply {
            Reply::Answered(answer) => match first_failed(&records, answer) {
                None => continue,
                Some(index) => index,
            },
            Reply::Failed(_) => 0,
        };
        let left = records.split_off(retry_from);
        if retries == MOST_RETRIES {
            lock(&failures.0).push(about(&left));
        } else if matches!(reply, Reply::Failed(_)) && left.len() > 1 {
            let mut first = left;
            let second = first.split_off(first.len() / 2);
            parts.push_front((second, retries + 1));
            parts.push_front((first, retries + 1));
        } else {
            parts.push_front((left, retries + 1));
        }
    }
}

/// Where the batch is sent again from; `None`: all of it was handled. A name that is none of the batch fails all of it.
fn first_failed(records: &[Value], answer: &Value) -> Option<usize> {
    let index = |named: &Value| {
        let is_named = |record: &Value| record["dynamodb"]["SequenceNumber"] == named["itemIdentifier"];
        records.iter().position(is_named).unwrap_or(0)
    };
    answer["batchItemFailures"].as_array()?.iter().map(index).min()
}

/// What the queue's message says of a batch: where it is in the stream, and not what is in it.
fn about(records: &[Value]) -> Value {
    let number = |record: Option<&Value>| record.map(|record| record["dynamodb"]["SequenceNumber"].clone());
    json!({
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": MOST_RETRIES + 1},
        "DDBStreamBatchInfo": {
            "startSequenceNumber": number(records.first()), "endSequenceNumber": number(records.last()),
            "batchSize": records.len(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    #[test]
    fn the_template_feeds_relay_as_we_do_and_keeps_sweep_single() {
        let function = |name: &str| {
            let from = TEMPLATE.find(&format!("\n  {name}:\n")).unwrap();
            TEMPLATE[from + 3..].split("\n\n").next().unwrap()
        };
        for setting in [
            format!("BatchSize: {BATCH_SIZE}"),
            format!("MaximumRetryAttempts: {MOST_RETRIES}"),
            "FunctionResponseTypes: [ReportBatchItemFailures]".to_owned(),
            "BisectBatchOnFunctionError: true".to_owned(),
            // What `table` lets through.
            r#"Pattern: '{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"A#"}]}},"NewImage":{"due_at":{"N":[{"exists":true}]}}}}'"#
                .to_owned(),
            "DestinationConfig: { OnFailure: { Destination: !GetAtt Failures.Arn } }".to_owned(),
        ] {
            assert!(function("Relay").contains(&setting), "{setting}");
        }
        for setting in ["Timeout: 55", "!If [Reserves, 1, !Ref AWS::NoValue]]", "rate(1 minute)"] {
            assert!(function("Sweep").contains(setting), "{setting}");
        }
    }
}
