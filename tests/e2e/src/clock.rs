//! The clock of a rehearsal, which the test moves.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use shared::world::{Clock, ManualClock, Sleep, SystemClock};
use tokio::sync::watch;

/// Where Debian's package `libfaketime` puts it, by architecture.
const FAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// How much faster than real time the steps of a clock go that other processes follow.
const FASTER: u32 = 5;

/// The clock, by whether the bridge is in this process.
#[derive(Clone)]
pub enum TestClock {
    /// Stands still until it is moved.
    Still(Arc<ManualClock>),
    /// Runs, and is ahead by what was passed; other processes follow.
    Ahead(Arc<AheadClock>),
}

impl TestClock {
    /// One that stands still.
    pub fn still() -> Self {
        let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("a time of today");
        Self::Still(Arc::new(ManualClock::starting_at(now)))
    }

    /// One that other processes follow, by a file.
    pub fn ahead(file: PathBuf) -> Self {
        Self::Ahead(Arc::new(AheadClock::new(file)))
    }

    /// As a world has it.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Still(clock) => clock.clone(),
            Self::Ahead(clock) => clock.clone(),
        }
    }

    /// Moves it.
    pub fn pass(&self, duration: SignedDuration) {
        match self {
            Self::Still(clock) => clock.advance(duration),
            Self::Ahead(clock) => clock.advance(duration),
        }
    }

    /// Sets it ahead, or back by a negative duration; only one that stands still can be set.
    pub fn set_by(&self, duration: SignedDuration) {
        match self {
            Self::Still(clock) => clock.set_by(duration),
            Self::Ahead(_) => panic!("a clock that other processes follow is not set"),
        }
    }

    /// Lets time pass in which the bridge does not run.
    pub fn stand_still(&self, duration: SignedDuration) {
        match self {
            Self::Still(clock) => clock.stand_still(duration),
            Self::Ahead(_) => panic!("other processes are not stopped"),
        }
    }

    /// Moves it a little, and lets everyone do what is due then. What runs in processes of its own needs its real time.
    pub async fn step(&self, passes: SignedDuration) {
        self.pass(passes);
        let takes = match self {
            Self::Still(_) => Duration::from_millis(4),
            Self::Ahead(_) => passes.unsigned_abs() / FASTER,
        };
        tokio::time::sleep(takes).await;
    }

    /// Lets it run on a little.
    pub async fn tick(&self) {
        if let Self::Still(clock) = self {
            clock.advance(SignedDuration::from_millis(50));
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
    }

    /// What makes another process follow it.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Still(_) => Vec::new(),
            Self::Ahead(clock) => clock.variables(),
        }
    }
}

/// Real time and what was passed on top of it. A file tells libfaketime in other processes how much that is.
pub struct AheadClock {
    ahead: watch::Sender<SignedDuration>,
    real: SystemClock,
    file: PathBuf,
}

impl AheadClock {
    fn new(file: PathBuf) -> Self {
        let clock = Self { ahead: watch::Sender::new(SignedDuration::ZERO), real: SystemClock::new(), file };
        clock.advance(SignedDuration::ZERO);
        clock
    }

    fn advance(&self, duration: SignedDuration) {
        self.ahead.send_modify(|ahead| {
            *ahead += duration;
            // Renamed into place: nobody reads half of it.
            let new = self.file.with_extension("new");
            let told = format!("+{:.3}\n", ahead.as_secs_f64());
            std::fs::write(&new, told)
                .and_then(|()| std::fs::rename(&new, &self.file))
                .expect("the clock's file");
        });
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let library = FAKETIME.into_iter().find(|path| std::path::Path::new(path).exists());
        let library = library.expect("libfaketime is there (Debian: apt-get install libfaketime)");
        vec![
            ("LD_PRELOAD", library.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_string_lossy().into_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            // Waits take the time they take.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}

impl Clock for AheadClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.ahead.borrow()
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep<'_> {
        let mut changes = self.ahead.subscribe();
        Box::pin(async move {
            while self.now() < moment {
                let real = moment - *self.ahead.borrow();
                tokio::select! {
                    () = self.real.sleep_until(real) => {}
                    _ = changes.changed() => {}
                }
            }
        })
    }

    fn uptime(&self) -> SignedDuration {
        self.real.uptime() + *self.ahead.borrow()
    }

    // It is never set back.
    fn sleep(&self, duration: SignedDuration) -> Sleep<'_> {
        self.sleep_until(self.now() + duration)
    }
}
