//! The clocks: the operating system's, and one that a test moves.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{broadcast, mpsc, watch};

use super::{Clock, Disturbance, Sleep};

/// A sleeper looks at the clock again after so long: it may have been set, or the machine may have slept.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A smaller difference is a busy machine, or a clock that is being corrected.
const MIN_DISTURBANCE: SignedDuration = SignedDuration::from_secs(5);

/// Disturbances that a test causes before they are looked at.
const MAX_REPORTED_AT_ONCE: usize = 64;

/// The operating system's clock.
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The clock, with its uptime at zero.
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }

    fn reading(&self) -> Reading {
        Reading { now: self.now(), uptime: self.uptime() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            while let Some(wait) = Some(moment.duration_since(self.now())).filter(SignedDuration::is_positive)
            {
                tokio::time::sleep(wait.unsigned_abs().min(LOOK_AGAIN)).await;
            }
        })
    }

    fn uptime(&self) -> SignedDuration {
        SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    fn sleep(&self, duration: SignedDuration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(duration.max(SignedDuration::ZERO).unsigned_abs()))
    }

    fn watch(&self, report: mpsc::UnboundedSender<Disturbance>) -> Sleep<'_> {
        Box::pin(async move {
            let mut before = self.reading();
            while !report.is_closed() {
                tokio::time::sleep(LOOK_AGAIN).await;
                let after = self.reading();
                for disturbance in disturbances(before, after, LOOK_AGAIN) {
                    let _ = report.send(disturbance);
                }
                before = after;
            }
        })
    }
}

/// Both kinds of time at once.
#[derive(Debug, Clone, Copy)]
struct Reading {
    now: Timestamp,
    uptime: SignedDuration,
}

/// What was uneven between two readings, the second of which was to follow after `pause`.
fn disturbances(before: Reading, after: Reading, pause: Duration) -> impl Iterator<Item = Disturbance> {
    let passed = after.uptime - before.uptime;
    let stood = passed - SignedDuration::try_from(pause).unwrap_or_default();
    let set = after.now.duration_since(before.now) - passed;
    let found = [Disturbance::Stood(stood.max(SignedDuration::ZERO)), Disturbance::Set(set)];
    found.into_iter().filter(|disturbance| disturbance.size() >= MIN_DISTURBANCE)
}

/// A clock that stands still until it is moved: for tests.
pub struct ManualClock {
    reading: watch::Sender<Reading>,
    disturbances: broadcast::Sender<Disturbance>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        let reading = Reading { now: start, uptime: SignedDuration::ZERO };
        let (disturbances, _) = broadcast::channel(MAX_REPORTED_AT_ONCE);
        Self { reading: watch::Sender::new(reading), disturbances }
    }

    /// Lets time pass; whoever slept until then wakes.
    pub fn advance(&self, duration: SignedDuration) {
        self.reading.send_modify(|reading| {
            reading.now += duration;
            reading.uptime += duration;
        });
    }

    /// Sets the clock ahead, or back by a negative duration; no time passes.
    pub fn set_by(&self, duration: SignedDuration) {
        self.reading.send_modify(|reading| reading.now += duration);
        let _ = self.disturbances.send(Disturbance::Set(duration));
    }

    /// Lets time pass in which the process did not run.
    pub fn stand_still(&self, duration: SignedDuration) {
        self.advance(duration);
        let _ = self.disturbances.send(Disturbance::Stood(duration));
    }

    fn when(&self, has_come: impl Fn(&Reading) -> bool + Send + Sync + 'static) -> Sleep<'_> {
        let mut changes = self.reading.subscribe();
        Box::pin(async move {
            // The sender lives as long as `self`, so this ends only when the moment has come.
            let _ = changes.wait_for(has_come).await;
        })
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.reading.borrow().now
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_> {
        self.when(move |reading| reading.now >= moment)
    }

    fn uptime(&self) -> SignedDuration {
        self.reading.borrow().uptime
    }

    fn sleep(&self, duration: SignedDuration) -> Sleep<'_> {
        let end = self.uptime() + duration;
        self.when(move |reading| reading.uptime >= end)
    }

    fn watch(&self, report: mpsc::UnboundedSender<Disturbance>) -> Sleep<'_> {
        let mut disturbances = self.disturbances.subscribe();
        Box::pin(async move {
            while let Ok(disturbance) = disturbances.recv().await {
                let _ = report.send(disturbance);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_reaches_its_moment() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        let moment = clock.now() + SECOND * 5;
        let sleep = clock.sleep_until(moment);
        clock.advance(SECOND * 5);
        sleep.await;
        assert_eq!(clock.now(), moment);
    }

    #[tokio::test]
    async fn a_wait_takes_as_long_as_it_is_to_take_whatever_the_clock_is_set_to() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        for set in [-86_400, -90, 0, 90, 86_400] {
            let mut sleep = clock.sleep(SECOND * 2);
            clock.set_by(SECOND * set);
            clock.advance(SECOND);
            assert!(futures_pending(&mut sleep).await, "{set}");
            clock.advance(SECOND);
            sleep.await;
        }
    }

    async fn futures_pending(sleep: &mut Sleep<'_>) -> bool {
        tokio::select! { biased; () = sleep => false, () = tokio::task::yield_now() => true }
    }

    #[test]
    fn a_clock_that_was_set_and_a_process_that_stood_still_are_told_apart() {
        let at = |now: i64, uptime: i64| Reading {
            now: Timestamp::UNIX_EPOCH + SECOND * i32::try_from(now).unwrap(),
            uptime: SECOND * i32::try_from(uptime).unwrap(),
        };
        let (set, stood) =
            (|by: i32| Disturbance::Set(SECOND * by), |by: i32| Disturbance::Stood(SECOND * by));
        let table = [
            (at(1, 1), vec![]),
            (at(5, 5), vec![]),
            (at(61, 61), vec![stood(60)]),
            (at(-89, 1), vec![set(-90)]),
            (at(86_401, 1), vec![set(86_400)]),
            (at(0, 61), vec![stood(60), set(-61)]),
        ];
        for (after, expected) in table {
            let found: Vec<_> = disturbances(at(0, 0), after, LOOK_AGAIN).collect();
            assert_eq!(found, expected, "{after:?}");
        }
    }

    #[tokio::test]
    async fn disturbances_of_the_manual_clock_are_reported() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        let (report, mut reports) = mpsc::unbounded_channel();
        let watching = clock.watch(report);
        clock.set_by(-SECOND);
        clock.stand_still(SECOND);
        let reported = async { [reports.recv().await, reports.recv().await] };
        let reported =
            tokio::select! { () = watching => unreachable!("it watches for ever"), all = reported => all };
        assert_eq!(reported, [Some(Disturbance::Set(-SECOND)), Some(Disturbance::Stood(SECOND))]);
    }
}
