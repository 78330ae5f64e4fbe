//! Whether the source still holds the line. A refusal may be committed only while it does: afterwards the source has
//! been told "accepted", and the same no must become an outcome that is delivered.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const WAITING: u8 = 0;
const REFUSING: u8 = 1;
const GONE: u8 = 2;

/// Shared between whoever answers the source and whoever finds out what to answer.
#[derive(Clone)]
pub(super) struct Line(Arc<AtomicU8>);

impl Line {
    /// The source is waiting.
    pub fn held() -> Self {
        Self(Arc::new(AtomicU8::new(WAITING)))
    }

    /// Nobody is waiting: background work.
    pub fn none() -> Self {
        Self(Arc::new(AtomicU8::new(GONE)))
    }

    /// Asks to answer with a refusal. True: the source waits until it is committed.
    pub fn refuse(&self) -> bool {
        self.leave(REFUSING) == REFUSING
    }

    /// Ends the waiting. True: the source may be told "accepted". False: a refusal is on its way.
    pub fn hang_up(&self) -> bool {
        self.leave(GONE) == GONE
    }

    /// Goes from waiting to `state`, unless the other side was first. Gives where it stands.
    fn leave(&self, state: u8) -> u8 {
        match self.0.compare_exchange(WAITING, state, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => state,
            Err(other) => other,
        }
    }
}

/// Hangs up when the one who waits goes away (the source closed the connection).
pub(super) struct Holder(pub Line);

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_and_an_acceptance_exclude_each_other() {
        let line = Line::held();
        assert!(line.refuse());
        assert!(!line.hang_up());

        let line = Line::held();
        assert!(line.hang_up());
        assert!(!line.refuse());
        assert!(!Line::none().refuse());
    }

    #[test]
    fn a_source_that_goes_away_has_hung_up() {
        let line = Line::held();
        drop(Holder(line.clone()));
        assert!(!line.refuse());
    }
}
