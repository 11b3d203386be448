//! Creating a service, and what every parse of a compose text leaves behind.
//!
//! The order of effects is Coolify's: the row first, then the parse, then the URLs. A break in the middle
//! leaves the service standing (4.3.11, observed).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Context, Form, Reply, invalid, magic, message, server_error, urls, versions};
use crate::sandbox::compose::{Compose, ComposeEntry, UnreadableCompose};
use crate::sandbox::events::{QUEUE_MS, SimEvent};
use crate::sandbox::services::{Part, SimEnvRow, SimService};
use crate::sandbox::world::World;

const FIELDS: [&str; 14] = [
    "type",
    "docker_compose_raw",
    "project_uuid",
    "environment_name",
    "environment_uuid",
    "server_uuid",
    "destination_uuid",
    "name",
    "description",
    "urls",
    "force_domain_override",
    "instant_deploy",
    "is_container_label_escape_enabled",
    "tags",
];

/// The one template of Coolify's that the sandbox has: its key and its compose text.
const TEMPLATE: (&str, &str) = (
    "uptime-kuma",
    r#"{"services": {"uptimekuma": {"image": "louislam/uptime-kuma:2",
        "environment": ["SERVICE_FQDN_UPTIMEKUMA_3001"]}}}"#,
);

/// A create request whose fields are in order.
struct Wanted {
    name: Option<String>,
    description: Option<String>,
    text: String,
    tags: Vec<String>,
    environment: u64,
    urls: Vec<urls::Url>,
    force: bool,
    instant: bool,
}

/// `POST /services`.
pub(crate) fn create(context: &mut Context) -> Answer {
    let wanted = checked(context)?;
    let compose = parsed(&wanted.text)?;
    let uuid = insert(context.world, &wanted, &compose);
    parse(context.world, &uuid, &compose);
    if compose.breaks_late {
        return Err(server_error());
    }
    if let Err(refusal) = urls::apply(context.world, &uuid, &wanted.urls, wanted.force) {
        // Only a refusal of the URLs takes the half-made service away again.
        context.world.services.retain(|service| service.uuid != uuid);
        return Err(refusal);
    }
    if wanted.instant {
        context.world.later(QUEUE_MS, SimEvent::StartBegins(uuid.clone()));
    }
    Ok(Reply::json(201, &made(context.world, &uuid)))
}

fn checked(context: &Context) -> Result<Wanted, Reply> {
    let mut form = Form::read(context.ask)?.only(&FIELDS);
    let (project, server) = (form.required("project_uuid"), form.required("server_uuid"));
    let environment = form.text("environment_name").or(form.text("environment_uuid"));
    let (name, description) = (form.text("name"), form.text("description"));
    if name.as_ref().is_some_and(|name| name.chars().count() > 255) {
        form.wrong("name", "The name field must not be greater than 255 characters.");
    }
    let force = form.flag("force_domain_override").unwrap_or(false);
    let instant = form.flag("instant_deploy").unwrap_or(false);
    let source = source(&mut form);
    let tags = tags(&mut form);
    versions::of_service(&context.world.coolify, &mut form);
    form.check()?;
    let urls = urls::read(form.value("urls"))?;
    let Some(environment) = environment else {
        return Err(message(
            422,
            "You need to provide at least one of environment_name or environment_uuid.",
        ));
    };
    if matches!(source, Source::Both) {
        return Err(message(
            422,
            "You cannot provide both service type and docker_compose_raw. Use one or the other.",
        ));
    }
    let environment = context.environment(&project, &environment)?.id;
    context.server(&server)?;
    let Source::Text(text) = source else {
        return Err(Reply::json(
            404,
            &json!({"message": "Invalid service type.", "valid_service_types": []}),
        ));
    };
    Ok(Wanted { name, description, text, tags, environment, urls, force, instant })
}

fn tags(form: &mut Form) -> Vec<String> {
    let tags = form.value("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let tags: Vec<String> = tags.iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
    for (at, _) in tags.iter().enumerate().filter(|(_, tag)| tag.chars().count() < 2) {
        form.wrong(&format!("tags.{at}"), &format!("The tags.{at} field must be at least 2 characters."));
    }
    tags
}

/// What a service is to be made of.
enum Source {
    /// Compose text, still packed.
    Text(String),
    /// One of Coolify's own templates that the sandbox does not have.
    Template,
    /// Both, which is refused.
    Both,
}

fn source(form: &mut Form) -> Source {
    match (form.text("type"), form.text("docker_compose_raw")) {
        (None, Some(text)) => Source::Text(text),
        (Some(_), Some(_)) => Source::Both,
        (Some(name), None) if name == TEMPLATE.0 => Source::Text(STANDARD.encode(TEMPLATE.1)),
        (Some(_), None) => Source::Template,
        (None, None) => {
            if form.has("docker_compose_raw") {
                form.wrong("docker_compose_raw", "The docker compose raw field must be a string.");
            }
            form.wrong("type", "The type field is required when docker compose raw is not present.");
            let what = "The docker compose raw field is required when type is not present.";
            form.wrong("docker_compose_raw", what);
            Source::Template
        }
    }
}

/// The compose text out of its base64, parsed.
///
/// # Errors
/// 422 or 500; nothing was written then.
pub(crate) fn parsed(text: &str) -> Result<Compose, Reply> {
    let packed: String = text.split_whitespace().collect();
    let bytes = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = bytes else {
        let what = "The docker_compose_raw should be base64 encoded.";
        return Err(invalid(&json!({"docker_compose_raw": what})));
    };
    Compose::read(&text).map_err(|reason| match reason {
        UnreadableCompose::Broken => server_error(),
        UnreadableCompose::Refused(reason) => invalid(&json!({"docker_compose_raw": reason})),
    })
}

fn insert(world: &mut World, wanted: &Wanted, compose: &Compose) -> String {
    let (id, uuid) = (world.number(), world.uuid());
    let name = wanted.name.clone().unwrap_or_else(|| format!("service-{uuid}"));
    world.services.push(SimService {
        id,
        uuid: uuid.clone(),
        name,
        description: wanted.description.clone(),
        environment: wanted.environment,
        compose: compose.dumped.clone(),
        made_of_it: None,
        parts: Vec::new(),
        envs: Vec::new(),
        containers: Vec::new(),
        starting: 0,
        tags: wanted.tags.clone(),
        deleting: false,
        config_hash: None,
        made: world.made_now(),
    });
    uuid
}

/// Makes or brings up to date the parts, and the rows of the variables the text refers to. What the text no
/// longer has stays behind.
pub(crate) fn parse(world: &mut World, uuid: &str, compose: &Compose) {
    for entry in &compose.entries {
        let fresh = fresh_part(world, uuid, compose, entry);
        let Some(service) = world.service_mut(uuid) else { return };
        match service.parts.iter_mut().find(|part| part.name == entry.name) {
            Some(part) => {
                part.image.clone_from(&entry.image);
                part.written_back = false;
                part.fqdn = part.fqdn.take().or(fresh.fqdn);
            }
            None => service.parts.push(fresh),
        }
    }
    add_rows(world, uuid, compose);
    if let Some(service) = world.service_mut(uuid).filter(|_| !compose.breaks_late) {
        service.made_of_it = Some(compose.dumped.clone());
    }
}

/// Makes the rows that the text asks for and that are not there, and brings those of its addresses up to date; a start
/// does so too.
pub(crate) fn add_rows(world: &mut World, uuid: &str, compose: &Compose) {
    addresses(world, uuid, compose);
    for (key, default) in compose.references() {
        let value = if magic::is_made_up(&key) { Some(world.hex_id()) } else { default };
        add_row(world, uuid, &key, value);
    }
    for (key, default) in &compose.defaults {
        add_row(world, uuid, key, Some(default.clone()));
    }
    for (key, value) in compose.borrowed() {
        add_row(world, uuid, &key, Some(value));
    }
}

/// The rows of the addresses that the text declares, brought up to date, and of those it asks for, unless they are there.
fn addresses(world: &mut World, uuid: &str, compose: &Compose) {
    let ip = world.server.ip.clone();
    let declared =
        world.service(uuid).map(|service| magic::declared_rows(compose, service, &ip)).unwrap_or_default();
    for (key, value) in declared {
        add_row(world, uuid, &key, None);
        let rows = world.service_mut(uuid).into_iter().flat_map(|service| &mut service.envs);
        rows.filter(|row| row.key == key).for_each(|row| row.value = Some(value.clone()));
    }
    for (key, value) in magic::asked_rows(compose, uuid, &ip) {
        add_row(world, uuid, &key, Some(value));
    }
}

/// A row of Coolify's own, unless one of that key is there.
fn add_row(world: &mut World, uuid: &str, key: &str, value: Option<String>) {
    let fresh = SimEnvRow { value: value.filter(|value| !value.is_empty()), ..SimEnvRow::empty(world, key) };
    let Some(service) = world.service_mut(uuid) else { return };
    if service.env(key).is_none() {
        service.envs.push(fresh);
    }
}

fn fresh_part(world: &mut World, uuid: &str, compose: &Compose, entry: &ComposeEntry) -> Part {
    // A database is given none.
    let fqdn = magic::url(compose, entry, uuid, &world.server.ip).filter(|_| !entry.is_database());
    Part {
        id: world.number(),
        uuid: world.uuid(),
        name: entry.name.clone(),
        is_database: entry.is_database(),
        image: entry.image.clone(),
        fqdn,
        status: "exited".into(),
        excluded: entry.is_excluded,
        human_name: None,
        description: None,
        written_back: false,
    }
}

/// What create and PATCH answer.
pub(crate) fn made(world: &World, uuid: &str) -> Value {
    let domains = world.service(uuid).map(SimService::domains).unwrap_or_default();
    json!({"uuid": uuid, "domains": domains})
}
