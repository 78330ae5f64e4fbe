//! What an operator decides where the bridge must not: which instance is an approval's, or that there is none.

use super::{Engine, EngineError};
use crate::{
    approval::{
        Approval, ApprovalId, Happening, Instance, InstanceId, NeedsOperator, Origin, ProcessCode, Received,
        State,
    },
    dingtalk::{DingTalkError, InstanceSnapshot},
    store::{CommitError, Owner},
    template::fill::{self, Shown},
};

/// What an operator asked for cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// No such approval.
    #[error("no such approval")]
    Unknown,
    /// It does not wait for an operator.
    #[error("the approval is {0}: only one that needs an operator is adopted or created again")]
    NotWaiting(&'static str),
    /// The instance is another approval's.
    #[error("the instance belongs to approval {0}")]
    OwnedBy(ApprovalId),
    /// The instance names another approval, or none.
    #[error("the instance's reference is not this approval's: it was not made for it")]
    NotItsOwn,
    /// The request has no template any more.
    #[error("no template is configured for this request: `bridge template`")]
    NoTemplate,
    /// The instance could not be read.
    #[error("the instance cannot be read: {0}")]
    Unreadable(#[from] DingTalkError),
    /// Someone else changed the approval at the same time.
    #[error("the approval has just changed: look at it again")]
    Changed,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Gives an approval the instance that an operator names. It must bear the approval's whole reference;
    /// what else it holds is the operator's word.
    pub async fn adopt_for_operator(
        &self,
        id: &ApprovalId,
        instance: &InstanceId,
    ) -> Result<(), OperatorError> {
        let approval = self.waiting_for_operator(id).await?;
        if let Owner::Approval(owner) | Owner::SecondOf(owner) =
            self.store().owner(instance).await.map_err(EngineError::from)?
        {
            return Err(OperatorError::OwnedBy(owner));
        }
        let snapshot = self.dingtalk().patient().read_instance(instance).await?;
        let sent = approval.state.creation.sent().map(|sent| sent.process_code.clone());
        let process_code = match sent {
            Some(code) => code,
            None => {
                self.pick(&approval.record.request)
                    .await?
                    .map_err(|_| OperatorError::NoTemplate)?
                    .process_code
            }
        };
        let template = self.template(&process_code).await.map_err(EngineError::from)?;
        match fill::reference(template.as_ref(), &snapshot.fields) {
            Shown::Reference(reference) if reference == approval.record.reference() => {}
            // DingTalk does not show what its form holds: then it is the operator's word.
            Shown::Nothing if snapshot.fields.is_empty() => {}
            _ => return Err(OperatorError::NotItsOwn),
        }
        let identities =
            self.cast(&approval.record.request).await.map(|cast| cast.identities).unwrap_or_default();
        let found = self.found(instance.clone(), &process_code, &snapshot);
        let origin = Origin::Adopted { ended: snapshot.ending.is_some() };
        let asked = approval.noted(Happening::AdoptionAsked { instance: instance.clone() }, self.now());
        let named = asked.state.creation.needs_operator().map(NeedsOperator::instances).unwrap_or_default();
        if self.settle_instance(asked, found.clone(), identities, origin).await?.is_none() {
            return Err(OperatorError::Changed);
        }
        self.end_others(id, named.into_iter().filter(|other| other != instance), &found).await
    }

    /// Has the instance created again: an operator has made sure that there is none.
    pub async fn create_again_for_operator(&self, id: &ApprovalId) -> Result<(), OperatorError> {
        let approval = self.waiting_for_operator(id).await?;
        let named =
            approval.state.creation.needs_operator().map(NeedsOperator::instances).unwrap_or_default();
        let sent = approval.state.creation.sent();
        let process_code = sent.map_or_else(|| ProcessCode::new(""), |sent| sent.process_code.clone());
        let like = self.found(InstanceId::new(""), &process_code, &InstanceSnapshot::default());
        let again = approval.create_again(self.now());
        match self.store().commit(again).await {
            Ok(_) => self.end_others(id, named.into_iter(), &like).await,
            Err(CommitError::Conflict) => Err(OperatorError::Changed),
            Err(CommitError::Store(error)) => Err(EngineError::from(error).into()),
        }
    }

    /// Ends instances that bear the approval's reference and that the operator did not choose.
    async fn end_others(
        &self,
        id: &ApprovalId,
        others: impl Iterator<Item = InstanceId>,
        like: &Instance,
    ) -> Result<(), OperatorError> {
        for other in others {
            self.end_second_instance(id, &Instance { id: other, ..like.clone() }).await?;
        }
        Ok(())
    }

    async fn waiting_for_operator(&self, id: &ApprovalId) -> Result<Approval<Received>, OperatorError> {
        let known = self.store().load(id).await.map_err(EngineError::from)?;
        let Approval { record, state } = known.ok_or(OperatorError::Unknown)?;
        match state {
            State::Received(state) if state.creation.needs_operator().is_some() => {
                Ok(Approval { record, state })
            }
            state => Err(OperatorError::NotWaiting(state.status().name())),
        }
    }
}
