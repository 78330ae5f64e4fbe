//! Events that DingTalk gave up pushing: fetched from its list, now and then.
//!
//! DingTalk deletes a page with the call for the next, so what it has handed over is in hand until it is committed: whatever
//! cuts that short, whoever comes next in this process begins with it.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Mutex;

use super::{Engine, EngineError, MOST_TRIES};
use crate::{
    approval::Status,
    dingtalk::{DingTalkError, Event, Verified},
    store::StoreError,
};

/// Undelivered events are asked for so often, and only while something is pending.
const LOST_EVENTS_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Pages of undelivered events that are fetched in one go.
const MOST_PAGES: u32 = 50;
/// No page is asked for after so long: on Lambda the time is short.
const ASK_FOR: SignedDuration = SignedDuration::from_secs(20);

/// Events that DingTalk has handed over and that are not committed yet; held while someone takes them up.
pub(super) type InHand = Arc<Mutex<Vec<Verified<Event>>>>;

/// After an undelivered event that could not be committed.
const REPORT_AGAIN: SignedDuration = SignedDuration::from_secs(1);

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
    /// Fetches events that DingTalk gave up pushing (our address was down for a minute), at most once an hour and only
    /// while something is pending. `at_once`: also when it was done within the hour, as after a restart.
    pub async fn collect_lost_events(&self, at_once: bool) -> Result<usize, EngineError> {
        let every = if at_once { SignedDuration::ZERO } else { LOST_EVENTS_EVERY };
        self.collect_lost_events_every(every).await
    }

    /// The same, at most so often.
    pub(super) async fn collect_lost_events_every(
        &self,
        every: SignedDuration,
    ) -> Result<usize, EngineError> {
        self.report_all(&mut *self.0.in_hand.lock().await).await?;
        if self.store().list(Status::Pending, None, 1, None).await?.ids.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        if !self.store().claim_turn("lost-events", now - every, now).await? {
            return Ok(0);
        }
        match self.take_failed_pushes(ASK_FOR).await {
            Ok(events) => Ok(events),
            Err(TakeError::Engine(error)) => Err(error),
            Err(TakeError::DingTalk(error)) => {
                tracing::warn!(code = error.code, "undelivered events could not be fetched");
                Ok(0)
            }
        }
    }

    /// Takes up the events that DingTalk gave up pushing, and says how many there were. It costs a paid call a page. No page is
    /// asked for after `ask_for`.
    pub async fn take_failed_pushes(&self, ask_for: SignedDuration) -> Result<usize, TakeError> {
        let (mut taken, began) = (0, self.0.world.uptime());
        let mut in_hand = self.0.in_hand.lock().await;
        self.report_all(&mut in_hand).await?;
        for _ in 0..MOST_PAGES {
            let (events, more) = match self.dingtalk().failed_pushes().await {
                Err(error) if taken == 0 => return Err(error.into()),
                // The rest is still on the list.
                Err(_) => break,
                Ok(page) => page,
            };
            taken += events.len();
            in_hand.extend(events);
            self.report_all(&mut in_hand).await?;
            // What is left stays on the list.
            if !more || self.0.world.uptime() - began >= ask_for {
                break;
            }
        }
        Ok(taken)
    }

    /// Commits events one and all; one that cannot be committed now stays, and does not hold up the others.
    async fn report_all(&self, in_hand: &mut Vec<Verified<Event>>) -> Result<(), EngineError> {
        let (mut failed, mut next) = (Ok(()), 0);
        while let Some(event) = in_hand.get(next) {
            match self.report_patiently(event).await {
                Ok(()) => drop(in_hand.swap_remove(next)),
                Err(error) => {
                    if can_be_committed_later(&error) {
                        next += 1;
                    } else {
                        in_hand.swap_remove(next);
                    }
                    failed = Err(error);
                }
            }
        }
        failed
    }

    async fn report_patiently(&self, event: &Verified<Event>) -> Result<(), EngineError> {
        for _ in 1..MOST_TRIES {
            if self.report(event).await.is_ok() {
                return Ok(());
            }
            self.0.world.sleep(REPORT_AGAIN).await;
        }
        self.report(event).await
    }
}

/// What is about an approval that cannot be read would stand in the way of all that come after it, for ever.
fn can_be_committed_later(error: &EngineError) -> bool {
    !matches!(error, EngineError::Store(StoreError::Damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_store_stays_in_hand_and_what_is_damaged_does_not() {
        assert!(can_be_committed_later(&EngineError::Contended));
        assert!(can_be_committed_later(&StoreError::Unavailable("busy".to_owned()).into()));
        assert!(!can_be_committed_later(&StoreError::Damaged.into()));
    }
}
