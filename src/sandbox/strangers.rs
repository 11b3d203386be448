//! Things in the simulated Coolify and Cloudflare that belong to somebody else.
//!
//! Made behind the APIs' back: no request is counted and no ownership tag is set.

use std::net::IpAddr;

use serde_json::json;

use super::applications::Application;
use super::compose::Compose;
use super::deploy::{self, DeployAsked};
use super::records::Record;
use super::services::{Condition, ContainerEnv, Line, SimContainer, SimService};
use super::world::{Project, World};
use super::{Sandbox, SandboxError, cloudflare, coolify};

impl Sandbox {
    /// Puts an A record of somebody else at `name`. Names without a zone are left alone.
    ///
    /// # Errors
    /// [`SandboxError`] when the world cannot be kept.
    pub fn stranger_record(&self, name: &str) -> Result<(), SandboxError> {
        self.stranger_record_to(name, "198.51.100.7")
    }

    /// Puts a record of somebody else at `name`, which may be a wildcard. `to` is an address, a host, or `server` for the
    /// server's address; what leads to a tunnel is proxied.
    ///
    /// # Errors
    /// [`SandboxError`] when the world cannot be kept.
    pub fn stranger_record_to(&self, name: &str, to: &str) -> Result<(), SandboxError> {
        self.with_world(|world| record(world, &name.trim_end_matches('.').to_ascii_lowercase(), to))
    }

    /// Puts a running service of somebody else into the project `strangers`.
    ///
    /// # Errors
    /// [`SandboxError`] when the world cannot be kept.
    pub fn stranger_service(&self, name: &str) -> Result<(), SandboxError> {
        self.with_world(|world| service(world, name))
    }

    /// Puts a running application of somebody else into the project `strangers`.
    ///
    /// # Errors
    /// [`SandboxError`] when the world cannot be kept.
    pub fn stranger_application(&self, name: &str) -> Result<(), SandboxError> {
        self.with_world(|world| application(world, name))
    }

    /// Lets somebody else deploy the application of this uuid, by hand.
    ///
    /// # Errors
    /// [`SandboxError`] when the world cannot be kept.
    pub fn stranger_deploys(&self, application: &str) -> Result<(), SandboxError> {
        self.with_world(|world| {
            if let DeployAsked::Queued(uuid) = deploy::ask(world, application, true, false)
                && let Some(deployment) = world.deployment_mut(&uuid)
            {
                deployment.by_hand = true;
            }
        })
    }
}

fn record(world: &mut World, name: &str, to: &str) {
    let content = if to == "server" { world.server.ip.clone() } else { to.to_ascii_lowercase() };
    let kind = match content.parse() {
        Ok(IpAddr::V4(_)) => "A",
        Ok(IpAddr::V6(_)) => "AAAA",
        Err(_) => "CNAME",
    };
    let zone = super::records::zone_name(name).and_then(|zone| cloudflare::named(world, zone));
    let Some(zone) = zone else { return };
    let record = Record {
        id: world.hex_id(),
        zone: zone.id,
        kind: kind.into(),
        name: name.to_owned(),
        ttl: 1,
        proxied: content.ends_with(".cfargotunnel.com"),
        content,
        comment: None,
        read_only: false,
        created: world.time.wall,
        modified: world.time.wall,
        boot_ms: 0,
    };
    world.published.push(record.clone());
    world.records.push(record);
    super::events::seek_certificates(world);
}

fn service(world: &mut World, name: &str) {
    let environment = strangers_environment(world);
    let text = json!({"services": {"web": {"image": "nginx:1.27"}}}).to_string();
    let Ok(compose) = Compose::read(&text) else { return };
    let (id, uuid) = (world.number(), world.uuid());
    world.services.push(SimService {
        id,
        uuid: uuid.clone(),
        name: name.to_owned(),
        description: None,
        environment,
        compose: compose.dumped.clone(),
        made_of_it: None,
        parts: Vec::new(),
        envs: Vec::new(),
        containers: vec![running(world, "web")],
        starting: 0,
        tags: Vec::new(),
        deleting: false,
        config_hash: Some("strangers".into()),
        made: world.made_now(),
    });
    coolify::parse(world, &uuid, &compose);
    if let Some(service) = world.service_mut(&uuid) {
        service.parts.iter_mut().for_each(|part| part.status = "running:unknown".into());
    }
}

fn application(world: &mut World, name: &str) {
    let environment = strangers_environment(world);
    let (id, uuid) = (world.number(), world.uuid());
    let columns = json!({
        "build_pack": "dockerimage", "docker_registry_image_name": "nginx", "docker_registry_image_tag": "1.27",
    });
    world.applications.push(Application {
        tags: Vec::new(),
        id,
        uuid: uuid.clone(),
        name: name.to_owned(),
        description: None,
        environment,
        fqdn: None,
        private_key: None,
        github_app: None,
        columns: columns.as_object().cloned().unwrap_or_default(),
        envs: Vec::new(),
        storages: Vec::new(),
        status: "running:unknown".into(),
        container: Some(running(world, &uuid)),
        deleting: false,
        made: world.made_now(),
    });
}

fn running(world: &World, part: &str) -> SimContainer {
    SimContainer {
        part: part.to_owned(),
        release: None,
        routes: Vec::new(),
        health_path: "/".into(),
        tells: false,
        headers: Vec::new(),
        condition: Condition::Well,
        is_checked: false,
        commit: None,
        log: vec![Line { at: world.time.wall, text: "started".into() }],
        env: ContainerEnv::default(),
    }
}

/// The environment `production` of the project `strangers`, made if it is missing.
fn strangers_environment(world: &mut World) -> u64 {
    let project = match world.projects.iter().find(|project| project.name == "strangers") {
        Some(project) => project.id,
        None => add_project(world),
    };
    let found = world.environments.iter().find(|it| it.project == project && it.name == "production");
    match found {
        Some(environment) => environment.id,
        None => coolify::add_environment(world, project),
    }
}

fn add_project(world: &mut World) -> u64 {
    let project = Project {
        id: world.number(),
        uuid: world.uuid(),
        name: "strangers".into(),
        description: None,
        team: world.coolify.team,
        made: world.made_now(),
    };
    let id = project.id;
    world.projects.push(project);
    id
}
