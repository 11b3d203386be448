//! The nine phases of a deployment and the four of a destroy run. Each holds exactly what is certain there.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::effect::Effect;
use crate::entry::Evidence;
use crate::plan::{Plan, Rollout};
use crate::receipt::Receipt;

/// A phase's name, as journals and programs know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PhaseKind {
    /// The app is claimed and the run begun.
    Pending,
    /// Preflight and planning.
    Validating,
    /// The DNS record.
    Provisioning,
    /// Project, environment, app, variables, start.
    Deploying,
    /// Proof from outside.
    Verifying,
    /// The release stands.
    Complete,
    /// Undoing.
    RollingBack,
    /// Everything this run made is gone, everything it changed is as before.
    RolledBack,
    /// Something still stands.
    Failed,
    /// A destroy run: what stands of the app is listed.
    Surveying,
    /// A destroy run: what stands is deleted.
    Destroying,
    /// A destroy run: nothing that Fabrik made for the app stands.
    Destroyed,
    /// A destroy run: something still stands.
    DestroyFailed,
}

impl PhaseKind {
    /// All phases, in the order in which a run may see them: the nine of a deployment, then those of a destroy run.
    pub const ALL: [Self; 13] = [
        Self::Pending,
        Self::Validating,
        Self::Provisioning,
        Self::Deploying,
        Self::Verifying,
        Self::Complete,
        Self::RollingBack,
        Self::RolledBack,
        Self::Failed,
        Self::Surveying,
        Self::Destroying,
        Self::Destroyed,
        Self::DestroyFailed,
    ];

    /// The phase's name, as written in the design and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Validating => "Validating",
            Self::Provisioning => "Provisioning",
            Self::Deploying => "Deploying",
            Self::Verifying => "Verifying",
            Self::Complete => "Complete",
            Self::RollingBack => "RollingBack",
            Self::RolledBack => "RolledBack",
            Self::Failed => "Failed",
            Self::Surveying => "Surveying",
            Self::Destroying => "Destroying",
            Self::Destroyed => "Destroyed",
            Self::DestroyFailed => "DestroyFailed",
        }
    }

    /// Whether nothing more will happen by itself and nothing is left to do: the app is free for another run.
    #[must_use]
    pub fn is_closed(self) -> bool {
        match self {
            Self::Complete | Self::RolledBack | Self::Destroyed => true,
            Self::Pending
            | Self::Validating
            | Self::Provisioning
            | Self::Deploying
            | Self::Verifying
            | Self::RollingBack
            | Self::Failed
            | Self::Surveying
            | Self::Destroying
            | Self::DestroyFailed => false,
        }
    }

    /// Whether the run waits for a person: something of it still stands.
    #[must_use]
    pub fn is_failed(self) -> bool {
        matches!(self, Self::Failed | Self::DestroyFailed)
    }

    /// Whether `effect` can be written in this phase: giving up only where the run is parked for it, all else
    /// where work is done.
    pub fn takes(self, effect: &Effect) -> bool {
        let given_up = matches!(effect, Effect::Abandoned { .. });
        match self {
            Self::Provisioning | Self::Deploying | Self::Verifying | Self::RollingBack | Self::Destroying => {
                !given_up
            }
            Self::Failed | Self::DestroyFailed => given_up,
            Self::Pending
            | Self::Validating
            | Self::Complete
            | Self::RolledBack
            | Self::Surveying
            | Self::Destroyed => false,
        }
    }
}

impl std::fmt::Display for PhaseKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What becomes of the data of what is destroyed. What a finished release may have written stays, unless a
/// person says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolumePolicy {
    /// It goes with the app: no release was ever finished, or a person said so.
    #[serde(rename = "goes")]
    Delete,
    /// It stays on the server.
    #[serde(rename = "stays")]
    Retain,
}

/// A phase, by its type.
pub trait Phase {
    const NAME: PhaseKind;
}

/// A phase in which the world is changed, on the way forward or back: effects may be recorded.
pub trait EffectfulPhase: Phase {
    /// What is carried out.
    fn plan(&self) -> &Plan;
}

/// A phase in which what runs made is deleted.
pub trait UndoingPhase: EffectfulPhase {
    /// What happens to the app's volumes.
    fn volumes(&self) -> VolumePolicy;
}

/// The app is claimed and the run begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending;

/// Preflight and planning; nothing outside is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validating;

/// The DNS records are looked for, made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// What is carried out.
    pub plan: Plan,
}

/// Project, environment, app and variables are made or changed, and the app is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploying {
    /// What is carried out.
    pub plan: Plan,
}

/// The new version is proved from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifying {
    /// What is carried out.
    pub plan: Plan,
    pub app: Receipt,
    /// Whether it was started.
    pub rollout: Rollout,
}

/// The release stands, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// What was carried out.
    pub plan: Plan,
    pub app: Receipt,
    /// What was seen.
    pub evidence: Evidence,
}

/// What this run made is destroyed, newest first; what it changed is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingBack {
    /// What was carried out, wholly or in part.
    pub plan: Plan,
    /// Why it is undone.
    pub cause: Cause,
    /// What becomes of the data.
    pub volumes: VolumePolicy,
}

/// Nothing this run made is there any more, and everything it changed is as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    pub cause: Cause,
}

/// Something still stands. Parked, not dead: it can be rolled back again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What was carried out, wholly or in part.
    pub plan: Plan,
    pub cause: Cause,
    /// What becomes of the data.
    pub volumes: VolumePolicy,
}

/// What stands of the app is listed; nothing is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveying {
    /// What happens to the app's volumes.
    pub volumes: VolumePolicy,
}

/// What the app's runs made is deleted, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroying {
    pub plan: Plan,
    /// Why it is deleted.
    pub cause: Cause,
    /// What happens to the app's volumes.
    pub volumes: VolumePolicy,
}

/// Nothing that Fabrik made for the app is there any more, but for volumes that were to stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroyed {
    pub plan: Plan,
    /// Why it was deleted.
    pub cause: Cause,
}

/// Something still stands. Parked, not dead: it can be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestroyFailed {
    pub plan: Plan,
    /// Why it is deleted.
    pub cause: Cause,
    /// What happens to the app's volumes.
    pub volumes: VolumePolicy,
}

macro_rules! phases {
    ($($phase:ident),*) => {
        $(impl Phase for $phase {
            const NAME: PhaseKind = PhaseKind::$phase;
        })*
    };
}
phases!(Pending, Validating, Provisioning, Deploying, Verifying, Complete, RollingBack, RolledBack, Failed);
phases!(Surveying, Destroying, Destroyed, DestroyFailed);

macro_rules! working {
    ($($phase:ident),*) => {
        $(impl EffectfulPhase for $phase {
            fn plan(&self) -> &Plan {
                &self.plan
            }
        })*
    };
}
working!(Provisioning, Deploying, Verifying, RollingBack, Destroying);

macro_rules! undoing {
    ($($phase:ident),*) => {
        $(impl UndoingPhase for $phase {
            fn volumes(&self) -> VolumePolicy {
                self.volumes
            }
        })*
    };
}
undoing!(RollingBack, Destroying);
