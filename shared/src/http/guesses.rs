//! How often callers may be wrong about a credential: a budget for each address, and one for all of them.
//!
//! A right credential is never counted: whoever knows it is let in, however many strangers guess from behind the same proxy.
//! Values only: no clock, no network. The table is of a fixed size, whoever calls.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use jiff::{SignedDuration, Timestamp};

/// Addresses that are remembered at the same time. All others together count as one.
const MAX_ADDRESSES: usize = 256;
/// A first handful of wrong credentials is answered as any other: somebody sets the bridge up.
const ADDRESS: Budget = Budget { burst: 10, refill: SignedDuration::from_secs(6) };
/// From however many addresses, no more wrong credentials a second get their answer.
const EVERYBODY: Budget = Budget { burst: 100, refill: SignedDuration::from_millis(100) };
/// Whoever goes on guessing waits longer and longer, up to this.
const MAX_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// An address has one line of the log in such a time, with how many there were.
pub const LOG_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// So many at once, and one more each time that `refill` has passed.
#[derive(Debug, Clone, Copy)]
struct Budget {
    burst: i32,
    refill: SignedDuration,
}

/// When a budget will be whole again (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, Default)]
struct Spent(Option<Timestamp>);

impl Spent {
    /// Spends one. The wait until the next one is free, if there is none.
    fn one_more(&mut self, budget: Budget, now: Timestamp) -> Option<SignedDuration> {
        let whole = budget.refill * budget.burst;
        let latest = now + whole + MAX_WAIT;
        // Later than that was noted by a clock that was set back since.
        let whole_at = self.0.filter(|at| (now..=latest).contains(at)).unwrap_or(now);
        let next = whole_at + budget.refill;
        self.0 = Some(next.min(latest));
        let over = next.duration_since(now) - whole;
        over.is_positive().then_some(over.min(MAX_WAIT))
    }

    fn is_whole(self, now: Timestamp) -> bool {
        self.0.is_none_or(|at| at <= now)
    }
}

/// Where guesses come from: an address, or what counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    Address(IpAddr),
    /// Nobody says from where; or there are more addresses than are remembered.
    Others,
}

impl Origin {
    /// A network of IPv6 has one customer and 2^64 addresses.
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Others,
            Some(IpAddr::V6(v6)) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::Address(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            Some(v4) => Self::Address(v4),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(v6)) => write!(f, "{v6}/64"),
            Self::Address(v4) => v4.fmt(f),
            Self::Others => f.write_str("others"),
        }
    }
}

/// Which of our paths was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `/dataphin`.
    Dataphin,
    /// `/dingtalk`.
    DingTalk,
    /// `/operator`.
    Operator,
}

/// A wrong credential, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Guess<'a> {
    /// Who sent it.
    pub address: Option<IpAddr>,
    /// What was called.
    pub door: Door,
    /// Why it was refused, for the log.
    pub reason: &'a str,
    /// The reference that the caller was given.
    pub reference: &'a str,
}

/// What the log says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Whose they are.
    pub address: String,
    /// Refusals since the last line: at Dataphin's, DingTalk's and the operator's paths.
    pub refusals: [u64; 3],
    /// Why the last one was refused.
    pub reason: String,
    /// The last one's reference.
    pub reference: String,
}

/// What is known of an address.
#[derive(Debug, Default)]
struct Known {
    spent: Spent,
    refusals: [u64; 3],
    reason: String,
    reference: String,
    logged_at: Option<Timestamp>,
}

impl Known {
    /// What to say now; nothing where something was said a moment ago.
    fn sum(&mut self, origin: Origin, now: Timestamp) -> Option<Sum> {
        if self.is_logged_lately(now) || self.refusals == [0; 3] {
            return None;
        }
        self.logged_at = Some(now);
        Some(Sum {
            address: origin.to_string(),
            refusals: std::mem::take(&mut self.refusals),
            reason: std::mem::take(&mut self.reason),
            reference: std::mem::take(&mut self.reference),
        })
    }

    /// Whether to forget it changes nothing, not even the number of lines.
    fn is_idle(&self, now: Timestamp) -> bool {
        self.spent.is_whole(now) && self.refusals == [0; 3] && !self.is_logged_lately(now)
    }

    /// A clock that was set back makes nobody silent.
    fn is_logged_lately(&self, now: Timestamp) -> bool {
        self.logged_at.is_some_and(|at| now.duration_since(at).abs() < LOG_INTERVAL)
    }
}

/// Everybody's wrong credentials.
#[derive(Debug, Default)]
pub struct Guesses {
    known: HashMap<Origin, Known>,
    everybody: Spent,
}

impl Guesses {
    /// Counts one. How long its caller is to wait before the next, if they are over their budget or all are over theirs; and
    /// a line for the log, if it is time for one.
    pub fn count(&mut self, guess: Guess<'_>, now: Timestamp) -> (Option<SignedDuration>, Option<Sum>) {
        let origin = self.room_for(Origin::of(guess.address), now);
        let known = self.known.entry(origin).or_default();
        known.refusals[guess.door as usize] += 1;
        guess.reason.clone_into(&mut known.reason);
        guess.reference.clone_into(&mut known.reference);
        let own = known.spent.one_more(ADDRESS, now);
        // What is over its own budget takes nothing from the others'.
        let wait = own.or_else(|| self.everybody.one_more(EVERYBODY, now));
        (wait, known.sum(origin, now))
    }

    /// The lines that are due, and were not followed by another guess.
    pub fn due(&mut self, now: Timestamp) -> Vec<Sum> {
        self.known.iter_mut().filter_map(|(origin, known)| known.sum(*origin, now)).collect()
    }

    fn room_for(&mut self, origin: Origin, now: Timestamp) -> Origin {
        if self.known.contains_key(&origin) {
            return origin;
        }
        if self.known.len() >= MAX_ADDRESSES {
            self.known.retain(|_, known| !known.is_idle(now));
        }
        if self.known.len() < MAX_ADDRESSES { origin } else { Origin::Others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn guess(address: &str) -> Guess<'_> {
        let address = address.parse().ok();
        Guess { address, door: Door::Operator, reason: "operator-token", reference: "r" }
    }

    /// How many of so many guesses at one moment are answered at once.
    fn answered(guesses: &mut Guesses, address: &str, times: usize, now: Timestamp) -> usize {
        (0..times).filter(|_| guesses.count(guess(address), now).0.is_none()).count()
    }

    #[test]
    fn after_a_handful_an_address_waits_longer_with_each_wrong_credential() {
        let mut guesses = Guesses::default();
        assert_eq!(answered(&mut guesses, "203.0.113.7", 10, at(0)), 10);
        let waits: Vec<i64> = (0..100)
            .filter_map(|_| guesses.count(guess("203.0.113.7"), at(0)).0)
            .map(|it| it.as_secs())
            .collect();
        assert_eq!((waits.len(), &waits[..3], waits.last()), (100, &[6, 12, 18][..], Some(&300)));
        assert_eq!(answered(&mut guesses, "203.0.113.8", 1, at(0)), 1, "another address has its own budget");
        assert_eq!(answered(&mut guesses, "203.0.113.7", 1, at(299)), 0);
        assert_eq!(answered(&mut guesses, "203.0.113.7", 50, at(1_000)), 10, "and is forgiven");
    }

    #[test]
    fn steady_guessing_gets_few_answers() {
        let mut guesses = Guesses::default();
        let in_an_hour: usize =
            (0..3_600).map(|second| answered(&mut guesses, "203.0.113.7", 1, at(second))).sum();
        assert!(in_an_hour <= 12, "{in_an_hour}");
        let mut patient = Guesses::default();
        let paced: usize = (0..600).map(|n| answered(&mut patient, "203.0.113.7", 1, at(n * 6))).sum();
        assert_eq!(paced, 600, "ten a minute are within the budget");
    }

    #[test]
    fn all_addresses_together_have_a_budget_too() {
        let mut guesses = Guesses::default();
        let many = |guesses: &mut Guesses, now| -> usize {
            (0..200).map(|n| answered(guesses, &format!("198.51.100.{n}"), 1, now)).sum()
        };
        assert_eq!(many(&mut guesses, at(0)), 100);
        assert!(many(&mut guesses, at(1)) <= 10);
    }

    #[test]
    fn the_neighbours_of_a_network_share_one_budget() {
        for (network, budgets) in [("2001:db8:1:2", 1), ("2001:db8:1:", 20)] {
            let mut guesses = Guesses::default();
            let address =
                |n: usize| if budgets == 1 { format!("{network}::{n}") } else { format!("{network}{n}::1") };
            let passed: usize = (0..20).map(|n| answered(&mut guesses, &address(n), 1, at(0))).sum();
            assert_eq!(passed, if budgets == 1 { 10 } else { 20 }, "{network}");
        }
        let mut guesses = Guesses::default();
        assert_eq!(answered(&mut guesses, "::ffff:203.0.113.7", 10, at(0)), 10);
        assert_eq!(answered(&mut guesses, "203.0.113.7", 1, at(0)), 0, "one address in two spellings");
    }

    #[test]
    fn the_table_does_not_grow_whoever_calls() {
        let mut guesses = Guesses::default();
        let address = |n: i64| format!("10.{}.{}.{}", n / 65_536, n / 256 % 256, n % 256);
        for n in 0..5_000 {
            guesses.count(guess(&address(n)), at(0));
        }
        assert!(guesses.known.len() <= MAX_ADDRESSES + 1);
        assert_eq!(
            answered(&mut guesses, "192.0.2.1", 1, at(0)),
            0,
            "the rest share a budget that is used up"
        );
        assert_eq!(answered(&mut guesses, "192.0.2.1", 1, at(3_600)), 1, "afterwards there is room again");
    }

    #[test]
    fn an_address_has_one_line_an_interval_with_their_number() {
        let mut guesses = Guesses::default();
        let mut lines = Vec::new();
        for second in 0..150 {
            lines.extend(guesses.count(guess("203.0.113.7"), at(second)).1);
        }
        let sums: Vec<[u64; 3]> = lines.iter().map(|line| line.refusals).collect();
        assert_eq!(sums, [[0, 0, 1], [0, 0, 60], [0, 0, 60]]);
        assert_eq!((&*lines[0].address, &*lines[0].reason), ("203.0.113.7", "operator-token"));
        assert_eq!(guesses.due(at(150)), [], "not yet");
        let [last] = &guesses.due(at(181))[..] else { panic!() };
        assert_eq!(last.refusals, [0, 0, 29]);
        assert_eq!(guesses.due(at(500)), [], "nothing is said twice");
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut guesses = Guesses::default();
        answered(&mut guesses, "203.0.113.7", 1_000, at(1_000_000));
        let (wait, line) = guesses.count(guess("203.0.113.7"), at(0));
        assert_eq!((wait, line.is_some()), (None, true));
    }
}
