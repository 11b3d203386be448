//! Changing a service. Not atomic: name, description and compose text are stored before the URLs are looked
//! at, and containers notice nothing until the next start.

use super::{Answer, Context, Form, Reply, make, server_error, urls};
use crate::sandbox::events::{QUEUE_MS, SimEvent};

const FIELDS: [&str; 8] = [
    "name",
    "description",
    "docker_compose_raw",
    "urls",
    "force_domain_override",
    "connect_to_docker_network",
    "is_container_label_escape_enabled",
    "instant_deploy",
];

/// `PATCH /services/{uuid}`.
pub(crate) fn patch(context: &mut Context, uuid: &str) -> Answer {
    let mut form = Form::read(context.ask)?.only(&FIELDS);
    let (name, description, text) =
        (form.text("name"), form.text("description"), form.text("docker_compose_raw"));
    let force = form.flag("force_domain_override").unwrap_or(false);
    let instant = form.flag("instant_deploy").unwrap_or(false);
    context.service(uuid)?;
    form.check()?;
    let urls = urls::read(form.value("urls"))?;
    let compose = text.map(|text| make::parsed(&text)).transpose()?;
    let now = context.world.time.wall;
    if let Some(service) = context.world.service_mut(uuid) {
        service.made.changed = now;
        service.name = name.unwrap_or_else(|| service.name.clone());
        if form.has("description") {
            service.description = description;
        }
        if let Some(compose) = &compose {
            service.compose.clone_from(&compose.dumped);
        }
    }
    if let Some(compose) = compose {
        make::parse(context.world, uuid, &compose);
        if compose.breaks_late {
            return Err(server_error());
        }
    }
    urls::apply(context.world, uuid, &urls, force)?;
    if instant {
        context.world.later(QUEUE_MS, SimEvent::StartBegins(uuid.to_owned()));
    }
    Ok(Reply::json(200, &make::made(context.world, uuid)))
}
