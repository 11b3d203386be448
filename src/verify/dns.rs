//! The name: do the zone's own name servers give what was set?
//!
//! They are asked first and all of them must agree. The system's resolver is asked once they do, and only shown:
//! asked earlier it would remember for half an hour that there was nothing. None is asked where a person says what
//! the name leads to, for then they would be proved wrong or right about another place than the one looked at.

use std::net::IpAddr;

use super::resolve::{addresses, ask, parsed, words};
use super::site::Site;
use super::{CheckResult, Route, external};
use crate::net::{QueryType, ResolveError};

/// What one server says of the name.
struct Told {
    words: String,
    /// Where to connect, if it is what was set.
    door: Option<IpAddr>,
}

pub(super) async fn look(site: &Site<'_>) -> CheckResult {
    let (way, name_servers) = (&site.target.way, &site.target.name_servers);
    if let Some(place) = site.pinned() {
        return CheckResult::Pass(format!("skipped: {} was given as the address", place.ip()));
    }
    if *way == Route::External {
        return external::look(site).await;
    }
    if name_servers.is_empty() {
        let told = told(site, None).await;
        return match told.door {
            Some(door) => open(site, door, format!("{way}, by this machine's resolver")),
            None => CheckResult::Retry(format!("{}, by this machine's resolver", told.words)),
        };
    }
    let mut door = None;
    for server in name_servers {
        let told = told(site, Some(server)).await;
        if told.door.is_none() {
            return CheckResult::Retry(format!("{}, by {server}; waiting for {way}", told.words));
        }
        door = door.or(told.door);
    }
    let local = told(site, None).await;
    let here = if local.door.is_some() { "too".to_owned() } else { format!("still says {}", local.words) };
    let saw = format!("{way}, by {}; this machine's resolver {here}", name_servers.join(" and "));
    door.map_or_else(|| CheckResult::Retry(saw.clone()), |door| open(site, door, saw.clone()))
}

/// The further checks go through this door, so that what this machine's resolver still remembers does not matter.
pub(super) fn open(site: &Site<'_>, door: IpAddr, saw: String) -> CheckResult {
    let _ = site.door.set(door);
    CheckResult::Pass(saw)
}

async fn told(site: &Site<'_>, server: Option<&String>) -> Told {
    match &site.target.way {
        Route::Straight(addresses) => straight(site, server, addresses).await,
        Route::Alias(host) => alias(site, server, host).await,
        Route::Edge { ranges, .. } | Route::Tunnel { ranges } => {
            let seen = addresses(site, &site.target.host, server).await;
            let ours = |address: &IpAddr| ranges.iter().any(|range| range.contains(address));
            let door = seen.as_ref().ok().filter(|seen| seen.iter().all(ours)).and_then(|seen| seen.first());
            Told { door: door.copied(), words: words(&seen) }
        }
        Route::External => {
            let seen = addresses(site, &site.target.host, server).await;
            Told { door: seen.as_ref().ok().and_then(|seen| seen.first()).copied(), words: words(&seen) }
        }
    }
}

async fn straight(site: &Site<'_>, server: Option<&String>, wanted: &[IpAddr]) -> Told {
    let mut seen = Err(ResolveError::Nothing);
    for kind in [QueryType::A, QueryType::Aaaa] {
        let wanted: Vec<&IpAddr> =
            wanted.iter().filter(|it| it.is_ipv4() == (kind == QueryType::A)).collect();
        if wanted.is_empty() {
            continue;
        }
        seen = ask(site, &site.target.host, kind, server).await.map(|seen| parsed(&seen));
        if !seen.as_ref().is_ok_and(|seen| wanted.iter().all(|address| seen.contains(address))) {
            return Told { door: None, words: words(&seen) };
        }
    }
    Told { door: wanted.first().copied(), words: words(&seen) }
}

async fn alias(site: &Site<'_>, server: Option<&String>, host: &str) -> Told {
    let target = addresses(site, host, None).await;
    let Ok(target) = &target else {
        return Told { door: None, words: format!("{host}: {}", words(&target)) };
    };
    match ask(site, &site.target.host, QueryType::Cname, server).await {
        Ok(names) if !names.is_empty() => {
            let is_ours = names.iter().any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host));
            Told { door: target.first().copied().filter(|_| is_ours), words: names.join(", ") }
        }
        Ok(_) | Err(ResolveError::Nothing) => {
            let seen = addresses(site, &site.target.host, server).await;
            let door = seen.as_ref().ok().and_then(|seen| seen.iter().find(|it| target.contains(it)));
            Told { door: door.copied(), words: words(&seen) }
        }
        Err(error) => Told { door: None, words: error.to_string() },
    }
}
