//! Coolify's magic names in a compose text: `SERVICE_FQDN_WEB_80` gives the part `web` a domain of Coolify's own,
//! `SERVICE_PASSWORD_DB` is a secret that Coolify makes up (4.3.11, observed).

use crate::sandbox::compose::{Compose, Entry};

/// A domain that a part asks for by a magic name.
struct Domain {
    /// The name's middle, `WEB`.
    part: String,
    /// Its end, if that is a port.
    port: Option<String>,
}

/// Whether Coolify makes up the value of this variable.
pub fn is_made_up(key: &str) -> bool {
    let magic = ["SERVICE_PASSWORD", "SERVICE_USER", "SERVICE_BASE64", "SERVICE_HEX"];
    magic.iter().any(|it| key.starts_with(it))
}

/// The URL that Coolify gives to the part of `entry`, where its environment asks for one.
pub fn url(entry: &Entry, service: &str, ip: &str) -> Option<String> {
    let own = named(&entry.name);
    let domain = domains(entry).find(|domain| domain.part == own)?;
    let port = domain.port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("http://{}{port}", host(entry, service, ip)))
}

/// The variables that such domains leave behind, with their values.
pub fn rows(compose: &Compose, service: &str, ip: &str) -> Vec<(String, String)> {
    let asked = compose.entries.iter().flat_map(|entry| domains(entry).map(move |domain| (entry, domain)));
    asked.flat_map(|(entry, domain)| four(&domain, &host(entry, service, ip))).collect()
}

fn four(domain: &Domain, host: &str) -> Vec<(String, String)> {
    let pair = |end: &str, port: &str| {
        let part = &domain.part;
        let fqdn = (format!("SERVICE_FQDN_{part}{end}"), format!("{host}{port}"));
        [fqdn, (format!("SERVICE_URL_{part}{end}"), format!("http://{host}{port}"))]
    };
    let ported = domain.port.as_ref().map(|port| pair(&format!("_{port}"), &format!(":{port}")));
    pair("", "").into_iter().chain(ported.into_iter().flatten()).collect()
}

fn domains(entry: &Entry) -> impl Iterator<Item = Domain> {
    entry.environment.iter().filter_map(|(key, _)| {
        let rest = key.strip_prefix("SERVICE_FQDN_").or_else(|| key.strip_prefix("SERVICE_URL_"))?;
        let ported = rest.rsplit_once('_').filter(|(_, port)| port.parse::<u16>().is_ok());
        Some(Domain {
            part: ported.map_or(rest, |(name, _)| name).to_owned(),
            port: ported.map(|(_, port)| port.to_owned()),
        })
    })
}

fn host(entry: &Entry, service: &str, ip: &str) -> String {
    format!("{}-{service}.{ip}.sslip.io", entry.name)
}

fn named(part: &str) -> String {
    part.to_uppercase().replace(['-', '.'], "_")
}
