//! A deployment in one phase, and the moves that lead out of it. A move spends the state.

use crate::cause::Cause;
use crate::effect::Effect;
use crate::entry::{Begun, Entry, Evidence};
use crate::ledger::{Illegal, Ledger};
use crate::phase::{
    Complete, Data, Deploying, Failed, Name, Pending, Phase, Provisioning, RolledBack, RollingBack,
    Validating, Verifying, Working,
};
use crate::plan::{Plan, Start};
use crate::receipt::Receipt;
use crate::step::Step;
use crate::unwritten::{Journal, Unwritten};

/// A run of one app, in phase `P`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment<P> {
    begun: Begun,
    ledger: Ledger,
    phase: P,
}

/// Why an effect was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError<E> {
    /// It contradicts what is written: a defect in the program.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The journal did not take it.
    #[error("{0}")]
    Journal(E),
}

impl<P> Deployment<P> {
    /// How the run began.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// What its effects add up to.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What is certain in this phase.
    pub fn phase(&self) -> &P {
        &self.phase
    }

    fn to<Q>(self, entry: Entry, phase: impl FnOnce(P) -> Q) -> Unwritten<Q> {
        let next = Deployment { begun: self.begun, ledger: self.ledger, phase: phase(self.phase) };
        Unwritten::new(entry, next)
    }
}

impl<P: Phase> Deployment<P> {
    /// The phase's name.
    pub fn name(&self) -> Name {
        P::NAME
    }

    async fn write_effect<J: Journal>(
        &mut self,
        journal: &mut J,
        effect: Effect,
    ) -> Result<(), RecordError<J::Error>> {
        self.check(&effect)?;
        journal.append(&Entry::Effect(effect.clone())).await.map_err(RecordError::Journal)?;
        self.ledger.apply(&effect);
        Ok(())
    }

    // The same question is asked before writing and when reading back, so that nothing can be written that
    // could not be read.
    fn check(&self, effect: &Effect) -> Result<(), Illegal> {
        if P::NAME.takes(effect) {
            return self.ledger.check(effect);
        }
        Err(Illegal { effect: effect.name(), step: effect.step(), reason: "it has no place in this phase" })
    }

    /// Takes up what an entry that is no effect says about the requests sent so far.
    pub(crate) fn note(mut self, entry: impl FnOnce(&mut Ledger)) -> Self {
        entry(&mut self.ledger);
        self
    }

    /// Takes up an effect that is already in the journal.
    pub(crate) fn replay_effect(mut self, effect: &Effect) -> Result<Self, Illegal> {
        self.check(effect)?;
        self.ledger.apply(effect);
        Ok(self)
    }
}

impl<P: Working> Deployment<P> {
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
    /// Begins a run.
    pub fn begin(begun: Begun) -> Unwritten<Pending> {
        let entry = Entry::Begun(begun.clone());
        Unwritten::new(entry, Self { begun, ledger: Ledger::default(), phase: Pending })
    }

    /// Starts preflight and planning.
    pub fn validate(self) -> Unwritten<Validating> {
        self.to(Entry::Validating, |Pending| Validating)
    }

    /// Ends the run before anything was asked.
    pub fn refuse(self, cause: Cause) -> Unwritten<RolledBack> {
        self.to(Entry::RolledBack { cause: cause.clone() }, |Pending| RolledBack { cause })
    }
}

impl Deployment<Validating> {
    /// Starts carrying out `plan`.
    pub fn provision(self, plan: Plan) -> Unwritten<Provisioning> {
        self.to(Entry::Provisioning { plan: plan.clone() }, |Validating| Provisioning { plan })
    }

    /// Starts taking down what earlier runs of the app made: `things` stand, oldest first. `plan` says where.
    pub fn destroy(
        mut self,
        plan: Plan,
        things: Vec<Receipt>,
        data: Data,
        cause: Cause,
    ) -> Unwritten<RollingBack> {
        self.ledger.inherit(things.clone());
        let entry = Entry::Destroying { plan: plan.clone(), things, data, cause: cause.clone() };
        self.to(entry, |Validating| RollingBack { plan, cause, data })
    }

    /// Ends the run before anything was changed.
    pub fn refuse(self, cause: Cause) -> Unwritten<RolledBack> {
        self.to(Entry::RolledBack { cause: cause.clone() }, |Validating| RolledBack { cause })
    }
}

impl Deployment<Provisioning> {
    /// Goes on to Coolify: the DNS records are there.
    pub fn deploy(self, dns: Vec<Receipt>) -> Unwritten<Deploying> {
        self.to(Entry::Deploying { dns: dns.clone() }, |Provisioning { plan }| Deploying { plan, dns })
    }
}

impl Deployment<Deploying> {
    /// Goes on to the proof: the app is there and was started, or runs as wanted.
    pub fn verify(self, app: Receipt, endpoints: Vec<String>, start: Start) -> Unwritten<Verifying> {
        let entry = Entry::Verifying { app: app.clone(), endpoints: endpoints.clone(), start: start.clone() };
        self.to(entry, |Deploying { plan, dns }| Verifying { plan, dns, app, endpoints, start })
    }
}

impl Deployment<Verifying> {
    /// Ends the run: the new version answers.
    pub fn complete(self, evidence: Evidence) -> Unwritten<Complete> {
        let entry = Entry::Complete { evidence: evidence.clone() };
        self.to(entry, |Verifying { plan, dns, app, endpoints, start: _ }| Complete {
            plan,
            dns,
            app,
            endpoints,
            evidence,
        })
    }
}

macro_rules! may_be_undone {
    ($($phase:ident, $data:expr);*) => {
        $(impl Deployment<$phase> {
            /// Starts undoing what this run made and changed.
            pub fn roll_back(self, cause: Cause) -> Unwritten<RollingBack> {
                let entry = Entry::RollingBack { cause: cause.clone(), data: $data };
                self.to(entry, |phase| RollingBack { plan: phase.plan, cause, data: $data })
            }
        })*
    };
}
may_be_undone!(
    Provisioning, Data::Goes;
    Deploying, Data::Goes;
    Verifying, Data::Goes;
    Complete, Data::Stays
);

macro_rules! may_be_left_standing {
    ($($phase:ident),*) => {
        $(impl Deployment<$phase> {
            /// Ends the run with what it made left standing, as asked.
            pub fn leave_standing(self, cause: Cause) -> Unwritten<Failed> {
                let entry = Entry::Failed { cause: cause.clone() };
                self.to(entry, |phase| Failed { plan: phase.plan, cause, data: Data::Goes })
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
    pub fn close(self) -> Result<Unwritten<RolledBack>, Box<Self>> {
        if !self.ledger.standing().is_empty() || !self.ledger.doubts().is_empty() {
            return Err(Box::new(self));
        }
        let cause = self.phase.cause.clone();
        Ok(self.to(Entry::RolledBack { cause: cause.clone() }, |_| RolledBack { cause }))
    }

    /// Gives up for now: something of it still stands.
    pub fn give_up(self) -> Unwritten<Failed> {
        let cause = self.phase.cause.clone();
        self.to(Entry::Failed { cause }, |RollingBack { plan, cause, data }| Failed { plan, cause, data })
    }
}

impl Deployment<Failed> {
    /// Tries again to undo what stands.
    pub fn roll_back(self, cause: Cause) -> Unwritten<RollingBack> {
        let entry = Entry::RollingBack { cause: cause.clone(), data: self.phase.data };
        self.to(entry, |Failed { plan, cause: _, data }| RollingBack { plan, cause, data })
    }

    /// Records that a person gave up on undoing `thing`.
    ///
    /// # Errors
    /// As [`Deployment::record`].
    pub async fn abandon<J: Journal>(
        &mut self,
        journal: &mut J,
        thing: Step,
        reason: String,
    ) -> Result<(), RecordError<J::Error>> {
        self.write_effect(journal, Effect::Abandoned { thing, reason }).await
    }
}
