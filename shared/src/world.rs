//! What the program takes from outside: time and randomness.
//!
//! Both are handed in, never taken, so that a test can set the clock and replay a run from one seed.
//!
//! There are two kinds of time. What is stored or shown is a moment of the clock, which can be set. What a process waits for or
//! spaces out by itself is measured by [`World::uptime`], which runs evenly: a clock that is set back stops nothing.

mod clocks;

use std::{future::Future, pin::Pin, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

pub use clocks::{ManualClock, SystemClock};

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
        Self { clock: Arc::new(SystemClock::new()), random: Arc::new(SystemRandom) }
    }

    /// The present moment, in whole milliseconds: what the store keeps.
    pub fn now(&self) -> Timestamp {
        to_millisecond(self.clock.now())
    }

    /// How long this world has run, by what is never set: for waits and leases inside a process.
    pub fn uptime(&self) -> SignedDuration {
        self.clock.uptime()
    }

    /// Waits so long, whatever the clock is set to meanwhile.
    pub async fn sleep(&self, duration: SignedDuration) {
        self.clock.sleep(duration).await;
    }
}

/// A future that can be sent between threads.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A source of time.
pub trait Clock: Send + Sync {
    /// The present moment. The clock may be set at any time, ahead or back.
    fn now(&self) -> Timestamp;
    /// Waits until this clock shows `moment`.
    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_>;
    /// The time since some moment of this clock's own; it runs evenly and is never set.
    fn uptime(&self) -> SignedDuration;
    /// Waits so long, by [`Clock::uptime`].
    fn sleep(&self, duration: SignedDuration) -> Sleep<'_>;
    /// Reports each [`Disturbance`], for ever. A clock that cannot tell reports none.
    fn watch(&self, _report: mpsc::UnboundedSender<Disturbance>) -> Sleep<'_> {
        Box::pin(std::future::pending())
    }
}

/// The clock or this process did not run evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// The clock was set by so much, ahead or (negative) back; or the machine slept for so long.
    Set(SignedDuration),
    /// The process stood still for so long.
    Stood(SignedDuration),
}

impl Disturbance {
    /// How large it is.
    pub fn size(self) -> SignedDuration {
        match self {
            Self::Set(by) => by.abs(),
            Self::Stood(length) => length,
        }
    }
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

/// The operating system's randomness.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness nothing here can be safe, so a machine that has none must not go on.
        #[allow(clippy::expect_used)]
        getrandom::fill(bytes).expect("the operating system gives random bytes");
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
}
