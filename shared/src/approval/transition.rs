//! The ways from state to state. There are no others: each takes the approval in the one state it starts from.

use jiff::Timestamp;

use super::{
    Approval, Basis, Creation, Decided, Decision, Delivered, Delivery, Happening, Hint, Identity, Instance,
    Origin, Outcome, Parked, Pending, ProcessCode, Reading, Received, Record, Refused, Request, Unresolved,
    Withdrawal,
    schedule::{self, LEASE, READ_AFTER_HINT, READ_UNASKED, WITHDRAW, WITHDRAW_AFTER},
};

impl<S> Approval<S> {
    /// Writes into the timeline.
    pub fn noted(mut self, what: Happening, now: Timestamp) -> Self {
        self.record.updated_at = now;
        self.record.timeline.add(now, what);
        self
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
        let state = Received { details: None, creation, withdrawal: None };
        Self { record, state }
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
        let at = if ended || hint.is_some() { now } else { now + READ_UNASKED[0] };
        let withdrawal = self.state.withdrawal.map(|_| withdrawal_of(&instance));
        let reading = Reading { at, attempts: 0, hint };
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
        self.enter(Received { details: None, creation, withdrawal: None })
            .noted(Happening::CreateSent { attempt: 1 }, now)
    }

    /// Submitted again, it still cannot be put before anybody.
    pub fn turn_away_again(mut self, code: &str, message: String, now: Timestamp) -> Self {
        self.state = Refused { at: now, code: code.to_owned(), message };
        self.noted(Happening::Refused { code: code.to_owned() }, now)
    }
}

impl Approval<Pending> {
    /// DingTalk reports the end of the instance: read it now.
    pub fn end_reported(mut self, result: String, hint: Hint, now: Timestamp) -> Self {
        self.state.reading = Reading { at: now, attempts: 0, hint: Some(hint) };
        self.noted(Happening::EndReported { result }, now)
    }

    /// The instance was read and people are still at it.
    pub fn still_running(mut self, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        reading.attempts += 1;
        let wait = match reading.hint {
            Some(_) => schedule::wait(&READ_AFTER_HINT, reading.attempts),
            None => Some(schedule::wait_repeating(&READ_UNASKED, reading.attempts)),
        };
        if let Some(wait) = wait {
            reading.at = now + wait;
            return self;
        }
        *reading = Reading { at: now + READ_UNASKED[0], attempts: 0, hint: None };
        self.noted(Happening::ReportContradicted, now)
    }

    /// The instance could not be read.
    pub fn read_failed(mut self, code: String, now: Timestamp) -> Self {
        let reading = &mut self.state.reading;
        reading.attempts += 1;
        let table = if reading.hint.is_some() { &READ_AFTER_HINT[..] } else { &READ_UNASKED[..] };
        reading.at = now + schedule::wait_repeating(table, reading.attempts);
        self.noted(Happening::ReadFailed { code }, now)
    }

    /// The read was not made: too many calls of ours were waiting.
    pub fn read_later(mut self, at: Timestamp) -> Self {
        self.state.reading.at = at;
        self
    }

    /// The call to terminate it failed for a reason that passes: no try is used up.
    pub fn withdraw_later(mut self, not_before: Timestamp) -> Self {
        if let Some(withdrawal) = &mut self.state.withdrawal {
            withdrawal.not_before = not_before;
        }
        self
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
    pub fn delivered(self, closed_already: bool, now: Timestamp) -> Approval<Delivered> {
        let Decided { decision, instance, .. } = self.state.clone();
        self.enter(Delivered { decision, instance, at: now, closed_already })
            .noted(Happening::Delivered { closed_already }, now)
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
    Withdrawal { not_before: instance.created_at + WITHDRAW_AFTER, attempts: 0 }
}
