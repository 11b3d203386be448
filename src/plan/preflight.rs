//! Preflight of Coolify: what must hold of its address, its token and its version before any run.
//!
//! `doctor`, `plan` and `apply` ask here and nowhere else, so that none of them knows what another does not. All
//! questions are sent side by side and none of them changes anything. Which server an app gets, and its zones, is for
//! [`survey`](super::survey).

use super::Blocker;
use crate::providers::coolify::abilities::{Ability, advice, is_about_an_ability};
use crate::providers::coolify::servers::Server;
use crate::providers::coolify::{Team, Version};
use crate::providers::{Api, Coolify, ReadError};

/// The answers to all questions, as they came.
pub struct Preflight {
    url: String,
    version: Result<String, ReadError>,
    team: Result<Team, ReadError>,
    servers: Result<Vec<Server>, ReadError>,
    write: Result<Ability, ReadError>,
    deploy: Result<Ability, ReadError>,
}

/// What a run takes for granted of a Coolify that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its version, as `4.3.11`.
    pub version: String,
    /// The token's team.
    pub team: Team,
    /// The servers of the team, at least one.
    pub servers: Vec<Server>,
}

/// How one resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreflightHealth {
    /// As it should be.
    Good,
    /// A run would work all the same.
    Odd,
    /// No run would work.
    Bad,
}

/// One resource that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreflightCheck {
    /// What it is about, in one word.
    pub about: &'static str,
    pub health: PreflightHealth,
    /// What was seen.
    pub saw: String,
    /// What to do; empty where there is nothing to do, or `saw` says it all.
    pub hint: String,
}

impl Preflight {
    /// Asks Coolify everything.
    pub async fn of(coolify: &Coolify) -> Self {
        // The servers are what the team sees. Asked in this order, and the team once more when the plan is made, a token
        // that becomes another team's in between never gives one team's name beside the other one's servers.
        let place = async { (coolify.team().await, coolify.servers().await) };
        let (version, (team, servers), write, deploy) =
            tokio::join!(coolify.version(), place, coolify.may_write(), coolify.may_deploy());
        Self { url: coolify.url().to_owned(), version, team, servers, write, deploy }
    }

    /// What it comes to, one check each; only the first where Coolify cannot be asked at all.
    pub fn checks(&self) -> Vec<PreflightCheck> {
        let version = match &self.version {
            Ok(version) => self.versioned(version),
            Err(trouble) if lacks_ability(trouble) => {
                return vec![
                    PreflightCheck::trouble("read", trouble),
                    self.ability("write"),
                    self.ability("deploy"),
                ];
            }
            Err(trouble) => return vec![PreflightCheck::trouble("coolify", trouble)],
        };
        let team = match &self.team {
            Ok(team) => PreflightCheck::good("team", named(team)),
            Err(trouble) => PreflightCheck::trouble("team", trouble),
        };
        let server = match (&self.servers, &self.team) {
            (Err(trouble), _) => Some(PreflightCheck::trouble("server", trouble)),
            (Ok(servers), Ok(team)) if servers.is_empty() => Some(no_server(team)),
            (Ok(_), _) => None,
        };
        let read = PreflightCheck::good("read", HAS.to_owned());
        let mut checks = vec![version, team];
        checks.extend(server);
        checks.extend([read, self.ability("write"), self.ability("deploy")]);
        checks
    }

    /// The servers that the token sees, where they could be asked for.
    pub fn servers(&self) -> &[Server] {
        self.servers.as_deref().unwrap_or_default()
    }

    /// What a run may take for granted.
    ///
    /// # Errors
    /// Everything that is bad.
    pub fn facts(self) -> Result<Facts, Vec<Blocker>> {
        let bad = self.checks().into_iter().filter(|check| check.health == PreflightHealth::Bad);
        let mut bad: Vec<Blocker> = bad.map(|check| Blocker::new(check.saw, check.hint)).collect();
        // What is wrong with all calls is told once.
        bad.dedup();
        match (self.version, self.team, self.servers) {
            (Ok(version), Ok(team), Ok(servers)) if bad.is_empty() => Ok(Facts { version, team, servers }),
            _ => Err(bad),
        }
    }

    fn versioned(&self, version: &str) -> PreflightCheck {
        let saw = format!("{version} at {}", self.url);
        match Version::parse(version).and_then(Version::concern) {
            Some(concern) => PreflightCheck::odd("coolify", saw, concern),
            None => PreflightCheck::good("coolify", saw),
        }
    }

    // Only a clear no keeps a run from being tried: a probe is sent once, and an answer may get lost.
    fn ability(&self, name: &'static str) -> PreflightCheck {
        let found = if name == "write" { &self.write } else { &self.deploy };
        match found {
            Ok(Ability::Has) => PreflightCheck::good(name, HAS.to_owned()),
            Ok(Ability::Lacks(words)) => {
                let saw = format!("{} may not {name}: {words}", Api::Coolify.token_setting());
                PreflightCheck::bad(name, saw, advice(words))
            }
            Ok(Ability::Unclear(words)) => {
                PreflightCheck::odd(name, format!("Coolify does not say: {words}"), String::new())
            }
            Err(trouble @ ReadError::TokenRefused { .. }) => PreflightCheck::trouble(name, trouble),
            Err(trouble) => {
                PreflightCheck::odd(name, format!("Coolify does not say: {trouble}"), String::new())
            }
        }
    }
}

const HAS: &str = "the Coolify token has it";

fn lacks_ability(trouble: &ReadError) -> bool {
    matches!(trouble, ReadError::TokenRefused { reason, .. } if is_about_an_ability(reason))
}

fn named(team: &Team) -> String {
    format!("{} (id {})", team.name, team.id)
}

// A token belongs to one team and sees nothing of the others (Coolify 4.3.11, observed).
fn no_server(team: &Team) -> PreflightCheck {
    PreflightCheck::bad(
        "server",
        format!("COOLIFY_API_TOKEN belongs to team {}, which has no server", named(team)),
        "if your server is in another team, make the token there (switch the team, then Keys & Tokens); else add a \
         server to this one (Servers)",
    )
}

impl PreflightCheck {
    /// One that is as it should be.
    pub fn good(about: &'static str, saw: String) -> Self {
        Self { about, health: PreflightHealth::Good, saw, hint: String::new() }
    }

    pub fn odd(about: &'static str, saw: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { about, health: PreflightHealth::Odd, saw: saw.into(), hint: hint.into() }
    }

    /// One that keeps every run from working.
    pub fn bad(about: &'static str, saw: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { about, health: PreflightHealth::Bad, saw: saw.into(), hint: hint.into() }
    }

    /// The same, because of `trouble`.
    pub fn trouble(about: &'static str, trouble: &ReadError) -> Self {
        Self::bad(about, trouble.to_string(), trouble.hint())
    }
}
