//! From the text of a spec to what it asks for.
//!
//! The top of the file, in the order a reader would go. Sections are read in `sections`, values judged in `check`.

use std::path::{Path, PathBuf};

use super::reader::{Complaint, Fields, Folder, Reader};
use super::templates::Template;
use super::tree::{self, Node, Place, Value};
use super::{Source, Spec, check, keys, sections};
use crate::error::{Problem, Problems};

/// Reads a whole spec.
pub fn parse(path: &Path, text: &str, folder: Folder) -> Result<Spec, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = tree::read(path, text)?;
    if let Value::Nothing = root.value {
        let hint = "a spec needs at least `name`, `template` or `folder`, and `domain`";
        return Err(Problem::of_file(path, "the file is empty").hint(hint).into());
    }
    let mut reader = Reader::new(path, text, folder);
    let spec = whole(&mut reader, root, text);
    let warnings = reader.finish()?;
    Ok(Spec { warnings, ..spec.expect("a spec that nobody complained about is whole") })
}

/// Reads every key; `None` only after a complaint.
fn whole(reader: &mut Reader<'_>, root: Node, text: &str) -> Option<Spec> {
    let mut fields = reader.fields(root, "")?;
    let name =
        required(reader, &mut fields, "name").and_then(|node| reader.checked(&node, "name", check::name));
    let named = template(reader, &mut fields);
    let source = source(reader, &mut fields, name.as_deref(), named);
    let domain = domain(reader, &mut fields);
    let port = fields.take("port").map(|node| reader.number(&node, "port", 1..=u16::MAX));
    let port = port.unwrap_or_else(|| Some(default_port(named)));
    let server = fields.take("server").and_then(|node| reader.checked(&node, "server", check::server));
    let project = fields.take("project").and_then(|node| reader.checked(&node, "project", check::project));
    let environment = fields.take("environment");
    let environment = environment.and_then(|node| reader.checked(&node, "environment", check::environment));
    let env = sections::env(reader, fields.take("env"));
    let secrets = sections::secrets(reader, fields.take("secrets"), &env);
    let health = sections::health(reader, fields.take("health"), named.is_some());
    let dns = sections::dns(reader, fields.take("dns"), domain.as_deref());
    let volumes = sections::volumes(reader, fields.take("volumes"));
    let rollback = sections::rollback(reader, fields.take("rollback"));
    reader.refuse_the_rest(fields, keys::TOP);
    let name = name?;
    Some(Spec {
        path: reader.path.to_owned(),
        text: text.to_owned(),
        source: source?,
        domain: domain?,
        port: port?,
        server,
        project: project.unwrap_or_else(|| default_project(&name)),
        name,
        environment: environment.unwrap_or_else(|| "production".to_owned()),
        env,
        secrets,
        health,
        dns,
        volumes,
        rollback,
        warnings: Vec::new(),
    })
}

/// The app's name, made long enough for Coolify, which wants 3 letters.
fn default_project(name: &str) -> String {
    if name.len() < 3 { format!("fabrik-{name}") } else { name.to_owned() }
}

fn default_port(named: Option<Named>) -> u16 {
    named.and_then(|named| named.template).map_or(80, |template| template.port)
}

fn required(reader: &mut Reader<'_>, fields: &mut Fields, key: &str) -> Option<Node> {
    let node = fields.take(key);
    if node.is_none() {
        reader.complain(fields.place, Complaint::new(format!("`{key}` is missing")));
    }
    node
}

fn domain(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<String> {
    let Some(node) = fields.take("domain") else {
        let complaint = Complaint::new("`domain` is missing");
        reader.complain(
            fields.place,
            complaint.hint("apps without a domain are not supported by this version"),
        );
        return None;
    };
    if let Value::List(_) = node.value {
        let complaint = Complaint::new("a list of domains is not supported by this version");
        reader.complain(node.place, complaint.hint("write exactly one, like `domain: app.example.com`"));
        return None;
    }
    reader.checked(&node, "domain", |text| check::domain("domain", text))
}

/// The template a spec names, and where; none if there is no such template, which was complained about.
#[derive(Clone, Copy)]
struct Named {
    place: Place,
    template: Option<&'static Template>,
}

fn template(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<Named> {
    let node = fields.take("template")?;
    Some(Named { place: node.place, template: reader.checked(&node, "template", check::template) })
}

fn source(
    reader: &mut Reader<'_>,
    fields: &mut Fields,
    name: Option<&str>,
    template: Option<Named>,
) -> Option<Source> {
    match (template, fields.take("folder")) {
        (Some(named), Some(_)) => {
            let complaint = Complaint::new("`template` and `folder` both say where the app comes from");
            let hint = "keep one: a template's files are in the folder of the app's name";
            reader.complain(named.place, complaint.hint(hint));
            None
        }
        (Some(named), None) => {
            let template = named.template?;
            let folder = existing(reader, named.place, name?, Some(template))?;
            Some(Source::Template { name: template.name.to_owned(), folder })
        }
        (None, Some(node)) => {
            let folder = reader.text(&node, "folder")?;
            Some(Source::Folder { folder: existing(reader, node.place, &folder, None)? })
        }
        (None, None) => {
            no_source(reader, fields);
            None
        }
    }
}

/// Complains that nothing says where the app comes from, unless a key that will be refused by name does.
fn no_source(reader: &mut Reader<'_>, fields: &Fields) {
    let refused_anyway = ["compose", "image", "git", "source"].iter().any(|key| fields.find(key).is_some());
    if !refused_anyway {
        let complaint = Complaint::new("nothing says where the app comes from");
        let hint = format!("write `template:` ({}) or `folder:`", Template::names().join(", "));
        reader.complain(fields.place, complaint.hint(hint));
    }
}

/// A folder beside the spec that is there, if it must be.
fn existing(
    reader: &mut Reader<'_>,
    place: Place,
    folder: &str,
    template: Option<&'static Template>,
) -> Option<PathBuf> {
    let path = reader.path.parent().unwrap_or_else(|| Path::new("")).join(folder);
    if path.is_dir() || reader.folder == Folder::Frozen {
        return Some(path);
    }
    let complaint = if path.exists() {
        Complaint::new(format!("`{folder}` is not a folder"))
    } else {
        Complaint::new(format!("the app's folder `{folder}` is not there"))
    };
    reader.complain(
        place,
        match template {
            Some(template) => {
                complaint.hint(format!("`fabrik new --template {} NAME` writes one", template.name))
            }
            None => complaint.hint("the path is taken from where the spec is"),
        },
    );
    None
}
