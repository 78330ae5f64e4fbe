//! Promises of the simulator, kept over real HTTP against a bridge of a few lines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod callbacks;
mod faults;
mod pages;
mod submits;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, redirect::Policy};
use serde_json::{Value, json};
use shared::{
    dingtalk::crypto::{CallbackKeys, Envelope},
    world::{ManualClock, SystemRandom, World},
};

use super::{Profile, Request, Settings, Simulator};

/// A simulated Dataphin, a bridge that answers what it is told to, and a caller that knows the secrets.
struct Scene {
    dataphin: Simulator,
    bridge: Bridge,
    clock: Arc<ManualClock>,
    world: World,
    http: Client,
}

#[derive(Clone, Default)]
struct Bridge(Arc<Mutex<Inner>>);

struct Inner {
    calls: Vec<Call>,
    answer: (u16, String),
}

/// A call that the bridge received.
#[derive(Clone)]
struct Call {
    address: String,
    content_type: String,
    body: Value,
}

impl Default for Inner {
    fn default() -> Self {
        let answer =
            json!({ "success": true, "code": "0", "processInstanceId": "a-1", "checkResult": "success" });
        Self { calls: Vec::new(), answer: (200, answer.to_string()) }
    }
}

impl Bridge {
    fn answers(&self, status: u16, body: &Value) {
        self.0.lock().unwrap().answer = (status, body.to_string());
    }

    fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().calls.clone()
    }

    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn receive(
    State(bridge): State<Bridge>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut inner = bridge.0.lock().unwrap();
    inner.calls.push(Call {
        address: uri.to_string(),
        content_type: headers["content-type"].to_str().unwrap().to_owned(),
        body: serde_json::from_slice(&body).unwrap(),
    });
    (StatusCode::from_u16(inner.answer.0).unwrap(), inner.answer.1.clone())
}

impl Scene {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::starting_at("2026-01-07T08:00:00Z".parse::<Timestamp>().unwrap()));
        let world = World { clock: clock.clone(), random: Arc::new(SystemRandom) };
        let bridge = Bridge::default();
        let dataphin = Simulator::start(world.clone(), settings).await.unwrap();
        dataphin.set_bridge(bridge.listen().await);
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { dataphin, bridge, clock, world, http }
    }

    async fn with_a_request() -> Self {
        let scene = Self::new().await;
        scene.dataphin.file(Request::default().with_id("1223")).await;
        scene
    }

    /// The keys that both sides know.
    fn keys(&self) -> CallbackKeys {
        let settings = self.dataphin.settings();
        CallbackKeys::new(settings.access_token.into(), settings.aes_key.parse().unwrap())
    }

    fn seal(&self, message: &[u8], owner_key: &str) -> Envelope {
        let timestamp = self.world.now().as_millisecond().to_string();
        self.keys().seal(message, owner_key, timestamp, "n0nce123".to_owned(), [7; 16])
    }

    /// Sends an envelope to the callback URL.
    async fn send(&self, envelope: &Envelope) -> reqwest::Result<reqwest::Response> {
        let query = [
            ("signature", &envelope.signature),
            ("timestamp", &envelope.timestamp),
            ("nonce", &envelope.nonce),
        ];
        let body = json!({ "encrypt": envelope.encrypt });
        self.http.post(self.dataphin.callback_url()).query(&query).json(&body).send().await
    }

    /// Tells Dataphin an outcome as its settings want it, and gives status and body of the answer.
    async fn tell(&self, apply_id: &str, result: &str) -> (u16, Value) {
        self.tell_message(&message(apply_id, result)).await
    }

    async fn tell_message(&self, message: &Value) -> (u16, Value) {
        let settings = self.dataphin.settings();
        let response = match settings.profile {
            Profile::Encrypted => self.send(&self.seal(message.to_string().as_bytes(), "")).await,
            profile => {
                let body = self.body(profile, message.to_string().as_bytes());
                self.send_plain(&settings.access_token, &body).await
            }
        };
        answer(response.unwrap()).await
    }

    /// The body of a profile that signs nothing.
    fn body(&self, profile: Profile, message: &[u8]) -> Value {
        let key = self.dataphin.settings().aes_key.parse().unwrap();
        let sealed = profile.bare_aes().map(|cipher| cipher.seal(&key, message, [7; 16]));
        sealed.map_or_else(|| serde_json::from_slice(message).unwrap(), |sealed| json!({ "encrypt": sealed }))
    }

    async fn send_plain(&self, access_token: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
        let timestamp = self.world.now().as_millisecond().to_string();
        let query = [("accessToken", access_token), ("timestamp", &timestamp)];
        self.http.post(self.dataphin.callback_url()).query(&query).json(body).send().await
    }

    fn advance(&self, duration: SignedDuration) {
        self.clock.advance(duration);
    }
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

fn message(apply_id: &str, result: &str) -> Value {
    json!({
        "applyId": apply_id,
        "processInstanceId": "a-1",
        "tenantId": "100000001",
        "type": "finish",
        "result": result,
        "approveUser": { "userId": "300000002", "userSourceId": "emp1002", "userName": "Wang Wei" },
        "comment": "fine",
        "finishTime": "2026-01-07 16:00:00",
    })
}
