//! How far DingTalk's clock is ahead of ours, by the `Date` of its answers: what it lists by time goes by its clock.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AGE, DATE, HeaderMap};

/// No two clocks that anybody uses differ by more: what does is no clock.
const MAX_OFFSET: SignedDuration = SignedDuration::from_hours(24);

/// The offset of the latest answer, zero until there is one.
#[derive(Default)]
pub(super) struct ClockOffset {
    milliseconds: AtomicI64,
}

impl ClockOffset {
    /// Notes the `Date` of an answer that came just now. One that a cache kept says nothing of now.
    pub fn note(&self, headers: &HeaderMap, now: Timestamp) {
        let offset = offset(headers, now).filter(|offset| offset.abs() <= MAX_OFFSET);
        if let Some(offset) = offset.filter(|_| !headers.contains_key(AGE)) {
            let milliseconds = i64::try_from(offset.as_millis()).unwrap_or_default();
            self.milliseconds.store(milliseconds, Ordering::Relaxed);
        }
    }

    pub fn get(&self) -> SignedDuration {
        SignedDuration::from_millis(self.milliseconds.load(Ordering::Relaxed))
    }
}

/// How far the clock of whoever answered is ahead of ours; a `Date` is exact to the second.
pub(crate) fn offset(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp().duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_the_latest_that_makes_sense() {
        let (clock, now) = (ClockOffset::default(), "2026-11-21T10:00:00Z".parse().unwrap());
        let table = [
            (&[("date", "nonsense")][..], 0),
            (&[("date", "Sat, 21 Nov 2026 10:02:30 GMT")], 150),
            (&[], 150),
            (&[("date", "Thu, 01 Jan 1970 00:00:00 GMT")], 150),
            (&[("date", "Fri, 31 Dec 9999 23:59:59 GMT")], 150),
            (&[("date", "Sat, 21 Nov 2026 10:09:00 GMT"), ("age", "5")], 150),
            (&[("date", "Sat, 21 Nov 2026 09:58:30 GMT")], -90),
        ];
        for (headers, seconds) in table {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            clock.note(&map, now);
            assert_eq!(clock.get(), SignedDuration::from_secs(seconds), "{headers:?}");
        }
    }
}
