//! Creating the instance: at most one that people can act on.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, MOST_TRIES, Step, selection::select, step, waiting::Line};
use crate::{
    approval::{
        Answer, Approval, Creation, Happening, Identity, Instance, Origin, Received, Sent, State,
        schedule::{BAN, BUSY, CREATE, GIVE_UP_CREATING, SEND_WITHIN, wait_repeating},
    },
    dingtalk::{
        Approvers, Class, Contact, DingTalkError, NewInstance, SendBy, forecast::ForecastQuery, words,
    },
    store::CommitError,
    template::{Template, Way, fill},
};

/// A call that never left is made once more after so long.
const TRY_ONCE_MORE: SignedDuration = SignedDuration::from_secs(1);

impl Engine {
    /// A create call in the background: claimed first. After a day of trying the approval fails: no call is under way. A day in
    /// which nothing was tried is none.
    pub(super) async fn create_again(&self, approval: Approval<Received>) -> Result<Step, EngineError> {
        let _place = self.place().await;
        let _announced = self.0.announced.acquire().await;
        let now = self.now();
        if approval.state.tried_for >= GIVE_UP_CREATING {
            let reason = "DingTalk could not be brought to create the approval within a day".to_owned();
            return self.decide(approval.failed("given-up".to_owned(), reason, now)).await;
        }
        let template = match self.pick(&approval.record.request).await? {
            Ok(template) => template,
            // An operator can mend it: until then it waits.
            Err(none) => {
                let not_before = now + self.jittered(wait_repeating(&CREATE, approval.attempts()));
                return step(
                    self.store().commit(approval.not_created(none.code().to_owned(), not_before, now)).await,
                );
            }
        };
        // Looked up before the call is announced, and then known: whatever goes wrong shows in the call.
        let _ = self.cast(&approval.record.request).await;
        match self.store().commit(approval.sending(template.process_code, self.now())).await {
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
        // The call was announced a moment ago: whoever is held up for long must not send it any more.
        let announced = sent_at(&approval).unwrap_or_else(|| self.now());
        let send_by = SendBy::within(SEND_WITHIN, announced, &self.0.world);
        let mut called = self.call_create(&mut approval, send_by).await;
        if matches!(&called, Err(error) if error.class == Class::Transient) {
            self.0.world.sleep(TRY_ONCE_MORE).await;
            called = self.call_create(&mut approval, send_by).await;
        }
        let error = match called {
            Ok((instance, approvers)) => {
                return self.settle_instance(approval, instance, approvers, Origin::Created).await;
            }
            Err(error) => error,
        };
        let now = self.now();
        tracing::warn!(approval = %approval.record.id, class = ?error.class, code = error.code, "not created");
        match error.class {
            Class::UnknownOutcome => {
                let answer = answer_of(&error);
                let looks = self.0.settings.looks;
                let unknown = |approval: Approval<Received>| {
                    approval.outcome_unknown(error.code.clone(), answer.clone(), looks, now).into()
                };
                self.settle_call(approval, unknown).await
            }
            Class::Transient | Class::Throttled => self.put_off(approval, &error, now).await,
            Class::Permanent | Class::Token | Class::Permission | Class::Quota => {
                self.not_created(approval, &error, line.refuse(), now).await
            }
        }
    }

    /// A no. Told at once while the source waits. Afterwards those that an operator can mend are tried again.
    async fn not_created(
        &self,
        approval: Approval<Received>,
        error: &DingTalkError,
        source_waits: bool,
        now: Timestamp,
    ) -> Result<Step, EngineError> {
        let (code, reason) = (error.code.clone(), words::refusal(error));
        if source_waits {
            let refused =
                |approval: Approval<Received>| approval.refused(code.clone(), reason.clone(), now).into();
            return self.settle_call(approval, refused).await;
        }
        if error.class == Class::Permanent {
            return self.decide(approval.failed(code, reason, now)).await;
        }
        self.put_off(approval, error, now).await
    }

    /// The call was not carried out: another one later.
    async fn put_off(
        &self,
        approval: Approval<Received>,
        error: &DingTalkError,
        now: Timestamp,
    ) -> Result<Step, EngineError> {
        let wait = match error {
            error if error.is_ban() => BAN,
            error if error.is_busy() => BUSY,
            _ => wait_repeating(&CREATE, approval.attempts()),
        };
        let not_before = now + self.jittered(wait);
        let put_off =
            |approval: Approval<Received>| approval.not_created(error.code.clone(), not_before, now).into();
        self.settle_call(approval, put_off).await
    }

    async fn call_create(
        &self,
        approval: &mut Approval<Received>,
        send_by: SendBy,
    ) -> Result<(Instance, Vec<Identity>), DingTalkError> {
        let Approval { record, state } = &*approval;
        let Creation::Sent(Sent { process_code, .. }) = &state.creation else {
            return Err(DingTalkError::new(Class::Throttled, "not-announced", "the call was not announced"));
        };
        let template = self.template(process_code).await.map_err(|_| store_failed())?;
        let template = template.unwrap_or_else(|| Template::by_hand(process_code.clone()));
        let mut cast = self.cast(&record.request).await?;
        let Contact { user_id: originator, dept_id, .. } = cast.originator;
        let details = self.details(approval).await.map_err(|_| store_failed())?;
        let values = fill::values(&template.fills, record, &details, &originator);
        let approvers = match template.way {
            Way::Source if !cast.approvers.is_empty() => Approvers::Given(cast.approvers),
            Way::Source => Approvers::Flow(Vec::new()),
            Way::Template => {
                let query = ForecastQuery { process_code, originator: &originator, dept_id, values: &values };
                let flow = self.dingtalk().forecast(&query).await?;
                let selected = select(&flow, &cast.approvers, &originator)?;
                cast.notes.push(Happening::FlowOfTemplate { selected: selected.len() });
                Approvers::Flow(selected)
            }
        };
        let new = NewInstance { process_code: process_code.clone(), originator, dept_id, approvers, values };
        // Afterwards others may have begun to look for the instance.
        let id = self.dingtalk().create_instance(&new, send_by).await?;
        let now = self.now();
        for note in cast.notes {
            approval.record.timeline.add(now, note);
        }
        let NewInstance { process_code, originator, .. } = new;
        Ok((Instance { id, process_code, originator, created_at: now }, cast.identities))
    }

    /// Commits what came of a create call. Someone may have changed the approval meanwhile (a withdrawal): what is
    /// known of the call goes into what they left.
    async fn settle_call(
        &self,
        mut approval: Approval<Received>,
        outcome: impl Fn(Approval<Received>) -> Approval,
    ) -> Result<Step, EngineError> {
        let call = sent_at(&approval);
        for _ in 0..MOST_TRIES {
            let id = approval.record.id.clone();
            match self.store().commit(outcome(approval)).await {
                Ok(committed) => return Ok(Some(committed)),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict) => {}
            }
            match self.store().load(&id).await? {
                Some(Approval { record, state: State::Received(state) }) => {
                    approval = Approval { record, state };
                }
                _ => return Ok(None),
            }
            if sent_at(&approval) != call {
                return Ok(None);
            }
        }
        Err(EngineError::Contended)
    }

    /// Commits that the approval's instance is known, whatever others have changed meanwhile.
    pub(super) async fn settle_instance(
        &self,
        mut approval: Approval<Received>,
        instance: Instance,
        approvers: Vec<Identity>,
        origin: Origin,
    ) -> Result<Step, EngineError> {
        for _ in 0..MOST_TRIES {
            let now = self.now();
            let id = approval.record.id.clone();
            let pending =
                |hint| approval.clone().created(instance.clone(), approvers.clone(), origin, hint, now);
            match self.store().commit_with_instance(&instance.id, pending).await {
                Ok(pending) => {
                    tracing::info!(approval = %id, instance = %instance.id, ?origin, "pending");
                    return Ok(Some(pending.into()));
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict) => {}
            }
            match self.store().load(&id).await? {
                Some(Approval { record, state: State::Received(state) }) => {
                    approval = Approval { record, state };
                }
                Some(other) if other.state.instance().is_some_and(|known| known.id == instance.id) => {
                    return Ok(Some(other));
                }
                Some(other) => {
                    // Its instance was found meanwhile, or it has ended: this one does not count.
                    self.end_second_instance(&other.record.id, &instance).await?;
                    return Ok(None);
                }
                None => {
                    tracing::error!(approval = %id, instance = %instance.id, "an orphaned instance: its approval is gone");
                    return Ok(None);
                }
            }
        }
        Err(EngineError::Contended)
    }
}

/// The call was not made.
fn store_failed() -> DingTalkError {
    DingTalkError::new(Class::Transient, "store-unavailable", "the bridge cannot read what it stored")
}

/// Which create call an approval waits for.
fn sent_at(approval: &Approval<Received>) -> Option<Timestamp> {
    approval.state.creation.sent().map(|sent| sent.at)
}

/// DingTalk's own words about a call, where the answer was its own.
fn answer_of(error: &DingTalkError) -> Option<Answer> {
    error
        .is_dingtalks_own()
        .then(|| Answer { code: error.code.clone(), message: words::refused_twice(error) })
}
