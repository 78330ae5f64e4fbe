//! How often refusals are logged: each of the first ones of a kind in an interval, the rest by their number.
//!
//! Values only: no clock. Kinds are the codes of our own problems, so the table does not grow, whoever calls.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::guesses::LOG_INTERVAL;

/// Refusals of one kind that have a line of their own in an interval.
const MAX_LINES: u64 = 20;

/// Refusals that had no line of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlogged {
    /// The problem's code.
    pub code: String,
    /// How many there were.
    pub refusals: u64,
    /// The last one's reference.
    pub reference: String,
}

#[derive(Debug)]
struct Kind {
    since: Timestamp,
    refusals: u64,
    reference: String,
}

/// The refusals of an interval, by their codes.
#[derive(Debug, Default)]
pub struct Refusals(BTreeMap<String, Kind>);

impl Refusals {
    /// Counts one: whether it has a line of its own.
    pub fn count(&mut self, code: &str, reference: &str, now: Timestamp) -> bool {
        let new = || Kind { since: now, refusals: 0, reference: String::new() };
        let kind = self.0.entry(code.to_owned()).or_insert_with(new);
        kind.refusals += 1;
        reference.clone_into(&mut kind.reference);
        kind.refusals <= MAX_LINES
    }

    /// Ends the intervals that are over; gives what had no line in them. A clock that was set back ends them, too.
    pub fn due(&mut self, now: Timestamp) -> Vec<Unlogged> {
        let over = |kind: &Kind| now.duration_since(kind.since).abs() >= LOG_INTERVAL;
        let ended = self.0.extract_if(.., |_, kind| over(kind));
        ended.filter_map(|(code, kind)| kind.unlogged(code)).collect()
    }
}

impl Kind {
    fn unlogged(self, code: String) -> Option<Unlogged> {
        let refusals = self.refusals.checked_sub(MAX_LINES).filter(|refusals| *refusals > 0)?;
        Some(Unlogged { code, refusals, reference: self.reference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_has_few_lines_and_its_number() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let mut refusals = Refusals::default();
        let lines = (0..70_000).filter(|n: &i32| refusals.count("bad-body", &n.to_string(), at(0))).count();
        assert_eq!((lines, refusals.due(at(59))), (20, vec![]));
        assert!(refusals.count("not-found", "r", at(59)), "another kind has its own lines");
        let unlogged = Unlogged { code: "bad-body".into(), refusals: 69_980, reference: "69999".into() };
        assert_eq!(refusals.due(at(60)), [unlogged]);
        assert!(refusals.count("bad-body", "r", at(60)), "the next interval begins");
        assert_eq!(refusals.due(at(-1_000)), [], "few refusals have no line of their number");
    }
}
