//! What a container really gets as its environment: from the rows and the compose text, by way of the `.env` file that
//! Coolify writes and of docker compose, which reads both (Coolify 4.3.11, compose 2.26, observed).
//!
//! Where docker compose cannot read them, nothing starts: the old containers of a service go on, and a deployment fails.

use std::collections::BTreeMap;

use super::applications::Application;
use super::compose::ComposeEntry;
use super::dotenv::{self, UnreadableDotenv};
use super::interpolation::{interpolate, leading};
use super::services::{SimEnvRow, SimService};

/// The environment of the container of `entry`. All rows of a service are there; what the text says of a variable
/// counts more.
///
/// # Errors
/// [`UnreadableDotenv`]: then nothing starts.
pub(crate) fn of_entry(
    service: &SimService,
    entry: &ComposeEntry,
) -> Result<BTreeMap<String, String>, UnreadableDotenv> {
    let file = dotenv::write(service.envs.iter())?;
    let project = dotenv::read(&file, &BTreeMap::new())?;
    let mut environment = dotenv::read(&file, &project)?;
    environment.extend(own(service.env("COOLIFY_URL").is_none(), service.urls_of(&entry.name), Port::Cut));
    let copies = copies(service, entry);
    for (key, value) in entry.environment.iter().map(|(key, value)| (key, value.as_deref())).chain(copies) {
        let value = match value {
            Some(value) => Some(filled(value, &project)?),
            None => project.get(key).cloned(),
        };
        environment.extend(value.map(|value| (key.clone(), value)));
    }
    Ok(environment)
}

/// The environment of the application's container.
///
/// # Errors
/// [`UnreadableDotenv`]: then its deployment fails.
pub(crate) fn of_application(
    application: &Application,
) -> Result<BTreeMap<String, String>, UnreadableDotenv> {
    let rows: Vec<&SimEnvRow> =
        application.envs.iter().filter(|row| !row.is_preview && row.is_runtime).collect();
    let file = dotenv::write(rows.iter().copied())?;
    let project = dotenv::read(&file, &BTreeMap::new())?;
    let mut environment = dotenv::read(&file, &project)?;
    let is_free = !environment.contains_key("COOLIFY_URL");
    environment.extend(own(is_free, application.urls(), Port::Kept));
    Ok(environment)
}

/// Whether a URL's port is in what Coolify says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    /// An application's is.
    Kept,
    /// A service's is not.
    Cut,
}

/// What Coolify adds of its own to a container with domains.
fn own<'a>(is_free: bool, urls: impl Iterator<Item = &'a str>, port: Port) -> Vec<(String, String)> {
    let urls: Vec<String> =
        urls.map(|url| if port == Port::Kept { url.to_owned() } else { portless(url) }).collect();
    if urls.is_empty() || !is_free {
        return Vec::new();
    }
    let hosts: Vec<&str> =
        urls.iter().map(|url| url.split_once("://").map_or(url.as_str(), |(_, host)| host)).collect();
    vec![("COOLIFY_FQDN".to_owned(), hosts.join(",")), ("COOLIFY_URL".to_owned(), urls.join(","))]
}

fn portless(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.split(':').next().unwrap_or(host))
}

/// The rows that Coolify copies into the text: a value that begins with a reference to another key brings that key's raw
/// value with it, where docker compose takes each `$` of it for a reference.
fn copies<'a>(service: &'a SimService, entry: &'a ComposeEntry) -> Vec<(&'a String, Option<&'a str>)> {
    let stands = |name: &str| entry.environment.iter().any(|(key, _)| key == name);
    let named = |(key, value): &'a (String, Option<String>)| {
        let (name, _) = leading(value.as_deref()?)?;
        (name != key && !stands(name)).then(|| service.env(name)).flatten()
    };
    entry.environment.iter().filter_map(named).map(|row| (&row.key, row.value.as_deref())).collect()
}

fn filled(value: &str, project: &BTreeMap<String, String>) -> Result<String, UnreadableDotenv> {
    interpolate(value, &|name| project.get(name).cloned()).map_err(|_| UnreadableDotenv::Reference)
}
