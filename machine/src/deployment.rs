//! A deployment in one phase, and the moves that lead out of it. A move spends the state.

use crate::cause::Cause;
use crate::effect::Effect;
use crate::entry::{Evidence, JournalEntry, RunHeader};
use crate::ledger::{IllegalEffect, Ledger};
use crate::phase::{
    Complete, Deploying, EffectfulPhase, Failed, Pending, Phase, PhaseKind, Provisioning, RolledBack,
    RollingBack, Validating, Verifying, VolumePolicy,
};
use crate::plan::{Plan, Rollout};
use crate::receipt::Receipt;
use crate::step::Step;
use crate::uncommitted::{Journal, Uncommitted};

/// A run of one app, in phase `P`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment<P> {
    header: RunHeader,
    ledger: Ledger,
    phase: P,
}

/// Why an effect was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError<E> {
    /// It contradicts what is written: a defect in the program.
    #[error(transparent)]
    Illegal(#[from] IllegalEffect),
    /// The journal did not take it.
    #[error("{0}")]
    Journal(E),
}

impl<P> Deployment<P> {
    /// How the run began.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// What its effects add up to.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What is certain in this phase.
    pub fn phase(&self) -> &P {
        &self.phase
    }

    fn to<Q>(self, entry: JournalEntry, phase: impl FnOnce(P) -> Q) -> Uncommitted<Q> {
        let next = Deployment { header: self.header, ledger: self.ledger, phase: phase(self.phase) };
        Uncommitted::new(entry, next)
    }
}

impl<P: Phase> Deployment<P> {
    pub fn name(&self) -> PhaseKind {
        P::NAME
    }

    async fn write_effect<J: Journal>(
        &mut self,
        journal: &mut J,
        effect: Effect,
    ) -> Result<(), RecordError<J::Error>> {
        self.check(&effect)?;
        journal.append(&JournalEntry::Effect(effect.clone())).await.map_err(RecordError::Journal)?;
        self.ledger.apply(&effect);
        Ok(())
    }

    // The same question is asked before writing and when reading back, so that nothing can be written that
    // could not be read.
    fn check(&self, effect: &Effect) -> Result<(), IllegalEffect> {
        if P::NAME.takes(effect) {
            return self.ledger.check(effect);
        }
        Err(IllegalEffect {
            effect: effect.name(),
            step: effect.step(),
            reason: "it has no place in this phase",
        })
    }

    /// Takes up what an entry that is no effect says about the requests sent so far.
    pub(crate) fn note(mut self, entry: impl FnOnce(&mut Ledger)) -> Self {
        entry(&mut self.ledger);
        self
    }

    /// Takes up an effect that is already in the journal.
    pub(crate) fn replay_effect(mut self, effect: &Effect) -> Result<Self, IllegalEffect> {
        self.check(effect)?;
        self.ledger.apply(effect);
        Ok(self)
    }
}

impl<P: EffectfulPhase> Deployment<P> {
    /// Writes what is wanted of the world, or what came of it, and then counts it in.
    ///
    /// # Errors
    /// [`RecordError::Illegal`] for an effect that cannot follow, [`RecordError::Journal`] when it was not written.
    pub async fn record<J: Journal>(
        &mut self,
        journal: &mut J,
        effect: Effect,
    ) -> Result<(), RecordError<J::Error>> {
        self.write_effect(journal, effect).await
    }

    /// What is carried out.
    pub fn plan(&self) -> &Plan {
        self.phase.plan()
    }
}

impl Deployment<Pending> {
    pub fn begin(header: RunHeader) -> Uncommitted<Pending> {
        let entry = JournalEntry::Begun(header.clone());
        Uncommitted::new(entry, Self { header, ledger: Ledger::default(), phase: Pending })
    }

    /// Starts preflight and planning.
    pub fn validate(self) -> Uncommitted<Validating> {
        self.to(JournalEntry::Validating, |Pending| Validating)
    }

    /// Ends the run before anything was asked.
    pub fn refuse(self, cause: Cause) -> Uncommitted<RolledBack> {
        self.to(JournalEntry::RolledBack { cause: cause.clone() }, |Pending| RolledBack { cause })
    }
}

impl Deployment<Validating> {
    /// Starts carrying out `plan`.
    pub fn provision(self, plan: Plan) -> Uncommitted<Provisioning> {
        self.to(JournalEntry::Provisioning { plan: plan.clone() }, |Validating| Provisioning { plan })
    }

    /// Starts deleting what earlier runs of the app made: `receipts` are what stands, oldest first. `plan` says where.
    pub fn destroy(
        mut self,
        plan: Plan,
        receipts: Vec<Receipt>,
        volumes: VolumePolicy,
        cause: Cause,
    ) -> Uncommitted<RollingBack> {
        self.ledger.inherit(receipts.clone());
        let entry = JournalEntry::Destroying { plan: plan.clone(), receipts, volumes, cause: cause.clone() };
        self.to(entry, |Validating| RollingBack { plan, cause, volumes })
    }

    /// Ends the run before anything was changed.
    pub fn refuse(self, cause: Cause) -> Uncommitted<RolledBack> {
        self.to(JournalEntry::RolledBack { cause: cause.clone() }, |Validating| RolledBack { cause })
    }
}

impl Deployment<Provisioning> {
    /// Goes on to Coolify: the DNS records are there.
    pub fn deploy(self, dns: Vec<Receipt>) -> Uncommitted<Deploying> {
        self.to(JournalEntry::Deploying { dns: dns.clone() }, |Provisioning { plan }| Deploying { plan, dns })
    }
}

impl Deployment<Deploying> {
    /// Goes on to the proof: the app is there and was started, or runs as wanted.
    pub fn verify(self, app: Receipt, endpoints: Vec<String>, rollout: Rollout) -> Uncommitted<Verifying> {
        let entry = JournalEntry::Verifying {
            app: app.clone(),
            endpoints: endpoints.clone(),
            rollout: rollout.clone(),
        };
        self.to(entry, |Deploying { plan, dns }| Verifying { plan, dns, app, endpoints, rollout })
    }
}

impl Deployment<Verifying> {
    /// Ends the run: the new version answers.
    pub fn complete(self, evidence: Evidence) -> Uncommitted<Complete> {
        let entry = JournalEntry::Complete { evidence: evidence.clone() };
        self.to(entry, |Verifying { plan, dns, app, endpoints, rollout: _ }| Complete {
            plan,
            dns,
            app,
            endpoints,
            evidence,
        })
    }
}

macro_rules! may_be_undone {
    ($($phase:ident, $volumes:expr);*) => {
        $(impl Deployment<$phase> {
            /// Starts undoing what this run made and changed.
            pub fn roll_back(self, cause: Cause) -> Uncommitted<RollingBack> {
                let entry = JournalEntry::RollingBack { cause: cause.clone(), volumes: $volumes };
                self.to(entry, |phase| RollingBack { plan: phase.plan, cause, volumes: $volumes })
            }
        })*
    };
}
may_be_undone!(
    Provisioning, VolumePolicy::Delete;
    Deploying, VolumePolicy::Delete;
    Verifying, VolumePolicy::Delete;
    Complete, VolumePolicy::Retain
);

macro_rules! may_be_left_standing {
    ($($phase:ident),*) => {
        $(impl Deployment<$phase> {
            /// Ends the run with what it made left standing, as asked.
            pub fn leave_standing(self, cause: Cause) -> Uncommitted<Failed> {
                let entry = JournalEntry::Failed { cause: cause.clone() };
                self.to(entry, |phase| Failed { plan: phase.plan, cause, volumes: VolumePolicy::Delete })
            }
        })*
    };
}
may_be_left_standing!(Provisioning, Deploying, Verifying);

impl Deployment<RollingBack> {
    /// Ends the run: nothing of it stands.
    ///
    /// # Errors
    /// The deployment as it was, if anything of it still stands or is in doubt.
    pub fn close(self) -> Result<Uncommitted<RolledBack>, Box<Self>> {
        if !self.ledger.standing().is_empty() || !self.ledger.doubts().is_empty() {
            return Err(Box::new(self));
        }
        let cause = self.phase.cause.clone();
        Ok(self.to(JournalEntry::RolledBack { cause: cause.clone() }, |_| RolledBack { cause }))
    }

    /// Gives up for now: something of it still stands.
    pub fn give_up(self) -> Uncommitted<Failed> {
        let cause = self.phase.cause.clone();
        self.to(JournalEntry::Failed { cause }, |RollingBack { plan, cause, volumes }| Failed {
            plan,
            cause,
            volumes,
        })
    }
}

impl Deployment<Failed> {
    /// Tries again to undo what stands.
    pub fn roll_back(self, cause: Cause) -> Uncommitted<RollingBack> {
        let entry = JournalEntry::RollingBack { cause: cause.clone(), volumes: self.phase.volumes };
        self.to(entry, |Failed { plan, cause: _, volumes }| RollingBack { plan, cause, volumes })
    }

    /// Records that a person gave up on undoing `resource`.
    ///
    /// # Errors
    /// As [`Deployment::record`].
    pub async fn abandon<J: Journal>(
        &mut self,
        journal: &mut J,
        resource: Step,
        reason: String,
    ) -> Result<(), RecordError<J::Error>> {
        self.write_effect(journal, Effect::Abandoned { resource, reason }).await
    }
}
