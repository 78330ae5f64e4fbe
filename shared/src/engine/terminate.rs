//! Terminating an instance that the source took back.

use super::{Engine, EngineError, Step, step};
use crate::approval::{Approval, Basis, Decision, Outcome, Pending};

const REMARK: &str = "Withdrawn in Dataphin";
/// Too young, or ended already: reading it tells which.
const NOT_NOW: &str = "aflowProcessInstStatusException";

impl Engine {
    pub(super) async fn terminate(&self, approval: Approval<Pending>) -> Result<Step, EngineError> {
        let terminated = self.dingtalk().terminate_instance(&approval.state.instance.id, REMARK).await;
        let now = self.now();
        match terminated {
            Ok(()) => {
                let decision = Decision {
                    outcome: Outcome::Withdrawn,
                    at: now,
                    by: None,
                    comment: None,
                    basis: Basis::Instance,
                };
                self.decide(approval.decided(decision, now)).await
            }
            Err(error) => {
                tracing::warn!(approval = %approval.record.id, code = error.code, "not withdrawn");
                let ended = error.code == NOT_NOW;
                let approval = approval.withdrawal_failed(error.code, now);
                if ended { self.read(approval).await } else { step(self.store().commit(approval).await) }
            }
        }
    }
}
