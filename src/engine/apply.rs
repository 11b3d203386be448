//! `apply`: from a spec to a run, over whatever the app's earlier runs left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use machine::app::AppKey;
use machine::cause::{Cause, CauseKind};
use machine::deployment::Deployment;
use machine::entry::{Purpose, RunHeader, TargetIdentity};
use machine::id::RunId;
use machine::phase::PhaseKind;
use machine::replay::AnyDeployment;

use super::commands::{Claim, CommandOutcome, Engine, Options, demand, known};
use super::event::Event;
use super::journal::RunJournal;
use super::resume::ResumeIntent;
use super::{CompletionPolicy, RunOutcome, Start};
use crate::journal::RunRow;
use crate::plan::preflight::Facts;
use crate::plan::release::{frozen, open_run, read};
use crate::plan::resolved_spec::{RELEASE, sha256};
use crate::plan::{Blocker, Preflight, Release, ResolvedSpec, SourcePinning, values};
use crate::spec::Spec;

/// What an apply is about, as far as the journal tells.
struct Aim {
    app: AppKey,
    resolved: ResolvedSpec,
    unchanged: Option<CommandOutcome>,
}

/// What becomes of an open run when its app is applied again.
enum OpenRunPolicy {
    /// It wants the same: it goes on.
    Resume,
    /// It is being undone, or wants something else: it is undone first.
    Undo,
}

impl Engine {
    /// Makes the world as `spec` asks.
    pub async fn apply(&self, spec: Spec, options: &Options) -> CommandOutcome {
        Box::pin(self.try_apply(spec, options)).await.unwrap_or_else(|outcome| outcome)
    }

    async fn try_apply(&self, spec: Spec, options: &Options) -> Result<CommandOutcome, CommandOutcome> {
        self.hide_given(&spec)?;
        let remembered = self.remembered().await?;
        let mut aim = match &remembered {
            Some(ports) => Some(self.aim(spec.clone(), ports, options).await?),
            None => None,
        };
        if let Some(Aim { unchanged: Some(unchanged), .. }) = aim {
            return Ok(unchanged);
        }
        let facts = Preflight::of(&self.clients.coolify).await.facts().map_err(CommandOutcome::Blockers)?;
        let ports = self.outside_of(&facts.team.id);
        // What is remembered of a token is no proof: it may be another team's by now.
        if remembered.is_none_or(|remembered| remembered.team != ports.team) {
            aim = None;
        }
        let Aim { app, resolved, unchanged } = match aim {
            Some(aim) => aim,
            None => self.aim(spec, &ports, options).await?,
        };
        if let Some(unchanged) = unchanged {
            return Ok(unchanged);
        }
        let mut claim = self.claim(&app, options.wait_lock).await?;
        let surroundings = (ports, facts);
        let outcome = Box::pin(self.apply_claimed(resolved, &app, surroundings, &mut claim, options)).await;
        self.give_back(claim).await;
        outcome
    }

    /// What `spec` is about on `ports`.
    async fn aim(
        &self,
        spec: Spec,
        ports: &TargetIdentity,
        options: &Options,
    ) -> Result<Aim, CommandOutcome> {
        let app = self.app(&spec, ports);
        let rows = self.store.list(Some(&app)).await?;
        same_path(&spec, &rows, options)?;
        self.same_name(&spec, &app).await?;
        let base = Release::newest(&self.store, &rows, None).await?;
        let resolved = self.resolve(spec, base.as_ref())?;
        let unchanged = unchanged(&resolved, base.as_ref(), &rows, &app, options);
        Ok(Aim { app, resolved, unchanged })
    }

    // Between the first look and the claim another run may have begun or ended, so the journal is read again.
    async fn apply_claimed(
        &self,
        resolved: ResolvedSpec,
        app: &AppKey,
        surroundings: (TargetIdentity, Facts),
        claim: &mut Claim,
        options: &Options,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let rows = self.store.list(Some(app)).await?;
        let Some(open) = open_run(&rows, app) else {
            return self.begin_run(resolved, app, surroundings, claim, options).await;
        };
        let (any, _) = read(self.store.as_ref(), &open.run).await?;
        match over(&any, &resolved) {
            OpenRunPolicy::Resume => {
                Box::pin(self.resume_claimed(&open.run, claim, options, ResumeIntent::On)).await
            }
            OpenRunPolicy::Undo => {
                agree_to_undo(&any, options)?;
                let cause = superseded(&any);
                let outcome =
                    Box::pin(self.resume_claimed(&open.run, claim, options, ResumeIntent::Undone(cause)))
                        .await?;
                if !matches!(
                    outcome,
                    CommandOutcome::Ended(
                        RunOutcome::RolledBack { .. }
                            | RunOutcome::Destroyed { .. }
                            | RunOutcome::Refused { .. }
                    )
                ) {
                    return Ok(outcome);
                }
                let after = async {
                    *claim = self.claim(app, options.wait_lock).await?;
                    self.begin_run(resolved, app, surroundings, claim, options).await
                };
                after.await.map_err(|outcome| outcome.after_undoing(&open.run))
            }
        }
    }

    async fn begin_run(
        &self,
        resolved: ResolvedSpec,
        app: &AppKey,
        surroundings: (TargetIdentity, Facts),
        claim: &mut Claim,
        options: &Options,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let rows = self.store.list(Some(app)).await?;
        let base = Release::newest(&self.store, &rows, None).await?;
        let resolved = self.resolve(resolved.spec, base.as_ref())?;
        Box::pin(self.fresh(resolved, app, surroundings, base, claim, options)).await
    }

    async fn fresh(
        &self,
        resolved: ResolvedSpec,
        app: &AppKey,
        (ports, facts): (TargetIdentity, Facts),
        base: Option<Release>,
        claim: &mut Claim,
        options: &Options,
    ) -> Result<CommandOutcome, CommandOutcome> {
        let run = new_run();
        let blobs = frozen_blobs(&resolved);
        let begun = RunHeader {
            run: run.clone(),
            journal: self.store.journal().clone(),
            app: app.clone(),
            purpose: Purpose::Deploy,
            target: ports,
            spec: resolved.spec.path.to_string_lossy().into_owned(),
            hash: resolved.hash.clone(),
            secrets: resolved.fingerprints(),
            frozen: blobs.iter().map(|(name, bytes)| ((*name).to_owned(), sha256(bytes))).collect(),
        };
        self.listener.emit(&Event::Began {
            app: app.name.clone(),
            endpoints: resolved.spec.endpoints(),
            run: run.clone(),
            resumed: false,
        });
        let by_hash = blobs.into_values().map(|bytes| (sha256(&bytes), bytes)).collect();
        let clocks = (self.ports.clock.clone(), self.local_clock.clone());
        let mut journal = RunJournal::fresh(self.store.clone(), clocks, run, claim.take(), by_hash);
        let begun = Deployment::begin(begun).commit(&mut journal).await;
        let (journal, deployment) = journal.opened(begun).await?;
        let before = base.as_ref().and_then(|base| self.resolve_release(base).ok());
        let mut runner = self.runner(journal, resolved, Start::Fresh, options);
        (runner.base, runner.before, runner.facts) = (base.map(Arc::new), before, Some(facts));
        // Only a new start can show what the last one did not.
        runner.force |= runner.demand == CompletionPolicy::Proof
            && runner.base.as_deref().is_some_and(Release::is_unproven);
        Ok(CommandOutcome::Ended(Box::pin(runner.carry_on(AnyDeployment::from(deployment))).await))
    }

    fn resolve(&self, spec: Spec, base: Option<&Release>) -> Result<ResolvedSpec, CommandOutcome> {
        let sources = self.sources(&spec.path)?;
        let (known, forms) = base.map(|base| (known(base), base.forms())).unwrap_or_default();
        let resolved = ResolvedSpec::fresh(spec, &sources, &self.key, &known, &forms)
            .map_err(CommandOutcome::Blockers)?;
        Ok(self.hidden(resolved))
    }

    // An app is known by its name, project and environment. A spec that says another of them means another app, and
    // would leave the one it was deployed as standing.
    async fn same_name(&self, spec: &Spec, app: &AppKey) -> Result<(), CommandOutcome> {
        let rows = self.store.list(None).await?;
        let path = spec.path.to_string_lossy();
        let here = |row: &&RunRow| row.begun.as_ref().is_some_and(|begun| begun.spec == path);
        let others = rows.iter().filter(here).map(|row| &row.app);
        let others: BTreeSet<&AppKey> =
            others.filter(|other| *other != app && other.target == app.target).collect();
        for other in others {
            let runs: Vec<RunRow> = rows.iter().filter(|row| row.app == *other).cloned().collect();
            let Some(release) = Release::newest(&self.store, &runs, None).await? else { continue };
            if release.begun().spec == path {
                return Err(Blocker::new(
                    format!(
                        "this spec was deployed as {}, and an app is not renamed in place",
                        called(other)
                    ),
                    format!(
                        "`fabrik destroy {}` first, or write the new app into a file of its own",
                        other.name
                    ),
                )
                .into());
            }
        }
        Ok(())
    }
}

// One that is being undone already was agreed to before.
fn agree_to_undo(any: &AnyDeployment, options: &Options) -> Result<(), CommandOutcome> {
    let short = any.run().short();
    let (state, ways) = match any.name() {
        PhaseKind::RollingBack | PhaseKind::Destroying => return Ok(()),
        PhaseKind::DestroyFailed => (
            "destroys it, and something of it still stands".to_owned(),
            format!("`fabrik show {short}` lists it, `fabrik destroy {}` tries again", any.header().app.name),
        ),
        PhaseKind::Failed => (
            "has failed, and something of it still stands".to_owned(),
            format!("`fabrik show {short}` lists it, `fabrik rollback {short}` tries again to undo it"),
        ),
        phase => (
            format!("is not finished ({phase})"),
            format!("`fabrik resume {short}` goes on with it, `fabrik rollback {short}` undoes it"),
        ),
    };
    if (options.consent)(&format!("run {short} of this app {state}; undo it first?")) {
        return Ok(());
    }
    let hint = format!("{ways}, `--yes` undoes it and applies");
    Err(Blocker::new(format!("run {short} of this app {state}"), hint).into())
}

fn called(app: &AppKey) -> String {
    format!("`{}` in project `{}`, environment `{}`", app.name, app.project, app.environment)
}

fn same_path(spec: &Spec, rows: &[RunRow], options: &Options) -> Result<(), CommandOutcome> {
    let standing = |row: &&RunRow| {
        row.phase.is_some_and(|phase| !matches!(phase, PhaseKind::RolledBack | PhaseKind::Destroyed))
    };
    let last = rows.iter().rev().filter(standing).find_map(|row| row.begun.as_ref());
    let path = spec.path.to_string_lossy();
    match last {
        Some(begun) if begun.spec != path && !options.moved => Err(Blocker::new(
            format!("this app was deployed from {}", begun.spec),
            "if the spec was moved, say `--moved`; if it is another app, give it another name or project",
        )
        .into()),
        Some(_) | None => Ok(()),
    }
}

/// "Unchanged" never lies: the same spec and files, the same values, a finished release, and no open run.
fn unchanged(
    resolved: &ResolvedSpec,
    base: Option<&Release>,
    rows: &[RunRow],
    app: &AppKey,
    options: &Options,
) -> Option<CommandOutcome> {
    let base = base?;
    let pin = SourcePinning::of(&resolved.spec.source);
    // Nobody has looked at what the branch has by now.
    if pin == SourcePinning::Branch {
        return None;
    }
    // A new path is recorded by a run of its own, so that it need not be said again.
    if base.begun().spec != resolved.spec.path.to_string_lossy() {
        return None;
    }
    if demand(&resolved.spec, options) == CompletionPolicy::Proof && base.is_unproven() {
        return None;
    }
    if options.refresh || options.force || open_run(rows, app).is_some() || base.begun().hash != resolved.hash
    {
        return None;
    }
    let mut left = base.envs();
    left.remove(RELEASE);
    let now: BTreeMap<&str, &str> =
        resolved.envs.iter().map(|env| (env.key.as_str(), env.fingerprint.as_str())).collect();
    let since_ms = rows.iter().find(|row| row.run == *base.run()).map_or(0, |row| row.last_ms);
    (left == now).then(|| CommandOutcome::Unchanged {
        run: base.run().clone(),
        since_ms,
        endpoints: base.plan().endpoints.clone(),
        pin,
        proof: base.proof(),
    })
}

fn over(any: &AnyDeployment, resolved: &ResolvedSpec) -> OpenRunPolicy {
    let begun = any.header();
    let same_values = || {
        let now: BTreeMap<_, _> =
            resolved.envs.iter().map(|env| (env.key.as_str(), env.fingerprint.as_str())).collect();
        begun.secrets.iter().all(|(name, print)| now.get(name.as_str()) == Some(&print.as_str()))
    };
    match any.name() {
        PhaseKind::Pending
        | PhaseKind::Validating
        | PhaseKind::Provisioning
        | PhaseKind::Deploying
        | PhaseKind::Verifying
            if begun.hash == resolved.hash && same_values() =>
        {
            OpenRunPolicy::Resume
        }
        PhaseKind::Pending
        | PhaseKind::Validating
        | PhaseKind::Provisioning
        | PhaseKind::Deploying
        | PhaseKind::Verifying
        | PhaseKind::Complete
        | PhaseKind::RollingBack
        | PhaseKind::RolledBack
        | PhaseKind::Failed
        | PhaseKind::Surveying
        | PhaseKind::Destroying
        | PhaseKind::Destroyed
        | PhaseKind::DestroyFailed => OpenRunPolicy::Undo,
    }
}

fn superseded(any: &AnyDeployment) -> Cause {
    let message = match any {
        AnyDeployment::Failed(d) => d.phase().cause.message.clone(),
        AnyDeployment::DestroyFailed(d) => d.phase().cause.message.clone(),
        _ => "another plan takes its place".to_owned(),
    };
    Cause { kind: CauseKind::Superseded, message, hint: String::new(), evidence: Vec::new() }
}

fn frozen_blobs(resolved: &ResolvedSpec) -> BTreeMap<&'static str, Vec<u8>> {
    let mut blobs = BTreeMap::from([
        (frozen::SPEC, resolved.spec.text.clone().into_bytes()),
        (frozen::COMPOSE, resolved.artifact.compose.clone().into_bytes()),
    ]);
    let forms = values::forms(&resolved.envs);
    if !forms.is_empty() {
        let written = serde_json::to_vec(&forms).expect("forms are plain data with text for keys");
        blobs.insert(frozen::FORMS, written);
    }
    blobs
}

/// A run id that sorts by time.
pub fn new_run() -> RunId {
    RunId::from_bits(uuid::Uuid::now_v7().as_u128())
}
