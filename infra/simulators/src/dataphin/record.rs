//! A request as Dataphin keeps it, and what Dataphin makes of the outcomes it is told.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    answer::{Answer, Verb},
    ledger::{Outcome, Told, Untaken, Verdict},
};

/// Where a request stands, in the words of Dataphin's OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestState {
    /// The bridge did not take it.
    SubmitFailed,
    /// On its way to a decision.
    Approving,
    /// Granted.
    Approved,
    /// Refused.
    Rejected,
    /// Withdrawn.
    Revoked,
}

impl RequestState {
    /// As Dataphin writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SubmitFailed => "SUBMIT_FAILED",
            Self::Approving => "APPROVING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Revoked => "REVOKED",
        }
    }

    /// Whether nothing can change it any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Rejected | Self::Revoked)
    }
}

impl From<Outcome> for RequestState {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Approved => Self::Approved,
            Outcome::Rejected => Self::Rejected,
            Outcome::Withdrawn => Self::Revoked,
        }
    }
}

/// A withdrawal inside Dataphin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    /// When.
    pub at: Timestamp,
    /// By which call the bridge was told; `None` when it was not.
    pub verb: Option<Verb>,
    /// What the bridge answered.
    pub answer: Option<Answer>,
}

/// A request as Dataphin keeps it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its id.
    pub apply_id: String,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// The body that was submitted.
    pub body: Map<String, Value>,
    /// Where it stands.
    pub state: RequestState,
    /// What the bridge answered, in the order of the answers.
    pub answers: Vec<Answer>,
    /// How it was withdrawn in Dataphin, if it was.
    pub withdrawal: Option<Withdrawal>,
    /// What Dataphin was told of it, in order.
    pub ledger: Vec<Told>,
    /// What Dataphin was told of it and did not take, in order.
    pub untaken: Vec<Untaken>,
}

impl Record {
    /// A text of the submitted body, empty when it has none of this name.
    pub fn text(&self, member: &str) -> &str {
        self.body.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// The bridge's id of the approval, from the first answer that took the request.
    pub fn process_instance_id(&self) -> Option<String> {
        self.answers.iter().find(|answer| answer.accepted())?.process_instance_id()
    }

    /// What to make of an outcome that comes now.
    pub(super) fn judge(&self, outcome: Outcome) -> Verdict {
        match (self.ledger.first(), &self.withdrawal) {
            (Some(first), _) if first.outcome == outcome => Verdict::Repeat,
            (Some(_), _) => Verdict::Contradiction,
            (None, Some(_)) if outcome == Outcome::Withdrawn => Verdict::Repeat,
            (None, Some(_)) => Verdict::Late,
            (None, None) => Verdict::Accepted,
        }
    }
}
