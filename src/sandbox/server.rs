//! The one server of the simulated Coolify, and the tunnels that may lead to it.

use serde::{Deserialize, Serialize};

use super::middleware::ProxyKind;

/// The one server, as the API tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimServer {
    /// Coolify's id of it.
    pub uuid: String,
    pub name: String,
    /// Its address; simulated DNS must point here.
    pub ip: String,
    /// Its IPv6 address, if it has one.
    #[serde(default)]
    pub ipv6: Option<String>,
    /// Whether Coolify reaches it through a Cloudflare Tunnel: its `ip` is no web address then.
    #[serde(default)]
    pub tunnelled: bool,
    /// What the API gives as `ip`; differs for the machine Coolify runs on (`host.docker.internal`).
    pub shown_ip: String,
    /// Whether it is the machine Coolify runs on.
    pub is_coolify_host: bool,
    /// Whether Coolify reaches it.
    pub usable: bool,
    /// What stands in front of its containers.
    #[serde(default)]
    pub proxy: ProxyKind,
}

/// A Cloudflare Tunnel. Its ingress is `*` to port 80 of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tunnel {
    /// A cloudflared on the server is connected to it.
    Up,
    /// No cloudflared is connected to it.
    Down,
    /// Cloudflare has none of this id in the account.
    Unknown,
    /// A cloudflared is connected, and nothing listens where its ingress leads.
    Astray,
}

impl SimServer {
    /// The server that every world has.
    pub(super) fn localhost() -> Self {
        Self {
            uuid: String::new(),
            name: "localhost".into(),
            ip: "203.0.113.10".into(),
            ipv6: None,
            tunnelled: false,
            shown_ip: "203.0.113.10".into(),
            is_coolify_host: false,
            usable: true,
            proxy: ProxyKind::Traefik,
        }
    }
}
