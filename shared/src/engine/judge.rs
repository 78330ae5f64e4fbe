//! What a read means for a pending approval: pure, and the one place where DingTalk's word becomes a decision.
//!
//! | DingTalk says | then |
//! |---|---|
//! | COMPLETED and `agree` or `refuse`, TERMINATED | that is the decision |
//! | anything else about a running instance | it is still running, whatever an event said |
//! | COMPLETED without a result, or no readable answer for [`BELIEVE_EVENT_AFTER`] | an event's *refused*, *terminated* or *deleted* decides; its *agreed* only where an operator has chosen so |
//! | there is no such instance | it was deleted, if an event says so, or if it is old and no event speaks of an agreement |

use jiff::Timestamp;

use crate::{
    approval::{
        Approval, Basis, Decider, Decision, Happening, Hint, HintResult, Outcome, Pending, UserId,
        schedule::{BELIEVE_EVENT_AFTER, GONE_FOR_GOOD},
    },
    dingtalk::{Class, DingTalkError, Ending, InstanceSnapshot},
};

/// DingTalk's codes for an instance that is gone.
const NOT_THERE: [&str; 2] = ["processInstanceNotExist", "processInstanceIdError"];

/// How an instance was read.
pub(super) type Read = Result<InstanceSnapshot, DingTalkError>;

/// What a read means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is decided.
    Decided(Decision),
    /// People are still at it.
    Running,
    /// It has ended and does not say how.
    NoResult,
    /// It could not be read.
    Failed(String),
    /// It could not be read, and will not be soon: the month's paid calls are used up.
    Refused(String),
    /// The call was not made.
    NotMade,
}

/// What `read` means for `pending`. `event_may_approve`: whether an operator has chosen that a signed event may.
pub(super) fn judge(pending: &Pending, read: &Read, event_may_approve: bool, now: Timestamp) -> Finding {
    let by_event = || from_event(pending, event_may_approve, now);
    match read {
        Ok(snapshot) => match (snapshot.ending, from_instance(pending, snapshot, now)) {
            (None, _) => Finding::Running,
            (_, Some(decision)) => Finding::Decided(decision),
            (_, None) => by_event().map_or(Finding::NoResult, Finding::Decided),
        },
        Err(error) if error.is_busy() => Finding::NotMade,
        Err(error) => {
            let gone = if is_not_there(error) { gone(pending, now) } else { None };
            match gone.or_else(by_event) {
                Some(decision) => Finding::Decided(decision),
                None if error.class == Class::Quota => Finding::Refused(error.code.clone()),
                None => Finding::Failed(error.code.clone()),
            }
        }
    }
}

/// Where the approval goes by a finding: on to its decision, or on waiting.
pub(super) fn wait_on(approval: Approval<Pending>, finding: Finding, now: Timestamp) -> Approval<Pending> {
    match finding {
        Finding::Running => approval.still_running(now),
        Finding::NoResult => approval.finished_without_result(now),
        Finding::Failed(code) => approval.read_failed(code, now),
        Finding::Refused(code) => approval.read_refused(code, now),
        Finding::NotMade | Finding::Decided(_) => approval,
    }
}

/// Notes on what a decision rests, where that is not the instance.
pub(super) fn note_basis(
    approval: Approval<Pending>,
    decision: &Decision,
    now: Timestamp,
) -> Approval<Pending> {
    match decision.basis {
        Basis::SignedEvent => approval.noted(Happening::EventDecides, now),
        Basis::Instance | Basis::SourceWithdrew | Basis::Bridge => approval,
    }
}

/// DingTalk's own word, not a proxy's.
pub(super) fn is_not_there(error: &DingTalkError) -> bool {
    error.class == Class::Permanent && NOT_THERE.contains(&error.code.as_str())
}

/// The decision that an ended instance holds; `None` where it does not say how it ended.
fn from_instance(pending: &Pending, snapshot: &InstanceSnapshot, now: Timestamp) -> Option<Decision> {
    let outcome = match snapshot.ending? {
        Ending::Agreed => Outcome::Approved,
        Ending::Refused => Outcome::Rejected,
        Ending::Terminated => Outcome::Withdrawn,
        Ending::Unclear => return None,
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

/// The decision about an instance of which DingTalk says that it is not there.
fn gone(pending: &Pending, now: Timestamp) -> Option<Decision> {
    let withdrawn = pending.withdrawal.as_ref().is_some_and(|withdrawal| withdrawal.not_there);
    let for_long = pending.reading.problem.as_ref().is_some_and(|problem| problem.is_long(now));
    let old = for_long && now.duration_since(pending.instance.created_at) >= GONE_FOR_GOOD;
    match pending.reading.hint.as_ref().map(|hint| hint.result) {
        Some(HintResult::Deleted) => Some(deleted(now)),
        _ if withdrawn => Some(Decision {
            outcome: Outcome::Withdrawn,
            at: now,
            by: None,
            comment: None,
            basis: Basis::Instance,
        }),
        // Someone may have agreed before it was deleted: an operator must look.
        Some(HintResult::Agreed) => None,
        _ => old.then(|| deleted(now)),
    }
}

/// What the signed event decides by itself, when no read has told anything for long.
fn from_event(pending: &Pending, event_may_approve: bool, now: Timestamp) -> Option<Decision> {
    let hint = pending.reading.hint.as_ref()?;
    let problem = pending.reading.problem.as_ref()?;
    if !problem.is_long(now) || now.duration_since(hint.received_at) < BELIEVE_EVENT_AFTER {
        return None;
    }
    match hint.result {
        HintResult::Agreed if event_may_approve => Some(signed(hint, Outcome::Approved)),
        HintResult::Refused => Some(signed(hint, Outcome::Rejected)),
        HintResult::Terminated => Some(signed(hint, Outcome::Withdrawn)),
        HintResult::Deleted => Some(Decision { basis: Basis::SignedEvent, ..deleted(now) }),
        HintResult::Agreed | HintResult::Finished => None,
    }
}

fn signed(hint: &Hint, outcome: Outcome) -> Decision {
    let at = hint.finished_at.unwrap_or(hint.received_at);
    Decision { outcome, at, by: None, comment: None, basis: Basis::SignedEvent }
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

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
