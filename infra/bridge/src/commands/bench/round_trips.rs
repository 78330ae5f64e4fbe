//! Whole round trips: submit, decide, be told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::site::{Site, Worker, workers};
use crate::sandbox::Sandbox;

pub(super) struct Measured {
    /// From the decision in DingTalk until Dataphin was told.
    pub told: Vec<Duration>,
    pub per_second: f64,
    pub paid_calls: f64,
    pub writes: f64,
}

/// Runs `count` round trips, so many at a time.
#[allow(clippy::cast_precision_loss)] // Counts of a benchmark.
pub(super) async fn measure(site: &Site, count: usize, at_once: usize) -> Result<Measured> {
    let store = site.host.engine().store();
    let (paid, writes) = (site.sandbox.dingtalk.calls().paid(), store.writes());
    let began = Instant::now();
    let told = run(&site.sandbox, count, at_once).await?;
    let seconds = began.elapsed().as_secs_f64();
    let each = |total: u64| total as f64 / count as f64;
    Ok(Measured {
        told,
        per_second: count as f64 / seconds,
        paid_calls: each(site.sandbox.dingtalk.calls().paid() - paid),
        writes: each(store.writes() - writes),
    })
}

/// The same, against any bridge that the simulators are connected to.
pub(super) async fn run(sandbox: &Sandbox, count: usize, at_once: usize) -> Result<Vec<Duration>> {
    let left = Arc::new(AtomicUsize::new(count));
    let mut work = JoinSet::new();
    for worker in workers(sandbox, at_once) {
        let (left, sandbox) = (left.clone(), sandbox.clone());
        work.spawn(async move {
            let mut told = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                told.push(round_trip(&sandbox, &worker).await?);
            }
            anyhow::Ok(told)
        });
    }
    let mut told = Vec::with_capacity(count);
    while let Some(done) = work.join_next().await {
        told.extend(done??);
    }
    Ok(told)
}

async fn round_trip(sandbox: &Sandbox, worker: &Worker) -> Result<Duration> {
    let (apply_id, todo) = worker.file(sandbox).await?;
    let decided = Instant::now();
    sandbox.dingtalk.agree(todo.task, "fine")?;
    sandbox.dataphin.told(&apply_id).await.context("the request is gone")?;
    Ok(decided.elapsed())
}
