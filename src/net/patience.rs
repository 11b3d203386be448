//! How long the reads of one API are tried again: briefly until it has answered once, then for longer.
//!
//! A mistyped URL is told at once, and an API that was there a moment ago is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a read is tried again before the first answer.
pub(crate) const BEFORE_FIRST_ANSWER: Duration = Duration::from_secs(5);

/// The patience with one API. Clones share what they know.
#[derive(Debug, Clone)]
pub struct Patience {
    answered: Arc<AtomicBool>,
    full: Duration,
}

impl Patience {
    /// With an API that has not answered yet; `full` is how long its reads are tried again once it has.
    pub fn of(full: Duration) -> Self {
        Self { answered: Arc::default(), full }
    }

    /// How long a read is tried again, as far as is known now.
    pub fn now(&self) -> Duration {
        if self.has_answered() { self.full } else { self.full.min(BEFORE_FIRST_ANSWER) }
    }

    /// Whether the API has answered before.
    pub fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Learns that the API is there.
    pub fn learn_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }
}
