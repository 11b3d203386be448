//! The way from a name to the app: what the name must resolve to, and who answers there.

use std::net::IpAddr;

use ipnet::IpNet;

/// How a name leads to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It has these addresses, which are the server's.
    Straight(Vec<IpAddr>),
    /// It is an alias of this host. Where aliases are flattened, as at the apex of a zone at Cloudflare, it has
    /// the host's addresses instead.
    Alias(String),
    /// It has addresses of Cloudflare's edge, which asks the server.
    Edge {
        /// Cloudflare's ranges.
        ranges: Vec<IpNet>,
        /// The zone's encryption mode as the dashboard calls it, where it is known.
        mode: Option<String>,
    },
    /// It has addresses of Cloudflare's edge, which asks the app through a tunnel, over http.
    Tunnel {
        /// Cloudflare's ranges.
        ranges: Vec<IpNet>,
    },
    /// It has whatever addresses somebody else gave it.
    External,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Straight(addresses) => {
                let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
                f.write_str(&addresses.join(" and "))
            }
            Self::Alias(host) => write!(f, "an alias of {host}"),
            Self::Edge { .. } => f.write_str("Cloudflare's edge"),
            Self::Tunnel { .. } => f.write_str("Cloudflare's edge, for the tunnel"),
            Self::External => f.write_str("a record that somebody else keeps"),
        }
    }
}
