//! A journal that lives in memory: for tests, and for runs that need not be remembered.
//!
//! Means the same as the SQLite store. Each handle stands for one process with operating-system locks of its own;
//! a dropped handle is a dead process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use machine::app::AppKey;
use machine::entry::{FORMAT, RunHeader, StoredEntry};
use machine::id::{JournalId, RunId};
use machine::phase::PhaseKind;

use super::lease_record::{self, LeaseRecord};
use super::{Acquisition, Holder, JournalStore, Lease, RunRow, StoreError, StoredRun};
use crate::net::Clock;

/// One process's view of a journal in memory.
pub struct MemoryStore {
    journal: JournalId,
    clock: Arc<dyn Clock>,
    process: u64,
    book: Arc<Mutex<Book>>,
}

/// What all handles share.
#[derive(Clone, Default)]
struct Book {
    processes: u64,
    locks: BTreeMap<String, Lock>,
    tenures: BTreeMap<String, LeaseRecord>,
    runs: BTreeMap<RunId, RunRecord>,
    blobs: BTreeMap<String, Vec<u8>>,
}

/// An operating-system lock: freed when its process dies.
#[derive(Clone, PartialEq)]
struct Lock {
    process: u64,
    token: u64,
}

#[derive(Clone, PartialEq)]
struct RunRecord {
    /// How many runs were there before it.
    nth: usize,
    begun: RunHeader,
    phase: PhaseKind,
    lines: Vec<StoredEntry>,
    format: u32,
    began_ms: u64,
    last_ms: u64,
    forgotten: bool,
}

impl MemoryStore {
    /// Makes an empty journal and the first handle on it.
    #[must_use]
    pub fn new(journal: JournalId, clock: Arc<dyn Clock>) -> Self {
        Self { journal, clock, process: 0, book: Arc::default() }
    }

    /// Makes another handle on the same journal: another process.
    #[must_use]
    pub fn handle(&self) -> Self {
        let mut book = self.book();
        book.processes += 1;
        let process = book.processes;
        drop(book);
        Self {
            journal: self.journal.clone(),
            clock: Arc::clone(&self.clock),
            process,
            book: Arc::clone(&self.book),
        }
    }

    /// Another journal with what is in this one now, as the death of all its processes leaves it, under another clock.
    #[must_use]
    pub fn left_behind(&self, clock: Arc<dyn Clock>) -> Self {
        let book = Book { locks: BTreeMap::new(), ..self.book().clone() };
        Self { journal: self.journal.clone(), clock, process: 0, book: Arc::new(Mutex::new(book)) }
    }

    /// Whether the same runs, locks and leases are in another journal, so that no process can tell the two apart.
    #[must_use]
    pub fn holds_the_same(&self, other: &Self) -> bool {
        let told =
            |book: &Book| (book.locks.clone(), book.tenures.clone(), book.runs.clone(), book.blobs.clone());
        let (one, other) = (told(&self.book()), told(&other.book()));
        one == other
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unusable(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Unusable { place: format!("{} in memory", self.journal), reason: reason.into(), hint: "" }
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        self.book().locks.retain(|_, lock| lock.process != self.process);
    }
}

impl Book {
    fn end_lease(&mut self, key: &str, token: u64) {
        if let Some(kept) = self.tenures.get_mut(key).filter(|kept| kept.token == token) {
            kept.released = true;
        }
    }

    fn fence(&self, key: &str, token: u64) -> Result<(), StoreError> {
        let admitted = self.tenures.get(key).is_some_and(|tenure| tenure.admits(token));
        if admitted { Ok(()) } else { Err(StoreError::Fenced { key: key.to_owned() }) }
    }

    /// Refuses an open run of `app` beside another one.
    fn only_open(&self, app: &AppKey, run: &RunId) -> Result<(), StoreError> {
        let other = self
            .runs
            .iter()
            .find(|(id, other)| *id != run && other.begun.app == *app && !other.phase.is_closed());
        other.map_or(Ok(()), |(id, _)| Err(StoreError::OpenRun { run: id.clone() }))
    }

    fn run(&self, run: &RunId) -> Result<&RunRecord, StoreError> {
        self.runs.get(run).ok_or_else(|| StoreError::NoSuchRun(run.clone()))
    }

    fn drop_unnamed_blobs(&mut self) {
        let kept = self.runs.values().filter(|run| !run.forgotten);
        let named: BTreeSet<_> = kept.flat_map(|run| run.begun.frozen.values().cloned()).collect();
        self.blobs.retain(|hash, _| named.contains(hash));
    }
}

impl RunRecord {
    fn begin(nth: usize, begun: RunHeader, line: &StoredEntry) -> Self {
        let at = line.at.wall_ms;
        let lines = vec![line.clone()];
        Self {
            nth,
            phase: begun.purpose.first_phase(),
            begun,
            lines,
            format: line.v,
            began_ms: at,
            last_ms: at,
            forgotten: false,
        }
    }

    fn push(&mut self, line: &StoredEntry) {
        self.phase = line.entry.phase().unwrap_or(self.phase);
        self.format = self.format.max(line.v);
        self.last_ms = line.at.wall_ms;
        self.lines.push(line.clone());
    }

    fn row(&self, run: &RunId) -> RunRow {
        let readable = self.format <= FORMAT;
        RunRow {
            run: run.clone(),
            app: self.begun.app.clone(),
            phase: readable.then_some(self.phase),
            begun: readable.then(|| self.begun.clone()),
            began_ms: self.began_ms,
            last_ms: self.last_ms,
            forgotten: self.forgotten,
        }
    }
}

#[async_trait]
impl JournalStore for MemoryStore {
    fn journal(&self) -> &JournalId {
        &self.journal
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let begun = super::beginning(line).map_err(|reason| self.unusable(reason))?;
        let mut book = self.book();
        super::same_app(lease, begun)?;
        book.fence(&lease.key, lease.token)?;
        if book.runs.contains_key(&begun.run) {
            return Err(StoreError::Conflict { run: begun.run.clone(), seq: 0 });
        }
        book.only_open(&begun.app, &begun.run)?;
        for hash in begun.frozen.values() {
            if !blobs.contains_key(hash) && !book.blobs.contains_key(hash) {
                return Err(self.unusable(super::missing_blob(hash)));
            }
        }
        for hash in begun.frozen.values() {
            if let Some(bytes) = blobs.get(hash) {
                book.blobs.entry(hash.clone()).or_insert_with(|| bytes.clone());
            }
        }
        let nth = book.runs.len();
        book.runs.insert(begun.run.clone(), RunRecord::begin(nth, begun.clone(), line));
        Ok(())
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        let mut book = self.book();
        let known = book.run(run)?;
        let app = known.begun.app.clone();
        book.fence(&app.to_string(), token)?;
        if known.forgotten || known.lines.len() as u64 != seq {
            return Err(StoreError::Conflict { run: run.clone(), seq });
        }
        if line.entry.phase().is_some_and(|phase| !phase.is_closed()) {
            book.only_open(&app, run)?;
        }
        book.runs.get_mut(run).expect("it was there a moment ago").push(line);
        Ok(())
    }

    async fn load(&self, run: &RunId) -> Result<StoredRun, StoreError> {
        let book = self.book();
        let known = book.run(run)?;
        let unreadable = |reason| StoreError::Unreadable { run: run.clone(), reason };
        if known.forgotten {
            return Err(unreadable(super::FORGOTTEN.to_owned()));
        }
        if let Some(seq) = known.lines.iter().position(|line| line.v > FORMAT) {
            return Err(unreadable(super::newer(seq, known.lines[seq].v)));
        }
        let hashes: BTreeSet<_> = known.begun.frozen.values().collect();
        let blobs = hashes.into_iter().filter_map(|hash| book.blobs.get_key_value(hash));
        let blobs = blobs.map(|(hash, bytes)| (hash.clone(), bytes.clone())).collect();
        Ok(StoredRun { lines: known.lines.clone(), blobs })
    }

    async fn list(&self, app: Option<&AppKey>) -> Result<Vec<RunRow>, StoreError> {
        let book = self.book();
        let wanted = book.runs.iter().filter(|(_, known)| app.is_none_or(|app| known.begun.app == *app));
        let mut wanted: Vec<_> = wanted.collect();
        wanted.sort_by_key(|(_, known)| known.nth);
        Ok(wanted.into_iter().map(|(run, known)| known.row(run)).collect())
    }

    async fn acquire(&self, key: &str, holder: &Holder) -> Result<Acquisition, StoreError> {
        let now = lease_record::now(&*self.clock);
        let mut book = self.book();
        let last = book.tenures.get(key);
        if book.locks.contains_key(key) {
            return Ok(Acquisition::Busy(LeaseRecord::behind_the_lock(last, self.clock.wall())));
        }
        if let Some(last) = last.filter(|last| !last.may_pass_to(holder, &now)) {
            return Ok(Acquisition::Busy(last.holder()));
        }
        let next = LeaseRecord::after(last, holder, &now);
        let lease = lease_record::lease(key, next.token, &now);
        let over = last.and_then(LeaseRecord::unreturned);
        book.locks.insert(key.to_owned(), Lock { process: self.process, token: next.token });
        book.tenures.insert(key.to_owned(), next);
        Ok(Acquisition::Acquired { lease, over })
    }

    async fn renew(&self, lease: &mut Lease) -> Result<(), StoreError> {
        let now = lease_record::now(&*self.clock);
        let mut book = self.book();
        book.fence(&lease.key, lease.token)?;
        let kept = book.tenures.get_mut(&lease.key).expect("the fence has just seen it");
        *kept = kept.clone().renewed(&now);
        lease.until = lease_record::until(&now);
        Ok(())
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        let mut book = self.book();
        book.end_lease(&lease.key, lease.token);
        let ours = |lock: &Lock| lock.process == self.process && lock.token == lease.token;
        if book.locks.get(&lease.key).is_some_and(ours) {
            book.locks.remove(&lease.key);
        }
        Ok(())
    }

    async fn evict(&self, key: &str, token: u64) -> Result<(), StoreError> {
        self.book().end_lease(key, token);
        Ok(())
    }

    async fn purge(&self, run: &RunId) -> Result<(), StoreError> {
        let mut book = self.book();
        if !book.run(run)?.phase.is_closed() {
            return Err(StoreError::NotClosed(run.clone()));
        }
        let known = book.runs.get_mut(run).expect("it was there a moment ago");
        known.forgotten = true;
        known.lines.clear();
        book.drop_unnamed_blobs();
        Ok(())
    }
}
