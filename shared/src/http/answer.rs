//! The one way to answer an error: a stable code, a sentence that says what to do, a reference for the log.

use std::future::Future;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::visible::visible;

tokio::task_local! {
    static REFERENCE: String;
}

/// Runs `work` under a reference: every problem answered in it names that, and so does the log.
pub(super) async fn under_reference<F: Future>(reference: String, work: F) -> F::Output {
    REFERENCE.scope(reference, work).await
}

/// The reference of the request being answered; empty outside of one.
pub fn reference() -> String {
    REFERENCE.try_with(Clone::clone).unwrap_or_default()
}

/// An error as a caller sees it. The detail stays in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, for machines.
    pub code: String,
    /// For the person who reads it: what is wrong and what to do.
    pub message: String,
    /// Why the caller's credential was not believed, for the log.
    wrong_credential: Option<String>,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), wrong_credential: None }
    }

    /// The same, which counts as a guess of its caller's; `reason` is for the log.
    #[must_use]
    pub fn for_wrong_credential(self, reason: impl Into<String>) -> Self {
        Self { wrong_credential: Some(reason.into()), ..self }
    }

    /// Whether its caller's credential was not believed: such are counted, and logged by their number.
    pub fn is_wrong_credential(&self) -> bool {
        self.wrong_credential.is_some()
    }

    /// What marks the response, whatever shape it gets: who was not let in, and who guessed.
    pub fn mark(&self, response: &mut Response) {
        if self.status == StatusCode::UNAUTHORIZED {
            response.extensions_mut().insert(NotLetIn);
        }
        if let Some(reason) = &self.wrong_credential {
            response.extensions_mut().insert(WrongCredential(reason.clone()));
        }
    }

    /// Nothing is served at this address.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "nothing is served at this address")
    }

    /// The address is served, this method is not.
    pub fn method_not_allowed() -> Self {
        let message = "this address does not take this method; the header Allow names those it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", message)
    }

    /// Something of ours failed; the log knows what.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the bridge failed; send the request again, and if that does not help, look up the reference in its log",
        )
    }

    /// The store does not answer.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store-unavailable",
            "the bridge cannot reach its store, so nothing is certain; sending the request again does no harm",
        )
    }
}

/// Marks a response that did not let its caller in, whatever status it bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotLetIn;

/// Marks a response to a wrong credential: why it was not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrongCredential(pub String);

/// Marks a response to a problem that has a shape of its own: how another problem is answered in its stead.
#[derive(Clone)]
pub struct AnsweredAs(pub fn(&Problem) -> Response);

/// The code of the problem that a response tells, for the log.
#[derive(Debug, Clone)]
pub(super) struct ProblemCode(pub String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "success": false,
            "code": self.code,
            "message": visible(&self.message),
            "reference": reference(),
        });
        let mut response = (self.status, Json(body)).into_response();
        self.mark(&mut response);
        response.extensions_mut().insert(ProblemCode(self.code));
        // The rest of an oversize or slow body is not read.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
