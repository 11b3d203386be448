//! The loop: takes a deployment from the phase it is in to where it comes to rest.
//!
//! A resumed run matches once on its phase and calls the same function that a fresh run would have called. Every
//! write follows one protocol (see `create`, `converge`, `delete`); nothing here knows how an API spells
//! its fields, what a screen looks like, or where the journal is kept.

mod answering;
pub(crate) mod app;
pub mod apply;
mod build_failure;
pub(crate) mod cancel;
pub mod commands;
mod container_log;
pub mod context;
pub(crate) mod converge;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod destroy;
pub(crate) mod drop;
pub(crate) mod envs;
pub mod event;
pub(crate) mod follow;
pub(crate) mod forward;
mod identity;
pub mod interruptible_clock;
pub mod journal;
mod orphans;
pub mod phase_error;
pub(crate) mod prove;
mod provenance;
mod replaced;
pub(crate) mod restore;
pub(crate) mod resume;
mod sibling_services;
mod stale_components;
pub(crate) mod start;
pub(crate) mod startup_monitor;
pub(crate) mod sweep;
mod symptom;
pub(crate) mod undo;
pub(crate) mod volumes;
pub mod waits;
mod worker;

use std::sync::Arc;

use machine::cause::Cause;
use machine::id::RunId;
use machine::ledger::Outstanding;

use crate::plan::preflight::Facts;
use crate::plan::{Release, ResolvedSpec};
use crate::providers::Clients;
use crate::secrets::{KeepError, Secret};
use context::RunContext;
use phase_error::Interruption;

/// What happens to what was made when a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It is undone.
    Undo,
    /// The run parks, and a person decides.
    Park,
    /// It is left standing.
    Leave,
}

/// Whether a release must show which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionPolicy {
    /// It is enough that something answers.
    Answer,
    /// It must be proved that the new version answers.
    Proof,
}

/// Whether a run is carried out for the first time or resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// By the process that began it.
    Fresh,
    /// By another one.
    Resumed,
}

/// One run, being carried out.
pub struct Run {
    /// Its means.
    pub context: RunContext,
    /// The vendors, seen with the user's tokens.
    pub clients: Clients,
    pub resolved: ResolvedSpec,
    /// The app's last finished release.
    pub base: Option<Arc<Release>>,
    /// The last release with its variables filled in again, as far as sources still give them.
    pub before: Option<ResolvedSpec>,
    /// What preflight found in this process, where it was asked.
    pub facts: Option<Facts>,
    /// What happens on failure.
    pub on_failure: OnFailure,
    /// Whether proof is demanded.
    pub demand: CompletionPolicy,
    /// What values are fingerprinted with.
    pub key: Arc<crate::secrets::FingerprintKey>,
    /// Whether the app is restarted even if nothing differs.
    pub force: bool,
    /// Where generated secrets are kept before anything is sent.
    pub keep: SecretSink,
    /// Asked before something is done that cannot be undone; `false` refuses.
    pub confirm: Confirm,
}

/// Asks a person; `false` is a no.
pub type Confirm = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Keeps generated secrets where the next run finds them; says why it could not.
pub type SecretSink = Box<dyn Fn(&[(&str, &Secret)]) -> Result<(), KeepError> + Send + Sync>;

/// Where a run came to rest.
#[derive(Debug)]
pub enum RunOutcome {
    /// The world is as the spec asks.
    Complete {
        run: RunId,
        /// Where it answers: nowhere, for a worker.
        endpoints: Vec<String>,
    },
    /// Undone: nothing this run made stands.
    RolledBack { run: RunId, cause: Cause },
    /// Destroyed: nothing that Fabrik made for the app stands.
    Destroyed { run: RunId, cause: Cause },
    /// Refused before anything was changed.
    Refused { run: RunId, cause: Cause },
    /// Something still stands.
    Failed { run: RunId, cause: Cause, standing: Vec<Outstanding> },
    /// Half-way and safe.
    Parked { run: RunId, stop: Interruption },
}
