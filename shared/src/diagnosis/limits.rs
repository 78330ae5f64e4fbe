//! How long a diagnosis may take, whatever hangs.

use std::time::Duration;

use tokio::time::Instant;

/// Dataphin waits for its connection test; ours is done before.
const QUICK: Duration = Duration::from_millis(4_200);
const QUICK_ASK: Duration = Duration::from_millis(2_800);
/// Nobody waits at the other end of the full list but a person.
const FULL: Duration = Duration::from_secs(12);
const FULL_ASK: Duration = Duration::from_secs(7);
/// Every probe has at least so long, unless all of the time is over.
const PROBE: Duration = Duration::from_secs(3);
/// Events that are late are waited for until then.
const FULL_WAIT: Duration = Duration::from_secs(20);
/// The function that serves it is killed after 29 seconds, and its gateway has gone after 30.
const FULL_END: Duration = Duration::from_secs(24);

/// The moments at which waiting ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    ask_until: Instant,
    until: Instant,
    wait_until: Instant,
    end: Instant,
}

impl Limits {
    /// From now on.
    pub fn new(quick: bool) -> Self {
        let now = Instant::now();
        let (ask, all) = if quick { (QUICK_ASK, QUICK) } else { (FULL_ASK, FULL) };
        let (wait, end) = if quick { (QUICK, QUICK) } else { (FULL_WAIT, FULL_END) };
        Self { ask_until: now + ask, until: now + all, wait_until: now + wait, end: now + end }
    }

    /// Until when a first answer is waited for; afterwards there is time to look why none came.
    pub fn ask_until(self) -> Instant {
        self.ask_until
    }

    /// How long from now a call that is turned away for its number is made again.
    pub fn patience(self) -> Duration {
        self.ask_until.saturating_duration_since(Instant::now())
    }

    /// Until when any answer is waited for.
    pub fn until(self) -> Instant {
        self.until
    }

    /// Until when a probe that begins now waits: what hung before it does not use up its time.
    pub fn for_a_probe(self) -> Instant {
        self.until.max(Instant::now() + PROBE).min(self.end)
    }

    /// Until when something that is late is waited for.
    pub fn wait_until(self) -> Instant {
        self.wait_until
    }

    /// When all of it is over.
    pub fn end(self) -> Instant {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_begins_late_has_its_own_time_within_the_whole() {
        let limits = Limits::new(false);
        assert_eq!(limits.for_a_probe(), limits.until());
        tokio::time::advance(FULL).await;
        assert_eq!(limits.for_a_probe(), Instant::now() + PROBE);
        tokio::time::advance(FULL).await;
        assert_eq!(limits.for_a_probe(), limits.end());
    }

    #[test]
    fn the_longest_diagnosis_ends_before_its_function_is_killed() {
        let began = Instant::now();
        for quick in [true, false] {
            let limits = Limits::new(quick);
            let [ask, until, wait, end] =
                [limits.ask_until, limits.until, limits.wait_until, limits.end].map(|it| it - began);
            assert!(
                ask < until && until <= wait && wait <= end && end < Duration::from_secs(25),
                "{limits:?}"
            );
        }
    }
}
