//! What a run tells its onlookers, as it happens. Listeners only look on; nothing they do changes a run.

use std::time::Duration;

use machine::cause::Cause;
use machine::entry::Proof;
use machine::id::RunId;
use machine::phase::PhaseKind;

use super::waits::Wait;
use crate::secrets::Secret;

/// How a step came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It was there as wanted.
    Found,
    Checked,
    /// It was destroyed.
    Removed,
    /// It was put back as before.
    Restored,
    /// It stays, because others use it.
    Kept,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run begins or is resumed.
    Began {
        /// The app's name.
        app: String,
        /// Where it will answer: nowhere, for a worker.
        endpoints: Vec<String>,
        run: RunId,
        /// Whether it was begun earlier.
        resumed: bool,
    },
    /// A run enters a phase; written already.
    Entered(PhaseKind),
    /// A step is done.
    Done {
        /// Its short name: `dns`, `coolify`, `build`, …
        step: &'static str,
        /// What is there now.
        what: String,
        /// How that came about.
        change: Change,
        /// How long it took.
        took: Duration,
    },
    /// Something is waited for.
    Waiting {
        /// The step that waits.
        step: &'static str,
        what: String,
    },
    /// A write got no clear answer and is being settled.
    Doubted {
        step: &'static str,
        /// What was seen.
        saw: String,
    },
    /// One look at the running app.
    Sighted {
        check: &'static str,
        /// Whether it was good.
        ok: bool,
        /// What was seen.
        saw: String,
        /// How often this check was made.
        attempt: u32,
    },
    /// The run turns back.
    TurnedBack(Cause),
    /// A resource could not be undone.
    Blocked {
        /// The resource, with its id.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Something to know that stops nothing.
    Warned(String),
    /// What verification found.
    Proven {
        /// Each check in a few words.
        checks: Vec<(String, String)>,
        /// What shows that it is the new version.
        proof: Proof,
        /// How long it took.
        took: Duration,
    },
}

/// Looks on.
pub trait EventSink: Send + Sync {
    /// Takes note of `event`.
    fn emit(&self, event: &Event);

    /// Learns that `secret` must not be shown: it was found or made up for a run.
    fn hide(&self, _secret: &Secret) {}

    /// Is told that the run lets so much time pass, and why.
    fn waits(&self, _why: Wait, _time: Duration) {}
}

/// Hears nothing.
pub struct NullSink;

impl EventSink for NullSink {
    fn emit(&self, _: &Event) {}
}
