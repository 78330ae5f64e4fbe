//! The source takes a request back.

use super::{Engine, EngineError};
use crate::approval::{Approval, ApprovalId, ApprovalKey, Meaning, Outcome, State};

/// A withdrawal that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// No such approval.
    #[error("no such request")]
    Unknown,
    /// It has ended otherwise.
    #[error("the request is {0} already")]
    Ended(Outcome),
    /// It was refused at submit: there is nothing to take back.
    #[error("the request was refused when it was submitted")]
    Refused,
    /// Requests of several tenants have this id.
    #[error("several tenants have a request with this id: name the tenantId")]
    Ambiguous,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Takes back the request that a key means; the source may have left the tenant out, now or before. Gives its approval.
    pub async fn withdraw_request(&self, key: &ApprovalKey) -> Result<ApprovalId, WithdrawError> {
        let known = self.store().known_as(key.source, &key.apply_id).await.map_err(EngineError::from)?;
        let id = match known.alias.meaning(key) {
            Meaning::Known(id) => id,
            Meaning::New => key.id(),
            Meaning::Ambiguous => return Err(WithdrawError::Ambiguous),
        };
        self.withdraw(&id).await.map(|()| id)
    }

    /// Commits the wish to withdraw; the engine carries it out. Asking again changes nothing.
    pub async fn withdraw(&self, id: &ApprovalId) -> Result<(), WithdrawError> {
        let now = self.now();
        let asked = self.change(id, |approval| {
            let Approval { record, state } = approval;
            match state {
                State::Received(state) if state.withdrawal.is_none() => {
                    Some(Approval { record, state }.ask_withdrawal(now).into())
                }
                State::Pending(state) if state.withdrawal.is_none() => {
                    Some(Approval { record, state }.ask_withdrawal(now).into())
                }
                _ => None,
            }
        });
        let approval = asked.await?.ok_or(WithdrawError::Unknown)?;
        match (&approval.state, approval.state.decision()) {
            (State::Refused(_), _) => Err(WithdrawError::Refused),
            (_, Some(decision)) if decision.outcome != Outcome::Withdrawn => {
                Err(WithdrawError::Ended(decision.outcome))
            }
            _ => Ok(()),
        }
    }
}
