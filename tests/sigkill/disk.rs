//! A disk that takes no more, and a journal that vanishes, at every point of a real run.
//!
//! The file-size limit of the running process stands for the full disk: it can be set from outside, at one point, and
//! needs no rights. A small disk of its own is used too, where it may be mounted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use machine::effect::Effect;
use machine::entry::JournalEntry;
use machine::phase::PhaseKind;
use rustix::process::{Pid, Resource, Rlimit};

use super::pace;
use super::stage::{Stage, told};
use crate::crash_safety::operation::Operation;

/// Less than the log of a run that has begun, more than a note.
const LIMIT: u64 = 16 * 1024;

fn no_room(pid: Pid) {
    let limit = Rlimit { current: Some(LIMIT), maximum: Some(LIMIT) };
    rustix::process::prlimit(Some(pid), Resource::Fsize, limit).unwrap();
}

/// The newest run's phase, and whether its last entry is an intent to make or change something.
async fn newest(stage: &Stage) -> Option<(PhaseKind, bool)> {
    let journal = stage.journal()?;
    let row = journal.list(None).await.unwrap().pop()?;
    let last = journal.load(&row.run).await.unwrap().lines.pop()?.entry;
    Some((row.phase?, matches!(last, JournalEntry::Effect(Effect::Intended(_)))))
}

async fn no_room_anywhere(operation: Operation) {
    let stage = Stage::set(operation).await;
    let before = newest(&stage).await;
    let points = stage.points().await;
    let (every, offset) = pace();
    println!(
        "{operation:?} without room: {points} points, every {every} from {offset} (FABRIK_POINT_SEED={offset})"
    );
    for point in (1..=points).skip(offset).step_by(every) {
        stage.reset();
        let (output, fell) = stage.disturbed_at(point, no_room).await;
        let (exit, said) = told(&output);
        let context = format!("{operation:?} without room from {point} ({fell}) on");
        println!("  {point} {}: {exit}", fell.trim());
        stage.half_way(&context).await;
        let (phase, half_done) = newest(&stage).await.unwrap_or((PhaseKind::RolledBack, false));
        let note = stage.state().join("fabrik.db.unrecorded");
        if phase.is_closed() {
            // It was over by then, or nothing of it had been written yet.
            let untouched = newest(&stage).await == before;
            let parked = exit == 3 && operation == Operation::Undo && !said.contains("fabrik resume");
            assert!(exit == 0 || untouched && (exit == 2 || parked), "{context}: {exit}\n{said}");
            assert!(!note.exists(), "{context}");
            continue;
        }
        assert_eq!(exit, 3, "{context}: {said}");
        for words in ["Parked: journal", "fabrik.db", "look whether the disk is full", "fabrik resume"] {
            assert!(said.contains(words), "{context}: no word of {words:?} in\n{said}");
        }
        assert_eq!(said.contains("could not record it"), half_done, "{context}: {said}");
        if half_done {
            noted(&note, &said, &context);
        }
        // A resume that finishes an undo ends as an undo does.
        let done = i32::from(operation == Operation::Undo);
        assert_eq!(stage.fabrik(&["resume"]).await, done, "{context}, then resumed");
        stage.resting(&context).await;
        assert!(!note.exists(), "{context}: the note outlives its run");
    }
}

/// What was done and not recorded is said, and noted for this user alone.
fn noted(note: &Path, said: &str, context: &str) {
    assert_eq!(fs::metadata(note).unwrap().permissions().mode() & 0o777, 0o600, "{context}");
    let text = fs::read_to_string(note).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [line] = lines.as_slice() else { panic!("{context}: {text}") };
    let entry = &line["line"]["entry"];
    let receipt = if entry["receipt"].is_object() { &entry["receipt"] } else { &entry["verdict"]["have"] };
    let id = receipt["id"].as_str().unwrap();
    assert!(!id.is_empty() && said.contains(id), "{context}: {id} is not in\n{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_without_room_parks_wherever_that_begins_and_goes_on() {
    no_room_anywhere(Operation::Apply).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_without_room_parks_wherever_that_begins_and_goes_on() {
    no_room_anywhere(Operation::Update).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_without_room_parks_wherever_that_begins_and_goes_on() {
    no_room_anywhere(Operation::Undo).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_journal_vanishes_parks_and_goes_on_when_the_copy_is_put_back() {
    let stage = Stage::set(Operation::Apply).await;
    let points = stage.points().await;
    let journal = stage.state().join("fabrik.db");
    for point in [points / 3, points / 2, points * 2 / 3] {
        stage.reset();
        let (output, fell) = stage.disturbed_at(point, |_| fs::remove_file(&journal).unwrap()).await;
        let (exit, said) = told(&output);
        let context = format!("without a journal from {point} ({fell}) on");
        assert_eq!(exit, 3, "{context}: {said}");
        assert!(said.contains("was deleted or replaced"), "{context}: {said}");
        assert!(!journal.exists(), "{context}: a new journal was made in its place");
        let copy = fs::read_dir(stage.state()).unwrap().map(|entry| entry.unwrap().path());
        let copy = copy.filter(|path| path.display().to_string().contains(".rescued.")).collect::<Vec<_>>();
        let [copy] = copy.as_slice() else { panic!("{context}: {copy:?}") };
        assert!(said.contains(&copy.display().to_string()), "{context}: {said}");
        for name in ["fabrik.db-wal", "fabrik.db-shm"] {
            drop(fs::remove_file(stage.state().join(name)));
        }
        fs::rename(copy, &journal).unwrap();
        stage.half_way(&context).await;
        assert_eq!(stage.fabrik(&["resume"]).await, 0, "{context}, then resumed");
        stage.resting(&context).await;
    }
}

/// A disk of one and a half megabytes, mounted in the place of a folder; unmounted when it is dropped.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mounted(folder: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1536k", "tmpfs"]).arg(folder);
        mount.output().is_ok_and(|mounted| mounted.status.success()).then_some(Self(folder))
    }

    fn filled(&self) {
        let error = fs::write(self.0.join("filler"), vec![0; 2 * 1024 * 1024]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }

    fn read_only(&self, how: &str) {
        let mounted =
            Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.0).output().unwrap();
        assert!(mounted.status.success(), "{mounted:?}");
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_or_read_only_is_told_as_such() {
    let stage = Stage::set(Operation::Apply).await;
    let points = stage.points().await;
    stage.reset();
    let folder = stage.state();
    let Some(disk) = Small::mounted(&folder) else {
        println!("SKIPPED: no disk may be mounted here, so none can be full");
        return;
    };
    let (output, fell) = stage.disturbed_at(points / 2, |_| disk.filled()).await;
    let (exit, said) = told(&output);
    let context = format!("on a disk that is full from {fell} on");
    assert_eq!(exit, 3, "{context}: {said}");
    for words in ["Parked: journal", "database or disk is full", "make room there, then go on"] {
        assert!(said.contains(words), "{context}: no word of {words:?} in\n{said}");
    }
    fs::remove_file(folder.join("filler")).unwrap();
    stage.half_way(&context).await;
    disk.read_only("ro");
    let (exit, said) = stage.says(&["resume"]).await;
    assert_eq!(exit, 2, "{context}: {said}");
    assert!(said.contains("fabrik.db") && said.contains("let this user read and write"), "{said}");
    assert_eq!(stage.fabrik(&["status"]).await, 0, "reading needs no writing");
    disk.read_only("rw");
    assert_eq!(stage.fabrik(&["resume"]).await, 0, "{context}, then resumed");
    stage.resting(&context).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_may_not_be_written_is_refused_before_anything_is_sent() {
    let stage = Stage::set(Operation::Update).await;
    if rustix::process::geteuid().is_root() {
        println!("SKIPPED: nothing is read-only for root");
        return;
    }
    let journal = stage.state().join("fabrik.db");
    fs::set_permissions(&journal, fs::Permissions::from_mode(0o400)).unwrap();
    let (exit, said) = stage.says(&["apply", "blog.yaml"]).await;
    assert_eq!(exit, 2, "{said}");
    assert!(said.contains("fabrik.db") && said.contains("let this user read and write"), "{said}");
    assert_eq!(stage.fabrik(&["status"]).await, 0, "reading needs no writing");
    fs::set_permissions(&journal, fs::Permissions::from_mode(0o600)).unwrap();
    stage.resting("after it was refused").await;
}
