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
pub(crate) fn deploy(context: &mut Context, uuid: &str, force: bool) -> Result<Value, Reply> {
    if deploy::is_full(context.world) {
        let full =
            message(429, "Deployment queue is full. Please wait for existing deployments to complete.");
        return Err(full.with("retry-after", "60"));
    }
    let name = context.application(uuid)?.name.clone();
    let (message, deployment) = match deploy::ask(context.world, uuid, force, false) {
        DeployAsked::Queued(deployment) => (format!("Application {name} deployment queued."), deployment),
        DeployAsked::Already(nothing) => (ALREADY.to_owned(), nothing),
    };
    Ok(json!({"message": message, "resource_uuid": uuid, "deployment_uuid": deployment}))
}

/// `POST /applications/{uuid}/start`.
pub(crate) fn start(context: &mut Context, uuid: &str) -> Answer {
    asked(context, uuid, false, "Deployment request queued.")
}

/// `POST /applications/{uuid}/restart`.
pub(crate) fn restart(context: &mut Context, uuid: &str) -> Answer {
    asked(context, uuid, true, "Restart request queued.")
}

/// A full queue is not told here: the uuid that is answered leads nowhere.
fn asked(context: &mut Context, uuid: &str, restart: bool, text: &str) -> Answer {
    context.application(uuid)?;
    if deploy::is_full(context.world) {
        let nothing = context.world.uuid();
        return Ok(Reply::json(200, &json!({"message": text, "deployment_uuid": nothing})));
    }
    let force = context.ask.query("force").is_some_and(|it| it == "true" || it == "1");
    match deploy::ask(context.world, uuid, force, restart) {
        DeployAsked::Queued(it) => Ok(Reply::json(200, &json!({"message": text, "deployment_uuid": it}))),
        DeployAsked::Already(_) => Ok(message(200, ALREADY)),
    }
}

/// `POST /applications/{uuid}/stop`: taken whatever the state. Deployments go on.
pub(crate) fn stop(context: &mut Context, uuid: &str) -> Answer {
    context.application(uuid)?;
    context.world.later(STOP_MS, SimEvent::Stopped(uuid.to_owned()));
    Ok(message(200, "Application stopping request queued."))
}

/// The log of its container, asked of the server.
pub(crate) fn logs(context: &mut Context, uuid: &str) -> Answer {
    let application = context.application(uuid)?;
    if !context.world.server.usable {
        return Err(server_error());
    }
    let Some(container) = application.container.as_ref().filter(|it| it.is_up()) else {
        return Err(message(400, "Application is not running."));
    };
    Ok(Reply::json(200, &json!({"logs": parts::tail(context.ask, container)})))
}
