//! Reading the instance: the truth about how it stands. What it means is judged in [`super::judge`].

use jiff::{SignedDuration, Timestamp};

use super::{
    Engine, EngineError, MOST_TRIES, Step,
    judge::{self, Finding, Read},
    step,
    whose::{Whose, whose},
};
use crate::{
    approval::{
        Approval, ApprovalId, Happening, HintResult, Pending, State, UserId,
        schedule::{BUSY, READ_UNASKED_AGAIN},
    },
    dingtalk::{Class, DingTalkError, Ending, InstanceSnapshot},
    metrics::{self, Count},
    store::{CommitError, Sighting, StoreError},
};

/// The answer was about another instance.
const ANOTHER_INSTANCE: &str = "another-instance";

impl Engine {
    /// Reads the instance once, if the day's allowance leaves room for it, and commits what it shows. Someone may have
    /// changed the approval meanwhile (an event, a withdrawal): what was read goes into what they left.
    pub(super) async fn read(&self, approval: Approval<Pending>) -> Result<Step, EngineError> {
        if approval.state.reading.unasked && !self.claim_unasked_read().await? {
            let (at, now) = (self.now() + self.until_unasked_reads(), self.now());
            tracing::info!(approval = %approval.record.id, %at, "the day's unasked reads are used up; reading later");
            return step(self.store().commit(approval.put_off(at, now)).await);
        }
        let began = self.now();
        let announced = approval.state.reading.is_repeated(began).then_some(began);
        let mut approval = match announced {
            None => approval,
            Some(now) => match self.store().commit(approval.reading(now)).await {
                Ok(announced) => announced,
                Err(CommitError::Conflict) => return Ok(None),
                Err(CommitError::Store(error)) => return Err(error.into()),
            },
        };
        let read = self.read_whose_it_is(&approval).await?;
        for _ in 0..MOST_TRIES {
            let id = approval.record.id.clone();
            if let Some(committed) = self.commit_read(approval, &read, began, announced).await? {
                return Ok(Some(committed));
            }
            match self.reload_pending(&id).await? {
                Some(reloaded) => approval = reloaded,
                None => return Ok(None),
            }
        }
        Err(EngineError::Contended)
    }

    /// The approval as it is now, if it is still pending.
    pub(super) async fn reload_pending(
        &self,
        id: &ApprovalId,
    ) -> Result<Option<Approval<Pending>>, EngineError> {
        Ok(match self.store().load(id).await? {
            Some(Approval { record, state: State::Pending(state) }) => Some(Approval { record, state }),
            _ => None,
        })
    }

    async fn claim_unasked_read(&self) -> Result<bool, StoreError> {
        self.store().claim_of_today("unasked-reads", self.0.settings.unasked_reads_a_day, self.now()).await
    }

    /// Spread, so that many that are put off do not come back at once.
    fn until_unasked_reads(&self) -> SignedDuration {
        let most = u64::try_from((READ_UNASKED_AGAIN * 2).as_millis()).unwrap_or(0);
        let more = i64::try_from(self.0.world.random.below(most)).unwrap_or(0);
        READ_UNASKED_AGAIN + SignedDuration::from_millis(more)
    }

    /// Reads the instance. An answer about another one is not believed.
    async fn read_whose_it_is(&self, approval: &Approval<Pending>) -> Result<Read, EngineError> {
        let instance = &approval.state.instance;
        let place = self.place().await;
        let read = self.dingtalk().read_instance(&instance.id).await;
        drop(place);
        let id = &approval.record.id;
        let snapshot = match read {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!(approval = %id, code = error.code, "the instance could not be read");
                return Ok(Err(error));
            }
        };
        let template = self.template(&instance.process_code).await?;
        let fills = template.as_ref().map(|template| template.fills.as_slice());
        let reported = approval.state.reading.hint.as_ref().map(|hint| hint.result);
        match whose(fills, &snapshot, instance, id) {
            Whose::Own | Whose::SameOriginator => return Ok(Ok(snapshot)),
            // Only together with the event it is believed that people agreed.
            Whose::Untold
                if snapshot.ending != Some(Ending::Agreed) || reported == Some(HintResult::Agreed) =>
            {
                return Ok(Ok(snapshot));
            }
            Whose::Untold | Whose::Another => {}
        }
        tracing::error!(
            approval = %id, instance = %instance.id,
            "nothing proves that DingTalk's answer is about this instance: it is not believed, and the instance is read again"
        );
        let what = "nothing proves that the answer is about this instance";
        Ok(Err(DingTalkError::new(Class::Transient, ANOTHER_INSTANCE, what)))
    }

    async fn commit_read(
        &self,
        mut approval: Approval<Pending>,
        read: &Read,
        began: Timestamp,
        announced: Option<Timestamp>,
    ) -> Result<Step, EngineError> {
        let now = self.now();
        if let Ok(snapshot) = read {
            approval = note_countersigning(approval, snapshot, now);
        }
        let finding = judge::judge(&approval.state, read, self.0.settings.event_may_approve, now);
        if let Finding::Decided(mut decision) = finding {
            self.note_unreported(&approval.state, read).await;
            self.name_decider(&mut decision).await;
            let approval = judge::note_basis(approval, &decision, now);
            return self.decide(approval.decided(decision, now)).await;
        }
        if finding == Finding::NotMade {
            let later = approval.read_later(announced, now + self.jittered(BUSY));
            return step(self.store().commit(later).await);
        }
        if announced.is_none() {
            approval = approval.read_counted(began);
        }
        let committed = self.store().commit(judge::wait_on(approval, finding, now)).await;
        if let Ok(approval) = &committed {
            alarm_if_long(approval, now);
        }
        step(committed)
    }

    /// Remembers, for the diagnosis, an end that a look found and that no event had told. After a gap that is no wonder.
    async fn note_unreported(&self, pending: &Pending, read: &Read) {
        let unasked = pending.reading.hint.is_none() && pending.withdrawal.is_none();
        if let (Ok(snapshot @ InstanceSnapshot { ending: Some(ending), .. }), true) = (read, unasked)
            && !self.is_after_gap().await
        {
            let ended_after = snapshot.ended_after(pending.instance.created_at);
            self.store().saw(unreported(*ending), &ended_after.to_string()).await;
        }
    }
}

/// Operators hear of an instance that does not tell its outcome for long, each time it was read in vain.
fn alarm_if_long(approval: &Approval<Pending>, now: Timestamp) {
    let reading = &approval.state.reading;
    let Some(problem) = reading.problem.as_ref().filter(|problem| problem.is_long(now)) else { return };
    metrics::count(Count::InstanceUnreadable);
    tracing::error!(
        approval = %approval.record.id, code = problem.code, since = %problem.since, next = %reading.at,
        "the instance does not tell its outcome; nothing is decided, and it is read again"
    );
}

/// Approvers that were added in DingTalk stand in the timeline, once; the decision is DingTalk's all the same.
fn note_countersigning(
    mut approval: Approval<Pending>,
    snapshot: &InstanceSnapshot,
    now: Timestamp,
) -> Approval<Pending> {
    let known = |user: &&UserId| approval.state.approvers.iter().any(|approver| approver.user_id == **user);
    let others: Vec<UserId> = snapshot.asked.iter().filter(|user| !known(user)).cloned().collect();
    for by in &snapshot.countersigned_by {
        let others = others.iter().filter(|other| *other != by).cloned().collect();
        let note = Happening::Countersigned { by: by.clone(), others };
        if !approval.record.timeline.entries().iter().any(|entry| entry.what == note) {
            approval = approval.noted(note, now);
        }
    }
    approval
}

/// An end that a look found, and that no event had told.
fn unreported(ending: Ending) -> Sighting {
    match ending {
        Ending::Agreed | Ending::Refused | Ending::Unclear => Sighting::UnreportedFinish,
        Ending::Terminated => Sighting::UnreportedTerminate,
    }
}
