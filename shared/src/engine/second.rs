//! A second instance of an approval: it does not count, and is ended.
//!
//! A proxy may deliver a create call twice, or so late that another one was sent. Whoever meets the second instance (an event, a
//! look, the daily reconciliation) commits that it is one, says so under it, and has it terminated.

use super::{Engine, EngineError, report::word};
use crate::{
    approval::{ApprovalId, Happening, Hint, Instance, InstanceId},
    metrics::{self, Count},
};

/// What people read under the second instance.
const COMMENT: &str = "重复的审批单：以另一张相同的审批单为准，本单将被撤销，不影响结果。 \
                       A duplicate: the other approval of the same request counts; this one is revoked.";

impl Engine {
    /// Ends an instance that bears the reference of an approval which has another. Doing it again changes nothing.
    pub(super) async fn end_second_instance(
        &self,
        approval: &ApprovalId,
        Instance { id: instance, originator, .. }: &Instance,
    ) -> Result<(), EngineError> {
        // Committed first: whatever cuts this short, it is terminated.
        self.store().leave(instance, self.now()).await?;
        if !self.store().claim_second_instance(instance, approval).await? {
            return Ok(());
        }
        metrics::count(Count::UnexpectedInstance);
        tracing::error!(%approval, %instance, "a second instance of an approval: it does not count, and is terminated");
        self.note_once(approval, Happening::SecondInstance { instance: instance.clone() }).await?;
        if let Err(error) = self.dingtalk().comment(instance, originator, COMMENT).await {
            tracing::warn!(%instance, code = error.code, "cannot comment on the second instance");
        }
        Ok(())
    }

    /// An event about a second instance: noted, and nothing else.
    pub(super) async fn second_reported(
        &self,
        approval: &ApprovalId,
        instance: &InstanceId,
        hint: &Hint,
    ) -> Result<(), EngineError> {
        let result = word(hint.result).to_owned();
        tracing::error!(%approval, %instance, result, "an event about a second instance: it does not count");
        let note = Happening::SecondInstanceReported { instance: instance.clone(), result };
        self.note_once(approval, note).await
    }
}
