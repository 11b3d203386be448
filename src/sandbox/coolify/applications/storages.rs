//! Volumes of an application: rows of their own, with the application's uuid before the name.

use serde_json::{Value, json};

use super::{Answer, Context, Form, Reply, columns, message};
use crate::sandbox::applications::SimStorage;

const FIELDS: [&str; 7] = ["type", "name", "mount_path", "host_path", "content", "is_directory", "fs_path"];

pub(crate) fn list(context: &mut Context, uuid: &str) -> Answer {
    let storages: Vec<Value> = context.application(uuid)?.storages.iter().map(shown).collect();
    Ok(Reply::json(200, &json!({"persistent_storages": storages, "file_storages": []})))
}

/// Adds one. Only named volumes are known here; Docker makes them at the next start.
pub(crate) fn add(context: &mut Context, uuid: &str) -> Answer {
    let mut form = Form::read(context.ask)?.only(&FIELDS);
    let (kind, path, name) = (form.required("type"), form.required("mount_path"), form.text("name"));
    form.check()?;
    context.application(uuid)?;
    let Some(name) = name.filter(|_| kind == "persistent") else { return Err(columns::missing("name")) };
    let storage = SimStorage { uuid: context.world.uuid(), name: format!("{uuid}-{name}"), path };
    let body = shown(&storage);
    if let Some(application) = context.world.application_mut(uuid) {
        application.storages.push(storage);
    }
    Ok(Reply::json(201, &body))
}

/// Takes one away; the volume on the server stays.
pub(crate) fn delete(context: &mut Context, uuid: &str, storage: &str) -> Answer {
    context.application(uuid)?;
    let storages = context.world.application_mut(uuid).map(|it| &mut it.storages);
    let storages = storages.ok_or_else(|| message(404, "Application not found."))?;
    let before = storages.len();
    storages.retain(|it| it.uuid != storage);
    if storages.len() == before {
        return Err(message(404, "Storage not found."));
    }
    Ok(message(200, "Storage deleted."))
}

fn shown(storage: &SimStorage) -> Value {
    json!({"uuid": storage.uuid, "name": storage.name, "mount_path": storage.path, "host_path": null})
}
