//! How a deployment of an application goes: asked for, queued, handed to a worker, over.
//!
//! What the container will be is fixed when the worker begins. A deployment that fails leaves the old container
//! running (4.3.11, observed).

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::applications::{Application, STOPPED, SimDeployment};
use super::environment;
use super::events::{self, BUILD_MS, SCAN_MS, SimEvent};
use super::faults::Fault;
use super::repository::{self, HEAD};
use super::services::{Condition, ContainerEnv, Line, SimContainer, SimVolume, TraefikRoute};
use super::start;
use super::world::World;

/// Deployments that may run on the server at once.
const CONCURRENT: usize = 2;
/// Deployments that may wait on the server (`deployment_queue_limit`).
const QUEUE_LIMIT: usize = 25;
/// Pulling and starting an image takes this.
const PULL_MS: u64 = 14_000;

/// A worker's first line comes this long after it was handed a deployment.
const FIRST_LINE_MS: i64 = 2_000;

/// What a worker is about to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The application's uuid.
    pub application: String,
    /// What will run when it is over.
    pub container: SimContainer,
    /// Whether it fails: then the old container stays.
    pub fails: bool,
    /// Whether that is for want of an image.
    #[serde(default)]
    pub lacks_image: bool,
}

/// What became of asking for a deployment.
pub(crate) enum DeployAsked {
    /// It is queued under this uuid.
    Queued(String),
    /// Nothing was queued, because the same commit is; this uuid was made up for nothing.
    Already(String),
}

/// Asks for a deployment of an application. Every commit here is `HEAD`, so without `force` one at a time is
/// taken.
pub(crate) fn ask(world: &mut World, application: &str, force: bool, restart: bool) -> DeployAsked {
    let uuid = world.uuid();
    let open = world.deployments.iter().any(|it| it.application == application && it.is_open());
    if open && !force {
        return DeployAsked::Already(uuid);
    }
    let deployment = SimDeployment {
        id: world.number(),
        uuid: uuid.clone(),
        application: application.to_owned(),
        status: "queued".into(),
        commit: HEAD.into(),
        force,
        restart,
        by_hand: false,
        log: Vec::new(),
        finished: None,
        made: world.made_now(),
    };
    world.deployments.push(deployment);
    next(world);
    DeployAsked::Queued(uuid)
}

/// Whether the server takes no more deployments now.
pub(crate) fn is_full(world: &mut World) -> bool {
    let waiting = world.deployments.iter().filter(|it| it.status == "queued").count();
    world.take_fault(Fault::QueueFull) || waiting >= QUEUE_LIMIT
}

/// Hands waiting deployments to workers, oldest first: two on the server, one an application.
fn next(world: &mut World) {
    let running: Vec<String> = world
        .deployments
        .iter()
        .filter(|it| it.status == "in_progress")
        .map(|it| it.application.clone())
        .collect();
    let ready = |it: &&SimDeployment| it.status == "queued" && !running.contains(&it.application);
    let chosen = world.deployments.iter().find(ready).map(|it| it.uuid.clone());
    if let Some(uuid) = chosen.filter(|_| running.len() < CONCURRENT) {
        begin(world, &uuid);
        next(world);
    }
}

fn begin(world: &mut World, uuid: &str) {
    let spoken = world.time.wall + SignedDuration::from_millis(FIRST_LINE_MS);
    let applications = world.applications.clone();
    let Some(deployment) = world.deployment_mut(uuid) else { return };
    let Some(application) = applications.iter().find(|it| it.uuid == deployment.application) else { return };
    deployment.status = "in_progress".into();
    deployment.say(spoken, &format!("Starting deployment of {} to localhost.", application.origin()), false);
    let lasts = if application.builds() { BUILD_MS } else { PULL_MS };
    if world.take_fault(Fault::DeploymentHangs) {
        return;
    }
    if world.take_fault(Fault::DeploymentVanishes) {
        world.later(lasts, SimEvent::DeploymentVanishes(uuid.to_owned()));
        return;
    }
    let launch = launch(world, application);
    world.later(lasts, SimEvent::DeploymentEnds(uuid.to_owned(), Box::new(launch)));
}

fn launch(world: &mut World, application: &Application) -> Launch {
    let is_checked = application.columns.get("health_check_enabled").is_some_and(|it| it == true);
    let condition = start::condition(world);
    let lacks_image = world.take_fault(Fault::MissingImage);
    let broken = world.take_fault(Fault::Build) || world.take_fault(Fault::NeverStarts) || lacks_image;
    let env = environment::of_application(application);
    let broken = broken || !world.server.usable || mounts_twice(application) || env.is_err();
    let container = container(world, application, (condition, is_checked), env.unwrap_or_default());
    let broken =
        broken || container.commit.as_ref().is_some_and(|it| world.access.repositories.broken.contains(it));
    // With its own check on, Coolify takes a container that is never well for a failure.
    let is_ill = is_checked && condition != Condition::Well;
    let application = application.uuid.clone();
    Launch { application, container, fails: broken || is_ill, lacks_image }
}

// Docker: "Duplicate mount point".
fn mounts_twice(application: &Application) -> bool {
    let paths: BTreeSet<&str> = application.storages.iter().map(|it| it.path.as_str()).collect();
    paths.len() < application.storages.len()
}

// What an image's or a repository's code does is not known here: it is taken to answer its release, as that of an app
// does whose spec names `health.fingerprint`.
fn container(
    world: &World,
    application: &Application,
    (condition, is_checked): (Condition, bool),
    env: BTreeMap<String, String>,
) -> SimContainer {
    let release = env.get(start::RELEASE).cloned();
    let text = release.as_ref().map_or_else(|| "started".to_owned(), |it| format!("release {it}"));
    let health_path = match application.text("health_check_path") {
        "" | "/" => "/health",
        path => path,
    };
    SimContainer {
        part: application.uuid.clone(),
        release,
        routes: application.urls().filter_map(start::route).collect::<Vec<TraefikRoute>>(),
        health_path: health_path.to_owned(),
        tells: true,
        headers: Vec::new(),
        condition,
        is_checked,
        commit: application.builds().then(|| {
            repository::resolved(world, application.text("git_branch"), application.text("git_commit_sha"))
        }),
        log: vec![Line { at: world.time.wall, text }],
        env: ContainerEnv(env),
    }
}

/// A worker is done with a deployment.
pub(crate) fn ends(world: &mut World, uuid: &str, launch: Launch) {
    let (now, status) = (world.time.wall, if launch.fails { "failed" } else { "finished" });
    match world.deployment_mut(uuid) {
        Some(deployment) => {
            deployment.status = status.into();
            deployment.finished = Some(now);
            deployment.made.changed = now;
            deployment.commit = launch.container.commit.clone().unwrap_or_else(|| HEAD.to_owned());
            for (text, is_error) in last_words(&launch) {
                deployment.say(now, text, *is_error);
            }
        }
        // The application was deleted meanwhile, which stops no worker: its container comes up for nobody.
        None if launch.fails => {}
        None => world.stray_containers.push(launch.application.clone()),
    }
    if !launch.fails {
        runs(world, launch);
    }
    next(world);
}

fn last_words(launch: &Launch) -> &'static [(&'static str, bool)] {
    if launch.lacks_image {
        return &[
            ("Error response from daemon: manifest unknown: manifest unknown", true),
            ("Deployment failed. The old container was left running.", true),
        ];
    }
    if launch.fails {
        return &[
            (
                "ERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
                true,
            ),
            ("Deployment failed. The old container was left running.", true),
        ];
    }
    &[("New container started.", false), ("Rolling update completed.", false)]
}

fn runs(world: &mut World, launch: Launch) {
    let Some(application) = world.application_mut(&launch.application) else { return };
    application.container = Some(launch.container);
    let (name, tag) = (application.name.clone(), application.description.clone());
    let names: Vec<String> = application.storages.iter().map(|it| it.name.clone()).collect();
    for volume in names {
        if world.volumes.iter().all(|it| it.name != volume) {
            world.volumes.push(SimVolume {
                name: volume,
                server: world.server.name.clone(),
                service: launch.application.clone(),
                made_by: name.clone(),
                tag: tag.clone(),
            });
        }
    }
    events::seek_certificates(world);
    world.later(SCAN_MS, SimEvent::Scan(launch.application));
}

/// The record of a deployment is gone, and nothing came of it.
pub(crate) fn vanishes(world: &mut World, uuid: &str) {
    world.deployments.retain(|it| it.uuid != uuid);
    next(world);
}

/// Somebody cancels a deployment that is not over. Its helper is killed (Coolify API, deployments), so nothing comes of it,
/// whatever becomes of its application.
pub(crate) fn cancel(world: &mut World, uuid: &str) {
    let now = world.time.wall;
    world.jobs.retain(|job| match &job.event {
        SimEvent::DeploymentEnds(of, _) | SimEvent::DeploymentVanishes(of) => of != uuid,
        _ => true,
    });
    if let Some(deployment) = world.deployment_mut(uuid) {
        deployment.status = "cancelled-by-user".into();
        deployment.made.changed = now;
        deployment.say(now, "Deployment cancelled by user via API.", true);
    }
    next(world);
}

/// Coolify looks at the container. Until then the status is the old one.
pub(crate) fn scan(world: &mut World, application: &str) {
    let Some(application) = world.application_mut(application) else { return };
    let status = application.container.as_ref().map_or(STOPPED, SimContainer::seen_as);
    status.clone_into(&mut application.status);
}

/// The container has gone, unless its server cannot be reached.
pub(crate) fn stopped(world: &mut World, application: &str) {
    let is_reached = world.server.usable;
    if let Some(application) = world.application_mut(application) {
        application.container = application.container.take().filter(|_| !is_reached);
        STOPPED.clone_into(&mut application.status);
    }
}

/// A deletion is over. The records of deployments go with the application; workers do not, nor does a container that
/// cannot be reached.
pub(crate) fn deleted(world: &mut World, application: &str) {
    let runs = world.application(application).is_some_and(|it| it.container.is_some());
    let runs_on = runs && !world.server.usable;
    world.stray_containers.extend(runs_on.then(|| application.to_owned()));
    world.applications.retain(|it| it.uuid != application);
    world.deployments.retain(|it| it.application != application);
    next(world);
}
