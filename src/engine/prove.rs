//! The proof: the start has ended, the new version answers, and nothing of ours is left over.

use machine::cause::Cause;
use machine::deployment::Deployment;
use machine::entry::{Proof, Verification};
use machine::phase::{EffectfulPhase, Verifying};
use machine::plan::{Action, DesiredRecord, DesiredResource, Endpoint, Plan, Proxy, Rollout};
use machine::receipt::{Attributes, Receipt};
use machine::step::{RecordIndex, Step};

use super::app::App;
use super::build_failure::{not_built, vanished};
use super::container_log::Before;
use super::event::{Change, Event};
use super::forward::came;
use super::phase_error::{Interruption, PhaseError, failed};
use super::start::DEPLOYMENT;
use super::startup_monitor::{Looked, StartupMonitor};
use super::{CompletionPolicy, Run};
use crate::plan::Release;
use crate::plan::compose::release_label;
use crate::providers::coolify::deployments::Status;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::providers::coolify::resource::is_application;
use crate::spec::{self, Health, TUNNEL_SUFFIX};
use crate::verify::{self, Route, Seen, Target, Verified, VerifyError, verify};

/// When an app is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// As its records are made.
    Bare,
    /// Behind Cloudflare's proxy too, where the plan wants it after the proof.
    Proxied,
}

/// What is looked for at the app's domains.
pub(super) struct Sought<'a> {
    /// The release that is to answer.
    release: &'a str,
    /// When it is well.
    pub health: &'a Health,
    /// Where its answers say which release they come from.
    fingerprint: Option<verify::Fingerprint>,
}

impl Run {
    pub(super) async fn prove(
        &mut self,
        deployment: &mut Deployment<Verifying>,
    ) -> Result<Verification, PhaseError> {
        let (app, start) = (deployment.phase().app.clone(), deployment.phase().rollout.clone());
        let plan = deployment.plan().clone();
        if start != Rollout::Running {
            let began = self.context.time();
            let now = self.built(deployment, &plan, &app).await?;
            self.done("build", now, Change::Checked, began);
        }
        let began = self.context.time();
        let mut proven = Verified { checks: Vec::new(), proof: Proof::None };
        let health = self.resolved.spec.health.clone();
        let sought = self.sought(&plan, plan.release.as_str(), &health).await?;
        // The proxy is only ever switched on for an app that was proven without it.
        if !behind(deployment, &plan) {
            proven = self.watch_new(deployment, (&app, &sought), Stage::Bare, Proof::None).await?;
        }
        if start != Rollout::Running {
            self.sibling_services(&plan, &app).await?;
        }
        if self.proxy(deployment, &plan).await? {
            let edge = self.watch_new(deployment, (&app, &sought), Stage::Proxied, proven.proof).await?;
            proven
                .checks
                .extend(edge.checks.into_iter().map(|(check, saw)| (format!("{check} (proxied)"), saw)));
            // Both looks are at the same start: what one of them shows is shown.
            if proven.proof == Proof::None {
                proven.proof = edge.proof;
            }
        }
        if proven.proof == Proof::None && deployment_of(deployment).is_some() {
            proven.proof = Proof::Deployment;
        }
        if proven.proof == Proof::None && self.demand == CompletionPolicy::Proof {
            let (message, hint) = unproven(plan.endpoints.is_empty());
            return Err(PhaseError::Fail(failed(message, hint)));
        }
        self.drop_unwanted(deployment, &plan).await?;
        self.context.all_settled(deployment).await?;
        if self.context.doubted {
            self.sweep(deployment, &plan).await?;
        }
        let by_label = health.fingerprint.is_none() && has_label(&plan, plan.release.as_str());
        let label_seen = by_label && proven.proof == Proof::Fingerprint;
        let verification = Verification { checks: proven.checks, proof: proven.proof, label_seen };
        let took = self.context.since(began);
        let (checks, proof) = (verification.checks.clone(), verification.proof);
        self.context.tell(&Event::Proven { checks, proof, took });
        Ok(verification)
    }

    // Switches the proxy on wherever the plan wants it after the proof; whether it wants it anywhere.
    async fn proxy(
        &mut self,
        deployment: &mut Deployment<Verifying>,
        plan: &Plan,
    ) -> Result<bool, PhaseError> {
        let mut any = false;
        for (nth, record) in plan.wanted().filter(|(_, record)| record.proxy == Proxy::AfterProof) {
            let Some(receipt) = deployment.ledger().receipt(Step::Dns(nth)) else { continue };
            let began = self.context.time();
            let was = receipt.attributes.get("ttl").map_or("1", String::as_str);
            let action = Action::Update {
                id: receipt.id.clone(),
                before: proxied("false", was),
                tag: receipt.tag.clone(),
            };
            let desired = DesiredResource { attributes: proxied("true", "1"), action };
            let records = self.clients.records(record, Step::Proxy(nth));
            self.ensure(deployment, &records, &desired).await?;
            let name = self.resolved.spec.as_written(&record.name);
            self.done("proxy", format!("{name} behind Cloudflare"), Change::Updated, began);
            any = true;
        }
        Ok(any)
    }

    async fn drop_unwanted(
        &mut self,
        deployment: &mut Deployment<Verifying>,
        plan: &Plan,
    ) -> Result<(), PhaseError> {
        let replaced: Vec<RecordIndex> = plan.replaced().map(|(nth, _)| nth).collect();
        for (nth, record) in plan.unwanted().filter(|(nth, _)| !replaced.contains(nth)) {
            self.drop_record(deployment, (nth, record), "no longer wanted").await?;
        }
        Ok(())
    }

    /// Deletes a record that an earlier run made; `why` says to the user why.
    ///
    /// # Errors
    /// As [`ensure`](Self::ensure).
    pub(super) async fn drop_record<P: EffectfulPhase>(
        &mut self,
        deployment: &mut Deployment<P>,
        (nth, record): (RecordIndex, &DesiredRecord),
        why: &str,
    ) -> Result<(), PhaseError> {
        let began = self.context.time();
        let records = self.clients.records(record, Step::Dns(nth));
        let receipt = self.ensure(deployment, &records, &record.desired).await?;
        self.done("dns", format!("{} {why}", record.name), came(&receipt), began);
        Ok(())
    }

    /// Waits until `release` answers at every one of the plan's domains, or runs, where there is none.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] with the evidence when it does not.
    pub async fn watch(
        &self,
        plan: &Plan,
        app: &Receipt,
        release: &str,
        health: &Health,
        stage: Stage,
    ) -> Result<Verified, PhaseError> {
        let sought = self.sought(plan, release, health).await?;
        self.watch_from(plan, app, &sought, stage, Before::Unknown).await
    }

    /// The same, with what is known of what ran before.
    ///
    /// # Errors
    /// [`PhaseError::Fail`] with the evidence when it does not.
    pub(super) async fn watch_from(
        &self,
        plan: &Plan,
        app: &Receipt,
        sought: &Sought<'_>,
        stage: Stage,
        before: Before<'_>,
    ) -> Result<Verified, PhaseError> {
        let mut all = Verified { checks: Vec::new(), proof: Proof::Fingerprint };
        let several = plan.sites().count() > 1;
        for site in plan.sites() {
            let way = match site {
                Endpoint::Managed(record) => self.way(record, stage).await?,
                Endpoint::External(_) => Route::External,
            };
            let target = target(site, sought, way);
            let one = self.watch_one(plan, app, &target, before).await?;
            let name = self.resolved.spec.as_written(site.name());
            let named = |check: String| if several { format!("{name} {check}") } else { check };
            all.checks.extend(one.checks.into_iter().map(|(check, saw)| (named(check), saw)));
            if one.proof == Proof::None {
                all.proof = Proof::None;
            }
        }
        if all.checks.is_empty() {
            return self.watch_worker(plan, app, (sought.release, sought.health), before).await;
        }
        Ok(all)
    }

    async fn sought<'a>(
        &self,
        plan: &Plan,
        release: &'a str,
        health: &'a Health,
    ) -> Result<Sought<'a>, PhaseError> {
        let fingerprint = self.fingerprint(plan, release, health).await?;
        Ok(Sought { release, health, fingerprint })
    }

    // Where answers show the release: where the spec says, else in the header that Traefik adds by the label. That is
    // missed only where it came through before.
    async fn fingerprint(
        &self,
        plan: &Plan,
        release: &str,
        health: &Health,
    ) -> Result<Option<verify::Fingerprint>, PhaseError> {
        match &health.fingerprint {
            Some(spec::FingerprintSpec::Header(name)) => {
                return Ok(Some(verify::Fingerprint::Header(name.clone())));
            }
            Some(spec::FingerprintSpec::Json(key)) => {
                return Ok(Some(verify::Fingerprint::Json(key.clone())));
            }
            Some(spec::FingerprintSpec::Off) => return Ok(None),
            None if is_application(&plan.app.attributes) || plan.endpoints.is_empty() => return Ok(None),
            None => {}
        }
        let name = spec::RELEASE_HEADER.to_owned();
        let came = self.base.as_deref().is_some_and(Release::shows_label) && has_label(plan, release);
        if came && self.clients.coolify.has_traefik(&plan.target.server).await? {
            return Ok(Some(verify::Fingerprint::Header(name)));
        }
        Ok(Some(verify::Fingerprint::IfShown(name)))
    }

    // How the record leads to the app at this stage.
    async fn way(&self, record: &DesiredRecord, stage: Stage) -> Result<Route, PhaseError> {
        let field = |name: &str| record.desired.attributes.get(name).map_or("", String::as_str);
        let proxied =
            field("proxied") == "true" || (stage == Stage::Proxied && record.proxy == Proxy::AfterProof);
        let cloudflare = &self.clients.cloudflare;
        // Going back to a release from before its records were left to others.
        if proxied && !cloudflare.has_token() {
            return Ok(Route::External);
        }
        if proxied && field("content").ends_with(TUNNEL_SUFFIX) {
            return Ok(Route::Tunnel { ranges: cloudflare.ranges().await? });
        }
        if proxied {
            let (ranges, mode) = (cloudflare.ranges().await?, cloudflare.mode(&record.zone.id).await?);
            return Ok(Route::Edge { ranges, mode: mode.map(|mode| mode.as_str().to_owned()) });
        }
        Ok(match field("content").parse() {
            Ok(address) => Route::Straight(vec![address]),
            Err(_) => Route::Alias(field("content").to_owned()),
        })
    }

    async fn watch_one(
        &self,
        plan: &Plan,
        app: &Receipt,
        target: &Target,
        before: Before<'_>,
    ) -> Result<Verified, PhaseError> {
        let listener = self.context.listener.clone();
        let mut on = |sighting: &verify::Sighting| {
            listener.emit(&Event::Sighted {
                check: sighting.check.as_str(),
                ok: sighting.seen == Seen::Well,
                saw: sighting.saw.clone(),
                attempt: sighting.attempt,
            });
        };
        let mut prospect = StartupMonitor::new(&self.context, App::of(&self.clients.coolify, plan, app));
        match verify(&self.context.ports, target, &mut on, &mut prospect).await {
            Ok(mut proven) => {
                let redactor = &self.context.redactor;
                proven.checks.iter_mut().for_each(|(_, saw)| *saw = redactor.redact_own(saw));
                Ok(proven)
            }
            Err(VerifyError::Cancelled { .. }) => {
                Err(Interruption::stopped(self.context.cancel.event()).into())
            }
            Err(not) => {
                let looked = Looked { before, seen: prospect.seen() };
                Err(PhaseError::Fail(self.redacted(self.not_proven(plan, app, looked, &not).await)))
            }
        }
    }

    // Waits until the start has ended, and says what it came to. An application's deployment tells; of a service the
    // container is looked at, for its status lags behind by up to a minute.
    async fn built(
        &self,
        deployment: &Deployment<Verifying>,
        plan: &Plan,
        receipt: &Receipt,
    ) -> Result<String, PhaseError> {
        let coolify = &self.clients.coolify;
        let app = App::of(coolify, plan, receipt);
        if let Some(uuid) = deployment_of(deployment) {
            let Some(ended) = self.context.follow(app, uuid).await? else {
                return Err(PhaseError::Fail(vanished(uuid, plan)));
            };
            if ended.status != Status::Finished {
                return Err(PhaseError::Fail(self.redacted(not_built(&ended, &self.resolved))));
            }
        }
        let status = self.context.until_quiet(app).await?;
        Ok(match app.container(1).await {
            Ok(ContainerState::Running(_)) => "running".to_owned(),
            Ok(ContainerState::None) => "started, no container yet".to_owned(),
            Ok(ContainerState::Stopped | ContainerState::Unknown(_)) | Err(_) => {
                format!("started, status {status}")
            }
        })
    }

    /// The cause without secrets: what the app or an API says may quote one, and the journal keeps what they say.
    pub(super) fn redacted(&self, cause: Cause) -> Cause {
        let (redactor, Cause { kind, message, hint, evidence }) = (&self.context.redactor, cause);
        let evidence = evidence.into_iter().map(|seen| redactor.redact(&seen)).collect();
        Cause { kind, message: redactor.redact_own(&message), hint: redactor.redact_own(&hint), evidence }
    }
}

/// The deployment that the app's start left; a service's leaves none.
fn deployment_of(deployment: &Deployment<Verifying>) -> Option<&String> {
    deployment.ledger().receipt(Step::Deploy)?.attributes.get(DEPLOYMENT)
}

// Behind the proxy the time to live is Cloudflare's own (Cloudflare API, DNS record members).
fn proxied(on: &str, ttl: &str) -> Attributes {
    [("proxied", on), ("ttl", ttl)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

// Whether the proxy was about to be switched on already: then the app was proven without it.
fn behind(deployment: &Deployment<Verifying>, plan: &Plan) -> bool {
    let sent = |(nth, _)| deployment.ledger().newest_attempt(Step::Proxy(nth)).is_some();
    plan.wanted().any(sent)
}

// Whether a label has the proxy answer `release`.
fn has_label(plan: &Plan, release: &str) -> bool {
    plan.app.attributes.get(release_label::FIELD).is_some_and(|label| label == release)
}

/// What is said where nothing shows which version runs, and what would.
pub(crate) fn unproven(is_worker: bool) -> (&'static str, &'static str) {
    if is_worker {
        return (
            "it runs, but nothing shows that it is the new version",
            "have it write `$FABRIK_RELEASE` to its log",
        );
    }
    ("it answers, but nothing shows that it is the new version", "name `health.fingerprint` in the spec")
}

fn target(site: Endpoint<'_>, sought: &Sought<'_>, way: Route) -> Target {
    let Sought { release, health, fingerprint } = sought;
    let name_servers = match site {
        Endpoint::Managed(record) => record.zone.name_servers.clone(),
        Endpoint::External(_) => Vec::new(),
    };
    Target {
        host: site.name().to_owned(),
        way,
        name_servers,
        health_path: health.path.clone(),
        status: health.status.clone(),
        interval: health.interval,
        timeout: health.timeout,
        successes: health.successes,
        fingerprint: fingerprint.clone(),
        release: (*release).to_owned(),
        connect_to: None,
    }
}
