//! How many records a zone holds, and how many it may hold.

use super::Cloudflare;
use super::finding::Finding;
use super::zone::CloudflareZone;
use crate::providers::ReadError;

/// So few free places are worth a word.
const NEARLY: u64 = 5;

/// The records of a zone, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// How many there may be; `None` where the limit is the account's, not the zone's.
    pub quota: Option<u64>,
    /// How many there are.
    pub used: u64,
}

impl Cloudflare {
    /// How full a zone is; `None` where the API or the token does not tell.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn usage(&self, zone_id: &str) -> Result<Option<Usage>, ReadError> {
        let body = self.learn(&format!("/zones/{zone_id}/dns_records/usage")).await?.unwrap_or_default();
        let number = |name: &str| body["result"][name].as_u64();
        Ok(number("record_usage").map(|used| Usage { quota: number("record_quota"), used }))
    }
}

impl Usage {
    /// What it means for one more record.
    pub fn concern(self, zone: &CloudflareZone) -> Option<Finding> {
        let quota = self.quota?;
        let counted = format!("zone `{}` holds {} of {quota} records", zone.name, self.used);
        match quota.saturating_sub(self.used) {
            0 => Some(Finding::refusal(counted, "delete records, or raise the zone's plan")),
            1..=NEARLY => Some(Finding::warning(counted, "delete records soon, or raise the zone's plan")),
            _ => None,
        }
    }
}
