//! The source takes a request back.

use super::{Engine, EngineError};
use crate::approval::{Approval, ApprovalId, Outcome, State};

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
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
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
