//! Creating the instance: at most one that people can act on.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, Step, step, waiting::Line};
use crate::{
    approval::{
        Approval, Creation, Identity, Instance, Received, State,
        schedule::{CREATE, GIVE_UP_CREATING, SEND_WITHIN, wait_repeating},
    },
    dingtalk::{Class, DingTalkError, NewInstance, form},
    store::CommitError,
};

/// A transient no while the source waits is tried once more after so long.
const TRY_ONCE_MORE: SignedDuration = SignedDuration::from_secs(1);

impl Engine {
    /// A create call in the background: claimed first.
    pub(super) async fn create_again(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        match self.store().commit(approval.sending(self.now())).await {
            Ok(claimed) => self.create(claimed, &Line::none()).await,
            Err(error) => step::<Received>(Err(error)),
        }
    }

    /// Sends the create call that the approval's last commit announced, and commits what came of it. While the
    /// source holds the `line`, a permanent no refuses; afterwards it is an outcome.
    pub(super) async fn create(
        &self,
        mut approval: Approval<Received>,
        line: &Line,
    ) -> Result<Step, EngineError> {
        let mut called = self.call_create(&mut approval).await;
        if matches!(&called, Err(error) if error.class == Class::Transient) {
            self.0.world.sleep(TRY_ONCE_MORE).await;
            called = self.call_create(&mut approval).await.map_err(DingTalkError::after_another_try);
        }
        let now = self.now();
        let error = match called {
            Ok((instance, approvers)) => {
                return self.settle_instance(approval, instance, approvers, false).await;
            }
            Err(error) => error,
        };
        let code = error.code.clone();
        let in_time = now.duration_since(approval.record.received_at) < GIVE_UP_CREATING;
        match error.class {
            Class::UnknownOutcome => step(self.store().commit(approval.outcome_unknown(code, now)).await),
            Class::Transient | Class::Throttled if in_time => self.put_off(approval, code, now).await,
            _ if line.refuse() => {
                tracing::warn!(approval = %approval.record.id, code, "refused");
                step(self.store().commit(approval.refused(code, sentence(&error), now)).await)
            }
            // Nobody waits for the answer, and an operator may mend these.
            Class::Token | Class::Permission | Class::Quota if in_time => {
                self.put_off(approval, code, now).await
            }
            _ => self.decide(approval.failed(code, sentence(&error), now)).await,
        }
    }

    /// The call was not carried out: another one later.
    async fn put_off(
        &self,
        approval: Approval<Received>,
        code: String,
        now: Timestamp,
    ) -> Result<Step, EngineError> {
        tracing::warn!(approval = %approval.record.id, code, "not created yet; will be tried again");
        let wait = self.jittered(wait_repeating(&CREATE, approval.attempts()));
        step(self.store().commit(approval.not_created(code, now + wait, now)).await)
    }

    async fn call_create(
        &self,
        approval: &mut Approval<Received>,
    ) -> Result<(Instance, Vec<Identity>), DingTalkError> {
        let Approval { record, state } = &*approval;
        let cast = self.cast(&record.request).await?;
        let new = NewInstance {
            process_code: self.dingtalk().settings().process_code.clone(),
            originator: cast.originator.user_id,
            dept_id: cast.originator.dept_id,
            approvers: cast.approvers,
            fields: form::values(&record.id, &record.request, &state.details),
        };
        // Whoever was held up for long must not send any more: others may have begun to look for the instance.
        let Creation::Sent { at, .. } = state.creation else { return Err(held_up()) };
        if self.now().duration_since(at) > SEND_WITHIN {
            return Err(held_up());
        }
        let id = self.dingtalk().create_instance(&new).await?;
        let now = self.now();
        for note in cast.notes {
            approval.record.timeline.add(now, note);
        }
        let NewInstance { process_code, originator, .. } = new;
        Ok((Instance { id, process_code, originator, created_at: now }, cast.identities))
    }

    /// Commits that the approval's instance is known. Someone may have changed the approval meanwhile (a withdrawal):
    /// then the instance goes into what they left.
    pub(super) async fn settle_instance(
        &self,
        mut approval: Approval<Received>,
        instance: Instance,
        approvers: Vec<Identity>,
        adopted: bool,
    ) -> Result<Step, EngineError> {
        for _ in 0..10 {
            let now = self.now();
            let id = approval.record.id.clone();
            let pending =
                |hint| approval.clone().created(instance.clone(), approvers.clone(), adopted, hint, now);
            match self.store().commit_with_instance(&instance.id, pending).await {
                Ok(pending) => {
                    tracing::info!(approval = %id, instance = %instance.id, adopted, "pending");
                    return Ok(Some(pending.into()));
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict) => {}
            }
            match self.store().load(&id).await? {
                Some(Approval { record, state: State::Received(state) }) => {
                    approval = Approval { record, state }
                }
                Some(other) if other.state.instance().is_some_and(|known| known.id == instance.id) => {
                    return Ok(Some(other));
                }
                _ => {
                    // Only where two create calls went out for one approval, which the commits rule out.
                    tracing::error!(approval = %id, instance = %instance.id, "an instance that nobody owns");
                    return Ok(None);
                }
            }
        }
        Err(EngineError::Contended)
    }
}

fn held_up() -> DingTalkError {
    DingTalkError::new(Class::Throttled, "held-up", "the call was put off")
}

/// The reason for a person: what is wrong, and where to mend it.
fn sentence(error: &DingTalkError) -> String {
    match error.class {
        Class::Permission if !error.scopes.is_empty() => format!(
            "the DingTalk app lacks a permission: {}; grant it in the developer console under Permission Management",
            error.scopes.join(", ")
        ),
        Class::Permission => format!(
            "DingTalk does not let the app call from here ({}): check its permissions and its server egress IP list in \
             the developer console",
            error.code
        ),
        Class::Token => format!(
            "DingTalk does not accept the app's credentials ({}): check DINGTALK_APP_KEY and DINGTALK_APP_SECRET",
            error.code
        ),
        Class::Quota => {
            "the organisation's monthly quota of DingTalk API calls is used up: buy more or wait for the next month"
                .to_owned()
        }
        _ if error.code == "person-not-in-dingtalk" => error.message.clone(),
        _ => format!("DingTalk refused the approval ({}): {}", error.code, error.message),
    }
}
