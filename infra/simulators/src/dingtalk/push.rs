//! Pushing events: one attempt, a second after 10 s, a third after 30 s more, and then the failed list.
//!
//! Spec sections 4.1 and 4.4. Each event goes its own way, so their order is not promised.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{
    core::Core,
    events::Event,
    failed::Failed,
    faults::{Trouble, milliseconds},
    ids::InstanceId,
    state::State,
    subscription::{OwnerKey, Rejection, Subscription, knock},
};

/// How many attempts the log remembers.
const LOG_LENGTH: usize = 5_000;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PushOutcome {
    /// The receiver acknowledged it.
    Delivered,
    /// It did not.
    Rejected(Rejection),
    /// A fault swallowed the event.
    Dropped,
    /// The month's pushes are used up.
    OverQuota,
}

/// One attempt to push an event.
#[derive(Debug, Clone, Serialize)]
pub struct Push {
    /// The event's id.
    pub event_id: String,
    /// Its type.
    pub event_type: &'static str,
    /// `start`, `finish` and the like.
    pub kind: &'static str,
    /// The instance that it is about.
    pub instance: InstanceId,
    /// Which attempt this was, counted from 1.
    pub attempt: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// What came of it.
    pub outcome: PushOutcome,
    /// The body, before encryption.
    pub body: Value,
}

/// An event that waits until the next one has been pushed.
pub(crate) struct Held(Event);

/// An event on its way.
struct Job {
    event: Event,
    /// Not before this moment.
    due: Timestamp,
    behind: Vec<Held>,
}

/// Pushes an event if somebody subscribed to it.
pub(crate) fn send_off(core: &Arc<Core>, event: Event) {
    for job in core.with(|state| prepare(state, event)) {
        start(core, job);
    }
}

/// Applies the filter, the quota and the faults.
fn prepare(state: &mut State, event: Event) -> Vec<Job> {
    if state.subscription.is_none() || !state.push_options.filter.lets_through(&event) {
        return Vec::new();
    }
    let now = state.world.now();
    if !state.meter.admit_push(now) {
        log(state, &event, 1, now, PushOutcome::OverQuota);
        return Vec::new();
    }
    let random = state.world.random.clone();
    let (mut due, mut copies) = (now, 1);
    for trouble in state.faults.strike_push(random.as_ref()) {
        match trouble {
            Trouble::DropPush => {
                log(state, &event, 1, now, PushOutcome::Dropped);
                return Vec::new();
            }
            Trouble::HoldPush => {
                state.held.push(Held(event));
                return Vec::new();
            }
            Trouble::DuplicatePush => copies = 2,
            Trouble::DelayPush(wait) => due = now + milliseconds(wait),
            _ => {}
        }
    }
    let mut jobs: Vec<Job> =
        (0..copies).map(|_| Job { event: event.clone(), due, behind: Vec::new() }).collect();
    if let Some(job) = jobs.first_mut() {
        job.behind = std::mem::take(&mut state.held);
    }
    jobs
}

fn start(core: &Arc<Core>, job: Job) {
    let under_way = core.under_way();
    let task = deliver(core.clone(), job, under_way);
    core.spawn(task);
}

async fn deliver(core: Arc<Core>, mut job: Job, under_way: super::core::UnderWay) {
    core.world.clock.sleep_until(job.due).await;
    let mut under_way = Some(under_way);
    for attempt in 1.. {
        under_way.get_or_insert_with(|| core.under_way());
        let outcome = try_once(&core, &job.event, attempt).await;
        for Held(event) in job.behind.drain(..) {
            start(&core, Job { event, due: core.world.now(), behind: Vec::new() });
        }
        if outcome == PushOutcome::Delivered {
            return;
        }
        let wait = core.with(|state| state.settings.push_retries.get(attempt as usize - 1).copied());
        let Some(wait) = wait else {
            core.with(|state| give_up(state, &job.event));
            return;
        };
        // The next attempt's moment is fixed before anybody can learn that this one is over.
        let due = core.world.now() + wait;
        under_way = None;
        core.world.clock.sleep_until(due).await;
    }
}

async fn try_once(core: &Arc<Core>, event: &Event, attempt: u32) -> PushOutcome {
    let began = core.world.now();
    let target = core.with(|state| {
        let body = event.body(state.push_options.shape).to_string();
        Some((state.subscription.clone()?, owner_key(state), body, state.settings.push_deadline))
    });
    let outcome = match target {
        None => PushOutcome::Rejected(Rejection::Unreachable),
        Some((subscription, owner_key, body, deadline)) => {
            match within(core, &subscription, &owner_key, body.as_bytes(), deadline).await {
                Ok(()) => PushOutcome::Delivered,
                Err(rejection) => PushOutcome::Rejected(rejection),
            }
        }
    };
    core.with(|state| log(state, event, attempt, began, outcome.clone()));
    outcome
}

/// One message, answered before the deadline or not.
pub(crate) async fn within(
    core: &Core,
    subscription: &Subscription,
    owner_key: &str,
    message: &[u8],
    deadline: SignedDuration,
) -> Result<(), Rejection> {
    tokio::select! {
        biased;
        answer = knock(&core.client, &core.world, subscription, owner_key, message) => answer,
        () = core.world.sleep(deadline) => Err(Rejection::TooLate),
    }
}

/// The key that events are addressed to.
pub(crate) fn owner_key(state: &State) -> String {
    match state.push_options.owner_key {
        OwnerKey::AppKey => state.settings.app_key.clone(),
        OwnerKey::CorpId => state.settings.corp_id.clone(),
    }
}

fn give_up(state: &mut State, event: &Event) {
    let visible = state.now() + state.settings.failed_list_delay;
    let body = event.body(state.push_options.shape);
    let failed = Failed {
        tag: event.event_type,
        corp_id: event.corp_id().to_owned(),
        happened: event.at,
        visible,
        body,
    };
    state.failed.add(failed);
}

fn log(state: &mut State, event: &Event, attempt: u32, began: Timestamp, outcome: PushOutcome) {
    if state.pushes.len() >= LOG_LENGTH {
        state.pushes.pop_front();
    }
    let took_ms = i64::try_from(state.world.now().duration_since(began).as_millis()).unwrap_or(i64::MAX);
    let body = event.body(state.push_options.shape);
    state.pushes.push_back(Push {
        event_id: event.id.clone(),
        event_type: event.event_type,
        kind: event.kind,
        instance: event.instance.clone(),
        attempt,
        at: began,
        took_ms,
        outcome,
        body,
    });
}
