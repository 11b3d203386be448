//! Applications through the client, in the simulated Coolify and Cloudflare: two readings of one API, made apart, must agree.

use machine::phase::VolumePolicy;
use std::time::Duration;

use fabrik::net::Ports;
use fabrik::providers::coolify::application_attributes::settled;
use fabrik::providers::coolify::deployments::{DeploymentVerdict, Status, Trigger, judge, trigger};
use fabrik::providers::coolify::envs::Reach;
use fabrik::providers::coolify::lifecycle::ContainerState;
use fabrik::providers::coolify::storages::Mount;
use fabrik::providers::coolify::{AppSlot, Applications, Resource};
use fabrik::providers::outcome::{self, WriteOutcome};
use fabrik::providers::{Coolify, Provider, RemoteObject, WriteRequest};
use fabrik::sandbox::{COOLIFY, Fault, Sandbox};
use fabrik::secrets::Secret;
use machine::id::{JournalId, RunId};
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::Value;

/// Somebody with a project who deploys applications into it.
struct Deployer {
    sandbox: Sandbox,
    ports: Ports,
    applications: Applications,
}

impl Deployer {
    async fn new() -> Self {
        let sandbox = Sandbox::in_memory(11);
        let ports = sandbox.ports();
        let token = Secret::new("1|token".to_owned());
        let coolify = Coolify::new(ports.clone(), &format!("https://{COOLIFY}"), token);
        let slot = AppSlot {
            coolify: coolify.clone(),
            team: coolify.team().await.unwrap().id,
            server: sandbox.world().server.uuid,
            project: String::new(),
            environment: "production".into(),
            name: "api".into(),
        };
        let mut deployer = Self { sandbox, ports, applications: Applications { slot } };
        deployer.applications.slot.project = deployer.project().await;
        deployer
    }

    async fn project(&self) -> String {
        let projects = fabrik::providers::coolify::Projects {
            coolify: self.coolify().clone(),
            team: self.applications.slot.team.clone(),
            server: self.applications.slot.server.clone(),
            name: "shop".into(),
        };
        let done = self.done(projects.create_request(&Attributes::new(), &tag())).await;
        done["uuid"].as_str().unwrap().to_owned()
    }

    fn coolify(&self) -> &Coolify {
        &self.applications.slot.coolify
    }

    async fn send(&self, call: WriteRequest) -> WriteOutcome {
        outcome::classify(self.ports.transport.send(call.request).await, call.refusal)
    }

    async fn done(&self, call: WriteRequest) -> Value {
        match self.send(call).await {
            WriteOutcome::Done(body) => body,
            other => panic!("{other:?}"),
        }
    }

    async fn make(&self, fields: &Attributes) -> RemoteObject {
        let answer = self.done(self.applications.create_request(fields, &tag())).await;
        self.applications.parse_created(&answer, fields, &tag()).unwrap()
    }

    /// Triggers, and judges by what is listed then.
    async fn trigger(&self, app: &str) -> DeploymentVerdict {
        let before = self.coolify().newest(app).await.unwrap().map(|it| it.number);
        let answer = trigger(&self.done(self.coolify().deploy(Resource::Application(app))).await, app);
        judge(before, Some(&answer), &self.coolify().deployments(app).await.unwrap())
    }

    async fn followed(&self, app: &str) -> String {
        match self.trigger(app).await {
            DeploymentVerdict::Follow(uuid) => uuid,
            other => panic!("{other:?}"),
        }
    }

    async fn status(&self, deployment: &str) -> Option<Status> {
        self.coolify().deployment(deployment).await.unwrap().map(|it| it.status)
    }

    async fn release(&self, app: &str, release: &str) {
        let release = Secret::new(release.to_owned());
        let values = [("FABRIK_RELEASE", &release, Reach::Container)];
        self.done(self.coolify().set_envs(Resource::Application(app), &values)).await;
    }

    async fn sleep(&self, seconds: u64) {
        self.ports.clock.sleep(Duration::from_secs(seconds)).await;
    }

    fn arm(&self, fault: Fault) {
        self.sandbox.with_world(|world| world.arm(fault, None)).unwrap();
    }
}

fn tag() -> OwnershipTag {
    OwnershipTag { run: RunId::from_bits(1), step: Step::App, journal: JournalId::from_bits(2) }
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Attributes {
    fields.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn image(reference: &str, url: &str) -> Attributes {
    fields([("kind", "image"), ("image", reference), ("url", url), ("port", "8000"), ("memory", "256m")])
}

fn git(repository: &str) -> Attributes {
    fields([("kind", "git"), ("repository", repository), ("branch", "main")])
}

#[tokio::test]
async fn every_kind_of_application_is_created_found_and_read_back_as_asked() {
    let deployer = Deployer::new().await;
    let coolify = deployer.coolify();
    let key = coolify.private_key("deploy-key").await.unwrap().unwrap();
    let app = coolify.github_app("github-app").await.unwrap().unwrap();
    let digest = format!("ghcr.io/acme/api@sha256:{}", "a".repeat(64));
    let mut with_key = git("git@git.example.com:acme/api.git");
    with_key.insert("deploy_key".into(), key);
    let mut with_app = git("acme/api");
    with_app.insert("github_app".into(), app);
    let public = git("https://github.com/acme/api");
    let kinds =
        [image("nginx", "https://api.example.com:8000"), image(&digest, ""), public, with_key, with_app];
    for asked in &kinds {
        let made = deployer.make(asked).await;
        let found = deployer.applications.get(&made.id).await.unwrap().unwrap();
        assert_eq!(found.differences(&settled(asked)), Vec::<&str>::new(), "{found:?}");
        assert_eq!(found.tag, Some(tag()));
    }
    assert_eq!(deployer.applications.find_by_key().await.unwrap().len(), kinds.len());
    assert_eq!(deployer.applications.find_by_tag(&tag()).await.unwrap().len(), kinds.len());
    assert!(deployer.applications.check_access().await.is_ok());
}

#[tokio::test]
async fn what_was_changed_is_restored_by_sending_the_old_fields_again() {
    let deployer = Deployer::new().await;
    let old = image("nginx:1.27", "https://api.example.com:8000");
    let id = deployer.make(&old).await.id;
    let new = fields([("kind", "image"), ("image", "nginx:1.28"), ("cpu", "0.5"), ("health_path", "/up")]);
    for wanted in [&new, &old] {
        deployer.done(deployer.applications.update_request(&id, wanted)).await;
        let found = deployer.applications.get(&id).await.unwrap().unwrap();
        assert_eq!(found.differences(&settled(wanted)), Vec::<&str>::new(), "{found:?}");
    }
}

#[tokio::test]
async fn an_application_lives_from_its_first_deployment_to_its_end() {
    let deployer = Deployer::new().await;
    let (coolify, id) = (deployer.coolify(), deployer.make(&image("nginx:1.27", "")).await.id);
    let app = Resource::Application(&id);
    deployer.release(&id, "r1").await;
    let data = Mount { name: "data".to_owned(), path: "/data".to_owned() };
    deployer.done(coolify.add_storage(&id, &data)).await;
    assert!(data.is(&coolify.storages(&id).await.unwrap()[0], &id));
    assert_eq!(coolify.container(app, "app", 10).await, Ok(ContainerState::Stopped));
    let deployment = deployer.followed(&id).await;
    deployer.sleep(60).await;
    assert_eq!(deployer.status(&deployment).await, Some(Status::Finished));
    assert_eq!(coolify.status(app).await, Ok(Some("running:unknown".to_owned())));
    let Ok(ContainerState::Running(log)) = coolify.container(app, "app", 10).await else { panic!("it runs") };
    assert!(log.contains("release r1"), "{log}");
    for row in coolify.env_rows(app).await.unwrap() {
        for id in row.ids() {
            deployer.done(coolify.delete_env(app, id)).await;
        }
    }
    assert!(deployer.sandbox.world().applications[0].envs.is_empty(), "previews are gone too");
    deployer.done(coolify.stop(app)).await;
    deployer.sleep(10).await;
    assert_eq!(coolify.status(app).await, Ok(Some("exited:unhealthy".to_owned())));
    deployer.done(deployer.applications.delete_request(&id, VolumePolicy::Retain)).await;
    deployer.sleep(60).await;
    assert_eq!(deployer.applications.get(&id).await, Ok(None));
    assert_eq!(deployer.sandbox.world().volumes.len(), 1);
}

#[tokio::test]
async fn a_failed_deployment_shows_its_last_lines() {
    let deployer = Deployer::new().await;
    let id = deployer.make(&git("https://github.com/acme/api")).await.id;
    deployer.arm(Fault::Build);
    let uuid = deployer.followed(&id).await;
    deployer.sleep(60).await;
    let deployment = deployer.coolify().deployment(&uuid).await.unwrap().unwrap();
    assert_eq!(deployment.status, Status::Failed);
    assert!(deployment.tail(2).unwrap().starts_with("ERROR: failed to solve"), "{deployment:?}");
}

#[tokio::test]
async fn a_second_trigger_waits_for_the_first_and_then_gets_its_own() {
    let deployer = Deployer::new().await;
    let id = deployer.make(&image("nginx:1.27", "")).await.id;
    let first = deployer.followed(&id).await;
    assert_eq!(deployer.trigger(&id).await, DeploymentVerdict::WaitFor(first.clone()));
    deployer.sleep(60).await;
    assert_ne!(deployer.followed(&id).await, first);
}

#[tokio::test]
async fn a_trigger_whose_answer_was_lost_is_found_by_its_age() {
    let deployer = Deployer::new().await;
    let id = deployer.make(&image("nginx:1.27", "")).await.id;
    deployer.arm(Fault::LostReply);
    let sent = deployer.send(deployer.coolify().deploy(Resource::Application(&id))).await;
    assert!(matches!(sent, WriteOutcome::Ambiguous(_)), "{sent:?}");
    let now = deployer.coolify().deployments(&id).await.unwrap();
    assert_eq!(judge(None, None, &now), DeploymentVerdict::Follow(now[0].uuid.clone()));
    assert_eq!(judge(Some(now[0].number), None, &now), DeploymentVerdict::Lost);
}

#[tokio::test]
async fn a_deployment_that_vanished_is_none_and_its_trigger_lost() {
    let deployer = Deployer::new().await;
    let id = deployer.make(&image("nginx:1.27", "")).await.id;
    deployer.arm(Fault::DeploymentVanishes);
    let uuid = deployer.followed(&id).await;
    deployer.sleep(60).await;
    assert_eq!(deployer.status(&uuid).await, None);
    let now = deployer.coolify().deployments(&id).await.unwrap();
    assert_eq!(judge(None, Some(&Trigger::Queued(uuid)), &now), DeploymentVerdict::Lost);
}

#[tokio::test]
async fn an_endless_deployment_can_be_cancelled_once() {
    let deployer = Deployer::new().await;
    let id = deployer.make(&image("nginx:1.27", "")).await.id;
    deployer.arm(Fault::DeploymentHangs);
    let uuid = deployer.followed(&id).await;
    deployer.sleep(36_000).await;
    assert_eq!(deployer.status(&uuid).await, Some(Status::InProgress));
    deployer.done(deployer.coolify().cancel(&uuid)).await;
    assert_eq!(deployer.status(&uuid).await, Some(Status::Cancelled));
    assert!(matches!(deployer.send(deployer.coolify().cancel(&uuid)).await, WriteOutcome::Refused(_)));
}

#[tokio::test]
async fn a_full_queue_has_done_nothing_and_says_when_to_come_again() {
    let deployer = Deployer::new().await;
    let id = deployer.make(&image("nginx:1.27", "")).await.id;
    deployer.arm(Fault::QueueFull);
    let sent = deployer.send(deployer.coolify().deploy(Resource::Application(&id))).await;
    assert!(matches!(sent, WriteOutcome::NotSent(_, pause) if pause == Duration::from_secs(60)), "{sent:?}");
    assert!(deployer.sandbox.world().deployments.is_empty());
}

#[tokio::test]
async fn a_domain_that_somebody_has_is_refused_at_once_with_their_name() {
    let deployer = Deployer::new().await;
    deployer.make(&image("nginx:1.27", "https://api.example.com:8000")).await;
    let again =
        deployer.applications.create_request(&image("nginx:1.27", "https://api.example.com:8000"), &tag());
    let WriteOutcome::Refused(why) = deployer.send(again).await else { panic!("it is taken") };
    assert!(why.contains("application 'api'"), "{why}");
    assert_eq!(deployer.sandbox.world().applications.len(), 1);
}
