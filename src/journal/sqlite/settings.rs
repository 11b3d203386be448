//! How a connection is set up. Each setting is read back: a pragma that SQLite does not take is silent about it.

use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode};

use super::fault::Fault;

// Older ones can damage a journal when two connections checkpoint at once (fixed in 3.51.3).
const _: () = assert!(rusqlite::ffi::SQLITE_VERSION_NUMBER >= 3_051_003);

/// How long a busy file is waited for, and how often it is asked again where SQLite does not wait.
const BUSY: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Settings of every connection, and what each reads back as. The first lets the others wait for a busy file.
const EVERY: [(&str, &str, &str); 6] = [
    ("busy_timeout", "5000", "5000"),
    ("foreign_keys", "ON", "1"),
    ("synchronous", "FULL", "2"),
    // macOS flushes to the platter only when asked like this.
    ("fullfsync", "ON", "1"),
    // A file that shrinks under a mapping kills the process.
    ("mmap_size", "0", "0"),
    ("trusted_schema", "OFF", "0"),
];

/// Sets up a connection that writes.
pub(super) fn apply(connection: &Connection) -> Result<(), Fault> {
    for (pragma, value, wanted) in EVERY {
        set(connection, pragma, value, wanted)?;
    }
    write_ahead(connection, BUSY)
}

/// Switches to the write-ahead log. That takes the file alone for a moment, and SQLite does not wait for it by
/// itself, however long its busy time-out: two processes that make a journal at once would collide here.
fn write_ahead(connection: &Connection, patience: Duration) -> Result<(), Fault> {
    let began = Instant::now();
    while let Err(error) = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
        if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) || began.elapsed() > patience {
            return Err(error.into());
        }
        std::thread::sleep(PAUSE);
    }
    set(connection, "journal_mode", "WAL", "wal")
}

fn set(connection: &Connection, pragma: &str, value: &str, wanted: &str) -> Result<(), Fault> {
    connection.pragma_update_and_check(None, pragma, value, |_| Ok(())).or_else(silent)?;
    let found = read(connection, pragma)?;
    if found == wanted {
        return Ok(());
    }
    Err(Fault::unusable(format!("SQLite keeps {pragma} at {found}, {wanted} is needed")))
}

/// Most pragmas answer nothing when they are set.
fn silent(error: rusqlite::Error) -> Result<(), rusqlite::Error> {
    match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        error => Err(error),
    }
}

fn read(connection: &Connection, pragma: &str) -> Result<String, rusqlite::Error> {
    connection.pragma_query_value(None, pragma, |row| {
        Ok(match row.get(0)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            other => format!("{other:?}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_setting_that_sqlite_does_not_take_is_an_error() {
        let connection = Connection::open_in_memory().expect("memory");
        // A database in memory has no log to write ahead.
        let taken = set(&connection, "journal_mode", "WAL", "wal");
        assert!(
            matches!(taken, Err(Fault::Unusable { reason, .. }) if reason.contains("journal_mode at memory"))
        );
    }

    #[test]
    fn a_file_that_stays_busy_is_told_as_busy_and_not_waited_for_without_end() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("fabrik.db");
        let other = Connection::open(&file).expect("new");
        other.execute_batch("CREATE TABLE t (x); BEGIN IMMEDIATE").expect("nobody else is there");
        let connection = Connection::open(&file).expect("is there");
        connection.busy_timeout(Duration::ZERO).expect("takes it");
        for told in [
            write_ahead(&connection, Duration::from_millis(20)),
            set(&connection, "journal_mode", "WAL", "wal"),
        ] {
            let hint = told.expect_err("it is busy").at(&file).hint();
            assert!(hint.contains("the other process"), "{hint}");
        }
        other.execute_batch("ROLLBACK").expect("is its own");
        write_ahead(&connection, Duration::ZERO).expect("is free now");
    }

    #[test]
    fn a_file_that_is_busy_for_a_moment_is_waited_for() {
        static TRIED: AtomicBool = AtomicBool::new(false);
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("fabrik.db");
        let other = Connection::open(&file).expect("new");
        other.execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE").expect("nobody else is there");
        let mut connection = Connection::open(&file).expect("is there");
        let tried = |_| {
            TRIED.store(true, Ordering::SeqCst);
            false
        };
        connection.busy_handler(Some(tried)).expect("takes it");
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while !TRIED.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                other.execute_batch("ROLLBACK").expect("is its own");
            });
            let taken = write_ahead(&connection, Duration::MAX);
            TRIED.store(true, Ordering::SeqCst);
            taken.expect("is free by and by");
        });
    }
}
