//! A journal whose leases are renewed for as long as they are held.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::journal::decorator::StoreDecorator;
use crate::journal::sqlite::{Renewal, SqliteStore};
use crate::journal::{Acquisition, Holder, JournalStore, Lease, StoreError};

/// An SQLite journal with a renewing thread for every lease that it gave out.
pub(crate) struct RenewingStore {
    inner: SqliteStore,
    renewals: Mutex<HashMap<String, Renewal>>,
}

impl RenewingStore {
    /// Keeps the leases of `inner`.
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self { inner, renewals: Mutex::default() }
    }

    fn renewals(&self) -> MutexGuard<'_, HashMap<String, Renewal>> {
        self.renewals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StoreDecorator for RenewingStore {
    fn below(&self) -> &dyn JournalStore {
        &self.inner
    }

    async fn claim(&self, key: &str, holder: &Holder) -> Result<Acquisition, StoreError> {
        let claim = self.inner.acquire(key, holder).await?;
        if let Acquisition::Acquired { lease, .. } = &claim {
            let renewal = self.inner.keep(lease)?;
            self.renewals().insert(key.to_owned(), renewal);
        }
        Ok(claim)
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        // The thread first: it must not renew what was given back.
        let renewal = self.renewals().remove(&lease.key);
        drop(renewal);
        self.inner.release(lease).await
    }
}
