//! The body of a withdrawal: which request is taken back.

use super::{BadBody, submission};
use crate::approval::{ApplyId, ApprovalId, ApprovalKey, Source, Tenant};

/// Our ids begin so; anything else in `processInstanceId` is not ours.
const OURS: &str = "ap-";

/// Which approval a withdrawal is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WithdrawalRequest {
    /// This one.
    Approval(ApprovalId),
    /// The one that this key means; its tenant may be left out.
    Request(ApprovalKey),
}

impl WithdrawalRequest {
    /// Reads a body with our own id (`processInstanceId`), or with Dataphin's (`applyId`, perhaps `tenantId`).
    pub fn parse(body: &[u8]) -> Result<Self, BadBody> {
        let fields = submission::object(body)?;
        if let Some(id) = submission::id(&fields, "processInstanceId")?.filter(|id| id.starts_with(OURS)) {
            return Ok(Self::Approval(ApprovalId::new(id)));
        }
        let missing = || BadBody("applyId is missing, and processInstanceId is not one of ours".to_owned());
        let apply_id = ApplyId::new(submission::id(&fields, "applyId")?.ok_or_else(missing)?);
        let tenant = Tenant::new(submission::id(&fields, "tenantId")?.unwrap_or_default());
        Ok(Self::Request(ApprovalKey { source: Source::Dataphin, tenant, apply_id }))
    }
}
