//! Moves that are not in the journal yet: the result of a move is a deployment only once its entry is written.

use std::future::Future;

use crate::deployment::Deployment;
use crate::entry::JournalEntry;

/// Where entries are written.
pub trait Journal {
    /// Why an entry was not written.
    type Error;

    /// Writes `entry` durably. When this returns `Ok`, the entry outlives a power cut.
    fn append(&mut self, entry: &JournalEntry) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A journal for tests and examples: what is in it lives as long as the process.
impl Journal for Vec<JournalEntry> {
    type Error = std::convert::Infallible;

    async fn append(&mut self, entry: &JournalEntry) -> Result<(), Self::Error> {
        self.push(entry.clone());
        Ok(())
    }
}

/// A move that was made but is not written, and so does not count.
#[must_use = "a move counts only once it is written"]
#[derive(Debug)]
pub struct Uncommitted<P> {
    entry: JournalEntry,
    next: Deployment<P>,
}

impl<P> Uncommitted<P> {
    pub(crate) fn new(entry: JournalEntry, next: Deployment<P>) -> Self {
        Self { entry, next }
    }

    /// The entry that would be written.
    pub fn entry(&self) -> &JournalEntry {
        &self.entry
    }

    /// Writes the entry and only then hands out the deployment in its new phase.
    ///
    /// # Errors
    /// The journal's own; the deployment is spent then, and what counts is what the journal holds.
    pub async fn commit<J: Journal>(self, journal: &mut J) -> Result<Deployment<P>, J::Error> {
        journal.append(&self.entry).await?;
        Ok(self.next)
    }

    /// Hands out the deployment if `written` is the very entry that this move writes.
    pub(crate) fn already(self, written: &JournalEntry) -> Option<Deployment<P>> {
        (self.entry == *written).then_some(self.next)
    }
}
