//! The one way to answer an error: a stable code, a sentence that says what to do, a reference for the log.

use std::future::Future;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

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
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
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

/// The code of the problem that a response tells, for the log.
#[derive(Debug, Clone)]
pub(super) struct ProblemCode(pub String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "success": false,
            "code": self.code,
            "message": self.message,
            "reference": reference(),
        });
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(ProblemCode(self.code));
        if self.status == StatusCode::UNAUTHORIZED {
            response.extensions_mut().insert(NotLetIn);
        }
        // The rest of an oversize or slow body is not read.
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
