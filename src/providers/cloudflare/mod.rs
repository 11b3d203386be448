//! Cloudflare's API: zones, and the way in for [`records`].
//!
//! Knows which zone a host is in and whether a token sees it. Field names and codes: Cloudflare API v4.

pub mod ranges;
pub mod records;
pub mod token;

use std::time::Duration;

use serde_json::Value;

use super::answer;
use super::call::{self, CLOUDFLARE};
use super::trouble::Trouble;
use crate::secrets::Secret;
use crate::wire::ask::ask;
use crate::wire::{Outside, Request};

pub use records::Records;

const API: &str = "Cloudflare";
const PATIENCE: Duration = Duration::from_secs(60);

/// Cloudflare, seen with one token.
#[derive(Clone)]
pub struct Cloudflare {
    outside: Outside,
    base: String,
    token: std::sync::Arc<Secret>,
}

/// A zone that the token sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name servers that answer for it.
    pub name_servers: Vec<String>,
    /// `active`, `pending`, …
    pub status: String,
}

impl Cloudflare {
    /// Cloudflare at `base` (without a final slash), seen with `token`.
    pub fn new(outside: Outside, base: &str, token: Secret) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { outside, base, token: std::sync::Arc::new(token) }
    }

    /// The same, reached through other ports.
    #[must_use]
    pub fn through(self, outside: &Outside) -> Self {
        Self { outside: outside.clone(), ..self }
    }

    /// The zone that `host` is in: the given one, or the longest suffix that is a zone.
    ///
    /// # Errors
    /// [`Trouble::Refused`] when no zone, or more than one of that name, is visible to this token.
    pub async fn zone_of(&self, host: &str, given: Option<&str>) -> Result<Zone, Trouble> {
        if let Some(name) = given {
            return self.zone_named(name).await?.ok_or_else(|| no_zone(name));
        }
        for (at, _) in std::iter::once((0, "")).chain(host.match_indices('.').map(|(at, dot)| (at + 1, dot)))
        {
            let suffix = &host[at..];
            if !suffix.contains('.') {
                break;
            }
            if let Some(zone) = self.zone_named(suffix).await? {
                return Ok(zone);
            }
        }
        Err(no_zone(host))
    }

    async fn zone_named(&self, name: &str) -> Result<Option<Zone>, Trouble> {
        let body = self.read(&format!("/zones?name={name}")).await?.unwrap_or_default();
        let mut zones: Vec<Zone> = results(&body).iter().filter_map(zone).collect();
        if zones.len() > 1 {
            let reason = "several zones of that name are visible to this token".to_owned();
            return Err(Trouble::Refused { what: format!("zone `{name}`"), reason });
        }
        Ok(zones.pop())
    }

    /// Proves that the zone is still visible to this token.
    ///
    /// # Errors
    /// [`Trouble::Elsewhere`] when it is not.
    pub async fn control(&self, zone_id: &str) -> Result<(), Trouble> {
        let body = self.read(&format!("/zones/{zone_id}")).await?;
        let seen = body.as_ref().and_then(|body| body["result"]["id"].as_str()).unwrap_or("no such zone");
        if seen == zone_id {
            return Ok(());
        }
        Err(Trouble::Elsewhere { api: API, now: seen.to_owned(), planned: format!("zone {zone_id}") })
    }

    /// Reads `path`; `None` for a 404.
    async fn read(&self, path: &str) -> Result<Option<Value>, Trouble> {
        let url = format!("{}{path}", self.base);
        let http = call::request(http::Method::GET, &url, self.token.expose(), &Value::Null);
        let request = Request { http, timeout: CLOUDFLARE.timeout, connect_to: None };
        let response = ask(&self.outside, request, PATIENCE)
            .await
            .map_err(|error| Trouble::Unreachable { api: API, reason: error.to_string() })?;
        let status = response.http.status().as_u16();
        let body: Option<Value> = serde_json::from_slice(response.http.body()).ok();
        let succeeded = |body: &Value| body["success"] == Value::Bool(true);
        match (status, body) {
            (200, Some(body)) if succeeded(&body) => Ok(Some(body)),
            (404, _) => Ok(None),
            (400 | 401 | 403, Some(body)) => {
                Err(Trouble::TokenRefused { api: API, reason: answer::words(status, &body) })
            }
            (429 | 500..=599, _) => {
                Err(Trouble::Unreachable { api: API, reason: format!("{status} from GET {path}") })
            }
            (_, _) => Err(Trouble::Unintelligible { api: API, reason: format!("{status} from GET {path}") }),
        }
    }

    fn write(&self, method: http::Method, path: &str, body: &Value) -> call::Call {
        call::Call::new(method, &format!("{}{path}", self.base), self.token.expose(), body, CLOUDFLARE)
    }
}

fn results(body: &Value) -> &[Value] {
    body["result"].as_array().map_or(&[], Vec::as_slice)
}

fn zone(item: &Value) -> Option<Zone> {
    let name_servers = item["name_servers"].as_array().into_iter().flatten();
    Some(Zone {
        id: item["id"].as_str()?.to_owned(),
        name: item["name"].as_str()?.to_owned(),
        name_servers: name_servers.filter_map(Value::as_str).map(str::to_owned).collect(),
        status: item["status"].as_str().unwrap_or_default().to_owned(),
    })
}

fn no_zone(host: &str) -> Trouble {
    Trouble::Refused {
        what: format!("zone for `{host}`"),
        reason: "not visible to this token; give the token Zone:Read for it, or set `dns.zone`".to_owned(),
    }
}
