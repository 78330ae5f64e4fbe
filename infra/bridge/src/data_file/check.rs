//! One check of the data file, over a connection of its own: what the store holds in memory proves nothing about the file.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};

use super::Trouble;

/// With less room than this a commit may fail halfway through a request.
const ROOM: u64 = 64 * 1024;
/// A writer may take so long before a check gives up; the next one tries again.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// To look through the whole file may take this part of the time.
const SCAN_PART: u32 = 100;
const MIN_SCAN_INTERVAL: Duration = Duration::from_secs(1);

/// What checks remember of one another.
pub(super) struct Checker {
    path: PathBuf,
    beside: File,
    /// The mark that the last check wrote.
    mark: Option<i64>,
    ended: Option<Instant>,
    next_scan: Option<Instant>,
}

impl Checker {
    pub(super) fn new(path: &Path, beside: File) -> Self {
        Self { path: path.to_owned(), beside, mark: None, ended: None, next_scan: None }
    }

    /// When the last check ended.
    pub(super) fn ended(&self) -> Option<Instant> {
        self.ended
    }

    /// What is wrong; an error says nothing about the file. It writes a mark, and misses the one that it wrote before.
    pub(super) fn check(&mut self) -> Result<Option<Trouble>, rusqlite::Error> {
        let found = if self.has_room() { self.examine() } else { Ok(Some(Trouble::DiskFull)) };
        self.ended = Some(Instant::now());
        known(found)
    }

    /// What is wrong with the file as it is; it writes nothing.
    pub(super) fn look(&mut self) -> Result<Option<Trouble>, rusqlite::Error> {
        if !self.has_room() {
            return Ok(Some(Trouble::DiskFull));
        }
        let sound = self.open().and_then(|file| self.is_sound(&file));
        known(sound.map(|sound| (!sound).then_some(Trouble::Damaged)))
    }

    /// It is never made here: a file that has just gone is gone.
    fn open(&self) -> Result<Connection, rusqlite::Error> {
        let file = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.busy_timeout(BUSY_TIMEOUT)?;
        Ok(file)
    }

    /// Reserves room and gives it back. Whatever cannot be reserved where there is no such call is found by the mark.
    fn has_room(&self) -> bool {
        let reserved = fallocate(&self.beside, FallocateFlags::empty(), 0, ROOM);
        let _ = self.beside.set_len(0);
        !matches!(reserved, Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG))
    }

    fn examine(&mut self) -> Result<Option<Trouble>, rusqlite::Error> {
        let file = self.open()?;
        if !self.is_sound(&file)? {
            return Ok(Some(Trouble::Damaged));
        }
        file.execute_batch(
            "CREATE TABLE IF NOT EXISTS bridge_check (id INTEGER PRIMARY KEY, mark INTEGER NOT NULL)",
        )?;
        let read =
            file.query_row("SELECT mark FROM bridge_check WHERE id = 1", [], |row| row.get(0)).optional()?;
        if self.mark.is_some() && read != self.mark {
            return Ok(Some(Trouble::Replaced));
        }
        let mark = read.unwrap_or_default().wrapping_add(1);
        file.execute("INSERT OR REPLACE INTO bridge_check (id, mark) VALUES (1, ?1)", [mark])?;
        self.mark = Some(mark);
        Ok(None)
    }

    /// Looks through the whole file, if it is time to.
    fn is_sound(&mut self, file: &Connection) -> Result<bool, rusqlite::Error> {
        let began = Instant::now();
        if self.next_scan.is_some_and(|next| began < next) {
            return Ok(true);
        }
        let said: String = file.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        self.next_scan = Some(Instant::now() + (began.elapsed() * SCAN_PART).max(MIN_SCAN_INTERVAL));
        Ok(said == "ok")
    }
}

/// What an error of SQLite's says about the file, where it says something.
fn known(found: Result<Option<Trouble>, rusqlite::Error>) -> Result<Option<Trouble>, rusqlite::Error> {
    found.or_else(|error| Trouble::of(&error).map(Some).ok_or(error))
}
