//! Numbers for whoever watches over the functions, in CloudWatch's embedded metric format: one line of the log an invocation,
//! from which CloudWatch makes metrics. Nowhere else than on Lambda is anything written.

use std::{
    io::Write,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What is counted; the template's alarms go by these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Outcomes that Dataphin could not be told for two days.
    Parked,
    /// Approvals that could not be advanced, and requests and events that could not be committed.
    NotAdvanced,
    /// Callbacks that were not believed.
    CallbackRefused,
    /// Calls to Dataphin's or the operator's paths that were not let in.
    AccessRefused,
    /// Sweeps.
    SweepRan,
    /// Calls to DingTalk that count for the month.
    PaidCalls,
    /// Calls that DingTalk turned away because the month's are used up.
    QuotaUsedUp,
    /// Approvals for which an operator must find or make the instance.
    NeedsOperator,
    /// Second instances of an approval, and instances that bear an approval's id and were not made by the bridge.
    UnexpectedInstance,
    /// Reads of instances that have not told their outcome for long.
    InstanceUnreadable,
}

impl Count {
    const ALL: [Self; 10] = [
        Self::Parked,
        Self::NotAdvanced,
        Self::CallbackRefused,
        Self::AccessRefused,
        Self::SweepRan,
        Self::PaidCalls,
        Self::QuotaUsedUp,
        Self::NeedsOperator,
        Self::UnexpectedInstance,
        Self::InstanceUnreadable,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Parked => "Parked",
            Self::NotAdvanced => "NotAdvanced",
            Self::CallbackRefused => "CallbackRefused",
            Self::AccessRefused => "AccessRefused",
            Self::SweepRan => "SweepRan",
            Self::PaidCalls => "PaidCalls",
            Self::QuotaUsedUp => "QuotaUsedUp",
            Self::NeedsOperator => "NeedsOperator",
            Self::UnexpectedInstance => "UnexpectedInstance",
            Self::InstanceUnreadable => "InstanceUnreadable",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// From a callback's arrival to its answer.
    CallbackTime,
    /// The age of the oldest decision that Dataphin does not know.
    OldestUndelivered,
}

/// How many there are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// Approvals that are parked; of very many, at least so many.
    ParkedNow,
    /// Approvals that need an operator; of very many, at least so many.
    NeedOperatorNow,
}

const NAMESPACE: &str = "ApprovalBridge";
/// The stack's name, by which its alarms find its metrics.
const SERVICE: &str = "BRIDGE_SERVICE";

#[derive(Default)]
struct Kept {
    counts: [AtomicU64; Count::ALL.len()],
    callback_times: Mutex<Vec<Duration>>,
    oldest: Mutex<Option<Duration>>,
    parked: Mutex<Option<usize>>,
    need_operator: Mutex<Option<usize>>,
}

static KEPT: OnceLock<(String, Kept)> = OnceLock::new();

/// Begins to keep numbers: on Lambda, once.
pub fn begin() {
    let service = std::env::var(SERVICE).unwrap_or_else(|_| "approval-bridge".to_owned());
    let _ = KEPT.set((service, Kept::default()));
}

/// Counts something that happened.
pub fn count(what: Count) {
    count_many(what, 1);
}

/// Counts what happened so many times.
pub fn count_many(what: Count, times: usize) {
    if let Some((_, kept)) = KEPT.get() {
        kept.counts[what as usize].fetch_add(times as u64, Ordering::Relaxed);
    }
}

/// Notes how long something took, or is old.
pub fn measure(what: Measure, duration: Duration) {
    let Some((_, kept)) = KEPT.get() else { return };
    match what {
        Measure::CallbackTime => lock(&kept.callback_times).push(duration),
        Measure::OldestUndelivered => *lock(&kept.oldest) = Some(duration),
    }
}

/// Notes how many there are.
pub fn gauge(what: Gauge, number: usize) {
    let Some((_, kept)) = KEPT.get() else { return };
    match what {
        Gauge::ParkedNow => *lock(&kept.parked) = Some(number),
        Gauge::NeedOperatorNow => *lock(&kept.need_operator) = Some(number),
    }
}

/// Writes what was kept since the last time, at the end of an invocation.
pub fn flush(now: Timestamp) {
    let Some((service, kept)) = KEPT.get() else { return };
    if let Some(line) = kept.take(service, now) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

impl Kept {
    /// The line, if there is anything to say.
    fn take(&self, service: &str, now: Timestamp) -> Option<Value> {
        let (mut metrics, mut line) = (Vec::new(), Map::new());
        let mut add = |name: &str, unit: &str, value: Value| {
            metrics.push(json!({"Name": name, "Unit": unit}));
            line.insert(name.to_owned(), value);
        };
        for what in Count::ALL {
            let counted = self.counts[what as usize].swap(0, Ordering::Relaxed);
            if counted > 0 {
                add(what.name(), "Count", json!(counted));
            }
        }
        let times = std::mem::take(&mut *lock(&self.callback_times));
        if !times.is_empty() {
            let milliseconds: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
            add("CallbackTime", "Milliseconds", json!(milliseconds));
        }
        if let Some(age) = lock(&self.oldest).take() {
            add("OldestUndelivered", "Seconds", json!(age.as_secs()));
        }
        // None is a number, too: the alarm ends by it.
        if let Some(waiting) = lock(&self.need_operator).take() {
            add("NeedOperatorNow", "Count", json!(waiting));
        }
        if let Some(parked) = lock(&self.parked).take() {
            add("ParkedNow", "Count", json!(parked));
        }
        if metrics.is_empty() {
            return None;
        }
        line.insert("Service".to_owned(), json!(service));
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["Service"]], "Metrics": metrics}],
            }),
        );
        Some(Value::Object(line))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened_since_the_last_and_nothing_else() {
        let kept = Kept::default();
        kept.counts[Count::Parked as usize].fetch_add(2, Ordering::Relaxed);
        lock(&kept.callback_times).push(Duration::from_micros(1_500));
        let line = kept.take("stack", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            (&line["Parked"], &line["CallbackTime"], &line["Service"]),
            (&json!(2), &json!([1.5]), &json!("stack"))
        );
        let described = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(
            described["Metrics"],
            json!([
                {"Name": "Parked", "Unit": "Count"}, {"Name": "CallbackTime", "Unit": "Milliseconds"},
            ])
        );
        assert_eq!(kept.take("stack", Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_gauge_that_is_at_nothing_is_written_all_the_same() {
        let kept = Kept::default();
        *lock(&kept.parked) = Some(0);
        let line = kept.take("stack", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(line["ParkedNow"], json!(0));
        assert_eq!(kept.take("stack", Timestamp::UNIX_EPOCH), None);
    }
}
