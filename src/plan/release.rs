//! A finished release: what a new run builds on, and what undoing it goes back to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use machine::app::AppKey;
use machine::deployment::Deployment;
use machine::entry::{Proof, RunHeader};
use machine::id::RunId;
use machine::phase::{Complete, PhaseKind};
use machine::plan::{DesiredRecord, EnvVarAction, EnvVarChange, Plan};
use machine::receipt::{Receipt, ResourceState};
use machine::replay::{AnyDeployment, ReplayError};
use machine::step::{RecordIndex, Step};

use super::artifact::Artifact;
use super::compose::env_text::Forms;
use super::resolved_spec::sha256;
use crate::error::Problems;
use crate::journal::{JournalStore, RunRow, StoreError, StoredRun};
use crate::spec::Spec;

/// The names under which a run's blobs are frozen.
pub mod frozen {
    /// The spec's text, unexpanded.
    pub const SPEC: &str = "spec";
    /// The compose text as sent.
    pub const COMPOSE: &str = "compose";
    /// The forms of the environment values that are no plain rows, without the values; missing where all are.
    pub const FORMS: &str = "env-forms";
}

/// An app's finished run with everything needed to compare with it or go back to it.
#[derive(Debug)]
pub struct Release {
    /// The finished run.
    pub deployment: Deployment<Complete>,
    /// What was frozen with it.
    pub blobs: BTreeMap<String, Vec<u8>>,
}

/// Why a run could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The store could not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was frozen with it is not what it was.
    #[error("run {run}: the {what} frozen with it is damaged")]
    Damaged {
        run: RunId,
        /// What it is called.
        what: String,
    },
    /// Its entries lead nowhere.
    #[error("run {run}: {error}")]
    Replay { run: RunId, error: ReplayError },
}

/// Reads a run back from its entries.
///
/// # Errors
/// [`ReleaseError`].
pub async fn read(store: &dyn JournalStore, run: &RunId) -> Result<(AnyDeployment, StoredRun), ReleaseError> {
    let loaded = store.load(run).await?;
    let replayed = AnyDeployment::replay(&loaded.lines);
    match replayed {
        Ok(any) => match damaged(any.header(), &loaded.blobs) {
            Some(what) => Err(ReleaseError::Damaged { run: run.clone(), what: what.to_owned() }),
            None => Ok((any, loaded)),
        },
        Err(error) => Err(ReleaseError::Replay { run: run.clone(), error }),
    }
}

// The database does not see a byte that fell over within a blob, and what is sent is made from it.
fn damaged<'a>(begun: &'a RunHeader, blobs: &BTreeMap<String, Vec<u8>>) -> Option<&'a str> {
    let is_sound = |hash: &String| blobs.get(hash).is_some_and(|bytes| sha256(bytes) == *hash);
    begun.frozen.iter().find(|(_, hash)| !is_sound(hash)).map(|(what, _)| what.as_str())
}

impl Release {
    /// The newest finished run among `rows`, other than `besides`.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn newest(
        store: &Arc<dyn JournalStore>,
        rows: &[RunRow],
        besides: Option<&RunId>,
    ) -> Result<Option<Self>, ReleaseError> {
        for row in rows.iter().rev().filter(|row| Some(&row.run) != besides) {
            match row.phase {
                Some(PhaseKind::Complete) => return Self::of(store, &row.run).await,
                Some(PhaseKind::Destroyed) => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The release that `run` made; `None` when it is not finished.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn of(store: &Arc<dyn JournalStore>, run: &RunId) -> Result<Option<Self>, ReleaseError> {
        let (any, loaded) = read(store.as_ref(), run).await?;
        Ok(match any {
            AnyDeployment::Complete(deployment) => Some(Self { deployment, blobs: loaded.blobs }),
            AnyDeployment::Pending(_)
            | AnyDeployment::Validating(_)
            | AnyDeployment::Provisioning(_)
            | AnyDeployment::Deploying(_)
            | AnyDeployment::Verifying(_)
            | AnyDeployment::RollingBack(_)
            | AnyDeployment::RolledBack(_)
            | AnyDeployment::Failed(_)
            | AnyDeployment::Surveying(_)
            | AnyDeployment::Destroying(_)
            | AnyDeployment::Destroyed(_)
            | AnyDeployment::DestroyFailed(_) => None,
        })
    }

    pub fn run(&self) -> &RunId {
        &self.deployment.header().run
    }

    /// How it began.
    pub fn begun(&self) -> &RunHeader {
        self.deployment.header()
    }

    /// What it carried out.
    pub fn plan(&self) -> &Plan {
        &self.deployment.phase().plan
    }

    /// The release whose start it left running: itself, or an earlier one.
    pub fn answers_as(&self) -> &str {
        self.plan().release.as_str()
    }

    /// What shows that it runs.
    pub fn proof(&self) -> Proof {
        self.deployment.phase().evidence.proof
    }

    /// Whether nothing shows that it runs.
    pub fn is_unproven(&self) -> bool {
        self.proof() == Proof::None
    }

    /// Whether its answers carried the header that the proxy adds by its label.
    pub fn shows_label(&self) -> bool {
        self.deployment.phase().evidence.label_seen
    }

    pub fn receipt(&self, step: Step) -> Option<&Receipt> {
        self.deployment.ledger().receipt(step)
    }

    /// The records it left behind, each as it left it.
    pub fn records(&self) -> Vec<(&DesiredRecord, ResourceState)> {
        let ledger = self.deployment.ledger();
        let left = |(nth, record)| {
            let mut state = ledger.receipt(Step::Dns(nth))?.to_state();
            if let Some(proxy) = ledger.receipt(Step::Proxy(nth)) {
                state.attributes.extend(proxy.attributes.clone());
            }
            // What was dropped, or was gone when it was to be dropped, has no fields.
            (!state.attributes.is_empty()).then_some((record, state))
        };
        (0..=RecordIndex::MAX).zip(&self.plan().records).filter_map(left).collect()
    }

    /// The records at names that somebody else keeps since, as the releases before left them.
    pub fn handed_over(&self) -> Vec<(&DesiredRecord, ResourceState)> {
        self.plan().handed_over.iter().map(|it| (&it.record, it.state.clone())).collect()
    }

    /// The record at `name`, as it or a release before it left it.
    pub fn record(&self, name: &str) -> Option<ResourceState> {
        self.records()
            .into_iter()
            .chain(self.handed_over())
            .find(|(record, _)| record.name == name)
            .map(|(_, state)| state)
    }

    /// The variables it left behind, by name, with their fingerprints.
    pub fn envs(&self) -> BTreeMap<&str, &str> {
        let stays = |env: &&EnvVarChange| env.change != EnvVarAction::Remove;
        self.plan()
            .envs
            .iter()
            .filter(stays)
            .map(|env| (env.key.as_str(), env.fingerprint.as_str()))
            .collect()
    }

    /// The forms in which its variables were sent, where they are no plain rows.
    pub fn forms(&self) -> Forms {
        frozen_forms(self.begun(), &self.blobs)
    }

    /// The spec it was made from.
    ///
    /// # Errors
    /// What this version no longer understands of it.
    pub fn spec(&self) -> Result<Spec, Problems> {
        Spec::thaw(Path::new(&self.begun().spec), &self.frozen(frozen::SPEC))
    }

    /// The names it gives the volumes that it mounts.
    pub fn volumes(&self) -> Vec<String> {
        volumes_of(self.begun(), &self.blobs)
    }

    /// A frozen text, empty where there is none.
    pub fn frozen(&self, name: &str) -> String {
        frozen_text(self.begun(), &self.blobs, name)
    }
}

/// The names of the volumes that the run that began so mounts; none where this version no longer understands its spec.
pub fn volumes_of(begun: &RunHeader, blobs: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let Ok(spec) = Spec::thaw(Path::new(&begun.spec), &frozen_text(begun, blobs, frozen::SPEC)) else {
        return Vec::new();
    };
    let compose = frozen_text(begun, blobs, frozen::COMPOSE);
    Artifact::frozen(&spec, compose).map(|artifact| artifact.volumes).unwrap_or_default()
}

/// The text frozen under `name` with the run that began so; empty where there is none.
pub fn frozen_text(begun: &RunHeader, blobs: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    let blob = begun.frozen.get(name).and_then(|hash| blobs.get(hash));
    blob.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// The forms of the variables that were frozen with the run that began so. An earlier version knew plain rows alone.
pub fn frozen_forms(begun: &RunHeader, blobs: &BTreeMap<String, Vec<u8>>) -> Forms {
    serde_json::from_str(&frozen_text(begun, blobs, frozen::FORMS)).unwrap_or_default()
}

/// Whether `app`'s runs among `rows` include one that is not closed.
pub fn open_run<'a>(rows: &'a [RunRow], app: &AppKey) -> Option<&'a RunRow> {
    rows.iter()
        .find(|row| row.app == *app && row.phase.is_none_or(|phase| !phase.is_closed()) && !row.forgotten)
}
