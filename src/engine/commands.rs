//! The commands of the engine: acquire the lease of an app, begin or resume a run, give the lease back.
//!
//! What a run does once it is begun or resumed is the business of
//! [`Run`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use machine::app::AppKey;
use machine::entry::{Proof, RunHeader};
use machine::id::RunId;
use machine::plan::{Baseline, Plan};
use machine::replay::AnyDeployment;

use super::context::{Cancel, RunContext};
use super::event::EventSink;
use super::journal::RunJournal;
use super::{CompletionPolicy, Confirm, OnFailure, Run, RunOutcome, SecretSink, Start};
use crate::journal::{Acquisition, Holder, JournalStore, Lease, LeaseHolder, StoreError, StoredRun};
use crate::net::{Clock, Ports};
use crate::plan::release::{ReleaseError, frozen, frozen_forms, frozen_text};
use crate::plan::{Blocker, Release, ResolvedSpec, SourcePinning};
use crate::providers::Clients;
use crate::secrets::{FingerprintKey, Redactor, Secret, Sources};
use crate::spec::{ProofPolicy, Spec, Undo};

/// Looks up an environment variable.
pub type EnvLookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Everything a run needs besides its spec.
#[derive(Clone)]
pub struct Engine {
    /// The journal's home.
    pub store: Arc<dyn JournalStore>,
    /// The world.
    pub ports: Ports,
    /// The clock of this host, which leases and waiting for other processes go by. The outside's own may be
    /// simulated.
    pub local_clock: Arc<dyn Clock>,
    /// The vendors, seen with the user's tokens.
    pub clients: Clients,
    /// Who looks on.
    pub listener: Arc<dyn EventSink>,
    /// Whether to stop.
    pub cancel: Cancel,
    /// Who we are.
    pub holder: Holder,
    /// What fingerprints are made with.
    pub key: Arc<FingerprintKey>,
    /// The environment.
    pub lookup: EnvLookup,
    /// The `.env` file, where it is not the one beside the spec.
    pub env_file: Option<PathBuf>,
    /// The Coolify token, for knowing which team was learnt with it.
    pub token: Arc<Secret>,
    /// What the outside is called where it is not a Coolify URL with its team: the sandbox world.
    pub world: Option<String>,
}

/// A claim on an app. The run that is begun or resumed under it takes the lease, and gives it back at its end.
pub struct Claim {
    lease: Option<Lease>,
}

impl Claim {
    /// The lease, for the one run that is carried out under this claim.
    ///
    /// # Panics
    /// If a run has taken it already: a defect.
    pub(super) fn take(&mut self) -> Lease {
        self.lease.take().expect("one run is carried out under a claim")
    }
}

/// How a person wants it done.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line, independent of the others"
)]
pub struct Options {
    /// Leave standing what a failed run made.
    pub no_rollback: bool,
    /// Ask the APIs even if nothing seems to have changed.
    pub refresh: bool,
    /// Restart the app even if nothing differs.
    pub force: bool,
    /// Fail where nothing shows that the new version answers.
    pub require_proof: bool,
    /// The spec lies elsewhere now.
    pub moved: bool,
    /// How long verification may take, where it is not what the spec says.
    pub timeout: Option<Duration>,
    /// How long to wait for another run of the app.
    pub wait_lock: Duration,
    /// Asked before something is undone; `false` refuses.
    pub consent: Confirm,
}

impl Options {
    /// Nothing out of the ordinary; `consent` is asked before something is undone.
    pub fn plain(consent: Arc<dyn Fn(&str) -> bool + Send + Sync>) -> Self {
        Self {
            no_rollback: false,
            refresh: false,
            force: false,
            require_proof: false,
            moved: false,
            timeout: None,
            wait_lock: Duration::ZERO,
            consent,
        }
    }
}

/// What came of a command.
#[derive(Debug)]
pub enum CommandOutcome {
    /// A run came to rest.
    Ended(RunOutcome),
    /// Nothing has changed since this release.
    Unchanged {
        run: RunId,
        /// When it was finished, in milliseconds since 1970.
        since_ms: u64,
        /// Where it answers: nowhere, for a worker.
        endpoints: Vec<String>,
        /// How firmly its spec says what runs.
        pin: SourcePinning,
        /// What shows that it runs.
        proof: Proof,
    },
    /// Another run holds the app.
    Held { by: Holder, since: jiff::Timestamp },
    /// Nothing was attempted.
    Blockers(Vec<Blocker>),
}

/// What is said where a command stops before it begins.
const UNTOUCHED: &str = "nothing was touched";

impl CommandOutcome {
    /// The same where the command had undone `run` before it came to a stop.
    #[must_use]
    pub fn after_undoing(self, run: &RunId) -> Self {
        let Self::Blockers(mut blockers) = self else { return self };
        let undone = format!("run {} was undone, nothing else was touched; apply again", run.short());
        for blocker in &mut blockers {
            let hint = blocker.hint.trim_end_matches(UNTOUCHED).trim_end_matches("; ");
            blocker.hint = if hint.is_empty() { undone.clone() } else { format!("{hint}; {undone}") };
        }
        Self::Blockers(blockers)
    }
}

impl From<Blocker> for CommandOutcome {
    fn from(blocker: Blocker) -> Self {
        Self::Blockers(vec![blocker])
    }
}

impl From<ReleaseError> for CommandOutcome {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Store(error) => error.into(),
            ReleaseError::Damaged { .. } => {
                let hint = format!("put a backup of the journal in its place; {UNTOUCHED}");
                Blocker::new(error.to_string(), hint).into()
            }
            ReleaseError::Replay { .. } => Blocker::new(error.to_string(), UNTOUCHED).into(),
        }
    }
}

impl From<StoreError> for CommandOutcome {
    fn from(error: StoreError) -> Self {
        let hint = match error.hint() {
            "" => UNTOUCHED.to_owned(),
            hint => format!("{hint}; {UNTOUCHED}"),
        };
        Blocker::new(error.to_string(), hint).into()
    }
}

impl Engine {
    /// The values of the environment and of the `.env` that goes with `spec`.
    ///
    /// # Errors
    /// [`CommandOutcome::Blockers`] for a `.env` that cannot be read.
    pub fn sources(&self, spec: &Path) -> Result<Sources<'_>, CommandOutcome> {
        let env_file = self.env_file(spec);
        let read = Sources::read(self.lookup.as_ref(), &env_file);
        read.map_err(|problem| Blocker::from(problem).into())
    }

    /// The `.env` that goes with `spec`.
    pub fn env_file(&self, spec: &Path) -> PathBuf {
        let beside = || spec.parent().unwrap_or(Path::new(".")).join(".env");
        self.env_file.clone().unwrap_or_else(beside)
    }

    /// Claims `app`, waiting for `patience` where somebody else has it. Whoever claims it calls [`give_back`](Self::give_back).
    ///
    /// # Errors
    /// [`CommandOutcome::Held`].
    pub async fn claim(&self, app: &AppKey, patience: Duration) -> Result<Claim, CommandOutcome> {
        let began = self.local_clock.boot();
        loop {
            match self.store.acquire(&app.to_string(), &self.holder).await? {
                Acquisition::Acquired { lease, .. } => return Ok(Claim { lease: Some(lease) }),
                Acquisition::Busy(LeaseHolder { by, since, .. }) => {
                    let waited = self.local_clock.boot().saturating_sub(began) >= patience;
                    // Whoever asks to stop waits no longer.
                    if waited || !self.cancel.spares(self.local_clock.sleep(Duration::from_secs(1))).await {
                        return Err(CommandOutcome::Held { by, since });
                    }
                }
            }
        }
    }

    /// Gives back the lease of a claim that no run has taken.
    pub async fn give_back(&self, claim: Claim) {
        if let Some(lease) = claim.lease {
            // A lease that cannot be given back runs out by itself.
            let _ = self.store.release(lease).await;
        }
    }

    /// A runner for `resolved`, with the pen of its run.
    pub fn runner(
        &self,
        journal: RunJournal,
        resolved: ResolvedSpec,
        taken: Start,
        options: &Options,
    ) -> Run {
        let env_file = self.env_file(&resolved.spec.path);
        let keep: SecretSink = Box::new(move |secrets| crate::secrets::keep(&env_file, secrets));
        let mut resolved = resolved;
        if let Some(timeout) = options.timeout {
            resolved.spec.health.timeout = timeout;
        }
        Run {
            context: RunContext {
                taken: journal.now(),
                journal,
                ports: self.ports.clone(),
                local_clock: self.local_clock.clone(),
                listener: self.listener.clone(),
                cancel: self.cancel.clone(),
                store: self.store.clone(),
                holder: self.holder.clone(),
                doubted: taken == Start::Resumed,
                redactor: Redactor::knowing(resolved.secrets().iter().chain([self.token.as_ref()])),
            },
            clients: self.clients.clone(),
            on_failure: on_failure(&resolved.spec, options),
            demand: demand(&resolved.spec, options),
            force: options.force,
            key: self.key.clone(),
            base: None,
            before: None,
            facts: None,
            keep,
            confirm: options.consent.clone(),
            resolved,
        }
    }

    /// The ask of a run that is in the journal: frozen text, sources read again.
    ///
    /// # Errors
    /// [`CommandOutcome::Blockers`] for what is missing now.
    pub fn resolve_again(
        &self,
        any: &AnyDeployment,
        loaded: &StoredRun,
        base: Option<&Release>,
    ) -> Result<ResolvedSpec, CommandOutcome> {
        let mut known = base.map(known).unwrap_or_default();
        known.extend(any.header().secrets.clone());
        if let Some(plan) = plan_of(any) {
            known.extend(plan.envs.iter().map(|env| (env.key.clone(), env.fingerprint.clone())));
        }
        self.resolve_frozen(any.header(), &loaded.blobs, &known)
    }

    /// The ask that a release was made from, with what sources give today.
    ///
    /// # Errors
    /// [`CommandOutcome::Blockers`].
    pub fn resolve_release(&self, release: &Release) -> Result<ResolvedSpec, CommandOutcome> {
        self.resolve_frozen(release.begun(), &release.blobs, &known(release))
    }

    fn resolve_frozen(
        &self,
        begun: &RunHeader,
        blobs: &BTreeMap<String, Vec<u8>>,
        known: &BTreeMap<String, String>,
    ) -> Result<ResolvedSpec, CommandOutcome> {
        let path = Path::new(&begun.spec);
        let spec = Spec::thaw(path, &frozen_text(begun, blobs, frozen::SPEC))
            .map_err(|problems| CommandOutcome::Blockers(problems.into()))?;
        let compose = frozen_text(begun, blobs, frozen::COMPOSE);
        let sources = self.sources(path)?;
        let forms = frozen_forms(begun, blobs);
        let resolved =
            ResolvedSpec::frozen(spec, compose, begun.hash.clone(), &sources, &self.key, known, &forms);
        Ok(self.hidden(resolved.map_err(CommandOutcome::Blockers)?))
    }

    /// The ask, after the onlookers have learnt what of it must not be shown.
    pub fn hidden(&self, resolved: ResolvedSpec) -> ResolvedSpec {
        resolved.secrets().iter().for_each(|secret| self.listener.hide(secret));
        resolved
    }

    /// Has the onlookers hide what the sources give for the secrets of `spec`: an outside that was given them by an
    /// earlier run may quote them at the first question.
    ///
    /// # Errors
    /// As [`sources`](Self::sources).
    pub fn hide_given(&self, spec: &Spec) -> Result<(), CommandOutcome> {
        let names = spec.secrets.iter().map(|want| want.name.as_str());
        self.sources(&spec.path)?.given(names).iter().for_each(|secret| self.listener.hide(secret));
        Ok(())
    }

    /// The release that `any` builds on.
    ///
    /// # Errors
    /// [`CommandOutcome::Blockers`] when it cannot be read.
    pub async fn base_of(&self, any: &AnyDeployment) -> Result<Option<Release>, CommandOutcome> {
        match plan_of(any).map(|plan| &plan.baseline) {
            Some(Baseline::Nothing) => Ok(None),
            Some(Baseline::Release(run)) => Ok(Release::of(&self.store, run).await?),
            None => {
                let rows = self.store.list(Some(&any.header().app)).await?;
                Ok(Release::newest(&self.store, &rows, Some(any.run())).await?)
            }
        }
    }
}

/// What a person asks for on the command line or in `spec`.
pub fn demand(spec: &Spec, options: &Options) -> CompletionPolicy {
    match (options.require_proof, spec.health.proof) {
        (false, ProofPolicy::Optional) => CompletionPolicy::Answer,
        (true, _) | (_, ProofPolicy::Required) => CompletionPolicy::Proof,
    }
}

fn on_failure(spec: &Spec, options: &Options) -> OnFailure {
    let manual = spec.rollback.coolify == Undo::Manual || spec.rollback.dns == Undo::Manual;
    match (options.no_rollback, manual) {
        (true, _) => OnFailure::Leave,
        (false, true) => OnFailure::Park,
        (false, false) => OnFailure::Undo,
    }
}

/// The fingerprints of the variables that `release` left behind.
pub fn known(release: &Release) -> BTreeMap<String, String> {
    release.envs().into_iter().map(|(key, print)| (key.to_owned(), print.to_owned())).collect()
}

/// The plan of `any`, if it has one by now.
pub fn plan_of(any: &AnyDeployment) -> Option<&Plan> {
    match any {
        AnyDeployment::Provisioning(d) => Some(&d.phase().plan),
        AnyDeployment::Deploying(d) => Some(&d.phase().plan),
        AnyDeployment::Verifying(d) => Some(&d.phase().plan),
        AnyDeployment::Complete(d) => Some(&d.phase().plan),
        AnyDeployment::RollingBack(d) => Some(&d.phase().plan),
        AnyDeployment::Failed(d) => Some(&d.phase().plan),
        AnyDeployment::Destroying(d) => Some(&d.phase().plan),
        AnyDeployment::Destroyed(d) => Some(&d.phase().plan),
        AnyDeployment::DestroyFailed(d) => Some(&d.phase().plan),
        AnyDeployment::Pending(_)
        | AnyDeployment::Validating(_)
        | AnyDeployment::RolledBack(_)
        | AnyDeployment::Surveying(_) => None,
    }
}
