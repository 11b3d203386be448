//! Zones and records as the simulated Cloudflare keeps them.
//!
//! Only the nouns; the API around them is in `cloudflare`, the answers of name servers in `resolver`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cloudflare::Setup;

/// A zone. Any name of exactly two labels is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimZone {
    /// 32 hex digits, the same in every world.
    pub id: String,
    /// Its apex, in ASCII.
    pub name: String,
    #[serde(default)]
    pub setup: Setup,
}

/// A DNS record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// 32 hex digits.
    pub id: String,
    /// The zone's id.
    pub zone: String,
    /// `A`, `AAAA`, `CNAME`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Full name, lower case, without the final dot.
    pub name: String,
    /// Address, host or text.
    pub content: String,
    /// Seconds; 1 is automatic.
    pub ttl: u32,
    /// Whether Cloudflare's edge stands in front.
    pub proxied: bool,
    /// Where an ownership tag may stand.
    pub comment: Option<String>,
    /// Whether it is kept by a product of Cloudflare's own.
    #[serde(default)]
    pub read_only: bool,
    /// Creation.
    pub created: Timestamp,
    /// Last change.
    pub modified: Timestamp,
    /// Creation on the boot clock in milliseconds.
    pub boot_ms: u64,
}

impl SimZone {
    /// The zone of this name, if it is the name of one.
    pub fn named(name: &str) -> Option<Self> {
        let labels: Vec<&str> = name.split('.').collect();
        let sound = labels.len() == 2 && labels.iter().all(|label| !label.is_empty());
        sound.then(|| Self::at(name))
    }

    /// A zone of this name, however many labels it has.
    pub fn at(name: &str) -> Self {
        Self { id: zone_id(name), name: name.to_owned(), setup: Setup::default() }
    }
}

/// The zone id belonging to a name.
fn zone_id(name: &str) -> String {
    super::world::hex(&super::world::digest(&[b"zone", name.as_bytes()])[..16])
}

/// The name of the zone a host falls into: its last two labels.
pub fn zone_name(host: &str) -> Option<&str> {
    let dot = host.rfind('.')?;
    Some(host[..dot].rfind('.').map_or(host, |before| &host[before + 1..]))
}
