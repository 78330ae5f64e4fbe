//! Woken by the clock: advances whatever is due, and fetches events that DingTalk could not deliver.

use jiff::Timestamp;
use shared::{
    approval::Status,
    engine::{Engine, Swept, WorkTime},
    metrics::{self, Count, Gauge, Measure},
    world::World,
};

/// Parked approvals are counted up to here; one is an alarm.
const MOST_PARKED: u16 = 100;

/// The store did not say what is due; what it did show was advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store did not say what is due")]
pub struct NotSwept;

/// Sweeps once, and ends before the `deadline`, at which Lambda kills the process.
pub async fn sweep(engine: &Engine, world: &World, deadline: Timestamp) -> Result<Swept, NotSwept> {
    let time = WorkTime::before(deadline, world.now());
    // What fails or takes long there must not keep back what is due.
    let (swept, (), ()) =
        tokio::join!(engine.sweep(time), collect(engine, world, time), end_leftovers(engine, world, time),);
    if swept.due + swept.left + swept.unseen > 0 {
        tracing::info!(due = swept.due, failed = swept.failed, left = swept.left, "swept");
    }
    if swept.unseen > 0 {
        return Err(NotSwept);
    }
    metrics::count(Count::SweepRan);
    tokio::select! {
        _ = async { tokio::join!(measure_oldest(engine), measure_parked(engine)) } => {}
        // The rest of the time is for the answer.
        () = world.sleep(deadline.duration_since(world.now()) / 2) => {
            tracing::error!("no time to look for the oldest undelivered decision and for what is parked");
        }
    }
    Ok(swept)
}

async fn collect(engine: &Engine, world: &World, time: WorkTime) {
    let collected = tokio::select! {
        collected = engine.collect_lost_events(false) => collected,
        () = world.clock.sleep_until(time.end) => {
            return tracing::error!("cut off: not all undelivered events were taken up");
        }
    };
    match collected {
        Ok(0) => {}
        Ok(events) => tracing::info!(events, "fetched events that DingTalk could not deliver"),
        Err(error) => tracing::error!(%error, "undelivered events were not taken up"),
    }
}

async fn end_leftovers(engine: &Engine, world: &World, time: WorkTime) {
    let ended = tokio::select! {
        ended = engine.end_leftovers() => ended,
        () = world.clock.sleep_until(time.end) => return tracing::error!("cut off: what a check left is ended later"),
    };
    if let Err(error) = ended {
        tracing::error!(%error, "what a check left in DingTalk is ended later");
    }
}

async fn measure_parked(engine: &Engine) {
    match engine.store().list(Status::Parked, None, MOST_PARKED, None).await {
        Ok(parked) => metrics::gauge(Gauge::ParkedNow, parked.ids.len()),
        Err(error) => tracing::error!(%error, "how many are parked is not known"),
    }
}

async fn measure_oldest(engine: &Engine) {
    match engine.oldest_undelivered().await {
        Ok(age) => metrics::measure(Measure::OldestUndelivered, age.unwrap_or_default().unsigned_abs()),
        Err(error) => tracing::error!(%error, "the oldest undelivered decision is not known"),
    }
}
