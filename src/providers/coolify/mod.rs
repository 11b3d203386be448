//! Coolify's API: servers, teams, and the way in for projects, environments, apps and their variables.
//!
//! Field names and behaviour: Coolify 4.3.11, observed. Reads tolerate unknown keys and nulls.

pub(crate) mod abilities;
pub(crate) mod access;
pub mod application_attributes;
pub(crate) mod applications;
pub(crate) mod compose_text;
pub mod deployments;
pub(crate) mod environments;
pub mod envs;
pub mod lifecycle;
pub(crate) mod projects;
pub(crate) mod resource;
pub(crate) mod servers;
pub(crate) mod services;
pub(crate) mod slot;
pub(crate) mod snapshot;
pub mod storages;
pub mod sub_resources;
#[cfg(test)]
mod tests;
pub(crate) mod version;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::api::Api;
use super::misdirected::AskedHost;
use super::object::id;
use super::outcome;
use super::read_error::{Failure, ReadError};
use super::request::{self, COOLIFY, RequestTiming, STALENESS, WriteRequest};
use crate::net::retry::get_with_retry;
use crate::net::{Patience, Ports, Request};
use crate::secrets::Secret;

pub use applications::Applications;
pub use environments::Environments;
pub use projects::Projects;
pub use resource::Resource;
pub use services::Services;
pub use slot::AppSlot;
pub use version::Version;

const API: Api = Api::Coolify;
const PATIENCE: Duration = Duration::from_secs(60);

/// A Coolify instance, seen with one token.
#[derive(Clone)]
pub struct Coolify {
    ports: Ports,
    base: String,
    token: Arc<Secret>,
    /// Its version, once it was asked for.
    known: Arc<OnceLock<Version>>,
    patience: Patience,
}

/// The team that a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id, as text.
    pub id: String,
    pub name: String,
}

impl Coolify {
    /// The instance at `url` (scheme and host, without `/api/v1`), seen with `token`.
    pub fn new(ports: Ports, url: &str, token: Secret) -> Self {
        let (base, token) = (url.trim_end_matches('/').to_owned(), Arc::new(token));
        Self { ports, base, token, known: Arc::default(), patience: Patience::of(PATIENCE) }
    }

    /// The same, reached through other ports.
    #[must_use]
    pub fn through(self, ports: &Ports) -> Self {
        Self { ports: ports.clone(), ..self }
    }

    /// The instance's own address.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The team that the token belongs to.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn team(&self) -> Result<Team, ReadError> {
        let body = self.read("/teams/current").await?.unwrap_or_default();
        let id = match &body["id"] {
            Value::Number(id) => id.to_string(),
            Value::String(id) => id.clone(),
            _ => return Err(unreadable("the token's team")),
        };
        Ok(Team { id, name: body["name"].as_str().unwrap_or_default().to_owned() })
    }

    /// Proves that the token still belongs to `team` and that `server` is visible to it.
    ///
    /// # Errors
    /// [`ReadError::Elsewhere`] when not.
    pub async fn check_access(&self, team: &str, server: &str) -> Result<(), ReadError> {
        let seen = self.one("/servers/", server).await?;
        seen.map(drop).ok_or_else(|| servers::unseen(server))?;
        // Last, so that nothing lies between it and a create: what another team's token creates is not seen again.
        let now = self.team().await?.id;
        if now != team {
            let (now, planned) = (format!("team {now}"), format!("team {team}"));
            return Err(ReadError::Elsewhere { api: API, now, planned });
        }
        Ok(())
    }

    /// Reads `path` below `/api/v1`; `None` for a 404.
    async fn read(&self, path: &str) -> Result<Option<Value>, ReadError> {
        let response = self.get_raw(path).await?;
        if response.status() == http::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        serde_json::from_slice(response.body()).map(Some).map_err(|_| unreadable(path))
    }

    /// The same of something that is there, as far as we know: a 404 may be a read that lags behind, and is asked again.
    async fn read_of_ours(&self, path: &str) -> Result<Option<Value>, ReadError> {
        if let Some(body) = self.read(path).await? {
            return Ok(Some(body));
        }
        self.ports.clock.sleep(STALENESS).await;
        self.read(path).await
    }

    /// Reads the resource with this uuid below `path`; `None` for a 404. What is told of another resource is no answer.
    async fn one(&self, path: &str, uuid: &str) -> Result<Option<Value>, ReadError> {
        let path = format!("{path}{uuid}");
        about(uuid, self.read(&path).await?, &path)
    }

    /// A list of resources that each have a uuid: one that cannot be read is not one that is not there.
    async fn resources(&self, path: &str) -> Result<Vec<Value>, ReadError> {
        let items = self.list(path).await?;
        if items.iter().all(is_thing) { Ok(items) } else { Err(unreadable(path)) }
    }

    async fn list(&self, path: &str) -> Result<Vec<Value>, ReadError> {
        match self.read_of_ours(path).await? {
            Some(Value::Array(items)) => Ok(items),
            // After internal sorting Coolify may answer an object with numeric keys for a list.
            Some(Value::Object(items)) => Ok(items.into_iter().map(|(_, item)| item).collect()),
            Some(_) => Err(unreadable(path)),
            None => Err(missing(path)),
        }
    }

    async fn get_raw(&self, path: &str) -> Result<http::Response<Vec<u8>>, ReadError> {
        let url = self.at(path);
        let http = request::request(Method::GET, &url, self.token.expose(), &Value::Null);
        let request = Request { http, timeout: COOLIFY.timeout, connect_to: None };
        let response = get_with_retry(&self.ports, request, &self.patience)
            .await
            .map_err(|error| ReadError::unreachable(API, &error))?
            .http;
        if let Some(trouble) = self.asked(&url).misdirected(&response) {
            return Err(trouble);
        }
        let status = response.status().as_u16();
        let body = || serde_json::from_slice(response.body()).unwrap_or_default();
        match status {
            // A call that this version does not have says nothing about a resource that may be there.
            404 if outcome::is_no_such_call(status, &body()) => Err(ReadError::Refused {
                what: format!("GET {path}"),
                reason: "this Coolify has no such call".to_owned(),
            }),
            200..=299 | 404 => Ok(response),
            401 | 403 => Err(ReadError::TokenRefused { api: API, reason: outcome::words(status, &body()) }),
            429 | 500..=599 => {
                let (reason, failure) = (format!("{status} from GET {path}"), Failure::of_status(status));
                Err(ReadError::Unreachable { api: API, reason, failure })
            }
            _ => Err(ReadError::Refused {
                what: format!("GET {path}"),
                reason: outcome::words(status, &body()),
            }),
        }
    }

    fn asked<'a>(&'a self, url: &'a str) -> AskedHost<'a> {
        AskedHost { api: API, base: &self.base, url }
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    fn write(&self, method: Method, path: &str, body: &Value, times: RequestTiming) -> WriteRequest {
        WriteRequest::new(method, &self.at(path), self.token.expose(), body, times)
    }
}

/// The answer, if it is about the resource with this uuid.
fn about(uuid: &str, told: Option<Value>, path: &str) -> Result<Option<Value>, ReadError> {
    match told {
        Some(item) if item["uuid"] != uuid => Err(unreadable(path)),
        told => Ok(told),
    }
}

fn is_thing(item: &Value) -> bool {
    id(&item["uuid"]).is_some()
}

fn unreadable(what: &str) -> ReadError {
    ReadError::Unintelligible { api: API, reason: what.to_owned() }
}

fn missing(path: &str) -> ReadError {
    ReadError::Refused { what: format!("GET {path}"), reason: "it is not there (404)".to_owned() }
}

fn text(item: &Value, name: &str) -> String {
    item[name].as_str().unwrap_or_default().to_owned()
}

/// Sorts by age where only a number tells it.
fn age(item: &Value) -> String {
    item["id"].as_u64().map(|id| format!("{id:020}")).unwrap_or_default()
}
