//! Every request with its state and its ledger. Pure: it is told the time and calls nobody.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{
    answer::{Answer, Verb},
    ledger::{Counts, Outcome, RefusedCall, RefusedCalls, Told, Untaken, Verdict},
    record::{Record, RequestState, Withdrawal},
    request::Person,
};

/// How many answers and ledger lines a request keeps; more are counted, not kept.
const LINES_KEPT: usize = 1000;

/// An outcome as it came in, before it is judged.
pub(super) struct Report {
    pub apply_id: String,
    pub tenant_id: Option<String>,
    pub outcome: Outcome,
    pub process_instance_id: Option<String>,
    pub approve_user: Option<Person>,
    pub comment: Option<String>,
    pub message: Value,
}

/// There is no such request.
pub(super) struct Unknown;

struct Entry {
    record: Record,
    /// Whether the bridge ever accepted it.
    taken: bool,
    first_told: watch::Sender<Option<Told>>,
}

/// All requests, by id and in the order of their filing.
#[derive(Default)]
pub(super) struct Books {
    entries: HashMap<String, Entry>,
    order: Vec<String>,
    counts: Counts,
    refused_calls: RefusedCalls,
    lines: u64,
}

impl Books {
    /// Opens a request. One that the bridge has taken keeps its body; the id may be used again, to try the bridge.
    pub fn open(&mut self, apply_id: &str, body: Map<String, Value>, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(apply_id) {
            if !entry.taken {
                entry.record.body = body;
            }
            return;
        }
        let record = Record {
            apply_id: apply_id.to_owned(),
            filed_at: now,
            body,
            state: RequestState::Approving,
            answers: Vec::new(),
            withdrawal: None,
            ledger: Vec::new(),
            untaken: Vec::new(),
        };
        let entry = Entry { record, taken: false, first_told: watch::Sender::new(None) };
        self.entries.insert(apply_id.to_owned(), entry);
        self.order.push(apply_id.to_owned());
        self.counts.requests += 1;
    }

    /// Writes down what the bridge answered to a submit.
    pub fn answered(&mut self, apply_id: &str, answer: Answer) {
        let Some(Entry { record, taken, .. }) = self.entries.get_mut(apply_id) else { return };
        // A request that was taken once stays taken, whatever a repeated submit is answered.
        *taken |= answer.accepted();
        if !record.state.is_final() {
            record.state = if *taken { RequestState::Approving } else { RequestState::SubmitFailed };
        }
        if record.answers.len() < LINES_KEPT {
            record.answers.push(answer);
        }
    }

    /// Withdraws a request: it is revoked at once. Refused, with its state, when it is decided already.
    pub fn withdraw(
        &mut self,
        apply_id: &str,
        verb: Option<Verb>,
        now: Timestamp,
    ) -> Result<&Record, Option<RequestState>> {
        let Entry { record, .. } = self.entries.get_mut(apply_id).ok_or(None)?;
        if record.state.is_final() {
            return Err(Some(record.state));
        }
        record.state = RequestState::Revoked;
        record.withdrawal = Some(Withdrawal { at: now, verb, answer: None });
        Ok(record)
    }

    /// Writes down what the bridge answered to a withdrawal.
    pub fn withdrawal_answered(&mut self, apply_id: &str, answer: Answer) {
        let entry = self.entries.get_mut(apply_id);
        if let Some(withdrawal) = entry.and_then(|entry| entry.record.withdrawal.as_mut()) {
            withdrawal.answer = Some(answer);
        }
    }

    /// Judges an outcome and writes it down.
    pub fn tell(&mut self, report: Report, now: Timestamp) -> Result<Verdict, Unknown> {
        let entry = concerned(&mut self.entries, &report).ok_or(Unknown)?;
        let record = &mut entry.record;
        let verdict = record.judge(report.outcome);
        if verdict == Verdict::Accepted {
            record.state = report.outcome.into();
        }
        self.counts.add(verdict);
        self.lines += 1;
        let told = Told {
            number: self.lines,
            apply_id: report.apply_id,
            at: now,
            outcome: report.outcome,
            verdict,
            process_instance_id: report.process_instance_id,
            approve_user: report.approve_user,
            comment: report.comment,
            message: report.message,
        };
        if record.ledger.is_empty() {
            entry.first_told.send_replace(Some(told.clone()));
        }
        if record.ledger.len() < LINES_KEPT {
            record.ledger.push(told);
        }
        Ok(verdict)
    }

    /// Notes an outcome that a fault kept from being taken, if it is of a request that there is.
    pub fn untaken(&mut self, report: Report, status: Option<u16>, reason: &str, now: Timestamp) {
        let Some(Entry { record, .. }) = concerned(&mut self.entries, &report) else { return };
        if record.untaken.len() < LINES_KEPT {
            record.untaken.push(Untaken {
                at: now,
                outcome: report.outcome,
                status,
                reason: reason.to_owned(),
                approve_user: report.approve_user,
                comment: report.comment,
            });
        }
    }

    /// Notes a call that was refused before it reached a ledger.
    pub fn refused(&mut self, call: RefusedCall) {
        self.counts.refused_calls += 1;
        self.refused_calls.add(call);
    }

    pub fn contains(&self, apply_id: &str) -> bool {
        self.entries.contains_key(apply_id)
    }

    pub fn record(&self, apply_id: &str) -> Option<&Record> {
        self.entries.get(apply_id).map(|entry| &entry.record)
    }

    /// All records, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Record> {
        self.order.iter().rev().filter_map(|apply_id| self.record(apply_id))
    }

    /// Where the first outcome of a request will be seen.
    pub fn first_told(&self, apply_id: &str) -> Option<watch::Receiver<Option<Told>>> {
        Some(self.entries.get(apply_id)?.first_told.subscribe())
    }

    /// Everything this Dataphin was told, in order.
    pub fn ledger(&self) -> Vec<Told> {
        let mut lines: Vec<_> =
            self.newest_first().flat_map(|record| record.ledger.iter().cloned()).collect();
        lines.sort_unstable_by_key(|told| told.number);
        lines
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn refused_calls(&self) -> Vec<RefusedCall> {
        self.refused_calls.list()
    }
}

/// The request that a report is of. The same id in another tenant is another request; a request may have been filed
/// without a tenant.
fn concerned<'a>(entries: &'a mut HashMap<String, Entry>, report: &Report) -> Option<&'a mut Entry> {
    let entry = entries.get_mut(&report.apply_id)?;
    let tenant = entry.record.text("tenantId");
    let told = report.tenant_id.as_deref().unwrap_or_default();
    (told.is_empty() || tenant.is_empty() || told == tenant).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn answer(status: u16) -> Answer {
        let body = format!(r#"{{"success":{}}}"#, status == 200);
        Answer { status: Some(status), body, sent_at: NOW, answered_at: NOW }
    }

    fn books() -> Books {
        let mut books = Books::default();
        books.open("1", Map::new(), NOW);
        books
    }

    fn tell(books: &mut Books, outcome: Outcome) -> Option<Verdict> {
        let report = Report {
            apply_id: "1".to_owned(),
            tenant_id: None,
            outcome,
            process_instance_id: None,
            approve_user: None,
            comment: None,
            message: Value::Null,
        };
        books.tell(report, NOW).ok()
    }

    fn state(books: &Books) -> RequestState {
        books.record("1").unwrap().state
    }

    #[test]
    fn the_first_outcome_holds_and_every_other_is_a_repeat_or_a_contradiction() {
        let mut books = books();
        assert_eq!(tell(&mut books, Outcome::Rejected), Some(Verdict::Accepted));
        assert_eq!(tell(&mut books, Outcome::Rejected), Some(Verdict::Repeat));
        assert_eq!(tell(&mut books, Outcome::Approved), Some(Verdict::Contradiction));
        assert_eq!(state(&books), RequestState::Rejected);
        assert_eq!(books.counts().contradictions, 1);
    }

    #[test]
    fn a_request_withdrawn_in_dataphin_stays_revoked_whatever_it_is_told() {
        for (outcome, verdict) in [(Outcome::Withdrawn, Verdict::Repeat), (Outcome::Approved, Verdict::Late)]
        {
            let mut books = books();
            assert!(books.withdraw("1", None, NOW).is_ok());
            assert_eq!(tell(&mut books, outcome), Some(verdict));
            assert_eq!(state(&books), RequestState::Revoked);
            assert_eq!(books.counts().contradictions, 0);
        }
    }

    #[test]
    fn a_decided_request_cannot_be_withdrawn() {
        let mut books = books();
        tell(&mut books, Outcome::Approved);
        assert_eq!(books.withdraw("1", None, NOW).err(), Some(Some(RequestState::Approved)));
    }

    #[test]
    fn a_request_that_was_taken_once_stays_taken() {
        let mut books = books();
        books.answered("1", answer(503));
        assert_eq!(state(&books), RequestState::SubmitFailed);
        books.answered("1", answer(200));
        books.answered("1", answer(409));
        assert_eq!(state(&books), RequestState::Approving);
    }
}
