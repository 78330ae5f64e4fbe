//! The figures, the budget, and the table that shows both.

use std::{fmt::Write, time::Duration};

use super::{process::Memory, program::Program};

const MEGABYTE: f64 = 1e6;

/// Process start to the first poll of the runtime, median.
const START: Duration = Duration::from_millis(25);
/// The archive, in megabytes.
const ZIP: f64 = 5.0;
/// Resident after the requests, in megabytes.
const RESIDENT: f64 = 30.0;

/// How a program started.
#[derive(Default)]
pub(super) struct Starts {
    /// From the process's start to its first poll.
    pub times: Vec<Duration>,
    /// Megabytes at that moment.
    pub resident: f64,
}

/// How it served.
pub(super) struct Served {
    /// From the handing over of an invocation to its answer.
    pub times: Vec<Duration>,
    /// Afterwards.
    pub memory: Memory,
}

/// A row of the table.
pub(super) struct Figures {
    title: &'static str,
    zip: f64,
    start: (Duration, Duration),
    resident: f64,
    memory: Memory,
    request: (Duration, Duration),
}

impl Figures {
    /// Of a program.
    #[allow(clippy::cast_precision_loss)] // Sizes of files.
    pub fn new(program: &Program, starts: &Starts, served: &Served) -> Self {
        Self {
            title: program.title,
            zip: program.zipped as f64 / MEGABYTE,
            start: (share(&starts.times, 50), share(&starts.times, 100)),
            resident: starts.resident,
            memory: served.memory,
            request: (share(&served.times, 50), share(&served.times, 99)),
        }
    }

    /// Whether it is inside the whole budget.
    pub fn is_inside(&self) -> bool {
        self.start.0 <= START && self.zip <= ZIP && self.memory.resident <= RESIDENT
    }
}

/// The time within which this share (of a hundred) ended.
pub(super) fn share(times: &[Duration], share: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * share).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// What was measured on what.
pub(super) fn heading(starts: usize, requests: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let build =
        if cfg!(debug_assertions) { "a debug build (--release answers faster)" } else { "a release build" };
    format!(
        "{cores} cores, load {load} before; {starts} starts and {requests} requests each, one at a time.\n\
         Runtime, table, secret and simulators are one process on the same machine: {build}.\n"
    )
}

/// The table: the budget first; a tick or a cross beside what has one.
pub(super) fn table(rows: &[Figures]) -> String {
    let mut text = format!(
        "{:<18}│{:^19}│{:^9}│{:^27}│{:^17}\n{:<18}│{:>7}  {:>9} │{:>6}   │{:>8} {:>9} {:>8} │{:>7} {:>8}\n",
        "",
        "start, ms",
        "zip, MB",
        "resident, MB",
        "request, ms",
        "",
        "median",
        "longest",
        "",
        "started",
        "after",
        "peak",
        "p50",
        "p99",
    );
    let _ = writeln!(
        text,
        "{:<18}│{:>7}  {:>9} │{:>6}   │{:>8} {:>7}   {:>8} │{:>7} {:>8}",
        "budget",
        format!("≤ {}", START.as_millis()),
        "",
        format!("≤ {ZIP}"),
        "",
        format!("≤ {RESIDENT}"),
        "",
        "",
        "",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "{:<18}│{:>7.1} {} {:>8.1} │{:>6.2} {} │{:>8.1} {:>7.1} {} {:>8.1} │{:>7.2} {:>8.2}",
            row.title,
            milliseconds(row.start.0),
            mark(row.start.0 <= START),
            milliseconds(row.start.1),
            row.zip,
            mark(row.zip <= ZIP),
            row.resident,
            row.memory.resident,
            mark(row.memory.resident <= RESIDENT),
            row.memory.peak,
            milliseconds(row.request.0),
            milliseconds(row.request.1),
        );
    }
    text
}

fn mark(inside: bool) -> char {
    if inside { '✓' } else { '✗' }
}

/// For a table.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_longest_are_taken_from_what_was_measured() {
        let times: Vec<_> = [5, 1, 4, 2, 3].map(Duration::from_millis).to_vec();
        assert_eq!(share(&times, 50), Duration::from_millis(3));
        assert_eq!(share(&times, 99), Duration::from_millis(5));
        assert_eq!(share(&times, 100), Duration::from_millis(5));
        assert_eq!(share(&[], 50), Duration::ZERO);
    }

    #[test]
    fn one_figure_over_the_budget_is_a_miss() {
        let inside = || Figures {
            title: "callback",
            zip: ZIP,
            start: (START, START * 2),
            resident: 0.0,
            memory: Memory { resident: RESIDENT, peak: RESIDENT * 2.0 },
            request: (Duration::ZERO, Duration::ZERO),
        };
        assert!(inside().is_inside());
        assert!(!Figures { zip: ZIP + 0.1, ..inside() }.is_inside());
        assert!(!Figures { start: (START + Duration::from_nanos(1), START), ..inside() }.is_inside());
        let memory = Memory { resident: RESIDENT + 0.1, peak: RESIDENT };
        assert!(!Figures { memory, ..inside() }.is_inside());
    }
}
