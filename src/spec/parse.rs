//! From the text of a spec to what it asks for.
//!
//! The top of the file, in the order a reader would go. Sections are read by files of their own, values judged in `check`.

use std::path::Path;

use super::domains::{self, Domains};
use super::env_value::Carrier;
use super::reader::{Complaint, Fields, Frozen, Reader};
use super::sections::Exposure;
use super::templates::Template;
use super::tree::{self, MergeKeys, SpecNode, Value};
use super::{Spec, check, dns, keys, legacy, resources, sections, source};
use crate::error::{Problem, Problems};

/// Reads a whole spec.
pub(crate) fn parse(path: &Path, text: &str, frozen: Frozen) -> Result<Spec, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = tree::read(path, text, MergeKeys::Refused)?;
    if let Value::Nothing = root.value {
        let hint = "a spec needs at least `name` and where the app comes from, like `template: python-api`";
        return Err(Problem::of_file(path, "the file is empty").hint(hint).into());
    }
    let mut reader = Reader::new(path, text, frozen);
    let spec = whole(&mut reader, root, text);
    let warnings = reader.finish()?;
    Ok(Spec { warnings, ..spec.expect("a spec that nobody complained about is whole") })
}

/// Reads every key; `None` only after a complaint.
fn whole(reader: &mut Reader<'_>, root: SpecNode, text: &str) -> Option<Spec> {
    let mut fields = reader.fields(root, "")?;
    let kind = legacy::translate(reader, &mut fields);
    let name =
        required(reader, &mut fields, "name").and_then(|node| reader.checked(&node, "name", check::name));
    let asked = source::asked(reader, &mut fields);
    let (template, from) = (asked.as_ref().and_then(|asked| asked.template), asked.as_ref().map(|it| it.key));
    let source = asked.and_then(|asked| source::source(reader, asked, name.as_deref()));
    let domains = domains::domains(reader, &mut fields);
    let known = domains.as_ref().map(|domains| domains.ascii.as_slice());
    if let (Some(kind), Some(known)) = (kind, known) {
        legacy::agree(reader, kind, known);
    }
    belongs(reader, &mut fields, from);
    let service = fields.take("service").and_then(|node| reader.checked(&node, "service", check::service));
    let port = port(reader, &mut fields, known, Listening { from, template });
    let server = fields.take("server").and_then(|node| reader.checked(&node, "server", check::server));
    let project = fields.take("project").and_then(|node| reader.checked(&node, "project", check::project));
    let environment = fields.take("environment");
    let environment = environment.and_then(|node| reader.checked(&node, "environment", check::environment));
    let carrier = if matches!(from, Some("image" | "git")) { Carrier::Application } else { Carrier::Service };
    let env = sections::env(reader, fields.take("env"), carrier);
    let secrets = sections::secrets(reader, fields.take("secrets"), &env);
    let asked = match (known, from) {
        (Some([]), _) => Exposure::Worker,
        (_, Some("template")) if template.is_none_or(|template| template.port.is_some()) => {
            Exposure::Template
        }
        (_, _) => Exposure::Site,
    };
    let health = sections::health(reader, fields.take("health"), asked);
    let dns = dns::dns(reader, fields.take("dns"), known);
    let resources = resources::resources(reader, fields.take("resources"));
    let volumes = sections::volumes(reader, fields.take("volumes"));
    let adopt = fields.take("adopt");
    let adopting = adopt.as_ref().map(|node| node.place);
    let adopt = sections::adopt(reader, adopt);
    if let (Some(place), true, dns::Dns::External) = (adopting, adopt.dns, &dns) {
        let complaint =
            Complaint::new("`adopt: dns` takes over a record, and `dns: external` leaves it to others");
        reader.complain(place, complaint.hint("keep one of them"));
    }
    let rollback = sections::rollback(reader, fields.take("rollback"));
    reader.refuse_the_rest(fields, keys::TOP);
    let name = name?;
    let Domains { ascii, written } = domains?;
    Some(Spec {
        path: reader.path.to_owned(),
        text: text.to_owned(),
        source: source?,
        domains: ascii,
        written,
        service,
        port,
        server,
        project: project.unwrap_or_else(|| default_project(&name)),
        name,
        environment: environment.unwrap_or_else(|| "production".to_owned()),
        env,
        secrets,
        health,
        dns,
        resources,
        volumes,
        adopt,
        rollback,
        warnings: Vec::new(),
    })
}

/// The app's name, made long enough for Coolify, which wants 3 letters.
fn default_project(name: &str) -> String {
    if name.len() < 3 { format!("fabrik-{name}") } else { name.to_owned() }
}

/// What is known of the port an app listens on, without its spec saying it.
#[derive(Clone, Copy)]
struct Listening {
    from: Option<&'static str>,
    template: Option<&'static Template>,
}

fn required(reader: &mut Reader<'_>, fields: &mut Fields, key: &str) -> Option<SpecNode> {
    let node = fields.take(key);
    if node.is_none() {
        reader.complain(fields.place, Complaint::new(format!("`{key}` is missing")));
    }
    node
}

/// Reads `port`; a worker has none.
fn port(
    reader: &mut Reader<'_>,
    fields: &mut Fields,
    domains: Option<&[String]>,
    listening: Listening,
) -> Option<u16> {
    let worker = domains.is_some_and(<[String]>::is_empty);
    match fields.take_entry("port") {
        Some(entry) if worker => {
            let complaint = Complaint::new("`port` is where a `domain` leads, and there is none");
            reader.complain(entry.place, complaint.hint("leave it out, or add a `domain`"));
            None
        }
        Some(entry) => reader.number(&entry.node, "port", 1..=u16::MAX),
        None if worker => None,
        None => match listening {
            // The compose text says it.
            Listening { from: Some("compose"), .. } => None,
            Listening { template: Some(Template { name, port: None, .. }), .. } => {
                let complaint =
                    Complaint::new(format!("`port` is missing: template `{name}` listens on none"));
                reader.complain(fields.place, complaint.hint("add it, or leave `domain` out"));
                None
            }
            Listening { template, .. } => Some(template.and_then(|template| template.port).unwrap_or(80)),
        },
    }
}

/// Refuses what only a compose text has, and what a compose text says itself.
fn belongs(reader: &mut Reader<'_>, fields: &mut Fields, from: Option<&str>) {
    let Some(from) = from else { return };
    let foreign: &[(&str, &str)] = match from {
        "compose" => &[
            ("resources", "write `deploy.resources.limits` in the compose text"),
            ("volumes", "write `volumes` in the compose text"),
        ],
        _ => &[("service", "leave it out: only a `compose` text has several")],
    };
    for (key, hint) in foreign {
        if let Some(entry) = fields.take_entry(key) {
            let complaint = Complaint::new(format!("`{key}` has no meaning beside `{from}`"));
            reader.complain(entry.place, complaint.hint(*hint));
        }
    }
}
