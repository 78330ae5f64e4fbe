//! A clock that runs faster than real time, the same in several processes: a rehearsal of hours takes minutes.

use jiff::{SignedDuration, Timestamp};
use shared::world::{Clock, Sleep};

/// The variable that tells a process from which moment on time runs faster.
pub const SINCE: &str = "FAST_SINCE";
/// How much faster.
const FACTOR: i32 = 20;

/// Real time until `since`, and twenty times as fast from then on.
pub struct FastClock {
    since: Timestamp,
}

impl FastClock {
    /// Runs faster from this moment on.
    pub fn since(since: Timestamp) -> Self {
        Self { since }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.since + Timestamp::now().duration_since(self.since) * FACTOR
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_> {
        let wait = moment.duration_since(self.now()).max(SignedDuration::ZERO) / FACTOR;
        Box::pin(tokio::time::sleep(wait.unsigned_abs()))
    }

    // Nobody sets the clock meanwhile.
    fn uptime(&self) -> SignedDuration {
        self.now().duration_since(self.since)
    }

    fn sleep(&self, duration: SignedDuration) -> Sleep<'_> {
        self.sleep_until(self.now() + duration)
    }
}
