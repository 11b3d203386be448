//! What the SQLite store promises beyond the common sentences: rules that SQL from elsewhere cannot get around,
//! reading without a trace, and a file that is private, known and checked.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machine::phase::PhaseKind;
use rusqlite::Connection;

use super::SqliteStore;
use crate::journal::fixtures::{
    InFile, app, begun, blobs, complete, first, held, minutes, parked, refused, run,
};
use crate::journal::{JournalStore, LEASE, StoreError};

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Arc::new(crate::net::simulated::SimulatedClock::default()))
}

/// Names, modes and contents of all that is in a folder.
fn files(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let seen = entries.map(|entry| {
        let mode = entry.metadata().expect("is there").permissions().mode();
        let bytes = fs::read(entry.path()).unwrap_or_default();
        (entry.file_name().to_string_lossy().into_owned(), (mode, bytes))
    });
    seen.collect()
}

/// A finished run 1 with a blob, a forgotten run 2 and an open run 3 of one app, under token 1.
async fn three_runs(store: &SqliteStore) {
    let lease = held(store, &app("blog").to_string(), "here").await;
    for (bits, end) in [(1, Some(complete())), (2, Some(refused())), (3, None)] {
        store.begin(&lease, &first(&run(bits), "blog", &["spec"]), &blobs(&["spec"])).await.expect("begins");
        if let Some(end) = end {
            store.append(&run(bits), 1, lease.token, &end).await.expect("ends");
        }
    }
    store.purge(&run(2)).await.expect("is closed");
}

/// All that is in the file, as text.
fn dump(connection: &Connection) -> Vec<String> {
    let tables = ["journal", "leases", "runs", "lines", "blobs", "frozen"];
    let dump = |table| {
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).expect("a table");
        let width = statement.column_count();
        let rows = statement.query_map((), |row| {
            (0..width)
                .map(|column| row.get::<_, rusqlite::types::Value>(column))
                .collect::<Result<Vec<_>, _>>()
        });
        rows.expect("rows").map(|row| format!("{table} {:?}", row.expect("a row"))).collect::<Vec<_>>()
    };
    tables.into_iter().flat_map(dump).collect()
}

/// Changes that nobody may make to what [`three_runs`] wrote. `$1` stands for run 1, and so on.
const FORBIDDEN: [&str; 22] = [
    "UPDATE lines SET line = '{}'",
    "UPDATE lines SET seq = 7 WHERE seq = 1",
    "DELETE FROM lines",
    "DELETE FROM lines WHERE run = '$1'",
    "DELETE FROM runs",
    "UPDATE runs SET begun = '{}'",
    "UPDATE runs SET key = 'other'",
    "UPDATE runs SET phase = 'Complete' WHERE run = '$3'",
    "UPDATE OR REPLACE runs SET phase = 'RollingBack' WHERE run = '$1'",
    "UPDATE runs SET forgotten = 1 WHERE run = '$3'",
    "UPDATE runs SET forgotten = 0 WHERE run = '$2'",
    "UPDATE leases SET token = token - 1",
    "UPDATE leases SET key = 'other'",
    "DELETE FROM leases",
    "INSERT OR REPLACE INTO leases SELECT key, 1, holder, 0, 0, 0, '', 0 FROM leases",
    "UPDATE journal SET id = lower(hex(zeroblob(16)))",
    "DELETE FROM journal",
    "INSERT OR REPLACE INTO journal VALUES (1, lower(hex(zeroblob(16))))",
    "UPDATE blobs SET bytes = x''",
    "DELETE FROM blobs",
    "UPDATE frozen SET hash = 'other'",
    "DELETE FROM frozen",
];

/// Rows that nobody may add: run, place, token and phase of a line; run, token and phase of a run. The only token is 1.
const FORGED_LINES: [&str; 7] = [
    "'$3', 1, 0, NULL",
    "'$3', 1, 2, NULL",
    "'$3', 0, 1, NULL",
    "'$3', 2, 1, NULL",
    "'$1', 2, 1, 'RollingBack'",
    "'$2', 0, 1, NULL",
    "'$4', 0, 1, NULL",
];
const FORGED_RUNS: [&str; 4] =
    ["'$1' 1 'Pending'", "'$4' 1 'Pending'", "'$4' 1 'Complete'", "'$4' 2 'Pending'"];

fn attempts() -> Vec<String> {
    let mut attempts: Vec<_> = FORBIDDEN.map(str::to_owned).into();
    for verb in ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"] {
        attempts.extend(FORGED_LINES.map(|line| format!("{verb} INTO lines VALUES ({line}, 1, 9, '{{}}')")));
        attempts.extend(FORGED_RUNS.map(|row| {
            let [run, token, phase] = row.split(' ').collect::<Vec<_>>().try_into().expect("three words");
            let key = app("blog");
            format!("{verb} INTO runs VALUES ({run}, '{key}', '', {token}, '', {phase}, 1, 9, 9, 0)")
        }));
    }
    let named =
        |sql: String| (1..=4).fold(sql, |sql, bits| sql.replace(&format!("${bits}"), run(bits).as_str()));
    attempts.into_iter().map(named).collect()
}

#[tokio::test]
async fn sql_from_elsewhere_does_not_get_around_the_rules() {
    let file = InFile::new();
    let store = file.open();
    three_runs(&store).await;
    let raw = Connection::open(file.path()).expect("anybody can open it");
    raw.pragma_update(None, "foreign_keys", false).expect("anybody can switch this off");
    let before = dump(&raw);
    for attempt in attempts() {
        let refused = raw.execute_batch(&attempt).expect_err(&attempt).to_string();
        let by_the_rules = ["fenced", "conflict", "open", "kept"].contains(&&*refused);
        assert!(by_the_rules, "{attempt}: {refused}");
        assert_eq!(dump(&raw), before, "{attempt}");
    }
    // What is there already stays: no error, and no change.
    raw.execute_batch("INSERT OR REPLACE INTO blobs SELECT hash, x'00' FROM blobs").expect("is ignored");
    assert_eq!(dump(&raw), before);
}

#[tokio::test]
async fn an_entry_of_an_unknown_kind_hides_its_run_only() {
    let file = InFile::new();
    let store = file.open();
    begun(&store, &run(1), "blog").await;
    begun(&store, &run(2), "shop").await;
    let strange =
        r#"{"v":1,"at":{"wall_ms":1,"boot_ms":1,"boot":"b"},"entry":{"entry":"painted","colour":"red"}}"#;
    let raw = Connection::open(file.path()).expect("anybody can open it");
    let sql = "INSERT INTO lines VALUES (?1, 1, 1, NULL, 1, 9, ?2)";
    raw.execute(sql, (run(1).as_str(), strange)).expect("the rules are kept");

    let loaded = store.load(&run(1)).await;
    assert!(
        matches!(&loaded, Err(StoreError::Unreadable { reason, .. }) if reason.contains("entry 1")),
        "{loaded:?}"
    );
    let rows = store.list(None).await.expect("lists");
    let phases: Vec<_> = rows.iter().map(|row| row.phase).collect();
    assert_eq!(phases, [None, Some(PhaseKind::Pending)]);
    assert!(store.load(&run(2)).await.is_ok());
}

#[tokio::test]
async fn where_there_is_no_journal_reading_makes_none() {
    let file = InFile::new();
    assert!(SqliteStore::open_read_only(&file.path()).expect("nothing is no error").is_none());
    assert_eq!(fs::read_dir(file.folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn reading_leaves_no_trace() {
    let file = InFile::new();
    three_runs(&file.open()).await;
    let folder = file.path().with_file_name("");
    let before = files(&folder);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["fabrik.db", "locks"], "a clean exit leaves one file");

    let reader = SqliteStore::open_read_only(&file.path()).expect("a journal").expect("is there");
    assert_eq!(reader.list(None).await.expect("lists").len(), 3);
    assert_eq!(reader.load(&run(1)).await.expect("loads").blobs, blobs(&["spec"]));
    assert!(reader.acquire("key", &crate::journal::fixtures::holder("here")).await.is_err());
    assert_eq!(files(&folder), before);
    drop(reader);
    assert_eq!(files(&folder), before);
}

#[tokio::test]
async fn who_leaves_while_another_stays_leaves_nothing_in_the_log() {
    let file = InFile::new();
    let (leaving, staying) = (file.open(), file.open());
    begun(&leaving, &run(1), "blog").await;
    let log = || fs::metadata(file.path().with_file_name("fabrik.db-wal")).expect("somebody is there").len();
    assert!(log() > 0);
    drop(leaving);
    assert_eq!(log(), 0);
    assert_eq!(staying.load(&run(1)).await.expect("is there").lines.len(), 1);
}

#[tokio::test]
async fn a_reader_sees_what_a_living_writer_has_just_written() {
    let file = InFile::new();
    drop(file.open());
    let reader = SqliteStore::open_read_only(&file.path()).expect("a journal").expect("is there");
    assert_eq!(reader.list(None).await.expect("lists"), []);
    let writer = file.open();
    let lease = begun(&writer, &run(1), "blog").await;
    assert_eq!(reader.load(&run(1)).await.expect("loads").lines.len(), 1);
    writer.append(&run(1), 1, lease.token, &parked()).await.expect("goes on");
    assert_eq!(reader.load(&run(1)).await.expect("loads").lines.len(), 2);
    drop(writer);
    assert_eq!(reader.load(&run(1)).await.expect("loads").lines.len(), 2);
    let late = SqliteStore::open_read_only(&file.path()).expect("a journal").expect("is there");
    assert_eq!(late.journal(), reader.journal());
}

#[test]
fn a_journal_is_for_its_user_alone() {
    let file = InFile::new();
    let store = file.open();
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let folder = file.path().with_file_name("");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("locks")), 0o700);
    for name in ["fabrik.db", "fabrik.db-wal", "fabrik.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    drop(store);
    // What others could read is shut; what only the user could is as the user set it.
    for (found, left) in [(0o644, 0o600), (0o700, 0o700)] {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(found)).expect("it is ours");
        drop(file.open());
        assert_eq!(mode(&file.path()), left, "{found:o}");
    }
}

#[test]
fn a_strangers_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let database = folder.path().join("photos.db");
    Connection::open(&database)
        .expect("new")
        .execute_batch("CREATE TABLE photos (name TEXT)")
        .expect("a table");
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, and long enough to look at ".repeat(30)).expect("a file");
    for path in [database, text] {
        let before = files(folder.path());
        for opened in [open(&path).map(drop), SqliteStore::open_read_only(&path).map(drop)] {
            assert!(matches!(opened, Err(StoreError::Unusable { .. })), "{opened:?}");
        }
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn a_journal_of_a_newer_shape_is_refused_and_left_as_it_is() {
    let file = InFile::new();
    drop(file.open());
    let raw = Connection::open(file.path()).expect("anybody can open it");
    raw.pragma_update(None, "user_version", 99).expect("anybody can write this");
    drop(raw);
    let before = files(&file.path().with_file_name(""));
    for opened in [open(&file.path()).map(drop), SqliteStore::open_read_only(&file.path()).map(drop)] {
        let error = opened.expect_err("it is of the future").to_string();
        assert!(error.contains("newer version"), "{error}");
    }
    assert_eq!(files(&file.path().with_file_name("")), before);
}

#[tokio::test]
async fn damage_is_noticed_after_an_unclean_end() {
    let file = InFile::new();
    three_runs(&file.open()).await;
    let mut bytes = fs::read(file.path()).expect("is there");
    let entry =
        bytes.windows(15).position(|text| text == br#""entry":"begun""#).expect("a line in plain text");
    let page = entry - entry % 4096;
    bytes[page] = 0xff;
    fs::write(file.path(), bytes).expect("it is ours");
    // Looking costs time, so it is done only where somebody left in a hurry.
    let log = file.path().with_file_name("fabrik.db-wal");
    drop(file.open());
    fs::write(&log, "").expect("it is ours");
    drop(file.open());
    fs::write(&log, "cut off").expect("it is ours");
    let error = open(&file.path()).map(drop).expect_err("it is damaged").to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn a_place_that_cannot_be_is_told_with_its_name() {
    let folder = tempfile::TempDir::new().expect("a folder");
    fs::write(folder.path().join("file"), "").expect("a file");
    let path = folder.path().join("file").join("fabrik.db");
    for opened in [open(&path).map(drop), SqliteStore::open_read_only(&path).map(drop)] {
        let error = opened.expect_err("a file is no folder").to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn a_new_journal_opened_by_many_at_once_is_one_journal() {
    let file = InFile::new();
    let opened = std::thread::scope(|scope| {
        let openers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| open(&file.path()).map(|store| store.journal().clone()))).collect();
        openers.into_iter().map(|opener| opener.join().expect("no panic")).collect::<Vec<_>>()
    });
    let first = opened[0].as_ref().expect("opens");
    assert!(
        opened.iter().all(|journal| journal.as_ref().is_ok_and(|journal| journal == first)),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_lease_is_kept_by_a_thread_of_its_own() {
    let file = InFile::new();
    let store = file.open();
    let lease = held(&store, "key", "here").await;
    file.clock.advance(minutes(1));
    let renewal = store.keep_every(Duration::from_millis(1), &lease).expect("it writes");
    assert_eq!(renewal.until(), minutes(1) + LEASE, "at once");
    file.clock.advance(minutes(1));
    while renewal.until() == minutes(1) + LEASE {
        std::thread::yield_now();
    }
    assert_eq!((renewal.until(), renewal.lost()), (minutes(2) + LEASE, false), "and again and again");
    // The thread has a clock of its own.
    let clocks = Arc::strong_count(&file.clock);
    drop(renewal);
    assert!(Arc::strong_count(&file.clock) < clocks, "the thread has ended before anything else is done");
}

#[tokio::test]
async fn a_lease_lost_to_another_is_told() {
    let file = InFile::new();
    let (old, new) = (file.open(), file.open());
    let lease = held(&old, "key", "here").await;
    drop(old);
    held(&new, "key", "here").await;
    let clocks = Arc::strong_count(&file.clock);
    let renewal = new.keep_every(Duration::from_millis(1), &lease).expect("it writes");
    assert!(renewal.lost());
    assert_eq!(renewal.until(), lease.until);
    // The thread has a clock of its own: once it is lost, there is nothing to do for it.
    while Arc::strong_count(&file.clock) > clocks {
        std::thread::yield_now();
    }
}
