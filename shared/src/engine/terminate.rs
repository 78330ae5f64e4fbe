//! Terminating an instance that the source took back.
//!
//! Only DingTalk's explicit yes decides that it is withdrawn. After any other answer the instance is read: a person may have
//! agreed meanwhile, and that counts.

use super::{Engine, EngineError, MOST_TRIES, Step, step};
use crate::{
    approval::{Approval, Basis, Decision, Outcome, Pending},
    dingtalk::{Class, DingTalkError},
};

const REMARK: &str = "Withdrawn in Dataphin";
/// Too young, or ended already: reading it tells which.
pub(super) const NOT_NOW: &str = "aflowProcessInstStatusException";
pub(super) const NOT_THERE: [&str; 2] = ["aflowProcessInstNotExist", "invalidInstanceId"];

/// What an answer other than yes means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// Not in a state to be terminated.
    NotNow,
    /// There is no such instance.
    NotThere,
    /// DingTalk does not do it, and would not another time.
    Final,
    /// It may have been done or not.
    Unknown,
    /// It was not done; another time it may be.
    Passing,
}

impl Engine {
    pub(super) async fn terminate(&self, mut approval: Approval<Pending>) -> Result<Step, EngineError> {
        let place = self.place().await;
        let terminated = self.dingtalk().terminate_instance(&approval.state.instance.id, REMARK).await;
        drop(place);
        let Err(error) = terminated else { return self.decide_withdrawn(approval).await };
        let (now, refusal) = (self.now(), Refusal::of(&error));
        tracing::warn!(approval = %approval.record.id, code = error.code, ?refusal, "not terminated; trying again or reading it");
        // DingTalk's event about it comes at once: what is known of the call goes into what that left.
        for _ in 0..MOST_TRIES {
            let (id, code) = (approval.record.id.clone(), error.code.clone());
            let answered = match refusal {
                Refusal::NotNow => approval.withdrawal_failed(code, now).read_soon(now),
                Refusal::NotThere => approval.nothing_to_terminate(now),
                Refusal::Final => approval.withdrawal_failed(code, now),
                Refusal::Unknown => approval.termination_unknown(now),
                Refusal::Passing => approval.withdraw_later(now),
            };
            if let Some(committed) = step(self.store().commit(answered).await)? {
                return Ok(Some(committed));
            }
            match self.reload_pending(&id).await? {
                Some(reloaded) => approval = reloaded,
                None => return Ok(None),
            }
        }
        Err(EngineError::Contended)
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

impl Refusal {
    fn of(error: &DingTalkError) -> Self {
        // A doubtful 400 is how DingTalk says that the template does not let its initiator revoke.
        let class = error.clone().after_another_try().class;
        // What answers in DingTalk's place says nothing of the instance.
        let is_dingtalks = !error.is_unreadable();
        match class {
            _ if is_dingtalks && error.code == NOT_NOW => Self::NotNow,
            _ if is_dingtalks && NOT_THERE.contains(&error.code.as_str()) => Self::NotThere,
            Class::Permanent if is_dingtalks => Self::Final,
            Class::Permanent | Class::Transient | Class::UnknownOutcome => Self::Unknown,
            Class::Throttled | Class::Token | Class::Permission | Class::Quota => Self::Passing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dingtalks_own_word_ends_a_withdrawal() {
        let table = [
            (Class::Permanent, NOT_NOW, Refusal::NotNow),
            (Class::Permanent, "aflowProcessInstNotExist", Refusal::NotThere),
            (Class::Permanent, "invalidInstanceId", Refusal::NotThere),
            (Class::Permanent, "not-terminated", Refusal::Final),
            (Class::Transient, "http-403", Refusal::Unknown),
            (Class::Transient, "http-502", Refusal::Unknown),
            (Class::Transient, "timed-out", Refusal::Unknown),
            (Class::Transient, "systemError", Refusal::Unknown),
            (Class::UnknownOutcome, "unreadable-answer", Refusal::Unknown),
            (Class::Throttled, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", Refusal::Passing),
            (Class::Quota, "Forbidden.AccessDenied.ApiCountLimitForOrg", Refusal::Passing),
        ];
        for (class, code, refusal) in table {
            assert_eq!(Refusal::of(&DingTalkError::new(class, code, "")), refusal, "{code}");
        }
    }
}
