//! The records of deployments. Only applications leave them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Context, Reply, applications, invalid, message, time};
use crate::sandbox::applications::{Said, SimDeployment};
use crate::sandbox::deploy;

impl Context<'_> {
    /// The team's deployment with this uuid.
    fn deployment(&self, uuid: &str) -> Result<&SimDeployment, Reply> {
        let found = self.world.deployments.iter().find(|it| it.uuid == uuid);
        let seen = found.filter(|it| self.application(&it.application).is_ok());
        seen.ok_or_else(|| message(404, "Deployment not found."))
    }
}

/// Those that wait or run, oldest first.
pub(crate) fn list(context: &mut Context) -> Answer {
    let open = context.world.deployments.iter().filter(|it| it.is_open());
    let seen = open.filter(|it| context.application(&it.application).is_ok());
    Ok(Reply::json(200, &seen.map(|it| shown(context, it)).collect()))
}

/// One, with its application.
pub(crate) fn show(context: &mut Context, uuid: &str) -> Answer {
    let deployment = context.deployment(uuid)?;
    let mut body = shown(context, deployment);
    if let Some(application) = context.world.application(&deployment.application) {
        body["application"] = applications::brief(context.world, application);
    }
    Ok(Reply::json(200, &body))
}

/// Those of an application, newest first: an object, unlike every other list.
pub(crate) fn of_application(context: &mut Context, uuid: &str) -> Answer {
    context.application(uuid).map_err(|_| message(404, "Application not found"))?;
    let (skip, take) = (number(context, "skip", 0)?, number(context, "take", 10)?);
    let all: Vec<&SimDeployment> =
        context.world.deployments.iter().filter(|it| it.application == uuid).rev().collect();
    let page: Vec<Value> = all.iter().skip(skip).take(take).map(|it| shown(context, it)).collect();
    Ok(Reply::json(200, &json!({"count": all.len(), "deployments": page})))
}

fn number(context: &Context, name: &str, default: usize) -> Result<usize, Reply> {
    let Some(text) = context.ask.query(name) else { return Ok(default) };
    let wrong = || invalid(&json!({name: [format!("The {name} field must be an integer.")]}));
    text.parse().map_err(|_| wrong())
}

/// Cancels one that is not over.
pub(crate) fn cancel(context: &mut Context, uuid: &str) -> Answer {
    let deployment = context.deployment(uuid)?;
    if !deployment.is_open() {
        let status = &deployment.status;
        return Err(message(400, &format!("Deployment cannot be cancelled. Current status: {status}")));
    }
    deploy::cancel(context.world, uuid);
    let body = json!({"message": "Deployment cancelled successfully.", "deployment_uuid": uuid,
                      "status": "cancelled-by-user"});
    Ok(Reply::json(200, &body))
}

fn shown(context: &Context, deployment: &SimDeployment) -> Value {
    let application = context.world.application(&deployment.application);
    let mut shown = json!({
        "id": deployment.id,
        "deployment_uuid": deployment.uuid,
        "application_id": application.map(|it| it.id.to_string()),
        "application_name": application.map(|it| it.name.clone()),
        "server_id": 0,
        "server_name": context.world.server.name,
        "destination_id": "0",
        "status": deployment.status,
        "commit": deployment.commit,
        "commit_message": null,
        "pull_request_id": 0,
        "force_rebuild": deployment.force,
        "restart_only": deployment.restart,
        "rollback": false,
        "is_api": !deployment.by_hand,
        "is_webhook": false,
        "only_this_server": false,
        "docker_registry_image_tag": null,
        "finished_at": deployment.finished.map(time),
        "created_at": time(deployment.made.at),
        "updated_at": time(deployment.made.changed),
    });
    if context.world.coolify.sensitive {
        shown["logs"] = log(&deployment.log, context.world.time.wall);
    }
    shown
}

/// JSON inside a string; null before the first line.
fn log(said: &[Said], now: Timestamp) -> Value {
    let heard: Vec<&Said> = said.iter().filter(|it| it.at <= now).collect();
    if heard.is_empty() {
        return Value::Null;
    }
    let entries = heard.iter().map(|it| {
        json!({"command": null, "output": it.text, "type": if it.is_error { "stderr" } else { "stdout" },
               "timestamp": it.at.to_string(), "hidden": it.hidden, "batch": 1})
    });
    json!(Value::Array(entries.collect()).to_string())
}
