//! Sub-resources of a service: reading them, changing one, and the log of its container.

use serde_json::{Value, json};

use super::urls::{self, Url};
use super::{Answer, Context, Form, Reply, message, server_error, time};
use crate::sandbox::ask::Ask;
use crate::sandbox::compose::Compose;
use crate::sandbox::services::{Line, Part, SimContainer, SimService};
use crate::sandbox::world::World;

const DATABASE_FIELDS: [&str; 8] = [
    "human_name",
    "description",
    "image",
    "exclude_from_status",
    "is_log_drain_enabled",
    "is_public",
    "public_port",
    "public_port_timeout",
];
const FIELDS: [&str; 10] = [
    "url",
    "noindex_domains",
    "human_name",
    "description",
    "image",
    "exclude_from_status",
    "is_log_drain_enabled",
    "is_gzip_enabled",
    "is_stripprefix_enabled",
    "is_force_https_enabled",
];

/// The applications or the databases of a service.
pub(crate) fn list(context: &mut Context, uuid: &str, databases: bool) -> Answer {
    let service = context.service(uuid)?;
    let parts = service.parts.iter().filter(|part| part.is_database == databases);
    Ok(Reply::json(200, &parts.map(|part| shown(service, part, false)).collect()))
}

/// One application or one database.
pub(crate) fn show(context: &mut Context, uuid: &str, part: &str, database: bool) -> Answer {
    let service = context.service(uuid)?;
    Ok(Reply::json(200, &shown(service, find(service, part, database)?, false)))
}

/// Changes one application or one database (4.2.0 and newer). The URL is lower-cased whole; the override works in
/// the query only.
pub(crate) fn patch(context: &mut Context, uuid: &str, part: &str, database: bool) -> Answer {
    let fields: &[&str] = if database { &DATABASE_FIELDS } else { &FIELDS };
    let mut form = Form::read(context.ask)?.only(fields);
    let (human_name, description) = (form.text("human_name"), form.text("description"));
    let (url, image, excluded) = (form.text("url"), form.text("image"), form.flag("exclude_from_status"));
    form.check()?;
    let name = find(context.service(uuid)?, part, database)?.name.clone();
    if form.has("url") {
        let force = context.ask.query("force_domain_override").is_some_and(|it| it == "true" || it == "1");
        let url = Url { name: name.clone(), url: url.map(|url| url.to_lowercase()) };
        urls::apply(context.world, uuid, &[url], force)?;
    }
    let found =
        context.world.service_mut(uuid).and_then(|it| it.parts.iter_mut().find(|part| part.name == name));
    if let Some(part) = found {
        part.image = image.or_else(|| part.image.take());
        part.excluded = excluded.unwrap_or(part.excluded);
        part.human_name = human_name.or_else(|| part.human_name.take());
        if form.has("description") {
            part.description = description;
        }
    }
    write_back(context.world, uuid, &name);
    show(context, uuid, part, database)
}

/// Saving a part that the text no longer has puts its name and image back into the text (Coolify 4.3.11, observed).
fn write_back(world: &mut World, uuid: &str, name: &str) {
    let Some(service) = world.service_mut(uuid) else { return };
    let Ok(mut text) = serde_json::from_str::<Value>(&service.compose) else { return };
    let Some(services) = text.get_mut("services").and_then(Value::as_object_mut) else { return };
    let Some(part) = service.parts.iter_mut().find(|part| part.name == name) else { return };
    if !services.contains_key(name) {
        services.insert(name.to_owned(), json!({"image": part.image}));
        part.written_back = true;
        service.compose = format!("{text:#}");
    }
}

/// The log of one container, asked of its server: the only live view of it (4.2.0 and newer).
pub(crate) fn logs(context: &mut Context, uuid: &str) -> Answer {
    let service = context.service(uuid)?;
    let Some(name) = context.ask.query("sub_service_name").filter(|name| !name.is_empty()) else {
        return Err(message(400, "Sub service name is required."));
    };
    if !context.world.server.usable {
        return Err(server_error());
    }
    let Some(container) = service.container(&name) else {
        return Err(message(404, "Container not found."));
    };
    if !container.is_up() {
        return Err(message(400, "Container is not running."));
    }
    Ok(Reply::json(200, &json!({"logs": tail(context.ask, container)})))
}

/// The last lines of a container's log, as many and as stamped as was asked for.
pub(crate) fn tail(ask: &Ask, container: &SimContainer) -> String {
    let lines = ask.query("lines").and_then(|lines| lines.parse().ok()).unwrap_or(100_usize).min(10_000);
    let stamped = ask.query("show_timestamps").is_some_and(|it| it == "true" || it == "1");
    let skipped = container.log.len().saturating_sub(lines);
    container.log[skipped..].iter().map(|line| written(line, stamped)).collect()
}

/// The volumes its compose text names, as they are called on the server.
pub(crate) fn storages(context: &mut Context, uuid: &str) -> Answer {
    let service = context.service(uuid)?;
    let entries = Compose::read(&service.compose).map(|compose| compose.entries).unwrap_or_default();
    let mounts = entries.iter().flat_map(|entry| entry.volumes.iter().map(move |mount| (entry, mount)));
    let storages = mounts.map(|(entry, (name, path))| {
        let part = service.parts.iter().find(|part| part.name == entry.name).map(|part| &part.uuid);
        let kind = if entry.is_database() { "database" } else { "application" };
        json!({"name": format!("{uuid}_{name}"), "mount_path": path, "host_path": null,
               "resource_type": kind, "resource_uuid": part})
    });
    let storages: Vec<Value> = storages.collect();
    Ok(Reply::json(200, &json!({"persistent_storages": storages, "file_storages": []})))
}

fn written(line: &Line, stamped: bool) -> String {
    let stamp = if stamped { line.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ ").to_string() } else { String::new() };
    format!("{stamp}{}\n", line.text)
}

fn find<'a>(service: &'a SimService, part: &str, database: bool) -> Result<&'a Part, Reply> {
    let found = service.parts.iter().find(|it| it.uuid == part && it.is_database == database);
    let kind = if database { "Database" } else { "Application" };
    found.ok_or_else(|| message(404, &format!("{kind} not found.")))
}

/// A part as the API shows it; its number only inside the service, and that of a database's service too.
pub(crate) fn shown(service: &SimService, part: &Part, numbered: bool) -> Value {
    let mut shown = json!({
        "uuid": part.uuid,
        "name": part.name,
        "human_name": part.human_name,
        "description": part.description,
        "image": part.image,
        "ports": "",
        "exposes": null,
        "status": part.status,
        "exclude_from_status": part.excluded,
        "is_log_drain_enabled": false,
        "is_gzip_enabled": true,
        "is_stripprefix_enabled": true,
        "created_at": time(service.made.at),
        "updated_at": time(service.made.changed),
        "deleted_at": null,
        "is_include_timestamps": false,
        "is_migrated": false,
        "last_online_at": service.made.changed.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    });
    if numbered {
        shown["id"] = json!(part.id);
    }
    if numbered || !part.is_database {
        shown["service_id"] = json!(service.id);
    }
    if part.is_database {
        shown["is_public"] = json!(false);
        shown["public_port"] = Value::Null;
        shown["public_port_timeout"] = json!(3600);
        shown["custom_type"] = Value::Null;
    } else {
        shown["fqdn"] = json!(part.fqdn);
        shown["required_fqdn"] = json!(false);
        shown["is_force_https_enabled"] = json!(true);
        shown["redirect"] = json!("both");
        shown["noindex_domains"] = Value::Null;
    }
    shown
}
