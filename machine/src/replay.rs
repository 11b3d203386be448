//! The way back: from a run's entries to the deployment they lead to, by making the same moves again.
//!
//! There is no second table of what is legal. An entry is accepted only if it is the very entry that the move
//! would write now.

use std::borrow::Cow;

use crate::deployment::Deployment;
use crate::effect::Effect;
use crate::entry::{FORMAT, JournalEntry, Purpose, RunHeader, StoredEntry};
use crate::id::RunId;
use crate::ledger::{IllegalEffect, Ledger};
use crate::phase::{
    Complete, Deploying, DestroyFailed, Destroyed, Destroying, Failed, Pending, PhaseKind, Provisioning,
    RolledBack, RollingBack, Surveying, Validating, Verifying,
};
use crate::uncommitted::Uncommitted;

/// Why entries lead to no deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is nothing, or it does not start with the beginning.
    #[error("the run has no beginning")]
    NoBeginning,
    /// Written by a newer version.
    #[error(
        "entry {seq} is in format {format}, this version reads up to {FORMAT}: use the newer version to go on"
    )]
    Newer {
        /// The entry's place, from 0.
        seq: usize,
        format: u32,
    },
    /// No move leads there.
    #[error("entry {seq} (`{entry}`) cannot follow in phase {phase}")]
    NoSuchMove {
        /// The entry's place, from 0.
        seq: usize,
        /// The entry's name.
        entry: &'static str,
        /// The phase before it.
        phase: PhaseKind,
    },
    /// The move needs what is not on record.
    #[error("entry {seq} (`{entry}`) cannot follow: {lacks}")]
    NotReady {
        /// The entry's place, from 0.
        seq: usize,
        /// The entry's name.
        entry: &'static str,
        /// What is missing or in doubt.
        lacks: String,
    },
    /// An effect contradicts the ones before it.
    #[error("entry {seq}: {illegal}")]
    Effect {
        /// The entry's place, from 0.
        seq: usize,
        /// What is wrong.
        illegal: IllegalEffect,
    },
}

/// A deployment in whichever phase its journal says.
#[derive(Debug, PartialEq, Eq)]
pub enum AnyDeployment {
    /// Just begun.
    Pending(Deployment<Pending>),
    /// Being checked and planned.
    Validating(Deployment<Validating>),
    /// At the DNS record.
    Provisioning(Deployment<Provisioning>),
    /// At Coolify.
    Deploying(Deployment<Deploying>),
    /// At the proof.
    Verifying(Deployment<Verifying>),
    /// Finished.
    Complete(Deployment<Complete>),
    /// Being undone.
    RollingBack(Deployment<RollingBack>),
    /// Undone.
    RolledBack(Deployment<RolledBack>),
    /// Not wholly undone.
    Failed(Deployment<Failed>),
    /// A destroy run that was just begun.
    Surveying(Deployment<Surveying>),
    /// Being destroyed.
    Destroying(Deployment<Destroying>),
    Destroyed(Deployment<Destroyed>),
    /// Not wholly destroyed.
    DestroyFailed(Deployment<DestroyFailed>),
}

macro_rules! each {
    ($any:expr, $d:ident => $body:expr) => {
        match $any {
            AnyDeployment::Pending($d) => $body,
            AnyDeployment::Validating($d) => $body,
            AnyDeployment::Provisioning($d) => $body,
            AnyDeployment::Deploying($d) => $body,
            AnyDeployment::Verifying($d) => $body,
            AnyDeployment::Complete($d) => $body,
            AnyDeployment::RollingBack($d) => $body,
            AnyDeployment::RolledBack($d) => $body,
            AnyDeployment::Failed($d) => $body,
            AnyDeployment::Surveying($d) => $body,
            AnyDeployment::Destroying($d) => $body,
            AnyDeployment::Destroyed($d) => $body,
            AnyDeployment::DestroyFailed($d) => $body,
        }
    };
}

macro_rules! into_any {
    ($($phase:ident),*) => {
        $(impl From<Deployment<$phase>> for AnyDeployment {
            fn from(deployment: Deployment<$phase>) -> Self {
                Self::$phase(deployment)
            }
        })*
    };
}
into_any!(Pending, Validating, Provisioning, Deploying, Verifying, Complete, RollingBack, RolledBack, Failed);
into_any!(Surveying, Destroying, Destroyed, DestroyFailed);

impl AnyDeployment {
    pub fn name(&self) -> PhaseKind {
        each!(self, d => d.name())
    }

    /// How the run began.
    pub fn header(&self) -> &RunHeader {
        each!(self, d => d.header())
    }

    pub fn run(&self) -> &RunId {
        &self.header().run
    }

    /// What its effects add up to.
    pub fn ledger(&self) -> &Ledger {
        each!(self, d => d.ledger())
    }

    /// Walks the moves that `lines` record.
    ///
    /// # Errors
    /// [`ReplayError`] at the first line that no move would have written.
    pub fn replay(lines: &[StoredEntry]) -> Result<Self, ReplayError> {
        if let Some((seq, line)) = lines.iter().enumerate().find(|(_, line)| line.v > FORMAT) {
            return Err(ReplayError::Newer { seq, format: line.v });
        }
        let Some(StoredEntry { entry: JournalEntry::Begun(header), .. }) = lines.first() else {
            return Err(ReplayError::NoBeginning);
        };
        let beginning = &lines[0].entry;
        let begun = match header.purpose {
            Purpose::Deploy => same(Deployment::begin(header.clone()), beginning),
            Purpose::Destroy(volumes) => same(Deployment::begin_destroy(header.clone(), volumes), beginning),
        };
        let mut any = begun.ok_or(ReplayError::NoBeginning)?;
        for (seq, line) in lines.iter().enumerate().skip(1) {
            any = match upgraded(&any, line) {
                Some(entry) => any.accept(seq, &entry)?,
                None => any,
            };
        }
        Ok(any)
    }

    fn accept(self, seq: usize, entry: &JournalEntry) -> Result<Self, ReplayError> {
        let phase = self.name();
        let no_such_move = ReplayError::NoSuchMove { seq, entry: entry.name(), phase };
        match entry {
            JournalEntry::Effect(effect) => {
                self.take(effect).map_err(|illegal| ReplayError::Effect { seq, illegal })
            }
            JournalEntry::Parked { .. } => Ok(self.parked()),
            JournalEntry::Resumed { .. } => Ok(self.resumed()),
            JournalEntry::Begun(_)
            | JournalEntry::Validating
            | JournalEntry::Provisioning { .. }
            | JournalEntry::Deploying
            | JournalEntry::Verifying
            | JournalEntry::Complete { .. }
            | JournalEntry::RollingBack { .. }
            | JournalEntry::Destroying { .. }
            | JournalEntry::RolledBack { .. }
            | JournalEntry::Failed { .. }
            | JournalEntry::DestroyRetried { .. }
            | JournalEntry::Destroyed { .. }
            | JournalEntry::DestroyFailed { .. } => self.make(seq, entry)?.ok_or(no_such_move),
        }
    }

    /// Makes the move that would write `entry`, if this phase has it.
    fn make(self, seq: usize, entry: &JournalEntry) -> Result<Option<Self>, ReplayError> {
        let lacks = |lacks: String| ReplayError::NotReady { seq, entry: entry.name(), lacks };
        Ok(match self {
            Self::Pending(d) => match entry {
                JournalEntry::Validating => same(d.validate(), entry),
                JournalEntry::RolledBack { cause } => same(d.refuse(cause.clone()), entry),
                _ => None,
            },
            Self::Validating(d) => match entry {
                JournalEntry::Provisioning { plan } => same(d.provision(plan.clone()), entry),
                JournalEntry::RolledBack { cause } => same(d.refuse(cause.clone()), entry),
                _ => None,
            },
            Self::Provisioning(d) => match entry {
                JournalEntry::Deploying => same(d.deploy().map_err(|it| lacks(it.to_string()))?, entry),
                JournalEntry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                JournalEntry::Failed { cause } => same(d.leave_standing(cause.clone()), entry),
                _ => None,
            },
            Self::Deploying(d) => match entry {
                JournalEntry::Verifying => same(d.verify().map_err(|it| lacks(it.to_string()))?, entry),
                JournalEntry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                JournalEntry::Failed { cause } => same(d.leave_standing(cause.clone()), entry),
                _ => None,
            },
            Self::Verifying(d) => match entry {
                JournalEntry::Complete { verification } => {
                    let completed = d.complete(verification.clone());
                    same(completed.map_err(|it| lacks(it.to_string()))?, entry)
                }
                JournalEntry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                JournalEntry::Failed { cause } => same(d.leave_standing(cause.clone()), entry),
                _ => None,
            },
            Self::Complete(d) => match entry {
                JournalEntry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                _ => None,
            },
            Self::RollingBack(d) => match entry {
                JournalEntry::RolledBack { .. } => d.close().ok().and_then(|closed| same(closed, entry)),
                JournalEntry::Failed { .. } => same(d.give_up(), entry),
                _ => None,
            },
            Self::Failed(d) => match entry {
                JournalEntry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                _ => None,
            },
            Self::Surveying(d) => match entry {
                JournalEntry::Destroying { plan, resources, cause, .. } => {
                    same(d.destroy(plan.clone(), resources.clone(), cause.clone()), entry)
                }
                JournalEntry::RolledBack { cause } => same(d.refuse(cause.clone()), entry),
                _ => None,
            },
            Self::Destroying(d) => match entry {
                JournalEntry::Destroyed { .. } => d.close().ok().and_then(|closed| same(closed, entry)),
                JournalEntry::DestroyFailed { .. } => same(d.give_up(), entry),
                _ => None,
            },
            Self::DestroyFailed(d) => match entry {
                JournalEntry::DestroyRetried { cause } => same(d.retry(cause.clone()), entry),
                _ => None,
            },
            Self::RolledBack(_) | Self::Destroyed(_) => None,
        })
    }

    /// The same, resumed by another process than the one that wrote it.
    #[must_use]
    pub fn resumed(self) -> Self {
        each!(self, d => Self::from(d.note(Ledger::resumed)))
    }

    fn parked(self) -> Self {
        each!(self, d => Self::from(d.note(Ledger::parked)))
    }

    fn take(self, effect: &Effect) -> Result<Self, IllegalEffect> {
        each!(self, d => d.replay_effect(effect).map(Self::from))
    }
}

/// The entry as this version would have written it; `None` where it would have written none. In format 1 a destroy run
/// went through the phases of a deployment.
fn upgraded<'a>(any: &AnyDeployment, line: &'a StoredEntry) -> Option<Cow<'a, JournalEntry>> {
    if line.v > 1 {
        return Some(Cow::Borrowed(&line.entry));
    }
    match (any, &line.entry) {
        (AnyDeployment::Surveying(_), JournalEntry::Validating) => None,
        (AnyDeployment::Destroying(_), JournalEntry::RolledBack { cause }) => {
            Some(Cow::Owned(JournalEntry::Destroyed { cause: cause.clone() }))
        }
        (AnyDeployment::Destroying(_), JournalEntry::Failed { cause }) => {
            Some(Cow::Owned(JournalEntry::DestroyFailed { cause: cause.clone() }))
        }
        (AnyDeployment::DestroyFailed(_), JournalEntry::RollingBack { cause, .. }) => {
            Some(Cow::Owned(JournalEntry::DestroyRetried { cause: cause.clone() }))
        }
        (_, entry) => Some(Cow::Borrowed(entry)),
    }
}

fn same<P>(uncommitted: Uncommitted<P>, entry: &JournalEntry) -> Option<AnyDeployment>
where
    AnyDeployment: From<Deployment<P>>,
{
    uncommitted.already(entry).map(AnyDeployment::from)
}
