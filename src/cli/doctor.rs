//! `fabrik doctor`: is everything there that a run needs? Changes nothing.
//!
//! What cannot be asked without writing is not known: whether the Cloudflare token may set records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use machine::app::AppKey;
use machine::id::RunId;
use serde_json::json;

use super::CommandResult;
use super::args::Global;
use super::settings::{Backend, Location, Settings};
use super::spill_store;
use super::ui::Ui;
use super::wiring::{self, Backends, DnsAccess};
use crate::journal::{JournalStore, RunRow};
use crate::plan::preflight::{PreflightCheck, PreflightHealth};
use crate::plan::{Blocker, Preflight, Release};
use crate::providers::cloudflare::token::Owner;
use crate::providers::coolify::servers::Server;
use crate::providers::{Clients, Cloudflare, Coolify, ReadError};
use crate::report::exit::{DONE, REFUSED};
use crate::report::screen::{BAD, GOOD, ODD, in_style};
use crate::secrets::FingerprintKey;

/// How far two clocks may be apart, in seconds, before certificates and logs mislead.
const SKEW: i64 = 30;
/// How many zones are named.
const ZONES: usize = 5;

/// Looks at everything, one line each; ends with 2 where something would keep a run from working.
pub(crate) async fn run(global: &Global, face: &Ui) -> CommandResult {
    let settings = Settings::of(global, Path::new("."));
    let place = settings.locate(global).map_err(|blocker| vec![blocker])?;
    let store = wiring::look(&place.journal);
    let mut findings = vec![world(&place), journal(&place, &store)];
    findings.extend(unrecorded(&place.journal));
    match Backends::of(&place, DnsAccess::Unneeded, &settings, global, face).await {
        Ok(reach) => {
            let Clients { coolify: platform, cloudflare: dns } = &reach.clients;
            let (coolify, cloudflare) = tokio::join!(coolify(platform), cloudflare(dns));
            let sees_zones = cloudflare
                .iter()
                .all(|check| check.about != "cloudflare" || check.health == PreflightHealth::Good);
            findings.extend(coolify.into_iter().chain(cloudflare));
            let store = store.ok().flatten().filter(|_| sees_zones);
            findings.extend(used_zones(&reach, store).await);
        }
        Err(blocker) if place.backend == Backend::Live => findings.push(in_the_way("credentials", blocker)),
        Err(blocker) => findings.push(in_the_way("sandbox", blocker)),
    }
    face.show(
        &findings.iter().flat_map(lines).collect::<Vec<_>>(),
        || json!({"checks": findings.iter().map(fields).collect::<Vec<_>>()}),
    );
    let sick = findings.iter().any(|check| check.health == PreflightHealth::Bad);
    Ok(if sick { REFUSED } else { DONE })
}

fn world(place: &Location) -> PreflightCheck {
    let saw = match &place.backend {
        Backend::Live => "the real Coolify and Cloudflare".to_owned(),
        Backend::LocalSandbox(folder) => format!("the sandbox in {}", folder.display()),
        Backend::RemoteSandbox(url) => format!("the sandbox at {url}"),
    };
    PreflightCheck::good("world", saw)
}

fn journal(place: &Location, store: &Result<Option<Arc<dyn JournalStore>>, Blocker>) -> PreflightCheck {
    let path = place.journal.display();
    match (store, FingerprintKey::load(wiring::folder(&place.journal))) {
        (Err(blocker), _) => in_the_way("journal", blocker.clone()),
        (_, Err(error)) => PreflightCheck::bad("journal", error.to_string(), ""),
        (Ok(None), _) => {
            PreflightCheck::good("journal", format!("{path}, not there yet: the first run makes it"))
        }
        (Ok(Some(_)), Ok(Some(_))) => PreflightCheck::good("journal", format!("{path}, with its key")),
        (Ok(Some(_)), Ok(None)) => PreflightCheck::odd(
            "journal",
            format!("{path}, but its key is gone"),
            "put `fabrik.key` back beside it, or every secret counts as unknown",
        ),
    }
}

/// What runs had done and the journal could not take.
fn unrecorded(journal: &Path) -> Vec<PreflightCheck> {
    let noted = match spill_store::beside(journal) {
        Ok(noted) => noted,
        Err(error) => return vec![PreflightCheck::odd("unrecorded", error.to_string(), "")],
    };
    let check = |(run, resources): (RunId, Vec<String>)| {
        let hint = format!("`fabrik resume {}` finds what is there by its mark", run.short());
        PreflightCheck::odd("unrecorded", format!("by run {}: {}", run.short(), resources.join("; ")), hint)
    };
    noted.into_iter().map(check).collect()
}

/// What preflight comes to, and what only a doctor asks: every server, and the clocks.
async fn coolify(coolify: &Coolify) -> Vec<PreflightCheck> {
    let (preflight, skew) = tokio::join!(Preflight::of(coolify), coolify.skew());
    let mut checks = preflight.checks();
    let at = checks.iter().position(|check| check.about == "read").unwrap_or(checks.len());
    checks.splice(at..at, usable(preflight.servers()));
    // Where nobody answers, the clock's silence says nothing more.
    checks.extend(skew.ok().map(clock));
    checks
}

fn usable(servers: &[Server]) -> Vec<PreflightCheck> {
    let hint = "validate it in Coolify (Servers)";
    let any = servers.iter().any(|server| server.usable);
    let check = |server: &Server| match (server.usable, any) {
        (true, _) => PreflightCheck::good("server", format!("{} is usable", server.name)),
        (false, true) => PreflightCheck::odd("server", format!("{} is not usable", server.name), hint),
        (false, false) => PreflightCheck::bad("server", format!("{} is not usable", server.name), hint),
    };
    servers.iter().map(check).collect()
}

fn clock(skew: i64) -> PreflightCheck {
    if skew.abs() <= SKEW {
        return PreflightCheck::good("clock", format!("{} s from Coolify's", skew.abs()));
    }
    let side = if skew > 0 { "ahead of" } else { "behind" };
    let saw = format!("{} s {side} Coolify's", skew.abs());
    PreflightCheck::odd("clock", saw, "set both by NTP: certificates and logs are judged by time")
}

async fn cloudflare(cloudflare: &Cloudflare) -> Vec<PreflightCheck> {
    if !cloudflare.has_token() {
        let hint = "an app with `dns: external` needs none, nor does a worker; every other one does";
        return vec![PreflightCheck::odd(
            "cloudflare",
            "skipped: CLOUDFLARE_API_TOKEN is not set".to_owned(),
            hint,
        )];
    }
    let (owner, zones) = match cloudflare.token().await {
        Ok(owner) => (owner, cloudflare.zones().await),
        Err(trouble) => return vec![PreflightCheck::trouble("cloudflare", &trouble)],
    };
    let token = match (owner, &zones) {
        (Owner::User, _) => PreflightCheck::good("cloudflare", "the token is active".to_owned()),
        (Owner::Unknown(_), Ok(zones)) if !zones.is_empty() => {
            PreflightCheck::good("cloudflare", "an account's token, which sees zones".to_owned())
        }
        (Owner::Unknown(words), _) => {
            let message = format!("the token is no user's, and lists no zones: {words}");
            return vec![PreflightCheck::bad("cloudflare", message, PERMISSIONS)];
        }
    };
    vec![token, listed(zones)]
}

/// What a Cloudflare token needs.
const PERMISSIONS: &str = "make CLOUDFLARE_API_TOKEN a token with Zone:Read and DNS:Edit for your zone (My Profile, API \
                           Tokens)";

fn listed(zones: Result<Vec<String>, ReadError>) -> PreflightCheck {
    match zones {
        Ok(zones) if zones.is_empty() => PreflightCheck::bad("zones", "the token sees none", PERMISSIONS),
        Ok(zones) => {
            let more = zones.len().saturating_sub(ZONES);
            let named = zones[..zones.len() - more].join(", ");
            let saw = if more == 0 { named } else { format!("{named} and {more} more") };
            PreflightCheck::good("zones", saw)
        }
        Err(ReadError::TokenRefused { reason, .. }) => PreflightCheck::odd(
            "zones",
            format!("the token may not list them: {reason}"),
            "one that is limited to your zone still works; `fabrik plan` tells",
        ),
        Err(trouble) => PreflightCheck::trouble("zones", &trouble),
    }
}

/// Whether the zones that apps here are in can still be seen.
async fn used_zones(reach: &Backends, store: Option<Arc<dyn JournalStore>>) -> Vec<PreflightCheck> {
    let Some(store) = store else { return Vec::new() };
    let rows = store.list(None).await.unwrap_or_default();
    let apps: BTreeSet<&AppKey> = rows.iter().map(|row| &row.app).collect();
    let mut zones = BTreeMap::new();
    for app in apps {
        let runs: Vec<RunRow> = rows.iter().filter(|row| row.app == *app).cloned().collect();
        let Ok(Some(release)) = Release::newest(&store, &runs, None).await else { continue };
        if release.plan().target.coolify == reach.clients.coolify.url() {
            let used = release.records().into_iter().map(|(record, _)| &record.zone);
            zones.extend(used.map(|zone| (zone.id.clone(), (zone.name.clone(), app.name.clone()))));
        }
    }
    let mut findings = Vec::new();
    for (id, (zone, app)) in zones {
        findings.push(match reach.clients.cloudflare.check_access(&id).await {
            Ok(()) => PreflightCheck::good("zone", format!("{zone}, which `{app}` is in, is visible")),
            Err(trouble) => {
                let message = format!("{zone}, which `{app}` is in, is not visible: {trouble}");
                PreflightCheck::bad("zone", message, PERMISSIONS)
            }
        });
    }
    findings
}

fn in_the_way(about: &'static str, blocker: Blocker) -> PreflightCheck {
    PreflightCheck::bad(about, blocker.message, blocker.hint)
}

fn lines(check: &PreflightCheck) -> Vec<String> {
    let (style, sign) = match check.health {
        PreflightHealth::Good => (GOOD, "✓"),
        PreflightHealth::Odd => (ODD, "!"),
        PreflightHealth::Bad => (BAD, "✗"),
    };
    let mut lines = vec![format!("  {} {:<12} {}", in_style(style, sign), check.about, check.saw)];
    if !check.hint.is_empty() {
        lines.push(format!("    hint: {}", check.hint));
    }
    lines
}

fn fields(check: &PreflightCheck) -> serde_json::Value {
    let health = match check.health {
        PreflightHealth::Good => "good",
        PreflightHealth::Odd => "odd",
        PreflightHealth::Bad => "bad",
    };
    json!({"check": check.about, "health": health, "saw": check.saw, "hint": check.hint})
}
