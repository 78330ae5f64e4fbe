//! Secrets Manager with one secret, whose value can be rotated.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

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

use crate::environment::lock;

/// The secret: its values, today's last.
#[derive(Clone, Default)]
pub struct Secret(Arc<Mutex<Vec<Map<String, Value>>>>, Arc<Mutex<Mood>>, Arc<AtomicU64>, Arc<AtomicBool>);

/// How Secrets Manager answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    #[default]
    Well,
    /// It has too much to do.
    Throttled,
    /// Not at all.
    Silent,
    /// The role may not read it.
    Denied,
    /// It holds a text that is no JSON.
    Prose,
    /// It has too much to do when it is asked for the value before.
    OnlyToday,
}

impl Secret {
    /// Serves it; gives the address.
    pub async fn serve(first: Map<String, Value>) -> (Self, String) {
        let secret = Self(Arc::new(Mutex::new(vec![first])), Arc::default(), Arc::default(), Arc::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new().route("/", post(answer)).with_state(secret.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (secret, format!("http://{address}"))
    }

    /// Sets how it is answered from now on.
    pub fn set_mood(&self, mood: Mood) {
        *lock(&self.1) = mood;
    }

    /// Takes the label AWSPREVIOUS away, for good.
    pub fn forget_before(&self) {
        self.3.store(true, Ordering::Relaxed);
    }

    /// How often it was asked for a value.
    pub fn asked(&self) -> u64 {
        self.2.load(Ordering::Relaxed)
    }

    /// Today's value.
    pub fn value(&self) -> Map<String, Value> {
        lock(&self.0).last().cloned().unwrap_or_default()
    }

    /// Sets members (empty: takes them out); the value before becomes AWSPREVIOUS.
    pub fn rotate(&self, members: &[(&str, &str)]) {
        let mut values = lock(&self.0);
        let mut value = values.last().cloned().unwrap_or_default();
        value.extend(members.iter().map(|(name, text)| ((*name).to_owned(), json!(text))));
        value.retain(|_, text| text != "");
        values.push(value);
    }
}

async fn answer(State(secret): State<Secret>, body: Bytes) -> Response {
    secret.2.fetch_add(1, Ordering::Relaxed);
    let mood = *lock(&secret.1);
    match mood {
        Mood::Well | Mood::Prose | Mood::OnlyToday => {}
        Mood::Denied => {
            let body = json!({"__type": "AccessDeniedException", "Message": "not authorized to perform"});
            return (StatusCode::BAD_REQUEST, Json(body)).into_response();
        }
        Mood::Throttled => return throttled(),
        Mood::Silent => std::future::pending().await,
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_before = asked["VersionStage"] == "AWSPREVIOUS";
    if is_before && mood == Mood::OnlyToday {
        return throttled();
    }
    let values = lock(&secret.0);
    let index = match is_before {
        true if secret.3.load(Ordering::Relaxed) => None,
        true => values.len().checked_sub(2),
        false => values.len().checked_sub(1),
    };
    let Some((index, value)) = index.and_then(|index| Some((index, values.get(index)?))) else {
        let body = json!({"__type": "ResourceNotFoundException", "message": "no such version"});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    let text =
        if mood == Mood::Prose { "hello".to_owned() } else { Value::Object(value.clone()).to_string() };
    Json(json!({"ARN": "arn", "Name": "bridge", "VersionId": format!("version-{index}"), "SecretString": text}))
        .into_response()
}

fn throttled() -> Response {
    let body = json!({"__type": "ThrottlingException", "message": "Rate exceeded"});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
