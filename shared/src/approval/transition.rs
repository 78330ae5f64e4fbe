//! The ways from state to state. There are no others: each takes the approval in the one state it starts from.

use jiff::{SignedDuration, Timestamp};

use super::{
    Approval, Basis, Creation, Decided, Decision, Delivered, Delivery, Happening, Hint, Identity, Instance,
    Origin, Outcome, Parked, Pending, ProcessCode, Reading, Received, Record, Refused, Request, Tenant,
    Unresolved, Withdrawal,
    reading::FINISHED_WITHOUT_RESULT,
    schedule::{
        self, LEASE, READ_AFTER_FAILURE, READ_AFTER_HINT, READ_AFTER_TERMINATE, READ_UNASKED,
        TERMINATE_LATER, URGENT_READS, WITHDRAW, WITHDRAW_AFTER,
    },
};

impl<S> Approval<S> {
    /// Writes into the timeline.
    pub fn noted(mut self, what: Happening, now: Timestamp) -> Self {
        self.record.updated_at = now;
        self.record.timeline.add(now, what);
        self
    }

    /// Binds a request without a tenant to the first one that is named for it.
    pub fn claimed(mut self, tenant: Tenant, now: Timestamp) -> Self {
        self.record.claimed_by = Some(tenant.clone());
        self.noted(Happening::TenantNamed { tenant }, now)
    }

    /// The same approval in another state.
    fn enter<T>(self, state: T) -> Approval<T> {
        Approval { record: self.record, state }
    }
}

impl Approval<Received> {
    /// A request that has just arrived. Whoever commits it first sends the first create call.
    pub fn receive(record: Record, process_code: ProcessCode, now: Timestamp) -> Self {
        let creation = Creation::announced(1, process_code, Unresolved::default(), now);
        Self { record, state: Received::new(creation) }
            .noted(Happening::Received, now)
            .noted(Happening::CreateSent { attempt: 1 }, now)
    }

    /// The instance exists. `hint`: an event about it that came before this was known.
    pub fn created(
        self,
        instance: Instance,
        approvers: Vec<Identity>,
        origin: Origin,
        hint: Option<Hint>,
        now: Timestamp,
    ) -> Approval<Pending> {
        let id = instance.id.clone();
        let (what, ended) = match origin {
            Origin::Created => (Happening::InstanceCreated { instance: id }, false),
            Origin::Adopted { ended } => (Happening::InstanceAdopted { instance: id }, ended),
        };
        let asked = ended || hint.is_some();
        let at = if asked { now } else { now + READ_UNASKED[0] };
        let withdrawal = self.state.withdrawal.map(|_| withdrawal_of(&instance));
        let reading = Reading::first(at, hint, !asked);
        self.enter(Pending { instance, approvers, reading, withdrawal }).noted(what, now)
    }

    /// A permanent no while the source waits for the answer to its submit.
    pub fn refused(self, code: String, message: String, now: Timestamp) -> Approval<Refused> {
        let what = Happening::Refused { code: code.clone() };
        self.enter(Refused { at: now, code, message }).noted(what, now)
    }

    /// A permanent no found out later: the source is told as an outcome.
    pub fn failed(self, code: String, reason: String, now: Timestamp) -> Approval<Decided> {
        let decision = Decision {
            outcome: Outcome::Failed,
            at: now,
            by: None,
            comment: Some(reason),
            basis: Basis::Bridge,
        };
        self.noted(Happening::CreateFailed { code, retry: false }, now).decide(decision, None, now)
    }

    /// The source took it back before there was an instance.
    pub fn withdrawn(self, now: Timestamp) -> Approval<Decided> {
        let decision = Decision {
            outcome: Outcome::Withdrawn,
            at: now,
            by: None,
            comment: None,
            basis: Basis::SourceWithdrew,
        };
        self.decide(decision, None, now)
    }

    /// The source asks to take it back.
    pub fn ask_withdrawal(mut self, now: Timestamp) -> Self {
        self.state.withdrawal = Some(now);
        self.noted(Happening::WithdrawalAsked, now)
    }
}

impl Approval<Refused> {
    /// A request that has just arrived and cannot be put before anybody.
    pub fn turn_away(record: Record, code: &str, message: String, now: Timestamp) -> Self {
        let state = Refused { at: now, code: code.to_owned(), message };
        Self { record, state }
            .noted(Happening::Received, now)
            .noted(Happening::Refused { code: code.to_owned() }, now)
    }

    /// The source submits a refused request again: nothing exists in DingTalk, so it starts anew.
    pub fn submit_again(mut self, digest: String, request: Request, now: Timestamp) -> Self {
        (self.record.digest, self.record.request, self.record.received_at) = (digest, request, now);
        self.noted(Happening::SubmittedAgain, now)
    }

    /// Submitted again, it is taken. Whoever commits it sends the create call.
    pub fn receive_again(self, process_code: ProcessCode, now: Timestamp) -> Approval<Received> {
        let creation = Creation::announced(1, process_code, Unresolved::default(), now);
        self.enter(Received::new(creation)).noted(Happening::CreateSent { attempt: 1 }, now)
    }

    /// Submitted again, it still cannot be put before anybody.
    pub fn turn_away_again(mut self, code: &str, message: String, now: Timestamp) -> Self {
        self.state = Refused { at: now, code: code.to_owned(), message };
        self.noted(Happening::Refused { code: code.to_owned() }, now)
    }
}

impl Approval<Pending> {
    /// DingTalk reports the end of the instance: read it, now or as soon as the budget allows.
    pub fn end_reported(mut self, result: String, hint: Hint, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        (reading.attempts, reading.hint) = (0, Some(hint));
        let put_off = reading.plan(now, false);
        let what = Happening::EndReported { result };
        // What is repeated without end does not push the rest out of the timeline.
        let approval = if put_off { self.noted_first(what, now) } else { self.noted(what, now) };
        approval.noted_if_put_off(put_off, now)
    }

    /// The instance was read and people are still at it.
    pub fn still_running(mut self, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        (reading.attempts, reading.problem) = (reading.attempts + 1, None);
        let (wait, unasked) = match reading.hint {
            Some(_) => (schedule::wait(&READ_AFTER_HINT, reading.attempts), false),
            None => (Some(schedule::wait_repeating(&READ_UNASKED, reading.attempts)), true),
        };
        if let Some(wait) = wait {
            let put_off = reading.plan(now + wait, unasked);
            return self.noted_if_put_off(put_off, now);
        }
        (reading.attempts, reading.hint) = (0, None);
        let put_off = reading.plan(now + READ_UNASKED[0], true);
        self.noted(Happening::ReportContradicted, now).noted_if_put_off(put_off, now)
    }

    /// The instance could not be read.
    pub fn read_failed(mut self, code: String, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        reading.attempts += 1;
        reading.failed(&code, now);
        let (wait, unasked) = match reading.hint {
            Some(_) => after_failure(reading.attempts),
            None => (schedule::wait_repeating(&READ_UNASKED, reading.attempts), true),
        };
        let put_off = reading.plan(now + wait, unasked);
        self.noted(Happening::ReadFailed { code }, now).noted_if_put_off(put_off, now)
    }

    /// The month's paid calls are used up: reading again at once is of no use.
    pub fn read_refused(mut self, code: String, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        reading.attempts = reading.attempts.max(URGENT_READS - 1);
        self.read_failed(code, now)
    }

    /// The instance was read: it has ended and does not say how.
    pub fn finished_without_result(mut self, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        let is_new = reading.failed(FINISHED_WITHOUT_RESULT, now);
        // The result may come soon.
        reading.attempts = if is_new { 1 } else { reading.attempts + 1 };
        let (wait, unasked) = after_failure(reading.attempts);
        let put_off = reading.plan(now + wait, unasked);
        let approval = if is_new { self.noted(Happening::FinishedWithoutResult, now) } else { self };
        approval.noted_if_put_off(put_off, now)
    }

    /// A read is about to be made. Commit this first where reads are repeated.
    pub fn reading(mut self, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        reading.recent.add(now);
        reading.plan(now + LEASE, reading.unasked);
        self.record.updated_at = now;
        self
    }

    /// A read was made that was not announced.
    pub fn read_counted(mut self, at: Timestamp) -> Self {
        self.state.reading.recent.add(at);
        self
    }

    /// The read was not made: too many calls of ours were waiting. `announced`: when it was announced, if it was.
    pub fn read_later(mut self, announced: Option<Timestamp>, at: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        if let Some(announced) = announced {
            reading.recent.take_back(announced);
        }
        reading.at = at;
        self
    }

    /// The day's unasked reads are used up.
    pub fn put_off(mut self, at: Timestamp, now: Timestamp) -> Self {
        self.state.reading.at = at;
        self.noted_if_put_off(true, now)
    }

    /// Someone knows more of the instance than we do: read it now.
    pub fn read_soon(mut self, now: Timestamp) -> Self {
        let put_off = self.state.reading.plan(now, false);
        self.noted_if_put_off(put_off, now)
    }

    fn noted_if_put_off(self, put_off: bool, now: Timestamp) -> Self {
        if put_off { self.noted_first(Happening::ReadsPutOff, now) } else { self }
    }

    /// Notes what is not in the timeline yet.
    fn noted_first(self, what: Happening, now: Timestamp) -> Self {
        let known = self.record.timeline.entries().iter().any(|entry| entry.what == what);
        if known { self } else { self.noted(what, now) }
    }

    /// The call to terminate it failed for a reason that passes: no try is used up.
    pub fn withdraw_later(mut self, now: Timestamp) -> Self {
        if let Some(withdrawal) = &mut self.state.withdrawal {
            withdrawal.passing_failures += 1;
            withdrawal.not_before =
                now + schedule::wait_repeating(&TERMINATE_LATER, withdrawal.passing_failures);
        }
        self
    }

    /// The call to terminate it may or may not have been carried out: read it before anything else.
    pub fn termination_unknown(mut self, now: Timestamp) -> Self {
        let put_off = self.state.reading.plan(now + READ_AFTER_TERMINATE, false);
        self.withdraw_later(now).noted_if_put_off(put_off, now)
    }

    /// DingTalk says that there is nothing to terminate: reading it must say so, too.
    pub fn nothing_to_terminate(mut self, now: Timestamp) -> Self {
        if let Some(withdrawal) = &mut self.state.withdrawal {
            withdrawal.not_there = true;
        }
        self.withdraw_later(now).read_soon(now)
    }

    /// The source asks to take it back.
    pub fn ask_withdrawal(mut self, now: Timestamp) -> Self {
        let withdrawal = withdrawal_of(&self.state.instance);
        self.state.withdrawal = Some(withdrawal);
        self.noted(Happening::WithdrawalAsked, now)
    }

    /// DingTalk did not terminate the instance. In the end the withdrawal is given up: then people's decision counts.
    pub fn withdrawal_failed(mut self, code: String, now: Timestamp) -> Self {
        let mut retry = false;
        if let Some(mut withdrawal) = self.state.withdrawal.take() {
            withdrawal.attempts += 1;
            if let Some(wait) = schedule::wait(&WITHDRAW, withdrawal.attempts) {
                withdrawal.not_before = now + wait;
                self.state.withdrawal = Some(withdrawal);
                retry = true;
            }
        }
        self.noted(Happening::WithdrawalFailed { code, retry }, now)
    }

    /// The end. The delivery is due with the same commit.
    pub(crate) fn decided(self, decision: Decision, now: Timestamp) -> Approval<Decided> {
        let instance = Some(self.state.instance.clone());
        self.decide(decision, instance, now)
    }
}

impl Approval<Decided> {
    /// The source is about to be told. Commit this first.
    pub fn attempting(mut self, now: Timestamp) -> Self {
        self.state.delivery.attempts += 1;
        self.state.delivery.next_at = now + LEASE;
        self.record.updated_at = now;
        self
    }

    /// The source was not told; try again at `retry_at`, or never: then an operator must look.
    pub fn delivery_failed(
        mut self,
        reason: String,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Approval {
        let attempt = self.state.delivery.attempts;
        let what = Happening::DeliveryFailed { attempt, reason: reason.clone() };
        if let Some(next_at) = retry_at {
            self.state.delivery.next_at = next_at;
            self.state.delivery.last_error = Some(reason);
            return Approval::<Decided>::noted(self, what, now).into_any();
        }
        let Decided { decision, instance, .. } = self.state.clone();
        self.enter(Parked { decision, instance, at: now, reason })
            .noted(what, now)
            .noted(Happening::Parked, now)
            .into_any()
    }

    /// The source knows.
    pub fn delivered(self, now: Timestamp) -> Approval<Delivered> {
        self.end_delivery(None, now)
    }

    /// The source had closed the request already: so it `said`.
    pub fn closed_already(self, said: String, now: Timestamp) -> Approval<Delivered> {
        self.end_delivery(Some(said), now)
    }

    fn end_delivery(self, said: Option<String>, now: Timestamp) -> Approval<Delivered> {
        let Decided { decision, instance, .. } = self.state.clone();
        let closed_already = said.is_some();
        self.enter(Delivered { decision, instance, at: now, closed_already })
            .noted(Happening::Delivered { closed_already, said }, now)
    }
}

impl Approval<Parked> {
    /// An operator wants it sent again.
    pub fn resend(self, now: Timestamp) -> Approval<Decided> {
        let Parked { decision, instance, .. } = self.state.clone();
        let delivery = Delivery { attempts: 0, next_at: now, last_error: None };
        self.enter(Decided { decision, instance, delivery }).noted(Happening::Resent, now)
    }
}

impl<S> Approval<S> {
    /// Whoever commits the decision makes the first attempt to deliver it.
    fn decide(self, decision: Decision, instance: Option<Instance>, now: Timestamp) -> Approval<Decided> {
        let what = Happening::Decided {
            outcome: decision.outcome,
            by: decision.by.as_ref().map(|by| by.user_id.clone()),
        };
        let delivery = Delivery { attempts: 1, next_at: now + LEASE, last_error: None };
        self.enter(Decided { decision, instance, delivery }).noted(what, now)
    }

    /// Forgets which state it is in.
    pub fn into_any(self) -> Approval
    where
        Approval: From<Self>,
    {
        Approval::from(self)
    }
}

fn withdrawal_of(instance: &Instance) -> Withdrawal {
    let not_before = instance.created_at + WITHDRAW_AFTER;
    Withdrawal { not_before, attempts: 0, passing_failures: 0, not_there: false }
}

/// When to read again after so many reads that did not tell how the instance stands, and whether that is an unasked read.
fn after_failure(attempts: u32) -> (SignedDuration, bool) {
    (schedule::wait_repeating(&READ_AFTER_FAILURE, attempts), attempts > URGENT_READS)
}
