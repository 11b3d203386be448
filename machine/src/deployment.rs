//! A deployment in one phase, and the moves that lead out of it. A move spends the state.

use crate::cause::Cause;
use crate::effect::Effect;
use crate::entry::{Evidence, JournalEntry, Purpose, RunHeader, Verification};
use crate::ledger::{IllegalEffect, Ledger};
use crate::phase::{
    Complete, Deploying, EffectfulPhase, Failed, Pending, Phase, PhaseKind, Provisioning, RolledBack,
    RollingBack, Validating, Verifying, VolumePolicy,
};
use crate::plan::{Plan, Rollout};
use crate::readiness::{NotReady, lacks};
use crate::receipt::ResourceState;
use crate::step::Step;
use crate::uncommitted::{Journal, Uncommitted};

/// A run of one app, in phase `P`. There is only one of it: a move spends it.
#[derive(Debug, PartialEq, Eq)]
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

    pub(crate) fn first(header: RunHeader, phase: P) -> Uncommitted<P> {
        let entry = JournalEntry::Begun(header.clone());
        Uncommitted::new(entry, Self { header, ledger: Ledger::default(), phase })
    }

    /// Takes over what earlier runs of the app made.
    pub(crate) fn inherit(&mut self, resources: Vec<ResourceState>) {
        self.ledger.inherit(resources);
    }

    /// Whether nothing of the run stands, and nothing is in doubt.
    pub(crate) fn is_undone(&self) -> bool {
        self.ledger.standing().is_empty() && self.ledger.doubts().is_empty()
    }

    pub(crate) fn to<Q>(self, entry: JournalEntry, phase: impl FnOnce(P) -> Q) -> Uncommitted<Q> {
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

    pub(crate) async fn write_abandoned<J: Journal>(
        &mut self,
        journal: &mut J,
        resource: Step,
        reason: String,
    ) -> Result<(), RecordError<J::Error>> {
        self.write_effect(journal, Effect::Abandoned { resource, reason }).await
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

    /// Counts in what an entry that is no effect says about the requests sent so far.
    pub(crate) fn note(mut self, entry: impl FnOnce(&mut Ledger)) -> Self {
        entry(&mut self.ledger);
        self
    }

    /// Counts in an effect that is already in the journal.
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

    // The receipts that a move needs are asked for here and nowhere else.
    fn ready_for<Q: Phase>(self) -> Result<Self, Box<NotReady<P>>> {
        let (missing, in_doubt) = lacks(&self.ledger, self.phase.plan(), Q::NAME);
        if missing.is_empty() && in_doubt.is_empty() {
            return Ok(self);
        }
        Err(Box::new(NotReady { deployment: self, missing, in_doubt }))
    }
}

impl Deployment<Pending> {
    /// Begins a run that deploys the app of `header`.
    pub fn begin(header: RunHeader) -> Uncommitted<Pending> {
        Self::first(RunHeader { purpose: Purpose::Deploy, ..header }, Pending)
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

    /// Ends the run before anything was changed.
    pub fn refuse(self, cause: Cause) -> Uncommitted<RolledBack> {
        self.to(JournalEntry::RolledBack { cause: cause.clone() }, |Validating| RolledBack { cause })
    }
}

impl Deployment<Provisioning> {
    /// Goes on to Coolify: the DNS records are there.
    ///
    /// # Errors
    /// [`NotReady`] when a record of the plan has no receipt.
    pub fn deploy(self) -> Result<Uncommitted<Deploying>, Box<NotReady<Provisioning>>> {
        let ready = self.ready_for::<Deploying>()?;
        Ok(ready.to(JournalEntry::Deploying, |Provisioning { plan }| Deploying { plan }))
    }
}

impl Deployment<Deploying> {
    /// Goes on to the proof: the app is there and was started, or runs as wanted.
    ///
    /// # Errors
    /// [`NotReady`] when the project, the environment, the app or a start that the plan asks for has no receipt.
    pub fn verify(self) -> Result<Uncommitted<Verifying>, Box<NotReady<Deploying>>> {
        let ready = self.ready_for::<Verifying>()?;
        let app = ready.ledger.receipt(Step::App).expect("whoever is ready has the app's receipt").clone();
        let rollout = ready.rollout();
        Ok(ready.to(JournalEntry::Verifying, |Deploying { plan }| Verifying { plan, app, rollout }))
    }

    fn rollout(&self) -> Rollout {
        match self.ledger.newest_attempt(Step::Deploy) {
            Some(start) if self.phase.plan.starts_app() => Rollout::Triggered(start.attempt.sent.clone()),
            Some(_) | None => Rollout::Running,
        }
    }
}

impl Deployment<Verifying> {
    /// Ends the run: the new version answers, as `verification` tells.
    ///
    /// # Errors
    /// [`NotReady`] while anything is in doubt, when a proxy is not switched on, or an unwanted record is not dealt with.
    pub fn complete(
        self,
        verification: Verification,
    ) -> Result<Uncommitted<Complete>, Box<NotReady<Verifying>>> {
        let ready = self.ready_for::<Complete>()?;
        let entry = JournalEntry::Complete { verification: verification.clone() };
        let evidence = Evidence::of_recorded(verification);
        Ok(ready.to(entry, |Verifying { plan, app, rollout: _ }| Complete { plan, app, evidence }))
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
        if !self.is_undone() {
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
        self.write_abandoned(journal, resource, reason).await
    }
}
