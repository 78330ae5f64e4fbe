//! After a create call with unknown outcome: looking for its instance before another call is sent.
//!
//! Instances that bear a reference of ours go to the approvals they name: not only to the one that is looked for. So when many
//! calls got no answer, each instance is read once and not once for each.

use super::{
    Engine, EngineError, Step,
    adopt::count_needs_operator,
    look::{Looks, Wanted},
    step,
};
use crate::{
    approval::{AfterLook, Approval, Received, Sent, State},
    dingtalk::{Class, DingTalkError},
};

impl Engine {
    pub(super) async fn reconcile(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        let (id, _place) = (approval.record.id.clone(), self.place().await);
        // One look at a time. Whoever waited may have been found meanwhile, so it is loaded again.
        let mut looks = self.0.looks.lock().await;
        let Some(Approval { record, state: State::Received(state) }) = self.store().load(&id).await? else {
            return Ok(None);
        };
        let approval = Approval { record, state };
        let Some(sent) = approval.state.creation.sent().cloned() else { return Ok(None) };
        // Another's look may have found what an operator must decide about.
        if sent.needs_operator.as_ref().is_some_and(|why| !why.goes_on_looking()) {
            return Ok(None);
        }
        if sent.look_at > self.now() {
            return Ok(Some(approval.into()));
        }
        let seen = self.look_for_instance(&approval, &sent, &mut looks).await?;
        drop(looks);
        let now = self.now();
        match seen {
            Seen::Changed => Ok(None),
            Seen::Nothing => match approval.not_found(self.0.settings.looks, now) {
                AfterLook::Open(approval) => {
                    count_needs_operator(&approval);
                    step(self.store().commit(approval).await)
                }
                AfterLook::Failed(approval) => self.decide(approval).await,
            },
            Seen::NotAll(error) => {
                tracing::warn!(approval = %id, code = error.code, "cannot look for the instance; retrying later");
                let approval = approval.could_not_look(error.code, now);
                count_needs_operator(&approval);
                step(self.store().commit(approval).await)
            }
        }
    }

    /// Looks for the instance of an announced call, or takes what the last look saw.
    async fn look_for_instance(
        &self,
        approval: &Approval<Received>,
        sent: &Sent,
        looks: &mut Looks,
    ) -> Result<Seen, EngineError> {
        // A token's answer tells DingTalk's clock, by which the list goes.
        if let Err(error) = self.dingtalk().check_credentials().await {
            return Ok(Seen::NotAll(error));
        }
        let cast = match self.cast(&approval.record.request).await {
            Ok(cast) => cast,
            Err(error) => return Ok(Seen::NotAll(error)),
        };
        let called_at = approval.state.creation.first_call_at().unwrap_or(sent.at);
        let wanted = Wanted {
            process_code: &sent.process_code,
            originator: &cast.originator.user_id,
            first_call: called_at + self.dingtalk().clock_offset(),
            last_call: sent.at + self.dingtalk().clock_offset(),
            look_at: sent.look_at,
        };
        if !looks.last.as_ref().is_some_and(|last| last.answers(&wanted)) {
            looks.last = None;
            let (candidates, mut look) = self.look_for(&wanted, looks).await?;
            let all = look.seen.as_ref().ok();
            let handed = self.hand_over(candidates, &sent.process_code, all, looks).await;
            // It answers for others only if all that it found has been dealt with.
            if handed.failed.is_none() {
                look.held = handed.held;
                look.changed.clone_from(&handed.changed);
                looks.last = Some(look);
            }
            if handed.changed.contains(&approval.record.id) {
                return Ok(Seen::Changed);
            }
            if let Some(error) = handed.failed {
                return Err(error);
            }
        }
        if let Some(last) = &looks.last {
            if last.changed.contains(&approval.record.id) {
                return Ok(Seen::Changed);
            }
            if last.held.contains(&approval.record.id) {
                return Ok(Seen::NotAll(unproven()));
            }
        }
        Ok(match looks.last.as_ref().map(|last| &last.seen) {
            Some(Ok(blind)) if blind.may_hold(wanted.originator, wanted.first_call) => {
                Seen::NotAll(without_form())
            }
            Some(Ok(_)) => Seen::Nothing,
            Some(Err(error)) => Seen::NotAll(error.clone()),
            None => Seen::NotAll(without_form()),
        })
    }
}

/// What a look for one instance saw.
enum Seen {
    /// The approval has been changed: it has its instance, or an operator must decide.
    Changed,
    /// Everything, and the instance is not among it.
    Nothing,
    /// Not everything.
    NotAll(DingTalkError),
}

fn unproven() -> DingTalkError {
    let what = "an instance bears the reference, and not everything was seen that could prove or disprove it";
    DingTalkError::new(Class::Transient, "instance-unproven", what)
}

fn without_form() -> DingTalkError {
    DingTalkError::new(
        Class::Transient,
        "instance-without-form",
        "an instance does not show what its form holds",
    )
}
