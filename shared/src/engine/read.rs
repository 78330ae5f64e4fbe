//! Reading the instance: the truth about how it stands.

use jiff::Timestamp;

use super::{Engine, EngineError, Step, step};
use crate::{
    approval::{
        Approval, Basis, Decider, Decision, Hint, HintResult, Outcome, Pending, UserId,
        schedule::BELIEVE_EVENT_AFTER,
    },
    dingtalk::{Class, DingTalkError, Ending, InstanceSnapshot},
};

/// DingTalk's code for an instance that is gone.
const NOT_THERE: [&str; 2] = ["processInstanceNotExist", "processInstanceIdError"];

impl Engine {
    pub(super) async fn read(&self, approval: Approval<Pending>) -> Result<Step, EngineError> {
        let read = self.dingtalk().read_instance(&approval.state.instance.id).await;
        let now = self.now();
        let decision = match &read {
            Ok(snapshot) => from_instance(&approval.state, snapshot, now),
            Err(error) => from_event(&approval.state, error, now),
        };
        match (decision, read) {
            (Some(decision), _) => self.decide(approval.decided(decision, now)).await,
            (None, Ok(_)) => step(self.store().commit(approval.still_running(now)).await),
            (None, Err(error)) => {
                tracing::warn!(approval = %approval.record.id, code = error.code, "the instance could not be read");
                step(self.store().commit(approval.read_failed(error.code, now)).await)
            }
        }
    }
}

/// The decision that an ended instance holds.
fn from_instance(pending: &Pending, snapshot: &InstanceSnapshot, now: Timestamp) -> Option<Decision> {
    let outcome = match snapshot.ending? {
        Ending::Agreed => Outcome::Approved,
        Ending::Refused => Outcome::Rejected,
        Ending::Terminated => Outcome::Withdrawn,
    };
    let by = snapshot.decided_by.clone().filter(|_| outcome != Outcome::Withdrawn);
    // The event knows the moment to the millisecond, the instance only the minute.
    let exact = pending.reading.hint.as_ref().and_then(|hint| hint.finished_at);
    Some(Decision {
        outcome,
        at: exact.or(snapshot.finished_at).unwrap_or(now),
        by: by.map(|user_id| decider(pending, user_id)),
        comment: snapshot.remark.clone().filter(|_| outcome != Outcome::Withdrawn),
        basis: Basis::Instance,
    })
}

/// The decision that a signed event holds, where the instance cannot be read for long.
fn from_event(pending: &Pending, error: &DingTalkError, now: Timestamp) -> Option<Decision> {
    let hint = pending.reading.hint.as_ref();
    let gone = NOT_THERE.contains(&error.code.as_str());
    if gone && hint.is_some_and(|hint| hint.result == HintResult::Deleted) {
        return Some(deleted(now));
    }
    let hint = hint?;
    let for_long = error.class == Class::Quota || now.duration_since(hint.received_at) >= BELIEVE_EVENT_AFTER;
    if !for_long {
        return None;
    }
    let outcome = match hint.result {
        HintResult::Agreed => Outcome::Approved,
        HintResult::Refused => Outcome::Rejected,
        HintResult::Terminated => Outcome::Withdrawn,
        HintResult::Deleted => return Some(deleted(now)),
        HintResult::Finished => return None,
    };
    Some(Decision { outcome, at: ended(hint), by: None, comment: None, basis: Basis::SignedEvent })
}

fn ended(hint: &Hint) -> Timestamp {
    hint.finished_at.unwrap_or(hint.received_at)
}

fn deleted(now: Timestamp) -> Decision {
    let comment = Some("the approval instance was deleted in DingTalk".to_owned());
    Decision { outcome: Outcome::Failed, at: now, by: None, comment, basis: Basis::SignedEvent }
}

fn decider(pending: &Pending, user_id: UserId) -> Decider {
    let known = pending.approvers.iter().find(|identity| identity.user_id == user_id);
    Decider { person: known.map(|identity| identity.person.clone()), user_id }
}
