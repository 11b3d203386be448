//! The way back: from a run's entries to the deployment they lead to, by making the same moves again.
//!
//! There is no second table of what is legal. An entry is accepted only if it is the very entry that the move
//! would write now.

use crate::deployment::Deployment;
use crate::effect::Effect;
use crate::entry::{Begun, Entry, FORMAT, Line};
use crate::id::RunId;
use crate::ledger::{Illegal, Ledger};
use crate::phase::{
    Complete, Deploying, Failed, Name, Pending, Provisioning, RolledBack, RollingBack, Validating, Verifying,
};
use crate::unwritten::Unwritten;

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
        /// Its format.
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
        phase: Name,
    },
    /// An effect contradicts the ones before it.
    #[error("entry {seq}: {illegal}")]
    Effect {
        /// The entry's place, from 0.
        seq: usize,
        /// What is wrong.
        illegal: Illegal,
    },
}

/// A deployment in whichever phase its journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl AnyDeployment {
    /// The phase's name.
    pub fn name(&self) -> Name {
        each!(self, d => d.name())
    }

    /// How the run began.
    pub fn begun(&self) -> &Begun {
        each!(self, d => d.begun())
    }

    /// The run's id.
    pub fn run(&self) -> &RunId {
        &self.begun().run
    }

    /// What its effects add up to.
    pub fn ledger(&self) -> &Ledger {
        each!(self, d => d.ledger())
    }

    /// Walks the moves that `lines` record.
    ///
    /// # Errors
    /// [`ReplayError`] at the first line that no move would have written.
    pub fn replay(lines: &[Line]) -> Result<Self, ReplayError> {
        if let Some((seq, line)) = lines.iter().enumerate().find(|(_, line)| line.v > FORMAT) {
            return Err(ReplayError::Newer { seq, format: line.v });
        }
        let Some(Line { entry: Entry::Begun(begun), .. }) = lines.first() else {
            return Err(ReplayError::NoBeginning);
        };
        let beginning = &lines[0].entry;
        let start = Deployment::begin(begun.clone()).already(beginning).ok_or(ReplayError::NoBeginning)?;
        let mut any = Self::from(start);
        for (seq, line) in lines.iter().enumerate().skip(1) {
            any = any.accept(seq, &line.entry)?;
        }
        Ok(any)
    }

    fn accept(self, seq: usize, entry: &Entry) -> Result<Self, ReplayError> {
        let phase = self.name();
        let no_such_move = ReplayError::NoSuchMove { seq, entry: entry.name(), phase };
        match entry {
            Entry::Effect(effect) => {
                self.take(effect).map_err(|illegal| ReplayError::Effect { seq, illegal })
            }
            Entry::Parked { .. } => Ok(self.parked()),
            Entry::Resumed { .. } => Ok(self.resumed()),
            Entry::Begun(_)
            | Entry::Validating
            | Entry::Provisioning { .. }
            | Entry::Deploying { .. }
            | Entry::Verifying { .. }
            | Entry::Complete { .. }
            | Entry::RollingBack { .. }
            | Entry::Destroying { .. }
            | Entry::RolledBack { .. }
            | Entry::Failed { .. } => self.make(entry).ok_or(no_such_move),
        }
    }

    /// Makes the move that would write `entry`, if this phase has it.
    fn make(self, entry: &Entry) -> Option<Self> {
        match self {
            Self::Pending(d) => match entry {
                Entry::Validating => same(d.validate(), entry),
                Entry::RolledBack { cause } => same(d.refuse(cause.clone()), entry),
                _ => None,
            },
            Self::Validating(d) => match entry {
                Entry::Provisioning { plan } => same(d.provision(plan.clone()), entry),
                Entry::Destroying { plan, things, data, cause } => {
                    same(d.destroy(plan.clone(), things.clone(), *data, cause.clone()), entry)
                }
                Entry::RolledBack { cause } => same(d.refuse(cause.clone()), entry),
                _ => None,
            },
            Self::Provisioning(d) => match entry {
                Entry::Deploying { dns } => same(d.deploy(dns.clone()), entry),
                Entry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                Entry::Failed { cause } => same(d.leave_standing(cause.clone()), entry),
                _ => None,
            },
            Self::Deploying(d) => match entry {
                Entry::Verifying { app, endpoints, start } => {
                    same(d.verify(app.clone(), endpoints.clone(), start.clone()), entry)
                }
                Entry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                Entry::Failed { cause } => same(d.leave_standing(cause.clone()), entry),
                _ => None,
            },
            Self::Verifying(d) => match entry {
                Entry::Complete { evidence } => same(d.complete(evidence.clone()), entry),
                Entry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                Entry::Failed { cause } => same(d.leave_standing(cause.clone()), entry),
                _ => None,
            },
            Self::Complete(d) => match entry {
                Entry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                _ => None,
            },
            Self::RollingBack(d) => match entry {
                Entry::RolledBack { .. } => same(d.close().ok()?, entry),
                Entry::Failed { .. } => same(d.give_up(), entry),
                _ => None,
            },
            Self::Failed(d) => match entry {
                Entry::RollingBack { cause, .. } => same(d.roll_back(cause.clone()), entry),
                _ => None,
            },
            Self::RolledBack(_) => None,
        }
    }

    /// The same, taken up by another process than the one that wrote it.
    #[must_use]
    pub fn resumed(self) -> Self {
        each!(self, d => Self::from(d.note(Ledger::resumed)))
    }

    fn parked(self) -> Self {
        each!(self, d => Self::from(d.note(Ledger::parked)))
    }

    fn take(self, effect: &Effect) -> Result<Self, Illegal> {
        each!(self, d => d.replay_effect(effect).map(Self::from))
    }
}

fn same<P>(unwritten: Unwritten<P>, entry: &Entry) -> Option<AnyDeployment>
where
    AnyDeployment: From<Deployment<P>>,
{
    unwritten.already(entry).map(AnyDeployment::from)
}
