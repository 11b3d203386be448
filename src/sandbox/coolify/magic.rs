//! Coolify's magic names in a compose text: `SERVICE_FQDN_WEB_80` as a name gives the part it stands in an address of
//! Coolify's own, `${SERVICE_URL_WEB}` in a value asks for the address of `web`, and `SERVICE_PASSWORD_DB` is a secret that
//! Coolify makes up (4.3.11, observed; addresses in values and unknown kinds from its code).

use crate::sandbox::compose::{Compose, ComposeEntry, used};
use crate::sandbox::services::SimService;

/// An address that a magic name is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    /// The name's middle, `WEB`.
    part: String,
    /// Its end, if that is a port.
    port: Option<String>,
}

/// Whether Coolify makes up the value of this variable: its kind is what stands before the last `_`, and it is looked at
/// only where there are two or three `_` in all.
pub(crate) fn is_made_up(key: &str) -> bool {
    let kind =
        key.strip_prefix("SERVICE_").and_then(|rest| rest.rsplit_once('_')).map_or("", |(kind, _)| kind);
    let (name, length) = kind.split_once('_').unwrap_or((kind, ""));
    let known = match name {
        "PASSWORD" | "PASSWORDWITHSYMBOLS" => ["", "64"].contains(&length),
        "BASE64" | "REALBASE64" => ["", "32", "64", "128"].contains(&length),
        "HEX" => ["32", "64", "128"].contains(&length),
        "USER" | "LOWERCASEUSER" | "SUPABASEANON" | "SUPABASESERVICE" => length.is_empty(),
        _ => false,
    };
    known && (2..=3).contains(&key.matches('_').count())
}

/// The URL that Coolify gives to the part of `entry`: where its environment declares an address, whosever that is, and
/// where a value asks for the part's own one that nothing declares.
pub(crate) fn url(compose: &Compose, entry: &ComposeEntry, service: &str, ip: &str) -> Option<String> {
    let at = |address: &Address| {
        let port = address.port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
        format!("http://{}{port}", host(address, service, ip))
    };
    let own = |address: &Address| address.part == named(&entry.name) && address.port.is_none();
    let asked = || asked(entry).find(own).filter(|address| !is_declared(compose, address));
    declared(entry).next().or_else(asked).map(|address| at(&address))
}

/// The variables that declared addresses leave behind; they follow the part's own URLs at every parse.
pub(crate) fn declared_rows(compose: &Compose, service: &SimService, ip: &str) -> Vec<(String, String)> {
    let of = |entry: &ComposeEntry| {
        let part = service.parts.iter().find(|part| part.name == entry.name);
        let own = part.and_then(|part| part.urls().next()).map(bare);
        let rows = declared(entry).flat_map(move |address| {
            let made = format!("http://{}", host(&address, &service.uuid, ip));
            four(&address, own.as_deref().unwrap_or(&made))
        });
        rows.collect::<Vec<_>>()
    };
    compose.entries.iter().flat_map(of).collect()
}

/// The variables that addresses in values leave behind, unless they are there.
pub(crate) fn asked_rows(compose: &Compose, service: &str, ip: &str) -> Vec<(String, String)> {
    let asked = compose.entries.iter().flat_map(asked);
    asked
        .flat_map(|address| pair(&whole(&address), &format!("http://{}", host(&address, service, ip))))
        .collect()
}

fn is_declared(compose: &Compose, address: &Address) -> bool {
    compose.entries.iter().flat_map(declared).any(|other| other.part == address.part)
}

/// The name with its port, which a value asks for as a whole.
fn whole(address: &Address) -> String {
    address.port.as_ref().map_or_else(|| address.part.clone(), |port| format!("{}_{port}", address.part))
}

fn four(address: &Address, url: &str) -> Vec<(String, String)> {
    let ported = address.port.as_ref().map(|port| pair(&whole(address), &format!("{url}:{port}")));
    pair(&address.part, url).into_iter().chain(ported.into_iter().flatten()).collect()
}

fn pair(name: &str, url: &str) -> [(String, String); 2] {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    [(format!("SERVICE_FQDN_{name}"), host.to_owned()), (format!("SERVICE_URL_{name}"), url.to_owned())]
}

/// A URL without its port.
fn bare(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].split(':').next().unwrap_or_default();
    format!("{scheme}://{host}{}", &rest[end..])
}

fn declared(entry: &ComposeEntry) -> impl Iterator<Item = Address> {
    entry.environment.iter().filter_map(|(key, _)| address(key))
}

fn asked(entry: &ComposeEntry) -> impl Iterator<Item = Address> {
    let values = entry.environment.iter().filter_map(|(_, value)| value.as_deref());
    values.flat_map(used).filter_map(|name| address(&name))
}

fn address(key: &str) -> Option<Address> {
    let rest = key.strip_prefix("SERVICE_FQDN_").or_else(|| key.strip_prefix("SERVICE_URL_"))?;
    let ported = rest.rsplit_once('_').filter(|(_, port)| port.parse::<u32>().is_ok());
    Some(Address {
        part: ported.map_or(rest, |(name, _)| name).to_owned(),
        port: ported.map(|(_, port)| port.to_owned()),
    })
}

fn host(address: &Address, service: &str, ip: &str) -> String {
    format!("{}-{service}.{ip}.sslip.io", address.part.to_lowercase().replace('_', "-"))
}

fn named(part: &str) -> String {
    part.to_uppercase().replace(['-', '.'], "_")
}
