//! The run's own pen: appends entries in order, under the lease.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use machine::entry::{JournalEntry, StoredEntry};
use machine::id::RunId;
use machine::phase::PhaseKind;
use machine::timestamp::DualTimestamp;

use crate::journal::{JournalStore, Lease, StoreError};
use crate::net::Clock;

/// The outside's clock, which entries are stamped with, and the host's, which leases go by.
pub type Clocks = (Arc<dyn Clock>, Arc<dyn Clock>);

/// Writes one run's entries.
pub struct RunJournal {
    store: Arc<dyn JournalStore>,
    clock: Arc<dyn Clock>,
    local_clock: Arc<dyn Clock>,
    run: RunId,
    next: u64,
    lease: Lease,
    phase: PhaseKind,
    frozen: BTreeMap<String, Vec<u8>>,
}

// A request must be answered, and its answer written, while the lease still stands.
const MARGIN: Duration = Duration::from_secs(15);

impl RunJournal {
    /// A pen for a run that is about to begin; `frozen` is kept with its first entry.
    pub fn fresh(
        store: Arc<dyn JournalStore>,
        (clock, local_clock): Clocks,
        run: RunId,
        lease: Lease,
        frozen: BTreeMap<String, Vec<u8>>,
    ) -> Self {
        Self { store, clock, local_clock, run, next: 0, lease, phase: PhaseKind::Pending, frozen }
    }

    /// A pen for a run in `phase` that has `written` entries.
    pub fn resumed(
        store: Arc<dyn JournalStore>,
        (clock, local_clock): Clocks,
        run: RunId,
        lease: Lease,
        (phase, written): (PhaseKind, usize),
    ) -> Self {
        let (next, frozen) = (written as u64, BTreeMap::new());
        Self { store, clock, local_clock, run, next, lease, phase, frozen }
    }

    /// The phase that the last move written led to.
    pub fn phase(&self) -> PhaseKind {
        self.phase
    }

    /// Makes sure that the lease outlives a request of `timeout`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another runner holds the app.
    pub async fn guard(&mut self, timeout: Duration) -> Result<(), StoreError> {
        if self.local_clock.boot() + timeout + MARGIN > self.lease.until {
            self.store.renew(&mut self.lease).await?;
        }
        Ok(())
    }

    /// Goes on where its first entry was `written`; else nothing is carried out, and the lease is given back.
    ///
    /// # Errors
    /// That of `written`.
    pub async fn opened<T>(self, written: Result<T, StoreError>) -> Result<(Self, T), StoreError> {
        match written {
            Ok(written) => Ok((self, written)),
            Err(error) => {
                self.close().await;
                Err(error)
            }
        }
    }

    /// Gives the lease back.
    pub async fn close(self) {
        // A lease that cannot be given back runs out by itself.
        let _ = self.store.release(self.lease).await;
    }

    /// This moment, as it is written.
    pub fn now(&self) -> DualTimestamp {
        moment(self.clock.as_ref())
    }
}

pub fn moment(clock: &dyn Clock) -> DualTimestamp {
    DualTimestamp {
        wall_ms: u64::try_from(clock.wall().as_millisecond()).unwrap_or(0),
        monotonic_ms: u64::try_from(clock.boot().as_millis()).unwrap_or(u64::MAX),
        boot: clock.boot_id(),
    }
}

impl machine::uncommitted::Journal for RunJournal {
    type Error = StoreError;

    async fn append(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        let line = StoredEntry::new(self.now(), entry.clone());
        if let JournalEntry::Begun(_) = entry {
            self.store.begin(&self.lease, &line, &self.frozen).await?;
        } else {
            self.store.append(&self.run, self.next, self.lease.token, &line).await?;
        }
        self.next += 1;
        self.phase = entry.phase().unwrap_or(self.phase);
        Ok(())
    }
}
