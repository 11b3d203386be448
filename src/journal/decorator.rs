//! A journal over another one: it adds to some verbs and passes on the rest.

use std::collections::BTreeMap;

use async_trait::async_trait;
use machine::app::AppKey;
use machine::entry::StoredEntry;
use machine::id::{JournalId, RunId};

use super::{Acquisition, Holder, JournalStore, Lease, RunRow, StoreError, StoredRun};

/// What lies over another store. Each verb means what it means in [`JournalStore`], and is passed on
/// to the store below unless it is overridden.
#[async_trait]
pub trait StoreDecorator: Send + Sync {
    /// The store that this one lies over.
    fn below(&self) -> &dyn JournalStore;

    /// [`JournalStore::begin`].
    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.below().begin(lease, line, blobs).await
    }

    /// [`JournalStore::append`].
    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        self.below().append(run, seq, token, line).await
    }

    /// Asked before each verb that neither begins nor appends.
    ///
    /// # Errors
    /// What the verb is refused with.
    fn admits(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// [`JournalStore::acquire`].
    async fn claim(&self, key: &str, holder: &Holder) -> Result<Acquisition, StoreError> {
        self.below().acquire(key, holder).await
    }

    /// [`JournalStore::renew`].
    async fn renew(&self, lease: &mut Lease) -> Result<(), StoreError> {
        self.below().renew(lease).await
    }

    /// [`JournalStore::release`].
    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.below().release(lease).await
    }
}

#[async_trait]
impl<L: StoreDecorator> JournalStore for L {
    fn journal(&self) -> &JournalId {
        self.below().journal()
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        StoreDecorator::begin(self, lease, line, blobs).await
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        StoreDecorator::append(self, run, seq, token, line).await
    }

    async fn load(&self, run: &RunId) -> Result<StoredRun, StoreError> {
        self.admits()?;
        self.below().load(run).await
    }

    async fn list(&self, app: Option<&AppKey>) -> Result<Vec<RunRow>, StoreError> {
        self.admits()?;
        self.below().list(app).await
    }

    async fn acquire(&self, key: &str, holder: &Holder) -> Result<Acquisition, StoreError> {
        self.admits()?;
        StoreDecorator::claim(self, key, holder).await
    }

    async fn renew(&self, lease: &mut Lease) -> Result<(), StoreError> {
        self.admits()?;
        StoreDecorator::renew(self, lease).await
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.admits()?;
        StoreDecorator::release(self, lease).await
    }

    async fn evict(&self, key: &str, token: u64) -> Result<(), StoreError> {
        self.admits()?;
        self.below().evict(key, token).await
    }

    async fn purge(&self, run: &RunId) -> Result<(), StoreError> {
        self.admits()?;
        self.below().purge(run).await
    }
}
