//! A submit: committed first, then the instance is created while the source waits, for a bounded time.

use jiff::SignedDuration;

use super::{
    Engine, EngineError,
    first::{First, room_for},
    waiting::{Holder, Line},
};
use crate::{
    approval::{ApplyId, Approval, ApprovalId, Nonce, Received, Record, State},
    dataphin::{Digest, Submission},
    metrics::{self, Count},
    store::CommitError,
};

/// How often a repeated submit looks what came of the first.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(100);

/// An accepted submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The approval that stands for the request.
    pub id: ApprovalId,
    /// The source's id of the request.
    pub apply_id: ApplyId,
}

/// A submit that is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Another request came under the same key before.
    #[error("another request was submitted under the same id before")]
    Conflict,
    /// Requests of several tenants have this id, and it names none of them.
    #[error("several tenants have a request with this id: name the tenantId")]
    TenantMissing,
    /// A permanent no.
    #[error("{message}")]
    Refused {
        /// Stable code.
        code: String,
        /// What is wrong and where to mend it.
        message: String,
    },
    /// The engine failed; nothing is certain but what is in the store.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Takes a submit. A repeated one finds the first and gets the same answer.
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, SubmitError> {
        let (arrived, began) = (self.now(), self.0.world.uptime());
        let Submission { key, request, details, digest } = submission;
        let mut submitted = Submitted { id: key.id(), apply_id: key.apply_id.clone() };
        let template = self.pick(&request).await?;
        let nonce = Nonce::new(&*self.0.world.random);
        let first = Record::of(key, request.clone(), digest.current().to_owned(), arrived);
        let first = first.with_nonce(nonce.clone());
        let first: Approval = match &template {
            Ok(template) => Approval::receive(first, template.process_code.clone(), arrived).into(),
            Err(why) => Approval::turn_away(first, why.code(), why.to_string(), arrived).into(),
        };
        submitted.id = match self.commit_first(first, &details, &digest).await? {
            First::Committed(approval) => return self.go_on(*approval, submitted, began).await,
            First::Known(id) => id,
        };
        let known = self.store().load(&submitted.id).await.map_err(EngineError::from)?;
        match known {
            // The refusal was answered before this submit: whatever was in the way may have been mended since.
            Some(Approval { record, state: State::Refused(state) }) if state.at < arrived => {
                let again = Approval { record: record.with_nonce(nonce), state };
                let again = again.submit_again(digest.current().to_owned(), request, arrived);
                let again: Approval = match template {
                    Ok(template) => again.receive_again(template.process_code, arrived).into(),
                    Err(why) => again.turn_away_again(why.code(), why.to_string(), arrived).into(),
                };
                room_for(&again)?;
                match self.store().commit_again(again, &details).await {
                    Ok(approval) => self.go_on(approval, submitted, began).await,
                    Err(CommitError::Conflict) => self.settle(submitted, &digest, began).await,
                    Err(CommitError::Store(error)) => Err(EngineError::from(error).into()),
                }
            }
            _ => self.settle(submitted, &digest, began).await,
        }
    }

    /// What follows the commit of a submit.
    async fn go_on(
        &self,
        approval: Approval,
        submitted: Submitted,
        began: SignedDuration,
    ) -> Result<Submitted, SubmitError> {
        match approval {
            Approval { record, state: State::Received(state) } => {
                self.create_while_waiting(Approval { record, state }, submitted, began).await
            }
            refused => answer(refused, submitted),
        }
    }

    /// Creates the instance, and answers when that is settled or the wait is over, whatever comes first. The work
    /// itself goes on even if the source hangs up, where it may.
    async fn create_while_waiting(
        &self,
        approval: Approval<Received>,
        submitted: Submitted,
        began: SignedDuration,
    ) -> Result<Submitted, SubmitError> {
        tracing::info!(approval = %submitted.id, "received");
        let line = Line::held();
        let holder = Holder(line.clone());
        let (engine, theirs) = (self.clone(), line.clone());
        let mut work = tokio::spawn(async move { engine.create(approval, &theirs).await });
        let worked = tokio::select! {
            worked = &mut work => worked,
            // What came before took of it, too.
            () = self.0.world.sleep(self.0.settings.submit_wait - (self.0.world.uptime() - began)) => {
                if holder.0.hang_up() {
                    if !self.0.settings.works_after_answer {
                        work.abort();
                    }
                    return Ok(submitted);
                }
                // A refusal is being committed this moment.
                work.await
            }
        };
        match worked {
            Ok(Ok(Some(approval))) => answer(approval, submitted),
            Ok(Ok(None)) => self.answer_as_stored(submitted).await,
            // The request is committed, and the sweep takes it up.
            Ok(Err(error)) => {
                tracing::error!(approval = %submitted.id, %error, "accepted, and not yet created");
                Ok(submitted)
            }
            Err(error) => {
                metrics::count(Count::NotAdvanced);
                tracing::error!(approval = %submitted.id, %error, "accepted, and its creation broke off");
                Ok(submitted)
            }
        }
    }

    async fn answer_as_stored(&self, submitted: Submitted) -> Result<Submitted, SubmitError> {
        match self.store().load(&submitted.id).await.map_err(EngineError::from)? {
            Some(approval) => answer(approval, submitted),
            None => Err(EngineError::Contended.into()),
        }
    }

    /// Answers a repeated submit as the first one is answered: waits while that is still open.
    async fn settle(
        &self,
        submitted: Submitted,
        digest: &Digest,
        began: SignedDuration,
    ) -> Result<Submitted, SubmitError> {
        loop {
            let known = self.store().load(&submitted.id).await.map_err(EngineError::from)?;
            let Some(approval) = known else { return Err(EngineError::Contended.into()) };
            if !digest.matches(&approval.record.digest) {
                return Err(SubmitError::Conflict);
            }
            let waited = self.0.world.uptime() - began;
            if !is_being_created(&approval) || waited >= self.0.settings.submit_wait {
                return answer(approval, submitted);
            }
            self.0.world.sleep(LOOK_EVERY).await;
        }
    }
}

/// What an approval's state says to the source.
fn answer(approval: Approval, submitted: Submitted) -> Result<Submitted, SubmitError> {
    match approval.state {
        State::Refused(refused) => Err(SubmitError::Refused { code: refused.code, message: refused.message }),
        _ => Ok(submitted),
    }
}

/// Whether whoever submitted first is still waiting for DingTalk's answer.
fn is_being_created(approval: &Approval) -> bool {
    let Approval { state: State::Received(Received { creation, .. }), .. } = approval else { return false };
    creation.sent().is_some_and(|sent| sent.under_way)
}
