//! The first commit of a request: one approval for each request, whether the source names the tenant or leaves it out.

use jiff::SignedDuration;

use super::{Engine, EngineError, MOST_TRIES, SubmitError};
use crate::{
    approval::{Approval, ApprovalId, Details, Meaning, Received, State, Tenant},
    dataphin::Digest,
    store::{CommitError, MAX_TENANTS, Store, StoreError},
};

/// After a race that somebody else won.
const WAIT: SignedDuration = SignedDuration::from_millis(20);

/// What came of a first commit.
pub(super) enum First {
    /// It is the first one.
    Committed(Box<Approval>),
    /// The request is known already, under this id.
    Known(ApprovalId),
}

impl Engine {
    /// Commits an approval as the first of its request, or finds the one that is known.
    pub(super) async fn commit_first(
        &self,
        first: Approval,
        details: &Details,
        digest: &Digest,
    ) -> Result<First, SubmitError> {
        let key = &first.record.key;
        let mut before = None;
        for _ in 0..MOST_TRIES {
            let known = self.store().known_as(key.source, &key.apply_id).await.map_err(EngineError::from)?;
            match known.alias.meaning(key) {
                Meaning::Unclaimed(id) if !self.claim(&id, &key.tenant, Some(digest)).await? => {
                    self.0.world.sleep(self.jittered(WAIT)).await;
                    continue;
                }
                Meaning::Known(id) | Meaning::Unclaimed(id) => {
                    if known.is_from_before() {
                        self.remember(&first, known.alias.approvals()).await?;
                    }
                    return Ok(First::Known(id));
                }
                Meaning::Ambiguous => return Err(SubmitError::TenantMissing),
                Meaning::New if known.alias.approvals().len() >= MAX_TENANTS => {
                    return Err(SubmitError::Refused {
                        code: "too-many-tenants".to_owned(),
                        message: format!(
                            "requests of {MAX_TENANTS} tenants have this applyId already, and no more are kept apart: submit the \
                             request under another applyId"
                        ),
                    });
                }
                Meaning::New => room_for(&first)?,
            }
            // Nothing has changed, and the commit was lost all the same: an approval whose alias does not name it.
            if before.as_ref() == Some(&known)
                && self.store().load(&first.record.id).await.map_err(EngineError::from)?.is_some()
            {
                self.remember(&first, [&first.record.id]).await?;
                return Ok(First::Known(first.record.id));
            }
            match self.store().commit_first(first.clone(), details, &known).await {
                Ok(approval) => return Ok(First::Committed(Box::new(approval))),
                Err(CommitError::Store(error)) => return Err(EngineError::from(error).into()),
                Err(CommitError::Conflict) => before = Some(known),
            }
            self.0.world.sleep(self.jittered(WAIT)).await;
        }
        Err(EngineError::Contended.into())
    }

    /// Binds a request without a tenant to the first one that is named for it; another request under its id (told by
    /// `digest`) binds nothing. False: somebody else was first.
    pub(super) async fn claim(
        &self,
        id: &ApprovalId,
        tenant: &Tenant,
        digest: Option<&Digest>,
    ) -> Result<bool, EngineError> {
        let Some(approval) = self.store().load(id).await? else { return Ok(false) };
        if let Some(claimed_by) = &approval.record.claimed_by {
            return Ok(claimed_by == tenant);
        }
        let is_same = digest.is_none_or(|digest| digest.matches(&approval.record.digest));
        // What was refused may be submitted again with other words.
        if !is_same && !matches!(approval.state, State::Refused(_)) {
            return Ok(true);
        }
        match self.store().commit(approval.claimed(tenant.clone(), self.now())).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// What the form of an approval shows.
    pub(super) async fn details(&self, approval: &Approval<Received>) -> Result<Details, EngineError> {
        let Approval { record, state } = approval;
        if let Some(details) = &state.details {
            return Ok(details.clone());
        }
        let missing = || StoreError::Unavailable("the details of an approval are not there (yet)".to_owned());
        Ok(self.store().details(record).await?.ok_or_else(missing)?)
    }

    async fn remember<'a>(
        &self,
        first: &Approval,
        approvals: impl IntoIterator<Item = &'a ApprovalId>,
    ) -> Result<(), EngineError> {
        let key = &first.record.key;
        Ok(self.store().add_to_alias(key.source, &key.apply_id, approvals).await?)
    }
}

/// Refuses a request that cannot be kept until its end: before anybody is asked, not when the outcome is to be committed.
pub(super) fn room_for(approval: &Approval) -> Result<(), SubmitError> {
    if Store::outgrows(approval).map_err(EngineError::from)? {
        return Err(SubmitError::Refused {
            code: "request-too-large".to_owned(),
            message:
                "the ids and names of the approvers are too long to be kept, all in all: name fewer approvers"
                    .to_owned(),
        });
    }
    Ok(())
}
