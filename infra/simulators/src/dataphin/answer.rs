//! What the bridge answered, and what Dataphin makes of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::RequestState;

/// What the bridge answered to one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The HTTP status; `None` when there was no answer, and the body says why.
    pub status: Option<u16>,
    /// The body, up to 64 KiB.
    pub body: String,
    /// When the call was sent.
    pub sent_at: Timestamp,
    /// When the answer was complete.
    pub answered_at: Timestamp,
}

impl Answer {
    /// Whether Dataphin takes it for a success: a 2xx whose JSON body says `success: true`.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
            && self.json().is_some_and(|body| body["success"] == true)
    }

    /// The bridge's id of the approval.
    pub fn process_instance_id(&self) -> Option<String> {
        Some(self.json()?["processInstanceId"].as_str()?.to_owned())
    }

    /// The body as JSON, if it is any.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}

/// A request that was filed, and how its submit went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filed {
    /// The request's id.
    pub apply_id: String,
    /// What the bridge answered first.
    pub answer: Answer,
    /// What it answered to repetitions, when a fault repeats the submit.
    pub repeats: Vec<Answer>,
}

impl Filed {
    /// The HTTP status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.answer.status
    }

    /// The body of the answer.
    pub fn body(&self) -> &str {
        &self.answer.body
    }
}

/// A connection test, as Dataphin shows it to the administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Whether `checkResult` was exactly `success`.
    pub passed: bool,
    /// What the administrator reads.
    pub message: String,
    /// What the bridge answered.
    pub answer: Answer,
}

/// The call by which a withdrawal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `processinstance/terminate`
    Terminate,
    /// `processinstance/revoke`
    Revoke,
    /// `processinstance/cancel`
    Cancel,
    /// `processinstance/withdraw`
    Withdraw,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Terminate, Self::Revoke, Self::Cancel, Self::Withdraw];

    /// The last part of the path.
    pub fn word(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Revoke => "revoke",
            Self::Cancel => "cancel",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Why a request was not withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWithdrawn {
    /// There is none of this id.
    Unknown,
    /// It is in this final state.
    Finished(RequestState),
}

impl std::error::Error for NotWithdrawn {}

impl std::fmt::Display for NotWithdrawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => f.write_str("the approval request does not exist"),
            Self::Finished(state) => write!(f, "the approval request is already {}", state.word()),
        }
    }
}
