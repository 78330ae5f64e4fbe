//! After a gap: the process stood still, the machine slept, or the clock was set. What ended in DingTalk meanwhile is looked for at
//! once, instead of at the next hour or at the next rare read.
//!
//! One list of what still runs shows which pending approvals have ended, however many wait; only those are read. Both are paid
//! calls, so they are bounded.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError};
use crate::{
    approval::{Approval, ApprovalId, Instance, InstanceId, Pending, ProcessCode, State, Status},
    store::{DUE_SHARDS, DueItem, StoreError},
};

/// Gaps may follow one another quickly.
const CATCH_UP_EVERY: SignedDuration = SignedDuration::from_mins(5);
const CATCH_UPS_A_DAY: u32 = 24;
/// Pending approvals that are looked at, those first of which nothing was heard for the longest time.
const MAX_PENDING: u16 = 1000;
/// Pages of 20 instances a template.
const MAX_PAGES: usize = 20;
/// DingTalk lists no further back at once.
const FURTHEST_BACK: SignedDuration = SignedDuration::from_hours(24 * 119);
/// A younger instance may not be listed yet.
const MIN_AGE: SignedDuration = SignedDuration::from_secs(30);
/// Our clock and DingTalk's may differ so much, and more is not known after a clock was set.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);
/// So long after a gap it explains that no event came: that says nothing about the subscription.
const GAP_EXPLAINS: SignedDuration = SignedDuration::from_mins(10);

/// Clocks that are right differ by less.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// What was planned no further ahead, by the clock that was wrong, is brought forward.
const BROUGHT_FORWARD: SignedDuration = SignedDuration::from_hours(24);
const DUE_PAGE: u16 = 200;
const MAX_DUE_PAGES: u32 = 50;

/// What was found after a gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Events that DingTalk could not deliver.
    pub events: usize,
    /// Pending approvals that have ended in DingTalk, as its list shows; they are read now.
    pub ended: usize,
}

impl Engine {
    /// Looks for what was missed. At most every five minutes, so whoever asks more often does no harm.
    pub async fn catch_up(&self) -> Result<CaughtUp, EngineError> {
        *self.0.gap_seen.lock().await = Some(self.0.world.uptime());
        let events = self.collect_lost_events_every(CATCH_UP_EVERY).await;
        // What fails there must not keep this back.
        let ended = self.read_what_has_ended().await?;
        Ok(CaughtUp { events: events?, ended })
    }

    /// The clock was set back by so much: what was committed while it was ahead is planned for a time that does not come soon, and
    /// is brought forward. Gives how many were.
    pub async fn clock_was_set_back(&self, by: SignedDuration) -> Result<usize, EngineError> {
        let (now, mut brought) = (self.now(), 0);
        for shard in 0..DUE_SHARDS {
            let until = now.saturating_add(by + BROUGHT_FORWARD).unwrap_or(Timestamp::MAX);
            let mut after = None;
            for _ in 0..MAX_DUE_PAGES {
                let due = self.store().due(shard, until, DUE_PAGE, after.as_ref()).await?;
                after = due.last().cloned();
                for due in &due {
                    let DueItem::Approval(id) = &due.what else { continue };
                    let is_ahead = |approval: &Approval| approval.record.updated_at > now + MAX_CLOCK_SKEW;
                    let correct = |it: Approval| is_ahead(&it).then(|| it.brought_forward(by, now));
                    brought += usize::from(self.store().load(id).await?.as_ref().is_some_and(is_ahead));
                    self.change(id, correct).await?;
                }
                if due.len() < usize::from(DUE_PAGE) {
                    break;
                }
            }
        }
        Ok(brought)
    }

    /// Whether a gap was seen lately that events may have fallen into.
    pub(super) async fn is_after_gap(&self) -> bool {
        let seen = *self.0.gap_seen.lock().await;
        seen.is_some_and(|seen| self.0.world.uptime() - seen < GAP_EXPLAINS)
    }

    async fn read_what_has_ended(&self) -> Result<usize, EngineError> {
        let (now, store) = (self.now(), self.store());
        let waiting = self.waiting_instances(now).await?;
        if waiting.is_empty()
            || !store.claim_turn("catch-up", now - CATCH_UP_EVERY, now).await?
            || !store.claim_of_today("catch-ups", CATCH_UPS_A_DAY, now).await?
        {
            return Ok(0);
        }
        let mut by_template: BTreeMap<ProcessCode, Vec<(ApprovalId, Instance)>> = BTreeMap::new();
        for (id, instance) in waiting {
            by_template.entry(instance.process_code.clone()).or_default().push((id, instance));
        }
        let mut ended = 0;
        for (code, instances) in by_template {
            let Some(running) = self.running(&code, &instances, now).await else { continue };
            for (id, _) in instances.into_iter().filter(|(_, instance)| !running.contains(&instance.id)) {
                self.read_soon(&id).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// The instances of pending approvals of whose end nothing is known.
    async fn waiting_instances(&self, now: Timestamp) -> Result<Vec<(ApprovalId, Instance)>, StoreError> {
        let mut waiting = Vec::new();
        for id in self.store().longest_untouched(Status::Pending, MAX_PENDING).await? {
            let Some(State::Pending(Pending { instance, reading, .. })) =
                self.store().load(&id).await?.map(|approval| approval.state)
            else {
                continue;
            };
            let age = now.duration_since(instance.created_at);
            if reading.hint.is_none() && (MIN_AGE..FURTHEST_BACK).contains(&age) {
                waiting.push((id, instance));
            }
        }
        Ok(waiting)
    }

    /// What still runs of a template; `None` when not all of it could be listed.
    async fn running(
        &self,
        code: &ProcessCode,
        instances: &[(ApprovalId, Instance)],
        now: Timestamp,
    ) -> Option<HashSet<InstanceId>> {
        let created = || instances.iter().map(|(_, instance)| instance.created_at);
        let (from, until) = (created().min()?, created().max()?);
        let offset = self.dingtalk().clock_offset();
        let (from, until) = (from + offset - MARGIN, (until + MARGIN).min(now) + offset);
        match self.dingtalk().running_ids(code, from, until, MAX_PAGES).await {
            Ok(listed) if listed.complete => Some(listed.ids.into_iter().collect()),
            Ok(_) => {
                tracing::warn!(process_code = %code, "too many instances run to list them all; they are read one by one, later");
                None
            }
            Err(error) => {
                tracing::warn!(process_code = %code, code = error.code, "cannot list what still runs; it is read later");
                None
            }
        }
    }
}
