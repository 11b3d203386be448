//! The loop: takes a deployment from the phase it is in to where it comes to rest.
//!
//! A resumed run matches once on its phase and calls the same function that a fresh run would have called. Every
//! write follows one protocol (see [`create`], [`converge`], [`unmake`]); nothing here knows how an API spells
//! its fields, what a screen looks like, or where the journal is kept.

pub mod again;
mod answering;
pub mod app;
pub mod apply;
pub mod attended;
pub mod cancel;
mod container_log;
pub mod converge;
pub mod create;
pub mod desk;
pub mod destroy;
pub mod drop;
pub mod envs;
pub mod event;
pub mod follow;
pub mod forward;
pub mod halt;
mod identity;
pub mod journal;
mod late;
mod leftovers;
mod neighbours;
pub mod prospect;
pub mod prove;
mod provenance;
mod replaced;
pub mod restore;
pub mod start;
pub mod sweep;
mod symptom;
pub mod undo;
pub mod unmake;
pub mod volumes;
pub mod waits;
pub mod work;
mod worker;

use machine::cause::Cause;
use machine::id::RunId;
use machine::ledger::Outstanding;

use crate::plan::preflight::Facts;
use crate::plan::{Ask, Release};
use crate::providers::Clients;
use crate::secrets::{KeepError, Secret};
use halt::Stop;
use work::RunContext;

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

/// Whether a run is carried out for the first time or taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// By the process that began it.
    First,
    /// By another one.
    Again,
}

/// One run, being carried out.
pub struct Run {
    /// Its means.
    pub work: RunContext,
    /// The vendors, seen with the user's tokens.
    pub clients: Clients,
    /// What is asked for.
    pub ask: Ask,
    /// The app's last finished release.
    pub base: Option<Release>,
    /// The last release with its variables filled in again, as far as sources still give them.
    pub before: Option<Ask>,
    /// What preflight found in this process, where it was asked.
    pub facts: Option<Facts>,
    /// What happens on failure.
    pub on_failure: OnFailure,
    /// Whether proof is demanded.
    pub demand: CompletionPolicy,
    /// What values are fingerprinted with.
    pub key: std::sync::Arc<crate::secrets::FingerprintKey>,
    /// Whether the app is started anew even if nothing differs.
    pub force: bool,
    /// Where generated secrets are kept before anything is sent.
    pub keep: Keep,
    /// Asked before something is done that cannot be undone; `false` refuses.
    pub consent: Consent,
}

/// Asks a person; `false` is a no.
pub type Consent = std::sync::Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Keeps generated secrets where the next run finds them; says why it could not.
pub type Keep = Box<dyn Fn(&[(&str, &Secret)]) -> Result<(), KeepError> + Send + Sync>;

/// Where a run came to rest.
#[derive(Debug)]
pub enum Ended {
    /// The world is as the spec asks.
    Complete {
        /// The run.
        run: RunId,
        /// Where it answers: nowhere, for a worker.
        endpoints: Vec<String>,
    },
    /// Undone: nothing this run made stands.
    RolledBack {
        /// The run.
        run: RunId,
        /// Why.
        cause: Cause,
    },
    /// Refused before anything was changed.
    Refused {
        /// The run.
        run: RunId,
        /// Why.
        cause: Cause,
    },
    /// Something still stands.
    Failed {
        /// The run.
        run: RunId,
        /// Why.
        cause: Cause,
        /// What.
        standing: Vec<Outstanding>,
    },
    /// Half-way and safe.
    Parked {
        /// The run.
        run: RunId,
        /// Why.
        stop: Stop,
    },
}
