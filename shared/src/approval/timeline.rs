//! What happened to an approval, in order: the answer to "where is my request, on whose desk, and why".

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{InstanceId, NeedsOperator, Outcome, Tenant, UserId};

/// The first entries are always kept: they tell how it began.
pub const KEEP_FIRST: usize = 16;
/// So many entries are kept in all.
const KEEP: usize = 64;

/// An append-only list of what happened; bounded, the middle gives way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    entries: Vec<Entry>,
    /// Entries that gave way.
    #[serde(default)]
    left_out: u32,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// The kinds of things that happen. They name ids and codes, never what was asked or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // Each is explained by its sentence in `Display`.
pub enum Happening {
    Received,
    SubmittedAgain,
    TenantNamed {
        tenant: Tenant,
    },
    CreateSent {
        attempt: u32,
    },
    CreateFailed {
        code: String,
        retry: bool,
    },
    OutcomeUnknown {
        code: String,
    },
    LookedInVain {
        look: u32,
    },
    NeedsOperator {
        why: NeedsOperator,
    },
    CreateAgainAsked,
    AdoptionAsked {
        instance: InstanceId,
    },
    ForeignInstance {
        instance: InstanceId,
    },
    SecondInstance {
        instance: InstanceId,
    },
    SecondInstanceStays {
        instance: InstanceId,
        code: String,
    },
    UnprovenInstance {
        instance: InstanceId,
    },
    SecondInstanceReported {
        instance: InstanceId,
        result: String,
    },
    ApproverLeftOut {
        account: String,
        reason: String,
    },
    OriginatorReplaced {
        account: String,
    },
    FlowOfTemplate {
        selected: usize,
    },
    Countersigned {
        by: UserId,
        others: Vec<UserId>,
    },
    InstanceCreated {
        instance: InstanceId,
    },
    InstanceAdopted {
        instance: InstanceId,
    },
    Refused {
        code: String,
    },
    WithdrawalAsked,
    WithdrawalFailed {
        code: String,
        retry: bool,
    },
    TaskReported {
        user: UserId,
        what: String,
    },
    EndReported {
        result: String,
    },
    ReportContradicted,
    ReadFailed {
        code: String,
    },
    FinishedWithoutResult,
    ReadsPutOff,
    EventDecides,
    Decided {
        outcome: Outcome,
        by: Option<UserId>,
    },
    LateReport {
        result: String,
    },
    DeliveryFailed {
        attempt: u32,
        reason: String,
    },
    Delivered {
        closed_already: bool,
        #[serde(default)]
        said: Option<String>,
    },
    ProbeSent {
        outcome: Outcome,
    },
    ProbeAnswered {
        callbacks: usize,
        answer: String,
    },
    Parked,
    Resent,
}

impl Timeline {
    /// Appends an entry.
    pub fn add(&mut self, at: Timestamp, what: Happening) {
        self.entries.push(Entry { at, what });
        if self.entries.len() > KEEP {
            self.entries.remove(KEEP_FIRST);
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// Keeps so many entries at the beginning and at the end; the middle gives way.
    pub fn shorten(&mut self, first: usize, last: usize) {
        let until = self.entries.len().saturating_sub(last);
        if first < until {
            let gone = self.entries.drain(first..until).len();
            self.left_out = self.left_out.saturating_add(u32::try_from(gone).unwrap_or(u32::MAX));
        }
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether something stands in it.
    pub fn holds(&self, what: &Happening) -> bool {
        self.entries.iter().any(|entry| entry.what == *what)
    }

    /// How many entries gave way.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }
}

impl fmt::Display for Happening {
    #[allow(clippy::too_many_lines)] // A table: one sentence each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = |retry: bool| if retry { "will be tried again" } else { "for good" };
        match self {
            Self::Received => write!(f, "received"),
            Self::SubmittedAgain => write!(f, "submitted again after a refusal"),
            Self::TenantNamed { tenant } => {
                write!(f, "tenant {tenant} named for it: it belongs to that tenant")
            }
            Self::CreateSent { attempt } => {
                write!(f, "asked DingTalk to create the instance (attempt {attempt})")
            }
            Self::CreateFailed { code, retry } => write!(f, "creation failed: {code} ({})", again(*retry)),
            Self::OutcomeUnknown { code } => {
                write!(f, "DingTalk gave no clear answer ({code}): looking before asking again")
            }
            Self::LookedInVain { look } => write!(f, "no instance found (look {look})"),
            Self::NeedsOperator { why } => write!(f, "needs an operator: {why}"),
            Self::CreateAgainAsked => write!(f, "an operator asked to create the instance again"),
            Self::AdoptionAsked { instance } => write!(f, "an operator adopts instance {instance}"),
            Self::ForeignInstance { instance } => {
                write!(
                    f,
                    "instance {instance} bears this approval's id and was not made by the bridge: ignored"
                )
            }
            Self::SecondInstance { instance } => {
                write!(
                    f,
                    "a second instance, {instance}, was found: it does not count, and is to be terminated"
                )
            }
            Self::SecondInstanceStays { instance, code } => {
                write!(
                    f,
                    "the second instance {instance} cannot be terminated ({code}): revoke it in DingTalk"
                )
            }
            Self::UnprovenInstance { instance } => write!(
                f,
                "instance {instance} bears the reference; nothing proves yet that the bridge made it, and that there is no other"
            ),
            Self::SecondInstanceReported { instance, result } => {
                write!(f, "DingTalk reports {result} of the second instance {instance}: it does not count")
            }
            Self::ApproverLeftOut { account, reason } => write!(f, "approver {account} left out: {reason}"),
            Self::OriginatorReplaced { account } => {
                write!(f, "requester {account} is not in DingTalk: the service user originates")
            }
            Self::FlowOfTemplate { selected } => {
                write!(
                    f,
                    "the template's own flow decides; the request's approvers fill {selected} of its nodes"
                )
            }
            Self::Countersigned { by, others } => {
                let others: Vec<&str> = others.iter().map(UserId::as_str).collect();
                write!(f, "{by} had others countersign in DingTalk: {}", others.join(", "))
            }
            Self::InstanceCreated { instance } => write!(f, "instance {instance} created"),
            Self::InstanceAdopted { instance } => {
                write!(f, "instance {instance} found in DingTalk and adopted")
            }
            Self::Refused { code } => write!(f, "refused: {code}"),
            Self::WithdrawalAsked => write!(f, "the source asked to withdraw it"),
            Self::WithdrawalFailed { code, retry } => {
                write!(f, "withdrawal failed: {code} ({})", again(*retry))
            }
            Self::TaskReported { user, what } => write!(f, "DingTalk reports: {user} {what}"),
            Self::EndReported { result } => write!(f, "DingTalk reports the end: {result}"),
            Self::ReportContradicted => write!(f, "the instance does not bear the report out: still running"),
            Self::ReadFailed { code } => write!(f, "the instance could not be read: {code}"),
            Self::FinishedWithoutResult => {
                write!(f, "the instance has finished without a result: nothing is decided by that")
            }
            Self::ReadsPutOff => {
                write!(f, "reading is put off: there were too many reads of the instance, or of all")
            }
            Self::EventDecides => {
                write!(f, "the instance has not told its outcome for long: DingTalk's signed event decides")
            }
            Self::Decided { outcome, by: Some(by) } => write!(f, "decided: {outcome} by {by}"),
            Self::Decided { outcome, by: None } => write!(f, "decided: {outcome}"),
            Self::LateReport { result } => {
                write!(f, "DingTalk reported {result} after the decision: ignored")
            }
            Self::DeliveryFailed { attempt, reason } => {
                write!(f, "delivery attempt {attempt} failed: {reason}")
            }
            Self::Delivered { closed_already: false, .. } => write!(f, "delivered: the source confirmed"),
            Self::Delivered { closed_already: true, said } => {
                write!(f, "delivered: the source had closed it already")?;
                said.as_ref().map_or(Ok(()), |said| write!(f, " ({said})"))
            }
            Self::ProbeSent { outcome } => {
                write!(f, "an operator tells the source {outcome} with `bridge probe`")
            }
            Self::ProbeAnswered { callbacks, answer } => {
                write!(f, "`bridge probe` sent {callbacks} callbacks; the answer: {answer}")
            }
            Self::Parked => write!(f, "parked: an operator must look"),
            Self::Resent => write!(f, "an operator asked to send it again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_timeline_keeps_its_beginning_and_its_end() {
        let mut timeline = Timeline::default();
        for look in 0..200 {
            timeline.add(Timestamp::UNIX_EPOCH, Happening::LookedInVain { look });
        }
        assert_eq!(timeline.entries().len(), KEEP);
        assert_eq!(timeline.left_out(), 136);
        assert_eq!(timeline.entries()[0].what, Happening::LookedInVain { look: 0 });
        assert_eq!(timeline.entries()[KEEP - 1].what, Happening::LookedInVain { look: 199 });
    }
}
