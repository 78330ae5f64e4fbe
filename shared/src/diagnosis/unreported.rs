//! Approvals that have ended in DingTalk while no event said so: the sign of a subscription that is missing.
//!
//! One list of what still runs shows which pending approvals may have ended, however many wait; the oldest of those are
//! read. An event that is late is waited for, also DingTalk's first retry after ten seconds.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::limits::Limits;
use crate::{
    approval::{Approval, ApprovalId, InstanceId, Pending, ProcessCode, State, Status},
    dingtalk::{DingTalk, DingTalkError, Ending},
    engine::Engine,
    store::{Store, StoreError},
    world::World,
};

/// Pending approvals that are looked at, those first of which nothing was heard for the longest time.
const MOST: u16 = 50;
/// Pages of what still runs: paid calls.
const MOST_PAGES: usize = 2;
/// Instances that are read: paid calls.
const MOST_READ: usize = 4;
/// DingTalk lists no further back at once.
const FURTHEST_BACK: SignedDuration = SignedDuration::from_hours(24 * 119);
/// Our clock and DingTalk's may differ so much.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);
/// So long after its end nothing is on its way any more: retries after 10 and 30 seconds, and an end that is known to the
/// minute.
const RETRIES_ARE_OVER: SignedDuration = SignedDuration::from_mins(2);
/// An event of a later end is waited for: a slow push, or the first retry.
const EVENT_UNDER_WAY: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// An approval that has ended, while it is still pending here.
#[derive(Debug, Clone)]
pub(super) struct Unreported {
    /// Which one.
    pub id: ApprovalId,
    /// How it ended.
    pub ending: Ending,
    /// It ended after this moment.
    pub ended_after: Timestamp,
    overdue_at: Option<Timestamp>,
}

#[cfg(test)]
impl Unreported {
    pub(super) fn sample(ending: Ending, ended_after: Timestamp) -> Self {
        Self { id: ApprovalId::new("sample"), ending, ended_after, overdue_at: None }
    }
}

/// Finds them. It takes a while only where there are any; an error when there was no time to ask DingTalk.
pub(super) async fn look(
    store: &Store,
    dingtalk: &DingTalk,
    world: &World,
    limits: Limits,
) -> Result<Vec<Unreported>, DingTalkError> {
    let found = timeout_at(limits.for_a_probe(), ended(store, dingtalk, world)).await;
    // A store that fails is named for itself.
    let mut ended = found.map_err(|_| DingTalkError::too_slow())?.unwrap_or_default();
    let until = limits.wait_until().min(Instant::now() + EVENT_UNDER_WAY);
    loop {
        let Ok(still) = timeout_at(limits.end(), still_untold(store, &ended)).await else { return Ok(ended) };
        let now = world.now();
        let may_come = |one: &Unreported| one.overdue_at.is_none_or(|overdue_at| now < overdue_at);
        if !still.iter().any(may_come) || Instant::now() >= until {
            return Ok(still);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        ended = still;
    }
}

/// Those of which no event has come meanwhile.
async fn still_untold(store: &Store, ended: &[Unreported]) -> Vec<Unreported> {
    let mut still = Vec::new();
    for one in ended {
        if matches!(store.load(&one.id).await, Ok(Some(approval)) if untold(&approval).is_some()) {
            still.push(one.clone());
        }
    }
    still
}

/// The engine need not wait for hours to learn what was just read.
pub(super) async fn pass_on(unreported: &[Unreported], engine: &Engine) {
    for one in unreported {
        if let Err(error) = engine.read_soon(&one.id).await {
            tracing::warn!(approval = %one.id, %error, "an end without an event is read later");
        }
    }
}

/// Pending approvals that have ended in DingTalk and of which no event is known.
async fn ended(store: &Store, dingtalk: &DingTalk, world: &World) -> Result<Vec<Unreported>, StoreError> {
    let now = world.now();
    let mut waiting = Vec::new();
    for id in store.longest_untouched(Status::Pending, MOST).await? {
        let loaded = store.load(&id).await?;
        let pending = loaded.as_ref().and_then(untold);
        let recent = |it: &&Pending| now.duration_since(it.instance.created_at) < FURTHEST_BACK;
        waiting.extend(pending.filter(recent).map(|pending| (id, pending.instance.clone())));
    }
    let mut by_template: BTreeMap<&ProcessCode, (Timestamp, Timestamp)> = BTreeMap::new();
    for (_, instance) in &waiting {
        let at = instance.created_at;
        let (from, until) = by_template.entry(&instance.process_code).or_insert((at, at));
        (*from, *until) = ((*from).min(at), (*until).max(at));
    }
    let mut running: HashSet<InstanceId> = HashSet::new();
    let pages = if by_template.len() == 1 { MOST_PAGES } else { 1 };
    for (process_code, (from, until)) in by_template.into_iter().take(MOST_PAGES) {
        let (from, until) = (from - MARGIN, (until + MARGIN).min(now));
        // What is not on the list is read, the oldest first; also where there is no list.
        running.extend(dingtalk.running_ids(process_code, from, until, pages).await.unwrap_or_default().ids);
    }
    let suspects = waiting.iter().filter(|(_, instance)| !running.contains(&instance.id)).take(MOST_READ);
    let mut ended = Vec::new();
    for (id, instance) in suspects {
        let Ok(snapshot) = dingtalk.read_instance(&instance.id).await else { continue };
        if let Some(ending) = snapshot.ending {
            let overdue_at = snapshot.finished_at.map(|finished_at| finished_at + RETRIES_ARE_OVER);
            let ended_after = snapshot.ended_after(instance.created_at);
            ended.push(Unreported { id: id.clone(), ending, ended_after, overdue_at });
        }
    }
    Ok(ended)
}

/// What waits for an event, and nothing else.
fn untold(approval: &Approval) -> Option<&Pending> {
    match &approval.state {
        State::Pending(pending) if pending.reading.hint.is_none() && pending.withdrawal.is_none() => {
            Some(pending)
        }
        _ => None,
    }
}
