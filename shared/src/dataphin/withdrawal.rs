//! The body of a withdrawal: which request is taken back.

use super::{BadBody, submission};
use crate::approval::{ApplyId, ApprovalId, ApprovalKey, Source, Tenant};

/// A request to withdraw an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalRequest {
    /// The approval.
    pub approval: ApprovalId,
}

impl WithdrawalRequest {
    /// Reads a body with our own id (`processInstanceId`), or with Dataphin's (`applyId`, `tenantId`).
    pub fn parse(body: &[u8]) -> Result<Self, BadBody> {
        let fields = submission::object(body)?;
        // Ours is exact, also where a withdrawal leaves the tenant out.
        if let Some(id) = submission::id(&fields, "processInstanceId")? {
            return Ok(Self { approval: ApprovalId::new(id) });
        }
        let apply_id = submission::id(&fields, "applyId")?
            .ok_or_else(|| BadBody("applyId or processInstanceId is missing".to_owned()))?;
        let tenant = Tenant::new(submission::id(&fields, "tenantId")?.unwrap_or_default());
        let key = ApprovalKey { source: Source::Dataphin, tenant, apply_id: ApplyId::new(apply_id) };
        Ok(Self { approval: key.id() })
    }
}
