//! After a create call with unknown outcome: looking for the instance before sending another call.
//!
//! DingTalk has no idempotency key. Each instance carries its approval's id in the reference field, so the template's
//! instances of that time are listed, and those that nobody owns are read and go to the approvals they name: not only to
//! the one that is looked for. So when many calls got no answer, each instance is read once and not once for each.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, Step, step};
use crate::{
    approval::{
        Approval, ApprovalId, Creation, Instance, InstanceId, Origin, ProcessCode, Received, State, UserId,
        schedule::{BUSY, LEASE},
    },
    dingtalk::{Class, DingTalkError, InstanceSnapshot, form},
    store::Owner,
};

/// The two clocks may differ a little.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);
/// So many instances of a look may fail to be read before the look is ended.
const MOST_UNREAD: usize = 3;

impl Engine {
    pub(super) async fn reconcile(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        let Creation::Sent { at, process_code, .. } = approval.state.creation.clone() else {
            return Ok(None);
        };
        // One look at a time: what it finds for others saves them theirs.
        let Ok(_looking) = self.0.looking.try_lock() else {
            let later = self.now() + self.jittered(BUSY);
            return step(self.store().commit(approval.look_later(later)).await);
        };
        let looked = self.adopt_instances(&process_code, at).await?;
        let now = self.now();
        match looked {
            Ok(adopted) if adopted.contains(&approval.record.id) => Ok(None),
            Ok(_) => step(self.store().commit(approval.looked_in_vain(now)).await),
            Err(error) => {
                tracing::warn!(approval = %approval.record.id, code = error.code, "could not look for the instance");
                step(self.store().commit(approval.could_not_look(error.code, now)).await)
            }
        }
    }

    /// Gives every instance of that time that nobody owns to the approval it names. Gives those approvals; an error
    /// when the look could not be finished.
    async fn adopt_instances(
        &self,
        process_code: &ProcessCode,
        sent_at: Timestamp,
    ) -> Result<Result<Vec<ApprovalId>, DingTalkError>, EngineError> {
        let until = (sent_at + LEASE + MARGIN).min(self.now());
        let ids = match self.dingtalk().instance_ids(process_code, sent_at - MARGIN, until).await {
            Ok(ids) => ids,
            Err(error) => return Ok(Err(error)),
        };
        let (mut adopted, mut unread) = (Vec::new(), Vec::new());
        for id in ids {
            // Reading is a paid call: not for those that are known.
            if self.store().owner(&id).await? != Owner::Nobody {
                continue;
            }
            match self.dingtalk().read_instance(&id).await {
                Ok(snapshot) => adopted.extend(self.adopt(id, process_code, snapshot).await?),
                // It was deleted, or is not ours to read.
                Err(error) if error.class == Class::Permanent => {}
                // One that fails does not hide the others; a DingTalk that refuses all is not asked on.
                Err(error) => {
                    let passing = matches!(error.class, Class::UnknownOutcome | Class::Transient);
                    unread.push(error);
                    if !passing || unread.len() == MOST_UNREAD {
                        break;
                    }
                }
            }
        }
        Ok(unread.pop().map_or(Ok(adopted), Err))
    }

    /// Gives an instance to the approval it names, if that waits for one.
    async fn adopt(
        &self,
        id: InstanceId,
        process_code: &ProcessCode,
        snapshot: InstanceSnapshot,
    ) -> Result<Option<ApprovalId>, EngineError> {
        let Some(named) = form::reference(&snapshot.fields) else { return Ok(None) };
        let Some(Approval { record, state: State::Received(state) }) = self.store().load(&named).await?
        else {
            return Ok(None);
        };
        let approval = Approval { record, state };
        // Without the approvers' identities an adopted instance works all the same.
        let cast = self.cast(&approval.record.request).await;
        let identities = cast.map(|cast| cast.identities).unwrap_or_default();
        let originator = snapshot.originator.unwrap_or_else(|| UserId::new(""));
        let instance =
            Instance { id, process_code: process_code.clone(), originator, created_at: self.now() };
        let origin = Origin::Adopted { ended: snapshot.ending.is_some() };
        self.settle_instance(approval, instance, identities, origin).await?;
        Ok(Some(named))
    }
}
