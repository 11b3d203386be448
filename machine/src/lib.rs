//! The words, phases and moves of a deployment.
//!
//! Pure: no I/O, no clock, no runtime. Three layers, top to bottom:
//!
//! - **words**: [`id`], [`app`], [`mark`], [`moment`], [`step`], [`receipt`], [`plan`], [`cause`]
//! - **vocabulary of the journal**: [`effect`] (what was wanted and what came of it), [`entry`] (all that can be
//!   written), [`ledger`] (what the effects add up to)
//! - **phases and moves**: [`phase`], [`deployment`] (a move spends the state), [`unwritten`] (the only door to
//!   the next phase), [`replay`] (the way back from entries), [`chart`] (the judge of outside events)
//!
//! # Only legal sequences compile
//!
//! A phase is left by spending it:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, unwritten::Unwritten};
//! fn once(d: Deployment<Pending>) -> Unwritten<Validating> {
//!     d.validate()
//! }
//! ```
//! ```compile_fail,E0382
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, unwritten::Unwritten};
//! fn twice(d: Deployment<Pending>) -> Unwritten<Validating> {
//!     d.validate();
//!     d.validate()
//! }
//! ```
//!
//! No phase is skipped:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Provisioning, Deploying}, receipt::Receipt, unwritten::Unwritten};
//! fn next(d: Deployment<Provisioning>, dns: Vec<Receipt>) -> Unwritten<Deploying> {
//!     d.deploy(dns)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::{Validating, Deploying}, receipt::Receipt, unwritten::Unwritten};
//! fn skip(d: Deployment<Validating>, dns: Vec<Receipt>) -> Unwritten<Deploying> {
//!     d.deploy(dns)
//! }
//! ```
//!
//! What is not written cannot be used:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, unwritten::{Journal, Unwritten}, cause::Cause};
//! async fn written<J: Journal>(d: Deployment<Pending>, journal: &mut J, cause: Cause) -> Result<(), J::Error> {
//!     d.validate().write(journal).await?.refuse(cause).write(journal).await.map(drop)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::{Pending, Validating}, unwritten::{Journal, Unwritten}, cause::Cause};
//! async fn unwritten<J: Journal>(d: Deployment<Pending>, journal: &mut J, cause: Cause) -> Result<(), J::Error> {
//!     d.validate().refuse(cause).write(journal).await.map(drop)
//! }
//! ```
//!
//! Nothing is verified without the app's receipt, the endpoints and the start:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::*, plan::Start, receipt::Receipt, unwritten::Unwritten};
//! fn with(d: Deployment<Deploying>, app: Receipt, urls: Vec<String>, start: Start) -> Unwritten<Verifying> {
//!     d.verify(app, urls, start)
//! }
//! ```
//! ```compile_fail,E0061
//! # use machine::{deployment::Deployment, phase::*, plan::Start, receipt::Receipt, unwritten::Unwritten};
//! fn without(d: Deployment<Deploying>, urls: Vec<String>, start: Start) -> Unwritten<Verifying> {
//!     d.verify(urls, start)
//! }
//! ```
//!
//! What is finished does not fail, and what never touched the world is not rolled back:
//!
//! ```
//! # use machine::{deployment::Deployment, phase::*, cause::Cause, unwritten::Unwritten};
//! fn undo(d: Deployment<Complete>, cause: Cause) -> Unwritten<RollingBack> {
//!     d.roll_back(cause)
//! }
//! ```
//! ```compile_fail,E0599
//! # use machine::{deployment::Deployment, phase::*, cause::Cause, unwritten::Unwritten};
//! fn undo(d: Deployment<Pending>, cause: Cause) -> Unwritten<RollingBack> {
//!     d.roll_back(cause)
//! }
//! ```

pub mod app;
pub mod cause;
pub mod chart;
pub mod deployment;
pub mod effect;
pub mod entry;
pub mod id;
pub mod ledger;
pub mod mark;
pub mod moment;
pub mod phase;
pub mod plan;
pub mod receipt;
pub mod replay;
pub mod step;
pub mod unwritten;
