//! Secrets Manager with one secret, whose value can be rotated.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// The secret: its values, today's last.
#[derive(Clone, Default)]
pub struct Secret(Arc<Mutex<Vec<Map<String, Value>>>>);

impl Secret {
    /// Serves it; gives the address.
    pub async fn serve(first: Map<String, Value>) -> (Self, String) {
        let secret = Self(Arc::new(Mutex::new(vec![first])));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new().route("/", post(answer)).with_state(secret.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (secret, format!("http://{address}"))
    }

    /// Sets members; the value before becomes AWSPREVIOUS.
    pub fn rotate(&self, members: &[(&str, &str)]) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut value = values.last().cloned().unwrap_or_default();
        value.extend(members.iter().map(|(name, text)| ((*name).to_owned(), json!(text))));
        values.push(value);
    }
}

async fn answer(State(secret): State<Secret>, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let values = secret.0.lock().unwrap_or_else(PoisonError::into_inner);
    let index = match asked["VersionStage"].as_str() {
        Some("AWSPREVIOUS") => values.len().checked_sub(2),
        _ => values.len().checked_sub(1),
    };
    let Some((index, value)) = index.and_then(|index| Some((index, values.get(index)?))) else {
        let body = json!({"__type": "ResourceNotFoundException", "message": "no such version"});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    let text = Value::Object(value.clone()).to_string();
    Json(json!({"ARN": "arn", "Name": "bridge", "VersionId": format!("version-{index}"), "SecretString": text}))
        .into_response()
}
