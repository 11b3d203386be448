//! A journal that tells the sandbox's gate before and after each entry, so that a test can stop the program there.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use machine::app::AppKey;
use machine::entry::{Entry, Line};
use machine::id::{JournalId, RunId};

use crate::sandbox::Side;
use crate::sandbox::through::Through;
use crate::store::{Claim, Holder, Lease, Loaded, RunRow, Store, StoreError};

/// A journal behind the gate of a served sandbox.
pub struct HeldStore {
    inner: Arc<dyn Store>,
    gate: Through,
}

impl HeldStore {
    /// Tells `gate` of what `inner` writes.
    pub fn new(inner: Arc<dyn Store>, gate: Through) -> Self {
        Self { inner, gate }
    }

    // A gate that is gone holds nobody.
    async fn pass(&self, side: Side, line: &Line) {
        let what = match &line.entry {
            Entry::Effect(effect) => format!("append {} {}", effect.name(), effect.step().as_str()),
            entry => format!("append {}", entry.name()),
        };
        if let Err(error) = self.gate.gate(side, &what).await {
            tracing::warn!(%error, "the sandbox's gate does not answer");
        }
    }
}

#[async_trait]
impl Store for HeldStore {
    fn journal(&self) -> &JournalId {
        self.inner.journal()
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &Line,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.pass(Side::Before, line).await;
        let begun = self.inner.begin(lease, line, blobs).await;
        self.pass(Side::After, line).await;
        begun
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &Line) -> Result<(), StoreError> {
        self.pass(Side::Before, line).await;
        let appended = self.inner.append(run, seq, token, line).await;
        self.pass(Side::After, line).await;
        appended
    }

    async fn load(&self, run: &RunId) -> Result<Loaded, StoreError> {
        self.inner.load(run).await
    }

    async fn list(&self, app: Option<&AppKey>) -> Result<Vec<RunRow>, StoreError> {
        self.inner.list(app).await
    }

    async fn claim(&self, key: &str, holder: &Holder) -> Result<Claim, StoreError> {
        self.inner.claim(key, holder).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Lease, StoreError> {
        self.inner.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }

    async fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        self.inner.forget(run).await
    }
}
