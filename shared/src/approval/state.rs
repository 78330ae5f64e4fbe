//! Where an approval stands. Each state is a type that holds only what that state has.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    ApprovalId, ApprovalKey, Creation, Decision, Details, Identity, InstanceId, Nonce, ProcessCode, Reading,
    Reference, Request, Tenant, Timeline, UserId,
};

/// An approval: what never changes about it, and its state.
///
/// `Approval` alone may stand anywhere; `Approval<Pending>` is one that is known to be pending, and only it has the
/// transitions that lead on from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval<S = State> {
    /// What every approval has.
    pub record: Record,
    /// Where it stands.
    pub state: S,
}

/// What every approval has, whatever its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Derived from `key`.
    pub id: ApprovalId,
    /// What makes it one and the same request.
    pub key: ApprovalKey,
    /// SHA-256 of what was asked: tells a repeated submit from another request under the same key.
    pub digest: String,
    /// What was asked, of whom.
    pub request: Request,
    /// When it was received.
    pub received_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What happened to it.
    pub timeline: Timeline,
    /// How often it was committed; 0: never.
    pub version: u64,
    /// The unguessable part of its reference; older versions had none.
    #[serde(default)]
    pub nonce: Option<Nonce>,
    /// The first tenant that was named for it, where its key names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<Tenant>,
}

impl Record {
    /// The record of a request that has just arrived.
    pub fn of(key: ApprovalKey, request: Request, digest: String, now: Timestamp) -> Self {
        Self {
            id: key.id(),
            key,
            digest,
            request,
            received_at: now,
            updated_at: now,
            timeline: Timeline::default(),
            version: 0,
            nonce: None,
            claimed_by: None,
        }
    }

    /// Whose it is; empty where nobody has named a tenant.
    pub fn tenant(&self) -> &Tenant {
        self.claimed_by.as_ref().unwrap_or(&self.key.tenant)
    }

    /// The same with an unguessable part of its reference, if it has none yet.
    pub fn with_nonce(mut self, nonce: Nonce) -> Self {
        self.nonce.get_or_insert(nonce);
        self
    }

    /// What its instance carries in the reference field.
    pub fn reference(&self) -> Reference {
        Reference { approval: self.id.clone(), nonce: self.nonce.clone() }
    }
}

/// The states of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Committed; no instance is known.
    Received(Received),
    /// A permanent no, told while the source was still waiting.
    Refused(Refused),
    /// People have it on their desks.
    Pending(Pending),
    /// Decided; the source has not confirmed that it knows.
    Decided(Decided),
    /// The source knows.
    Delivered(Delivered),
    /// Decided, but the source cannot be told: an operator must look.
    Parked(Parked),
}

/// The name of a state, as operators see and list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// See [`State::Received`].
    Received,
    /// Received, and an operator must decide how its instance is found or made: see [`super::NeedsOperator`].
    NeedsOperator,
    /// See [`State::Refused`].
    Refused,
    /// See [`State::Pending`].
    Pending,
    /// See [`State::Decided`].
    Decided,
    /// See [`State::Delivered`].
    Delivered,
    /// See [`State::Parked`].
    Parked,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Received,
        Self::NeedsOperator,
        Self::Refused,
        Self::Pending,
        Self::Decided,
        Self::Delivered,
        Self::Parked,
    ];

    /// The word in the store, in logs and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::NeedsOperator => "needs-operator",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Decided => "decided",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }
}

impl State {
    /// The state's name.
    pub fn status(&self) -> Status {
        match self {
            Self::Received(received) if received.creation.needs_operator().is_some() => Status::NeedsOperator,
            Self::Received(_) => Status::Received,
            Self::Refused(_) => Status::Refused,
            Self::Pending(_) => Status::Pending,
            Self::Decided(_) => Status::Decided,
            Self::Delivered(_) => Status::Delivered,
            Self::Parked(_) => Status::Parked,
        }
    }

    /// The decision, once there is one.
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Decided(Decided { decision, .. })
            | Self::Delivered(Delivered { decision, .. })
            | Self::Parked(Parked { decision, .. }) => Some(decision),
            Self::Received(_) | Self::Refused(_) | Self::Pending(_) => None,
        }
    }

    /// The DingTalk instance, where one is known.
    pub fn instance(&self) -> Option<&Instance> {
        match self {
            Self::Pending(Pending { instance, .. }) => Some(instance),
            Self::Decided(Decided { instance, .. })
            | Self::Delivered(Delivered { instance, .. })
            | Self::Parked(Parked { instance, .. }) => instance.as_ref(),
            Self::Received(_) | Self::Refused(_) => None,
        }
    }
}

/// Received: to be put before people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// What the form in DingTalk will show. `None`: it is in an item of its own; older approvals have it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// How far the creation of the instance has come.
    pub creation: Creation,
    /// When the source asked to withdraw, if it did.
    pub withdrawal: Option<Timestamp>,
    /// When an operator had it created again, if one did.
    #[serde(default)]
    pub created_again_at: Option<Timestamp>,
    /// How long creating the instance was tried: tries and the waits between them. Time in which the bridge was off does not count.
    #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
    pub tried_for: SignedDuration,
}

impl Received {
    /// An instance is to be created.
    pub(super) fn new(creation: Creation) -> Self {
        let (withdrawal, created_again_at) = (None, None);
        Self { details: None, creation, withdrawal, created_again_at, tried_for: SignedDuration::ZERO }
    }
}

/// Refused while the source was waiting: it got `code` and `message` as the answer to its submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// Stable code of the reason.
    pub code: String,
    /// The reason, for a person.
    pub message: String,
}

/// Pending: an instance exists and people have it on their desks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The instance.
    pub instance: Instance,
    /// The people the source named, as DingTalk knows them.
    pub approvers: Vec<Identity>,
    /// When to look at the instance next, and why.
    pub reading: Reading,
    /// The source's wish to withdraw, if it has one.
    pub withdrawal: Option<Withdrawal>,
}

/// A DingTalk instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// DingTalk's id.
    pub id: InstanceId,
    /// The template it was made from.
    pub process_code: ProcessCode,
    /// In whose name it was made.
    pub originator: UserId,
    /// When the bridge learned of it: at most a moment after DingTalk made it, or later when it was adopted.
    pub created_at: Timestamp,
}

/// How the bridge came to know an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// DingTalk answered its create call.
    Created,
    /// It was found in DingTalk.
    Adopted {
        /// Whether it had ended by then.
        ended: bool,
    },
}

/// What a signed event said about the end of an instance. A hint: the instance itself is the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// What it said.
    pub result: HintResult,
    /// When the instance ended, by DingTalk's clock.
    pub finished_at: Option<Timestamp>,
    /// When the event arrived.
    pub received_at: Timestamp,
}

/// The end that an event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HintResult {
    /// `finish` with `agree`.
    Agreed,
    /// `finish` with `refuse`.
    Refused,
    /// `finish` without a result that is known.
    Finished,
    /// `terminate`: revoked.
    Terminated,
    /// `delete`: removed by an administrator.
    Deleted,
}

impl HintResult {
    /// Whether it says what people decided. No later event takes that back.
    pub fn is_decisive(self) -> bool {
        matches!(self, Self::Agreed | Self::Refused)
    }
}

/// A withdrawal under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// DingTalk refuses to terminate a young instance, so not before this moment.
    pub not_before: Timestamp,
    /// Tries in vain so far.
    pub attempts: u32,
    /// Calls to terminate it that failed for a reason that passes, or with unknown outcome.
    #[serde(default)]
    pub passing_failures: u32,
    /// DingTalk's answer to the last one: there is no such instance. Reading it must say so, too.
    #[serde(default)]
    pub not_there: bool,
}

/// Decided: the source must be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// How it ended.
    pub decision: Decision,
    /// The instance, if there ever was one.
    pub instance: Option<Instance>,
    /// How far telling the source has come.
    pub delivery: Delivery,
}

/// How far telling the source has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Attempts begun.
    pub attempts: u32,
    /// When the next attempt is due. While an attempt is under way this is when someone else may take over.
    pub next_at: Timestamp,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// Delivered: the source knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// How it ended.
    pub decision: Decision,
    /// The instance, if there ever was one.
    pub instance: Option<Instance>,
    /// When the source confirmed.
    pub at: Timestamp,
    /// Whether the source had closed the request already.
    pub closed_already: bool,
}

/// Parked: every attempt to tell the source failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// How it ended.
    pub decision: Decision,
    /// The instance, if there ever was one.
    pub instance: Option<Instance>,
    /// When it was parked.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

macro_rules! state_type {
    ($($state:ident),*) => {$(
        impl From<Approval<$state>> for Approval {
            fn from(approval: Approval<$state>) -> Self {
                Self { record: approval.record, state: State::$state(approval.state) }
            }
        }
    )*};
}
state_type!(Received, Refused, Pending, Decided, Delivered, Parked);
