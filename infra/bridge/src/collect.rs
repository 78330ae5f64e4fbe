//! What the host does from time to time: undelivered events, leftovers of checks, the daily reconciliation; and at once, whenever the
//! clock or the process did not run evenly.

use std::collections::VecDeque;

use jiff::SignedDuration;
use shared::{
    engine::Engine,
    world::{Disturbance, World},
};
use tokio::sync::{mpsc, watch};

/// When undelivered events are fetched after a start that found approvals pending, and after a gap: at once, and when DingTalk's list
/// must hold the last of those that failed while we were down (retries for 40 seconds, then 3 to 5 minutes).
const COLLECT_AFTER_GAP: [SignedDuration; 2] = [SignedDuration::ZERO, SignedDuration::from_secs(360)];
/// Afterwards the engine itself sees to it that they are fetched at most once an hour.
const COLLECT_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// DingTalk's own retries make up for what is shorter.
const MIN_GAP: SignedDuration = SignedDuration::from_secs(20);

const BACKFILL_EVERY: SignedDuration = SignedDuration::from_mins(10);
const BACKFILL_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// What is done next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    AfterStart,
    AfterGap,
    Usual,
}

/// Collects until `stopping`. `left_over`: approvals were pending when the host started.
pub async fn run(engine: Engine, left_over: bool, world: World, stopping: watch::Receiver<bool>) {
    let (report, reports) = mpsc::unbounded_channel();
    let beside = async {
        tokio::join!(world.clock.watch(report), backfill(&engine, &world));
    };
    tokio::select! {
        () = beside => {}
        () = rounds(&engine, left_over, &world, reports, stopping) => {}
    }
}

async fn rounds(
    engine: &Engine,
    left_over: bool,
    world: &World,
    mut reports: mpsc::UnboundedReceiver<Disturbance>,
    stopping: watch::Receiver<bool>,
) {
    let planned =
        |round| COLLECT_AFTER_GAP.into_iter().map(move |wait| (wait, round)).collect::<VecDeque<_>>();
    let mut next = if left_over { planned(Round::AfterStart) } else { VecDeque::new() };
    loop {
        let (wait, round) = next.front().copied().unwrap_or((COLLECT_EVERY, Round::Usual));
        tokio::select! {
            biased;
            // Not in the middle of a round: DingTalk keeps no second copy of what it has handed over.
            () = stopped(stopping.clone()) => return,
            Some(disturbance) = reports.recv() => {
                log(disturbance);
                if disturbance.size() >= MIN_GAP {
                    bring_forward(engine, disturbance).await;
                    next = planned(Round::AfterGap);
                }
            }
            () = world.sleep(wait) => {
                next.pop_front();
                collect(engine, round).await;
            }
        }
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Gives approvals from before ids of the source were kept theirs, a page at a time; an import may bring others.
async fn backfill(engine: &Engine, world: &World) {
    let engine = engine.in_background();
    loop {
        match engine.store().backfill_aliases().await {
            Ok(true) => world.sleep(BACKFILL_EVERY).await,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "cannot index requests by their id in the source; retrying in a minute");
                world.sleep(BACKFILL_AGAIN).await;
            }
        }
    }
}

/// What was planned while the clock was ahead.
async fn bring_forward(engine: &Engine, disturbance: Disturbance) {
    let Disturbance::Set(by) = disturbance else { return };
    if by.is_positive() {
        return;
    }
    match engine.clock_was_set_back(by.abs()).await {
        Ok(0) => {}
        Ok(approvals) => tracing::info!(approvals, "planned anew, because the clock was ahead"),
        Err(error) => tracing::error!(%error, "what was planned while the clock was ahead comes late"),
    }
}

fn log(disturbance: Disturbance) {
    let seconds = disturbance.size().as_secs();
    match disturbance {
        Disturbance::Set(by) if by.is_negative() => {
            tracing::warn!(seconds, "the clock was set back; looking for what was missed");
        }
        Disturbance::Set(_) => {
            tracing::warn!(
                seconds,
                "the clock was set ahead, or the machine slept; looking for what was missed"
            );
        }
        Disturbance::Stood(_) => {
            tracing::warn!(seconds, "the process stood still; looking for what was missed");
        }
    }
}

async fn collect(engine: &Engine, round: Round) {
    if round == Round::AfterGap {
        match engine.catch_up().await {
            Ok(found) => {
                tracing::info!(events = found.events, ended = found.ended, "looked for what was missed");
            }
            Err(error) => {
                tracing::error!(%error, "not all that was missed was taken up; it is taken up later");
            }
        }
        return;
    }
    if let Err(error) = engine.end_leftovers().await {
        tracing::error!(%error, "what a check left in DingTalk is ended later");
    }
    match engine.reconcile_daily().await {
        Ok(0) => {}
        Ok(approvals) => {
            tracing::warn!(approvals, "the daily reconciliation found instances of approvals");
        }
        Err(error) => tracing::error!(%error, "the daily reconciliation failed; retrying tomorrow"),
    }
    match engine.collect_lost_events(round == Round::AfterStart).await {
        Ok(0) => {}
        Ok(events) => tracing::info!(events, "fetched events that DingTalk could not deliver"),
        Err(error) => tracing::error!(%error, "undelivered events were not taken up"),
    }
}
