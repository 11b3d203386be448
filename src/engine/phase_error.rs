//! Why the work of a phase ended before it was done.

use machine::cause::{Cause, CauseKind};
use machine::deployment::RecordError;
use machine::readiness::NotReady;
use machine::statechart::ExternalEvent;

use crate::journal::StoreError;
use crate::plan::release::ReleaseError;
use crate::providers::ReadError;

/// What keeps a run from going on where it is. It can be resumed.
#[derive(Debug)]
pub enum Interruption {
    /// It stops at a safe point, for this reason.
    Parked {
        /// What the statechart is asked.
        event: ExternalEvent,
        /// What happened.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// Another runner holds the app now.
    Fenced,
    /// The journal does not take entries.
    Unwritable(StoreError),
}

/// Why the work of a phase was not done.
#[derive(Debug)]
pub enum PhaseError {
    /// It cannot be done: undo.
    Fail(Cause),
    /// It can be resumed.
    Interruption(Interruption),
}

impl Interruption {
    /// Something that the run needs cannot be had now: a reason, and what to do about it.
    pub fn park(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Parked { event: ExternalEvent::Unavailable, reason: reason.into(), hint: hint.into() }
    }

    /// A vendor does not accept the token any more.
    pub fn token_refused(reason: impl Into<String>) -> Self {
        let (reason, hint) = (reason.into(), "check the token, then resume".to_owned());
        Self::Parked { event: ExternalEvent::TokenRefused, reason, hint }
    }

    /// Somebody asked the process to stop, by `event`.
    pub fn stopped(event: ExternalEvent) -> Self {
        Self::Parked { event, reason: "interrupted".to_owned(), hint: "resume or roll back".to_owned() }
    }

    /// What the statechart is asked.
    pub fn event(&self) -> ExternalEvent {
        match self {
            Self::Parked { event, .. } => *event,
            Self::Fenced => ExternalEvent::LeaseLost,
            Self::Unwritable(_) => ExternalEvent::Unavailable,
        }
    }
}

impl From<StoreError> for Interruption {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fenced { .. } | StoreError::Conflict { .. } => Self::Fenced,
            error => Self::Unwritable(error),
        }
    }
}

impl From<ReleaseError> for Interruption {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Store(error) => error.into(),
            damaged @ ReleaseError::Damaged { .. } => {
                Self::park(damaged.to_string(), "put a backup of the journal in its place")
            }
            unreadable @ ReleaseError::Replay { .. } => {
                Self::park(unreadable.to_string(), "the version that wrote it can go on")
            }
        }
    }
}

impl From<RecordError<StoreError>> for Interruption {
    fn from(error: RecordError<StoreError>) -> Self {
        match error {
            RecordError::Journal(error) => error.into(),
            RecordError::Illegal(illegal) => {
                Self::park(illegal.to_string(), "this is a defect in Fabrik; nothing was sent for it")
            }
        }
    }
}

// The work of a phase leaves on record what the next move asks for.
impl<P> From<Box<NotReady<P>>> for Interruption {
    fn from(not_ready: Box<NotReady<P>>) -> Self {
        Self::park(not_ready.to_string(), "this is a defect in Fabrik; the run stays where it is")
    }
}

impl<E: Into<Interruption>> From<E> for PhaseError {
    fn from(error: E) -> Self {
        Self::Interruption(error.into())
    }
}

// What could not be read is never taken for absent: the run waits until it can be read.
impl From<ReadError> for Interruption {
    fn from(trouble: ReadError) -> Self {
        let hint = match &trouble {
            ReadError::TokenRefused { .. } => return Self::token_refused(trouble.to_string()),
            ReadError::NoToken { .. } => "set it in the environment or in `.env`, then resume",
            ReadError::Elsewhere { .. } => "give the token the run was started with, then resume",
            ReadError::Unreachable { .. } | ReadError::Misdirected { .. } => "resume when it answers again",
            ReadError::Refused { .. } | ReadError::Unintelligible { .. } => {
                "look at it, then resume or roll back"
            }
        };
        Self::park(trouble.to_string(), hint)
    }
}

/// A cause of kind *failed*.
pub fn failed(message: impl Into<String>, hint: impl Into<String>) -> Cause {
    Cause { kind: CauseKind::Failed, message: message.into(), hint: hint.into(), evidence: Vec::new() }
}

/// A cause of kind *refused*.
pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Cause {
    Cause { kind: CauseKind::Refused, message: message.into(), hint: hint.into(), evidence: Vec::new() }
}
