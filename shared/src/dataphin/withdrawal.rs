//! The body of a withdrawal: which request is taken back.

use super::{BadBody, fields::Fields};
use crate::approval::{ApplyId, ApprovalId, Tenant};

/// Our ids begin so; anything else in `processInstanceId` is not ours.
const OURS: &str = "ap-";

/// What a withdrawal says of the request that it is about; at least one of the ids. All of it must be true of that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalRequest {
    /// Our own id (`processInstanceId`).
    pub approval: Option<ApprovalId>,
    /// Dataphin's.
    pub apply_id: Option<ApplyId>,
    /// Its tenant; empty where it is left out.
    pub tenant: Tenant,
}

impl WithdrawalRequest {
    /// Reads a body with our own id (`processInstanceId`), with Dataphin's (`applyId`, perhaps `tenantId`), or with both.
    pub fn parse(body: &[u8]) -> Result<Self, BadBody> {
        let fields = Fields::read(body, &["processInstanceId", "applyId", "tenantId"])?;
        let process_instance = fields.id("processInstanceId")?;
        let ours = process_instance
            .filter(|id| id.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS)));
        let apply_id = fields.exact_id("applyId")?.map(ApplyId::new);
        if ours.is_none() && apply_id.is_none() {
            return Err(BadBody("applyId is missing, and processInstanceId is not one of ours".to_owned()));
        }
        let tenant = Tenant::new(fields.exact_id("tenantId")?.unwrap_or_default());
        Ok(Self { approval: ours.map(ApprovalId::new), apply_id, tenant })
    }
}
