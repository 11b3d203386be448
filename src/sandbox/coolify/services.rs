//! Reading services: alone, in lists, inside environments and among all resources.

use serde_json::{Value, json};

use super::{Answer, Context, Reply, applications, environments, message, parts, time};
use crate::sandbox::services::SimService;
use crate::sandbox::world::World;

impl Context<'_> {
    /// The team's service with this uuid. One whose deletion is under way is still there.
    pub(super) fn service(&self, uuid: &str) -> Result<&SimService, Reply> {
        let found = self.world.service(uuid).filter(|service| self.owns(service));
        found.ok_or_else(|| message(404, "Service not found."))
    }

    /// Whether the token's team sees this service.
    pub(super) fn owns(&self, service: &SimService) -> bool {
        self.sees(service.environment)
    }
}

/// All services of the team, unfiltered and unpaged.
pub(crate) fn list(context: &mut Context) -> Answer {
    let of_team = context.world.services.iter().filter(|service| context.owns(service));
    Ok(Reply::json(200, &of_team.map(|service| full(context.world, service)).collect()))
}

/// One service with its parts, environment and server.
pub(crate) fn show(context: &mut Context, uuid: &str) -> Answer {
    let service = context.service(uuid)?;
    let mut body = full(context.world, service);
    if let Some(environment) = context.world.environment(service.environment) {
        body["environment"] = environments::shown(environment);
    }
    if let Some(project) = context.world.project_of(service) {
        body["environment"]["project"] = json!({"id": project.id, "uuid": project.uuid, "name": project.name,
            "description": project.description, "team_id": project.team});
    }
    Ok(Reply::json(200, &body))
}

/// A service with its parts and server, without its number.
fn full(world: &World, service: &SimService) -> Value {
    let mut full = brief(world, service);
    if let Value::Object(map) = &mut full {
        map.remove("id");
    }
    let shown = |database: bool| -> Value {
        let parts = service.parts.iter().filter(|part| part.is_database == database);
        parts.map(|part| parts::shown(service, part, true)).collect()
    };
    full["applications"] = shown(false);
    full["databases"] = shown(true);
    full["server"] = json!({"id": 0, "uuid": world.server.uuid, "name": world.server.name,
        "ip": world.server.shown_ip, "port": 22, "user": "root", "is_coolify_host": world.server.is_coolify_host});
    full
}

/// Every resource of the team, with its type and its environment's number but no uuid of either.
pub(crate) fn resources(context: &mut Context) -> Answer {
    let of_team = context.world.services.iter().filter(|service| context.owns(service));
    let shown = of_team.map(|service| {
        let mut shown = brief(context.world, service);
        shown["type"] = json!("service");
        shown
    });
    let seen = context.world.applications.iter().filter(|it| context.sees(it.environment));
    let applications = seen.map(|it| {
        let mut shown = applications::brief(context.world, it);
        shown["type"] = json!("application");
        shown
    });
    Ok(Reply::json(200, &applications.chain(shown).collect()))
}

/// A service without its parts, number included.
pub(crate) fn brief(world: &World, service: &SimService) -> Value {
    let mut brief = json!({
        "id": service.id,
        "uuid": service.uuid,
        "name": service.name,
        "description": service.description.as_deref().unwrap_or(""),
        "environment_id": service.environment,
        "server_id": 0,
        "destination_id": 0,
        "destination_type": "App\\Models\\StandaloneDocker",
        "service_type": null,
        "connect_to_docker_network": false,
        "is_container_label_escape_enabled": true,
        "compose_parsing_version": "5",
        "config_hash": service.config_hash,
        "server_status": world.server.usable,
        "status": service.status(),
        "created_at": time(service.made.at),
        "updated_at": time(service.made.changed),
        "deleted_at": null,
    });
    if world.coolify.sensitive {
        brief["docker_compose_raw"] = json!(service.compose);
        brief["docker_compose"] = json!(service.made_of_it);
    }
    brief
}
