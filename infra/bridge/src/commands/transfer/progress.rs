//! How far it is, on standard error: on a terminal in one line that changes, in a log in a line now and then.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

const ON_A_TERMINAL: Duration = Duration::from_millis(200);
const IN_A_LOG: Duration = Duration::from_secs(5);
/// Back to the beginning of the line, and nothing in it.
const CLEAR: &str = "\r\x1b[K";

/// Tells how far one step is.
pub(super) struct Progress {
    what: &'static str,
    all: Option<u64>,
    done: u64,
    began: Instant,
    told: Instant,
    is_terminal: bool,
    is_shown: bool,
}

impl Progress {
    /// Begins a step; `all`: how many items it has, where that is known.
    pub(super) fn begin(what: &'static str, all: Option<u64>) -> Self {
        let (now, is_terminal) = (Instant::now(), std::io::stderr().is_terminal());
        Self { what, all, done: 0, began: now, told: now, is_terminal, is_shown: false }
    }

    /// So many more are done.
    pub(super) fn add(&mut self, more: u64) {
        self.done += more;
        let now = Instant::now();
        if now - self.told < (if self.is_terminal { ON_A_TERMINAL } else { IN_A_LOG }) {
            return;
        }
        self.told = now;
        let (line, mut out) = (line(self.what, self.done, self.all, now - self.began), std::io::stderr());
        let _ = if self.is_terminal { write!(out, "{CLEAR}{line}") } else { writeln!(out, "{line}") };
        self.is_shown = true;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_terminal && self.is_shown {
            let _ = write!(std::io::stderr(), "{CLEAR}");
        }
    }
}

fn line(what: &str, done: u64, all: Option<u64>, since: Duration) -> String {
    let a_second = u128::from(done) * 1000 / since.as_millis().max(1);
    let Some(all) = all else { return format!("{what}: {done} items, {a_second} a second") };
    let percent = done * 100 / all.max(1);
    let left = u128::from(all.saturating_sub(done)) / a_second.max(1);
    format!("{what}: {done} of {all} items ({percent} %), {a_second} a second, about {left} seconds left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long_still() {
        let said = line("written", 25_000, Some(100_000), Duration::from_secs(5));
        assert_eq!(said, "written: 25000 of 100000 items (25 %), 5000 a second, about 15 seconds left");
        assert_eq!(line("read", 0, None, Duration::ZERO), "read: 0 items, 0 a second");
        assert!(line("written", 0, Some(0), Duration::ZERO).contains("0 %"));
    }
}
