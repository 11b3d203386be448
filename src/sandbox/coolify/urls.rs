//! URLs of services and applications: checked, compared with everybody else's, and given to a service's parts.

use serde_json::{Map, Value, json};

use super::{Reply, invalid};
use crate::sandbox::world::World;

/// One item of `urls`: a compose service and its URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    /// The compose service.
    pub name: String,
    /// Comma-separated; `None` clears.
    pub url: Option<String>,
}

/// Reads the `urls` of a body.
///
/// # Errors
/// The 422 for items with other members.
pub(crate) fn read(value: Option<&Value>) -> Result<Vec<Url>, Reply> {
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
pub(crate) fn apply(world: &mut World, uuid: &str, urls: &[Url], force: bool) -> Result<(), Reply> {
    let wrong = problems(world, uuid, urls);
    if !wrong.is_empty() {
        return Err(invalid(&json!(wrong)));
    }
    if !force {
        let all: Vec<&str> = urls.iter().flat_map(split).collect();
        refuse_taken(world, uuid, Some(&all.join(",")))?;
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
    listed(url.url.as_deref())
}

/// The URLs of a comma-separated list.
pub(crate) fn listed(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or("").split(',').map(str::trim).filter(|url| !url.is_empty())
}

/// Whether it is one, its scheme in whichever case.
pub(crate) fn is_url(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, rest)| {
        let is_known = ["http", "https"].iter().any(|it| scheme.eq_ignore_ascii_case(it));
        is_known && !rest.is_empty() && !rest.starts_with(['/', ':']) && !rest.contains([' ', '<', '>', '`'])
    })
}

/// Scheme and host in lower case; the rest as it is.
pub(crate) fn normal(list: &str) -> String {
    let one = |url: &str| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let end = rest.find('/').unwrap_or(rest.len());
        format!("{}://{}{}", scheme.to_lowercase(), rest[..end].to_lowercase(), &rest[end..])
    };
    list.split(',').map(str::trim).filter(|url| !url.is_empty()).map(one).collect::<Vec<_>>().join(",")
}

/// Whole URLs are compared, a final slash aside. The uuid given is that of the sub-application (observed).
fn conflicts(world: &World, uuid: &str, wanted: &[String]) -> Vec<Value> {
    let applications = world.applications.iter().filter(|it| it.uuid != uuid);
    let of_applications = applications
        .flat_map(|it| it.urls().map(move |url| (it, bare(url))))
        .filter(|(_, url)| wanted.contains(url))
        .map(|(it, url)| conflict(&url, &it.name, &it.uuid, "application"));
    let others = world.services.iter().filter(|service| service.uuid != uuid);
    let parts = others.flat_map(|service| service.parts.iter().map(move |part| (service, part)));
    let of_services = parts
        .flat_map(|(service, part)| part.urls().map(move |url| (service, part, bare(url))))
        .filter(|(_, _, url)| wanted.contains(url))
        .map(|(service, part, url)| conflict(&url, &service.name, &part.uuid, "service"));
    of_applications.chain(of_services).collect()
}

fn conflict(url: &str, name: &str, uuid: &str, kind: &str) -> Value {
    let message = format!("Domain {url} is already in use by {kind} '{name}'");
    json!({"domain": url, "resource_name": name, "resource_uuid": uuid, "resource_type": kind, "message": message})
}

/// Refuses a comma-separated list of URLs for the service or application `uuid` if somebody else has one.
///
/// # Errors
/// The 409 that names them.
pub(crate) fn refuse_taken(world: &World, uuid: &str, list: Option<&str>) -> Result<(), Reply> {
    let wanted: Vec<String> = listed(list).map(bare).collect();
    let conflicts = conflicts(world, uuid, &wanted);
    if conflicts.is_empty() { Ok(()) } else { Err(taken(&conflicts)) }
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
