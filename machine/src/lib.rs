//! The phases and moves of a deployment, and the vocabulary of its journal.
//!
//! Pure: no I/O, no clock, no runtime. A deployment is in one of nine phases, each a type that holds exactly what is certain
//! there. A move spends the phase before it, and its result is usable only once the move's entry is in the journal.
//!
//! ```text
//! Pending ─▶ Validating ─▶ Provisioning ─▶ Deploying ─▶ Verifying ─▶ Complete
//!    │            │             │              │             │           │
//!    ▼            ▼             └──────────────┴──────┬──────┴───────────┘
//! RolledBack   RolledBack                             ▼
//! (refused)    (refused)       RolledBack ◀──── RollingBack ◀──▶ Failed
//! ```
//!
//! A whole run, from its beginning to a finished release, on a journal that is a `Vec`:
//!
//! ```
//! use machine::deployment::Deployment;
//! use machine::effect::{Effect, EffectOutcome, ResolvedBy};
//! use machine::entry::{JournalEntry, Proof, Verification};
//! use machine::phase::PhaseKind;
//! use machine::receipt::{Attributes, Origin, ResourceState};
//! use machine::replay::AnyDeployment;
//! use machine::step::Step;
//! # use machine::entry::StoredEntry;
//! # let stored = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/format_2.jsonl"))?;
//! # let stored: Vec<StoredEntry> = stored.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
//! # let at = stored[0].at.clone();
//! # let header = stored.iter().find_map(|it| match &it.entry { JournalEntry::Begun(it) => Some(it.clone()), _ => None });
//! # let header = header.expect("a beginning");
//! # let plan = stored.iter().find_map(|it| match &it.entry {
//! #     JournalEntry::Provisioning { plan } => Some(plan.clone()), _ => None });
//! # let plan = plan.expect("a plan");
//! # let found = |step, id: &str| {
//! #     let attributes = Attributes::new();
//! #     let state = ResourceState { step, origin: Origin::Existing, id: id.into(), tag: None, attributes };
//! #     Effect::Resolved { step, by: ResolvedBy::Observation, outcome: EffectOutcome::Applied(state) }
//! # };
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let mut journal: Vec<JournalEntry> = Vec::new();
//!
//! let run = Deployment::begin(header).commit(&mut journal).await?;
//! let run = run.validate().commit(&mut journal).await?;
//! let mut run = run.provision(plan).commit(&mut journal).await?;
//!
//! // A phase records what came of each of its steps; here everything is there already. The move onwards takes its
//! // evidence from that record, and fails where the plan asks for more.
//! run.record(&mut journal, found(Step::Dns(0), "r0")).await?;
//! let mut run = run.deploy()?.commit(&mut journal).await?;
//!
//! for step in [Step::Project, Step::Environment, Step::App, Step::Deploy] {
//!     run.record(&mut journal, found(step, "a0")).await?;
//! }
//! let mut run = run.verify()?.commit(&mut journal).await?;
//!
//! run.record(&mut journal, found(Step::Proxy(0), "r0")).await?;
//! run.record(&mut journal, found(Step::Dns(1), "r1")).await?;
//! let seen = Verification { checks: Vec::new(), proof: Proof::Fingerprint, label_seen: false };
//! let run = run.complete(seen)?.commit(&mut journal).await?;
//! assert_eq!(run.name(), PhaseKind::Complete);
//!
//! // The journal alone leads to the same deployment: replay makes the same moves.
//! let stored: Vec<_> = journal.into_iter().map(|entry| StoredEntry::new(at.clone(), entry)).collect();
//! assert_eq!(AnyDeployment::replay(&stored)?, run.into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run that destroys an app has phases of its own:
//!
//! ```text
//! Surveying ─▶ Destroying ─▶ Destroyed
//!     │          ▲    │
//!     ▼          │    ▼
//! RolledBack   DestroyFailed
//! ```
//!
//! Three layers, top to bottom:
//!
//! - **values**: [`id`], [`app`], [`tag`], [`timestamp`], [`step`], [`receipt`], [`plan`], [`cause`]
//! - **vocabulary of the journal**: [`effect`] (an intent and what came of it), [`entry`] (everything that can be
//!   written), [`ledger`] (what the effects add up to)
//! - **phases and moves**: [`phase`], [`deployment`] and [`destroy`] (a move spends the state), [`uncommitted`] (a move
//!   that is not in the journal yet), [`readiness`] (what must be on record before a move), [`replay`] (from entries back
//!   to a deployment), [`statechart`] (what an external event leads to)
//!
//! # Only legal sequences compile
//!
//! A phase is left by spending it:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, uncommitted::Uncommitted};
//! fn once(d: Deployment<Pending>) -> Uncommitted<Validating> {
//!     d.validate()
//! }
//! ```
//! ```compile_fail,E0382
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, uncommitted::Uncommitted};
//! fn twice(d: Deployment<Pending>) -> Uncommitted<Validating> {
//!     d.validate();
//!     d.validate()
//! }
//! ```
//!
//! And there is only one of it:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::Pending};
//! fn same(d: Deployment<Pending>) -> Deployment<Pending> {
//!     d
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::Pending};
//! fn copied(d: Deployment<Pending>) -> Deployment<Pending> {
//!     d.clone()
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{phase::Pending, uncommitted::Uncommitted};
//! fn copied(unwritten: Uncommitted<Pending>) -> Uncommitted<Pending> {
//!     unwritten.clone()
//! }
//! ```
//!
//! No phase is skipped:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Provisioning, Validating}, plan::Plan, uncommitted::Uncommitted};
//! fn next(d: Deployment<Validating>, plan: Plan) -> Uncommitted<Provisioning> {
//!     d.provision(plan)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::{Pending, Provisioning}, plan::Plan, uncommitted::Uncommitted};
//! fn skip(d: Deployment<Pending>, plan: Plan) -> Uncommitted<Provisioning> {
//!     d.provision(plan)
//! }
//! ```
//!
//! What is not written cannot be used:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, uncommitted::{Journal, Uncommitted}, cause::Cause};
//! async fn written<J: Journal>(d: Deployment<Pending>, journal: &mut J, cause: Cause) -> Result<(), J::Error> {
//!     d.validate().commit(journal).await?.refuse(cause).commit(journal).await.map(drop)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, uncommitted::{Journal, Uncommitted}, cause::Cause};
//! async fn uncommitted<J: Journal>(d: Deployment<Pending>, journal: &mut J, cause: Cause) -> Result<(), J::Error> {
//!     d.validate().refuse(cause).commit(journal).await.map(drop)
//! }
//! ```
//!
//! Evidence comes from the record. Anybody may say that a resource is there; a receipt is the record of it:
//!
//! ```
//! # use machine::{ledger::Ledger, receipt::Receipt, step::Step};
//! fn recorded(ledger: &Ledger) -> Option<&Receipt> {
//!     ledger.receipt(Step::App)
//! }
//! ```
//! ```compile_fail,E0423
//! # use machine::receipt::{Receipt, ResourceState};
//! fn forged(state: ResourceState) -> Receipt {
//!     Receipt(state)
//! }
//! ```
//! ```compile_fail,E0423
//! # use machine::entry::{Evidence, Verification};
//! fn forged(seen: Verification) -> Evidence {
//!     Evidence(seen)
//! }
//! ```
//!
//! What is finished does not fail, and what never touched the world is not rolled back:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::*, cause::Cause, uncommitted::Uncommitted};
//! fn undo(d: Deployment<Complete>, cause: Cause) -> Uncommitted<RollingBack> {
//!     d.roll_back(cause)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::*, cause::Cause, uncommitted::Uncommitted};
//! fn undo(d: Deployment<Pending>, cause: Cause) -> Uncommitted<RollingBack> {
//!     d.roll_back(cause)
//! }
//! ```
//!
//! A deployment is not destroyed half-way, and a run that destroys is not provisioned:
//!
//! ```
//! # use machine::{cause::Cause, deployment::Deployment, phase::*, plan::Plan, receipt::ResourceState};
//! # use machine::uncommitted::Uncommitted;
//! fn destroy(d: Deployment<Surveying>, plan: Plan, all: Vec<ResourceState>, why: Cause) -> Uncommitted<Destroying> {
//!     d.destroy(plan, all, why)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{cause::Cause, deployment::Deployment, phase::*, plan::Plan, receipt::ResourceState};
//! # use machine::uncommitted::Uncommitted;
//! fn destroy(d: Deployment<Validating>, plan: Plan, all: Vec<ResourceState>, why: Cause) -> Uncommitted<Destroying> {
//!     d.destroy(plan, all, why)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::*, plan::Plan, uncommitted::Uncommitted};
//! fn provision(d: Deployment<Surveying>, plan: Plan) -> Uncommitted<Provisioning> {
//!     d.provision(plan)
//! }
//! ```

pub mod app;
pub mod cause;
pub mod deployment;
pub mod destroy;
pub mod effect;
pub mod entry;
pub mod id;
pub mod ledger;
pub mod phase;
pub mod plan;
pub mod readiness;
pub mod receipt;
pub mod replay;
pub mod statechart;
pub mod step;
pub mod tag;
pub mod timestamp;
pub mod uncommitted;
