//! What the disk does to a journal: no room, files that vanish, power that fails, pages that are lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::{Mode, SqliteStore};
use crate::journal::fixtures::{InFile, app, begun, blobs, complete, copy, first, held, parked, run};
use crate::journal::{JournalStore, StoreError};
use crate::net::simulated::SimulatedClock;

/// The bytes before the first frame of a log, and those before each frame's page.
const HEAD: usize = 32;
const FRAME: usize = 24 + 4096;

/// What is done to a journal that is open.
type Deed = (&'static str, fn(&Path));

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Arc::new(SimulatedClock::default()))
}

fn raw<T>(store: &SqliteStore, work: impl FnOnce(&Connection) -> T) -> T {
    let Mode::Writes(writer) = &store.hand else { panic!("it writes") };
    work(&writer.connection())
}

/// Lets the store's file grow by no more than `pages`.
fn fill(store: &SqliteStore, pages: i64) {
    raw(store, |connection| {
        let now: i64 = connection.query_row("PRAGMA page_count", (), |row| row.get(0)).expect("a number");
        let most = now + pages;
        connection
            .pragma_update_and_check(None, "max_page_count", most, |row| row.get::<_, i64>(0))
            .map(|taken| assert_eq!(taken, most))
            .expect("takes it");
    });
}

fn told(error: &StoreError) -> (&str, &str) {
    let StoreError::Unusable { reason, hint, .. } = error else { panic!("{error:?}") };
    (reason, hint)
}

async fn lines(store: &SqliteStore) -> usize {
    store.load(&run(1)).await.expect("is there").lines.len()
}

#[tokio::test]
async fn a_full_disk_refuses_an_entry_keeps_the_rest_and_takes_it_when_there_is_room() {
    let file = InFile::new();
    let store = file.open();
    let lease = begun(&store, &run(1), "blog").await;
    fill(&store, 0);
    let mut seq = 1;
    let error = loop {
        match store.append(&run(1), seq, lease.token, &parked()).await {
            Ok(()) => seq += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(told(&error), ("database or disk is full", "make room there"));
    assert!(error.to_string().contains("fabrik.db"), "{error}");
    assert_eq!(lines(&store).await as u64, seq, "what was promised is there, and no more");
    fill(&store, 100);
    store.append(&run(1), seq, lease.token, &parked()).await.expect("there is room");
    drop(store);
    assert_eq!(lines(&file.open()).await as u64, seq + 1);
}

#[tokio::test]
async fn a_run_that_does_not_fit_was_never_begun() {
    let file = InFile::new();
    let store = file.open();
    let lease = held(&store, &app("blog").to_string(), "here").await;
    fill(&store, 0);
    let large = BTreeMap::from([("hash-of-spec".to_owned(), vec![7; 100_000])]);
    let error = store.begin(&lease, &first(&run(1), "blog", &["spec"]), &large).await.expect_err("no room");
    assert_eq!(told(&error).1, "make room there");
    assert_eq!(store.list(None).await.expect("lists"), []);
    fill(&store, 100);
    store.begin(&lease, &first(&run(1), "blog", &["spec"]), &large).await.expect("there is room");
}

#[tokio::test]
async fn a_journal_that_vanishes_takes_no_more_and_what_it_held_can_be_put_back() {
    let deeds: [Deed; 4] = [
        ("deleted", |path| fs::remove_file(path).expect("is there")),
        ("replaced", |path| {
            let other = path.with_file_name("other.db");
            drop(open(&other).expect("another journal"));
            fs::rename(other, path).expect("takes its place");
        }),
        ("emptied", |path| fs::write(path, "").expect("is ours")),
        ("without its log", |path| fs::remove_file(path.with_file_name("fabrik.db-wal")).expect("is there")),
    ];
    for (what, deed) in deeds {
        let file = InFile::new();
        // So that the file itself holds something, and not its log alone.
        drop(file.open());
        let store = file.open();
        let lease = begun(&store, &run(1), "blog").await;
        deed(&file.path());
        let error = store.append(&run(1), 1, lease.token, &parked()).await.expect_err(what);
        let (reason, hint) = told(&error);
        assert!(reason.contains("was deleted or replaced while it was written to"), "{what}: {reason}");
        assert!(store.renew(&mut copy(&lease)).await.is_err(), "{what}");
        assert!(
            store.acquire("another key", &crate::journal::fixtures::holder("here")).await.is_err(),
            "{what}"
        );
        if what == "emptied" {
            // The pages are gone, and nobody can bring them back.
            continue;
        }
        assert!(hint.contains("move that copy into its place"), "{what}: {hint}");
        drop(store);
        let copy = reason.rsplit(' ').next().expect("a path");
        for name in ["fabrik.db", "fabrik.db-wal", "fabrik.db-shm"] {
            drop(fs::remove_file(file.path().with_file_name(name)));
        }
        fs::rename(copy, file.path()).expect("is there");
        let store = file.open();
        assert_eq!(lines(&store).await, 1, "{what}");
        let lease = held(&store, &lease.key, "here").await;
        store.append(&run(1), 1, lease.token, &parked()).await.expect("goes on");
    }
}

/// A journal as it lies on the disk when the power fails: its file, and its log up to `cut` and then `torn`.
fn after_a_power_cut(file: &[u8], log: &[u8], torn: &[u8]) -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("fabrik.db");
    fs::write(&path, file).expect("is ours");
    fs::write(folder.path().join("fabrik.db-wal"), [log, torn].concat()).expect("is ours");
    let store = open(&path).expect("what was synced can be read");
    (folder, store)
}

#[tokio::test]
async fn a_power_cut_at_any_frame_keeps_what_was_promised_and_nothing_half() {
    let file = InFile::new();
    drop(file.open());
    let store = file.open();
    let log = || fs::read(file.path().with_file_name("fabrik.db-wal")).expect("is there");
    let lease = held(&store, &app("blog").to_string(), "here").await;
    // How long the log was when each entry had been promised, and the entries.
    let mut promised = Vec::new();
    let beginning = first(&run(1), "blog", &["spec"]);
    let large = BTreeMap::from([("hash-of-spec".to_owned(), vec![7; 10_000])]);
    store.begin(&lease, &beginning, &large).await.expect("begins");
    promised.push(log().len());
    let mut written = vec![beginning];
    for seq in 1..12 {
        let line = if seq == 11 { complete() } else { parked() };
        store.append(&run(1), seq, lease.token, &line).await.expect("goes on");
        promised.push(log().len());
        written.push(line);
    }
    let (database, log) = (fs::read(file.path()).expect("is there"), log());
    assert!(promised.windows(2).all(|two| two[0] < two[1]), "nothing was folded in meanwhile: {promised:?}");
    let frames = (log.len() - HEAD) / FRAME;
    assert_eq!(HEAD + frames * FRAME, log.len());
    let mut seen = 0;
    for frame in 0..=frames {
        let cut = HEAD + frame * FRAME;
        let rest = &log[cut..];
        // Cut off clean; within the next frame's head; within its page; and a page that was allotted and not written.
        let mut torn = rest.get(..FRAME).unwrap_or_default().to_vec();
        torn.iter_mut().skip(24).for_each(|byte| *byte = 0);
        for after in [&[][..], &rest[..rest.len().min(12)], &rest[..rest.len().min(2_000)], &torn] {
            let (_folder, store) = after_a_power_cut(&database, &log[..cut], after);
            let kept = promised.iter().filter(|length| **length <= cut).count();
            let found = match store.load(&run(1)).await {
                Ok(loaded) => loaded.lines,
                Err(StoreError::NoSuchRun(_)) => Vec::new(),
                Err(error) => panic!("cut at frame {frame}: {error}"),
            };
            assert_eq!(found, written[..kept], "cut at frame {frame}, with {} bytes more", after.len());
            seen += kept;
        }
    }
    assert!(seen > frames, "some of it came back");
}

#[tokio::test]
async fn a_page_that_is_lost_is_told_or_was_not_needed() {
    let file = InFile::new();
    let store = file.open();
    let lease = held(&store, &app("blog").to_string(), "here").await;
    store.begin(&lease, &first(&run(1), "blog", &["spec"]), &blobs(&["spec"])).await.expect("begins");
    for seq in 1..60 {
        store.append(&run(1), seq, lease.token, &parked()).await.expect("goes on");
    }
    let (whole, rows) =
        (store.load(&run(1)).await.expect("is there"), store.list(None).await.expect("lists"));
    drop(store);
    let sound = fs::read(file.path()).expect("is there");
    let mut told = 0;
    for page in 0..sound.len() / 4096 {
        for fill in [0x00, 0xff] {
            let mut bytes = sound.clone();
            bytes[page * 4096..][..4096].fill(fill);
            fs::write(file.path(), bytes).expect("is ours");
            let read = async {
                let store = SqliteStore::open_read_only(&file.path())?;
                let Some(store) = store else { return Ok(None) };
                Ok::<_, StoreError>(Some((store.load(&run(1)).await?, store.list(None).await?)))
            };
            match read.await {
                // An empty first page is what a journal looks like that was never made.
                Ok(None) => assert_eq!((page, fill), (0, 0)),
                Ok(Some((loaded, listed))) => {
                    assert_eq!((&loaded, &listed), (&whole, &rows), "page {page} of {fill:x}");
                }
                Err(error) => {
                    told += 1;
                    assert!(error.to_string().contains("fabrik.db"), "page {page} of {fill:x}: {error}");
                }
            }
        }
    }
    assert!(told > 10, "only {told} of the lost pages were noticed");
}
