//! After a create call with unknown outcome: looking for the instance before sending another call.
//!
//! DingTalk has no idempotency key. The instance carries the approval's id in its reference field, so it is found by
//! listing the template's instances of that time, and reading those that nobody owns. Who originated it does not matter:
//! what is known of people may have changed since.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, Step, step};
use crate::{
    approval::{Approval, Creation, Instance, ProcessCode, Received, UserId, schedule::LEASE},
    dingtalk::{Class, DingTalkError, form},
    store::Owner,
};

/// The two clocks may differ a little.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// What a look came to; an error when it could not be finished.
type Look = Result<Option<Instance>, DingTalkError>;

impl Engine {
    pub(super) async fn reconcile(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        let Creation::Sent { at, process_code, .. } = approval.state.creation.clone() else {
            return Ok(None);
        };
        let look = self.look_for_instance(&approval, process_code, at).await?;
        let now = self.now();
        match look {
            Ok(Some(instance)) => {
                // Without the approvers' identities an adopted instance works all the same.
                let cast = self.cast(&approval.record.request).await;
                let identities = cast.map(|cast| cast.identities).unwrap_or_default();
                self.settle_instance(approval, instance, identities, true).await
            }
            Ok(None) => step(self.store().commit(approval.looked_in_vain(now)).await),
            Err(error) => {
                tracing::warn!(approval = %approval.record.id, code = error.code, "could not look for the instance");
                step(self.store().commit(approval.could_not_look(error.code, now)).await)
            }
        }
    }

    async fn look_for_instance(
        &self,
        approval: &Approval<Received>,
        process_code: ProcessCode,
        sent_at: Timestamp,
    ) -> Result<Look, EngineError> {
        let until = (sent_at + LEASE + MARGIN).min(self.now());
        let ids = match self.dingtalk().instance_ids(&process_code, sent_at - MARGIN, until).await {
            Ok(ids) => ids,
            Err(error) => return Ok(Err(error)),
        };
        let mut unread = None;
        for id in ids {
            // Reading is a paid call: not for those that are known.
            if self.store().owner(&id).await? != Owner::Nobody {
                continue;
            }
            let snapshot = match self.dingtalk().read_instance(&id).await {
                Ok(snapshot) => snapshot,
                // It was deleted, or is not ours to read.
                Err(error) if error.class == Class::Permanent => continue,
                Err(error) => {
                    unread = Some(error);
                    continue;
                }
            };
            if form::reference(&snapshot.fields).as_ref() == Some(&approval.record.id) {
                let originator = snapshot.originator.unwrap_or_else(|| UserId::new(""));
                return Ok(Ok(Some(Instance { id, process_code, originator, created_at: self.now() })));
            }
        }
        Ok(unread.map_or(Ok(None), Err))
    }
}
