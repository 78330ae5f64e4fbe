//! How Dataphin misbehaves when asked to: each fault for so many calls, or until cleared.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The most submits that are sent at once.
pub(super) const MOST_AT_ONCE: u32 = 1000;

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Fault {
    /// A callback is worked on only after this long.
    Slow {
        /// How long, on the world's clock.
        milliseconds: u32,
    },
    /// A callback is answered 503 and not worked on.
    Unavailable {
        /// What `Retry-After` says.
        retry_after_seconds: u32,
    },
    /// A callback is worked on, and its answer held back: the caller's time-out comes first.
    HoldAnswer {
        /// How long, on the world's clock.
        milliseconds: u32,
    },
    /// The connection closes without an answer and without work.
    CloseConnection,
    /// The connection closes without an answer, after the work.
    CloseAfterWork,
    /// A callback is answered 200 with `success:false` and not worked on.
    RefuseWith200,
    /// A submit is sent, and once answered sent again.
    SubmitTwice,
    /// A submit is sent this many times at once.
    SubmitAtOnce {
        /// How many times (at most 1000).
        times: u32,
    },
}

impl Fault {
    /// Whether it concerns what Dataphin sends; else, what it receives.
    fn is_of_submits(self) -> bool {
        matches!(self, Self::SubmitTwice | Self::SubmitAtOnce { .. })
    }
}

/// An answer to a callback, byte by byte as it is said here: for what a Dataphin, or what stands before it, may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the callback is worked on all the same: verified, judged, and written into the ledger.
    pub works: bool,
}

impl RawAnswer {
    /// An answer instead of work.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), works: false }
    }

    /// The same after work.
    #[must_use]
    pub fn after_work(self) -> Self {
        Self { works: true, ..self }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// For the next calls, this many.
    Next(u32),
    /// Until the faults are cleared.
    UntilCleared,
}

/// The faults that are set. One call meets at most one: the oldest that concerns it.
#[derive(Default)]
pub(super) struct Faults {
    of_submits: VecDeque<(Fault, Times)>,
    of_callbacks: VecDeque<(Fault, Times)>,
    answers: VecDeque<(RawAnswer, Times)>,
}

impl Faults {
    /// Sets an answer to callbacks. It comes before any fault.
    pub fn set_answer(&mut self, answer: RawAnswer, times: Times) {
        self.answers.push_back((answer, times));
    }

    /// The answer that the next callback gets, whatever it says.
    pub fn next_answer(&mut self) -> Option<RawAnswer> {
        take(&mut self.answers)
    }

    pub fn set(&mut self, fault: Fault, times: Times) {
        let faults = if fault.is_of_submits() { &mut self.of_submits } else { &mut self.of_callbacks };
        faults.push_back((fault, times));
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The fault that the next submit meets.
    pub fn next_for_submit(&mut self) -> Option<Fault> {
        take(&mut self.of_submits)
    }

    /// The fault that the next callback meets.
    pub fn next_for_callback(&mut self) -> Option<Fault> {
        take(&mut self.of_callbacks)
    }

    /// What is set, oldest first.
    pub fn list(&self) -> impl Iterator<Item = (Fault, Times)> {
        self.of_submits.iter().chain(&self.of_callbacks).copied()
    }
}

fn take<T: Clone>(faults: &mut VecDeque<(T, Times)>) -> Option<T> {
    loop {
        let (fault, times) = faults.front_mut()?;
        let fault = fault.clone();
        match times {
            Times::UntilCleared => return Some(fault),
            Times::Next(0) => {
                faults.pop_front();
            }
            Times::Next(left) => {
                *left -= 1;
                return Some(fault);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_ends_and_gives_way_to_the_next() {
        let mut faults = Faults::default();
        faults.set(Fault::CloseConnection, Times::Next(2));
        faults.set(Fault::RefuseWith200, Times::UntilCleared);
        let met: Vec<_> = (0..4).map(|_| faults.next_for_callback().unwrap()).collect();
        let (close, refuse) = (Fault::CloseConnection, Fault::RefuseWith200);
        assert_eq!(met, [close, close, refuse, refuse]);
        faults.clear();
        assert_eq!(faults.next_for_callback(), None);
    }

    #[test]
    fn a_fault_of_submits_leaves_callbacks_alone() {
        let mut faults = Faults::default();
        faults.set(Fault::SubmitTwice, Times::Next(1));
        assert_eq!(faults.next_for_callback(), None);
        assert_eq!(faults.next_for_submit(), Some(Fault::SubmitTwice));
        assert_eq!(faults.next_for_submit(), None);
    }
}
