//! What an application is, as fields that the plan shows, the journal keeps and a restore sends again.
//!
//! | field | |
//! |---|---|
//! | `kind` | `image` or `git` |
//! | `image` | of an image: `repo/img:tag` or `repo/img@sha256:<hex>` |
//! | `repository`, `branch`, `commit`, `dockerfile` | of git |
//! | `deploy_key`, `github_app` | of private git: the uuid of one of them |
//! | `url` | comma-separated; empty for a worker |
//! | `port`, `health_path`, `memory`, `cpu` | `0` is no limit |
//! | `health_check`, `auto_deploy` | `false`: what Fabrik switches off, of git the second too |
//!
//! Decides nothing: it spells out defaults, writes the fields as Coolify wants them, and reads them back.

use machine::receipt::Attributes;
use serde_json::{Map, Value, json};

use super::text;

/// The commit that means "whatever the branch has".
const HEAD: &str = "HEAD";
const GITHUB: &str = "https://github.com/";
/// A switch that is off.
const OFF: &str = "false";

/// The fields as Coolify will show them: defaults filled in, references and repositories in its spelling.
pub fn settled(fields: &Attributes) -> Attributes {
    let mut settled = fields.clone();
    let defaults: &[(&str, &str)] = match of(fields, "kind") {
        "git" => &[("commit", HEAD), ("dockerfile", "/Dockerfile"), ("auto_deploy", OFF)],
        _ => &[],
    };
    let common = [("url", ""), ("health_path", "/"), ("memory", "0"), ("cpu", "0"), ("health_check", OFF)];
    for (key, value) in defaults.iter().chain(&common) {
        settled.entry((*key).to_owned()).or_insert_with(|| (*value).to_owned());
    }
    if let Some(image) = settled.get_mut("image") {
        *image = whole(&reference(image));
    }
    if let Some(address) = settled.get_mut("repository") {
        *address = repository(address);
    }
    if let Some(path) = settled.get_mut("health_path").filter(|path| !is_carried(path)) {
        "/".clone_into(path);
    }
    settled
}

/// Whether an application that was made with `from` can be changed to `to` where it stands.
///
/// Both are fields that were sent: what is read back does not tell the key or the GitHub App.
///
/// # Errors
/// What cannot be changed, in words for people.
pub fn changeable(from: &Attributes, to: &Attributes) -> Result<(), String> {
    let (old, new) = (of(from, "kind"), of(to, "kind"));
    if old != new {
        return Err(format!("an app from `{old}` cannot become one from `{new}`"));
    }
    let (from, to) = (settled(from), settled(to));
    let fixed = [
        ("repository", "the repository"),
        ("deploy_key", "the deploy key"),
        ("github_app", "the GitHub App"),
    ];
    match fixed.iter().find(|(key, _)| from.get(*key) != to.get(*key)) {
        Some((_, what)) => Err(format!("{what} of an app cannot be changed after it was created")),
        None => Ok(()),
    }
}

/// The route below `/applications` that creates it.
pub(super) fn route(fields: &Attributes) -> &'static str {
    match of(fields, "kind") {
        "image" => "dockerimage",
        _ if fields.contains_key("deploy_key") => "private-deploy-key",
        _ if fields.contains_key("github_app") => "private-github-app",
        _ => "public",
    }
}

/// What creating sends of it.
pub(super) fn created(fields: &Attributes) -> Map<String, Value> {
    let fields = &settled(fields);
    let mut body = common(fields);
    if of(fields, "url").is_empty() {
        body.remove("domains");
    }
    if of(fields, "kind") == "image" {
        // One field takes the whole reference here and is taken apart by Coolify; a change wants the two apart.
        body.insert("docker_registry_image_name".into(), json!(of(fields, "image")));
        return body;
    }
    body.extend(git(fields));
    body.insert("git_repository".into(), json!(of(fields, "repository")));
    body.insert("build_pack".into(), json!("dockerfile"));
    for (field, name) in [("deploy_key", "private_key_uuid"), ("github_app", "github_app_uuid")] {
        body.extend(fields.get(field).map(|uuid| (name.to_owned(), json!(uuid))));
    }
    body
}

/// What changing sends of it: everything that can be changed, so that it restores as well as it changes.
///
/// Not the repository: creating rewrites it into a form of its own, and whether a change does is not known.
pub(super) fn changed(fields: &Attributes) -> Map<String, Value> {
    let fields = &settled(fields);
    let mut body = common(fields);
    if of(fields, "kind") == "image" {
        let (name, tag) = reference(of(fields, "image"));
        body.insert("docker_registry_image_name".into(), json!(name));
        body.insert("docker_registry_image_tag".into(), json!(tag));
    } else {
        body.extend(git(fields));
    }
    body
}

// Coolify's own health check runs `curl` or `wget` inside the container and fails where the image has neither;
// Fabrik asks from outside. The path is stored all the same, for whoever switches the check on.
fn common(fields: &Attributes) -> Map<String, Value> {
    let mut body = object([
        ("domains", json!(of(fields, "url"))),
        ("limits_memory", json!(of(fields, "memory"))),
        ("limits_cpus", json!(of(fields, "cpu"))),
        ("health_check_enabled", json!(false)),
        ("health_check_path", json!(of(fields, "health_path"))),
    ]);
    body.extend(fields.get("port").map(|port| ("ports_exposes".to_owned(), json!(port))));
    body
}

// A push must not deploy behind the journal's back, so automatic deployments are off.
fn git(fields: &Attributes) -> Map<String, Value> {
    object([
        ("git_branch", json!(of(fields, "branch"))),
        ("git_commit_sha", json!(of(fields, "commit"))),
        ("dockerfile_location", json!(of(fields, "dockerfile"))),
        ("is_auto_deploy_enabled", json!(false)),
    ])
}

/// A JSON object of these members.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The fields of an application as the API shows it. The key and the GitHub App are not told.
pub(super) fn read(item: &Value) -> Attributes {
    let mut fields = Attributes::new();
    let mut put = |key: &str, value: String| drop(fields.insert(key.to_owned(), value));
    if item["build_pack"] == "dockerimage" {
        put("kind", "image".into());
        put(
            "image",
            whole(&(text(item, "docker_registry_image_name"), text(item, "docker_registry_image_tag"))),
        );
    } else {
        put("kind", "git".into());
        put("repository", repository(&text(item, "git_repository")));
        put("branch", text(item, "git_branch"));
        put("commit", text_or(item, "git_commit_sha", HEAD));
        put("dockerfile", text_or(item, "dockerfile_location", "/Dockerfile"));
        if let Some(is_on) = item["settings"]["is_auto_deploy_enabled"].as_bool() {
            put("auto_deploy", is_on.to_string());
        }
    }
    if let Some(is_on) = item["health_check_enabled"].as_bool() {
        put("health_check", is_on.to_string());
    }
    put("url", text(item, "fqdn"));
    put("health_path", text_or(item, "health_check_path", "/"));
    put("memory", text_or(item, "limits_memory", "0"));
    put("cpu", text_or(item, "limits_cpus", "0"));
    if let Some(port) = item["ports_exposes"].as_str() {
        put("port", port.to_owned());
    }
    fields
}

/// An image reference as Coolify stores it: name and tag, or `name@sha256` and the digest's hex. A digest decides
/// alone, so a tag beside it goes.
fn reference(image: &str) -> (String, String) {
    if let Some((name, digest)) = image.split_once("@sha256:") {
        return (format!("{}@sha256", tagged(name).0), digest.to_owned());
    }
    let (name, tag) = tagged(image);
    (name.to_owned(), tag.unwrap_or("latest").to_owned())
}

// A colon before the last slash belongs to a registry's port.
fn tagged(image: &str) -> (&str, Option<&str>) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    }
}

fn whole((name, tag): &(String, String)) -> String {
    if tag.is_empty() { name.clone() } else { format!("{name}:{tag}") }
}

// Coolify stores `https://github.com/o/r` as `o/r`.
fn repository(address: &str) -> String {
    let short = address.strip_prefix(GITHUB).or_else(|| {
        let is_short = address.matches('/').count() == 1 && !address.contains([':', '@']);
        is_short.then_some(address)
    });
    match short {
        Some(path) => {
            let path = path.trim_end_matches('/');
            format!("{GITHUB}{}", path.strip_suffix(".git").unwrap_or(path))
        }
        None => address.to_owned(),
    }
}

/// Whether Coolify takes it as a health path (it refuses `?` and `&`).
fn is_carried(path: &str) -> bool {
    path.starts_with('/') && path.chars().all(|it| it.is_ascii_alphanumeric() || "/-_.~%,;".contains(it))
}

fn of<'a>(fields: &'a Attributes, key: &str) -> &'a str {
    fields.get(key).map_or("", String::as_str)
}

fn text_or(item: &Value, name: &str, default: &str) -> String {
    item[name].as_str().filter(|text| !text.is_empty()).unwrap_or(default).to_owned()
}
