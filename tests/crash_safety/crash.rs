//! A process that can be made to die at any point: a hook on the outside and a store that stops answering.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fabrik::journal::decorator::StoreDecorator;
use fabrik::journal::{JournalStore, LEASE, Lease, StoreError};
use fabrik::net::Ports;
use fabrik::sandbox::{Hook, HookVerdict, Sandbox, Side};
use machine::entry::StoredEntry;
use machine::id::RunId;

/// Told of each point that a process passes, in words.
pub type Witness = Arc<dyn Fn(&str) + Send + Sync>;

/// Counts the points a process passes and lets it die at one.
#[derive(Clone, Default)]
pub struct CrashPoint {
    passed: Arc<AtomicU64>,
    burns_at: Arc<Mutex<Option<u64>>>,
    dead: Arc<AtomicBool>,
    fell: Arc<Mutex<String>>,
    suspended: Arc<Mutex<Option<Sandbox>>>,
    fenced: Arc<AtomicBool>,
    witness: Option<Witness>,
}

impl CrashPoint {
    /// Dies at point number `point`, counted from 0.
    pub fn at(point: u64) -> Self {
        let crash = Self::default();
        *crash.burns_at.lock().unwrap() = Some(point);
        crash
    }

    /// Never burns, and tells `witness` of every point.
    pub fn witnessed(witness: Witness) -> Self {
        Self { witness: Some(witness), ..Self::default() }
    }

    /// Falls asleep between its first intent and the request, for longer than its lease; another runner takes
    /// the app meanwhile.
    pub fn suspended_after_an_intent(sandbox: &Sandbox) -> Self {
        let crash = Self::default();
        *crash.suspended.lock().unwrap() = Some(sandbox.clone());
        crash
    }

    fn suspend(&self, line: &StoredEntry) {
        if line.entry.name() != "intended" {
            return;
        }
        if let Some(sandbox) = self.suspended.lock().unwrap().take() {
            sandbox.with_world(|world| world.pass(LEASE * 2)).unwrap();
            self.fenced.store(true, Ordering::SeqCst);
        }
    }

    fn admitted(&self) -> Result<(), StoreError> {
        let fenced = self.fenced.load(Ordering::SeqCst);
        if fenced { Err(StoreError::Fenced { key: "the app".to_owned() }) } else { Ok(()) }
    }

    /// How many points were passed.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// Where it died; empty if it lived.
    pub fn fell(&self) -> String {
        self.fell.lock().unwrap().clone()
    }

    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Passes one point; `false` when dead from here on.
    fn pass(&self, what: impl Fn() -> String) -> bool {
        if self.is_dead() {
            return false;
        }
        let point = self.passed.fetch_add(1, Ordering::SeqCst);
        if let Some(witness) = &self.witness {
            witness(&what());
        }
        if *self.burns_at.lock().unwrap() == Some(point) {
            self.dead.store(true, Ordering::SeqCst);
            *self.fell.lock().unwrap() = what();
            return false;
        }
        true
    }

    /// The outside, as this process sees it.
    pub fn ports(&self, sandbox: &Sandbox) -> Ports {
        let crash = self.clone();
        let hook: Hook = Arc::new(move |point| {
            let side = if point.side == Side::Before { "before" } else { "after" };
            let what = || format!("{side} {} {}", point.method, point.path);
            if crash.pass(what) { HookVerdict::Go } else { HookVerdict::Crash }
        });
        sandbox.outside_with_hook(hook)
    }
}

/// The journal's home, as a mortal process sees it.
pub struct CrashingStore {
    store: Box<dyn JournalStore>,
    crash: CrashPoint,
}

impl CrashingStore {
    pub fn new(store: Box<dyn JournalStore>, crash: CrashPoint) -> Self {
        Self { store, crash }
    }

    fn dead() -> StoreError {
        StoreError::Unusable { place: "test".to_owned(), reason: "the process is dead".to_owned(), hint: "" }
    }

    fn pass(&self, side: &str, line: &StoredEntry) -> Result<(), StoreError> {
        let alive = self.crash.pass(|| format!("{side} append {}", line.entry.name()));
        if alive { Ok(()) } else { Err(Self::dead()) }
    }
}

#[async_trait]
impl StoreDecorator for CrashingStore {
    fn below(&self) -> &dyn JournalStore {
        self.store.as_ref()
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.pass("before", line)?;
        self.store.begin(lease, line, blobs).await?;
        self.pass("after", line)
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        self.pass("before", line)?;
        self.crash.admitted()?;
        self.store.append(run, seq, token, line).await?;
        self.crash.suspend(line);
        self.pass("after", line)
    }

    fn admits(&self) -> Result<(), StoreError> {
        if self.crash.is_dead() { Err(Self::dead()) } else { Ok(()) }
    }

    async fn renew(&self, lease: &mut Lease) -> Result<(), StoreError> {
        self.crash.admitted()?;
        self.store.renew(lease).await
    }
}
