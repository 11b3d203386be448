//! A journal whose leases are renewed for as long as they are held.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use machine::app::AppKey;
use machine::entry::Line;
use machine::id::{JournalId, RunId};

use crate::store::sqlite::{Renewal, SqliteStore};
use crate::store::{Claim, Holder, Lease, Loaded, RunRow, Store, StoreError};

/// An SQLite journal with a renewing thread for every lease that it gave out.
pub struct KeptStore {
    inner: SqliteStore,
    renewals: Mutex<HashMap<String, Renewal>>,
}

impl KeptStore {
    /// Keeps the leases of `inner`.
    pub fn new(inner: SqliteStore) -> Self {
        Self { inner, renewals: Mutex::default() }
    }

    fn renewals(&self) -> MutexGuard<'_, HashMap<String, Renewal>> {
        self.renewals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for KeptStore {
    fn journal(&self) -> &JournalId {
        self.inner.journal()
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &Line,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.inner.begin(lease, line, blobs).await
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &Line) -> Result<(), StoreError> {
        self.inner.append(run, seq, token, line).await
    }

    async fn load(&self, run: &RunId) -> Result<Loaded, StoreError> {
        self.inner.load(run).await
    }

    async fn list(&self, app: Option<&AppKey>) -> Result<Vec<RunRow>, StoreError> {
        self.inner.list(app).await
    }

    async fn claim(&self, key: &str, holder: &Holder) -> Result<Claim, StoreError> {
        let claim = self.inner.claim(key, holder).await?;
        if let Claim::Held { lease, .. } = &claim {
            let renewal = self.inner.keep(lease.clone())?;
            self.renewals().insert(key.to_owned(), renewal);
        }
        Ok(claim)
    }

    async fn renew(&self, lease: &Lease) -> Result<Lease, StoreError> {
        self.inner.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        // The thread first: it must not renew what was given back.
        let renewal = self.renewals().remove(&lease.key);
        drop(renewal);
        self.inner.release(lease).await
    }

    async fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        self.inner.forget(run).await
    }
}
