//! The JSON surface for scripts, under `/simulator/`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    answer::{Connection, Filed, NotWithdrawn, Verb},
    faults::{Fault, RawAnswer, Times},
    inner::Dataphin,
    record::Record,
    request::Request,
    settings::{Edition, Profile},
};

/// All routes of the surface.
pub(super) fn router() -> Router<Arc<Dataphin>> {
    Router::new()
        .route("/simulator/requests", get(requests).post(file))
        .route("/simulator/requests/{apply_id}", get(request))
        .route("/simulator/requests/{apply_id}/submit", post(submit_again))
        .route("/simulator/requests/{apply_id}/withdraw", post(withdraw))
        .route("/simulator/connect", post(connect))
        .route("/simulator/settings", post(change_settings))
        .route("/simulator/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/simulator/answers", post(set_answer))
        .route("/simulator/ledger", get(ledger))
}

/// A fault for so many calls, or until cleared.
#[derive(Serialize, Deserialize)]
struct FaultSetting {
    #[serde(flatten)]
    fault: Fault,
    /// For how many calls; until cleared when absent.
    calls: Option<u32>,
}

/// An answer to callbacks for so many calls, or until faults are cleared.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct AnswerSetting {
    status: u16,
    headers: Vec<(String, String)>,
    /// As a text.
    body: String,
    /// As bytes, in place of a text.
    bytes: Option<Vec<u8>>,
    /// Whether the callback is worked on all the same.
    works: bool,
    calls: Option<u32>,
}

impl Default for AnswerSetting {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: String::new(), bytes: None, works: false, calls: None }
    }
}

/// Absent means: tell the bridge by `terminate`. `null` means: tell nobody.
#[derive(Deserialize)]
struct WithdrawalOrder {
    #[serde(default = "by_terminate")]
    verb: Option<Verb>,
}

/// What a script changes of the settings; what is absent stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SettingsChange {
    bridge_url: Option<String>,
    access_token: Option<String>,
    aes_key: Option<String>,
    profile: Option<Profile>,
    encrypted_answer: Option<bool>,
    tenant_id: Option<String>,
    edition: Option<Edition>,
    content_type: Option<String>,
}

async fn file(State(dataphin): State<Arc<Dataphin>>, Json(request): Json<Request>) -> Json<Filed> {
    Json(dataphin.file(request).await)
}

async fn requests(State(dataphin): State<Arc<Dataphin>>) -> Json<Vec<Record>> {
    Json(dataphin.state().books.newest_first().cloned().collect())
}

async fn request(State(dataphin): State<Arc<Dataphin>>, Path(apply_id): Path<String>) -> Response {
    let record = dataphin.state().books.record(&apply_id).cloned();
    record.map_or_else(no_such_request, |record| Json(record).into_response())
}

async fn submit_again(State(dataphin): State<Arc<Dataphin>>, Path(apply_id): Path<String>) -> Response {
    let filed = dataphin.submit_again(&apply_id).await;
    filed.map_or_else(no_such_request, |filed| Json(filed).into_response())
}

async fn withdraw(
    State(dataphin): State<Arc<Dataphin>>,
    Path(apply_id): Path<String>,
    order: Option<Json<WithdrawalOrder>>,
) -> Response {
    let verb = order.map_or_else(by_terminate, |Json(order)| order.verb);
    match dataphin.withdraw(&apply_id, verb).await {
        Ok(answer) => Json(json!({ "applyId": apply_id, "answer": answer })).into_response(),
        Err(NotWithdrawn::Unknown) => no_such_request(),
        Err(finished @ NotWithdrawn::Finished(_)) => error(StatusCode::CONFLICT, &finished.to_string()),
    }
}

async fn connect(State(dataphin): State<Arc<Dataphin>>) -> Json<Connection> {
    Json(dataphin.test_connection().await)
}

async fn change_settings(
    State(dataphin): State<Arc<Dataphin>>,
    Json(change): Json<SettingsChange>,
) -> Response {
    let changed = dataphin.change_settings(|settings| {
        settings.bridge_url = change.bridge_url.or(settings.bridge_url.take());
        settings.tenant_id = change.tenant_id.or(settings.tenant_id.take());
        replace(&mut settings.access_token, change.access_token);
        replace(&mut settings.aes_key, change.aes_key);
        replace(&mut settings.profile, change.profile);
        replace(&mut settings.encrypted_answer, change.encrypted_answer);
        replace(&mut settings.edition, change.edition);
        replace(&mut settings.content_type, change.content_type);
    });
    match changed {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(bad) => error(StatusCode::BAD_REQUEST, &bad.to_string()),
    }
}

async fn set_fault(
    State(dataphin): State<Arc<Dataphin>>,
    Json(FaultSetting { fault, calls }): Json<FaultSetting>,
) -> StatusCode {
    dataphin.state().faults.set(fault, calls.map_or(Times::UntilCleared, Times::Next));
    StatusCode::NO_CONTENT
}

async fn set_answer(
    State(dataphin): State<Arc<Dataphin>>,
    Json(AnswerSetting { status, headers, body, bytes, works, calls }): Json<AnswerSetting>,
) -> StatusCode {
    let answer = RawAnswer { status, headers, body: bytes.unwrap_or_else(|| body.into_bytes()), works };
    dataphin.state().faults.set_answer(answer, calls.map_or(Times::UntilCleared, Times::Next));
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(dataphin): State<Arc<Dataphin>>) -> StatusCode {
    dataphin.state().faults.clear();
    StatusCode::NO_CONTENT
}

async fn faults(State(dataphin): State<Arc<Dataphin>>) -> Json<Vec<FaultSetting>> {
    let setting = |(fault, times)| match times {
        Times::Next(calls) => FaultSetting { fault, calls: Some(calls) },
        Times::UntilCleared => FaultSetting { fault, calls: None },
    };
    Json(dataphin.state().faults.list().map(setting).collect())
}

async fn ledger(State(dataphin): State<Arc<Dataphin>>) -> Json<Value> {
    let state = dataphin.state();
    let books = &state.books;
    Json(json!({
        "counts": books.counts(),
        "told": books.ledger(),
        "refusedCalls": books.refused_calls(),
    }))
}

fn replace<T>(setting: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *setting = value;
    }
}

// The shape that serde and the handler ask for.
#[allow(clippy::unnecessary_wraps)]
fn by_terminate() -> Option<Verb> {
    Some(Verb::Terminate)
}

fn no_such_request() -> Response {
    error(StatusCode::NOT_FOUND, &NotWithdrawn::Unknown.to_string())
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
