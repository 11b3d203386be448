//! The words, phases and moves of a deployment.
//!
//! Pure: no I/O, no clock, no runtime. Three layers, top to bottom:
//!
//! - **words**: [`id`], [`app`], [`ownership tag`], [`moment`], [`step`], [`receipt`], [`plan`], [`cause`]
//! - **vocabulary of the journal**: [`effect`] (what was wanted and what came of it), [`entry`] (all that can be
//!   written), [`ledger`] (what the effects add up to)
//! - **phases and moves**: [`phase`], [`deployment`] (a move spends the state), [`uncommitted`] (the only door to
//!   the next phase), [`replay`] (the way back from entries), [`chart`] (the judge of outside events)
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
//! No phase is skipped:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Provisioning, Deploying}, receipt::Receipt, uncommitted::Uncommitted};
//! fn next(d: Deployment<Provisioning>, dns: Vec<Receipt>) -> Uncommitted<Deploying> {
//!     d.deploy(dns)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::{Validating, Deploying}, receipt::Receipt, uncommitted::Uncommitted};
//! fn skip(d: Deployment<Validating>, dns: Vec<Receipt>) -> Uncommitted<Deploying> {
//!     d.deploy(dns)
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
//! Nothing is verified without the app's receipt, the endpoints and the start:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::*, plan::Rollout, receipt::Receipt, uncommitted::Uncommitted};
//! fn with(d: Deployment<Deploying>, app: Receipt, urls: Vec<String>, rollout: Rollout) -> Uncommitted<Verifying> {
//!     d.verify(app, urls, rollout)
//! }
//! ```
//! ```compile_fail,E0061
//! # use machine::{deployment::Deployment, phase::*, plan::Rollout, receipt::Receipt, uncommitted::Uncommitted};
//! fn without(d: Deployment<Deploying>, urls: Vec<String>, rollout: Rollout) -> Uncommitted<Verifying> {
//!     d.verify(urls, rollout)
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

pub mod app;
pub mod cause;
pub mod deployment;
pub mod effect;
pub mod entry;
pub mod id;
pub mod ledger;
pub mod phase;
pub mod plan;
pub mod receipt;
pub mod replay;
pub mod statechart;
pub mod step;
pub mod tag;
pub mod timestamp;
pub mod uncommitted;
