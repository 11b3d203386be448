//! Starting a service: what its containers will be, fixed when the task begins.
//!
//! Coolify writes compose text and `.env` to the server at that moment; what is changed later reaches the
//! containers at the next start (4.3.11, observed).

use serde::{Deserialize, Serialize};

use super::compose::{Compose, ComposeEntry};
use super::coolify;
use super::dotenv::UnreadableDotenv;
use super::environment;
use super::events::{BUILD_MS, START_MS, SimEvent};
use super::faults::Fault;
use super::services::{Condition, ContainerEnv, Line, SimContainer, SimService, TraefikRoute};
use super::world::{World, digest, hex};

/// The variable that an app answers with, where it answers with one.
pub(super) const RELEASE: &str = "FABRIK_RELEASE";

/// A start under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimStart {
    /// What will run when it is over.
    pub containers: Vec<SimContainer>,
    /// The volumes Docker will make, by their name in the text.
    pub volumes: Vec<String>,
    /// Whether there is no image to start, or docker compose cannot read the variables: then the old containers stay,
    /// and nobody says so.
    pub fails: bool,
}

/// Begins a start of the service, whether or not another one is under way.
pub(crate) fn begin(world: &mut World, uuid: &str) {
    let Some(compose) = world.service(uuid).and_then(|service| Compose::read(&service.compose).ok()) else {
        return;
    };
    // A start parses the text once more, and by now the parts have their domains.
    coolify::add_rows(world, uuid, &compose);
    let Some(service) = world.service(uuid).cloned() else { return };
    let (lacks_image, condition) = (keeps_the_old(world), condition(world));
    let containers: Result<Vec<SimContainer>, _> =
        compose.entries.iter().map(|entry| container(world, &service, entry, condition)).collect();
    let fails = lacks_image || containers.is_err();
    let mut containers = containers.unwrap_or_default();
    if world.take_fault(Fault::NeverStarts) {
        containers.clear();
    }
    let start = SimStart { containers, volumes: compose.volumes(), fails };
    let lasts = if compose.entries.iter().any(|entry| entry.builds) { BUILD_MS } else { START_MS };
    if let Some(service) = world.service_mut(uuid) {
        service.starting += 1;
        service.config_hash = Some(hex(&digest(&[service.compose.as_bytes()])[..16]));
    }
    world.later(lasts, SimEvent::StartEnds(uuid.to_owned(), Box::new(start)));
}

/// Whether a fault leaves the start that begins now without an image.
fn keeps_the_old(world: &mut World) -> bool {
    let (build, pull) = (world.take_fault(Fault::Build), world.take_fault(Fault::MissingImage));
    build || pull
}

/// How the containers of the start that begins now will fare.
pub(super) fn condition(world: &mut World) -> Condition {
    let faults = [
        (Fault::Health, Condition::Sick),
        (Fault::CrashLoop, Condition::Crashing),
        (Fault::WrongPort, Condition::Unreachable),
    ];
    let struck = faults.into_iter().find(|(fault, _)| world.take_fault(*fault));
    struck.map_or(Condition::Well, |(_, condition)| condition)
}

fn container(
    world: &World,
    service: &SimService,
    entry: &ComposeEntry,
    condition: Condition,
) -> Result<SimContainer, UnreadableDotenv> {
    let env = environment::of_entry(service, entry)?;
    let release = env.get(RELEASE).cloned();
    let tells = super::middleware::tells(entry);
    let told = release.as_ref().filter(|_| tells);
    let text = told.map_or_else(|| "started".to_owned(), |it| format!("release {it}"));
    let part = service.parts.iter().find(|part| part.name == entry.name);
    Ok(SimContainer {
        part: entry.name.clone(),
        release,
        routes: part.into_iter().flat_map(super::services::Part::urls).filter_map(route).collect(),
        health_path: entry.label("fabrik.health").unwrap_or_else(|| "/health".to_owned()),
        tells,
        headers: super::middleware::headers(entry),
        condition,
        is_checked: entry.is_checked,
        commit: None,
        log: vec![Line { at: world.time.wall, text }],
        env: ContainerEnv(env),
    })
}

/// The route of a URL; its port is the container's, not the proxy's.
pub(super) fn route(url: &str) -> Option<TraefikRoute> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    Some(TraefikRoute { https: scheme == "https", host: host.to_ascii_lowercase() })
}
