//! What Cloudflare makes of a record before it stores it, and what it refuses.
//!
//! The codes are those reported in public; where none is known, [`VALIDATION`] stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};

use super::{ranges, refused, zones};
use crate::sandbox::ask::Reply;
use crate::sandbox::records::SimZone;

/// The wrapper code for what has no known code of its own.
pub(crate) const VALIDATION: u32 = 1004;
/// Characters in a comment on the Free plan.
const COMMENT_LIMIT: usize = 100;

/// The members of a record that a client sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedRecord {
    /// `A`, `AAAA`, `CNAME`, …
    pub kind: String,
    /// Full name.
    pub name: String,
    /// Address, host or text.
    pub content: String,
    /// Seconds; 1 is automatic.
    pub ttl: u32,
    /// Whether the edge stands in front.
    pub proxied: bool,
    /// Free text.
    pub comment: Option<String>,
}

impl WantedRecord {
    /// Takes over what `body` sets, normalises and checks it all.
    ///
    /// # Errors
    /// The refusal to send.
    pub(crate) fn with(mut self, body: &Map<String, Value>, zone: &SimZone) -> Result<Self, Reply> {
        self.kind = text(body, "type")?.unwrap_or(self.kind);
        self.name = text(body, "name")?.unwrap_or(self.name);
        self.content = text(body, "content")?.unwrap_or(self.content);
        self.ttl = number(body)?.unwrap_or(self.ttl);
        self.proxied = flag(body)?.unwrap_or(self.proxied);
        if body.contains_key("comment") {
            self.comment = text(body, "comment")?.filter(|comment| !comment.is_empty());
        }
        if body.get("tags").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty()) {
            return Err(refused(400, 9300, "the plan of this zone allows no tags"));
        }
        self.name = full_name(&self.name, zone)?;
        self.content = content(&self.kind, &self.content)?;
        self.checked()
    }

    fn checked(mut self) -> Result<Self, Reply> {
        if self.proxied && !matches!(self.kind.as_str(), "A" | "AAAA" | "CNAME") {
            return Err(refused(400, 9004, "this record type cannot be proxied"));
        }
        if self.ttl != 1 && !(60..=86_400).contains(&self.ttl) {
            return Err(refused(400, 9021, "invalid TTL: must be 1 or between 60 and 86400"));
        }
        let comment = self.comment.as_deref().unwrap_or("");
        if comment.chars().count() > COMMENT_LIMIT || comment.contains(['\n', '\r']) {
            return Err(refused(400, VALIDATION, "comment too long or with line breaks"));
        }
        if self.proxied {
            self.ttl = 1;
        }
        Ok(self)
    }
}

fn text(body: &Map<String, Value>, key: &str) -> Result<Option<String>, Reply> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(refused(400, VALIDATION, &format!("{key} must be a string"))),
    }
}

fn number(body: &Map<String, Value>) -> Result<Option<u32>, Reply> {
    let Some(value) = body.get("ttl").filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.map(Some).ok_or_else(|| refused(400, 9021, "invalid TTL"))
}

fn flag(body: &Map<String, Value>) -> Result<Option<bool>, Reply> {
    let Some(value) = body.get("proxied").filter(|value| !value.is_null()) else { return Ok(None) };
    value.as_bool().map(Some).ok_or_else(|| refused(400, VALIDATION, "proxied must be a boolean"))
}

/// Relative names are completed, and so are names of other zones.
fn full_name(name: &str, zone: &SimZone) -> Result<String, Reply> {
    let name = zones::ascii(name);
    let full = match name.as_str() {
        "@" => zone.name.clone(),
        _ if name == zone.name || name.ends_with(&format!(".{}", zone.name)) => name,
        _ => format!("{name}.{}", zone.name),
    };
    if is_name(&full) { Ok(full) } else { Err(refused(400, 9000, "DNS name is invalid")) }
}

/// Whether it can be a name: labels of 1 to 63 ASCII characters, a star only as the first.
fn is_name(name: &str) -> bool {
    let sound = |label: &str| {
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (1..=63).contains(&label.len()) && letters
    };
    let rest = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= 253 && rest.split('.').all(sound)
}

fn content(kind: &str, content: &str) -> Result<String, Reply> {
    match kind {
        "A" => match content.parse::<Ipv4Addr>() {
            Ok(address) => origin(address.into()),
            Err(_) => Err(refused(400, 9005, "content for A record must be a valid IPv4 address")),
        },
        "AAAA" => match content.parse::<Ipv6Addr>() {
            Ok(address) => origin(address.into()),
            Err(_) => Err(refused(400, 9006, "content for AAAA record must be a valid IPv6 address")),
        },
        "CNAME" | "NS" | "MX" => host(content),
        "TXT" | "CAA" | "SRV" | "PTR" | "HTTPS" | "SVCB" | "TLSA" | "SSHFP" | "URI" => Ok(content.to_owned()),
        _ => Err(refused(400, VALIDATION, "unknown record type")),
    }
}

/// Behind an address of Cloudflare's own there is never an origin.
fn origin(address: IpAddr) -> Result<String, Reply> {
    if ranges::hold(address) {
        return Err(refused(400, VALIDATION, "the content is an address of Cloudflare's"));
    }
    Ok(address.to_string())
}

fn host(content: &str) -> Result<String, Reply> {
    let host = zones::ascii(content);
    if is_name(&host) { Ok(host) } else { Err(refused(400, VALIDATION, "content is not a host name")) }
}
