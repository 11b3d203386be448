//! Version, team and the one server.

use serde_json::{Value, json};

use super::{Answer, Context, Reply, message, time};
use crate::sandbox::applications::Application;
use crate::sandbox::services::Part;
use crate::sandbox::world::{OTHER_TEAM, SimServer};

/// Plain text under `text/html`.
pub(crate) fn version(context: &mut Context) -> Answer {
    Ok(Reply::typed(200, "text/html; charset=utf-8", context.world.coolify.version.clone()))
}

/// The token's team.
pub(crate) fn team(context: &mut Context) -> Answer {
    Ok(Reply::json(200, &shown_team(context)))
}

/// A list of the token's team alone.
pub(crate) fn teams(context: &mut Context) -> Answer {
    Ok(Reply::json(200, &json!([shown_team(context)])))
}

fn shown_team(context: &Context) -> Value {
    let (name, description) = match context.team {
        OTHER_TEAM => ("Other Team", "The other team"),
        _ => ("Root Team", "The root team"),
    };
    json!({
        "id": context.team,
        "name": name,
        "description": description,
        "personal_team": true,
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
        "show_boarding": false,
        "is_mcp_server_enabled": true,
    })
}

impl Context<'_> {
    /// The server, for its own team.
    pub(super) fn server(&self, uuid: &str) -> Result<SimServer, Reply> {
        let visible = self.team != OTHER_TEAM && self.world.server.uuid == uuid;
        visible.then(|| self.world.server.clone()).ok_or_else(|| message(404, "Server not found."))
    }
}

/// In the list the two verdicts stand at top level too.
pub(crate) fn list(context: &mut Context) -> Answer {
    if context.team == OTHER_TEAM {
        return Ok(Reply::json(200, &json!([])));
    }
    let server = &context.world.server;
    let mut shown = shown(server);
    shown["is_reachable"] = json!(server.usable);
    shown["is_usable"] = json!(server.usable);
    shown["proxy"] = json!({"redirect_enabled": true});
    Ok(Reply::json(200, &json!([shown])))
}

/// One server; the verdicts stand in `settings` only.
pub(crate) fn show(context: &mut Context, uuid: &str) -> Answer {
    let server = context.server(uuid)?;
    let mut shown = shown(&server);
    shown["team_id"] = json!(context.team);
    shown["unreachable_count"] = json!(0);
    for column in ["deleted_at", "validation_logs"] {
        shown[column] = Value::Null;
    }
    for column in ["created_at", "updated_at"] {
        shown[column] = json!(time(context.world.time.wall));
    }
    Ok(Reply::json(200, &shown))
}

/// The hosts on it; an empty list while there are none. Here the true address stands.
pub(crate) fn domains(context: &mut Context, uuid: &str) -> Answer {
    let server = context.server(uuid)?;
    let parts = context.world.services.iter().flat_map(|service| &service.parts);
    let of_parts = parts.flat_map(Part::urls);
    let urls = context.world.applications.iter().flat_map(Application::urls).chain(of_parts);
    let hosts: Vec<&str> = urls.filter_map(|url| url.split("://").nth(1)?.split(['/', ':']).next()).collect();
    let body = if hosts.is_empty() { json!([]) } else { json!([{"ip": server.ip, "domains": hosts}]) };
    Ok(Reply::json(200, &body))
}

/// What stands on it.
pub(crate) fn resources(context: &mut Context, uuid: &str) -> Answer {
    context.server(uuid)?;
    let shown = context.world.services.iter().map(|it| {
        let (status, created, updated) = (it.status(), time(it.made.at), time(it.made.changed));
        json!({"id": it.id, "uuid": it.uuid, "name": it.name, "type": "service", "status": status,
               "created_at": created, "updated_at": updated})
    });
    let applications = context.world.applications.iter().map(|it| {
        let (created, updated) = (time(it.made.at), time(it.made.changed));
        json!({"id": it.id, "uuid": it.uuid, "name": it.name, "type": "application", "status": it.status,
               "created_at": created, "updated_at": updated})
    });
    Ok(Reply::json(200, &applications.chain(shown).collect()))
}

/// What the list and the single reading have in common.
fn shown(server: &SimServer) -> Value {
    json!({
        "uuid": server.uuid,
        "name": server.name,
        "description": null,
        "ip": server.shown_ip,
        "user": "root",
        "port": 22,
        "is_coolify_host": server.is_coolify_host,
        "proxy": {"type": server.proxy, "status": "running", "redirect_enabled": true},
        "settings": {
            "is_reachable": server.usable,
            "is_usable": server.usable,
            "force_disabled": false,
            "is_build_server": false,
            "is_cloudflare_tunnel": server.tunnelled,
            "is_swarm_manager": false,
            "is_swarm_worker": false,
            "concurrent_builds": 2,
            "deployment_queue_limit": 25,
            "dynamic_timeout": 3600,
            "generate_exact_labels": false,
            "is_sentinel_enabled": true,
            "sentinel_push_interval_seconds": 60,
            "server_timezone": "UTC",
            "wildcard_domain": null,
        },
    })
}
