//! **What happens next** to an approval: the one rule, pure, and all of it.

use jiff::Timestamp;

use super::{Approval, Creation, Decided, Pending, Received, State};

/// What is to be done with an approval now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Send a create call: none can be under way.
    Create(Approval<Received>),
    /// A create call's outcome is unknown: look whether the instance exists.
    Reconcile(Approval<Received>),
    /// The source took it back before there was an instance: decide so.
    DecideWithdrawn(Approval<Received>),
    /// The source took it back: terminate the instance.
    Terminate(Approval<Pending>),
    /// Read the instance.
    Read(Approval<Pending>),
    /// Tell the source.
    Deliver(Approval<Decided>),
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Nothing, unless someone asks.
    Rest,
}

/// The next action for `approval` at `now`.
pub fn next_action(approval: Approval, now: Timestamp) -> Next {
    let Some((due_at, step)) = plan(&approval.state) else { return Next::Rest };
    if now < due_at {
        return Next::Wait(due_at);
    }
    let Approval { record, state } = approval;
    match (state, step) {
        (State::Received(state), Step::Create) => Next::Create(Approval { record, state }),
        (State::Received(state), Step::Reconcile) => Next::Reconcile(Approval { record, state }),
        (State::Received(state), _) => Next::DecideWithdrawn(Approval { record, state }),
        (State::Pending(state), Step::Terminate) => Next::Terminate(Approval { record, state }),
        (State::Pending(state), _) => Next::Read(Approval { record, state }),
        (State::Decided(state), _) => Next::Deliver(Approval { record, state }),
        (State::Refused(_) | State::Delivered(_) | State::Parked(_), _) => Next::Rest,
    }
}

impl State {
    /// When the next action is due; `None`: never, unless someone asks. The store's *due* index holds this.
    pub fn due_at(&self) -> Option<Timestamp> {
        plan(self).map(|(due_at, _)| due_at)
    }
}

enum Step {
    Create,
    Reconcile,
    DecideWithdrawn,
    Terminate,
    Read,
    Deliver,
}

/// The next step of a state and when it is due.
fn plan(state: &State) -> Option<(Timestamp, Step)> {
    match state {
        State::Received(Received { creation, withdrawal, .. }) => Some(match (creation, withdrawal) {
            (Creation::Sent { look_at, .. }, _) => (*look_at, Step::Reconcile),
            (Creation::Ready { .. }, Some(asked_at)) => (*asked_at, Step::DecideWithdrawn),
            (Creation::Ready { not_before, .. }, None) => (*not_before, Step::Create),
        }),
        State::Pending(Pending { reading, withdrawal, .. }) => Some(match withdrawal {
            // A reported end goes first: there may be nothing left to terminate. Where its read must wait, the withdrawal
            // does not: DingTalk terminates only what is running.
            Some(withdrawal) if withdrawal.not_before < reading.at => {
                (withdrawal.not_before, Step::Terminate)
            }
            _ => (reading.at, Step::Read),
        }),
        State::Decided(Decided { delivery, .. }) => Some((delivery.next_at, Step::Deliver)),
        State::Refused(_) | State::Delivered(_) | State::Parked(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::approval::{
        ApplyId, ApprovalKey, Basis, Decision, Details, Hint, HintResult, Instance, InstanceId, Origin,
        Outcome, ProcessCode, Record, Request, Source, Tenant, UserId,
        schedule::{CREATE, DELIVER, LEASE, LOOKS, READ_UNASKED, WITHDRAW_AFTER},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn received() -> Approval<Received> {
        let key =
            ApprovalKey { source: Source::Dataphin, tenant: Tenant::new("1"), apply_id: ApplyId::new("2") };
        let request = Request {
            title: "title".into(),
            kind: "AUTH".into(),
            template: None,
            requester: None,
            nodes: Vec::new(),
        };
        let record = Record::of(key, request, "digest".into(), at(0));
        Approval::receive(record, Details::default(), ProcessCode::new("PROC-1"), at(0))
    }

    fn pending() -> Approval<Pending> {
        received().created(instance(), Vec::new(), Origin::Created, None, at(0))
    }

    fn instance() -> Instance {
        Instance {
            id: InstanceId::new("i"),
            process_code: ProcessCode::new("PROC-1"),
            originator: UserId::new("u"),
            created_at: at(0),
        }
    }

    fn hint() -> Hint {
        Hint { result: HintResult::Agreed, finished_at: None, received_at: at(5) }
    }

    fn decided() -> Approval<Decided> {
        let decision = Decision {
            outcome: Outcome::Approved,
            at: at(5),
            by: None,
            comment: None,
            basis: Basis::Instance,
        };
        pending().decided(decision, at(5))
    }

    /// What happens next, in a word, and when.
    fn next(approval: impl Into<Approval>, now: Timestamp) -> (&'static str, i64) {
        let seconds = |moment: Timestamp| moment.duration_since(at(0)).as_secs();
        match next_action(approval.into(), now) {
            Next::Create(_) => ("create", seconds(now)),
            Next::Reconcile(_) => ("reconcile", seconds(now)),
            Next::DecideWithdrawn(_) => ("decide withdrawn", seconds(now)),
            Next::Terminate(_) => ("terminate", seconds(now)),
            Next::Read(_) => ("read", seconds(now)),
            Next::Deliver(_) => ("deliver", seconds(now)),
            Next::Wait(until) => ("wait", seconds(until)),
            Next::Rest => ("rest", 0),
        }
    }

    #[test]
    fn whoever_received_it_creates_and_others_look_only_after_the_lease() {
        let lease = LEASE.as_secs();
        assert_eq!(next(received(), at(1)), ("wait", lease));
        assert_eq!(next(received(), at(lease)), ("reconcile", lease));
    }

    #[test]
    fn another_create_call_comes_only_after_every_look_was_in_vain() {
        let mut approval = received().outcome_unknown("no-answer".into(), at(0));
        let mut now = at(0);
        for wait in LOOKS {
            now += wait;
            assert_eq!(next(approval.clone(), now).0, "reconcile");
            assert_eq!(next(approval.clone(), now - SignedDuration::from_secs(1)).0, "wait");
            approval = approval.looked_in_vain(now);
        }
        assert_eq!(next(approval.clone(), now).0, "wait", "and after a pause that grows");
        now += CREATE[0];
        assert_eq!(next(approval.clone(), now).0, "create");
        assert_eq!(
            next(approval.sending(ProcessCode::new("PROC-1"), now), now).0,
            "wait",
            "one call at a time"
        );
    }

    #[test]
    fn a_withdrawal_before_there_is_an_instance_ends_it_but_not_while_that_is_unknown() {
        let unknown = received().ask_withdrawal(at(1));
        assert_eq!(next(unknown, at(2)).0, "wait");
        let known = received().not_created("busy".into(), at(9), at(1)).ask_withdrawal(at(2));
        assert_eq!(next(known, at(2)).0, "decide withdrawn");
    }

    #[test]
    fn a_pending_approval_is_read_when_its_end_is_reported_and_rarely_otherwise() {
        assert_eq!(next(pending(), at(5)), ("wait", READ_UNASKED[0].as_secs()));
        assert_eq!(next(pending().end_reported("agreed".into(), hint(), at(5)), at(5)).0, "read");
        let contradicted = pending().end_reported("agreed".into(), hint(), at(5)).still_running(at(5));
        assert_eq!(next(contradicted, at(5)), ("wait", 6));
    }

    #[test]
    fn an_event_that_came_before_the_instance_was_known_is_read_at_once() {
        let approval = received().created(instance(), Vec::new(), Origin::Created, Some(hint()), at(7));
        assert_eq!(next(approval, at(7)).0, "read");
    }

    #[test]
    fn a_withdrawal_waits_until_dingtalk_lets_go_and_a_reported_end_goes_first() {
        let approval = pending().ask_withdrawal(at(1));
        assert_eq!(next(approval.clone(), at(1)), ("wait", WITHDRAW_AFTER.as_secs()));
        assert_eq!(next(approval.clone(), at(16)).0, "terminate");
        assert_eq!(next(approval.end_reported("agreed".into(), hint(), at(5)), at(16)).0, "read");
    }

    #[test]
    fn a_withdrawal_that_keeps_failing_is_given_up() {
        let mut approval = pending().ask_withdrawal(at(1));
        while approval.state.withdrawal.is_some() {
            approval = approval.withdrawal_failed("internalError".into(), at(20));
        }
        assert_eq!(next(approval, at(20)), ("wait", READ_UNASKED[0].as_secs()));
    }

    #[test]
    fn whoever_decides_delivers_and_others_only_after_the_lease() {
        assert_eq!(next(decided(), at(5)), ("wait", 5 + LEASE.as_secs()));
        assert_eq!(next(decided(), at(5) + LEASE).0, "deliver");
        let failed = decided().delivery_failed("HTTP 503".into(), Some(at(5) + DELIVER[0]), at(5));
        assert_eq!(next(failed, at(5) + DELIVER[0]).0, "deliver");
    }

    #[test]
    fn what_has_ended_rests_until_an_operator_asks() {
        assert_eq!(next(decided().delivered(false, at(6)), at(9)), ("rest", 0));
        assert_eq!(next(received().refused("code".into(), "message".into(), at(1)), at(9)), ("rest", 0));
        let parked = decided().delivery_failed("HTTP 500".into(), None, at(6));
        assert_eq!(next(parked.clone(), at(9)), ("rest", 0));
        let Approval { record, state: State::Parked(state) } = parked else { panic!("parked") };
        assert_eq!(next(Approval { record, state }.resend(at(9)), at(9)).0, "deliver");
    }
}
