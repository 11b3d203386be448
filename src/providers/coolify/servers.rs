//! Coolify's servers: which there are, whether one can be used, and where it is found from outside.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::{API, Coolify, text, unreadable};
use crate::net::{QueryType, Question};
use crate::providers::ReadError;
use crate::providers::object::id;

/// A server that Coolify deploys to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub uuid: String,
    pub name: String,
    /// Reachable, usable and not switched off (Coolify's own notion of functional).
    pub usable: bool,
    /// Its public address, where the API tells one.
    pub address: Option<Ipv4Addr>,
    /// The machine that Coolify itself runs on.
    pub is_coolify_host: bool,
    /// Behind a Cloudflare tunnel: its address is no web address.
    pub tunnelled: bool,
}

impl Coolify {
    /// All servers of the team.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn servers(&self) -> Result<Vec<Server>, ReadError> {
        self.list("/servers")
            .await?
            .iter()
            .map(|item| server(item).ok_or_else(|| unreadable("/servers")))
            .collect()
    }

    /// The public address that Coolify gives for `server`: it knows one once something is deployed there.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn public_address(&self, server: &str) -> Result<Option<Ipv4Addr>, ReadError> {
        let items = self.list(&format!("/servers/{server}/domains")).await?;
        Ok(items.iter().filter_map(|item| item["ip"].as_str()).find_map(public))
    }

    /// The public address that the instance's own name resolves to, as this machine sees it.
    pub async fn own_address(&self) -> Option<Ipv4Addr> {
        let url: http::Uri = self.base.parse().ok()?;
        let name = url.host()?.to_owned();
        if let Some(address) = public(&name) {
            return Some(address);
        }
        let question = Question { name, record_type: QueryType::A, server: None };
        let answers = self.ports.resolver.ask(&question).await.ok()?;
        answers.iter().find_map(|answer| public(&answer.value))
    }

    /// Whether Coolify's Traefik stands in front of what runs on `server`; it may be Caddy, or nothing of Coolify's. The
    /// list of servers does not tell (Coolify 4.3.11, observed).
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn has_traefik(&self, server: &str) -> Result<bool, ReadError> {
        let item = self.one("/servers/", server).await?.ok_or_else(|| unseen(server))?;
        Ok(item["proxy"]["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("traefik")))
    }

    /// Whether `server` can be used now.
    ///
    /// # Errors
    /// [`ReadError::Elsewhere`] when it is not there: then the token sees another team, and nothing can be told.
    pub async fn is_usable(&self, server: &str) -> Result<bool, ReadError> {
        let item = self.one("/servers/", server).await?;
        item.map(|item| usable(&item)).ok_or_else(|| unseen(server))
    }
}

/// What to say of a server that the token does not see.
pub(super) fn unseen(server: &str) -> ReadError {
    ReadError::Elsewhere { api: API, now: "no such server".to_owned(), planned: format!("server {server}") }
}

fn server(item: &Value) -> Option<Server> {
    Some(Server {
        uuid: id(&item["uuid"])?.to_owned(),
        name: text(item, "name"),
        usable: usable(item),
        address: item["ip"].as_str().and_then(public),
        is_coolify_host: item["is_coolify_host"].as_bool().unwrap_or(false),
        tunnelled: item["settings"]["is_cloudflare_tunnel"].as_bool().unwrap_or(false),
    })
}

// The list has the two flags at the top and in `settings`, the single object only in `settings`.
fn usable(item: &Value) -> bool {
    let settings = &item["settings"];
    let on = |name: &str| settings[name].as_bool().or(item[name].as_bool()).unwrap_or(false);
    on("is_reachable") && on("is_usable") && !on("force_disabled") && !on("is_build_server")
}

// `host.docker.internal` is the machine Coolify runs on; placeholders and private ranges lead nowhere.
fn public(text: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.parse().ok()?;
    let private = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address == Ipv4Addr::new(1, 2, 3, 4);
    (!private).then_some(address)
}
