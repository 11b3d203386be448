//! Where it is written: the journal's nine verbs, and what they promise.
//!
//! A store keeps runs as append-only lists of lines and settles who may write. It knows nothing of what the
//! lines mean beyond the phase they lead to. One conformance suite holds for every store.

#[cfg(test)]
mod conformance;
pub mod decorator;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod fixtures;
mod lease_record;
pub mod memory;
pub mod sqlite;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use machine::app::AppKey;
use machine::entry::{FORMAT, JournalEntry, RunHeader, StoredEntry};
use machine::id::{JournalId, RunId};
use machine::phase::PhaseKind;
use serde::{Deserialize, Serialize};

/// Who holds a lease; for display only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// `user@host`.
    pub who: String,
    /// The process id, in its own namespace.
    pub pid: u32,
    /// The boot of the machine it ran on.
    pub boot: String,
    /// The command line's verb and app, for example `apply my-api.yaml`.
    pub command: String,
}

impl Holder {
    /// Somebody of whom only this is known.
    pub fn unknown(who: &str) -> Self {
        Self { who: who.to_owned(), pid: 0, boot: String::new(), command: String::new() }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pid == 0 {
            return f.write_str(&self.who);
        }
        write!(f, "{}, pid {}, `fabrik {}`", self.who, self.pid, self.command)
    }
}

/// The right to write, until it runs out or a newer one is given. There is one of it: it is moved, and given back once.
///
/// ```
/// # use fabrik::journal::{JournalStore, Lease, StoreError};
/// async fn once(store: &dyn JournalStore, lease: Lease) -> Result<(), StoreError> {
///     store.release(lease).await
/// }
/// ```
/// ```compile_fail,E0382
/// # use fabrik::journal::{JournalStore, Lease, StoreError};
/// async fn twice(store: &dyn JournalStore, lease: Lease) -> Result<(), StoreError> {
///     store.release(lease).await?;
///     store.release(lease).await
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is held: an app's key, or `project/<ports>/<name>`.
    pub key: String,
    /// Rises strictly with each claim of the key.
    pub token: u64,
    /// When it runs out, on the clock of [`crate::net::Clock::boot`]; anchored before the store was asked.
    pub until: Duration,
}

/// Who has a key, or had it and did not give it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    pub by: Holder,
    /// Since when, by the wall clock.
    pub since: jiff::Timestamp,
    /// Under which token. Whoever gives back a lease with it ends this tenure and no later one.
    pub token: u64,
}

/// What came of a claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Acquisition {
    /// Ours now.
    Acquired {
        /// The right to write.
        lease: Lease,
        /// Whose it was until now, where that one never gave it back: dead, or run out.
        over: Option<LeaseHolder>,
    },
    /// Somebody else's.
    Busy(LeaseHolder),
}

/// A run, as the list shows it: a fold of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub run: RunId,
    pub app: AppKey,
    /// The phase its last move led to; `None` where its lines cannot be read by this version.
    pub phase: Option<PhaseKind>,
    /// How it began: hash, fingerprints, place. `None` where it cannot be read.
    pub begun: Option<RunHeader>,
    /// Milliseconds since 1970 of its first and last line.
    pub began_ms: u64,
    /// Milliseconds since 1970 of its last line.
    pub last_ms: u64,
    /// Whether its lines were forgotten and only this row remains.
    pub forgotten: bool,
}

/// A run with all its lines and the blobs that its beginning names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// The lines, in order, without gaps.
    pub lines: Vec<StoredEntry>,
    /// What is frozen with it, by SHA-256 (hexadecimal).
    pub blobs: BTreeMap<String, Vec<u8>>,
}

/// Why a verb did not do its work. In every case nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer runner holds the app, or the lease ran out and was given away.
    #[error("another runner holds `{key}` now")]
    Fenced {
        /// What was held.
        key: String,
    },
    /// Somebody else wrote this place of the list first.
    #[error("run {run} has entry {seq} already")]
    Conflict {
        run: RunId,
        /// The place, from 0.
        seq: u64,
    },
    /// The app has a run that is not closed.
    #[error("run {run} of this app is not closed")]
    OpenRun { run: RunId },
    #[error("no run {0} in this journal")]
    NoSuchRun(RunId),
    /// Only closed runs can be forgotten.
    #[error("run {0} is not closed")]
    NotClosed(RunId),
    /// The lines cannot be read by this version.
    #[error("run {run} cannot be read by this version: {reason}")]
    Unreadable { run: RunId, reason: String },
    /// The file or server cannot be used.
    #[error("journal {place}: {reason}")]
    Unusable {
        place: String,
        reason: String,
        /// What to do; empty where the reason says it all.
        hint: &'static str,
    },
}

impl StoreError {
    /// What to do about it; empty where it says all itself.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unusable { hint, .. } => hint,
            Self::Fenced { .. }
            | Self::Conflict { .. }
            | Self::OpenRun { .. }
            | Self::NoSuchRun(_)
            | Self::NotClosed(_)
            | Self::Unreadable { .. } => "",
        }
    }
}

/// How long a lease lasts from the moment it is claimed or renewed.
pub const LEASE: Duration = Duration::from_secs(180);

/// A journal's home.
#[async_trait]
pub trait JournalStore: Send + Sync {
    /// The journal's own id, the same for ever.
    fn journal(&self) -> &JournalId;

    /// Begins a run: its first line (which must be [`machine::entry::JournalEntry::Begun`]) and its blobs, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::OpenRun`] when the app has a run that is not closed, [`StoreError::Fenced`] without the app's lease.
    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError>;

    /// Appends line number `seq` to `run`; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] for a token that is not the newest of the run's app, [`StoreError::Conflict`] for a place
    /// that is taken or leaves a gap, [`StoreError::OpenRun`] when it would reopen a run beside another open one.
    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError>;

    /// The run with all its lines and blobs.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`], [`StoreError::Unreadable`].
    async fn load(&self, run: &RunId) -> Result<StoredRun, StoreError>;

    /// All runs in the order in which they were begun, whatever the clock said then; of one app if `app` is given. One
    /// unreadable run never hides the others.
    ///
    /// # Errors
    /// [`StoreError::Unusable`].
    async fn list(&self, app: Option<&AppKey>) -> Result<Vec<RunRow>, StoreError>;

    /// Claims `key` for [`LEASE`]: free, run out, or held by a process that is provably dead (its OS lock is free, or it
    /// lived in another boot of this host).
    ///
    /// # Errors
    /// [`StoreError::Unusable`].
    async fn acquire(&self, key: &str, holder: &Holder) -> Result<Acquisition, StoreError>;

    /// Makes the lease last [`LEASE`] from now on.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when a newer token was given.
    async fn renew(&self, lease: &mut Lease) -> Result<(), StoreError>;

    /// Gives the lease back. Giving back one that is no longer ours does nothing.
    ///
    /// # Errors
    /// [`StoreError::Unusable`].
    async fn release(&self, lease: Lease) -> Result<(), StoreError>;

    /// Ends the lease on `key` that was given under `token`, whoever holds it, and no later one. Its process may write no
    /// more; its lock on this host stays until it ends.
    ///
    /// # Errors
    /// [`StoreError::Unusable`].
    async fn evict(&self, key: &str, token: u64) -> Result<(), StoreError>;

    /// Drops the lines and blobs of a closed run; its row stays as a tombstone.
    ///
    /// # Errors
    /// [`StoreError::NotClosed`], [`StoreError::NoSuchRun`].
    async fn purge(&self, run: &RunId) -> Result<(), StoreError>;
}

/// The beginning that a run's first line must hold.
fn beginning(line: &StoredEntry) -> Result<&RunHeader, String> {
    match &line.entry {
        JournalEntry::Begun(begun) => Ok(begun),
        other => Err(format!("a run cannot begin with `{}`", other.name())),
    }
}

/// A lease on one app does not let another one begin.
fn same_app(lease: &Lease, begun: &RunHeader) -> Result<(), StoreError> {
    let key = begun.app.to_string();
    if lease.key == key { Ok(()) } else { Err(StoreError::Fenced { key }) }
}

const FORGOTTEN: &str = "its entries were forgotten";

fn newer(seq: usize, format: u32) -> String {
    format!("entry {seq} is in format {format}, this version reads up to {FORMAT}: use the newer version")
}

fn missing_blob(hash: &str) -> String {
    format!("blob {hash} is named by the run but was not given")
}
