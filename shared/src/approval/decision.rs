//! How an approval ended.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Person, UserId};

/// The end of an approval: what, by whom, when, and on what ground. Once committed it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
    /// Who decided, where a person did.
    pub by: Option<Decider>,
    /// What they wrote, or why the bridge had to decide.
    pub comment: Option<String>,
    /// What the decision rests on.
    pub basis: Basis,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everyone who had to agree agreed.
    Approved,
    /// Someone refused.
    Rejected,
    /// The requester, or the source, took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It could not be put before anyone.
    Failed,
}

impl Outcome {
    /// The word in logs and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The person who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decider {
    /// Who in DingTalk.
    pub user_id: UserId,
    /// Who in the source; unknown for someone DingTalk brought in (a transfer, a countersigner).
    pub person: Option<Person>,
    /// Their name, as far as it is known.
    pub name: Option<String>,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The instance, read from DingTalk, has ended.
    Instance,
    /// DingTalk's signed event, because the instance could not be read for long.
    SignedEvent,
    /// The source withdrew the request before an instance existed.
    SourceWithdrew,
    /// The bridge found that the request can never be put before anyone.
    Bridge,
}
