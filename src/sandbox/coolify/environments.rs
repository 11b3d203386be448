//! Environments. Unique in their project, stored in lower case; the creating request carries no description.

use serde_json::{Value, json};

use super::{Answer, Context, Form, Reply, applications, form, message, server_error, services, time};
use crate::sandbox::ask::decoded;
use crate::sandbox::world::{SimEnvironment, World};

impl Context<'_> {
    /// The environment with this name or uuid in a project of the team.
    pub(super) fn environment(&self, project: &str, name: &str) -> Result<SimEnvironment, Reply> {
        let (project, name) = (self.project(project)?.id, decoded(name));
        let mut inside = self.world.environments.iter().filter(|it| it.project == project);
        let found = inside.find(|it| it.name == name || it.uuid == name);
        found.cloned().ok_or_else(|| message(404, "Environment not found."))
    }
}

pub(crate) fn add(world: &mut World, project: u64, name: &str) -> SimEnvironment {
    let environment = SimEnvironment {
        id: world.number(),
        uuid: world.uuid(),
        name: name.to_owned(),
        description: None,
        project,
        made: world.made_now(),
    };
    world.environments.push(environment.clone());
    environment
}

/// Those of a project, in short.
pub(crate) fn list(context: &mut Context, project: &str) -> Answer {
    let project = context.project(project)?.id;
    let inside = context.world.environments.iter().filter(|it| it.project == project);
    let shown = inside.map(|it| json!({"id": it.id, "uuid": it.uuid, "name": it.name}));
    Ok(Reply::json(200, &shown.collect()))
}

/// Creates one. The name as sent is looked for, the name as stored must be unique: where the two differ the
/// answer is 500.
pub(crate) fn create(context: &mut Context, project: &str) -> Answer {
    let mut form = Form::read(context.ask)?.only(&["name"]);
    let name = form.required("name");
    form::name(&mut form, &name);
    form.check()?;
    let project = context.project(project)?.id;
    let taken =
        |name: &str| context.world.environments.iter().any(|it| it.project == project && it.name == name);
    if taken(&name) {
        return Err(message(409, "Environment with this name already exists."));
    }
    let stored = name.to_lowercase().replace('/', "-");
    if taken(&stored) {
        return Err(server_error());
    }
    let environment = add(context.world, project, &stored);
    Ok(Reply::json(201, &json!({"uuid": environment.uuid})))
}

/// One environment with what stands in it; some kinds of databases are not listed here.
pub(crate) fn show(context: &mut Context, project: &str, name: &str) -> Answer {
    let environment = context.environment(project, name)?;
    let inside: Vec<_> =
        context.world.services.iter().filter(|it| it.environment == environment.id).collect();
    let mut body = shown(&environment);
    body["services"] = inside.into_iter().map(|service| services::brief(context.world, service)).collect();
    let inside = context.world.applications.iter().filter(|it| it.environment == environment.id);
    body["applications"] = inside.map(|it| applications::brief(context.world, it)).collect();
    for kind in ["postgresqls", "mysqls", "mariadbs", "mongodbs", "redis"] {
        body[kind] = json!([]);
    }
    Ok(Reply::json(200, &body))
}

/// Changes name or description (4.3.0 and newer).
pub(crate) fn patch(context: &mut Context, project: &str, name: &str) -> Answer {
    let mut form = Form::read(context.ask)?.only(&["name", "description"]);
    let (new_name, description) = (form.text("name"), form.text("description"));
    if let Some(name) = &new_name {
        form::name(&mut form, name);
    }
    form.check()?;
    let id = context.environment(project, name)?.id;
    let found = context.world.environments.iter_mut().find(|it| it.id == id);
    let environment = found.ok_or_else(|| message(404, "Environment not found."))?;
    if let Some(name) = new_name {
        environment.name = name.to_lowercase().replace('/', "-");
    }
    if form.has("description") {
        environment.description = description;
    }
    let it = environment;
    Ok(Reply::json(200, &json!({"uuid": it.uuid, "name": it.name, "description": it.description})))
}

/// Deletes an empty one. What is being deleted still counts.
pub(crate) fn delete(context: &mut Context, project: &str, name: &str) -> Answer {
    let id = context.environment(project, name)?.id;
    if context.world.is_inhabited(id) {
        return Err(message(400, "Environment has resources, so it cannot be deleted."));
    }
    context.world.environments.retain(|it| it.id != id);
    Ok(message(200, "Environment deleted."))
}

/// An environment as it is shown inside other resources.
pub(crate) fn shown(environment: &SimEnvironment) -> Value {
    json!({
        "id": environment.id,
        "uuid": environment.uuid,
        "name": environment.name,
        "description": environment.description,
        "project_id": environment.project,
        "created_at": time(environment.made.at),
        "updated_at": time(environment.made.changed),
    })
}
