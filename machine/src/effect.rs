//! Effects: what is written before and after each request that changes the world.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mark::Mark;
use crate::moment::Moment;
use crate::receipt::{Fields, Receipt};
use crate::step::Step;

/// A request as the journal may know it: no header, no secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// The HTTP method.
    pub method: String,
    /// The URL's host and path.
    pub target: String,
    /// The fields sent that matter for knowing the thing again.
    pub fields: Fields,
}

/// How long one attempt may run, and how long it may take effect after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was about to be sent.
    pub sent: Moment,
    /// From then on, when we stop waiting for the answer, in milliseconds.
    pub give_up_ms: u64,
    /// From then on, when it can no longer take effect, in milliseconds.
    pub settle_ms: u64,
}

impl Attempt {
    /// How much of the settle window is left at `now`.
    #[must_use]
    pub fn unsettled_for(&self, now: &Moment) -> Duration {
        Duration::from_millis(self.settle_ms).saturating_sub(self.sent.until(now))
    }
}

/// What kind of write it is, which decides how doubt about it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Makes a new object each time: settled by looking for the mark.
    Create,
    /// Says the same however often it is sent: settled by sending again.
    Converge,
    /// Sets something going: settled by looking whether it goes.
    Trigger,
}

/// About to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    /// The step it is for.
    pub step: Step,
    /// What kind of write.
    pub kind: Kind,
    /// The mark that a created object carries.
    pub mark: Mark,
    /// The request.
    pub request: Redacted,
    /// What is there now, where something is changed.
    pub before: Fields,
    /// Its times.
    pub attempt: Attempt,
}

/// How an attempt was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By its own answer.
    Answer,
    /// By asking afterwards.
    Inquiry,
    /// By looking before anything was sent.
    Look,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The thing is there.
    Have(Receipt),
    /// The API said no, and did nothing.
    Refused {
        /// In its words.
        reason: String,
    },
    /// The attempt took no effect.
    Absent,
}

/// One thing that can be written about an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// A write is about to be sent.
    Intended(Intended),
    /// It is known what came of a step.
    Settled {
        /// The step.
        step: Step,
        /// How it came to be known.
        by: By,
        /// What came of it.
        verdict: Verdict,
    },
    /// One more object of ours: a step has one already, or it took effect after its attempt was given up, or after
    /// its run had ended.
    Surplus {
        /// The object.
        receipt: Receipt,
    },
    /// A write that undoes something is about to be sent.
    UndoIntended {
        /// The thing undone.
        thing: Step,
        /// Its id.
        id: String,
        /// The request.
        request: Redacted,
        /// Its times.
        attempt: Attempt,
    },
    /// The write that was sent last to undo something got no clear answer: it may still take effect.
    UndoDoubted {
        /// The thing undone.
        thing: Step,
        /// Its id.
        id: String,
    },
    /// The thing is gone, or as it was before; read back.
    Undone {
        /// The thing.
        thing: Step,
        /// Its id.
        id: String,
    },
    /// The thing could not be undone.
    UndoBlocked {
        /// The thing.
        thing: Step,
        /// Its id.
        id: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The thing was made by us and stays, because others use it by now.
    Kept {
        /// The thing.
        thing: Step,
        /// Its id.
        id: String,
        /// Who uses it.
        reason: String,
    },
    /// A person gave up on undoing the thing.
    Abandoned {
        /// The thing.
        thing: Step,
        /// Why.
        reason: String,
    },
}

impl Effect {
    /// The step or thing it is about.
    pub fn step(&self) -> Step {
        match self {
            Self::Intended(wanted) => wanted.step,
            Self::Surplus { receipt } => receipt.step,
            Self::Settled { step, .. } => *step,
            Self::UndoIntended { thing, .. }
            | Self::UndoDoubted { thing, .. }
            | Self::Undone { thing, .. }
            | Self::UndoBlocked { thing, .. }
            | Self::Kept { thing, .. }
            | Self::Abandoned { thing, .. } => *thing,
        }
    }

    /// A short name for screens and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Intended(_) => "intended",
            Self::Settled { .. } => "settled",
            Self::Surplus { .. } => "surplus",
            Self::UndoIntended { .. } => "undo-intended",
            Self::UndoDoubted { .. } => "undo-doubted",
            Self::Undone { .. } => "undone",
            Self::UndoBlocked { .. } => "undo-blocked",
            Self::Kept { .. } => "kept",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}
