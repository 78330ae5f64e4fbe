//! A DynamoDB endpoint over HTTP, and its stream: what is written to approvals, in order. It can have bad days.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use bridge::embedded::Embedded;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use crate::trouble::{Ill, Troubles};

/// The table's name.
pub const NAME: &str = "approval-bridge";

/// The endpoint.
pub struct Table {
    /// Its address.
    pub endpoint: String,
    /// What goes wrong with it.
    pub troubles: Troubles,
    writes: Arc<AtomicU64>,
}

struct Served {
    engine: Embedded,
    changes: mpsc::UnboundedSender<Value>,
    sequence: AtomicU64,
    troubles: Troubles,
    writes: Arc<AtomicU64>,
}

impl Table {
    /// Serves an empty engine in memory. Gives the stream's records, too.
    pub async fn serve() -> (Self, mpsc::UnboundedReceiver<Value>) {
        let (changes, stream) = mpsc::unbounded_channel();
        let engine = Embedded::in_memory().expect("an engine");
        let expires = json!({"TableName": NAME, "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true}});
        for (operation, request) in [("CreateTable", definition()), ("UpdateTimeToLive", expires)] {
            let (status, answered) = engine.answer(operation, request.to_string().as_bytes());
            assert_eq!(status, 200, "{answered}");
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
        let writes = Arc::new(AtomicU64::new(0));
        let troubles = Troubles::default();
        let served = Served {
            engine,
            changes,
            sequence: AtomicU64::new(1),
            troubles: troubles.clone(),
            writes: writes.clone(),
        };
        let router = Router::new().route("/", post(answer)).with_state(Arc::new(served));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (Self { endpoint, troubles, writes }, stream)
    }

    /// Write requests so far to approvals and instances.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

/// The table as the SAM template makes it.
fn definition() -> Value {
    let attribute = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    let index = |name: &str, hash: &str, range: &str, projection: Value| {
        json!({
            "IndexName": name,
            "KeySchema": [{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}],
            "Projection": projection,
        })
    };
    json!({
        "TableName": NAME,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            attribute("pk", "S"), attribute("due_shard", "S"), attribute("due_at", "N"),
            attribute("status", "S"), attribute("updated_at", "N"),
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            index("due", "due_shard", "due_at", json!({"ProjectionType": "KEYS_ONLY"})),
            index("status", "status", "updated_at",
                json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": ["apply_id", "tenant"]})),
        ],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
    })
}

async fn answer(State(served): State<Arc<Served>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    // The client counts its tries: `attempt=1; max=3`.
    let tries = headers.get("amz-sdk-request").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ill = served.troubles.strike(&operation, &body, tries.starts_with("attempt=1;"));
    if let Some(ill) = ill.filter(|ill| *ill != Ill::AnswerLost) {
        return shown(ill.answer());
    }
    // Counted before it can be read, so that who reads a change finds it counted.
    let written = u64::from(writes(&operation, &body));
    served.writes.fetch_add(written, Ordering::Relaxed);
    let (engine, asked, carried_out) = (served.engine.clone(), body.clone(), operation.clone());
    let answered = tokio::task::spawn_blocking(move || engine.answer(&carried_out, &asked)).await;
    let (status, text) = answered.expect("the engine answers");
    if status == 200 {
        for mut record in records(&operation, &serde_json::from_slice(&body).unwrap_or_default()) {
            let number = served.sequence.fetch_add(1, Ordering::Relaxed);
            record["dynamodb"]["SequenceNumber"] = format!("{number:021}").into();
            let _ = served.changes.send(record);
        }
    } else {
        served.writes.fetch_sub(written, Ordering::Relaxed);
    }
    shown(ill.map_or((status, text), Ill::answer))
}

fn shown((status, text): (u16, String)) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", "application/x-amz-json-1.0")], text).into_response()
}

/// Whether an operation writes an approval or an instance.
fn writes(operation: &str, body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&operation)
        && [r#""A#"#, r#""I#"#].iter().any(|prefix| body.contains(prefix))
}

/// The stream's records of a write that was carried out; the template's filter lets through those that are due.
fn records(operation: &str, request: &Value) -> Vec<Value> {
    let items: Vec<&Value> = match operation {
        "PutItem" => vec![&request["Item"]],
        "TransactWriteItems" => {
            request["TransactItems"].as_array().into_iter().flatten().map(|one| &one["Put"]["Item"]).collect()
        }
        _ => Vec::new(),
    };
    let due = items.into_iter().filter(|item| item.get("due_at").is_some());
    due.map(|item| record(&item["pk"], item)).collect()
}

/// A record as Lambda hands it to a function.
pub fn record(key: &Value, image: &Value) -> Value {
    json!({
        "eventID": "1", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1", "eventSourceARN": "arn:aws:dynamodb:eu-west-1:1:table/t/stream/s",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_305_600, "Keys": {"pk": key}, "NewImage": image,
            "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_IMAGE",
        },
    })
}
