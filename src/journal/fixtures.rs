//! Small runs, lines and holders for the tests of the stores.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use machine::app::AppKey;
use machine::cause::{Cause, CauseKind};
use machine::entry::{JournalEntry, Proof, Purpose, RunHeader, StoredEntry, TargetIdentity, Verification};
use machine::id::{JournalId, RunId};
use machine::phase::VolumePolicy;
use machine::timestamp::DualTimestamp;
use tempfile::TempDir;

use super::decorator::StoreDecorator;
use super::memory::MemoryStore;
use super::sqlite::SqliteStore;
use super::{Acquisition, Holder, JournalStore, Lease};
use crate::net::simulated::SimulatedClock;

/// A journal, and processes that open it.
pub(super) trait Journal {
    fn process(&self) -> Arc<dyn JournalStore>;
    fn clock(&self) -> &SimulatedClock;
}

pub(super) struct InMemory {
    first: MemoryStore,
    clock: Arc<SimulatedClock>,
}

impl InMemory {
    pub(super) fn new() -> Self {
        let clock = Arc::new(SimulatedClock::default());
        Self { first: MemoryStore::new(JournalId::from_bits(1), clock.clone()), clock }
    }
}

impl Journal for InMemory {
    fn process(&self) -> Arc<dyn JournalStore> {
        Arc::new(self.first.handle())
    }

    fn clock(&self) -> &SimulatedClock {
        &self.clock
    }
}

/// The same under a layer that adds nothing.
pub(super) struct Layered(InMemory);

impl Layered {
    pub(super) fn new() -> Self {
        Self(InMemory::new())
    }
}

impl Journal for Layered {
    fn process(&self) -> Arc<dyn JournalStore> {
        Arc::new(Plain(self.0.first.handle()))
    }

    fn clock(&self) -> &SimulatedClock {
        self.0.clock()
    }
}

struct Plain(MemoryStore);

impl StoreDecorator for Plain {
    fn below(&self) -> &dyn JournalStore {
        &self.0
    }
}

pub(super) struct InFile {
    pub(super) folder: TempDir,
    pub(super) clock: Arc<SimulatedClock>,
}

impl InFile {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder for the test"), clock: Arc::default() }
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("state").join("fabrik.db")
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path(), self.clock.clone()).expect("a journal in a fresh folder")
    }
}

impl Journal for InFile {
    fn process(&self) -> Arc<dyn JournalStore> {
        Arc::new(self.open())
    }

    fn clock(&self) -> &SimulatedClock {
        &self.clock
    }
}

pub(super) fn run(bits: u128) -> RunId {
    RunId::from_bits(bits)
}

pub(super) fn app(name: &str) -> AppKey {
    let text = str::to_owned;
    AppKey {
        target: text("https://coolify.example.com/team-1"),
        project: text("shop"),
        environment: text("production"),
        name: text(name),
    }
}

pub(super) fn blobs(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    names.iter().map(|name| (format!("hash-of-{name}"), name.as_bytes().to_vec())).collect()
}

/// The first line of `run` of the app `name`, with `frozen` frozen.
pub(super) fn first(run: &RunId, name: &str, frozen: &[&str]) -> StoredEntry {
    let text = str::to_owned;
    line(JournalEntry::Begun(RunHeader {
        run: run.clone(),
        journal: JournalId::from_bits(1),
        app: app(name),
        purpose: Purpose::Deploy,
        target: TargetIdentity {
            coolify: text("https://coolify.example.com"),
            team: text("1"),
            token: text("t"),
        },
        spec: text("/home/ada/blog.yaml"),
        hash: text("h"),
        secrets: BTreeMap::new(),
        frozen: frozen.iter().map(|name| (text(name), format!("hash-of-{name}"))).collect(),
    }))
}

/// A lease as another handle on it would have it, for what a program cannot do: it moves its own.
pub(super) fn copy(lease: &Lease) -> Lease {
    Lease { key: lease.key.clone(), token: lease.token, until: lease.until }
}

/// The first line of `run`, which destroys the app `name`.
pub(super) fn first_to_destroy(run: &RunId, name: &str) -> StoredEntry {
    let first = first(run, name, &[]);
    let JournalEntry::Begun(header) = first.entry else { panic!("a run begins so") };
    line(JournalEntry::Begun(RunHeader { purpose: Purpose::Destroy(VolumePolicy::Retain), ..header }))
}

pub(super) fn line(entry: JournalEntry) -> StoredEntry {
    StoredEntry::new(DualTimestamp { wall_ms: 1_800_000_000_000, monotonic_ms: 5, boot: "b".into() }, entry)
}

/// A line that a newer version wrote.
pub(super) fn from_the_future() -> StoredEntry {
    StoredEntry { v: machine::entry::FORMAT + 1, ..parked() }
}

pub(super) fn parked() -> StoredEntry {
    line(JournalEntry::Parked { reason: "Ctrl-C".into() })
}

pub(super) fn refused() -> StoredEntry {
    line(JournalEntry::RolledBack { cause: cause() })
}

pub(super) fn rolling_back() -> StoredEntry {
    line(JournalEntry::RollingBack { cause: cause(), volumes: VolumePolicy::Delete })
}

pub(super) fn destroy_failed() -> StoredEntry {
    line(JournalEntry::DestroyFailed { cause: cause() })
}

pub(super) fn destroy_retried() -> StoredEntry {
    line(JournalEntry::DestroyRetried { cause: cause() })
}

pub(super) fn destroyed() -> StoredEntry {
    line(JournalEntry::Destroyed { cause: cause() })
}

pub(super) fn complete() -> StoredEntry {
    line(JournalEntry::Complete {
        verification: Verification { checks: Vec::new(), proof: Proof::Fingerprint, label_seen: false },
    })
}

fn cause() -> Cause {
    Cause { kind: CauseKind::Refused, message: "no".into(), hint: String::new(), evidence: Vec::new() }
}

/// Somebody on `host`, in its one boot.
pub(super) fn holder(host: &str) -> Holder {
    Holder {
        who: format!("ada@{host}"),
        pid: 7,
        boot: format!("boot of {host}"),
        command: "apply blog.yaml".into(),
    }
}

/// Claims what must be free.
pub(super) async fn held(store: &dyn JournalStore, key: &str, host: &str) -> Lease {
    match store.acquire(key, &holder(host)).await.expect("a journal that works") {
        Acquisition::Acquired { lease, .. } => lease,
        Acquisition::Busy(holder) => panic!("{key} is taken by {}", holder.by),
    }
}

/// A claimed app with a run that has just begun.
pub(super) async fn begun(store: &dyn JournalStore, run: &RunId, name: &str) -> Lease {
    let lease = held(store, &app(name).to_string(), "here").await;
    store.begin(&lease, &first(run, name, &[]), &BTreeMap::new()).await.expect("nothing in the way");
    lease
}

pub(super) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}
