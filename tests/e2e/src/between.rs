//! What stands between the bridge and DingTalk: it forwards calls, and changes answers for as long as it is told to.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{Rehearsal, Setting};

const READ: (Method, &str) = (Method::GET, "/v1.0/workflow/processInstances");

/// A proxy in front of DingTalk's new API.
#[derive(Clone, Default)]
pub struct Between(Arc<Inner>);

#[derive(Default)]
struct Inner {
    dingtalk: OnceLock<String>,
    meddling: Mutex<Option<Meddling>>,
    stopped: AtomicUsize,
}

/// What it does to some of the calls.
#[derive(Clone)]
enum Meddling {
    /// Changes the body that a read is answered with.
    ChangeReads(Arc<dyn Fn(Value) -> Value + Send + Sync>),
    /// Does not forward calls whose path ends so, and refuses them with a page of its own.
    Stop(&'static str),
}

impl Between {
    /// A rehearsal whose bridge reaches DingTalk through one.
    pub async fn start(setting: Setting) -> (Rehearsal, Self) {
        let between = Self::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(forward).with_state(between.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        let r = Rehearsal::with(setting.variable("DINGTALK_API_URL", address.leak())).await;
        between.0.dingtalk.set(r.sandbox.dingtalk.url()).expect("it is set once");
        (r, between)
    }

    /// Bodies of reads are changed so from now on.
    pub fn change_reads(&self, change: impl Fn(Value) -> Value + Send + Sync + 'static) {
        self.meddle(Some(Meddling::ChangeReads(Arc::new(change))));
    }

    /// Calls whose path ends so are stopped from now on.
    pub fn stop(&self, path: &'static str) {
        self.meddle(Some(Meddling::Stop(path)));
    }

    /// Nothing is changed or stopped any more.
    pub fn leave(&self) {
        self.meddle(None);
    }

    /// How many calls were stopped.
    pub fn stopped(&self) -> usize {
        self.0.stopped.load(Ordering::Relaxed)
    }

    fn meddle(&self, meddling: Option<Meddling>) {
        *self.0.meddling.lock().unwrap_or_else(PoisonError::into_inner) = meddling;
    }

    fn meddling(&self) -> Option<Meddling> {
        self.0.meddling.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn forward(
    State(Between(inner)): State<Between>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let nowhere = || (StatusCode::BAD_GATEWAY, String::new());
    let meddling = Between(inner.clone()).meddling();
    if let Some(Meddling::Stop(path)) = meddling
        && uri.path().ends_with(path)
    {
        inner.stopped.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::FORBIDDEN, "<html>not allowed from here</html>".to_owned());
    }
    headers.remove("host");
    headers.remove("content-length");
    // The bridge may call before the address is known here.
    let Some(dingtalk) = inner.dingtalk.get() else { return nowhere() };
    let call = reqwest::Client::new().request(method.clone(), format!("{dingtalk}{uri}"));
    let Ok(answer) = call.headers(headers).body(body).send().await else { return nowhere() };
    let status = answer.status();
    let Ok(text) = answer.text().await else { return nowhere() };
    match meddling {
        Some(Meddling::ChangeReads(change)) if (method, uri.path()) == READ => {
            (status, change(serde_json::from_str(&text).unwrap_or_default()).to_string())
        }
        _ => (status, text),
    }
}
