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
    http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    books::{Report, Unknown},
    connection::Scissors,
    faults::{Fault, RawAnswer},
    inner::Dataphin,
    ledger::{Outcome, RefusedCall, Verdict},
    request::Person,
    settings::{InForce, Profile},
    verify::{CallbackQuery, verify},
};

/// Where the bridge reports.
pub const CALLBACK_PATH: &str = "/api/oa/bpms/integration/thirdparty/callback";
/// The most that a callback's body holds.
pub(super) const BODY_LIMIT: usize = 256 * 1024;

/// What a fault's answers say.
const UNAVAILABLE: &str = "the system is not available";
const BUSY: &str = "the system is busy";

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
pub(super) enum Refusal {
    Unauthentic(&'static str),
    Undecipherable(&'static str),
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
    let raw = dataphin.state().faults.next_answer();
    if let Some(answer) = raw {
        return dataphin.answer_raw(answer, query, body);
    }
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
    /// Answers as a test wants it, after work or without.
    fn answer_raw(
        &self,
        answer: RawAnswer,
        query: Result<Query<CallbackQuery>, QueryRejection>,
        body: Result<Bytes, BytesRejection>,
    ) -> Response {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        if answer.works {
            // What it would have answered is not said.
            let _ = self.take(query, body);
        } else {
            self.turn_down(query, body, Some(status), "an answer that was set");
        }
        let mut response = (status, answer.body).into_response();
        response.headers_mut().clear();
        for (name, value) in &answer.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }

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
        let profile = in_force.settings.profile;
        if profile == Profile::Plain || !in_force.settings.encrypted_answer {
            return Json(json!({ "success": true, "code": "0", "message": "success" })).into_response();
        }
        let mut random = [0; 16];
        self.world.random.fill(&mut random);
        if let Some(cipher) = profile.bare_aes() {
            let sealed = cipher.seal(&in_force.key, b"success", random);
            return Json(json!({ "encrypt": sealed })).into_response();
        }
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
            Self::Undecipherable(message) => (StatusCode::BAD_REQUEST, "DPN.OA.DecryptFailed", message),
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
