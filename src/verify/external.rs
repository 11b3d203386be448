//! A name whose record somebody else keeps: does it lead anywhere?
//!
//! What it should lead to is not known here, so any address counts, and the further checks show who answers there.
//! The name servers in charge are found by asking for them. Where they cannot be asked, as in networks that let no DNS
//! out, or do not know the name, as with names of a local network, this machine's resolver is believed.

use std::net::IpAddr;

use super::CheckResult;
use super::dns::open;
use super::resolve::{addresses, ask, words};
use super::site::Site;
use crate::net::{QueryType, ResolveError};

/// At most so many name servers of a zone are asked.
const SERVERS: usize = 4;

pub(super) async fn look(site: &Site<'_>) -> CheckResult {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut door = None;
    for server in authoritative(site).await {
        match resolved(site, Some(&server)).await {
            Ok(seen) => {
                door = door.or(seen.first().copied());
                known.push(server);
            }
            Err(ResolveError::Nothing) => unknown.push(server),
            // Somebody else's server that does not answer proves nothing.
            Err(ResolveError::Unanswered(_)) => {}
        }
    }
    if let ([_, ..], [server, ..]) = (known.as_slice(), unknown.as_slice()) {
        return CheckResult::Retry(format!(
            "no such record yet, by {server}; {} has one",
            known.join(" and ")
        ));
    }
    let local = resolved(site, None).await;
    match (door, &local) {
        (Some(door), local) => {
            let here = if local.is_ok() { "too".to_owned() } else { format!("still says {}", words(local)) };
            let saw = format!("{door}, by {}; this machine's resolver {here}", known.join(" and "));
            open(site, door, saw)
        }
        (None, Ok(seen)) => match seen.first() {
            Some(door) => open(site, *door, format!("{door}, by this machine's resolver")),
            None => nowhere(site, &ResolveError::Nothing),
        },
        (None, Err(error)) => nowhere(site, error),
    }
}

fn nowhere(site: &Site<'_>, error: &ResolveError) -> CheckResult {
    let host = &site.target.host;
    let hint = format!(
        "`dns: external` leaves the record to somebody else: point `{host}` at the server where its DNS is kept, or \
         take `dns: external` out of the spec and Fabrik makes the record at Cloudflare"
    );
    CheckResult::Advised {
        saw: format!("{host}: {error}, waiting for a record that somebody else keeps"),
        hint,
    }
}

/// The addresses that the name has according to `server`.
async fn resolved(site: &Site<'_>, server: Option<&String>) -> Result<Vec<IpAddr>, ResolveError> {
    let host = &site.target.host;
    let seen = addresses(site, host, server).await;
    let is_there = seen.as_ref().is_ok_and(|seen| !seen.is_empty());
    if is_there || server.is_none() || matches!(seen, Err(ResolveError::Unanswered(_))) {
        return seen;
    }
    // A name server tells where an alias in its zone leads, and not what is found there.
    match ask(site, host, QueryType::Cname, server).await?.first() {
        Some(target) => addresses(site, target, None).await,
        None => Err(ResolveError::Nothing),
    }
}

/// The name servers in charge of the host; none where nobody names them.
///
/// The host itself is asked about only where it may be the top of its zone: a resolver that is asked for a name before it
/// is there remembers for half an hour that it is not.
async fn authoritative(site: &Site<'_>) -> Vec<String> {
    let host = site.target.host.as_str();
    let parent = host.split_once('.').map_or(host, |(_, parent)| parent);
    let mut name = if parent.contains('.') { parent } else { host };
    loop {
        match ask(site, name, QueryType::Ns, None).await {
            Ok(servers) if !servers.is_empty() => return servers.into_iter().take(SERVERS).collect(),
            Ok(_) | Err(ResolveError::Nothing) => {}
            Err(ResolveError::Unanswered(_)) => return Vec::new(),
        }
        match name.split_once('.') {
            Some((_, parent)) if parent.contains('.') => name = parent,
            Some(_) | None => return Vec::new(),
        }
    }
}
