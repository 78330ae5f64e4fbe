//! Terminating an instance that the source took back.

use super::{Engine, EngineError, MOST_TRIES, Step, step};
use crate::{
    approval::{Approval, Basis, Decision, Outcome, Pending, schedule::TERMINATE_LATER},
    dingtalk::Class,
};

const REMARK: &str = "Withdrawn in Dataphin";
/// Too young, or ended already: reading it tells which.
pub(super) const NOT_NOW: &str = "aflowProcessInstStatusException";
pub(super) const NOT_THERE: [&str; 2] = ["aflowProcessInstNotExist", "invalidInstanceId"];

impl Engine {
    pub(super) async fn terminate(&self, approval: Approval<Pending>) -> Result<Step, EngineError> {
        let place = self.place().await;
        let terminated = self.dingtalk().terminate_instance(&approval.state.instance.id, REMARK).await;
        drop(place);
        let now = self.now();
        let error = match terminated {
            Ok(()) => return self.decide_withdrawn(approval).await,
            Err(error) if NOT_THERE.contains(&error.code.as_str()) => {
                return self.decide_withdrawn(approval).await;
            }
            Err(error) => error,
        };
        tracing::warn!(approval = %approval.record.id, code = error.code, "not withdrawn");
        if error.code == NOT_NOW {
            return self.read(approval.withdrawal_failed(error.code, now)).await;
        }
        // A definite refusal uses up a try, a fault that passes does not. A doubtful 400 is how DingTalk says that the
        // template does not let its initiator revoke.
        let code = error.code.clone();
        let approval = if error.after_another_try().class == Class::Permanent {
            approval.withdrawal_failed(code, now)
        } else {
            approval.withdraw_later(now + self.jittered(TERMINATE_LATER))
        };
        step(self.store().commit(approval).await)
    }

    /// The instance is terminated, whatever is reported meanwhile: DingTalk's event about it comes at once.
    async fn decide_withdrawn(&self, mut approval: Approval<Pending>) -> Result<Step, EngineError> {
        for _ in 0..MOST_TRIES {
            let (id, now) = (approval.record.id.clone(), self.now());
            let decision = Decision {
                outcome: Outcome::Withdrawn,
                at: now,
                by: None,
                comment: None,
                basis: Basis::Instance,
            };
            if let Some(committed) = self.decide(approval.decided(decision, now)).await? {
                return Ok(Some(committed));
            }
            match self.reload_pending(&id).await? {
                Some(reloaded) => approval = reloaded,
                None => return Ok(None),
            }
        }
        Err(EngineError::Contended)
    }
}
