//! Reading the instance: the truth about how it stands.

use jiff::Timestamp;

use super::{Engine, EngineError, MOST_TRIES, Step, step};
use crate::{
    approval::{
        Approval, ApprovalId, Basis, Decider, Decision, Happening, Hint, HintResult, Outcome, Pending, State,
        UserId,
        schedule::{BELIEVE_EVENT_AFTER, BUSY, GONE_FOR_GOOD},
    },
    dingtalk::{Class, DingTalkError, Ending, InstanceSnapshot},
    store::Sighting,
};

/// DingTalk's codes for an instance that is gone.
const NOT_THERE: [&str; 2] = ["processInstanceNotExist", "processInstanceIdError"];

type Read = Result<InstanceSnapshot, DingTalkError>;

impl Engine {
    /// Reads the instance once, and commits what it shows. Someone may have changed the approval meanwhile (an event, a
    /// withdrawal): what was read goes into what they left.
    pub(super) async fn read(&self, mut approval: Approval<Pending>) -> Result<Step, EngineError> {
        let place = self.place().await;
        let read = self.dingtalk().read_instance(&approval.state.instance.id).await;
        drop(place);
        if let Err(error) = &read {
            tracing::warn!(approval = %approval.record.id, code = error.code, "the instance could not be read");
        }
        for _ in 0..MOST_TRIES {
            let id = approval.record.id.clone();
            if let Some(committed) = self.commit_read(approval, &read).await? {
                return Ok(Some(committed));
            }
            match self.reload_pending(&id).await? {
                Some(reloaded) => approval = reloaded,
                None => return Ok(None),
            }
        }
        Err(EngineError::Contended)
    }

    /// The approval as it is now, if it is still pending.
    pub(super) async fn reload_pending(
        &self,
        id: &ApprovalId,
    ) -> Result<Option<Approval<Pending>>, EngineError> {
        Ok(match self.store().load(id).await? {
            Some(Approval { record, state: State::Pending(state) }) => Some(Approval { record, state }),
            _ => None,
        })
    }

    async fn commit_read(&self, mut approval: Approval<Pending>, read: &Read) -> Result<Step, EngineError> {
        let now = self.now();
        if let Ok(snapshot) = read {
            approval = note_countersigning(approval, snapshot, now);
        }
        let decision = match read {
            Ok(snapshot) => from_instance(&approval.state, snapshot, now),
            Err(error) => from_event(&approval.state, error, now),
        };
        if let Some(mut decision) = decision {
            let unasked = approval.state.reading.hint.is_none() && approval.state.withdrawal.is_none();
            if let (Ok(snapshot @ InstanceSnapshot { ending: Some(ending), .. }), true) = (read, unasked) {
                let ended_after = snapshot.ended_after(approval.state.instance.created_at);
                self.store().saw(unreported(*ending), &ended_after.to_string()).await;
            }
            self.name_decider(&mut decision).await;
            return self.decide(approval.decided(decision, now)).await;
        }
        let approval = match read {
            Ok(_) => approval.still_running(now),
            Err(error) if error.is_busy() => approval.read_later(now + self.jittered(BUSY)),
            Err(error) => approval.read_failed(error.code.clone(), now),
        };
        step(self.store().commit(approval).await)
    }
}

/// Approvers that were added in DingTalk stand in the timeline, once; the decision is DingTalk's all the same.
fn note_countersigning(
    mut approval: Approval<Pending>,
    snapshot: &InstanceSnapshot,
    now: Timestamp,
) -> Approval<Pending> {
    let known = |user: &&UserId| approval.state.approvers.iter().any(|approver| approver.user_id == **user);
    let others: Vec<UserId> = snapshot.asked.iter().filter(|user| !known(user)).cloned().collect();
    for by in &snapshot.countersigned_by {
        let others = others.iter().filter(|other| *other != by).cloned().collect();
        let note = Happening::Countersigned { by: by.clone(), others };
        if !approval.record.timeline.entries().iter().any(|entry| entry.what == note) {
            approval = approval.noted(note, now);
        }
    }
    approval
}

/// The decision that an ended instance holds.
fn from_instance(pending: &Pending, snapshot: &InstanceSnapshot, now: Timestamp) -> Option<Decision> {
    let hint = pending.reading.hint.as_ref();
    let outcome = match snapshot.ending? {
        Ending::Agreed => Outcome::Approved,
        Ending::Refused => Outcome::Rejected,
        Ending::Terminated => Outcome::Withdrawn,
        // It has ended and does not say how: then a signed event must.
        Ending::Unclear => return hint.filter(|hint| hint.result.is_decisive()).and_then(signed),
    };
    let by = snapshot.decided_by.clone().filter(|_| outcome != Outcome::Withdrawn);
    // The event knows the moment to the millisecond, the instance only the minute.
    let exact = hint.and_then(|hint| hint.finished_at);
    Some(Decision {
        outcome,
        at: exact.or(snapshot.finished_at).unwrap_or(now),
        by: by.map(|user_id| decider(pending, user_id)),
        comment: snapshot.remark.clone().filter(|_| outcome != Outcome::Withdrawn),
        basis: Basis::Instance,
    })
}

/// An end that a look found, and that no event had told.
fn unreported(ending: Ending) -> Sighting {
    match ending {
        Ending::Agreed | Ending::Refused | Ending::Unclear => Sighting::UnreportedFinish,
        Ending::Terminated => Sighting::UnreportedTerminate,
    }
}

/// The decision where the instance cannot be read: it is gone, or a signed event has waited for long.
fn from_event(pending: &Pending, error: &DingTalkError, now: Timestamp) -> Option<Decision> {
    let hint = pending.reading.hint.as_ref();
    if NOT_THERE.contains(&error.code.as_str()) {
        return match hint {
            Some(hint) if hint.result == HintResult::Deleted => Some(deleted(now)),
            Some(hint) if hint.result.is_decisive() => signed(hint),
            _ => {
                let age = now.duration_since(pending.instance.created_at);
                (age >= GONE_FOR_GOOD).then(|| deleted(now))
            }
        };
    }
    let hint = hint?;
    let for_long = error.class == Class::Quota || now.duration_since(hint.received_at) >= BELIEVE_EVENT_AFTER;
    if !for_long {
        return None;
    }
    if hint.result == HintResult::Deleted { Some(deleted(now)) } else { signed(hint) }
}

/// What a signed event says by itself.
fn signed(hint: &Hint) -> Option<Decision> {
    let outcome = match hint.result {
        HintResult::Agreed => Outcome::Approved,
        HintResult::Refused => Outcome::Rejected,
        HintResult::Terminated => Outcome::Withdrawn,
        HintResult::Deleted | HintResult::Finished => return None,
    };
    let at = hint.finished_at.unwrap_or(hint.received_at);
    Some(Decision { outcome, at, by: None, comment: None, basis: Basis::SignedEvent })
}

fn deleted(now: Timestamp) -> Decision {
    let comment = Some("the approval instance was deleted in DingTalk".to_owned());
    Decision { outcome: Outcome::Failed, at: now, by: None, comment, basis: Basis::Instance }
}

fn decider(pending: &Pending, user_id: UserId) -> Decider {
    let known = pending.approvers.iter().find(|identity| identity.user_id == user_id);
    let person = known.map(|identity| identity.person.clone());
    Decider { name: person.as_ref().map(|person| person.name.clone()), person, user_id }
}
