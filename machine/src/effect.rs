//! Effects: what is written before and after each request that changes the world.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::receipt::{Attributes, ResourceState};
use crate::step::Step;
use crate::tag::OwnershipTag;
use crate::timestamp::DualTimestamp;

/// A request as the journal may know it: no header, no secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactedRequest {
    /// The HTTP method.
    pub method: String,
    /// The URL's host and path.
    pub target: String,
    /// The attributes sent that matter for recognizing the resource.
    #[serde(rename = "fields")]
    pub attributes: Attributes,
}

/// How long one attempt may run, and how long it may take effect after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was about to be sent.
    pub sent: DualTimestamp,
    /// From then on, when we stop waiting for the answer, in milliseconds.
    #[serde(rename = "give_up_ms")]
    pub timeout_ms: u64,
    /// From then on, when it can no longer take effect, in milliseconds.
    pub settle_ms: u64,
}

impl Attempt {
    /// How much of the settle window is left at `now`.
    #[must_use]
    pub fn unsettled_for(&self, now: &DualTimestamp) -> Duration {
        Duration::from_millis(self.settle_ms).saturating_sub(self.sent.until(now))
    }
}

/// What sending a request twice does, which decides how an attempt in doubt is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestSemantics {
    /// Creates another object each time: resolved by listing what carries the ownership tag.
    #[serde(rename = "create")]
    NonIdempotent,
    /// Has the same effect however often it is sent: resolved by sending it again.
    #[serde(rename = "converge")]
    Idempotent,
    /// Starts something: resolved by looking whether it was started.
    Trigger,
}

/// About to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intended {
    pub step: Step,
    /// What kind of write.
    #[serde(rename = "kind")]
    pub semantics: RequestSemantics,
    /// The ownership tag that a created object carries.
    #[serde(rename = "mark")]
    pub tag: OwnershipTag,
    pub request: RedactedRequest,
    /// What is there now, where something is changed.
    pub before: Attributes,
    /// Its times.
    pub attempt: Attempt,
}

/// How the outcome of an attempt became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResolvedBy {
    /// By its own response.
    #[serde(rename = "answer")]
    Response,
    /// By reading back what it left.
    #[serde(rename = "inquiry")]
    Reconciliation,
    /// By reading before anything was sent.
    #[serde(rename = "look")]
    Observation,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectOutcome {
    #[serde(rename = "have")]
    Applied(ResourceState),
    /// The API said no, and did nothing.
    #[serde(rename = "refused")]
    Rejected {
        /// In its words.
        reason: String,
    },
    /// The attempt took no effect.
    #[serde(rename = "absent")]
    NotApplied,
}

/// One entry about a write to the outside: its intent, or what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// A write is about to be sent.
    Intended(Intended),
    /// It is known what came of a step.
    #[serde(rename = "settled")]
    Resolved {
        step: Step,
        /// How it became known.
        by: ResolvedBy,
        /// What came of it.
        #[serde(rename = "verdict")]
        outcome: EffectOutcome,
    },
    /// One more object of ours: a step has one already, or it took effect after its attempt was given up, or after
    /// its run had ended.
    #[serde(rename = "surplus")]
    Duplicate {
        /// The object.
        #[serde(rename = "receipt")]
        state: ResourceState,
    },
    /// A write that undoes something is about to be sent.
    UndoIntended {
        /// The resource undone.
        #[serde(rename = "thing")]
        resource: Step,
        id: String,
        request: RedactedRequest,
        /// Its times.
        attempt: Attempt,
    },
    /// The write that was sent last to undo something got no clear answer: it may still take effect.
    UndoDoubted {
        /// The resource undone.
        #[serde(rename = "thing")]
        resource: Step,
        id: String,
    },
    /// The resource is gone, or as it was before; read back.
    Undone {
        #[serde(rename = "thing")]
        resource: Step,
        id: String,
    },
    /// The resource could not be undone.
    UndoBlocked {
        #[serde(rename = "thing")]
        resource: Step,
        id: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The resource was made by us and stays, because others use it by now.
    #[serde(rename = "kept")]
    Retained {
        #[serde(rename = "thing")]
        resource: Step,
        id: String,
        /// Who uses it.
        reason: String,
    },
    /// A person gave up on undoing the resource.
    Abandoned {
        #[serde(rename = "thing")]
        resource: Step,
        reason: String,
    },
}

impl Effect {
    /// The step or resource it is about.
    pub fn step(&self) -> Step {
        match self {
            Self::Intended(wanted) => wanted.step,
            Self::Duplicate { state } => state.step,
            Self::Resolved { step, .. } => *step,
            Self::UndoIntended { resource, .. }
            | Self::UndoDoubted { resource, .. }
            | Self::Undone { resource, .. }
            | Self::UndoBlocked { resource, .. }
            | Self::Retained { resource, .. }
            | Self::Abandoned { resource, .. } => *resource,
        }
    }

    /// A short name for screens and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Intended(_) => "intended",
            Self::Resolved { .. } => "settled",
            Self::Duplicate { .. } => "surplus",
            Self::UndoIntended { .. } => "undo-intended",
            Self::UndoDoubted { .. } => "undo-doubted",
            Self::Undone { .. } => "undone",
            Self::UndoBlocked { .. } => "undo-blocked",
            Self::Retained { .. } => "kept",
            Self::Abandoned { .. } => "abandoned",
        }
    }
}
