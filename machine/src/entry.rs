//! Everything that can be written into a run's journal.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::app::AppKey;
use crate::cause::Cause;
use crate::effect::Effect;
use crate::id::{JournalId, RunId};
use crate::phase::{PhaseKind, VolumePolicy};
use crate::plan::Plan;
use crate::receipt::ResourceState;
use crate::timestamp::DualTimestamp;

/// The format that this version writes, and the newest it can read.
pub const FORMAT: u32 = 2;

/// Where a run acts: a Coolify, and the team that its token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetIdentity {
    /// Coolify's base URL.
    pub coolify: String,
    /// The team the token belongs to.
    pub team: String,
    /// The keyed fingerprint of the token.
    pub token: String,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To have the app as its spec asks.
    Deploy,
    /// To have nothing of it any more, but for its data where that stays.
    Destroy(VolumePolicy),
}

impl Purpose {
    /// Where a run for this begins.
    pub fn first_phase(self) -> PhaseKind {
        match self {
            Self::Deploy => PhaseKind::Pending,
            Self::Destroy(_) => PhaseKind::Surveying,
        }
    }

    /// Whether the run destroys its app.
    pub fn is_destroy(self) -> bool {
        matches!(self, Self::Destroy(_))
    }
}

/// The first entry of a run: what it is for, and everything that is fixed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHeader {
    pub run: RunId,
    /// The journal it is kept in.
    pub journal: JournalId,
    pub app: AppKey,
    pub purpose: Purpose,
    /// Where it acts.
    #[serde(rename = "outside")]
    pub target: TargetIdentity,
    /// The spec file, as an absolute path.
    pub spec: String,
    /// What decides "changed": spec and files.
    pub hash: String,
    /// The keyed fingerprints of all environment values that come from outside the spec, by name.
    pub secrets: BTreeMap<String, String>,
    /// What is frozen with the run: name → SHA-256 of the blob.
    pub frozen: BTreeMap<String, String>,
}

/// What verification saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Each check and what it saw, in the order made.
    pub checks: Vec<(String, String)>,
    /// What shows that it is this release that answers.
    pub proof: Proof,
    /// Whether the answers carried the header that the proxy in front of the app adds by the label of the release.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub label_seen: bool,
}

/// What verification saw, of a run that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence(Verification);

impl Evidence {
    pub(crate) fn of_recorded(verification: Verification) -> Self {
        Self(verification)
    }
}

impl Deref for Evidence {
    type Target = Verification;

    fn deref(&self) -> &Verification {
        &self.0
    }
}

/// What shows that the new version answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The release's own fingerprint was seen.
    Fingerprint,
    /// The record of its own deployment ended well, and it answers.
    Deployment,
    /// It answers, or stays up where it answers nobody, and nothing ran before.
    First,
    /// It answers, or stays up, and the log of its container begins after the start that was triggered.
    Log,
    /// Something answers; nothing shows which version.
    None,
}

impl Proof {
    /// Its word in journals, events and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprint",
            Self::Deployment => "deployment",
            Self::First => "first",
            Self::Log => "log",
            Self::None => "none",
        }
    }
}

/// One entry of a run's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum JournalEntry {
    /// → Pending, or Surveying.
    Begun(RunHeader),
    Validating,
    /// → Provisioning, with the plan.
    Provisioning {
        /// What will be carried out.
        plan: Plan,
    },
    /// → Deploying. Format 1 repeats the records here, which the effects before it have.
    Deploying,
    /// → Verifying. Format 1 repeats the app, the endpoints and the start here, which the effects and the plan have.
    Verifying,
    /// → Complete, with what verification saw.
    Complete {
        #[serde(rename = "evidence")]
        verification: Verification,
    },
    RollingBack {
        cause: Cause,
        /// What happens to the volumes.
        #[serde(rename = "data")]
        volumes: VolumePolicy,
    },
    /// → Destroying, with what earlier runs made.
    Destroying {
        plan: Plan,
        /// What stands, oldest first.
        #[serde(rename = "things")]
        resources: Vec<ResourceState>,
        /// What happens to the volumes.
        #[serde(rename = "data")]
        volumes: VolumePolicy,
        cause: Cause,
    },
    RolledBack {
        cause: Cause,
    },
    Failed {
        cause: Cause,
    },
    /// `DestroyFailed` → Destroying.
    DestroyRetried {
        cause: Cause,
    },
    Destroyed {
        cause: Cause,
    },
    DestroyFailed {
        cause: Cause,
    },
    /// Something wanted of the world, or what came of it.
    Effect(Effect),
    /// The run stopped at a safe point.
    Parked {
        reason: String,
    },
    /// A process resumed the run.
    Resumed {
        /// Which: user@host, pid, command.
        holder: String,
    },
}

impl JournalEntry {
    /// The phase it leads to; `None` for what stays within a phase.
    pub fn phase(&self) -> Option<PhaseKind> {
        match self {
            Self::Begun(header) => Some(header.purpose.first_phase()),
            Self::Validating => Some(PhaseKind::Validating),
            Self::Provisioning { .. } => Some(PhaseKind::Provisioning),
            Self::Deploying => Some(PhaseKind::Deploying),
            Self::Verifying => Some(PhaseKind::Verifying),
            Self::Complete { .. } => Some(PhaseKind::Complete),
            Self::RollingBack { .. } => Some(PhaseKind::RollingBack),
            Self::Destroying { .. } | Self::DestroyRetried { .. } => Some(PhaseKind::Destroying),
            Self::Destroyed { .. } => Some(PhaseKind::Destroyed),
            Self::DestroyFailed { .. } => Some(PhaseKind::DestroyFailed),
            Self::RolledBack { .. } => Some(PhaseKind::RolledBack),
            Self::Failed { .. } => Some(PhaseKind::Failed),
            Self::Effect(_) | Self::Parked { .. } | Self::Resumed { .. } => None,
        }
    }

    /// A short name for screens and hold points.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Effect(effect) => effect.name(),
            Self::Parked { .. } => "parked",
            Self::Resumed { .. } => "resumed",
            Self::Begun(_) => "begun",
            Self::Validating => "validating",
            Self::Provisioning { .. } => "provisioning",
            Self::Deploying => "deploying",
            Self::Verifying => "verifying",
            Self::Complete { .. } => "complete",
            Self::RollingBack { .. } => "rolling-back",
            Self::Destroying { .. } => "destroying",
            Self::DestroyRetried { .. } => "destroy-retried",
            Self::Destroyed { .. } => "destroyed",
            Self::DestroyFailed { .. } => "destroy-failed",
            Self::RolledBack { .. } => "rolled-back",
            Self::Failed { .. } => "failed",
        }
    }
}

/// An entry as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntry {
    /// The format it is written in.
    pub v: u32,
    /// When it was written.
    pub at: DualTimestamp,
    /// What was written.
    pub entry: JournalEntry,
}

impl StoredEntry {
    /// An entry written now.
    pub fn new(at: DualTimestamp, entry: JournalEntry) -> Self {
        Self { v: FORMAT, at, entry }
    }
}
