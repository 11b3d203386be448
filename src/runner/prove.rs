//! The proof: the start has ended, the new version answers, and nothing of ours is left over.

use machine::cause::Cause;
use machine::deployment::Deployment;
use machine::entry::{Evidence, Proof};
use machine::phase::Verifying;
use machine::plan::{Action, Plan, Proxy, RecordWish, Start, Wish};
use machine::receipt::{Fields, Receipt};
use machine::step::Step;

use super::app::App;
use super::event::{Came, Event};
use super::forward::came;
use super::halt::{Halt, Stop, failed};
use super::prospect::Prospect;
use super::start::DEPLOYMENT;
use super::{Demand, Runner};
use crate::providers::coolify::deployments::{self, Status};
use crate::providers::coolify::starts::Container;
use crate::spec::{self, Health};
use crate::verify::{self, NotProven, Proven, Seen, Target, Way, verify};

/// How much of a build log is evidence.
const LOG_LINES: usize = 50;

/// When an app is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// As its records are made.
    Bare,
    /// Behind Cloudflare's proxy too, where the plan wants it after the proof.
    Proxied,
}

impl Runner {
    pub(super) async fn prove(&mut self, deployment: &mut Deployment<Verifying>) -> Result<Evidence, Halt> {
        let (app, start) = (deployment.phase().app.clone(), deployment.phase().start.clone());
        let plan = deployment.plan().clone();
        if start != Start::Running {
            let began = self.work.time();
            let now = self.built(deployment, &plan, &app).await?;
            self.done("build", now, Came::Checked, began);
        }
        let began = self.work.time();
        let mut proven = Proven { checks: Vec::new(), proof: Proof::None };
        // The proxy is only ever switched on for an app that was proven without it.
        if !behind(deployment, &plan) {
            proven =
                self.watch(&plan, &app, plan.release.as_str(), &self.ask.spec.health, Stage::Bare).await?;
        }
        if start != Start::Running {
            self.neighbours(&plan, &app).await?;
        }
        if self.proxy(deployment, &plan).await? {
            let edge =
                self.watch(&plan, &app, plan.release.as_str(), &self.ask.spec.health, Stage::Proxied).await?;
            proven
                .checks
                .extend(edge.checks.into_iter().map(|(check, saw)| (format!("{check} (proxied)"), saw)));
            proven.proof = edge.proof;
        }
        if proven.proof == Proof::None && deployment_of(deployment).is_some() {
            proven.proof = Proof::Deployment;
        }
        if proven.proof == Proof::None && self.demand == Demand::Proof {
            let message = "it answers, but nothing shows that it is the new version";
            return Err(Halt::Fail(failed(message, "name `health.fingerprint` in the spec")));
        }
        self.drop_unwanted(deployment, &plan).await?;
        self.work.all_settled(deployment).await?;
        if self.work.doubted {
            self.sweep(deployment, &plan).await?;
        }
        let evidence = Evidence { checks: proven.checks, proof: proven.proof };
        let took = self.work.since(began);
        self.work.tell(&Event::Proven { checks: evidence.checks.clone(), proof: evidence.proof, took });
        Ok(evidence)
    }

    // Switches the proxy on wherever the plan wants it after the proof; whether it wants it anywhere.
    async fn proxy(&mut self, deployment: &mut Deployment<Verifying>, plan: &Plan) -> Result<bool, Halt> {
        let mut any = false;
        for (nth, record) in plan.wanted().filter(|(_, record)| record.proxy == Proxy::AfterProof) {
            let Some(receipt) = deployment.ledger().receipt(Step::Dns(nth)).cloned() else { continue };
            let began = self.work.time();
            let was = receipt.fields.get("ttl").map_or("1", String::as_str);
            let action = Action::Change { id: receipt.id, before: proxied("false", was), mark: receipt.mark };
            let wish = Wish { fields: proxied("true", "1"), action };
            let records = self.vendors.records(record, Step::Proxy(nth));
            self.have(deployment, &records, &wish).await?;
            let name = self.ask.spec.as_written(&record.name);
            self.done("proxy", format!("{name} behind Cloudflare"), Came::Updated, began);
            any = true;
        }
        Ok(any)
    }

    async fn drop_unwanted(
        &mut self,
        deployment: &mut Deployment<Verifying>,
        plan: &Plan,
    ) -> Result<(), Halt> {
        for (nth, record) in plan.unwanted() {
            let began = self.work.time();
            let records = self.vendors.records(record, Step::Dns(nth));
            let receipt = self.have(deployment, &records, &record.wish).await?;
            self.done("dns", format!("{} no longer wanted", record.name), came(&receipt), began);
        }
        Ok(())
    }

    /// Waits until `release` answers at every one of the plan's domains, or runs, where there is none.
    ///
    /// # Errors
    /// [`Halt::Fail`] with the evidence when it does not.
    pub async fn watch(
        &self,
        plan: &Plan,
        app: &Receipt,
        release: &str,
        health: &Health,
        stage: Stage,
    ) -> Result<Proven, Halt> {
        let mut all = Proven { checks: Vec::new(), proof: Proof::Fingerprint };
        let several = plan.wanted().count() > 1;
        for (_, record) in plan.wanted() {
            let target = target(record, release, health, self.way(record, stage).await?);
            let one = self.watch_one(plan, app, &target).await?;
            let name = self.ask.spec.as_written(&record.name);
            let named = |check: String| if several { format!("{name} {check}") } else { check };
            all.checks.extend(one.checks.into_iter().map(|(check, saw)| (named(check), saw)));
            if one.proof == Proof::None {
                all.proof = Proof::None;
            }
        }
        if all.checks.is_empty() { self.watch_worker(plan, app, release, health).await } else { Ok(all) }
    }

    // How the record leads to the app at this stage.
    async fn way(&self, record: &RecordWish, stage: Stage) -> Result<Way, Halt> {
        let field = |name: &str| record.wish.fields.get(name).map_or("", String::as_str);
        let proxied =
            field("proxied") == "true" || (stage == Stage::Proxied && record.proxy == Proxy::AfterProof);
        if proxied {
            let cloudflare = &self.vendors.cloudflare;
            let (ranges, mode) = (cloudflare.ranges().await?, cloudflare.mode(&record.zone.id).await?);
            return Ok(Way::Edge { ranges, mode: mode.map(|mode| mode.as_str().to_owned()) });
        }
        Ok(match field("content").parse() {
            Ok(address) => Way::Straight(vec![address]),
            Err(_) => Way::Alias(field("content").to_owned()),
        })
    }

    async fn watch_one(&self, plan: &Plan, app: &Receipt, target: &Target) -> Result<Proven, Halt> {
        let listener = self.work.listener.clone();
        let mut on = |sighting: &verify::Sighting| {
            listener.hear(&Event::Sighted {
                check: sighting.check.as_str(),
                ok: sighting.seen == Seen::Well,
                saw: sighting.saw.clone(),
                attempt: sighting.attempt,
            });
        };
        let mut prospect = Prospect::new(&self.work, App::of(&self.vendors.coolify, plan, app));
        match verify(&self.work.outside, target, &mut on, &mut prospect).await {
            Ok(mut proven) => {
                let mask = &self.work.mask;
                proven.checks.iter_mut().for_each(|(_, saw)| *saw = mask.mask(saw));
                Ok(proven)
            }
            Err(NotProven::Cancelled { .. }) => Err(Stop::park("interrupted", "resume or roll back").into()),
            Err(not) => Err(Halt::Fail(self.masked(self.not_proven(plan, app, &not).await))),
        }
    }

    // Waits until the start has ended, and says what it came to. An application's deployment tells; of a service the
    // container is looked at, for its status lags behind by up to a minute.
    async fn built(
        &self,
        deployment: &Deployment<Verifying>,
        plan: &Plan,
        receipt: &Receipt,
    ) -> Result<String, Halt> {
        let coolify = &self.vendors.coolify;
        let app = App::of(coolify, plan, receipt);
        if let Some(uuid) = deployment_of(deployment) {
            let Some(ended) = self.work.follow(app, uuid).await? else {
                return Err(Halt::Fail(vanished(uuid, plan)));
            };
            if ended.status != Status::Finished {
                return Err(Halt::Fail(self.masked(not_built(&ended))));
            }
        }
        let status = self.work.until_quiet(app).await?;
        Ok(match app.container(1).await {
            Ok(Container::Running(_)) => "running".to_owned(),
            Ok(Container::None) => "started, no container yet".to_owned(),
            Ok(Container::Stopped | Container::Unknown(_)) | Err(_) => format!("started, status {status}"),
        })
    }

    /// The cause without secrets: what the app or an API says may quote one, and the journal keeps what they say.
    pub(super) fn masked(&self, cause: Cause) -> Cause {
        let (mask, Cause { kind, message, hint, evidence }) = (&self.work.mask, cause);
        let evidence = evidence.into_iter().map(|seen| mask.mask(&seen)).collect();
        Cause { kind, message: mask.mask(&message), hint: mask.mask(&hint), evidence }
    }
}

/// The deployment that the app's start left; a service's leaves none.
fn deployment_of(deployment: &Deployment<Verifying>) -> Option<&String> {
    deployment.ledger().receipt(Step::Deploy)?.fields.get(DEPLOYMENT)
}

// Its records go with the application, and only with it.
fn vanished(uuid: &str, plan: &Plan) -> Cause {
    let message = format!("deployment {uuid} is gone from Coolify, nobody knows how it ended");
    let project = plan.project.fields.get("name").cloned().unwrap_or_default();
    failed(message, format!("look at project {project} at {}, then apply again", plan.place.coolify))
}

fn not_built(ended: &deployments::Deployment) -> Cause {
    let what = format!("deployment {} {}", ended.uuid, ended.status);
    let mut cause = failed(what, "mend it, then apply again");
    cause.evidence.push(match ended.tail(LOG_LINES) {
        Some(lines) if lines.is_empty() => "its build log is empty".to_owned(),
        Some(lines) => format!("its build log ends:\n{lines}"),
        None => "its build log is not shown to this token: give it read:sensitive".to_owned(),
    });
    cause
}

// Behind the proxy the time to live is Cloudflare's own (Cloudflare API, DNS record members).
fn proxied(on: &str, ttl: &str) -> Fields {
    [("proxied", on), ("ttl", ttl)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

// Whether the proxy was about to be switched on already: then the app was proven without it.
fn behind(deployment: &Deployment<Verifying>, plan: &Plan) -> bool {
    let sent = |(nth, _)| deployment.ledger().newest_attempt(Step::Proxy(nth)).is_some();
    plan.wanted().any(sent)
}

fn target(record: &RecordWish, release: &str, health: &Health, way: Way) -> Target {
    Target {
        host: record.name.clone(),
        way,
        name_servers: record.zone.name_servers.clone(),
        health_path: health.path.clone(),
        status: health.status,
        interval: health.interval,
        timeout: health.timeout,
        successes: health.successes,
        fingerprint: health.fingerprint.as_ref().map(|fingerprint| match fingerprint {
            spec::Fingerprint::Header(name) => verify::Fingerprint::Header(name.clone()),
            spec::Fingerprint::Json(key) => verify::Fingerprint::Json(key.clone()),
        }),
        release: release.to_owned(),
        connect_to: None,
    }
}
