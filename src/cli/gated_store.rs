//! A journal that tells the sandbox's gate before and after each entry, so that a test can stop the program there.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use machine::entry::{JournalEntry, StoredEntry};
use machine::id::RunId;

use crate::journal::decorator::StoreDecorator;
use crate::journal::{JournalStore, Lease, StoreError};
use crate::sandbox::Side;
use crate::sandbox::through::Through;

/// A journal behind the gate of a served sandbox.
pub(crate) struct GatedStore {
    inner: Arc<dyn JournalStore>,
    gate: Through,
}

impl GatedStore {
    /// Tells `gate` of what `inner` writes.
    pub(crate) fn new(inner: Arc<dyn JournalStore>, gate: Through) -> Self {
        Self { inner, gate }
    }

    // A gate that is gone holds nobody.
    async fn pass(&self, side: Side, line: &StoredEntry) {
        let what = match &line.entry {
            JournalEntry::Effect(effect) => format!("append {} {}", effect.name(), effect.step().as_str()),
            entry => format!("append {}", entry.name()),
        };
        if let Err(error) = self.gate.gate(side, &what).await {
            tracing::warn!(%error, "the sandbox's gate does not answer");
        }
    }
}

#[async_trait]
impl StoreDecorator for GatedStore {
    fn below(&self) -> &dyn JournalStore {
        self.inner.as_ref()
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.pass(Side::Before, line).await;
        let begun = self.inner.begin(lease, line, blobs).await;
        self.pass(Side::After, line).await;
        begun
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        self.pass(Side::Before, line).await;
        let appended = self.inner.append(run, seq, token, line).await;
        self.pass(Side::After, line).await;
        appended
    }
}
