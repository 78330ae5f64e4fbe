//! How long a diagnosis may take, whatever hangs.

use std::time::Duration;

use tokio::time::Instant;

/// Dataphin waits for its connection test; ours is done before.
const QUICK: Duration = Duration::from_millis(4_200);
const QUICK_ASK: Duration = Duration::from_millis(2_800);
/// Nobody waits at the other end of the full list but a person.
const FULL: Duration = Duration::from_secs(12);
const FULL_ASK: Duration = Duration::from_secs(7);
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
