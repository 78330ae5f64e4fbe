//! What was seen last of each kind of call from outside, so that a diagnosis can tell what arrives and what is turned
//! away. Never a reason to fail or to wait: one short write beside the other work, and not for every call.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    item::{KEY, number, text},
};

/// A kind is written again after so long, unless another of its family came between.
const WRITE_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// Whoever calls does not wait longer for this.
const WRITE_WITHIN: Duration = Duration::from_millis(300);
const LONGEST_NOTE: usize = 120;
/// So often within a day is a pattern, and no accident; further ones are not counted.
pub const SEVERAL: usize = 3;
const COUNTED: SignedDuration = SignedDuration::from_hours(24);

const AT: &str = "at";
const NOTE: &str = "note";
const TIMES: &str = "times";

/// What can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sighting {
    /// The bridge started, with the configuration it has.
    Started,
    /// A believed event: an instance was agreed to or refused. The note of each believed event is the fingerprint of the keys under
    /// which it came.
    EventFinish,
    /// A believed event: an instance was terminated.
    EventTerminate,
    /// Any other believed event.
    EventOther,
    /// A callback that looks like DingTalk's and is not believed; the note says why.
    CallbackRefused,
    /// A look found an instance agreed to or refused, and no event had said so; the note is a moment before its end.
    UnreportedFinish,
    /// A look found an instance terminated, and no event had said so; the note is a moment before its end.
    UnreportedTerminate,
    /// A call of Dataphin's; the note is its clock's offset in milliseconds.
    DataphinCall,
    /// A call of Dataphin's under another access token.
    DataphinRefusedToken,
    /// A call of Dataphin's whose timestamp is too far off; the note is its offset in milliseconds.
    DataphinRefusedClock,
    /// A call of Dataphin's to a path that is not served; the note is the path.
    DataphinStray,
}

impl Sighting {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Started,
        Self::EventFinish,
        Self::EventTerminate,
        Self::EventOther,
        Self::CallbackRefused,
        Self::UnreportedFinish,
        Self::UnreportedTerminate,
        Self::DataphinCall,
        Self::DataphinRefusedToken,
        Self::DataphinRefusedClock,
        Self::DataphinStray,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::EventFinish => "event-finish",
            Self::EventTerminate => "event-terminate",
            Self::EventOther => "event-other",
            Self::CallbackRefused => "callback-refused",
            Self::UnreportedFinish => "unreported-finish",
            Self::UnreportedTerminate => "unreported-terminate",
            Self::DataphinCall => "dataphin-call",
            Self::DataphinRefusedToken => "dataphin-refused-token",
            Self::DataphinRefusedClock => "dataphin-refused-clock",
            Self::DataphinStray => "dataphin-stray",
        }
    }

    /// Whether it may be a stranger's, so that their number matters.
    fn is_refusal(self) -> bool {
        matches!(self, Self::CallbackRefused | Self::DataphinRefusedToken)
    }

    /// Whether it is a believed event: a changed note is written at once.
    fn is_event(self) -> bool {
        matches!(self, Self::EventFinish | Self::EventTerminate | Self::EventOther)
    }

    /// Those that are compared by their time.
    fn family(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::EventFinish
            | Self::EventTerminate
            | Self::EventOther
            | Self::CallbackRefused
            | Self::UnreportedFinish
            | Self::UnreportedTerminate => "events",
            Self::DataphinCall
            | Self::DataphinRefusedToken
            | Self::DataphinRefusedClock
            | Self::DataphinStray => "dataphin",
        }
    }
}

/// When something was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// What there is to say about it; never a secret.
    pub note: String,
    /// How often it was seen within the day before, by the same process; at most [`SEVERAL`].
    pub times: usize,
}

/// The last sighting of each kind.
pub type Sightings = BTreeMap<Sighting, Seen>;

/// What this process wrote last.
#[derive(Default)]
pub(super) struct Written(Mutex<State>);

#[derive(Default)]
struct State {
    at: HashMap<Sighting, (Timestamp, String)>,
    times: HashMap<Sighting, VecDeque<Timestamp>>,
    last: HashMap<&'static str, Sighting>,
}

impl Written {
    /// How often it was seen lately, where that is to be written now; then it counts as written.
    fn claim(&self, sighting: Sighting, note: &str, now: Timestamp) -> Option<usize> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = state.times.entry(sighting).or_default();
        while times.front().is_some_and(|at| now.duration_since(*at).abs() > COUNTED) {
            times.pop_front();
        }
        let is_counted = times.len() < SEVERAL;
        if is_counted {
            times.push_back(now);
        }
        let (times, is_counted) = (times.len(), is_counted && sighting.is_refusal());
        let fresh = state.at.get(&sighting).is_some_and(|(at, written)| {
            now.duration_since(*at).abs() < WRITE_EVERY && (written == note || !sighting.is_event())
        });
        let newest = state.last.insert(sighting.family(), sighting) == Some(sighting);
        if fresh && newest && !is_counted {
            return None;
        }
        state.at.insert(sighting, (now, note.to_owned()));
        Some(times)
    }
}

impl Store {
    /// Remembers that something was seen just now.
    pub async fn saw(&self, sighting: Sighting, note: &str) {
        let now = self.world.now();
        let note: String = note.chars().filter(|c| !c.is_control()).take(LONGEST_NOTE).collect();
        let Some(times) = self.sighted.claim(sighting, &note, now) else { return };
        let write = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(key(sighting)))
            .update_expression("SET #at = :at, #note = :note, #times = :times")
            .expression_attribute_names("#at", AT)
            .expression_attribute_names("#note", NOTE)
            .expression_attribute_names("#times", TIMES)
            .expression_attribute_values(":at", number(now.as_millisecond()))
            .expression_attribute_values(":note", text(note))
            .expression_attribute_values(":times", AttributeValue::N(times.to_string()))
            .send();
        if !matches!(tokio::time::timeout(WRITE_WITHIN, write).await, Ok(Ok(_))) {
            tracing::debug!(sighting = sighting.name(), "not remembered");
        }
    }

    /// The last sighting of each kind.
    pub async fn sightings(&self) -> Result<Sightings, StoreError> {
        let mut sightings = Sightings::new();
        for sighting in Sighting::ALL {
            let get = self.client.get_item().table_name(&*self.table).key(KEY, text(key(sighting)));
            let Some(item) = get.consistent_read(true).send().await?.item else { continue };
            let at = item.get(AT).and_then(|at| at.as_n().ok()).and_then(|at| at.parse().ok());
            let at = at.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or(StoreError::Damaged)?;
            let note = item.get(NOTE).and_then(|note: &AttributeValue| note.as_s().ok());
            let note = note.cloned().unwrap_or_default();
            let times =
                item.get(TIMES).and_then(|times| times.as_n().ok()).and_then(|times| times.parse().ok());
            sightings.insert(sighting, Seen { at, note, times: times.unwrap_or(1) });
        }
        Ok(sightings)
    }
}

fn key(sighting: Sighting) -> String {
    format!("S#{}", sighting.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_not_written_again_at_once_unless_another_came_between() {
        let (written, mut now) = (Written::default(), Timestamp::UNIX_EPOCH);
        let is_written = |sighting, now| written.claim(sighting, "", now).is_some();
        assert!(is_written(Sighting::EventFinish, now));
        assert!(!is_written(Sighting::EventFinish, now));
        assert!(is_written(Sighting::CallbackRefused, now));
        assert!(is_written(Sighting::EventFinish, now), "which of the two came last must be known");
        assert!(is_written(Sighting::DataphinCall, now));
        assert!(!is_written(Sighting::EventFinish, now));
        now += WRITE_EVERY;
        assert!(is_written(Sighting::EventFinish, now));
        assert!(written.claim(Sighting::EventFinish, "other keys", now).is_some(), "keys were changed");
        assert!(written.claim(Sighting::EventFinish, "other keys", now).is_none());
    }

    #[test]
    fn refusals_are_counted_up_to_several_within_a_day() {
        let (written, mut now) = (Written::default(), Timestamp::UNIX_EPOCH);
        let times = |now| written.claim(Sighting::CallbackRefused, "", now);
        assert_eq!([times(now), times(now), times(now), times(now)], [Some(1), Some(2), Some(3), None]);
        now += COUNTED + WRITE_EVERY;
        assert_eq!(times(now), Some(1));
    }
}
