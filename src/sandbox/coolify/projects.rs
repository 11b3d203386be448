//! Projects. Their names are not unique; a new one has one environment, `production`.

use serde_json::{Value, json};

use super::{Answer, Context, Form, Reply, environments, form, message, time};
use crate::sandbox::world::Project;

impl Context<'_> {
    /// The team's project with this uuid.
    pub(super) fn project(&self, uuid: &str) -> Result<Project, Reply> {
        let found = self.world.projects.iter().find(|it| it.uuid == uuid && it.team == self.team);
        found.cloned().ok_or_else(|| message(404, "Project not found."))
    }
}

/// Without descriptions they are shown as an empty text, here and nowhere else.
pub(crate) fn list(context: &mut Context) -> Answer {
    let of_team = context.world.projects.iter().filter(|it| it.team == context.team);
    let shown = of_team.map(|it| {
        let description = it.description.as_deref().unwrap_or("");
        json!({"id": it.id, "uuid": it.uuid, "name": it.name, "description": description})
    });
    Ok(Reply::json(200, &shown.collect()))
}

/// Creates one, and its first environment.
pub(crate) fn create(context: &mut Context) -> Answer {
    let mut form = Form::read(context.ask)?.only(&["name", "description"]);
    let name = form.required("name");
    let description = form.text("description");
    checked(&mut form, Some(&name), description.as_deref())?;
    let project = Project {
        id: context.world.number(),
        uuid: context.world.uuid(),
        name,
        description,
        team: context.team,
        made: context.world.made_now(),
    };
    let reply = Reply::json(201, &json!({"uuid": project.uuid}));
    environments::add(context.world, project.id, "production");
    context.world.projects.push(project);
    Ok(reply)
}

/// One project with its environments.
pub(crate) fn show(context: &mut Context, uuid: &str) -> Answer {
    let project = context.project(uuid)?;
    let inside = context.world.environments.iter().filter(|it| it.project == project.id);
    let environments: Vec<Value> = inside.map(environments::shown).collect();
    Ok(Reply::json(
        200,
        &json!({
            "id": project.id,
            "uuid": project.uuid,
            "name": project.name,
            "description": project.description,
            "environments": environments,
            "team_id": project.team,
            "created_at": time(project.made.at),
            "updated_at": time(project.made.changed),
        }),
    ))
}

/// Changes name or description. Answers 201.
pub(crate) fn patch(context: &mut Context, uuid: &str) -> Answer {
    let mut form = Form::read(context.ask)?.only(&["name", "description"]);
    let (name, description) = (form.text("name"), form.text("description"));
    checked(&mut form, name.as_deref(), description.as_deref())?;
    let id = context.project(uuid)?.id;
    let now = context.world.time.wall;
    let found = context.world.projects.iter_mut().find(|it| it.id == id);
    let project = found.ok_or_else(|| message(404, "Project not found."))?;
    project.name = name.unwrap_or_else(|| project.name.clone());
    if form.has("description") {
        project.description = description;
    }
    project.made.changed = now;
    let body = json!({"uuid": project.uuid, "name": project.name, "description": project.description});
    Ok(Reply::json(201, &body))
}

/// Deletes an empty one. What is being deleted still counts.
pub(crate) fn delete(context: &mut Context, uuid: &str) -> Answer {
    let id = context.project(uuid)?.id;
    let world = &mut *context.world;
    let mut environments = world.environments.iter().filter(|it| it.project == id);
    if environments.any(|it| world.is_inhabited(it.id)) {
        return Err(message(400, "Project has resources, so it cannot be deleted."));
    }
    world.projects.retain(|it| it.id != id);
    world.environments.retain(|it| it.project != id);
    Ok(message(200, "Project deleted."))
}

fn checked(form: &mut Form, name: Option<&str>, description: Option<&str>) -> Result<(), Reply> {
    if let Some(name) = name {
        form::name(form, name);
    }
    if let Some(text) = description {
        form::description(form, text);
    }
    form.check()
}
