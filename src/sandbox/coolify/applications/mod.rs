//! Applications: reading them alone, in lists and inside environments, changing and deleting them.

mod actions;
mod columns;
mod make;
mod storages;

pub(crate) use actions::{deploy, logs, restart, start, stop};
pub(crate) use make::{SourceRoute, create};
pub(crate) use storages::{add as add_storage, delete as delete_storage, list as list_storages};

use serde_json::{Value, json};

use super::{Answer, Context, Form, Reply, environments, message, server_error, time, versions};
use crate::sandbox::applications::Application;
use crate::sandbox::events::SimEvent;
use crate::sandbox::world::{World, digest};

impl Context<'_> {
    /// The team's application with this uuid. One whose deletion is under way is still there.
    pub(super) fn application(&self, uuid: &str) -> Result<&Application, Reply> {
        let found = self.world.application(uuid).filter(|it| self.sees(it.environment));
        found.ok_or_else(|| message(404, "Application not found."))
    }

    /// Whether the token's team sees what is in this environment.
    pub(super) fn sees(&self, environment: u64) -> bool {
        self.world.project_with(environment).is_some_and(|project| project.team == self.team)
    }
}

/// All applications of the team by name, unpaged; with a tag, those that have it.
pub(crate) fn list(context: &mut Context) -> Answer {
    let tag = context.ask.query("tag");
    let wanted = |it: &&Application| tag.as_ref().is_none_or(|tag| it.tags.contains(tag));
    let of_team = context.world.applications.iter().filter(|it| context.sees(it.environment));
    let mut seen: Vec<&Application> = of_team.filter(wanted).collect();
    seen.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let shown = seen.into_iter().map(|it| public(context.world, it));
    Ok(Reply::json(200, &shown.collect()))
}

/// One application, with its settings and where it stands.
pub(crate) fn show(context: &mut Context, uuid: &str) -> Answer {
    let application = context.application(uuid)?;
    let mut body = public(context.world, application);
    if !versions::is_before(&context.world.coolify, [4, 2, 0]) {
        body["settings"] = Value::Object(columns::settings(&application.columns));
    }
    if let Some(environment) = context.world.environment(application.environment) {
        body["environment"] = environments::shown(environment);
    }
    Ok(Reply::json(200, &body))
}

/// Changes one. What it says reaches the container at the next deployment.
pub(crate) fn patch(context: &mut Context, uuid: &str) -> Answer {
    let form = Form::read(context.ask)?.only(&columns::patchable());
    context.application(uuid).map_err(|_| message(404, "Application not found"))?;
    let wanted = columns::checked(form, columns::Image::Apart)?;
    wanted.refuse_taken(context.world, uuid)?;
    let now = context.world.time.wall;
    if let Some(application) = context.world.application_mut(uuid) {
        wanted.write(application);
        application.made.changed = now;
    }
    Ok(Reply::json(200, &json!({"uuid": uuid})))
}

/// Deletes one: goes on for 3 to 35 s, during which it is still shown. Deployments go on.
pub(crate) fn delete(context: &mut Context, uuid: &str) -> Answer {
    context.application(uuid).map_err(|_| message(404, "Application not found"))?;
    let is_no = |text: String| matches!(text.as_str(), "false" | "0" | "no" | "off");
    let volumes = !context.ask.query("delete_volumes").is_some_and(is_no);
    let takes_ms = 3_000 + 1_000 * u64::from(digest(&[b"delete", uuid.as_bytes()])[0] % 33);
    let already =
        context.world.application_mut(uuid).is_some_and(|it| std::mem::replace(&mut it.deleting, true));
    if !already {
        context.world.later(takes_ms, SimEvent::Deleted { resource: uuid.to_owned(), volumes });
    }
    Ok(message(200, "Application deletion request queued."))
}

/// An application with its number, as it stands among resources and inside a deployment.
pub(crate) fn brief(world: &World, application: &Application) -> Value {
    let mut brief = json!({
        "id": application.id,
        "uuid": application.uuid,
        "name": application.name,
        "description": application.description,
        "environment_id": application.environment,
        "destination_id": 0,
        "destination_type": "App\\Models\\StandaloneDocker",
        "fqdn": application.fqdn,
        "source_id": application.github_app.as_ref().map(|_| 1),
        "source_type": application.github_app.as_ref().map(|_| "App\\Models\\GithubApp"),
        "server_status": world.server.usable,
        "status": application.status,
        "restart_count": 0,
        "created_at": time(application.made.at),
        "updated_at": time(application.made.changed),
        "deleted_at": null,
    });
    for (name, value) in columns::shown(&application.columns) {
        brief[name] = value.clone();
    }
    let key = world.access.keys.iter().find(|it| Some(&it.uuid) == application.private_key.as_ref());
    brief["private_key_id"] = json!(key.map(|key| key.id));
    brief
}

/// An application by itself: without its number, and its key's only where the token may see it.
fn public(world: &World, application: &Application) -> Value {
    let mut shown = brief(world, application);
    if let Value::Object(members) = &mut shown {
        members.remove("id");
        members.retain(|name, _| world.coolify.sensitive || name != "private_key_id");
    }
    shown
}

/// The names that a Coolify gives to the ways into private repositories; the keys themselves are not kept.
pub(crate) fn keys(context: &mut Context) -> Answer {
    let keys = context.world.access.keys.iter();
    let shown = keys.map(|it| json!({"id": it.id, "uuid": it.uuid, "name": it.name, "is_git_related": true}));
    Ok(Reply::json(200, &shown.collect()))
}

pub(crate) fn github_apps(context: &mut Context) -> Answer {
    let apps = context.world.access.github_apps.iter();
    let shown = apps.map(|it| {
        json!({"id": it.id, "uuid": it.uuid, "name": it.name, "is_public": it.id == 0,
               "api_url": "https://api.github.com", "html_url": "https://github.com"})
    });
    Ok(Reply::json(200, &shown.collect()))
}
