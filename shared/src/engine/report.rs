//! What DingTalk reports: committed as a hint, and nothing else. This touches only the store: DingTalk waits.

use jiff::Timestamp;

use super::{Engine, EngineError};
use crate::{
    approval::{Approval, ApprovalId, Happening, Hint, HintResult, InstanceId, ProcessCode, State},
    dingtalk::{Event, Verified},
    store::Owner,
};

impl Engine {
    /// Commits what a verified event says.
    pub async fn report(&self, event: &Verified<Event>) -> Result<(), EngineError> {
        let now = self.now();
        match event.get() {
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
                Owner::Nobody => Ok(()),
            },
            Event::CheckUrl | Event::Other(_) => Ok(()),
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
        let ours = process_code.is_none_or(|code| *code == self.dingtalk().settings().process_code);
        if owner == Owner::Nobody && ours {
            owner = self.store().keep_early(instance, &hint).await?;
        }
        match owner {
            Owner::Approval(id) => self.hint(&id, &hint).await,
            Owner::Nobody => Ok(()),
        }
    }

    async fn hint(&self, id: &ApprovalId, hint: &Hint) -> Result<(), EngineError> {
        let (now, result) = (hint.received_at, word(hint.result).to_owned());
        let hinted = |approval: Approval| {
            let Approval { record, state } = approval;
            match state {
                State::Pending(state) if repeats(state.reading.hint.as_ref(), hint) => None,
                State::Pending(state) => {
                    Some(Approval { record, state }.end_reported(result.clone(), hint.clone(), now).into())
                }
                _ => None,
            }
        };
        self.change(id, hinted).await.map(|_| ())
    }
}

/// Whether an event says what is known already and waits to be looked into.
fn repeats(known: Option<&Hint>, hint: &Hint) -> bool {
    known.is_some_and(|known| known.result == hint.result && known.finished_at == hint.finished_at)
}

fn noted_while_pending(approval: Approval, what: Happening, now: Timestamp) -> Option<Approval> {
    matches!(approval.state, State::Pending(_)).then(|| approval.noted(what, now))
}

fn word(result: HintResult) -> &'static str {
    match result {
        HintResult::Agreed => "agreed",
        HintResult::Refused => "refused",
        HintResult::Finished => "finished",
        HintResult::Terminated => "revoked",
        HintResult::Deleted => "deleted",
    }
}
