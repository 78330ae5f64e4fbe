//! The sweep: advances whatever is due, and fetches events that DingTalk could not deliver.

use jiff::SignedDuration;

use super::{Engine, EngineError, MOST_TRIES};
use crate::{
    approval::{ApprovalId, Status},
    dingtalk::{DingTalkError, Event, Verified},
    metrics::{self, Count},
    store::{DUE_SHARDS, StoreError},
};

/// Approvals of a shard that one sweep takes up.
const MOST_A_SHARD: u16 = 1000;
/// Undelivered events are asked for so often, and only while something is pending.
const LOST_EVENTS_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Undelivered decisions whose age is looked at.
const MOST_LOOKED_AT: u16 = 20;

/// Pages of undelivered events that are fetched in one go.
const MOST_PAGES: u32 = 50;

/// After an undelivered event that could not be committed.
const REPORT_AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Approvals that were due.
    pub due: usize,
    /// Those that could not be advanced; they stay due.
    pub failed: usize,
}

/// The events that DingTalk could not push were not taken up.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// DingTalk did not give them.
    #[error(transparent)]
    DingTalk(#[from] DingTalkError),
    /// They could not be committed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Approvals that are due now, oldest first within a shard.
    pub async fn due(&self) -> Result<Vec<ApprovalId>, StoreError> {
        let now = self.now();
        let mut due = Vec::new();
        for shard in 0..DUE_SHARDS {
            due.extend(self.store().due(shard, now, MOST_A_SHARD).await?);
        }
        Ok(due)
    }

    /// Commits events one and all; one that cannot be committed does not hold up the others.
    async fn report_all(&self, events: &[Verified<Event>]) -> Result<(), EngineError> {
        let mut failed = Ok(());
        for event in events {
            let mut reported = self.report(event).await;
            for _ in 1..MOST_TRIES {
                if reported.is_ok() {
                    break;
                }
                self.0.world.sleep(REPORT_AGAIN).await;
                reported = self.report(event).await;
            }
            failed = failed.and(reported);
        }
        failed
    }

    /// Advances all that is due. One that fails does not hold up the others.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        let due = self.due().await?;
        let mut swept = Swept { due: due.len(), failed: 0 };
        let mut work = tokio::task::JoinSet::new();
        for id in due {
            let engine = self.clone();
            work.spawn(async move {
                engine.advance(&id).await.inspect_err(|error| {
                    metrics::count(Count::NotAdvanced);
                    tracing::error!(approval = %id, %error, "not advanced");
                })
            });
        }
        while let Some(advanced) = work.join_next().await {
            swept.failed += usize::from(!matches!(advanced, Ok(Ok(()))));
        }
        Ok(swept)
    }

    /// How old the oldest decision is that the source does not know, among those that were touched longest ago.
    pub async fn oldest_undelivered(&self) -> Result<Option<SignedDuration>, StoreError> {
        let now = self.now();
        let mut oldest: Option<SignedDuration> = None;
        for id in self.store().longest_untouched(Status::Decided, MOST_LOOKED_AT).await? {
            let approval = self.store().load(&id).await?;
            let decided = approval.as_ref().and_then(|approval| approval.state.decision());
            oldest = oldest.max(decided.map(|decision| now.duration_since(decision.at)));
        }
        Ok(oldest)
    }

    /// Fetches events that DingTalk gave up pushing (our address was down for a minute), at most once an hour and only
    /// while something is pending. `at_once`: also when it was done within the hour, as after a restart.
    pub async fn collect_lost_events(&self, at_once: bool) -> Result<usize, EngineError> {
        if self.store().list(Status::Pending, None, 1, None).await?.ids.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        let before = if at_once { now } else { now - LOST_EVENTS_EVERY };
        if !self.store().claim_turn("lost-events", before, now).await? {
            return Ok(0);
        }
        match self.take_failed_pushes().await {
            Ok(events) => Ok(events),
            Err(TakeError::Engine(error)) => Err(error),
            Err(TakeError::DingTalk(error)) => {
                tracing::warn!(code = error.code, "undelivered events could not be fetched");
                Ok(0)
            }
        }
    }

    /// Takes up the events that DingTalk gave up pushing, and says how many there were. It costs a paid call a page.
    pub async fn take_failed_pushes(&self) -> Result<usize, TakeError> {
        let mut taken = 0;
        for _ in 0..MOST_PAGES {
            let (events, more) = match self.dingtalk().failed_pushes().await {
                Err(error) if taken == 0 => return Err(error.into()),
                // The rest is still on the list.
                Err(_) => break,
                Ok(page) => page,
            };
            // Each call deletes what the one before returned, so a page is committed before the next is asked for.
            self.report_all(&events).await?;
            taken += events.len();
            if !more {
                break;
            }
        }
        Ok(taken)
    }
}
