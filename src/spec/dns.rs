//! How an app's domains are to resolve.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::check;
use super::reader::{Complaint, Fields, Reader};
use super::tree::{SourcePlace, SpecNode, Value};

/// Who keeps the records of the domains.
///
/// Serialized without a tag: the hash of a spec from before there was a choice stays what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Dns {
    /// Fabrik does, like this.
    Managed(ManagedDns),
    /// Somebody else does: the names are verified and nothing about them is written.
    External,
}

/// The records that Fabrik keeps for the domains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManagedDns {
    /// What to point at; none means the server's own address.
    pub target: Option<DnsTarget>,
    /// The type of the records; none means whatever the target needs.
    pub kind: Option<RecordType>,
    /// How long resolvers may keep the answer.
    pub ttl: Ttl,
    /// Whether Cloudflare's proxy stands before the app.
    pub proxied: Proxied,
    /// The zone, by name or id; none means the longest one that fits.
    pub zone: Option<String>,
}

/// What the names of tunnels end with (Cloudflare Tunnel, DNS records).
pub const TUNNEL_SUFFIX: &str = ".cfargotunnel.com";

/// What a domain points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsTarget {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// Another name.
    Host(String),
    /// A Cloudflare Tunnel, by its id: a UUID in lower case.
    Tunnel(String),
}

/// The type of an address record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
}

/// Whether Cloudflare's proxy stands before the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proxied {
    /// It does not.
    No,
    /// It is switched on after the certificate is there.
    After,
    /// It is on from the start: the origin is never shown.
    First,
}

/// How long resolvers may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ttl {
    /// Cloudflare decides.
    Auto,
    /// Seconds, 60 to 86400.
    Seconds(u32),
}

impl DnsTarget {
    /// The type of the record that can point there.
    pub fn kind(&self) -> RecordType {
        match self {
            Self::V4(_) => RecordType::A,
            Self::V6(_) => RecordType::Aaaa,
            Self::Host(_) | Self::Tunnel(_) => RecordType::Cname,
        }
    }

    /// The address, if it is one.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
            Self::Host(_) | Self::Tunnel(_) => None,
        }
    }
}

impl std::fmt::Display for DnsTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => address.fmt(f),
            Self::Host(name) => f.write_str(name),
            Self::Tunnel(id) => write!(f, "{id}{TUNNEL_SUFFIX}"),
        }
    }
}

impl RecordType {
    /// Its name, as everybody writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
    }
}

impl Dns {
    /// The records that Fabrik keeps; none where somebody else does.
    pub fn managed(&self) -> Option<&ManagedDns> {
        match self {
            Self::Managed(managed) => Some(managed),
            Self::External => None,
        }
    }

    /// Whether a Cloudflare Tunnel leads to the app: TLS ends at the edge, and Coolify is asked over http.
    pub fn is_tunnel(&self) -> bool {
        self.managed().is_some_and(|managed| matches!(managed.target, Some(DnsTarget::Tunnel(_))))
    }
}

impl Default for ManagedDns {
    fn default() -> Self {
        Self { target: None, kind: None, ttl: Ttl::Auto, proxied: Proxied::No, zone: None }
    }
}

/// Reads `dns`; `domains` are those of the spec, none if they were complained about.
pub(crate) fn dns(reader: &mut Reader<'_>, node: Option<SpecNode>, domains: Option<&[String]>) -> Dns {
    let Some(node) = node else { return Dns::Managed(ManagedDns::default()) };
    if domains.is_some_and(<[String]>::is_empty) {
        let complaint = Complaint::new("`dns` says how a `domain` resolves, and there is none");
        reader.complain(node.place, complaint.hint("leave it out, or add a `domain`"));
    }
    match &node.value {
        Value::Text(_) => external(reader, &node),
        _ => Dns::Managed(managed(reader, node, domains.unwrap_or_default())),
    }
}

fn external(reader: &mut Reader<'_>, node: &SpecNode) -> Dns {
    let word = |text: &str| {
        if text == "external" {
            return Ok(());
        }
        let complaint = Complaint::new("`dns` must be a mapping of keys, or the word `external`");
        Err(complaint.hint("`dns: external` where somebody else keeps the record"))
    };
    let _ = reader.checked(node, "dns", word);
    Dns::External
}

fn managed(reader: &mut Reader<'_>, node: SpecNode, domains: &[String]) -> ManagedDns {
    let mut dns = ManagedDns::default();
    let Some(mut fields) = reader.fields(node, "dns.") else { return dns };
    if let Some(node) = fields.take("tunnel") {
        dns.target = reader.checked(&node, "dns.tunnel", check::tunnel).map(DnsTarget::Tunnel);
        // The name of a tunnel has no address of its own: only the edge knows the way.
        dns.proxied = Proxied::First;
        refuse_beside_tunnel(reader, &mut fields);
    }
    if let Some(node) = fields.take("target") {
        dns.target = reader.checked(&node, "dns.target", |text| check::target(text, domains));
        dns.kind = kind(reader, &mut fields, Targeted::Yes(dns.target.as_ref()));
    } else {
        dns.kind = kind(reader, &mut fields, Targeted::No);
    }
    dns.ttl = fields.take("ttl").and_then(|node| ttl(reader, &node)).unwrap_or(dns.ttl);
    dns.proxied = fields.take("proxied").and_then(|node| proxied(reader, &node)).unwrap_or(dns.proxied);
    dns.zone = fields.take("zone").and_then(|node| zone(reader, &node, domains));
    reader.refuse_the_rest(fields, &["target", "tunnel", "type", "ttl", "proxied", "zone"]);
    dns
}

fn refuse_beside_tunnel(reader: &mut Reader<'_>, fields: &mut Fields) {
    for key in ["target", "type", "ttl", "proxied"] {
        if let Some(entry) = fields.take_entry(key) {
            let complaint = Complaint::new(format!("`dns.{key}` has no meaning beside `dns.tunnel`"));
            let hint = "leave it out: the record of a tunnel is a proxied CNAME to it, whose time to live is Cloudflare's";
            reader.complain(entry.place, complaint.hint(hint));
        }
    }
}

/// Whether there is a `dns.target`, and which, if it was not complained about.
#[derive(Clone, Copy)]
enum Targeted<'a> {
    Yes(Option<&'a DnsTarget>),
    No,
}

/// Reads `dns.type`, which must agree with the target; a name to point at cannot be guessed.
fn kind(reader: &mut Reader<'_>, fields: &mut Fields, target: Targeted<'_>) -> Option<RecordType> {
    let node = fields.take("type")?;
    let words = [RecordType::A, RecordType::Aaaa, RecordType::Cname].map(|kind| (kind.name(), kind));
    let kind = reader.checked(&node, "dns.type", |text| check::word("dns.type", text, &words))?;
    match target {
        Targeted::Yes(Some(target)) if target.kind() != kind => {
            disagreeing(reader, node.place, kind, target);
        }
        Targeted::No if kind == RecordType::Cname => {
            let complaint = Complaint::new("`dns.type` is CNAME, and no `dns.target` says to which name");
            reader.complain(node.place, complaint.hint("like `target: edge.example.com`"));
        }
        Targeted::Yes(_) | Targeted::No => {}
    }
    Some(kind)
}

fn disagreeing(reader: &mut Reader<'_>, place: SourcePlace, kind: RecordType, target: &DnsTarget) {
    let message = format!("`dns.type` is {}, but the target needs {}", kind.name(), target.kind().name());
    reader.complain(place, Complaint::new(message).hint("leave `dns.type` out: the target decides it"));
}

fn ttl(reader: &mut Reader<'_>, node: &SpecNode) -> Option<Ttl> {
    match node.value {
        Value::Number(_) => reader.number(node, "dns.ttl", 60..=86_400).map(Ttl::Seconds),
        _ => reader.checked(node, "dns.ttl", check::ttl_word),
    }
}

fn proxied(reader: &mut Reader<'_>, node: &SpecNode) -> Option<Proxied> {
    match &node.value {
        Value::Switch(word) if word == "true" => Some(Proxied::After),
        Value::Switch(_) => Some(Proxied::No),
        Value::Text(word) if word == "first" => Some(Proxied::First),
        _ => {
            reader.complain(node.place, Complaint::new("`dns.proxied` must be true, false or first"));
            None
        }
    }
}

/// Reads `dns.zone`, which must hold every domain; of an id only Cloudflare can tell.
fn zone(reader: &mut Reader<'_>, node: &SpecNode, domains: &[String]) -> Option<String> {
    reader.checked(node, "dns.zone", |text| {
        if check::is_zone_id(text) {
            return Ok(text.to_owned());
        }
        let zone = check::domain("dns.zone", text)?;
        let ports = domains.iter().find(|domain| **domain != zone && !domain.ends_with(&format!(".{zone}")));
        match ports {
            None => Ok(zone),
            Some(domain) => Err(Complaint::new(format!("`{domain}` is not within `dns.zone`"))),
        }
    })
}
