//! Other records that stand between a name and its own: delegations above it, wildcards that answer for it.
//!
//! A record at or below a delegation is accepted and never served. A wildcard answers for a name until the name
//! has a record of its own (Cloudflare API, "shadowing"; RFC 4592).

use machine::receipt::Attributes;

use super::finding::Finding;
use super::normalize::record;
use super::zone::CloudflareZone;
use super::{Cloudflare, encoded};
use crate::providers::{ReadError, RemoteObject};

impl Cloudflare {
    /// The NS records at or above `host`, below the zone's apex: records there are not this zone's to answer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn delegations(
        &self,
        zone: &CloudflareZone,
        host: &str,
    ) -> Result<Vec<RemoteObject>, ReadError> {
        // The apex is not accepted as a value.
        if host == zone.name {
            return Ok(Vec::new());
        }
        let query = format!("shadowing_name={}&type=NS", encoded(host));
        let above = |name: &str| name != zone.name && within(host, name);
        self.kept(zone, &query, |fields| fields["type"] == "NS" && above(&fields["name"])).await
    }

    /// The wildcard records that can answer for `host`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn wildcards(&self, zone: &CloudflareZone, host: &str) -> Result<Vec<RemoteObject>, ReadError> {
        let query = format!("name.startswith={}", encoded("*."));
        let covers =
            |name: &str| name.strip_prefix("*.").is_some_and(|rest| rest != host && within(host, rest));
        let answers = |kind: &str| matches!(kind, "A" | "AAAA" | "CNAME");
        self.kept(zone, &query, |fields| answers(&fields["type"]) && covers(&fields["name"])).await
    }

    // A version that does not know a filter lets everything through, so it is asked again here.
    async fn kept(
        &self,
        zone: &CloudflareZone,
        query: &str,
        keeps: impl Fn(&Attributes) -> bool,
    ) -> Result<Vec<RemoteObject>, ReadError> {
        let records = match self.records_of(&zone.id, query).await {
            // A filter that is refused tells nothing, and is no reason to stop.
            Err(ReadError::Refused { .. }) => Vec::new(),
            told => told?,
        };
        Ok(records.iter().filter_map(record).filter(|object| keeps(&object.fields)).collect())
    }
}

/// Whether `host` is `above` or below it, on the border of a label.
pub fn within(host: &str, above: &str) -> bool {
    host == above || host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

/// What delegations mean for a record of `host`.
pub fn delegated(host: &str, delegations: &[RemoteObject]) -> Option<Finding> {
    let shown = shown(delegations)?;
    let message = format!("`{host}` is not answered by this zone: {shown}");
    Some(Finding::refusal(message, "delete these NS records, or set the record where they point"))
}

/// What wildcards mean for a new record of `host`.
pub fn covered(host: &str, wildcards: &[RemoteObject]) -> Option<Finding> {
    let shown = shown(wildcards)?;
    let message = format!("`{host}` answers before it has a record of its own: {shown}");
    Some(Finding::warning(
        message,
        "which of the two answers is told by the release: keep `health.fingerprint`",
    ))
}

fn shown(records: &[RemoteObject]) -> Option<String> {
    let one = |object: &RemoteObject| {
        let of = |name: &str| object.fields[name].as_str();
        format!("{} {} → {}", of("type"), of("name"), of("content"))
    };
    let lines: Vec<String> = records.iter().map(one).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
