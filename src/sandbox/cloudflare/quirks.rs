//! How the simulated Cloudflare behaves where reports about the real one differ, and how zones are set up.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How the simulated Cloudflare behaves where reports about the real one differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CloudflareQuirks {
    /// The code for an equal record: 81058 or 81057.
    pub duplicate_code: u32,
    /// For how many milliseconds a deleted record still blocks its name (seconds were reported).
    pub slow_delete_ms: u64,
    /// Names still blocked by a deleted record, with its type, and until when on the boot clock.
    pub blocked: Vec<(String, String, u64)>,
    /// Records a zone may hold (Free plan: 200).
    pub quota: usize,
    /// The names of the zones that the token is limited to; `None` for all.
    pub scope: Option<Vec<String>>,
    /// So many requests from now are refused as if the token lacked a permission (seen under load).
    pub refusals: u32,
    /// The code of a 429: 971 or 10429.
    pub throttle_code: u32,
    /// For how many milliseconds a 429 is followed by nothing but 429 (five minutes are documented).
    pub penalty_ms: u64,
    /// Until when on the boot clock everything is refused.
    pub penalty_until_ms: u64,
    /// Requests in five minutes.
    pub rate_limit: u64,
    /// Start of the current five minutes on the boot clock, and the requests in them.
    pub rate_window: (u64, u64),
    /// Reported oddities that are switched on.
    pub quirks: BTreeSet<Quirk>,
}

/// An oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// Records come with `tags: null`, without `settings`, and with members nobody knows.
    OddRecords,
    /// Zones are found by their Unicode name and not by Punycode.
    UnicodeNames,
    /// The token belongs to an account, not to a user.
    AccountToken,
    /// The token may not read zone settings.
    SettingsHidden,
    /// The record quota is held by the account and not told with the zone.
    QuotaHidden,
}

/// How a zone is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// `active`, `pending`, `moved`, `initializing`, `deleted`.
    pub status: String,
    /// Whether nothing in it is proxied.
    pub paused: bool,
    /// `full`, `partial`, `secondary`.
    pub kind: String,
    /// The encryption mode: `off`, `flexible`, `full`, `strict`, `origin_pull`.
    pub ssl: String,
    /// The account's name.
    pub account: String,
    /// Whether its name servers are left out of answers.
    pub hides_servers: bool,
}

impl Default for CloudflareQuirks {
    fn default() -> Self {
        Self {
            duplicate_code: 81058,
            slow_delete_ms: 0,
            blocked: Vec::new(),
            quota: 200,
            scope: None,
            refusals: 0,
            throttle_code: 971,
            penalty_ms: 0,
            penalty_until_ms: 0,
            rate_limit: 1200,
            rate_window: (0, 0),
            quirks: BTreeSet::new(),
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            status: "active".into(),
            paused: false,
            kind: "full".into(),
            ssl: "full".into(),
            account: "Sandbox".into(),
            hides_servers: false,
        }
    }
}

impl Setup {
    /// Whether proxied records are answered by the edge.
    pub fn proxies(&self) -> bool {
        self.status == "active" && !self.paused
    }
}

impl CloudflareQuirks {
    /// Whether an oddity is switched on.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Whether the token sees a zone of this name.
    pub fn sees(&self, zone: &str) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.iter().any(|name| name == zone))
    }
}
