//! The addresses that are Cloudflare's own: behind one of them there is never an origin.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Cloudflare;
use crate::providers::ReadError;

impl Cloudflare {
    /// Whether `address` is one of Cloudflare's (`GET /ips`).
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn owns(&self, address: impl Into<IpAddr>) -> Result<bool, ReadError> {
        let address = address.into();
        Ok(self.ranges().await?.iter().any(|range| range.contains(&address)))
    }

    /// Cloudflare's ranges, IPv4 and IPv6; a proxied name resolves to addresses in them. What is no range is
    /// left out.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn ranges(&self) -> Result<Vec<IpNet>, ReadError> {
        let body = self.read("/ips").await?.unwrap_or_default();
        let lists = ["ipv4_cidrs", "ipv6_cidrs"].map(|list| body["result"][list].as_array());
        let texts = lists.into_iter().flatten().flatten().filter_map(|range| range.as_str());
        Ok(texts.filter_map(|range| range.parse().ok()).collect())
    }
}
