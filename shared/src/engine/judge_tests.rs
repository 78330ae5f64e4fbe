use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::approval::{
    ApplyId, ApprovalKey, Instance, InstanceId, Next, Origin, ProcessCode, Record, Request, Source, Tenant,
    next_action,
    schedule::{GONE_FOR_GOOD, READ_UNASKED},
};

const START: i64 = 1_800_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

fn pending() -> Approval<Pending> {
    let key = ApprovalKey { source: Source::Dataphin, tenant: Tenant::new("1"), apply_id: ApplyId::new("2") };
    let (title, kind) = ("title".to_owned(), "AUTH".to_owned());
    let request = Request { title, kind, template: None, requester: None, nodes: Vec::new() };
    let record = Record::of(key, request, "digest".into(), at(0));
    let template = ProcessCode::new("PROC-1");
    let instance = Instance {
        id: InstanceId::new("i"),
        process_code: template.clone(),
        originator: UserId::new("u"),
        created_at: at(0),
    };
    Approval::receive(record, template, at(0)).created(instance, Vec::new(), Origin::Created, None, at(0))
}

fn reported(approval: Approval<Pending>, result: HintResult, now: Timestamp) -> Approval<Pending> {
    let hint = Hint { result, finished_at: None, received_at: now };
    approval.end_reported(format!("{result:?}"), hint, now)
}

#[allow(clippy::unnecessary_wraps)] // It stands for a read that succeeded.
fn showing(ending: Option<Ending>) -> Read {
    Ok(InstanceSnapshot {
        ending,
        originator: None,
        decided_by: None,
        remark: None,
        countersigned_by: Vec::new(),
        asked: Vec::new(),
        finished_at: None,
        created_at: None,
        approvers: Vec::new(),
        status: String::new(),
        fields: Vec::new(),
    })
}

fn failing(class: Class, code: &str) -> Read {
    Err(DingTalkError::new(class, code, ""))
}

fn unreadable() -> Read {
    failing(Class::UnknownOutcome, "systemError")
}

fn not_there() -> Read {
    failing(Class::Permanent, "processInstanceNotExist")
}

/// An approval that is read whenever that is due.
struct Course {
    approval: Approval<Pending>,
    decision: Option<Decision>,
    reads: Vec<Timestamp>,
    now: Timestamp,
    event_may_approve: bool,
}

impl Course {
    fn of(approval: Approval<Pending>) -> Self {
        let now = approval.record.updated_at;
        Self { approval, decision: None, reads: Vec::new(), now, event_may_approve: false }
    }

    fn report(&mut self, result: HintResult) {
        self.approval = reported(self.approval.clone(), result, self.now);
    }

    /// Every read until `end` is answered so.
    fn until(&mut self, end: Timestamp, answer: &Read) {
        while self.decision.is_none() {
            match next_action(self.approval.clone().into(), self.now) {
                Next::Wait(due) if due <= end => self.now = due,
                Next::Wait(_) => break,
                Next::Read(approval) => self.read(approval, answer),
                other => panic!("{other:?}"),
            }
        }
        self.now = self.now.max(end);
    }

    fn read(&mut self, approval: Approval<Pending>, answer: &Read) {
        self.reads.push(self.now);
        match judge(&approval.state, answer, self.event_may_approve, self.now) {
            Finding::Decided(decision) => self.decision = Some(decision),
            finding => self.approval = wait_on(approval.read_counted(self.now), finding, self.now),
        }
    }

    fn outcome(&self) -> Option<(Outcome, Basis)> {
        self.decision.as_ref().map(|decision| (decision.outcome, decision.basis))
    }

    fn reads_within(&self, from: i64, until: i64) -> usize {
        self.reads.iter().filter(|read| (at(from)..at(until)).contains(*read)).count()
    }
}

/// What a signed event comes to when every read is answered so for `hours`.
fn event_comes_to(result: HintResult, answer: &Read, hours: i64, event_may_approve: bool) -> Course {
    let mut course = Course { event_may_approve, ..Course::of(pending()) };
    course.until(at(10), answer);
    course.report(result);
    course.until(at(10 + hours * HOUR), answer);
    course
}

#[test]
fn a_signed_event_alone_rejects_or_withdraws_after_half_an_hour_and_never_approves() {
    use HintResult::{Agreed, Deleted, Finished, Refused, Terminated};
    let no_result = showing(Some(Ending::Unclear));
    let quota = failing(Class::Quota, "Forbidden.AccessDenied.ApiCountLimitForOrg");
    let another = failing(Class::Transient, "another-instance");
    for answer in [unreadable(), no_result, quota, another, failing(Class::Permanent, "http-403")] {
        let table = [
            (Agreed, None),
            (Finished, None),
            (Refused, Some((Outcome::Rejected, Basis::SignedEvent))),
            (Terminated, Some((Outcome::Withdrawn, Basis::SignedEvent))),
            (Deleted, Some((Outcome::Failed, Basis::SignedEvent))),
        ];
        for (result, outcome) in table {
            let course = event_comes_to(result, &answer, 30 * 24, false);
            assert_eq!(course.outcome(), outcome, "{result:?}, {answer:?}");
            let decided_after = course.now.duration_since(at(10));
            assert!(outcome.is_none() || decided_after >= BELIEVE_EVENT_AFTER, "{result:?}, {answer:?}");
            let soon = course.reads.last().unwrap().duration_since(at(10)) < SignedDuration::from_mins(40);
            assert!(outcome.is_none() || soon, "{result:?}, {answer:?}: not long after");
        }
    }
}

#[test]
fn a_signed_event_approves_only_where_an_operator_has_chosen_so_and_not_before_half_an_hour() {
    let answer = unreadable();
    let mut course = Course { event_may_approve: true, ..Course::of(pending()) };
    course.report(HintResult::Agreed);
    course.until(at(0) + BELIEVE_EVENT_AFTER - SignedDuration::from_secs(1), &answer);
    assert_eq!(course.outcome(), None);
    course.until(at(HOUR), &answer);
    assert_eq!(course.outcome(), Some((Outcome::Approved, Basis::SignedEvent)));
}

#[test]
fn an_event_that_the_instance_does_not_bear_out_is_not_believed_when_reading_fails_later() {
    let mut course = Course::of(pending());
    course.report(HintResult::Terminated);
    course.until(at(29 * 60), &showing(None));
    course.until(at(40 * 60), &unreadable());
    assert_eq!(course.outcome(), None, "half an hour without an answer has not passed");
}

#[test]
fn an_instance_that_is_not_there_was_deleted_if_an_event_says_so_or_if_it_is_old() {
    let deleted = Some((Outcome::Failed, Basis::Instance));
    assert_eq!(event_comes_to(HintResult::Deleted, &not_there(), 1, false).outcome(), deleted);
    let mut course = Course::of(pending());
    course.until(at(0) + GONE_FOR_GOOD - SignedDuration::from_secs(1), &not_there());
    assert_eq!(course.outcome(), None, "a young one may not show yet");
    course.until(at(3 * DAY), &not_there());
    assert_eq!(course.outcome(), deleted);
    let agreed = event_comes_to(HintResult::Agreed, &not_there(), 30 * 24, false);
    assert_eq!(agreed.outcome(), None, "an operator must look: someone may have agreed");
}

#[test]
fn one_answer_that_it_is_not_there_decides_nothing() {
    let mut course = Course::of(pending());
    course.until(at(2 * DAY), &showing(None));
    course.until(at(3 * DAY), &not_there());
    assert_eq!(course.outcome(), None);
    course.until(at(30 * DAY), &showing(Some(Ending::Agreed)));
    assert_eq!(course.outcome(), Some((Outcome::Approved, Basis::Instance)));
}

#[test]
fn an_end_without_a_result_is_shown_and_read_ever_more_rarely_until_the_result_comes() {
    let mut course = Course::of(pending());
    course.until(at(7 * HOUR), &showing(Some(Ending::Unclear)));
    let problem = course.approval.state.reading.problem.clone().unwrap();
    assert_eq!(problem.code, "finished-without-result");
    assert!(problem.is_long(course.now));
    let noted = |entry: &&crate::approval::Entry| entry.what == Happening::FinishedWithoutResult;
    assert_eq!(course.approval.record.timeline.entries().iter().filter(noted).count(), 1);
    course.until(at(30 * DAY), &showing(Some(Ending::Unclear)));
    assert!(course.reads.len() <= 8 + 30, "{}", course.reads.len());
    course.until(at(32 * DAY), &showing(Some(Ending::Refused)));
    assert_eq!(course.outcome(), Some((Outcome::Rejected, Basis::Instance)));
}

#[test]
fn an_instance_that_cannot_be_read_for_long_costs_few_reads_and_few_that_cannot_wait() {
    let course = event_comes_to(HintResult::Agreed, &unreadable(), 30 * 24, false);
    assert!(course.reads_within(0, DAY) <= 8, "{:?}", course.reads);
    assert!(course.reads.len() <= 8 + 30, "{}", course.reads.len());
    assert!(course.reads_within(0, HOUR) <= 5, "{:?}", course.reads);
    assert!(course.approval.state.reading.unasked, "those after the first hour have an allowance");
    let quota = failing(Class::Quota, "Forbidden.AccessDenied.ApiCountLimitForOrg");
    let course = event_comes_to(HintResult::Agreed, &quota, 24, false);
    assert!(course.reads_within(0, DAY) <= 6, "{:?}", course.reads);
}

#[test]
fn events_that_are_replayed_in_turn_for_ever_cost_no_more_than_the_budget_and_none_is_lost() {
    let mut course = Course::of(pending());
    for minute in 0..3 * 24 * 60 {
        let replayed = if minute % 2 == 0 { HintResult::Agreed } else { HintResult::Terminated };
        course.report(replayed);
        assert_eq!(course.approval.state.reading.hint.as_ref().unwrap().result, replayed);
        course.until(at((minute + 1) * 60), &showing(None));
    }
    for hour in 0..3 * 24 {
        assert!(course.reads_within(hour * HOUR, (hour + 1) * HOUR) <= 8, "hour {hour}");
    }
    for day in 0..3 {
        assert!(course.reads_within(day * DAY, (day + 1) * DAY) <= 16, "day {day}");
    }
    let put_off = |entry: &&crate::approval::Entry| entry.what == Happening::ReadsPutOff;
    let entries = course.approval.record.timeline.entries();
    assert_eq!(entries.iter().filter(put_off).count(), 1, "{entries:?}");
    // Its end is found as soon as the budget allows.
    course.until(at(4 * DAY), &showing(Some(Ending::Agreed)));
    assert_eq!(course.outcome(), Some((Outcome::Approved, Basis::Instance)));
}

#[test]
fn what_nobody_asks_for_is_an_unasked_read_and_what_an_event_asks_for_is_not() {
    let mut course = Course::of(pending());
    assert!(course.approval.state.reading.unasked);
    course.until(at(0) + READ_UNASKED[0], &showing(None));
    assert!(course.approval.state.reading.unasked);
    course.report(HintResult::Finished);
    assert!(!course.approval.state.reading.unasked);
}

#[test]
fn a_withdrawal_of_an_instance_that_is_gone_is_decided_when_both_calls_say_so() {
    let mut course = Course::of(pending().ask_withdrawal(at(1)).nothing_to_terminate(at(20)));
    course.until(at(20), &not_there());
    assert_eq!(course.outcome(), Some((Outcome::Withdrawn, Basis::Instance)));
    let mut course = Course::of(pending().ask_withdrawal(at(1)).nothing_to_terminate(at(20)));
    course.until(at(20), &showing(Some(Ending::Agreed)));
    assert_eq!(course.outcome(), Some((Outcome::Approved, Basis::Instance)), "agreed counts");
}

#[test]
fn after_a_termination_of_unknown_outcome_the_instance_is_read_before_another_call() {
    let mut course = Course::of(pending().ask_withdrawal(at(1)).termination_unknown(at(20)));
    course.until(at(30), &showing(Some(Ending::Agreed)));
    assert_eq!(course.outcome(), Some((Outcome::Approved, Basis::Instance)));
    let mut course = Course::of(pending().ask_withdrawal(at(1)).termination_unknown(at(20)));
    course.until(at(30), &showing(None));
    assert!(matches!(next_action(course.approval.clone().into(), at(90)), Next::Terminate(_)));
}

/// Something that happens to a pending approval.
#[derive(Debug, Clone)]
enum Step {
    Event(HintResult),
    Read(Box<Read>),
    Terminated(bool),
    AskWithdrawal,
    Wait(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    use HintResult::{Agreed, Deleted, Finished, Refused, Terminated};
    let events = prop::sample::select(vec![Agreed, Deleted, Finished, Refused, Terminated]);
    let endings =
        [None, Some(Ending::Agreed), Some(Ending::Refused), Some(Ending::Terminated), Some(Ending::Unclear)];
    let mut reads: Vec<Read> = endings.into_iter().map(showing).collect();
    reads.extend([
        unreadable(),
        not_there(),
        failing(Class::Quota, "q"),
        failing(Class::Transient, "another-instance"),
    ]);
    prop_oneof![
        4 => events.prop_map(Step::Event),
        6 => prop::sample::select(reads).prop_map(|read| Step::Read(Box::new(read))),
        1 => any::<bool>().prop_map(Step::Terminated),
        1 => Just(Step::AskWithdrawal),
        3 => (1..2 * DAY).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Invariant 3: whatever happens in whatever order, an approval is approved by an instance that is COMPLETED and agreed,
    /// or by an event where an operator has chosen so. And what is decided is not read again (invariant 2).
    #[test]
    fn nothing_but_a_completed_and_agreed_instance_approves(
        steps in prop::collection::vec(any_step(), 1..60),
        event_may_approve in any::<bool>(),
    ) {
        let (mut approval, mut now, mut agreed_event) = (pending(), at(0), None);
        for step in steps {
            match step {
                Step::Event(result) => {
                    approval = reported(approval, result, now);
                    if result == HintResult::Agreed {
                        agreed_event = agreed_event.or(Some(now));
                    }
                }
                Step::AskWithdrawal if approval.state.withdrawal.is_none() => {
                    approval = approval.ask_withdrawal(now);
                }
                Step::AskWithdrawal => {}
                Step::Terminated(there) => {
                    approval = if there { approval.termination_unknown(now) } else { approval.nothing_to_terminate(now) };
                }
                Step::Wait(seconds) => now += SignedDuration::from_secs(seconds),
                Step::Read(read) => match judge(&approval.state, &read, event_may_approve, now) {
                    Finding::Decided(decision) => {
                        let by_instance = *read == showing(Some(Ending::Agreed));
                        let by_event = event_may_approve
                            && agreed_event.is_some_and(|event| now.duration_since(event) >= BELIEVE_EVENT_AFTER);
                        prop_assert!(decision.outcome != Outcome::Approved || by_instance || by_event, "{decision:?}");
                        prop_assert_eq!(by_instance, decision.basis == Basis::Instance && decision.outcome == Outcome::Approved);
                        let decided: Approval = approval.decided(decision.clone(), now).into();
                        prop_assert!(!matches!(next_action(decided.clone(), now + SignedDuration::from_hours(9)), Next::Read(_) | Next::Terminate(_)));
                        prop_assert_eq!(decided.state.decision(), Some(&decision));
                        return Ok(());
                    }
                    finding => approval = wait_on(approval.read_counted(now), finding, now),
                },
            }
            let reading = &approval.state.reading;
            prop_assert!(approval.record.timeline.entries().len() <= 64);
            prop_assert_eq!(reading.recent.earliest(reading.at), reading.at, "no read is planned beyond the budget");
        }
    }
}
