//! `fabrik doctor`: is everything there that a run needs? Changes nothing.

use std::path::Path;

use serde_json::json;

use super::Came;
use super::args::Global;
use super::face::Face;
use super::join::{self, Reach};
use super::settings::{Settings, Where, World};
use crate::plan::Obstacle;
use crate::providers::coolify::abilities::Ability;
use crate::providers::coolify::servers::Server;
use crate::providers::{Cloudflare, Coolify, Trouble};
use crate::report::exit::{DONE, REFUSED};
use crate::report::screen::{BAD, GOOD, ODD, in_style};
use crate::secrets::FingerprintKey;

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

/// Looks at everything, one line each; ends with 2 where something would keep a run from working.
pub async fn run(global: &Global, face: &Face) -> Came {
    let settings = Settings::of(global, Path::new("."));
    let place = settings.locate(global).map_err(|obstacle| vec![obstacle])?;
    let mut findings = vec![world(&place), journal(&place)];
    match Reach::of(&place, &settings, global, face).await {
        Ok(reach) => {
            findings.extend(coolify(&reach.vendors.coolify).await);
            findings.extend(cloudflare(&reach.vendors.cloudflare).await);
        }
        Err(obstacle) => findings.push(Finding::bad("credentials", obstacle)),
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

fn journal(place: &Where) -> Finding {
    let path = place.journal.display();
    match (join::look(&place.journal), FingerprintKey::load(join::folder(&place.journal))) {
        (Err(obstacle), _) => Finding::bad("journal", obstacle),
        (_, Err(error)) => Finding::bad("journal", Obstacle::new(error.to_string(), "")),
        (Ok(None), _) => Finding::good("journal", format!("{path}, not there yet: the first run makes it")),
        (Ok(Some(_)), Ok(Some(_))) => Finding::good("journal", format!("{path}, with its key")),
        (Ok(Some(_)), Ok(None)) => Finding {
            about: "journal",
            health: Health::Odd,
            saw: format!("{path}, but its key is gone"),
            hint: "put `fabrik.key` back beside it, or every secret counts as unknown".to_owned(),
        },
    }
}

async fn coolify(coolify: &Coolify) -> Vec<Finding> {
    let mut findings = vec![match coolify.version().await {
        Ok(version) => Finding::good("coolify", format!("{version} at {}", coolify.url())),
        Err(trouble) => Finding::trouble("coolify", trouble),
    }];
    if findings[0].health == Health::Bad {
        return findings;
    }
    findings.push(match coolify.team().await {
        Ok(team) => Finding::good("team", format!("{} (id {})", team.name, team.id)),
        Err(trouble) => Finding::trouble("team", trouble),
    });
    findings.push(ability("write", coolify.may_write().await));
    findings.push(ability("deploy", coolify.may_deploy().await));
    findings.extend(servers(coolify).await);
    findings.push(clock(coolify.skew().await));
    findings
}

fn ability(name: &'static str, found: Result<Ability, Trouble>) -> Finding {
    match found {
        Ok(Ability::Has) => Finding::good(name, "the Coolify token has it".to_owned()),
        Ok(Ability::Lacks(words)) => Finding::bad(
            name,
            Obstacle::new(
                format!("the Coolify token lacks it: {words}"),
                format!("make a token with read, write and deploy (Keys & Tokens); `{name}` is missing"),
            ),
        ),
        Ok(Ability::Unclear(words)) => Finding {
            about: name,
            health: Health::Odd,
            saw: format!("Coolify does not say: {words}"),
            hint: String::new(),
        },
        Err(trouble) => Finding::trouble(name, trouble),
    }
}

async fn servers(coolify: &Coolify) -> Vec<Finding> {
    let servers = match coolify.servers().await {
        Ok(servers) => servers,
        Err(trouble) => return vec![Finding::trouble("server", trouble)],
    };
    if !servers.iter().any(|server| server.usable) {
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        let message = format!("none is usable ({})", names.join(", "));
        return vec![Finding::bad("server", Obstacle::new(message, "validate one in Coolify (Servers)"))];
    }
    let finding = |server: &Server| {
        if server.usable {
            return Finding::good("server", format!("{} is usable", server.name));
        }
        Finding {
            about: "server",
            health: Health::Odd,
            saw: format!("{} is not usable", server.name),
            hint: "validate it in Coolify (Servers)".to_owned(),
        }
    };
    servers.iter().map(finding).collect()
}

fn clock(skew: Result<i64, Trouble>) -> Finding {
    match skew {
        Ok(skew) if skew.abs() <= SKEW => Finding::good("clock", format!("{skew} s from Coolify's")),
        Ok(skew) => Finding {
            about: "clock",
            health: Health::Odd,
            saw: format!("{skew} s from Coolify's"),
            hint: "set both by NTP: certificates and logs are judged by time".to_owned(),
        },
        Err(trouble) => {
            Finding { about: "clock", health: Health::Odd, saw: trouble.to_string(), hint: String::new() }
        }
    }
}

async fn cloudflare(cloudflare: &Cloudflare) -> Vec<Finding> {
    let token = match cloudflare.token().await {
        Ok(words) => Finding::good("cloudflare", words),
        Err(trouble) => Finding::trouble("cloudflare", trouble),
    };
    let zones = match cloudflare.zones().await {
        Ok(zones) if zones.is_empty() => Finding {
            about: "zones",
            health: Health::Odd,
            saw: "the token lists none".to_owned(),
            hint: "give it Zone:Read and DNS:Edit for your zone; a token for one zone may not list"
                .to_owned(),
        },
        Ok(zones) => Finding::good("zones", zones.join(", ")),
        Err(trouble) => Finding::trouble("zones", trouble),
    };
    vec![token, zones]
}

impl Finding {
    fn good(about: &'static str, saw: String) -> Self {
        Self { about, health: Health::Good, saw, hint: String::new() }
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
