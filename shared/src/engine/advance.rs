//! Advancing one approval: load, next action, act, commit; until nothing is due.

use super::{Engine, EngineError};
use crate::{
    approval::{Approval, ApprovalId, Next, State, next_action},
    store::CommitError,
};

/// More steps at once than any approval needs; a bound against going round in circles.
const MOST_STEPS: u32 = 12;

/// Of many that change one approval at once, one wins each round: DingTalk may push fifty events about one instance at once.
const MAX_CHANGE_ATTEMPTS: u32 = 40;

impl Engine {
    /// Does whatever is due for an approval. Safe when two do so at once: each commit holds only on what was loaded.
    pub async fn advance(&self, id: &ApprovalId) -> Result<(), EngineError> {
        let mut committed = None;
        for _ in 0..MOST_STEPS {
            let known = match committed {
                Some(approval) => Some(approval),
                None => self.store().load(id).await?,
            };
            let Some(approval) = known else { return Ok(()) };
            let now = self.now();
            committed = match next_action(approval, now) {
                Next::Create(approval) => self.create_again(approval).await?,
                Next::Reconcile(approval) => self.reconcile(approval).await?,
                Next::DecideWithdrawn(approval) => self.decide(approval.withdrawn(now)).await?,
                Next::Terminate(approval) => self.terminate(approval).await?,
                Next::Read(approval) => self.read(approval).await?,
                Next::Deliver(approval) => self.deliver_again(approval).await?,
                Next::Wait(_) | Next::Rest => return Ok(()),
            };
        }
        tracing::warn!(approval = %id, "still something due after {MOST_STEPS} steps; the sweep goes on");
        Ok(())
    }

    /// Someone saw that a pending approval's instance has ended, and no event said so: it is read as soon as possible.
    pub async fn read_soon(&self, id: &ApprovalId) -> Result<(), EngineError> {
        let now = self.now();
        let due_now = |approval: Approval| match approval {
            Approval { record, state: State::Pending(state) } if state.reading.hint.is_none() => {
                Some(Approval { record, state }.read_soon(now).into())
            }
            _ => None,
        };
        self.change(id, due_now).await.map(|_| ())
    }

    /// Changes an approval as it is now: `change` sees what was loaded and gives what to commit, or `None` for
    /// nothing. Gives the approval as it is afterwards; `None` when there is none.
    pub(super) async fn change(
        &self,
        id: &ApprovalId,
        change: impl Fn(Approval) -> Option<Approval>,
    ) -> Result<Option<Approval>, EngineError> {
        for _ in 0..MAX_CHANGE_ATTEMPTS {
            let Some(approval) = self.store().load(id).await? else { return Ok(None) };
            let Some(changed) = change(approval.clone()) else { return Ok(Some(approval)) };
            match self.store().commit(changed).await {
                Ok(committed) => return Ok(Some(committed)),
                Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(EngineError::Contended)
    }
}
