//! A receiver of pushes, as an application would have one, with the mistakes that applications make.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::dingtalk::crypto::{CallbackKeys, Envelope};
use tokio::{net::TcpListener, sync::mpsc};

pub(super) const TOKEN: &str = "tok3n";
pub(super) const AES_KEY: &str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Right,
    Plain,
    LowerCaseKeys,
    ExtraKey,
    WrongOwner,
    WrongSignature,
    NotSuccess,
    Broken,
    Redirect,
    Silent,
}

#[derive(Clone)]
struct Inside {
    manner: Arc<Mutex<Manner>>,
    arrivals: mpsc::UnboundedSender<Value>,
}

pub(super) struct Receiver {
    pub url: String,
    manner: Arc<Mutex<Manner>>,
    arrivals: mpsc::UnboundedReceiver<Value>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback?tenant=1", listener.local_addr().unwrap());
        let (sender, arrivals) = mpsc::unbounded_channel();
        let manner = Arc::new(Mutex::new(Manner::Right));
        let inside = Inside { manner: manner.clone(), arrivals: sender };
        let router = Router::new().fallback(receive).with_state(inside);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, manner, arrivals }
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// The next event that arrives.
    pub async fn next(&mut self) -> Value {
        self.arrivals.recv().await.unwrap()
    }

    /// An event that has arrived already.
    pub fn arrived(&mut self) -> Option<Value> {
        self.arrivals.try_recv().ok()
    }
}

pub(super) fn keys() -> CallbackKeys {
    CallbackKeys::new(SecretString::from(TOKEN), AES_KEY.parse().unwrap())
}

async fn receive(
    State(inside): State<Inside>,
    Query(query): Query<std::collections::HashMap<String, String>>,
    Json(body): Json<Value>,
) -> Response {
    assert_eq!(query["signature"], query["msg_signature"]);
    assert_eq!((query["timestamp"].len(), query["nonce"].len(), query["tenant"].as_str()), (13, 8, "1"));
    let envelope = Envelope {
        signature: query["msg_signature"].clone(),
        timestamp: query["timestamp"].clone(),
        nonce: query["nonce"].clone(),
        encrypt: body["encrypt"].as_str().unwrap().to_owned(),
    };
    let opened = keys().open(&envelope).unwrap();
    let mut event: Value = serde_json::from_slice(&opened.message).unwrap();
    event["ownerKey"] = json!(opened.owner_key);
    inside.arrivals.send(event).unwrap();
    let manner = *inside.manner.lock().unwrap();
    reply(manner, &opened.owner_key).await
}

async fn reply(manner: Manner, owner_key: &str) -> Response {
    let owner_key = if manner == Manner::WrongOwner { "somebody" } else { owner_key };
    let message: &[u8] = if manner == Manner::NotSuccess { b"ok" } else { b"success" };
    let sealed = keys().seal(message, owner_key, "1783610513".into(), "123456".into(), [7; 16]);
    let mut fields = json!({
        "msg_signature": sealed.signature,
        "timeStamp": sealed.timestamp,
        "nonce": sealed.nonce,
        "encrypt": sealed.encrypt,
    });
    match manner {
        Manner::Plain => return "success".into_response(),
        Manner::Broken => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Manner::Redirect => return axum::response::Redirect::temporary("/elsewhere").into_response(),
        Manner::Silent => std::future::pending().await,
        Manner::LowerCaseKeys => {
            let timestamp = fields.as_object_mut().unwrap().remove("timeStamp").unwrap();
            fields["timestamp"] = timestamp;
        }
        Manner::ExtraKey => fields["code"] = json!(0),
        Manner::WrongSignature => fields["nonce"] = json!("654321"),
        _ => {}
    }
    Json(fields).into_response()
}
