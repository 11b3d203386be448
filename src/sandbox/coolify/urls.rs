//! URLs of a service: checked, compared with everybody else's, and given to its parts.

use serde_json::{Map, Value, json};

use super::{Reply, invalid};
use crate::sandbox::world::World;

/// One item of `urls`: a compose service and its URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// The compose service.
    pub name: String,
    /// Comma-separated; `None` clears.
    pub url: Option<String>,
}

/// Reads the `urls` of a body.
///
/// # Errors
/// The 422 for items with other members.
pub fn read(value: Option<&Value>) -> Result<Vec<Url>, Reply> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().enumerate().map(|(at, item)| one(at, item)).collect()
}

fn one(at: usize, item: &Value) -> Result<Url, Reply> {
    let known = item.as_object().is_some_and(|it| it.keys().all(|key| key == "name" || key == "url"));
    let Some(name) = item.get("name").and_then(Value::as_str).filter(|_| known) else {
        let what = "An item in the urls array has invalid fields. Only name and url fields are supported.";
        let mut errors = Map::new();
        errors.insert(format!("urls.{at}"), json!([what]));
        return Err(invalid(&Value::Object(errors)));
    };
    Ok(Url { name: name.to_owned(), url: item.get("url").and_then(Value::as_str).map(str::to_owned) })
}

/// Gives `urls` to the parts of the service.
///
/// # Errors
/// 422 with a bare list of reasons, or 409 naming who has a domain; then no URL is changed.
pub fn apply(world: &mut World, uuid: &str, urls: &[Url], force: bool) -> Result<(), Reply> {
    let wrong = problems(world, uuid, urls);
    if !wrong.is_empty() {
        return Err(invalid(&json!(wrong)));
    }
    let conflicts = if force { Vec::new() } else { conflicts(world, uuid, urls) };
    if !conflicts.is_empty() {
        return Err(taken(&conflicts));
    }
    let Some(service) = world.service_mut(uuid) else { return Ok(()) };
    for part in &mut service.parts {
        if let Some(given) = urls.iter().find(|url| url.name == part.name) {
            part.fqdn = given.url.as_deref().map(normal);
        }
    }
    Ok(())
}

fn problems(world: &World, uuid: &str, urls: &[Url]) -> Vec<String> {
    let parts = world.service(uuid).map(|service| service.parts.as_slice()).unwrap_or_default();
    let unknown = urls.iter().filter(|url| !parts.iter().any(|it| it.name == url.name && !it.is_database));
    let mut wrong: Vec<String> =
        unknown.map(|url| format!("Service container with '{}' not found.", url.name)).collect();
    let all: Vec<&str> = urls.iter().flat_map(split).collect();
    wrong.extend(all.iter().filter(|url| !is_url(url)).map(|url| format!("Invalid URL: {url}")));
    let twice = all.iter().enumerate().filter(|(at, url)| all[..*at].contains(url));
    wrong.extend(twice.map(|(_, url)| format!("The URL {url} is given twice.")));
    wrong
}

fn split(url: &Url) -> impl Iterator<Item = &str> {
    url.url.as_deref().unwrap_or("").split(',').map(str::trim).filter(|url| !url.is_empty())
}

fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with(['/', ':']) && !rest.contains([' ', '<', '>', '`'])
    })
}

/// Scheme and host in lower case; the rest as it is.
fn normal(list: &str) -> String {
    let one = |url: &str| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let end = rest.find('/').unwrap_or(rest.len());
        format!("{}://{}{}", scheme.to_lowercase(), rest[..end].to_lowercase(), &rest[end..])
    };
    list.split(',').map(str::trim).filter(|url| !url.is_empty()).map(one).collect::<Vec<_>>().join(",")
}

/// Whole URLs are compared, a final slash aside. The uuid given is that of the sub-application (observed).
fn conflicts(world: &World, uuid: &str, urls: &[Url]) -> Vec<Value> {
    let wanted: Vec<String> = urls.iter().flat_map(split).map(bare).collect();
    let others = world.services.iter().filter(|service| service.uuid != uuid);
    let parts = others.flat_map(|service| service.parts.iter().map(move |part| (service, part)));
    parts
        .flat_map(|(service, part)| part.urls().map(move |url| (service, part, bare(url))))
        .filter(|(_, _, url)| wanted.contains(url))
        .map(|(service, part, url)| {
            let message = format!("Domain {url} is already in use by service '{}'", service.name);
            json!({"domain": url, "resource_name": service.name, "resource_uuid": part.uuid,
                   "resource_type": "service", "message": message})
        })
        .collect()
}

fn bare(url: &str) -> String {
    normal(url).trim_end_matches('/').to_owned()
}

fn taken(conflicts: &[Value]) -> Reply {
    let body = json!({
        "message": "Domain conflicts detected. Use force_domain_override=true to proceed.",
        "conflicts": conflicts,
        "warning": "Using the same domain for multiple resources can cause routing conflicts and unpredictable behavior.",
    });
    Reply::json(409, &body)
}
