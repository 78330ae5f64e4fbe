//! Files that must not be opened for writing: another program's database, and an emptied one whose log still holds commits.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// The table in which the engine keeps its tables.
const OURS: &str = "_tables";

/// Whether it has tables, and not ours. What cannot be asked is left to whoever opens it.
pub(crate) fn is_foreign(path: &Path) -> bool {
    let tables = || -> Result<(i64, i64), rusqlite::Error> {
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        file.query_row(
            "SELECT count(*), coalesce(sum(name = ?1), 0) FROM sqlite_master WHERE type = 'table'",
            [OURS],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    };
    tables().is_ok_and(|(all, ours)| all > 0 && ours == 0)
}

/// Whether somebody emptied a data file that is in use. SQLite would wait for it, and might remove its log.
pub(crate) fn was_emptied(path: &Path) -> bool {
    let bytes = |path: &Path| std::fs::metadata(path).map(|found| found.len()).ok();
    let log = format!("{}-wal", path.display());
    bytes(path) == Some(0) && bytes(Path::new(&log)).is_some_and(|log| log > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Embedded;

    #[test]
    fn another_programs_database_is_left_as_it_is() {
        let path = std::env::temp_dir().join(format!("bridge-foreign-{}.db", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let name = path.to_str().unwrap();
        drop(Embedded::beside(name).unwrap());
        assert!(!is_foreign(&path), "our own");
        std::fs::remove_file(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE dashboards (id INTEGER)").unwrap();
        drop(other);
        let before = std::fs::read(&path).unwrap();
        let error = Embedded::beside(name).unwrap_err().to_string();
        assert!(error.contains("of another program"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn an_emptied_data_file_is_not_opened_and_its_log_stays() {
        let path = std::env::temp_dir().join(format!("bridge-emptied-{}.db", std::process::id()));
        let log = format!("{}-wal", path.display());
        std::fs::write(&path, "").unwrap();
        let _ = std::fs::remove_file(&log);
        assert!(!was_emptied(&path), "a start that was cut short leaves an empty file");
        std::fs::write(&log, "commits").unwrap();
        let error = Embedded::beside(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains("was emptied"), "{error}");
        assert_eq!(std::fs::read(&log).unwrap(), b"commits");
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_file(&log).unwrap();
    }
}
