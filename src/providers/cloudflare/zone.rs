//! Zones: which one a host is in, and what state it is in.
//!
//! Zones are shown with their Unicode name, records with Punycode; here every name is ASCII. Cloudflare has no
//! call that takes a host and gives its zone, so each suffix is asked for by name, which a token that is limited
//! to one zone may do too.

use serde_json::Value;

use super::delegation::within;
use super::edge::EdgeProxy;
use super::finding::Finding;
use super::normalize::host as ascii;
use super::{Cloudflare, encoded};
use crate::providers::ReadError;
use crate::providers::object::id;

/// The most zones that one page of a list can show.
const PAGE: usize = 50;

/// A zone that the token sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudflareZone {
    pub id: String,
    /// Its name, in ASCII.
    pub name: String,
    /// The name servers that answer for it; empty where the API does not tell.
    pub name_servers: Vec<String>,
    /// `active`, `pending`, …
    pub status: String,
    /// Whether it is only answered for and nothing in it is proxied.
    pub paused: bool,
    /// `full`, `partial`, `secondary`, `internal`.
    pub kind: String,
    /// The account it is in, by name and id.
    pub account: String,
}

impl Cloudflare {
    /// The zone that `host` is in: the one `given` by name or id, or the longest suffix that is a zone.
    ///
    /// # Errors
    /// [`ReadError::Refused`] when no zone, or more than one of that name, is visible to this token.
    pub async fn zone_of(&self, host: &str, given: Option<&str>) -> Result<CloudflareZone, ReadError> {
        if let Some(given) = given {
            let zone =
                if is_id(given) { self.zone_by_id(given).await? } else { self.zone_named(given).await? };
            let zone = zone.ok_or_else(|| no_zone(given))?;
            return if within(&ascii(host), &zone.name) { Ok(zone) } else { Err(elsewhere(host, &zone)) };
        }
        let host = ascii(host);
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
        Err(no_zone(&host))
    }

    async fn zone_by_id(&self, id: &str) -> Result<Option<CloudflareZone>, ReadError> {
        Ok(self.read(&format!("/zones/{id}")).await?.as_ref().and_then(|body| zone(&body["result"])))
    }

    // Whether the filter wants Punycode or Unicode was reported both ways, so both are asked.
    async fn zone_named(&self, name: &str) -> Result<Option<CloudflareZone>, ReadError> {
        let (punycode, (unicode, _)) = (ascii(name), idna::domain_to_unicode(name));
        let mut zones = self.zones_at(&punycode, &punycode).await?;
        if zones.is_empty() && unicode != punycode {
            zones = self.zones_at(&unicode, &punycode).await?;
        }
        match zones.len() {
            0 | 1 => Ok(zones.pop()),
            _ => Err(several(&punycode, &zones)),
        }
    }

    async fn zones_at(&self, asked: &str, name: &str) -> Result<Vec<CloudflareZone>, ReadError> {
        let items = self.list(&format!("/zones?name={}&per_page={PAGE}", encoded(asked)), PAGE).await?;
        let zones = items.unwrap_or_default();
        let zones = zones.iter().filter_map(zone);
        Ok(zones.filter(|zone| zone.name == name && zone.status != "deleted").collect())
    }

    /// Proves that the zone is still visible to this token.
    ///
    /// # Errors
    /// [`ReadError::Elsewhere`] when it is not.
    pub async fn check_access(&self, zone_id: &str) -> Result<(), ReadError> {
        let seen = self.zone_by_id(zone_id).await?.map_or_else(|| "no such zone".to_owned(), |zone| zone.id);
        if seen == zone_id {
            return Ok(());
        }
        Err(ReadError::Elsewhere { api: super::API, now: seen, planned: format!("zone {zone_id}") })
    }
}

impl CloudflareZone {
    /// What its state means for a new record in it.
    pub fn concerns(&self, proxy: EdgeProxy) -> Vec<Finding> {
        [self.kind(), self.status(), self.proxying(proxy)].into_iter().flatten().collect()
    }

    fn kind(&self) -> Option<Finding> {
        let refusal =
            |what: &str, hint: &str| Some(Finding::refusal(format!("zone `{}` {what}", self.name), hint));
        match self.kind.as_str() {
            "full" | "" => None,
            "partial" => refusal(
                "is a partial setup: other name servers answer for it, not Cloudflare's",
                "set the record where the domain is answered, or make it a full zone",
            ),
            "secondary" => refusal(
                "is a secondary zone: its records come from another server",
                "set the record on the primary server",
            ),
            other => {
                refusal(&format!("is of type {other}, which does not answer the public"), "use another zone")
            }
        }
    }

    fn status(&self) -> Option<Finding> {
        let servers = match self.name_servers.as_slice() {
            [] => "those that Cloudflare names".to_owned(),
            servers => servers.join(" and "),
        };
        match self.status.as_str() {
            "active" => None,
            "pending" => Some(Finding::warning(
                format!("zone `{}` is pending: Cloudflare does not see the domain point to it", self.name),
                format!(
                    "set {servers} as its name servers at the registrar; no certificate is issued before, and \
                     a free zone is deleted after 28 days"
                ),
            )),
            "moved" => Some(Finding::refusal(
                format!("zone `{}` has moved: the domain no longer points to Cloudflare", self.name),
                format!(
                    "set {servers} as its name servers at the registrar; a free zone is deleted after 7 days"
                ),
            )),
            "deactivated" => Some(Finding::refusal(
                format!("zone `{}` is deactivated", self.name),
                "activate it in Cloudflare's dashboard",
            )),
            other => Some(Finding::warning(
                format!("zone `{}` is {other}", self.name),
                "its records may not be served yet",
            )),
        }
    }

    /// In a zone that is not active, or paused, a proxied record shows the origin's address.
    fn proxying(&self, proxy: EdgeProxy) -> Option<Finding> {
        let state = if self.paused { "paused" } else { self.status.as_str() };
        let message = format!("zone `{}` is {state}: Cloudflare proxies nothing in it", self.name);
        let hint = "activate the zone in Cloudflare's dashboard, or set `dns.proxied: false`";
        match proxy {
            EdgeProxy::Never => None,
            EdgeProxy::Later | EdgeProxy::First | EdgeProxy::Tunnel if state == "active" => None,
            EdgeProxy::Later => Some(Finding::warning(message, hint)),
            EdgeProxy::Tunnel => Some(Finding::refusal(
                format!("{message}, and a tunnel is only reached through its proxy"),
                "activate the zone in Cloudflare's dashboard",
            )),
            EdgeProxy::First => {
                Some(Finding::refusal(format!("{message}, so the origin's address would be shown"), hint))
            }
        }
    }
}

fn zone(item: &Value) -> Option<CloudflareZone> {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let servers = |name: &str| -> Vec<String> {
        let servers = item[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        servers.map(ascii).collect()
    };
    let own = servers("name_servers");
    let account = &item["account"];
    Some(CloudflareZone {
        id: id(&item["id"])?.to_owned(),
        name: ascii(item["name"].as_str()?),
        name_servers: if own.is_empty() { servers("vanity_name_servers") } else { own },
        status: text("status"),
        paused: item["paused"] == Value::Bool(true),
        kind: text("type"),
        account: [&account["name"], &account["id"]].map(|part| part.as_str().unwrap_or("?")).join(" "),
    })
}

/// Whether it is a zone's id: 32 hexadecimal digits, and no dot as every zone's name has.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn no_zone(host: &str) -> ReadError {
    ReadError::Refused {
        what: format!("zone for `{host}`"),
        reason: "not visible to CLOUDFLARE_API_TOKEN; give the token Zone:Read for it, or set `dns.zone`"
            .to_owned(),
    }
}

fn elsewhere(host: &str, zone: &CloudflareZone) -> ReadError {
    ReadError::Refused {
        what: format!("zone `{}`", zone.name),
        reason: format!("`{host}` is not in it; set `dns.zone` to the zone that it is in"),
    }
}

fn several(name: &str, zones: &[CloudflareZone]) -> ReadError {
    let shown: Vec<String> =
        zones.iter().map(|zone| format!("{} ({}, account {})", zone.id, zone.status, zone.account)).collect();
    ReadError::Refused {
        what: format!("zone `{name}`"),
        reason: format!(
            "several of that name are visible to CLOUDFLARE_API_TOKEN: {}; set `dns.zone` to the id of the one that is meant",
            shown.join(", ")
        ),
    }
}
