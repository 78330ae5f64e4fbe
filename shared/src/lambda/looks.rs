//! When the secret is looked at. By the wall clock: what a frozen process's own clock does meanwhile nobody says.

use jiff::{SignedDuration, Timestamp};

/// One that does not fit is looked at at once, and not more often than this; nor is one that could not be read.
const AT_MOST_EVERY: SignedDuration = SignedDuration::from_secs(20);
/// Without one that can be used there is nothing else to do.
const BROKEN_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// Why somebody wants to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The last look may be long ago.
    Age,
    /// Somebody was refused: they may have been told of a new secret before us.
    Refusal,
    /// There is none that can be used.
    Need,
}

/// The looks so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks {
    keep: SignedDuration,
    read_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
    for_refused_at: Option<Timestamp>,
}

impl Looks {
    /// None yet. What was read is good for `keep`.
    pub fn new(keep: SignedDuration) -> Self {
        Self { keep, read_at: None, tried_at: None, for_refused_at: None }
    }

    /// Whether it is time for a look.
    pub fn is_time(&self, why: Why, now: Timestamp) -> bool {
        match why {
            Why::Age => {
                is_past(self.read_at, self.keep, now)
                    && is_past(self.tried_at, self.keep.min(AT_MOST_EVERY), now)
            }
            Why::Refusal => is_past(self.for_refused_at, AT_MOST_EVERY, now),
            Why::Need => is_past(self.tried_at, BROKEN_EVERY, now),
        }
    }

    /// Somebody looks.
    pub fn begin(&mut self, why: Why, now: Timestamp) {
        self.tried_at = Some(now);
        if why == Why::Refusal {
            self.for_refused_at = Some(now);
        }
    }

    /// What is known is today's. A look that failed is none.
    pub fn is_read(&mut self, now: Timestamp) {
        self.read_at = Some(now);
    }
}

/// Also where the clock was set back.
fn is_past(last: Option<Timestamp>, wait: SignedDuration, now: Timestamp) -> bool {
    last.is_none_or(|last| {
        let since = now.duration_since(last);
        since.is_negative() || since >= wait
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: SignedDuration = SignedDuration::from_mins(5);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn read_at_zero() -> Looks {
        let mut looks = Looks::new(KEEP);
        looks.begin(Why::Age, at(0));
        looks.is_read(at(0));
        looks
    }

    #[test]
    fn an_old_value_is_looked_at_again_and_a_look_that_failed_is_soon_repeated() {
        let mut looks = read_at_zero();
        assert!(!looks.is_time(Why::Age, at(299)));
        assert!(looks.is_time(Why::Age, at(300)));
        looks.begin(Why::Age, at(300));
        assert!(!looks.is_time(Why::Age, at(319)), "whoever comes now does not wait");
        assert!(looks.is_time(Why::Age, at(320)), "not five minutes more");
        looks.begin(Why::Age, at(320));
        looks.is_read(at(320));
        assert!(!looks.is_time(Why::Age, at(619)));
    }

    #[test]
    fn whoever_is_refused_has_it_looked_at_now_and_then() {
        let mut looks = read_at_zero();
        assert!(looks.is_time(Why::Refusal, at(1)));
        looks.begin(Why::Refusal, at(1));
        assert!(!looks.is_time(Why::Refusal, at(20)));
        assert!(looks.is_time(Why::Refusal, at(21)));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nothing_for_ever() {
        assert!(read_at_zero().is_time(Why::Age, at(-3600)));
    }

    #[test]
    fn one_that_cannot_be_used_is_looked_at_with_nearly_every_call() {
        let looks = read_at_zero();
        assert!(!looks.is_time(Why::Need, at(1)));
        assert!(looks.is_time(Why::Need, at(2)));
    }
}
