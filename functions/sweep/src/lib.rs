//! Woken by the clock: advances whatever is due, and fetches events that DingTalk could not deliver.

use jiff::Timestamp;
use shared::{
    engine::{Engine, Swept, WorkTime},
    metrics::{self, Count, Measure},
    world::World,
};

/// The store did not say what is due; what it did show was advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store did not say what is due")]
pub struct NotSwept;

/// Sweeps once, and ends before the `deadline`, at which Lambda kills the process.
pub async fn sweep(engine: &Engine, world: &World, deadline: Timestamp) -> Result<Swept, NotSwept> {
    let time = WorkTime::before(deadline, world.now());
    // What fails or takes long there must not keep back what is due.
    let (swept, ()) = tokio::join!(engine.sweep(time), collect(engine, world, time));
    if swept.due + swept.left + swept.unseen > 0 {
        tracing::info!(due = swept.due, failed = swept.failed, left = swept.left, "swept");
    }
    if swept.unseen > 0 {
        return Err(NotSwept);
    }
    metrics::count(Count::SweepRan);
    tokio::select! {
        () = measure_oldest(engine) => {}
        // The rest of the time is for the answer.
        () = world.sleep(deadline.duration_since(world.now()) / 2) => {
            tracing::error!("no time to look for the oldest undelivered decision");
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

async fn measure_oldest(engine: &Engine) {
    match engine.oldest_undelivered().await {
        Ok(age) => metrics::measure(Measure::OldestUndelivered, age.unwrap_or_default().unsigned_abs()),
        Err(error) => tracing::error!(%error, "the oldest undelivered decision is not known"),
    }
}
