//! What happens in the simulated Coolify and Cloudflare by itself once its time has come.
//!
//! The lives of services (those of applications are in `deploy`) follow what was seen on Coolify 4.3.11: accepted, `starting:unhealthy` while the
//! task runs, the *old* cached status again when it is over, the true one at the next scan.

use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::compose::Compose;
use super::deploy::{self, Launch};
use super::services::{Part, SimService, SimVolume};
use super::start::{self, SimStart};
use super::world::World;

/// A start whose task was queued is picked up after this.
pub const QUEUE_MS: u64 = 2_000;
/// A start without a build takes this.
pub const START_MS: u64 = 2_000;
/// A start with a build takes this.
pub const BUILD_MS: u64 = 20_000;
/// A scan of the containers comes this long after a start.
pub const SCAN_MS: u64 = 12_000;
/// Stopping takes this.
pub const STOP_MS: u64 = 8_000;
/// Name servers answer a change after this.
pub const PUBLISH_MS: u64 = 1_000;
/// A certificate is there this long after host and DNS are.
pub const CERTIFICATE_MS: u64 = 5_000;

/// Something due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// When, on the boot clock in milliseconds.
    pub due_ms: u64,
    /// Settles who is first among those due at the same time.
    pub number: u64,
    pub event: SimEvent,
}

/// What can happen by itself. Services, applications and deployments are named by uuid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SimEvent {
    /// A queued start is picked up.
    StartBegins(String),
    /// A start is over, well or not.
    StartEnds(String, Box<SimStart>),
    /// Coolify looks at the containers.
    Scan(String),
    /// The containers have gone.
    Stopped(String),
    /// The containers have gone, and a start follows.
    StoppedToRestart(String),
    /// A deletion is over.
    Deleted {
        /// The service or application.
        #[serde(alias = "service")]
        resource: String,
        /// Whether its volumes go with it.
        volumes: bool,
    },
    /// A deployment is over, well or not.
    DeploymentEnds(String, Box<Launch>),
    /// The record of a deployment is gone.
    DeploymentVanishes(String),
    /// The name servers take over what the API knows about a name.
    Published(String),
    /// A certificate is issued for a host.
    Certified(String),
    /// A request whose sender gave up long ago takes effect.
    Late(Box<Ask>),
}

/// Lets `event` happen.
pub fn happen(world: &mut World, event: SimEvent) {
    match event {
        SimEvent::StartBegins(uuid) => start::begin(world, &uuid),
        SimEvent::StartEnds(uuid, start) => start_ends(world, &uuid, *start),
        SimEvent::Scan(uuid) => {
            scan(world, &uuid);
            deploy::scan(world, &uuid);
        }
        SimEvent::Stopped(uuid) => {
            stopped(world, &uuid);
            deploy::stopped(world, &uuid);
        }
        SimEvent::StoppedToRestart(uuid) => {
            stopped(world, &uuid);
            world.later(QUEUE_MS, SimEvent::StartBegins(uuid));
        }
        SimEvent::Deleted { resource, volumes } => deleted(world, &resource, volumes),
        SimEvent::DeploymentEnds(uuid, launch) => deploy::ends(world, &uuid, *launch),
        SimEvent::DeploymentVanishes(uuid) => deploy::vanishes(world, &uuid),
        SimEvent::Published(name) => published(world, &name),
        SimEvent::Certified(host) => certified(world, host),
        SimEvent::Late(ask) => drop(super::exchange::effect(world, &ask)),
    }
}

/// The task is over. The status shown stays the cached one until the next scan.
fn start_ends(world: &mut World, uuid: &str, start: SimStart) {
    let now = world.time.wall;
    let Some(service) = world.service_mut(uuid) else {
        // A start does not stop for a deletion: its containers come up for nobody.
        world.stray_containers.extend(start.containers.iter().map(|it| format!("{}-{uuid}", it.part)));
        return;
    };
    service.starting = service.starting.saturating_sub(1);
    if !start.fails {
        service.containers = start.containers;
        service
            .containers
            .iter_mut()
            .for_each(|container| container.log.iter_mut().for_each(|it| it.at = now));
        keep_volumes(world, uuid, &start.volumes);
        seek_certificates(world);
    }
    world.later(SCAN_MS, SimEvent::Scan(uuid.to_owned()));
}

fn keep_volumes(world: &mut World, uuid: &str, names: &[String]) {
    let Some(service) = world.service(uuid).cloned() else { return };
    for name in names {
        let name = format!("{uuid}_{name}");
        if world.volumes.iter().all(|volume| volume.name != name) {
            world.volumes.push(SimVolume {
                name,
                server: world.server.name.clone(),
                service: uuid.to_owned(),
                made_by: service.name.clone(),
                tag: service.description.clone(),
            });
        }
    }
}

fn scan(world: &mut World, uuid: &str) {
    let Some(service) = world.service_mut(uuid) else { return };
    let seen: Vec<String> = service.parts.iter().map(|part| seen_status(service, part)).collect();
    for (part, status) in service.parts.iter_mut().zip(seen) {
        // A part that is built and has no image name keeps its status for ever (observed).
        if part.image.is_some() {
            part.status = status;
        }
    }
}

fn seen_status(service: &SimService, part: &Part) -> String {
    let status = match service.container(&part.name) {
        None => "exited",
        // Nothing but its image is left of it: it crashes again and again (Coolify 4.3.11, observed).
        Some(_) if part.written_back => "restarting:unknown",
        Some(container) => container.seen_as(),
    };
    status.to_owned()
}

/// Unlike a start, a stop writes the status itself, whatever came of it: what cannot be reached runs on.
fn stopped(world: &mut World, uuid: &str) {
    let is_reached = world.server.usable;
    let Some(service) = world.service_mut(uuid) else { return };
    if is_reached {
        service.containers.clear();
    }
    for part in &mut service.parts {
        part.status = "exited".into();
    }
}

/// The row goes whatever became of the containers: those that cannot be reached are nobody's from now on.
fn deleted(world: &mut World, uuid: &str, volumes: bool) {
    let containers = world.service(uuid).into_iter().flat_map(|service| &service.containers);
    let left: Vec<String> = containers.map(|it| format!("{}-{uuid}", it.part)).collect();
    if !world.server.usable {
        world.stray_containers.extend(left);
    }
    let known = known_volumes(world, uuid);
    world.services.retain(|service| service.uuid != uuid);
    deploy::deleted(world, uuid);
    if volumes {
        world.volumes.retain(|volume| volume.service != uuid || !known.contains(&volume.name));
    }
}

/// The volumes that Coolify knows of: those that the text names, or that have a row. Others it never deletes.
fn known_volumes(world: &World, uuid: &str) -> Vec<String> {
    let text = world.service(uuid).and_then(|service| Compose::read(&service.compose).ok());
    let named = text.map(|text| text.volumes()).unwrap_or_default().into_iter();
    let rows = world.application(uuid).into_iter().flat_map(|application| &application.storages);
    named.map(|name| format!("{uuid}_{name}")).chain(rows.map(|row| row.name.clone())).collect()
}

fn published(world: &mut World, name: &str) {
    world.published.retain(|record| record.name != name);
    world.published.extend(world.records.iter().filter(|record| record.name == name).cloned());
    seek_certificates(world);
}

/// Orders a certificate for each host that is routed, resolves to the server and has none.
pub(super) fn seek_certificates(world: &mut World) {
    for host in wanting(world) {
        let ordered = world.jobs.iter().any(|job| job.event == SimEvent::Certified(host.clone()));
        if !ordered {
            world.later(CERTIFICATE_MS, SimEvent::Certified(host));
        }
    }
}

fn wanting(world: &World) -> Vec<String> {
    let routes = world.containers().flat_map(|container| &container.routes);
    let hosts = routes.filter(|route| route.https).map(|route| route.host.clone());
    hosts
        .filter(|host| !world.certificates.contains_key(host))
        .filter(|host| super::resolver::reaches_server(world, host))
        .collect()
}

fn certified(world: &mut World, host: String) {
    if wanting(world).contains(&host) {
        let now = world.time.wall;
        world.certificates.insert(host, now);
    }
}
