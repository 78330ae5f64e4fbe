//! The source takes a request back.

use super::{Engine, EngineError, MOST_TRIES};
use crate::{
    approval::{ApplyId, Approval, ApprovalId, ApprovalKey, Meaning, Outcome, Record, Source, State, Tenant},
    dataphin::WithdrawalRequest,
};

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
    /// What it says is not true of the request that it names.
    #[error("{0} is not that of the request that processInstanceId names: nothing is withdrawn")]
    Contradicts(&'static str),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Takes back the request that a withdrawal names, if all that it says is true of it; the source may have left the tenant
    /// out, now or before. Gives its approval.
    pub async fn withdraw_request(
        &self,
        withdrawal: &WithdrawalRequest,
    ) -> Result<ApprovalId, WithdrawError> {
        let WithdrawalRequest { approval, apply_id, tenant } = withdrawal;
        for _ in 0..MOST_TRIES {
            let id = match (approval, apply_id) {
                (Some(id), _) => id.clone(),
                (None, Some(apply_id)) => self.meant(apply_id, tenant).await?,
                (None, None) => return Err(WithdrawError::Unknown),
            };
            let named = self.store().load(&id).await.map_err(EngineError::from)?;
            let Approval { record, .. } = named.ok_or(WithdrawError::Unknown)?;
            if let Some(member) = contradicted(&record, withdrawal) {
                return Err(WithdrawError::Contradicts(member));
            }
            let is_theirs = tenant.is_empty() || record.tenant() == tenant;
            if is_theirs || self.claim(&id, tenant, None).await? {
                return self.withdraw(&id).await.map(|()| id);
            }
        }
        Err(EngineError::Contended.into())
    }

    /// The approval that an id of the source means.
    async fn meant(&self, apply_id: &ApplyId, tenant: &Tenant) -> Result<ApprovalId, WithdrawError> {
        let (source, tenant, apply_id) = (Source::Dataphin, tenant.clone(), apply_id.clone());
        let key = ApprovalKey { source, tenant, apply_id };
        let known = self.store().known_as(key.source, &key.apply_id).await.map_err(EngineError::from)?;
        match known.alias.meaning(&key) {
            Meaning::Known(id) | Meaning::Unclaimed(id) => Ok(id),
            Meaning::New => Ok(key.id()),
            Meaning::Ambiguous => Err(WithdrawError::Ambiguous),
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

/// The member of a withdrawal that is not true of the request that it names, if there is one.
fn contradicted(record: &Record, withdrawal: &WithdrawalRequest) -> Option<&'static str> {
    let WithdrawalRequest { apply_id, tenant, .. } = withdrawal;
    if apply_id.as_ref().is_some_and(|apply_id| *apply_id != record.key.apply_id) {
        return Some("applyId");
    }
    let is_anothers = !tenant.is_empty() && !record.tenant().is_empty() && record.tenant() != tenant;
    is_anothers.then_some("tenantId")
}
