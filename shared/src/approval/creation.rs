//! How far the creation of an instance has come. DingTalk has no idempotency key, so a call without a clear answer is followed by
//! looks for its instance; only complete looks that found nothing allow one more call.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Approval, Decided, Happening, InstanceId, ProcessCode, Received,
    schedule::{self, CREATE, LEASE, LOOK_AGAIN, LookSchedule},
};

/// Create calls of unknown outcome that are made without an operator.
const MAX_UNRESOLVED_CALLS: u32 = 2;
/// So many looks in a row may fail before an operator is asked; looking goes on.
const MAX_FAILED_LOOKS: u32 = 3;

/// How far the creation of an instance has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Creation {
    /// No create call can be under way: it is safe to send one.
    Ready(Ready),
    /// A create call may have been sent and its outcome is not known: look before sending another.
    Sent(Sent),
}

/// A create call is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Not before this moment.
    pub not_before: Timestamp,
    /// Create calls so far.
    pub attempts: u32,
    /// Create calls so far whose outcome stayed unknown.
    #[serde(default)]
    pub unresolved: Unresolved,
    /// Why an operator must decide, if one must.
    #[serde(default)]
    pub needs_operator: Option<NeedsOperator>,
}

/// A create call was announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When it was (about to be) sent.
    pub at: Timestamp,
    /// For which template.
    pub process_code: ProcessCode,
    /// Create calls so far, this one included.
    pub attempts: u32,
    /// When to look whether the instance exists.
    pub look_at: Timestamp,
    /// Complete looks since this call that found no instance.
    pub looks: u32,
    /// Looks in a row that could not be completed.
    pub failed_looks: u32,
    /// Whether whoever sent it may still be waiting for the answer.
    pub under_way: bool,
    /// DingTalk's own words about this call, where it had any.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// Create calls before this one whose outcome stayed unknown.
    #[serde(default)]
    pub unresolved: Unresolved,
    /// Why an operator must decide, if one must.
    #[serde(default)]
    pub needs_operator: Option<NeedsOperator>,
}

/// Create calls for which every look found nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// How many.
    pub calls: u32,
    /// When the first of them was sent: its instance may still show.
    #[serde(default)]
    pub first_at: Option<Timestamp>,
    /// DingTalk's own words about the last of them.
    pub answer: Option<Answer>,
}

/// DingTalk's own words about a create call that leave open whether it was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its code.
    pub code: String,
    /// The reason, for a person.
    pub message: String,
}

/// Why the bridge does not go on by itself: an operator adopts an instance, or has another one created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeedsOperator {
    /// The looks cannot be completed. They go on, rarely.
    CannotLook {
        /// What the last one met.
        code: String,
    },
    /// Two create calls were made, and no instance was found.
    NotFound,
    /// An instance bears the reference and is not what was asked for.
    Mismatch {
        /// The instance.
        instance: InstanceId,
        /// What differs.
        what: String,
    },
    /// Several instances bear the reference.
    SeveralInstances {
        /// The instances.
        instances: Vec<InstanceId>,
    },
    /// An instance bears the id of an approval whose reference has no unguessable part (it is from an older version).
    Unproven {
        /// The instance.
        instance: InstanceId,
    },
}

/// What follows a complete look that found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterLook {
    /// It goes on.
    Open(Approval<Received>),
    /// DingTalk gave the same answer twice, and no instance was found: that is its no.
    Failed(Approval<Decided>),
}

impl Creation {
    pub(super) fn announced(
        attempts: u32,
        process_code: ProcessCode,
        unresolved: Unresolved,
        now: Timestamp,
    ) -> Self {
        Self::Sent(Sent {
            at: now,
            process_code,
            attempts,
            look_at: now + LEASE,
            looks: 0,
            failed_looks: 0,
            under_way: true,
            answer: None,
            unresolved,
            needs_operator: None,
        })
    }

    /// The announced call, if there is one.
    pub fn sent(&self) -> Option<&Sent> {
        match self {
            Self::Sent(sent) => Some(sent),
            Self::Ready(_) => None,
        }
    }

    /// When the first call was sent whose instance may exist; `None`: no such call was made.
    pub fn first_call_at(&self) -> Option<Timestamp> {
        self.unresolved().first_at.or(self.sent().map(|sent| sent.at))
    }

    /// Create calls so far.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Ready(Ready { attempts, .. }) | Self::Sent(Sent { attempts, .. }) => *attempts,
        }
    }

    /// Why an operator must decide, if one must.
    pub fn needs_operator(&self) -> Option<&NeedsOperator> {
        match self {
            Self::Ready(Ready { needs_operator, .. }) | Self::Sent(Sent { needs_operator, .. }) => {
                needs_operator.as_ref()
            }
        }
    }

    fn unresolved(&self) -> &Unresolved {
        match self {
            Self::Ready(Ready { unresolved, .. }) | Self::Sent(Sent { unresolved, .. }) => unresolved,
        }
    }
}

impl NeedsOperator {
    /// The instances that it is about.
    pub fn instances(&self) -> Vec<InstanceId> {
        match self {
            Self::Mismatch { instance, .. } | Self::Unproven { instance } => vec![instance.clone()],
            Self::SeveralInstances { instances } => instances.clone(),
            Self::CannotLook { .. } | Self::NotFound => Vec::new(),
        }
    }

    /// Whether the bridge goes on looking all the same.
    pub fn goes_on_looking(&self) -> bool {
        matches!(self, Self::CannotLook { .. })
    }
}

impl Approval<Received> {
    /// A create call is about to be sent. Commit this first.
    pub fn sending(mut self, process_code: ProcessCode, now: Timestamp) -> Self {
        let (attempt, unresolved) = (self.attempts() + 1, self.state.creation.unresolved().clone());
        self.state.creation = Creation::announced(attempt, process_code, unresolved, now);
        self.noted(Happening::CreateSent { attempt }, now)
    }

    /// The create call was not carried out, for certain.
    pub fn not_created(mut self, code: String, not_before: Timestamp, now: Timestamp) -> Self {
        let (attempts, unresolved) = (self.attempts(), self.state.creation.unresolved().clone());
        // What went by in between, because the bridge was off or its clock was set, is no time of trying.
        let took = self.state.creation.sent().map(|sent| now.duration_since(sent.at)).unwrap_or_default();
        let tried = took.clamp(SignedDuration::ZERO, LEASE) + not_before.duration_since(now);
        self.state.tried_for = self.state.tried_for.saturating_add(tried.max(SignedDuration::ZERO));
        self.state.creation =
            Creation::Ready(Ready { not_before, attempts, unresolved, needs_operator: None });
        self.noted(Happening::CreateFailed { code, retry: true }, now)
    }

    /// The create call may or may not have been carried out. `answer`: DingTalk's own words, where it had any.
    pub fn outcome_unknown(
        mut self,
        code: String,
        answer: Option<Answer>,
        looks: LookSchedule,
        now: Timestamp,
    ) -> Self {
        if let Creation::Sent(sent) = &mut self.state.creation {
            (sent.looks, sent.under_way, sent.answer) = (0, false, answer);
            sent.look_at = now + looks.wait(1).unwrap_or(LEASE);
        }
        self.noted(Happening::OutcomeUnknown { code }, now)
    }

    /// A complete look found no instance.
    pub fn not_found(mut self, looks: LookSchedule, now: Timestamp) -> AfterLook {
        let Creation::Sent(mut sent) = self.state.creation.clone() else { return AfterLook::Open(self) };
        sent.looks += 1;
        (sent.failed_looks, sent.under_way, sent.needs_operator) = (0, false, None);
        let note = Happening::LookedInVain { look: sent.looks };
        if let Some(wait) = looks.wait(sent.looks + 1) {
            sent.look_at = now + wait;
            self.state.creation = Creation::Sent(sent);
            return AfterLook::Open(self.noted(note, now));
        }
        let (calls, first_at) = (sent.unresolved.calls + 1, sent.unresolved.first_at.or(Some(sent.at)));
        if calls < MAX_UNRESOLVED_CALLS {
            self.state.creation = Creation::Ready(Ready {
                not_before: now + schedule::wait_repeating(&CREATE, sent.attempts),
                attempts: sent.attempts,
                unresolved: Unresolved { calls, first_at, answer: sent.answer },
                needs_operator: None,
            });
            return AfterLook::Open(self.noted(note, now));
        }
        let before = sent.unresolved.answer.as_ref().map(|answer| &answer.code);
        if let Some(answer) = sent.answer.clone().filter(|answer| Some(&answer.code) == before) {
            let failed = self.noted(note, now).failed(answer.code, answer.message, now);
            return AfterLook::Failed(failed);
        }
        self.state.creation = Creation::Sent(sent);
        AfterLook::Open(self.noted(note, now).ask_operator(NeedsOperator::NotFound, now))
    }

    /// The look itself failed, or could not be completed.
    pub fn could_not_look(mut self, code: String, now: Timestamp) -> Self {
        let mut asks = false;
        if let Creation::Sent(sent) = &mut self.state.creation {
            (sent.failed_looks, sent.under_way) = (sent.failed_looks + 1, false);
            sent.look_at = now + schedule::wait_repeating(&LOOK_AGAIN, sent.failed_looks);
            asks = sent.failed_looks >= MAX_FAILED_LOOKS && sent.needs_operator.is_none();
        }
        let noted = self.noted(Happening::ReadFailed { code: code.clone() }, now);
        if asks { noted.ask_operator(NeedsOperator::CannotLook { code }, now) } else { noted }
    }

    /// An operator must decide how it goes on.
    pub fn ask_operator(mut self, why: NeedsOperator, now: Timestamp) -> Self {
        match &mut self.state.creation {
            Creation::Sent(sent) => sent.needs_operator = Some(why.clone()),
            Creation::Ready(ready) => ready.needs_operator = Some(why.clone()),
        }
        self.noted(Happening::NeedsOperator { why }, now)
    }

    /// An operator has made sure that there is no instance: another create call.
    pub fn create_again(mut self, now: Timestamp) -> Self {
        let attempts = self.attempts();
        (self.state.created_again_at, self.state.tried_for) = (Some(now), SignedDuration::ZERO);
        let unresolved = Unresolved::default();
        self.state.creation =
            Creation::Ready(Ready { not_before: now, attempts, unresolved, needs_operator: None });
        self.noted(Happening::CreateAgainAsked, now)
    }

    /// Create calls so far.
    pub fn attempts(&self) -> u32 {
        self.state.creation.attempts()
    }
}

/// What an operator reads: why, and what to do.
impl fmt::Display for NeedsOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotLook { code } => write!(
                f,
                "DingTalk's list of instances cannot be read to its end ({code}); looking goes on, more and more rarely. Look in \
                 DingTalk yourself, then `bridge adopt` the instance, or `bridge create-again`"
            ),
            Self::NotFound => write!(
                f,
                "two create calls had no clear answer, and no instance was found. Look in DingTalk, then `bridge adopt` the \
                 instance, or `bridge create-again`"
            ),
            Self::Mismatch { instance, what } => write!(
                f,
                "instance {instance} bears the reference, but {what}. If it is right, `bridge adopt` it; else \
                 `bridge create-again`, and it is ended"
            ),
            Self::SeveralInstances { instances } => {
                let instances: Vec<&str> = instances.iter().map(InstanceId::as_str).collect();
                write!(
                    f,
                    "several instances bear the reference ({}): `bridge adopt` one of them, and the others are ended; or \
                     `bridge create-again`, and all of them are",
                    instances.join(", ")
                )
            }
            Self::Unproven { instance } => write!(
                f,
                "instance {instance} bears the id of this approval, which is from an older version: nothing proves that \
                 the bridge made it. `bridge adopt` it, or `bridge create-again`"
            ),
        }
    }
}
