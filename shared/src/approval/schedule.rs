//! When things are tried again: tables, printed in the README from here.

use jiff::SignedDuration;

const fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// Whoever begins a create call or a delivery has so long before someone else may take it over.
pub const LEASE: SignedDuration = seconds(30);

/// A create call must leave within this time of its commit, or not at all. With the longest time-out of a call (15
/// seconds) it has ended, one way or the other, inside [`LEASE`].
pub const SEND_WITHIN: SignedDuration = seconds(10);

/// After a create call with unknown outcome: waits before each complete look for its instance, ten minutes in all unless
/// `BRIDGE_LOOK_SECONDS` says otherwise. Only when the last look finds nothing may another create call be sent. DingTalk does
/// not say how soon an instance shows in its list, and a proxy may deliver a call late.
pub const LOOKS: [SignedDuration; 5] = [seconds(3), seconds(12), seconds(45), seconds(180), seconds(360)];

/// The waits of [`LOOKS`], made longer or shorter so that they take a given time in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookSchedule {
    total: SignedDuration,
}

impl LookSchedule {
    /// [`LOOKS`] as they are.
    pub const DEFAULT: Self = Self { total: seconds(600) };

    /// Looks that take so long in all.
    pub fn taking(total: SignedDuration) -> Self {
        Self { total }
    }

    /// The wait before a look, the first being 1; `None` after the last.
    pub fn wait(self, look: u32) -> Option<SignedDuration> {
        let wait = wait(&LOOKS, look)?;
        let milliseconds = wait.as_millis() * self.total.as_millis() / Self::DEFAULT.total.as_millis();
        Some(SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX)))
    }
}

/// After a look that itself failed; the last wait repeats.
pub const LOOK_AGAIN: [SignedDuration; 6] =
    [seconds(30), seconds(120), seconds(900), seconds(3600), seconds(3 * 3600), seconds(12 * 3600)];

/// After a create call that DingTalk did not carry out: waits before the next, the last one repeating.
pub const CREATE: [SignedDuration; 6] =
    [seconds(2), seconds(5), seconds(15), seconds(60), seconds(300), seconds(900)];

/// DingTalk's ban of an address that called too often.
pub const BAN: SignedDuration = seconds(300);

/// After a call that was not made because too many of ours were waiting.
pub const BUSY: SignedDuration = seconds(2);

/// An instance that could not be created in so much time of trying never will be: the approval fails. Time in which the bridge
/// was off does not count.
pub const GIVE_UP_CREATING: SignedDuration = seconds(24 * 3600);

/// Reads after an event, while the instance does not bear it out: it is still running.
pub const READ_AFTER_HINT: [SignedDuration; 5] =
    [seconds(1), seconds(5), seconds(30), seconds(300), seconds(1500)];

/// Reads after one that failed, or that showed an end without a result; the last wait repeats. One of them comes when
/// [`BELIEVE_EVENT_AFTER`] has passed.
pub const READ_AFTER_FAILURE: [SignedDuration; 8] = [
    seconds(2),
    seconds(30),
    seconds(300),
    seconds(1800),
    seconds(2 * 3600),
    seconds(6 * 3600),
    seconds(16 * 3600),
    seconds(24 * 3600),
];

/// So many of [`READ_AFTER_FAILURE`] are made whatever else is to be read; the others are unasked reads.
pub const URGENT_READS: u32 = 4;

/// When no read has told how an instance stands for this time, operators hear of it, and a signed event decides by itself
/// that the request is rejected or withdrawn. That it is approved, it decides only where an operator has chosen so.
pub const BELIEVE_EVENT_AFTER: SignedDuration = seconds(1800);

/// Reads without any event, in case it was lost: each is a paid call, so they are rare.
pub const READ_UNASKED: [SignedDuration; 3] = [seconds(6 * 3600), seconds(12 * 3600), seconds(24 * 3600)];

/// An unasked read that the day's allowance leaves no room for comes this much later, and up to twice as much more by
/// chance.
pub const READ_UNASKED_AGAIN: SignedDuration = seconds(12 * 3600);

/// Reads of one instance, at most so many within so long, whoever asks for them.
pub const READS_OF_AN_INSTANCE: [(usize, SignedDuration); 2] = [(8, seconds(3600)), (16, seconds(24 * 3600))];

/// A read that comes within this time of the last is a repeated one.
pub const REPEATED_WITHIN: SignedDuration = seconds(3600);

/// An instance that is not there when it is this old was deleted: a younger one may not show yet.
pub const GONE_FOR_GOOD: SignedDuration = seconds(24 * 3600);

/// DingTalk refuses to terminate an instance younger than 15 seconds; one more for its clock.
pub const WITHDRAW_AFTER: SignedDuration = seconds(16);

/// Definite refusals to terminate an instance; then the withdrawal is given up and the people's decision counts.
pub const WITHDRAW: [SignedDuration; 5] =
    [seconds(5), seconds(30), seconds(300), seconds(1800), seconds(7200)];

/// Calls to terminate after one that failed for a reason that passes, or with unknown outcome; the last wait repeats.
pub const TERMINATE_LATER: [SignedDuration; 6] =
    [seconds(60), seconds(300), seconds(900), seconds(3600), seconds(4 * 3600), seconds(24 * 3600)];

/// After a call to terminate with unknown outcome the instance is read.
pub const READ_AFTER_TERMINATE: SignedDuration = seconds(5);

/// Attempts to tell the source: waits between them. After the last the approval is parked; in all about two days.
pub const DELIVER: [SignedDuration; 12] = [
    seconds(2),
    seconds(10),
    seconds(30),
    seconds(120),
    seconds(600),
    seconds(1800),
    seconds(3600),
    seconds(2 * 3600),
    seconds(4 * 3600),
    seconds(8 * 3600),
    seconds(12 * 3600),
    seconds(24 * 3600),
];

/// The wait after `attempts` in vain, from a table; `None` when the table is used up.
pub fn wait(table: &[SignedDuration], attempts: u32) -> Option<SignedDuration> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    table.get(index).copied()
}

/// The same, the last entry repeating.
pub fn wait_repeating(table: &[SignedDuration], attempts: u32) -> SignedDuration {
    wait(table, attempts.max(1)).or_else(|| table.last().copied()).unwrap_or(LEASE)
}
