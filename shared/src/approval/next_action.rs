//! **What happens next** to an approval: the one rule, pure, and all of it.

use jiff::Timestamp;

use super::{Approval, Creation, Decided, NeedsOperator, Pending, Ready, Received, Sent, State};

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
        State::Received(Received { creation, withdrawal, .. }) => match (creation, withdrawal) {
            (Creation::Sent(Sent { look_at, .. }), _) => {
                let looks = creation.needs_operator().is_none_or(NeedsOperator::goes_on_looking);
                looks.then_some((*look_at, Step::Reconcile))
            }
            (Creation::Ready(_), _) if creation.needs_operator().is_some() => None,
            (Creation::Ready(_), Some(asked_at)) => Some((*asked_at, Step::DecideWithdrawn)),
            (Creation::Ready(Ready { not_before, .. }), None) => Some((*not_before, Step::Create)),
        },
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
        AfterLook, Answer, ApplyId, ApprovalKey, Basis, Decision, Hint, HintResult, Instance, InstanceId,
        Origin, Outcome, ProcessCode, Record, Request, Source, Status, Tenant, UserId,
        schedule::{CREATE, DELIVER, LEASE, LOOKS, LookSchedule, READ_UNASKED, WITHDRAW_AFTER},
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
        Approval::receive(record, ProcessCode::new("PROC-1"), at(0))
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

    /// Looks that all are complete and find nothing, up to the last.
    fn looked_for(approval: Approval<Received>, mut now: Timestamp) -> (AfterLook, Timestamp) {
        let mut after = AfterLook::Open(approval);
        for wait in LOOKS {
            let AfterLook::Open(approval) = after else { panic!("it goes on") };
            now += wait;
            assert_eq!(next(approval.clone(), now - SignedDuration::from_secs(1)).0, "wait");
            assert_eq!(next(approval.clone(), now).0, "reconcile");
            after = approval.not_found(LookSchedule::DEFAULT, now);
        }
        (after, now)
    }

    fn unknown(approval: Approval<Received>, words: Option<&str>, now: Timestamp) -> Approval<Received> {
        let answer = words.map(|code| Answer { code: code.into(), message: "words".into() });
        approval.outcome_unknown("unclear".into(), answer, LookSchedule::DEFAULT, now)
    }

    fn open(after: AfterLook) -> Approval<Received> {
        let AfterLook::Open(approval) = after else { panic!("decided") };
        approval
    }

    #[test]
    fn another_create_call_comes_only_after_every_look_found_nothing() {
        let (after, mut now) = looked_for(unknown(received(), None, at(0)), at(0));
        let approval = open(after);
        assert_eq!(now, at(600), "ten minutes");
        assert_eq!(next(approval.clone(), now).0, "wait", "and after a pause that grows");
        now += CREATE[0];
        assert_eq!(next(approval.clone(), now).0, "create");
        let sent = approval.sending(ProcessCode::new("PROC-1"), now);
        assert_eq!(next(sent.clone(), now).0, "wait", "one call at a time");
        let (after, now) = looked_for(unknown(sent, None, now), now);
        let approval = open(after);
        assert_eq!(approval.state.creation.needs_operator(), Some(&NeedsOperator::NotFound));
        assert_eq!(next(approval.clone(), now + SignedDuration::from_hours(99)).0, "rest");
        assert_eq!(approval.clone().into_any().state.status(), Status::NeedsOperator);
        assert_eq!(next(approval.create_again(now), now).0, "create");
    }

    #[test]
    fn the_same_answer_to_two_calls_that_made_no_instance_is_a_no() {
        for (first, second, is_no) in [
            (Some("internalError"), Some("internalError"), true),
            (Some("internalError"), Some("other"), false),
            (None, Some("internalError"), false),
            (Some("internalError"), None, false),
        ] {
            let (after, now) = looked_for(unknown(received(), first, at(0)), at(0));
            let sent = open(after).sending(ProcessCode::new("PROC-1"), now);
            match looked_for(unknown(sent, second, now), now).0 {
                AfterLook::Failed(approval) => {
                    assert!(is_no);
                    assert_eq!(approval.state.decision.comment.as_deref(), Some("words"));
                }
                AfterLook::Open(approval) => {
                    assert!(!is_no);
                    assert!(approval.state.creation.needs_operator().is_some());
                }
            }
        }
    }

    #[test]
    fn a_look_that_could_not_see_counts_for_nothing_and_soon_an_operator_is_asked() {
        let mut approval = unknown(received(), None, at(0));
        let mut now = at(3);
        for _ in 0..3 {
            approval = approval.could_not_look("success-false".into(), now);
            now = approval.state.creation.sent().unwrap().look_at;
            assert_eq!(next(approval.clone(), now).0, "reconcile", "looking goes on");
        }
        let code = "success-false".to_owned();
        assert_eq!(approval.state.creation.needs_operator(), Some(&NeedsOperator::CannotLook { code }));
        for _ in 0..100 {
            approval = approval.could_not_look("success-false".into(), now);
            assert_eq!(next(approval.clone(), now + SignedDuration::from_mins(59)).0, "wait", "once an hour");
        }
        let approval = open(approval.not_found(LookSchedule::DEFAULT, now));
        assert_eq!(approval.state.creation.sent().unwrap().looks, 1, "the first complete look");
        assert_eq!(approval.state.creation.needs_operator(), None);
    }

    #[test]
    fn a_mismatch_waits_for_an_operator_and_nothing_else_happens() {
        let instance = InstanceId::new("i");
        for why in [
            NeedsOperator::Mismatch { instance: instance.clone(), what: "x".into() },
            NeedsOperator::SeveralInstances { instances: vec![instance.clone()] },
            NeedsOperator::Unproven { instance },
        ] {
            let approval = received().ask_operator(why, at(1)).ask_withdrawal(at(2));
            assert_eq!(next(approval, at(1_000_000)), ("rest", 0));
        }
    }

    #[test]
    fn looks_take_as_long_as_they_are_set_to() {
        let short = LookSchedule::taking(SignedDuration::from_secs(10));
        let waits: Vec<i128> = (1..=5).filter_map(|n| short.wait(n)).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [50, 200, 750, 3_000, 6_000]);
        assert_eq!(short.wait(6), None);
    }

    #[test]
    fn a_withdrawal_before_there_is_an_instance_ends_it_but_not_while_that_is_unknown() {
        let in_doubt = received().ask_withdrawal(at(1));
        assert_eq!(next(in_doubt, at(2)).0, "wait");
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
        assert_eq!(next(decided().delivered(at(6)), at(9)), ("rest", 0));
        assert_eq!(next(received().refused("code".into(), "message".into(), at(1)), at(9)), ("rest", 0));
        let parked = decided().delivery_failed("HTTP 500".into(), None, at(6));
        assert_eq!(next(parked.clone(), at(9)), ("rest", 0));
        let Approval { record, state: State::Parked(state) } = parked else { panic!("parked") };
        assert_eq!(next(Approval { record, state }.resend(at(9)), at(9)).0, "deliver");
    }
}
