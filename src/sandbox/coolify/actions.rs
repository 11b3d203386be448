//! Starting, stopping, deploying and deleting services. All of it goes on after the answer.

use serde_json::{Value, json};

use super::{Answer, Context, Reply, applications, message, server_error};
use crate::sandbox::events::{QUEUE_MS, STOP_MS, SimEvent};
use crate::sandbox::start;
use crate::sandbox::world::digest;

/// Between the end of a deleted service's containers and that of its row.
const GONE_MS: u64 = 1_000;

/// `POST /services/{uuid}/start`: queued, so that an early read still shows the old status. A second one is
/// taken while the first is under way.
pub(crate) fn start(context: &mut Context, uuid: &str) -> Answer {
    if context.service(uuid)?.status().contains("running") {
        return Err(message(400, "Service is already running."));
    }
    context.world.later(QUEUE_MS, SimEvent::StartBegins(uuid.to_owned()));
    Ok(message(200, "Service starting request queued."))
}

/// `POST /services/{uuid}/stop`: the old status stays until the containers have gone.
pub(crate) fn stop(context: &mut Context, uuid: &str) -> Answer {
    let status = context.service(uuid)?.status();
    if status.contains("exited") || status.contains("stopped") {
        return Err(message(400, "Service is already stopped."));
    }
    context.world.later(STOP_MS, SimEvent::Stopped(uuid.to_owned()));
    Ok(message(200, "Service stopping request queued."))
}

/// `POST /services/{uuid}/restart`: never refused.
pub(crate) fn restart(context: &mut Context, uuid: &str) -> Answer {
    context.service(uuid)?;
    context.world.later(STOP_MS, SimEvent::StoppedToRestart(uuid.to_owned()));
    Ok(message(200, "Service restarting request queued."))
}

/// `POST /deploy?uuid=`: unknown uuids are left out, all unknown is 404. The entry of a service has no
/// `deployment_uuid`, and its start is under way when the answer comes; an application is queued.
pub(crate) fn deploy(context: &mut Context) -> Answer {
    let (uuids, tag) = (parameter(context, "uuid"), parameter(context, "tag"));
    let uuids = match (uuids, tag) {
        (Some(_), Some(_)) => return Err(message(400, "You can only use uuid or tag, not both.")),
        (None, Some(tag)) => return deploy_tagged(context, &tag),
        (None, None) => return Err(message(400, "You must provide uuid or tag.")),
        (Some(uuids), None) => uuids,
    };
    let force = parameter(context, "force").is_some_and(|it| it == "true" || it == "1");
    let mut deployments = Vec::new();
    for uuid in uuids.split(',').map(str::trim) {
        if context.application(uuid).is_ok() {
            deployments.push(applications::deploy(context, uuid, force)?);
        } else if context.service(uuid).is_ok() {
            deployments.push(deployed(context, uuid)?);
        }
    }
    match deployments.as_slice() {
        [] => Err(message(404, "No resources found.")),
        _ => Ok(Reply::json(200, &json!({"deployments": deployments}))),
    }
}

/// By tag the answer has another shape.
fn deploy_tagged(context: &mut Context, tag: &str) -> Answer {
    let tagged =
        context.world.services.iter().filter(|it| context.owns(it) && it.tags.iter().any(|it| it == tag));
    let uuids: Vec<String> = tagged.map(|service| service.uuid.clone()).collect();
    if uuids.is_empty() {
        return Err(message(404, "No resources found with this tag."));
    }
    let started: Result<Vec<Value>, Reply> = uuids.iter().map(|uuid| deployed(context, uuid)).collect();
    let messages: Vec<Value> = started?.into_iter().map(|mut told| told["message"].take()).collect();
    Ok(Reply::json(200, &json!({"message": messages})))
}

fn parameter(context: &Context, name: &str) -> Option<String> {
    let in_body = || {
        let body: Value = serde_json::from_str(&context.ask.body).ok()?;
        body.get(name)?.as_str().map(str::to_owned)
    };
    context.ask.query(name).or_else(in_body).filter(|value| !value.is_empty())
}

/// Part of a service's start is done over SSH before the answer.
fn deployed(context: &mut Context, uuid: &str) -> Result<Value, Reply> {
    if !context.world.server.usable {
        return Err(server_error());
    }
    let name = context.world.service(uuid).map(|service| service.name.clone()).unwrap_or_default();
    start::begin(context.world, uuid);
    let message = format!("Service {name} started. It could take a while, be patient.");
    Ok(json!({"message": message, "resource_uuid": uuid}))
}

/// `DELETE /services/{uuid}`: goes on for 3 to 35 s, during which the service is still shown. All flags are
/// true unless they say no.
pub(crate) fn delete(context: &mut Context, uuid: &str) -> Answer {
    context.service(uuid)?;
    let volumes = context.ask.query("delete_volumes").is_none_or(|it| !is_no(&it));
    let takes_ms = 3_000 + 1_000 * u64::from(digest(&[b"delete", uuid.as_bytes()])[0] % 33);
    let already = context.world.service(uuid).is_some_and(|service| service.deleting);
    if let Some(service) = context.world.service_mut(uuid) {
        service.deleting = true;
    }
    if !already {
        let resource = uuid.to_owned();
        context.world.later(takes_ms - GONE_MS, SimEvent::Stopped(resource.clone()));
        context.world.later(takes_ms, SimEvent::Deleted { resource, volumes });
    }
    Ok(message(200, "Service deletion request queued."))
}

fn is_no(text: &str) -> bool {
    matches!(text, "false" | "0" | "no" | "off")
}
