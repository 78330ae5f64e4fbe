//! What Dataphin receives: the callback with the outcome of a request.
//!
//! What is answered to which call is not published; see section 4 of the protocol notes for what is assumed.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        ConnectInfo, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::dingtalk::crypto::{CallbackKeys, Envelope, Unverified};

use super::{
    books::{Report, Unknown},
    connection::Scissors,
    faults::Fault,
    inner::Dataphin,
    ledger::{Outcome, RefusedCall, Verdict},
    request::Person,
    settings::{InForce, Profile},
};

/// Where the bridge reports.
pub const CALLBACK_PATH: &str = "/api/oa/bpms/integration/thirdparty/callback";
/// The most that a callback's body holds.
pub(super) const BODY_LIMIT: usize = 256 * 1024;
/// How far the caller's clock may be off.
const CLOCK_WINDOW_MS: u64 = 60 * 60 * 1000;

/// What a fault's answers say.
const UNAVAILABLE: &str = "the system is not available";
const BUSY: &str = "the system is busy";

/// The query of both profiles.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CallbackQuery {
    signature: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct EncryptedBody {
    encrypt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    apply_id: String,
    #[serde(rename = "type")]
    event: String,
    result: String,
    process_instance_id: Option<String>,
    tenant_id: Option<String>,
    approve_user: Option<Person>,
    comment: Option<String>,
}

/// Why a callback is answered no.
enum Refusal {
    Unauthentic(&'static str),
    Damaged(&'static str),
    TooLarge,
    NoSuchRequest,
    Finished,
}

/// The handler of [`CALLBACK_PATH`].
pub(super) async fn receive(
    State(dataphin): State<Arc<Dataphin>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    query: Result<Query<CallbackQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let fault = dataphin.state().faults.next_for_callback();
    match fault {
        Some(Fault::Unavailable { retry_after_seconds }) => {
            dataphin.turn_down(query, body, Some(StatusCode::SERVICE_UNAVAILABLE), UNAVAILABLE);
            return unavailable(retry_after_seconds);
        }
        Some(Fault::RefuseWith200) => {
            dataphin.turn_down(query, body, Some(StatusCode::OK), BUSY);
            return (StatusCode::OK, failure("DPN.OA.SystemError", BUSY)).into_response();
        }
        Some(Fault::CloseConnection) => {
            dataphin.turn_down(query, body, None, "the connection was closed");
            return closed(&scissors);
        }
        Some(Fault::Slow { milliseconds }) if !dataphin.wait(milliseconds).await => return closed(&scissors),
        _ => {}
    }
    let answer = match dataphin.take(query, body) {
        Ok(answer) => answer,
        Err(refusal) => refusal.into_response(),
    };
    match fault {
        Some(Fault::CloseAfterWork) => closed(&scissors),
        Some(Fault::HoldAnswer { milliseconds }) if !dataphin.wait(milliseconds).await => closed(&scissors),
        _ => answer,
    }
}

impl Dataphin {
    /// Verifies a callback, writes down what it tells, and answers.
    fn take(
        &self,
        query: Result<Query<CallbackQuery>, QueryRejection>,
        body: Result<Bytes, BytesRejection>,
    ) -> Result<Response, Refusal> {
        let in_force = self.in_force();
        let now = self.world.now();
        let verified = verify(&in_force, query, body, now.as_millisecond()).and_then(|text| read(&text));
        // Nothing waits between reading the settings and writing the ledger but the lock.
        let verdict = verified.and_then(|report| {
            self.state().books.tell(report, now).map_err(|Unknown| Refusal::NoSuchRequest)
        });
        match verdict {
            Ok(Verdict::Accepted) => Ok(self.success(&in_force)),
            Ok(Verdict::Repeat | Verdict::Contradiction | Verdict::Late) => Err(Refusal::Finished),
            Err(refusal) => {
                let (status, _, reason) = refusal.parts();
                let call = RefusedCall { at: now, status: status.as_u16(), reason: reason.to_owned() };
                self.state().books.refused(call);
                Err(refusal)
            }
        }
    }

    /// Writes down a call that a fault keeps from being worked on. Without a status, it gets no answer.
    fn turn_down(
        &self,
        query: Result<Query<CallbackQuery>, QueryRejection>,
        body: Result<Bytes, BytesRejection>,
        status: Option<StatusCode>,
        reason: &str,
    ) {
        let now = self.world.now();
        let status = status.map(|status| status.as_u16());
        // Whoever cannot be verified told nothing, but was refused all the same.
        let report = verify(&self.in_force(), query, body, now.as_millisecond()).and_then(|text| read(&text));
        let mut state = self.state();
        if let Some(status) = status {
            state.books.refused(RefusedCall { at: now, status, reason: reason.to_owned() });
        }
        if let Ok(report) = report {
            state.books.untaken(report, status, reason, now);
        }
    }

    fn success(&self, in_force: &InForce) -> Response {
        if in_force.settings.profile == Profile::Plain || !in_force.settings.encrypted_answer {
            return Json(json!({ "success": true, "code": "0", "message": "success" })).into_response();
        }
        let mut random = [0; 16];
        self.world.random.fill(&mut random);
        let timestamp = self.world.now().as_millisecond().to_string();
        let nonce = self.world.random.letters_and_digits(8);
        let sealed = in_force.keys.seal(b"success", "", timestamp, nonce, random);
        Json(json!({
            "msg_signature": sealed.signature,
            "timeStamp": sealed.timestamp,
            "nonce": sealed.nonce,
            "encrypt": sealed.encrypt,
        }))
        .into_response()
    }
}

/// The message of a callback that proves to come from someone who knows the secrets.
fn verify(
    in_force: &InForce,
    query: Result<Query<CallbackQuery>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
    now_ms: i64,
) -> Result<Vec<u8>, Refusal> {
    let Query(query) = query.map_err(|_| Refusal::Damaged("the query cannot be read"))?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::Damaged("the body cannot be read"),
    })?;
    let timestamp = query.timestamp.clone().ok_or(Refusal::Unauthentic("the timestamp is missing"))?;
    let sent_ms: i64 =
        timestamp.parse().map_err(|_| Refusal::Damaged("the timestamp is not in milliseconds"))?;
    let message = match in_force.settings.profile {
        Profile::Encrypted => open(&in_force.keys, query, timestamp, &body)?,
        Profile::Plain => {
            if query.access_token.as_ref() != Some(&in_force.settings.access_token) {
                return Err(Refusal::Unauthentic("the access token is wrong"));
            }
            body.to_vec()
        }
    };
    if sent_ms.abs_diff(now_ms) > CLOCK_WINDOW_MS {
        return Err(Refusal::Unauthentic("the timestamp is more than an hour off"));
    }
    Ok(message)
}

fn open(
    keys: &CallbackKeys,
    query: CallbackQuery,
    timestamp: String,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let (Some(signature), Some(nonce)) = (query.signature, query.nonce) else {
        return Err(Refusal::Unauthentic("the signature or the nonce is missing"));
    };
    let EncryptedBody { encrypt } =
        serde_json::from_slice(body).map_err(|_| Refusal::Damaged("the body is not {\"encrypt\": \"…\"}"))?;
    let opened =
        keys.open(&Envelope { signature, timestamp, nonce, encrypt }).map_err(
            |unverified| match unverified {
                Unverified::Signature => Refusal::Unauthentic("the signature is wrong"),
                Unverified::Ciphertext => Refusal::Damaged("the ciphertext is damaged"),
                Unverified::Plaintext => Refusal::Damaged("the decrypted text is damaged"),
            },
        )?;
    if !opened.owner_key.is_empty() {
        return Err(Refusal::Unauthentic("the owner key is not empty"));
    }
    Ok(opened.message)
}

/// What a message reports.
fn read(text: &[u8]) -> Result<Report, Refusal> {
    let unreadable = |_| Refusal::Damaged("the message cannot be read");
    let whole: Value = serde_json::from_slice(text).map_err(unreadable)?;
    let message = Message::deserialize(&whole).map_err(unreadable)?;
    if message.event != "finish" {
        return Err(Refusal::Damaged("the message's type is not finish"));
    }
    let outcome = Outcome::of(&message.result).ok_or(Refusal::Damaged("the result word is unknown"))?;
    Ok(Report {
        apply_id: message.apply_id,
        tenant_id: message.tenant_id,
        outcome,
        process_instance_id: message.process_instance_id,
        approve_user: message.approve_user,
        comment: message.comment,
        message: whole,
    })
}

impl Refusal {
    /// Status, code and message of the answer.
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Unauthentic(message) => (StatusCode::UNAUTHORIZED, "DPN.OA.AuthFailed", message),
            Self::Damaged(message) => (StatusCode::BAD_REQUEST, "DPN.OA.BadRequest", message),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "DPN.OA.BadRequest", "the body is larger than 256 KiB")
            }
            Self::NoSuchRequest => {
                (StatusCode::NOT_FOUND, "DPN.OA.ApplyNotExist", "the approval request does not exist")
            }
            Self::Finished => {
                (StatusCode::BAD_REQUEST, "DPN.OA.ApplyFinished", "the approval request is already finished")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        (status, failure(code, message)).into_response()
    }
}

fn failure(code: &str, message: &str) -> Json<Value> {
    Json(json!({ "success": false, "code": code, "message": message }))
}

fn unavailable(retry_after_seconds: u32) -> Response {
    let retry_after = [(RETRY_AFTER, retry_after_seconds.to_string())];
    let body = failure("DPN.OA.SystemError", UNAVAILABLE);
    (StatusCode::SERVICE_UNAVAILABLE, retry_after, body).into_response()
}

/// What is returned never reaches the caller.
fn closed(scissors: &Scissors) -> Response {
    scissors.cut();
    ().into_response()
}
