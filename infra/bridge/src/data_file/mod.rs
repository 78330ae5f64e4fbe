//! Watches over the data file while it is open: whether what is committed is in the file that a restart will open, and whether
//! more can be committed.
//!
//! A process goes on writing into a file that was deleted, and SQLite into pages that it holds in memory, so neither notices
//! by itself. Each operation looks at the file's name (two system calls); a check now and then writes a mark, reads the one before
//! it back, and has SQLite look through the whole file.

mod check;
mod foreign;
mod trouble;

use std::{
    fs::File,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use check::Checker;
pub(crate) use foreign::{is_foreign, was_emptied};
pub use trouble::Trouble;

/// SQLite's write-ahead log: what was committed lately is only there.
const LOG: &str = "-wal";

/// A watch over one data file. Cheap to clone; clones share what they find.
#[derive(Clone)]
pub struct DataFile(Arc<Inner>);

struct Inner {
    /// The file and its log, as they were opened.
    parts: [(PathBuf, Option<Identity>); 2],
    found: Mutex<Option<Trouble>>,
    checker: Mutex<Checker>,
}

/// Tells a file from another that has its name.
type Identity = (u64, u64);

impl DataFile {
    /// Watches over a file that has just been opened. `beside` lies on the same disk, and nobody else writes into it.
    pub fn watch(path: &Path, beside: File) -> Self {
        let log = PathBuf::from(format!("{}{LOG}", path.display()));
        let parts = [path.to_owned(), log].map(|path| {
            let identity = identity(&path).ok();
            (path, identity)
        });
        let checker = Mutex::new(Checker::new(path, beside));
        Self(Arc::new(Inner { parts, found: Mutex::default(), checker }))
    }

    /// What is known to be wrong now; it looks at the names only.
    pub fn trouble(&self) -> Option<Trouble> {
        let known = *self.found();
        match (known, self.displaced()) {
            (Some(known), _) if !known.may_pass() => Some(known),
            (_, Some(displaced)) => self.note(Some(displaced)),
            // Back in its place; whether all is well is for a check to say.
            (known, None) => known,
        }
    }

    /// Looks at a file that nobody writes into yet, and leaves it as it is.
    pub fn look(&self) -> Option<Trouble> {
        let mut checker = self.0.checker.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.displaced().map_or_else(|| checker.look(), |displaced| Ok(Some(displaced)));
        self.conclude(found)
    }

    /// Checks the file, unless it was checked after `since`; one caller at a time does.
    pub fn check(&self, since: Instant) -> Option<Trouble> {
        let mut checker = self.0.checker.lock().unwrap_or_else(PoisonError::into_inner);
        if checker.ended().is_some_and(|ended| ended > since) {
            return self.trouble();
        }
        if let Some(known) = self.found().filter(|known| !known.may_pass()) {
            return Some(known);
        }
        let found = match self.displaced() {
            Some(displaced) => Ok(Some(displaced)),
            None => checker.check(),
        };
        self.conclude(found)
    }

    fn conclude(&self, found: Result<Option<Trouble>, rusqlite::Error>) -> Option<Trouble> {
        match found {
            // SQLite may have failed for want of the file.
            Ok(found) => self.note(self.displaced().or(found)),
            Err(error) => {
                tracing::warn!(%error, "the data file could not be checked; retrying at the next check");
                self.trouble()
            }
        }
    }

    fn displaced(&self) -> Option<Trouble> {
        self.0.parts.iter().find_map(|(path, opened)| match (opened, identity(path)) {
            (Some(opened), Ok(found)) => (*opened != found).then_some(Trouble::Replaced),
            (Some(_), Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Some(Trouble::Deleted),
            (Some(_), Err(_)) => Some(Trouble::NotWritable),
            (None, _) => None,
        })
    }

    /// Keeps what was found, and logs it when it changes.
    fn note(&self, found: Option<Trouble>) -> Option<Trouble> {
        let mut known = self.found();
        if *known != found {
            let file = self.0.parts[0].0.display();
            if let Some(trouble) = found {
                tracing::error!(%file, code = trouble.code(), "{}", trouble.en());
            } else {
                tracing::warn!(%file, "the data file is in order again; the bridge goes on");
            }
        }
        *known = found;
        found
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        self.0.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(path: &Path) -> std::io::Result<Identity> {
    std::fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}
