//! Woken by the clock: advances whatever is due, and fetches events that DingTalk could not deliver.

use shared::{
    engine::{Engine, Swept},
    metrics::{self, Count, Measure},
};

/// Sweeps once.
pub async fn sweep(engine: &Engine) -> Result<Swept, Box<dyn std::error::Error + Send + Sync>> {
    // What fails here must not keep back what is due.
    let collected = engine.collect_lost_events(false).await;
    let lost = collected.inspect_err(|error| tracing::error!(%error, "undelivered events were not taken up"));
    let lost = lost.unwrap_or(0);
    let swept = engine.sweep().await?;
    match engine.oldest_undelivered().await {
        Ok(age) => metrics::measure(Measure::OldestUndelivered, age.unwrap_or_default().unsigned_abs()),
        Err(error) => tracing::error!(%error, "the oldest undelivered decision is not known"),
    }
    metrics::count(Count::SweepRan);
    if swept.due > 0 || lost > 0 {
        tracing::info!(due = swept.due, failed = swept.failed, lost_events = lost, "swept");
    }
    Ok(swept)
}
