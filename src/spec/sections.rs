//! What each section of a spec means, with its defaults.
//!
//! Reads through the collecting reader: where a value is wrong it was complained about, and a default stands in so that
//! reading goes on. Nothing made with such a stand-in ever leaves `Spec::parse`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::env_value::{Carrier, carriable};
use super::reader::{Complaint, Fields, Frozen, Reader};
use super::status::status_set;
use super::tree::{MapEntry, SourcePlace, SpecNode, Value};
use super::{
    Adopt, FingerprintSpec, Health, ProofPolicy, RELEASE_HEADER, Rollback, SecretRule, SecretWant, StatusSet,
    Undo, VolumeSpec,
};
use super::{check, expand, proof, secret_heuristics};

/// What is known of an app when its `health` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// It answers on a domain, and comes from a template, which shows its release.
    Template,
    /// It answers on a domain.
    Site,
    /// It answers nobody.
    Worker,
}

/// Reads `health`; a worker has only the times and whether proof is required.
pub(crate) fn health(reader: &mut Reader<'_>, node: Option<SpecNode>, asked: Exposure) -> Health {
    let template = asked == Exposure::Template;
    let mut health = Health {
        path: if template { "/health" } else { "/" }.to_owned(),
        status: StatusSet::only(200),
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(300),
        successes: 3,
        fingerprint: template.then(|| FingerprintSpec::Header(RELEASE_HEADER.to_owned())),
        proof: ProofPolicy::Optional,
    };
    let Some(mut fields) = node.and_then(|node| reader.fields(node, "health.")) else { return health };
    if asked == Exposure::Worker {
        refuse_probing(reader, &fields);
    }
    let read = fields.take("path").and_then(|node| reader.checked(&node, "health.path", check::health_path));
    health.path = read.unwrap_or(health.path);
    let read = fields.take("status").and_then(|node| status_set(reader, node));
    health.status = read.unwrap_or(health.status);
    health.interval = duration(reader, &mut fields, "interval", "health.interval").unwrap_or(health.interval);
    health.timeout = duration(reader, &mut fields, "timeout", "health.timeout").unwrap_or(health.timeout);
    let read = fields.take("successes").and_then(|node| reader.number(&node, "health.successes", 1..=100));
    health.successes = read.unwrap_or(health.successes);
    if let Some(node) = fields.take("fingerprint") {
        health.fingerprint = proof::fingerprint(reader, node);
    }
    let read = fields.take("proof").and_then(|node| proof::policy(reader, &node));
    health.proof = read.unwrap_or(health.proof);
    let known = ["path", "status", "interval", "timeout", "successes", "fingerprint", "proof"];
    reader.refuse_the_rest(fields, &known);
    health
}

fn refuse_probing(reader: &mut Reader<'_>, fields: &Fields) {
    for key in ["path", "status", "successes", "fingerprint"] {
        if let Some(place) = fields.find(key) {
            let complaint =
                Complaint::new(format!("`health.{key}` is about answers, and a worker gives none"));
            reader.complain(place, complaint.hint("leave it out, or add a `domain`"));
        }
    }
}

fn duration(reader: &mut Reader<'_>, fields: &mut Fields, key: &str, full: &str) -> Option<Duration> {
    let node = fields.take(key)?;
    if let Value::Number(_) = node.value {
        let complaint = Complaint::new(format!("`{full}` has no unit"));
        reader.complain(node.place, complaint.hint("like `5s`, `5m` or `1h30m`"));
        return None;
    }
    reader.checked(&node, full, |text| check::duration(full, text))
}

/// Reads `env`: values stay as written, unexpanded. What was frozen was judged when it was applied.
pub(crate) fn env(
    reader: &mut Reader<'_>,
    node: Option<SpecNode>,
    carrier: Carrier,
) -> BTreeMap<String, String> {
    let carrier = (reader.frozen == Frozen::No).then_some(carrier);
    let fields = node.and_then(|node| reader.fields(node, "env."));
    let entries = fields.map(Fields::into_entries).unwrap_or_default();
    entries.into_iter().filter_map(|entry| variable(reader, entry, carrier)).collect()
}

fn variable(reader: &mut Reader<'_>, entry: MapEntry, carrier: Option<Carrier>) -> Option<(String, String)> {
    let name = check::variable(&entry.key).map_err(|complaint| reader.complain(entry.place, complaint)).ok();
    let value = match entry.node.value {
        Value::Text(text) | Value::Number(text) | Value::Switch(text) => text,
        Value::Nothing => {
            let complaint = Complaint::new(format!("`env.{}` has no value", entry.key));
            reader.complain(entry.node.place, complaint.hint("write `\"\"` for an empty one"));
            return None;
        }
        Value::List(_) | Value::Map(_) => {
            reader.wrong_kind(&entry.node, &format!("env.{}", entry.key), "text");
            return None;
        }
    };
    if let Err(complaint) = judged(&entry.key, &value, carrier) {
        let message = format!("`env.{}` {}", entry.key, complaint.message);
        reader.complain(entry.node.place, Complaint { message, ..complaint });
    }
    let name = name?;
    warn_of_coolifys_own(reader, entry.place, &name);
    if let Some(why) = secret_heuristics::of(&name, &value) {
        let complaint = Complaint::new(format!("`env.{name}` looks like a secret ({why})"));
        reader.warn(
            entry.node.place,
            complaint.hint(format!("write `secrets: [{name}]` and keep the value in .env")),
        );
    }
    Some((name, value))
}

/// Coolify sets these itself, for every container (Coolify 4.3.11): which of the two values the app gets is not ours to
/// say.
fn warn_of_coolifys_own(reader: &mut Reader<'_>, place: SourcePlace, name: &str) {
    const OWN: [&str; 4] = ["COOLIFY_", "SERVICE_FQDN_", "SERVICE_NAME_", "SERVICE_URL_"];
    if OWN.iter().any(|own| name.starts_with(own)) {
        let complaint = Complaint::new(format!("`{name}` is a variable that Coolify sets itself"));
        reader.warn(place, complaint.hint("the app may get Coolify's value instead: choose another name"));
    }
}

/// Judges the expanded value where the file alone decides it, else its references only.
fn judged(key: &str, value: &str, carrier: Option<Carrier>) -> Result<(), Complaint> {
    let unknown = |_: &str| None;
    let arrives = |value: &str| carrier.map_or(Ok(()), |carrier| carriable(key, value, carrier));
    match expand::expand(value, &unknown) {
        Ok(expanded) if !expanded.from_variables => {
            arrives(&expanded.value).map_err(|error| Complaint::new(error.to_string()).hint(error.hint()))
        }
        Ok(_) | Err(expand::ExpandError::Missing { .. }) => Ok(()),
        Err(error) => Err(Complaint::new(error.to_string()).hint("write `$$` for a dollar sign")),
    }
}

/// Reads `secrets`, in its short form or with rules; a name may not be under `env` too.
pub(crate) fn secrets(
    reader: &mut Reader<'_>,
    node: Option<SpecNode>,
    env: &BTreeMap<String, String>,
) -> Vec<SecretWant> {
    let Some(node) = node else { return Vec::new() };
    let mut wants = Vec::new();
    if !matches!(node.value, Value::Map(_)) {
        wanted(reader, node, "secrets", SecretRule::Any, env, &mut wants);
        return wants;
    }
    let Some(mut fields) = reader.fields(node, "secrets.") else { return wants };
    let rules = [("required", SecretRule::Required), ("generate", SecretRule::Generate)];
    for (key, rule) in rules {
        if let Some(node) = fields.take(key) {
            wanted(reader, node, &format!("secrets.{key}"), rule, env, &mut wants);
        }
    }
    for entry in fields.into_entries() {
        // The key is not repeated: people who write values here may have swapped the two.
        let complaint = Complaint::new("`secrets` takes names, never values");
        reader.complain(
            entry.place,
            complaint.hint("`secrets: [NAME]`, or the lists `required` and `generate`"),
        );
    }
    wants
}

fn wanted(
    reader: &mut Reader<'_>,
    node: SpecNode,
    key: &str,
    rule: SecretRule,
    env: &BTreeMap<String, String>,
    wants: &mut Vec<SecretWant>,
) {
    for item in reader.list(node, key).unwrap_or_default() {
        let Some(name) = reader.checked(&item, key, check::variable) else { continue };
        if env.contains_key(&name) {
            let complaint = Complaint::new(format!("`{name}` is under `env` and under `secrets`"));
            reader.complain(item.place, complaint.hint("keep one of them"));
        } else if wants.iter().any(|want| want.name == name) {
            reader.complain(item.place, Complaint::new(format!("`{name}` is asked for twice")));
        } else {
            warn_of_coolifys_own(reader, item.place, &name);
            wants.push(SecretWant { name, rule });
        }
    }
}

/// Reads `volumes`; names and paths must differ from each other.
pub(crate) fn volumes(reader: &mut Reader<'_>, node: Option<SpecNode>) -> Vec<VolumeSpec> {
    let mut volumes: Vec<VolumeSpec> = Vec::new();
    let items = node.and_then(|node| reader.list(node, "volumes")).unwrap_or_default();
    for item in items {
        let place = item.place;
        let Some(volume) = volume(reader, item) else { continue };
        if volumes.iter().any(|other| other.name == volume.name || other.path == volume.path) {
            let complaint = Complaint::new("another volume has this name or path");
            reader.complain(place, complaint);
        } else {
            volumes.push(volume);
        }
    }
    volumes
}

fn volume(reader: &mut Reader<'_>, node: SpecNode) -> Option<VolumeSpec> {
    let mut fields = reader.fields(node, "volumes.")?;
    let place = fields.place;
    let (name, path) = (fields.take("name"), fields.take("path"));
    reader.refuse_the_rest(fields, &["name", "path"]);
    let (Some(name), Some(path)) = (name, path) else {
        let complaint = Complaint::new("a volume needs a `name` and a `path`");
        reader.complain(place, complaint.hint("like `{name: data, path: /data}`"));
        return None;
    };
    let name = reader.checked(&name, "volumes.name", check::volume_name);
    let path = reader.checked(&path, "volumes.path", check::volume_path);
    Some(VolumeSpec { name: name?, path: path? })
}

/// Reads `adopt`: a list of what may be taken over.
pub(crate) fn adopt(reader: &mut Reader<'_>, node: Option<SpecNode>) -> Adopt {
    let mut adopt = Adopt::default();
    for item in node.and_then(|node| reader.list(node, "adopt")).unwrap_or_default() {
        let words = [("dns", "dns"), ("coolify", "coolify")];
        let taken = match reader.checked(&item, "adopt", |text| check::word("adopt", text, &words)) {
            Some("dns") => &mut adopt.dns,
            Some(_) => &mut adopt.coolify,
            None => continue,
        };
        if std::mem::replace(taken, true) {
            reader.complain(item.place, Complaint::new("it is in `adopt` twice"));
        }
    }
    adopt
}

pub(crate) fn rollback(reader: &mut Reader<'_>, node: Option<SpecNode>) -> Rollback {
    let mut rollback = Rollback { coolify: Undo::Auto, dns: Undo::Auto };
    let Some(mut fields) = node.and_then(|node| reader.fields(node, "rollback.")) else { return rollback };
    rollback.coolify = undo(reader, &mut fields, "coolify", "rollback.coolify");
    rollback.dns = undo(reader, &mut fields, "dns", "rollback.dns");
    reader.refuse_the_rest(fields, &["coolify", "dns"]);
    rollback
}

fn undo(reader: &mut Reader<'_>, fields: &mut Fields, key: &str, full: &str) -> Undo {
    let words = [("auto", Undo::Auto), ("manual", Undo::Manual)];
    let read =
        fields.take(key).and_then(|node| reader.checked(&node, full, |text| check::word(full, text, &words)));
    read.unwrap_or(Undo::Auto)
}
