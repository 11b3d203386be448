//! The proof: the start has ended, the new version answers, and nothing of ours is left over.

use machine::cause::Cause;
use machine::deployment::Deployment;
use machine::entry::{Evidence, Proof};
use machine::phase::Verifying;
use machine::plan::{Plan, Start};
use machine::receipt::Receipt;

use super::event::{Came, Event};
use super::halt::{Halt, Stop, failed};
use super::prospect::Prospect;
use super::{Demand, Runner, Taken};
use crate::providers::coolify::services::APP;
use crate::providers::coolify::starts::Container;
use crate::spec::{self, Health};
use crate::verify::{self, NotProven, Seen, Target, verify};

impl Runner {
    pub(super) async fn prove(&mut self, deployment: &mut Deployment<Verifying>) -> Result<Evidence, Halt> {
        let (app, start) = (deployment.phase().app.clone(), deployment.phase().start.clone());
        if start != Start::Running {
            let began = self.work.time();
            let status = self.work.until_not_starting(&self.vendors.coolify, &app.id).await?;
            let now = self.running(&app, &status).await;
            self.done("build", now, Came::Checked, began);
        }
        let plan = deployment.plan().clone();
        let began = self.work.time();
        let proven = self.watch(&plan, &app, plan.release.as_str(), &self.ask.spec.health).await?;
        if proven.proof == Proof::None && self.demand == Demand::Proof {
            let message = "it answers, but nothing shows that it is the new version";
            return Err(Halt::Fail(failed(message, "name `health.fingerprint` in the spec")));
        }
        if self.taken == Taken::Again || deployment.ledger().inquired() {
            self.sweep(deployment, &plan).await?;
        }
        let evidence = Evidence { checks: proven.checks, proof: proven.proof };
        let took = self.work.since(began);
        self.work.tell(&Event::Proven { checks: evidence.checks.clone(), proof: evidence.proof, took });
        Ok(evidence)
    }

    /// Waits until `release` answers at the plan's endpoint.
    ///
    /// # Errors
    /// [`Halt::Fail`] with the evidence when it does not.
    pub async fn watch(
        &self,
        plan: &Plan,
        app: &Receipt,
        release: &str,
        health: &Health,
    ) -> Result<verify::Proven, Halt> {
        let target = target(plan, release, health);
        let listener = self.work.listener.clone();
        let mut on = |sighting: &verify::Sighting| {
            listener.hear(&Event::Sighted {
                check: sighting.check.as_str(),
                ok: sighting.seen == Seen::Well,
                saw: sighting.saw.clone(),
                attempt: sighting.attempt,
            });
        };
        let mut prospect = Prospect::new(&self.work, &self.vendors.coolify, &app.id);
        match verify(&self.work.outside, &target, &mut on, &mut prospect).await {
            Ok(mut proven) => {
                let mask = &self.work.mask;
                proven.checks.iter_mut().for_each(|(_, saw)| *saw = mask.mask(saw));
                Ok(proven)
            }
            Err(NotProven::Cancelled { .. }) => Err(Stop::park("interrupted", "resume or roll back").into()),
            Err(not) => Err(Halt::Fail(self.masked(self.not_proven(plan, app, &not).await))),
        }
    }

    // The status lags behind by up to a minute after a start, so the server is asked for the container itself.
    async fn running(&self, app: &Receipt, status: &str) -> String {
        match self.vendors.coolify.container(&app.id, APP, 1).await {
            Ok(Container::Running(_)) => "running".to_owned(),
            Ok(Container::None) => "started, no container yet".to_owned(),
            Ok(Container::Stopped | Container::Unknown(_)) | Err(_) => format!("started, status {status}"),
        }
    }

    /// The cause without secrets: what the app or an API says may quote one, and the journal keeps what they say.
    pub(super) fn masked(&self, cause: Cause) -> Cause {
        let (mask, Cause { kind, message, hint, evidence }) = (&self.work.mask, cause);
        let evidence = evidence.into_iter().map(|seen| mask.mask(&seen)).collect();
        Cause { kind, message: mask.mask(&message), hint: mask.mask(&hint), evidence }
    }
}

fn target(plan: &Plan, release: &str, health: &Health) -> Target {
    let address = plan.record.fields.get("content").and_then(|text| text.parse().ok());
    Target {
        host: plan.record.fields.get("name").cloned().unwrap_or_default(),
        address: address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED),
        name_servers: plan.place.name_servers.clone(),
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
