//! Cloudflare's edge, seen from an app behind Coolify's Traefik: what stands in front of it, how the edge asks the
//! origin, and for which names it has a certificate.
//!
//! Coolify's Traefik sends http on to https for a domain that begins with `https://`, and gets the origin's
//! certificate over port 80 (HTTP-01). Changes no setting of a zone: they hold for every host in it.

use super::Cloudflare;
use super::finding::Finding;
use super::zone::CloudflareZone;
use crate::providers::{ReadError, RemoteObject};

/// When Cloudflare's proxy stands in front of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeProxy {
    Never,
    /// Once the origin has its certificate.
    Later,
    /// From the first record on, so that the origin's address is never shown.
    First,
    /// From the first record on, and the origin is reached through a tunnel, whatever the encryption mode.
    Tunnel,
}

/// How the edge asks the origin: the zone's encryption mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Visitors get http only.
    Off,
    /// Over http, whatever the visitor used.
    Flexible,
    /// As the visitor asked, any certificate will do.
    Full,
    /// As the visitor asked, the certificate must be valid.
    Strict,
    /// Over https, the certificate must be valid (Enterprise).
    OriginPull,
    /// One that this version does not know.
    Other(String),
}

impl Mode {
    fn named(value: &str) -> Self {
        match value {
            "off" => Self::Off,
            "flexible" => Self::Flexible,
            "full" => Self::Full,
            "strict" => Self::Strict,
            "origin_pull" => Self::OriginPull,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As the dashboard calls it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Off => "Off",
            Self::Flexible => "Flexible",
            Self::Full => "Full",
            Self::Strict => "Full (strict)",
            Self::OriginPull => "Strict (SSL-only origin pull)",
            Self::Other(name) => name,
        }
    }
}

impl Cloudflare {
    /// The encryption mode of a zone; `None` where the token may not read it (it needs Zone Settings:Read).
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn mode(&self, zone_id: &str) -> Result<Option<Mode>, ReadError> {
        let body = self.learn(&format!("/zones/{zone_id}/settings/ssl")).await?.unwrap_or_default();
        Ok(body["result"]["value"].as_str().map(Mode::named))
    }
}

/// What a zone's encryption mode means for an app behind a tunnel: the tunnel is asked over http whatever it is, but with
/// Off visitors are sent to http too.
pub fn judge_tunnel(zone: &CloudflareZone, mode: Option<&Mode>) -> Option<Finding> {
    (mode == Some(&Mode::Off)).then(|| {
        Finding::refusal(
            format!("the encryption mode of zone `{}` is Off: the edge sends https to http", zone.name),
            "set it to Full (strict) under SSL/TLS in the zone",
        )
    })
}

/// What a zone's encryption mode means for an app behind the proxy.
pub fn judge(zone: &CloudflareZone, mode: Option<&Mode>, proxy: EdgeProxy) -> Option<Finding> {
    let Some(mode) = mode else {
        return Some(Finding::warning(
            format!("how Cloudflare asks the origins of zone `{}` is not known", zone.name),
            "give the token Zone Settings:Read; with Off or Flexible the app would only redirect in a circle",
        ));
    };
    let says = format!("the encryption mode of zone `{}` is {}", zone.name, mode.as_str());
    let loops = "set it to Full (strict) under SSL/TLS in the zone, or `dns.proxied: false`";
    match (mode, proxy) {
        (Mode::Off, _) => Some(Finding::refusal(
            format!("{says}: the edge sends https to http and Coolify sends http to https, in a circle"),
            loops,
        )),
        (Mode::Flexible, _) => Some(Finding::refusal(
            format!("{says}: the edge asks over http and Coolify sends that to https, in a circle"),
            loops,
        )),
        (Mode::Strict | Mode::OriginPull, EdgeProxy::First) => Some(Finding::warning(
            format!("{says}: until the origin has its certificate the edge answers 526"),
            "if none is issued behind the proxy, write `dns.proxied: true`, which switches it on afterwards",
        )),
        (Mode::Other(_), _) => {
            Some(Finding::warning(says, "this version does not know what that means for the app"))
        }
        (Mode::Full, _)
        | (Mode::Strict | Mode::OriginPull, EdgeProxy::Never | EdgeProxy::Later | EdgeProxy::Tunnel) => None,
    }
}

/// What a name's depth means for a proxied record: Universal SSL covers the apex and one label below it.
pub fn depth(zone: &CloudflareZone, host: &str) -> Option<Finding> {
    let label = host.strip_suffix(&zone.name).and_then(|rest| rest.strip_suffix('.'))?;
    label.contains('.').then(|| {
        Finding::warning(
            format!(
                "Cloudflare's own certificate covers `*.{0}` and not `{host}`: proxied, TLS fails",
                zone.name
            ),
            "choose a name one label below the zone, set `dns.proxied: false`, or order a certificate for it",
        )
    })
}

/// What the other records of the name mean for one that is, or is not, proxied.
pub fn mixed(others: &[RemoteObject], proxied: bool) -> Option<Finding> {
    let of = |object: &RemoteObject, name: &str| object.fields.get(name).cloned().unwrap_or_default();
    let differs = |object: &&RemoteObject| {
        matches!(of(object, "type").as_str(), "A" | "AAAA") && of(object, "proxied") != proxied.to_string()
    };
    let other = others.iter().find(differs)?;
    Some(Finding::warning(
        format!("{} {} differs in `proxied`", of(other, "type"), of(other, "content")),
        "if one record of a name is proxied, Cloudflare treats all of them as proxied",
    ))
}
