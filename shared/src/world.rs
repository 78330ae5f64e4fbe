//! What the program takes from outside: time and randomness.
//!
//! Both are handed in, never taken, so that a test can set the clock and replay a run from one seed.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The one clock and the one source of randomness of a running program.
#[derive(Clone)]
pub struct World {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where nonces and jitter come from.
    pub random: Arc<dyn Random>,
}

impl World {
    /// The real clock and the operating system's randomness.
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }

    /// The present moment, in whole milliseconds: what the store keeps.
    pub fn now(&self) -> Timestamp {
        to_millisecond(self.clock.now())
    }

    /// Waits on this world's clock.
    pub async fn sleep(&self, duration: SignedDuration) {
        self.clock.sleep_until(self.now() + duration).await;
    }
}

/// A future that can be sent between threads.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A source of time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Waits until this clock shows `moment`.
    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_>;
}

/// A source of randomness.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    /// A random number below `bound` (0 when `bound` is 0).
    pub fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }

    /// A random text of `length` letters and digits.
    pub fn letters_and_digits(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(length);
        let mut block = [0; 64];
        while text.len() < length {
            self.fill(&mut block);
            // Bytes of 248 and above would favour the first letters.
            let fair = block
                .iter()
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            text.extend(fair.take(length - text.len()));
        }
        text
    }
}

/// A sleeper looks at the clock again after so long: it may have been set, or the machine may have slept.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The operating system's clock.
pub struct SystemClock;

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
}

/// The operating system's randomness.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness nothing here can be safe, so a machine that has none must not go on.
        #[allow(clippy::expect_used)]
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A clock that stands still until it is moved: for tests.
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(watch::Sender::new(start))
    }

    /// Moves the clock on; whoever slept until then wakes.
    pub fn advance(&self, duration: SignedDuration) {
        self.0.send_modify(|now| *now += duration);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_> {
        let mut changes = self.0.subscribe();
        Box::pin(async move {
            // The sender lives as long as `self`, so this ends only when the moment has come.
            let _ = changes.wait_for(|now| *now >= moment).await;
        })
    }
}

/// Cuts a moment to whole milliseconds.
pub fn to_millisecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_is_letters_and_digits_of_the_length_asked_for() {
        let text = World::real().random.letters_and_digits(43);
        assert_eq!(text.len(), 43);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_reaches_its_moment() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        let moment = clock.now() + SignedDuration::from_secs(5);
        let sleep = clock.sleep_until(moment);
        clock.advance(SignedDuration::from_secs(5));
        sleep.await;
        assert_eq!(clock.now(), moment);
    }
}
