//! Woken by the clock: advances whatever is due, and fetches events that DingTalk could not deliver.

use shared::{
    approval::Status,
    engine::{Engine, Swept, WorkTime},
    metrics::{self, Count, Gauge, Measure},
    store::StoreError,
};
use tokio::time::{Instant, timeout, timeout_at};

/// Approvals that wait for an operator are counted up to here; one is an alarm.
const MOST_PARKED: u16 = 100;

/// The store did not say what is due; what it did show was advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store did not say what is due")]
pub struct NotSwept;

/// Sweeps once, and ends before the process is killed.
pub async fn sweep(engine: &Engine, time: WorkTime) -> Result<Swept, NotSwept> {
    // What fails or takes long there must not keep back what is due.
    let (swept, (), (), (), ()) = tokio::join!(
        engine.sweep(time),
        collect(engine, time),
        end_leftovers(engine, time),
        reconcile_daily(engine, time),
        backfill(engine, time)
    );
    if swept.due + swept.left + swept.unseen > 0 {
        tracing::info!(due = swept.due, failed = swept.failed, left = swept.left, "swept");
    }
    if swept.unseen > 0 {
        return Err(NotSwept);
    }
    metrics::count(Count::SweepRan);
    // The rest of the time is for the answer.
    let half_left = time.deadline.saturating_duration_since(Instant::now()) / 2;
    let measured = async { tokio::join!(measure_oldest(engine), measure_waiting(engine)) };
    if timeout(half_left, measured).await.is_err() {
        tracing::error!("no time to look for the oldest undelivered decision and for what is parked");
    }
    Ok(swept)
}

async fn collect(engine: &Engine, time: WorkTime) {
    match timeout_at(time.end, engine.collect_lost_events(false)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(events)) => tracing::info!(events, "fetched events that DingTalk could not deliver"),
        Ok(Err(error)) => {
            metrics::count(Count::NotAdvanced);
            tracing::error!(%error, "not all undelivered events were taken up; the next sweep goes on");
        }
        Err(_) => {
            metrics::count(Count::NotAdvanced);
            tracing::error!("cut off: not all undelivered events were taken up; the next sweep goes on");
        }
    }
}

async fn end_leftovers(engine: &Engine, time: WorkTime) {
    match timeout_at(time.end, engine.end_leftovers()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "what a check left in DingTalk is ended later"),
        Err(_) => tracing::error!("cut off: what a check left in DingTalk is ended later"),
    }
}

async fn reconcile_daily(engine: &Engine, time: WorkTime) {
    match timeout_at(time.end, engine.reconcile_daily()).await {
        Ok(Ok(0)) => {}
        Ok(Ok(approvals)) => {
            tracing::warn!(approvals, "the daily reconciliation found instances of approvals");
        }
        Ok(Err(error)) => tracing::error!(%error, "the daily reconciliation failed; retrying tomorrow"),
        Err(_) => tracing::error!("cut off: the daily reconciliation is made again tomorrow"),
    }
}

/// Gives approvals from before ids of the source were kept theirs; the next sweep goes on where this one ends.
async fn backfill(engine: &Engine, time: WorkTime) {
    let all = async {
        while !engine.store().backfill_aliases().await? {}
        Ok::<_, StoreError>(())
    };
    if let Ok(Err(error)) = timeout_at(time.take_up_until, all).await {
        tracing::error!(%error, "cannot index requests by their id in the source; retrying at the next sweep");
    }
}

async fn measure_waiting(engine: &Engine) {
    for (status, gauge) in
        [(Status::Parked, Gauge::ParkedNow), (Status::NeedsOperator, Gauge::NeedOperatorNow)]
    {
        match engine.store().list(status, None, MOST_PARKED, None).await {
            Ok(listed) => metrics::gauge(gauge, listed.ids.len()),
            Err(error) => tracing::error!(status = status.name(), %error, "cannot count them"),
        }
    }
}

async fn measure_oldest(engine: &Engine) {
    match engine.oldest_undelivered().await {
        Ok(age) => metrics::measure(Measure::OldestUndelivered, age.unwrap_or_default().unsigned_abs()),
        Err(error) => tracing::error!(%error, "the oldest undelivered decision is not known"),
    }
}
