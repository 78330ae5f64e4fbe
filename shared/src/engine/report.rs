//! What DingTalk reports: committed as a hint, and nothing else. This touches only the store: DingTalk waits.

use jiff::Timestamp;

use super::{Engine, EngineError};
use crate::{
    approval::{
        Approval, ApprovalId, Happening, Hint, HintResult, InstanceId, Outcome, Pending, ProcessCode,
        Reading, State,
    },
    dingtalk::{Event, Verified},
    store::Owner,
};

impl Engine {
    /// Commits what a verified event says.
    pub async fn report(&self, event: &Verified<Event>) -> Result<(), EngineError> {
        let event = event.get();
        self.commit_report(event).await.inspect_err(|error| {
            let instance = event.instance().map(tracing::field::display);
            tracing::error!(instance, %error, "an event could not be committed");
        })
    }

    async fn commit_report(&self, event: &Event) -> Result<(), EngineError> {
        let now = self.now();
        match event {
            Event::InstanceEnded { instance, process_code, result, finished_at } => {
                let hint = Hint { result: *result, finished_at: *finished_at, received_at: now };
                self.end_reported(instance, process_code.as_ref(), hint).await
            }
            Event::Task { instance, user, what } => match self.store().owner(instance).await? {
                Owner::Approval(id) => {
                    let what = Happening::TaskReported { user: user.clone(), what: (*what).to_owned() };
                    self.change(&id, |approval| noted_while_pending(approval, what.clone(), now))
                        .await
                        .map(|_| ())
                }
                Owner::SecondOf(_) | Owner::Nobody => Ok(()),
            },
            // Only a try of a template waits for it.
            Event::InstanceStarted { instance, process_code } => {
                if self.is_ours(process_code.as_ref()).await? && self.store().trial_expected(now).await? {
                    self.store().note_start(instance, now).await?;
                }
                Ok(())
            }
            Event::CheckUrl | Event::OwnCheck | Event::Other(_) => Ok(()),
        }
    }

    async fn end_reported(
        &self,
        instance: &InstanceId,
        process_code: Option<&ProcessCode>,
        hint: Hint,
    ) -> Result<(), EngineError> {
        let mut owner = self.store().owner(instance).await?;
        // Events of all templates arrive unless they are filtered. Only one of ours can be early.
        if owner == Owner::Nobody && self.is_ours(process_code).await? {
            owner = self.store().keep_early(instance, process_code, &hint).await?;
        }
        match owner {
            Owner::Approval(id) => {
                self.hint(&id, &hint).await?;
                tracing::info!(approval = %id, %instance, result = word(hint.result), "its end was reported");
                Ok(())
            }
            Owner::SecondOf(id) => self.second_reported(&id, instance, &hint).await,
            Owner::Nobody => Ok(()),
        }
    }

    async fn hint(&self, id: &ApprovalId, hint: &Hint) -> Result<(), EngineError> {
        let (now, result) = (hint.received_at, word(hint.result).to_owned());
        let hinted = |approval: Approval| {
            let Approval { record, state } = approval;
            match state {
                State::Pending(state) if says_no_more(state.reading.hint.as_ref(), hint) => None,
                State::Pending(state) => {
                    Some(Approval { record, state }.end_reported(result.clone(), hint.clone(), now).into())
                }
                state => noted_once(Approval { record, state }, &result, hint.result, now),
            }
        };
        let approval = self.change(id, hinted).await?;
        if let Some(next) = approval.as_ref().and_then(put_off_until).filter(|next| *next > now) {
            tracing::warn!(
                approval = %id, %next,
                "the reads of its instance are used up for now; the event is kept, and the instance read later"
            );
        }
        Ok(())
    }
}

/// When an instance whose end was reported is read.
fn put_off_until(approval: &Approval) -> Option<Timestamp> {
    match &approval.state {
        State::Pending(Pending { reading: Reading { at, hint: Some(_), .. }, .. }) => Some(*at),
        _ => None,
    }
}

/// Whether an event says no more than what is known already and waits to be looked into.
fn says_no_more(known: Option<&Hint>, hint: &Hint) -> bool {
    known.is_some_and(|known| {
        let same = known.result == hint.result && known.finished_at == hint.finished_at;
        same || (known.result.is_decisive() && !hint.result.is_decisive())
    })
}

/// A contradiction after the decision changes nothing, and is noted, once.
fn noted_once(approval: Approval, result: &str, reported: HintResult, now: Timestamp) -> Option<Approval> {
    let decided = approval.state.decision()?.outcome;
    let agrees = match reported {
        HintResult::Agreed => decided == Outcome::Approved,
        HintResult::Refused => decided == Outcome::Rejected,
        HintResult::Terminated => decided == Outcome::Withdrawn,
        HintResult::Finished | HintResult::Deleted => true,
    };
    let note = Happening::LateReport { result: result.to_owned() };
    let known = approval.record.timeline.entries().iter().any(|entry| entry.what == note);
    (!agrees && !known).then(|| approval.noted(note, now))
}

fn noted_while_pending(approval: Approval, what: Happening, now: Timestamp) -> Option<Approval> {
    matches!(approval.state, State::Pending(_)).then(|| approval.noted(what, now))
}

pub(super) fn word(result: HintResult) -> &'static str {
    match result {
        HintResult::Agreed => "agreed",
        HintResult::Refused => "refused",
        HintResult::Finished => "finished",
        HintResult::Terminated => "withdrawn",
        HintResult::Deleted => "deleted",
    }
}
