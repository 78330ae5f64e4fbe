//! What Dataphin was told, and what it made of it: the evidence that an outcome arrives once in effect.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::Person;

/// How many refused calls are kept; older ones are only counted.
const REFUSED_CALLS_KEPT: usize = 100;

/// An outcome, by the callback's result words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// `agree`
    #[serde(rename = "agree")]
    Approved,
    /// `refuse`
    #[serde(rename = "refuse")]
    Rejected,
    /// `revoke`
    #[serde(rename = "revoke")]
    Withdrawn,
}

impl Outcome {
    /// The outcome that a result word stands for.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected, Self::Withdrawn].into_iter().find(|outcome| outcome.word() == word)
    }

    /// The callback's result word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "agree",
            Self::Rejected => "refuse",
            Self::Withdrawn => "revoke",
        }
    }
}

/// What Dataphin made of an outcome it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The request's first outcome: it holds.
    Accepted,
    /// The same outcome again, or `revoke` for a request that was withdrawn in Dataphin.
    Repeat,
    /// Another outcome than the first one told.
    Contradiction,
    /// A decision for a request that was withdrawn in Dataphin meanwhile: nobody's mistake, and without effect.
    Late,
}

impl Verdict {
    /// The verdict's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeat => "repeat",
            Self::Contradiction => "contradiction",
            Self::Late => "late",
        }
    }
}

/// One line of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Its place among everything this Dataphin was told, from 1.
    pub number: u64,
    /// Of which request.
    pub apply_id: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub outcome: Outcome,
    /// What Dataphin made of it.
    pub verdict: Verdict,
    /// The bridge's own id of the approval, if it was told.
    pub process_instance_id: Option<String>,
    /// Who decided, if it was told.
    pub approve_user: Option<Person>,
    /// What they wrote, if it was told.
    pub comment: Option<String>,
    /// The whole message.
    pub message: Value,
}

/// An outcome that Dataphin was told and, by a fault, did not take: it has no effect on the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Untaken {
    /// When.
    pub at: Timestamp,
    /// What.
    pub outcome: Outcome,
    /// The HTTP status of the answer; `None` when the connection was closed instead.
    pub status: Option<u16>,
    /// What the answer said, or how it failed to come.
    pub reason: String,
    /// Who decided, if it was told.
    pub approve_user: Option<Person>,
    /// What they wrote, if it was told.
    pub comment: Option<String>,
}

/// A call to the callback URL that was refused before it reached any ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedCall {
    /// When.
    pub at: Timestamp,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Why.
    pub reason: String,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Requests filed.
    pub requests: usize,
    /// Outcomes accepted.
    pub accepted: usize,
    /// Outcomes told again.
    pub repeats: usize,
    /// Outcomes that contradict the first one told.
    pub contradictions: usize,
    /// Decisions for requests that were withdrawn in Dataphin.
    pub late: usize,
    /// Calls refused: wrong credentials, damaged, unknown request, unknown word, or by a fault.
    pub refused_calls: usize,
}

impl Counts {
    pub(super) fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Accepted => &mut self.accepted,
            Verdict::Repeat => &mut self.repeats,
            Verdict::Contradiction => &mut self.contradictions,
            Verdict::Late => &mut self.late,
        } += 1;
    }
}

/// The newest refused calls.
#[derive(Default)]
pub(super) struct RefusedCalls(VecDeque<RefusedCall>);

impl RefusedCalls {
    pub fn add(&mut self, call: RefusedCall) {
        if self.0.len() == REFUSED_CALLS_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    pub fn list(&self) -> Vec<RefusedCall> {
        self.0.iter().cloned().collect()
    }
}
