//! When an instance is read, how often it may be, and why it does not tell its outcome.
//!
//! Every read is a paid call, and events can be repeated by whoever captured them: so the reads of an instance have a
//! budget, whoever asks for them. An event is committed all the same; its read comes when the budget allows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Hint,
    schedule::{BELIEVE_EVENT_AFTER, READS_OF_AN_INSTANCE, REPEATED_WITHIN},
};

/// The instance has finished and does not say how.
pub const FINISHED_WITHOUT_RESULT: &str = "finished-without-result";

/// When to read the instance next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Not before this moment.
    pub at: Timestamp,
    /// Reads in vain since the last hint, or since the creation.
    pub attempts: u32,
    /// What DingTalk's event said; the reason to read now.
    pub hint: Option<Hint>,
    /// Whether the next read counts against the day's unasked reads of the whole bridge: no event asks for it, or it has
    /// failed often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unasked: bool,
    /// The last reads, for the budget.
    #[serde(default, skip_serializing_if = "RecentReads::is_empty")]
    pub recent: RecentReads,
    /// Why the reads do not tell how the instance stands; `None`: the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<ReadProblem>,
}

/// Why reads do not tell how an instance stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadProblem {
    /// No read has told it since.
    pub since: Timestamp,
    /// [`FINISHED_WITHOUT_RESULT`], or the error of the last read.
    pub code: String,
}

/// When the last reads were made, oldest first; no more of them than the budget looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentReads(Vec<Timestamp>);

impl Reading {
    /// A first read at `at`.
    pub fn first(at: Timestamp, hint: Option<Hint>, unasked: bool) -> Self {
        Self { at, attempts: 0, hint, unasked, recent: RecentReads::default(), problem: None }
    }

    /// Plans the next read for `wanted`, or for when the budget allows it. True: the budget puts it off.
    pub(super) fn plan(&mut self, wanted: Timestamp, unasked: bool) -> bool {
        (self.at, self.unasked) = (self.recent.earliest(wanted), unasked);
        self.at > wanted
    }

    /// Whether it was read not long ago. Then the next read is announced, so that two at the same time count as two.
    pub fn is_repeated(&self, now: Timestamp) -> bool {
        self.recent.0.last().is_some_and(|last| now.duration_since(*last) < REPEATED_WITHIN)
    }

    /// A read did not tell how the instance stands. True: that, and why, is new.
    pub(super) fn failed(&mut self, code: &str, now: Timestamp) -> bool {
        match &mut self.problem {
            Some(problem) if problem.code == code => false,
            Some(problem) => {
                code.clone_into(&mut problem.code);
                true
            }
            None => {
                self.problem = Some(ReadProblem { since: now, code: code.to_owned() });
                true
            }
        }
    }
}

impl ReadProblem {
    /// Whether an operator must hear of it, and a signed event may be believed as far as that goes.
    pub fn is_long(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) >= BELIEVE_EVENT_AFTER
    }
}

impl RecentReads {
    /// Whether there was no read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts a read.
    pub fn add(&mut self, at: Timestamp) {
        self.0.push(at);
        self.0.sort_unstable();
        let most = READS_OF_AN_INSTANCE.iter().map(|(most, _)| *most).max().unwrap_or(0);
        let excess = self.0.len().saturating_sub(most);
        self.0.drain(..excess);
    }

    /// Takes one back that was not made after all.
    pub(super) fn take_back(&mut self, at: Timestamp) {
        if let Some(index) = self.0.iter().rposition(|read| *read == at) {
            self.0.remove(index);
        }
    }

    /// The first moment from `wanted` on at which the budget allows a read. Reads after `wanted` do not count: a clock that
    /// was set back must not block reading.
    pub fn earliest(&self, wanted: Timestamp) -> Timestamp {
        let known = self.0.partition_point(|at| *at <= wanted);
        let free_at = READS_OF_AN_INSTANCE.iter().filter_map(|(most, within)| {
            let oldest = self.0.get(known.checked_sub(*most)?)?;
            Some(*oldest + *within)
        });
        free_at.fold(wanted, Timestamp::max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn reads(at_seconds: &[i64]) -> RecentReads {
        let mut reads = RecentReads::default();
        for seconds in at_seconds {
            reads.add(at(*seconds));
        }
        reads
    }

    #[test]
    fn a_read_waits_until_the_hour_and_the_day_allow_it() {
        let (hour, day) = (3600, 24 * 3600);
        let of_an_hour: Vec<i64> = (0..8).collect();
        let of_a_day: Vec<i64> = (0..16).map(|read| read * hour).collect();
        let table: [(&[i64], i64, i64); 8] = [
            (&[], 5, 5),
            (&[0, 1, 2, 3, 4, 5, 6], 7, 7),
            (&of_an_hour, 8, hour),
            (&of_an_hour, hour + 5, hour + 5),
            (&of_a_day[..15], 15 * hour, 15 * hour),
            (&of_a_day, 16 * hour, day),
            (&of_a_day, day + 1, day + 1),
            // The clock was set back by a year.
            (&of_a_day, -365 * day, -365 * day),
        ];
        for (made, wanted, allowed) in table {
            assert_eq!(reads(made).earliest(at(wanted)), at(allowed), "{made:?}, {wanted}");
        }
    }

    proptest! {
        #[test]
        fn however_often_reads_are_wanted_the_budget_holds(waits in prop::collection::vec(0_i64..4000, 1..200)) {
            let (mut reads, mut made, mut now) = (RecentReads::default(), Vec::new(), at(0));
            for wait in waits {
                now = reads.earliest(now + jiff::SignedDuration::from_secs(wait));
                reads.add(now);
                made.push(now);
            }
            prop_assert!(reads.0.len() <= 16);
            for (most, within) in READS_OF_AN_INSTANCE {
                for window in made.windows(most + 1) {
                    prop_assert!(window[most].duration_since(window[0]) >= within);
                }
            }
        }
    }
}
