//! `fabrik doctor`: is everything there that a run needs? Changes nothing.
//!
//! What cannot be asked without writing is not known: whether the Cloudflare token may set records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use machine::app::AppKey;
use machine::id::RunId;
use serde_json::json;

use super::Came;
use super::args::Global;
use super::face::Face;
use super::join::{self, DnsAccess, Reach};
use super::noted;
use super::settings::{Settings, Where, World};
use crate::plan::{Obstacle, Release};
use crate::providers::cloudflare::token::Owner;
use crate::providers::coolify::Version;
use crate::providers::coolify::abilities::{Ability, advice};
use crate::providers::coolify::servers::Server;
use crate::providers::{Cloudflare, Coolify, Trouble};
use crate::report::exit::{DONE, REFUSED};
use crate::report::screen::{BAD, GOOD, ODD, in_style};
use crate::secrets::FingerprintKey;
use crate::store::{RunRow, Store};

/// What one look comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Odd,
    Bad,
}

/// One line of the doctor's.
struct Finding {
    about: &'static str,
    health: Health,
    saw: String,
    hint: String,
}

/// How far two clocks may be apart, in seconds, before certificates and logs mislead.
const SKEW: i64 = 30;
/// How many zones are named.
const ZONES: usize = 5;

/// Looks at everything, one line each; ends with 2 where something would keep a run from working.
pub async fn run(global: &Global, face: &Face) -> Came {
    let settings = Settings::of(global, Path::new("."));
    let place = settings.locate(global).map_err(|obstacle| vec![obstacle])?;
    let store = join::look(&place.journal);
    let mut findings = vec![world(&place), journal(&place, &store)];
    findings.extend(unrecorded(&place.journal));
    match Reach::of(&place, DnsAccess::Unneeded, &settings, global, face).await {
        Ok(reach) => {
            findings.extend(coolify(&reach.vendors.coolify).await);
            findings.extend(cloudflare(&reach.vendors.cloudflare).await);
            let store = store.ok().flatten();
            findings.extend(used_zones(&reach, store).await);
        }
        Err(obstacle) if place.world == World::Real => findings.push(Finding::bad("credentials", obstacle)),
        Err(obstacle) => findings.push(Finding::bad("sandbox", obstacle)),
    }
    face.show(
        &findings.iter().flat_map(Finding::lines).collect::<Vec<_>>(),
        || json!({"checks": findings.iter().map(Finding::fields).collect::<Vec<_>>()}),
    );
    let sick = findings.iter().any(|finding| finding.health == Health::Bad);
    Ok(if sick { REFUSED } else { DONE })
}

fn world(place: &Where) -> Finding {
    let saw = match &place.world {
        World::Real => "the real Coolify and Cloudflare".to_owned(),
        World::Kept(folder) => format!("the sandbox in {}", folder.display()),
        World::Served(url) => format!("the sandbox at {url}"),
    };
    Finding::good("world", saw)
}

fn journal(place: &Where, store: &Result<Option<Arc<dyn Store>>, Obstacle>) -> Finding {
    let path = place.journal.display();
    match (store, FingerprintKey::load(join::folder(&place.journal))) {
        (Err(obstacle), _) => Finding::bad("journal", obstacle.clone()),
        (_, Err(error)) => Finding::bad("journal", Obstacle::new(error.to_string(), "")),
        (Ok(None), _) => Finding::good("journal", format!("{path}, not there yet: the first run makes it")),
        (Ok(Some(_)), Ok(Some(_))) => Finding::good("journal", format!("{path}, with its key")),
        (Ok(Some(_)), Ok(None)) => Finding::odd(
            "journal",
            format!("{path}, but its key is gone"),
            "put `fabrik.key` back beside it, or every secret counts as unknown",
        ),
    }
}

/// What runs had done and the journal could not take.
fn unrecorded(journal: &Path) -> Vec<Finding> {
    let noted = match noted::beside(journal) {
        Ok(noted) => noted,
        Err(error) => return vec![Finding::odd("unrecorded", error.to_string(), "")],
    };
    let finding = |(run, things): (RunId, Vec<String>)| {
        let hint = format!("`fabrik resume {}` finds what is there by its mark", run.short());
        Finding::odd("unrecorded", format!("by run {}: {}", run.short(), things.join("; ")), &hint)
    };
    noted.into_iter().map(finding).collect()
}

async fn coolify(coolify: &Coolify) -> Vec<Finding> {
    let read = match coolify.may_read().await {
        Ok(read) => read,
        Err(trouble @ Trouble::TokenRefused { .. }) => {
            let hint = advice(&trouble.to_string());
            let shut = Finding::bad("coolify", Obstacle::new(trouble.to_string(), hint));
            return vec![shut, clock(coolify.skew().await)];
        }
        Err(trouble) => return vec![Finding::trouble("coolify", trouble)],
    };
    let mut findings = Vec::new();
    if read == Ability::Has {
        findings.extend(seen(coolify).await);
    }
    if findings.iter().any(|finding| finding.health == Health::Bad && finding.about == "coolify") {
        return findings;
    }
    findings.push(ability("read", Ok(read)));
    findings.push(ability("write", coolify.may_write().await));
    findings.push(ability("deploy", coolify.may_deploy().await));
    findings.push(clock(coolify.skew().await));
    findings
}

/// What takes a token that may read.
async fn seen(coolify: &Coolify) -> Vec<Finding> {
    let version = match coolify.version().await {
        Ok(version) => version,
        Err(trouble) => return vec![Finding::trouble("coolify", trouble)],
    };
    let saw = format!("{version} at {}", coolify.url());
    let mut findings = vec![match Version::parse(&version).and_then(Version::concern) {
        Some(concern) => Finding::odd("coolify", saw, &concern),
        None => Finding::good("coolify", saw),
    }];
    findings.push(match coolify.team().await {
        Ok(team) => Finding::good("team", format!("{} (id {})", team.name, team.id)),
        Err(trouble) => Finding::trouble("team", trouble),
    });
    findings.extend(servers(coolify).await);
    findings
}

fn ability(name: &'static str, found: Result<Ability, Trouble>) -> Finding {
    match found {
        Ok(Ability::Has) => Finding::good(name, "the Coolify token has it".to_owned()),
        Ok(Ability::Lacks(words)) => {
            let message = format!("the Coolify token lacks it: {words}");
            Finding::bad(name, Obstacle::new(message, advice(&words)))
        }
        Ok(Ability::Unclear(words)) => Finding::odd(name, format!("Coolify does not say: {words}"), ""),
        Err(trouble) => Finding::trouble(name, trouble),
    }
}

async fn servers(coolify: &Coolify) -> Vec<Finding> {
    let servers = match coolify.servers().await {
        Ok(servers) => servers,
        Err(trouble) => return vec![Finding::trouble("server", trouble)],
    };
    let hint = "validate it in Coolify (Servers)";
    if servers.is_empty() {
        return vec![Finding::bad(
            "server",
            Obstacle::new("Coolify has none", "add one in Coolify (Servers)"),
        )];
    }
    let any = servers.iter().any(|server| server.usable);
    let finding = |server: &Server| match (server.usable, any) {
        (true, _) => Finding::good("server", format!("{} is usable", server.name)),
        (false, true) => Finding::odd("server", format!("{} is not usable", server.name), hint),
        (false, false) => {
            Finding::bad("server", Obstacle::new(format!("{} is not usable", server.name), hint))
        }
    };
    servers.iter().map(finding).collect()
}

fn clock(skew: Result<i64, Trouble>) -> Finding {
    match skew {
        Ok(skew) if skew.abs() <= SKEW => Finding::good("clock", format!("{} s from Coolify's", skew.abs())),
        Ok(skew) => {
            let side = if skew > 0 { "ahead of" } else { "behind" };
            let saw = format!("{} s {side} Coolify's", skew.abs());
            Finding::odd("clock", saw, "set both by NTP: certificates and logs are judged by time")
        }
        Err(trouble) => Finding::odd("clock", trouble.to_string(), ""),
    }
}

async fn cloudflare(cloudflare: &Cloudflare) -> Vec<Finding> {
    if !cloudflare.has_token() {
        let hint = "an app with `dns: external` needs none, nor does a worker; every other one does";
        return vec![Finding::odd("cloudflare", "skipped: CLOUDFLARE_API_TOKEN is not set".to_owned(), hint)];
    }
    let (owner, zones) = match cloudflare.token().await {
        Ok(owner) => (owner, cloudflare.zones().await),
        Err(trouble) => return vec![Finding::trouble("cloudflare", trouble)],
    };
    let token = match (owner, &zones) {
        (Owner::User, _) => Finding::good("cloudflare", "the token is active".to_owned()),
        (Owner::Unknown(_), Ok(zones)) if !zones.is_empty() => {
            Finding::good("cloudflare", "an account's token, which sees zones".to_owned())
        }
        (Owner::Unknown(words), _) => {
            let message = format!("the token is no user's, and lists no zones: {words}");
            return vec![Finding::bad("cloudflare", Obstacle::new(message, PERMISSIONS))];
        }
    };
    vec![token, listed(zones)]
}

/// What a Cloudflare token needs.
const PERMISSIONS: &str = "make a token with Zone:Read and DNS:Edit for your zone (My Profile, API Tokens)";

fn listed(zones: Result<Vec<String>, Trouble>) -> Finding {
    match zones {
        Ok(zones) if zones.is_empty() => {
            Finding::bad("zones", Obstacle::new("the token sees none", PERMISSIONS))
        }
        Ok(zones) => {
            let more = zones.len().saturating_sub(ZONES);
            let named = zones[..zones.len() - more].join(", ");
            let saw = if more == 0 { named } else { format!("{named} and {more} more") };
            Finding::good("zones", saw)
        }
        Err(Trouble::TokenRefused { reason, .. }) => Finding::odd(
            "zones",
            format!("the token may not list them: {reason}"),
            "one that is limited to your zone still works; `fabrik plan` tells",
        ),
        Err(trouble) => Finding::trouble("zones", trouble),
    }
}

/// Whether the zones that apps here are in can still be seen.
async fn used_zones(reach: &Reach, store: Option<Arc<dyn Store>>) -> Vec<Finding> {
    let Some(store) = store else { return Vec::new() };
    let rows = store.list(None).await.unwrap_or_default();
    let apps: BTreeSet<&AppKey> = rows.iter().map(|row| &row.app).collect();
    let mut zones = BTreeMap::new();
    for app in apps {
        let runs: Vec<RunRow> = rows.iter().filter(|row| row.app == *app).cloned().collect();
        let Ok(Some(release)) = Release::newest(&store, &runs, None).await else { continue };
        if release.plan().place.coolify == reach.vendors.coolify.url() {
            let used = release.records().into_iter().map(|(record, _)| &record.zone);
            zones.extend(used.map(|zone| (zone.id.clone(), (zone.name.clone(), app.name.clone()))));
        }
    }
    let mut findings = Vec::new();
    for (id, (zone, app)) in zones {
        findings.push(match reach.vendors.cloudflare.control(&id).await {
            Ok(()) => Finding::good("zone", format!("{zone}, which `{app}` is in, is visible")),
            Err(trouble) => {
                let message = format!("{zone}, which `{app}` is in, is not visible: {trouble}");
                Finding::bad("zone", Obstacle::new(message, PERMISSIONS))
            }
        });
    }
    findings
}

impl Finding {
    fn good(about: &'static str, saw: String) -> Self {
        Self { about, health: Health::Good, saw, hint: String::new() }
    }

    fn odd(about: &'static str, saw: String, hint: &str) -> Self {
        Self { about, health: Health::Odd, saw, hint: hint.to_owned() }
    }

    fn bad(about: &'static str, obstacle: Obstacle) -> Self {
        Self { about, health: Health::Bad, saw: obstacle.message, hint: obstacle.hint }
    }

    fn trouble(about: &'static str, trouble: Trouble) -> Self {
        Self::bad(about, Obstacle::from(trouble))
    }

    fn lines(&self) -> Vec<String> {
        let (style, sign) = match self.health {
            Health::Good => (GOOD, "✓"),
            Health::Odd => (ODD, "!"),
            Health::Bad => (BAD, "✗"),
        };
        let mut lines = vec![format!("  {} {:<12} {}", in_style(style, sign), self.about, self.saw)];
        if !self.hint.is_empty() {
            lines.push(format!("    hint: {}", self.hint));
        }
        lines
    }

    fn fields(&self) -> serde_json::Value {
        let health = match self.health {
            Health::Good => "good",
            Health::Odd => "odd",
            Health::Bad => "bad",
        };
        json!({"check": self.about, "health": health, "saw": self.saw, "hint": self.hint})
    }
}
