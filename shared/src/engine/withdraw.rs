//! The source takes a request back.

use super::{Engine, EngineError};
use crate::approval::{ApplyId, Approval, ApprovalId, Outcome, State, Status};

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

const UNDER_WAY: [Status; 3] = [Status::Received, Status::NeedsOperator, Status::Pending];

impl Engine {
    /// Takes back the request that has this id in the source, of whatever tenant. Gives its approval.
    pub async fn withdraw_by_apply_id(&self, apply_id: &ApplyId) -> Result<ApprovalId, WithdrawError> {
        // Few are under way; those that have ended are looked through only to say so.
        let mut known = self.store().find(Some(apply_id), &UNDER_WAY).await.map_err(EngineError::from)?;
        if known.is_empty() {
            known = self.store().find(Some(apply_id), &Status::ALL).await.map_err(EngineError::from)?;
        }
        match &known[..] {
            [] => Err(WithdrawError::Unknown),
            [id] => self.withdraw(id).await.map(|()| id.clone()),
            _ => Err(WithdrawError::Ambiguous),
        }
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
