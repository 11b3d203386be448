//! Deploying, starting, stopping an application, and the log of its container.

use serde_json::{Value, json};

use super::{Answer, Context, Reply, message, server_error};
use crate::sandbox::coolify::parts;
use crate::sandbox::deploy::{self, DeployAsked};
use crate::sandbox::events::{STOP_MS, SimEvent};

const ALREADY: &str = "Deployment already queued for this commit.";

/// The entry of an application in the answer to `POST /deploy`. With the same commit queued it carries a uuid
/// that is nowhere else.
///
/// # Errors
/// 429 when the queue is full.
pub fn deploy(desk: &mut Context, uuid: &str, force: bool) -> Result<Value, Reply> {
    if deploy::is_full(desk.world) {
        let full =
            message(429, "Deployment queue is full. Please wait for existing deployments to complete.");
        return Err(full.with("retry-after", "60"));
    }
    let name = desk.application(uuid)?.name.clone();
    let (message, deployment) = match deploy::ask(desk.world, uuid, force, false) {
        DeployAsked::Queued(deployment) => (format!("Application {name} deployment queued."), deployment),
        DeployAsked::Already(nothing) => (ALREADY.to_owned(), nothing),
    };
    Ok(json!({"message": message, "resource_uuid": uuid, "deployment_uuid": deployment}))
}

/// `POST /applications/{uuid}/start`.
pub fn start(desk: &mut Context, uuid: &str) -> Answer {
    asked(desk, uuid, false, "Deployment request queued.")
}

/// `POST /applications/{uuid}/restart`.
pub fn restart(desk: &mut Context, uuid: &str) -> Answer {
    asked(desk, uuid, true, "Restart request queued.")
}

/// A full queue is not told here: the uuid that is answered leads nowhere.
fn asked(desk: &mut Context, uuid: &str, restart: bool, text: &str) -> Answer {
    desk.application(uuid)?;
    if deploy::is_full(desk.world) {
        let nothing = desk.world.uuid();
        return Ok(Reply::json(200, &json!({"message": text, "deployment_uuid": nothing})));
    }
    let force = desk.ask.query("force").is_some_and(|it| it == "true" || it == "1");
    match deploy::ask(desk.world, uuid, force, restart) {
        DeployAsked::Queued(it) => Ok(Reply::json(200, &json!({"message": text, "deployment_uuid": it}))),
        DeployAsked::Already(_) => Ok(message(200, ALREADY)),
    }
}

/// `POST /applications/{uuid}/stop`: taken whatever the state. Deployments go on.
pub fn stop(desk: &mut Context, uuid: &str) -> Answer {
    desk.application(uuid)?;
    desk.world.later(STOP_MS, SimEvent::Stopped(uuid.to_owned()));
    Ok(message(200, "Application stopping request queued."))
}

/// The log of its container, asked of the server.
pub fn logs(desk: &mut Context, uuid: &str) -> Answer {
    let application = desk.application(uuid)?;
    if !desk.world.server.usable {
        return Err(server_error());
    }
    let Some(container) = application.container.as_ref().filter(|it| it.is_up()) else {
        return Err(message(400, "Application is not running."));
    };
    Ok(Reply::json(200, &json!({"logs": parts::tail(desk.ask, container)})))
}
