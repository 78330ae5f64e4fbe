//! Ending instances that must not stay on anybody's desk: what a check of ours started, and second instances of an approval.

use jiff::SignedDuration;

use super::{
    Engine, EngineError,
    terminate::{NOT_NOW, NOT_THERE},
};
use crate::{
    approval::{Happening, InstanceId, schedule::WITHDRAW_AFTER},
    metrics::{self, Count},
    store::Owner,
};

/// An older one that DingTalk finds in no state to be revoked has ended already.
const HAS_ENDED_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// What could not be ended by then will not be.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// What people read who had it on their desk.
pub(crate) const REMARK: &str = "由审批桥接撤销，无需处理 Ended by Approval Bridge: nothing to do";

impl Engine {
    /// Terminates what is left to be cleaned up, as soon as DingTalk lets it.
    pub async fn end_leftovers(&self) -> Result<(), EngineError> {
        let Some(left) = self.store().leftovers().await? else { return Ok(()) };
        let age = self.now().duration_since(left.since);
        if age < WITHDRAW_AFTER {
            return Ok(());
        }
        for instance in &left.instances {
            if self.is_settled(instance, age).await? {
                self.store().end_leaving(instance).await?;
            }
        }
        Ok(())
    }

    /// Terminates an instance. Whether nothing more is to be done about it.
    async fn is_settled(&self, instance: &InstanceId, age: SignedDuration) -> Result<bool, EngineError> {
        let Err(error) = self.dingtalk().terminate_instance(instance, REMARK).await else {
            tracing::info!(%instance, "terminated: it was left to be cleaned up");
            return Ok(true);
        };
        let code = error.code.as_str();
        if NOT_THERE.contains(&code)
            || (code == NOT_NOW && age > HAS_ENDED_AFTER && self.has_ended(instance).await)
        {
            return Ok(true);
        }
        if age <= GIVE_UP_AFTER {
            return Ok(false);
        }
        tracing::error!(%instance, code, "it cannot be terminated: revoke it in DingTalk");
        if let Owner::SecondOf(approval) = self.store().owner(instance).await? {
            metrics::count(Count::UnexpectedInstance);
            let note = Happening::SecondInstanceStays { instance: instance.clone(), code: code.to_owned() };
            self.note_once(&approval, note).await?;
        }
        Ok(true)
    }

    async fn has_ended(&self, instance: &InstanceId) -> bool {
        let read = self.dingtalk().read_instance(instance).await;
        read.is_ok_and(|snapshot| snapshot.ending.is_some())
    }
}
