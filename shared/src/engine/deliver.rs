//! Telling the source. The decision is committed with the first attempt announced; whoever commits it delivers.

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, Step, step};
use crate::{
    approval::{
        Approval, Decided, Outcome, Source, State,
        schedule::{DELIVER, wait},
    },
    dataphin::Told,
    metrics::{self, Count},
};

impl Engine {
    /// Commits a decision and tells the source.
    pub(super) async fn decide(&self, approval: Approval<Decided>) -> Result<Step, EngineError> {
        self.announce_and_deliver(approval).await
    }

    /// Another attempt: announced first.
    pub(super) async fn deliver_again(&self, approval: Approval<Decided>) -> Result<Step, EngineError> {
        let now = self.now();
        self.announce_and_deliver(approval.attempting(now)).await
    }

    async fn announce_and_deliver(&self, approval: Approval<Decided>) -> Result<Step, EngineError> {
        let approval = match self.store().commit(approval).await {
            Ok(approval) => approval,
            Err(error) => return step::<Decided>(Err(error)),
        };
        let told = match approval.record.key.source {
            Source::Dataphin => self.0.dataphin.tell(&approval).await,
        };
        let now = self.now();
        let (id, outcome) = (approval.record.id.clone(), approval.state.decision.outcome);
        let attempt = approval.state.delivery.attempts;
        let afterwards: Approval = match told {
            Told::Confirmed => approval.delivered(now).into(),
            Told::ClosedAlready { said } => {
                // What the source withdrew itself it has closed; anything else deserves a look.
                if outcome != Outcome::Withdrawn {
                    tracing::warn!(approval = %id, %outcome, said, "the source says that the request is closed already");
                }
                approval.closed_already(said, now).into()
            }
            Told::NotTold { reason, retry_after } => {
                self.retried(approval, reason, retry_after.unwrap_or_default(), now)
            }
            Told::Unclear { reason } => {
                tracing::warn!(
                    approval = %id,
                    attempt,
                    "the source answered, but not with a yes: `bridge show` has the answer, `bridge probe dataphin` what to \
                     do with it"
                );
                self.retried(approval, reason, SignedDuration::ZERO, now)
            }
        };
        match &afterwards.state {
            State::Parked(_) => {
                metrics::count(Count::Parked);
                tracing::error!(approval = %id, %outcome, attempt, "parked: the source cannot be told");
            }
            State::Decided(_) => {
                tracing::warn!(approval = %id, %outcome, attempt, "not told; will be tried again");
            }
            _ => tracing::info!(approval = %id, %outcome, attempt, "told the source"),
        }
        step(self.store().commit(afterwards).await)
    }

    /// Not delivered: the next attempt by the schedule, and not before the source wishes.
    fn retried(
        &self,
        approval: Approval<Decided>,
        reason: String,
        at_least: SignedDuration,
        now: Timestamp,
    ) -> Approval {
        let pause = wait(&DELIVER, approval.state.delivery.attempts);
        let pause = pause.map(|pause| self.jittered(pause.max(at_least)));
        approval.delivery_failed(reason, pause.map(|pause| now + pause), now)
    }
}
