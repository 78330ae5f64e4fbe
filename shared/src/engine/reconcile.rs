//! After a create call with unknown outcome: looking for the instance before sending another call.
//!
//! DingTalk has no idempotency key. The instance carries the approval's id in its reference field, so it is found by
//! listing what the originator started at that time, and reading those that nobody owns.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, Step, step};
use crate::{
    approval::{Approval, Creation, Identity, Instance, Received, UserId},
    dingtalk::{DingTalkError, form},
    store::Owner,
};

/// The two clocks may differ a little.
const BEFORE: SignedDuration = SignedDuration::from_mins(1);

/// What a look came to.
enum Look {
    Found(Instance, Vec<Identity>),
    Nothing,
}

impl Engine {
    pub(super) async fn reconcile(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        let Creation::Sent { at, .. } = approval.state.creation else { return Ok(None) };
        let look = self.look_for_instance(&approval, at).await?;
        let now = self.now();
        match look {
            Ok(Look::Found(instance, approvers)) => {
                self.settle_instance(approval, instance, approvers, true).await
            }
            Ok(Look::Nothing) => step(self.store().commit(approval.looked_in_vain(now)).await),
            Err(error) => {
                tracing::warn!(approval = %approval.record.id, code = error.code, "could not look for the instance");
                step(self.store().commit(approval.could_not_look(error.code, now)).await)
            }
        }
    }

    async fn look_for_instance(
        &self,
        approval: &Approval<Received>,
        sent_at: Timestamp,
    ) -> Result<Result<Look, DingTalkError>, EngineError> {
        let originators = match self.possible_originators(&approval.record.request).await {
            Ok(originators) if originators.is_empty() => return Ok(Ok(Look::Nothing)),
            Ok(originators) => originators,
            Err(error) => return Ok(Err(error)),
        };
        let process_code = self.dingtalk().settings().process_code.clone();
        let listed =
            self.dingtalk().instance_ids(&process_code, &originators, sent_at - BEFORE, self.now()).await;
        let ids = match listed {
            Ok(ids) => ids,
            Err(error) => return Ok(Err(error)),
        };
        for id in ids {
            // Reading is a paid call: not for those that are known.
            if self.store().owner(&id).await? != Owner::Nobody {
                continue;
            }
            let snapshot = match self.dingtalk().read_instance(&id).await {
                Ok(snapshot) => snapshot,
                Err(error) => return Ok(Err(error)),
            };
            if form::reference(&snapshot.fields).as_ref() == Some(&approval.record.id) {
                let originator = originators.first().cloned().unwrap_or_else(|| UserId::new(""));
                let instance = Instance { id, process_code, originator, created_at: self.now() };
                return Ok(Ok(Look::Found(instance, self.identities(approval).await)));
            }
        }
        Ok(Ok(Look::Nothing))
    }

    /// The approvers as DingTalk knows them; without them an adopted instance works all the same.
    async fn identities(&self, approval: &Approval<Received>) -> Vec<Identity> {
        self.cast(&approval.record.request).await.map(|cast| cast.identities).unwrap_or_default()
    }
}
