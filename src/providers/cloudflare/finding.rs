//! Things to know before a run begins: what would go wrong at Cloudflare, and what to do about it.
//!
//! Facts are looked up in the files beside this one, each with its judgment; here they are joined. Nothing is
//! decided: a plan shows the warnings and stops at the refusals.

use super::edge::EdgeProxy;
use super::zone::CloudflareZone;
use super::{Cloudflare, delegation, edge};
use crate::providers::ReadError;

/// Something to know before a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the run can begin all the same.
    pub weight: Weight,
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Whether a run can begin in spite of a concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It can; it is to be told.
    Warning,
    /// It cannot: it would fail, and be undone.
    Refusal,
}

impl Finding {
    /// Something that is only to be told.
    pub fn warning(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, message: message.into(), hint: hint.into() }
    }

    /// Something that stops a run before it begins.
    pub fn refusal(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { weight: Weight::Refusal, message: message.into(), hint: hint.into() }
    }

    /// Message and hint in one line.
    pub fn line(&self) -> String {
        format!("{}: {}", self.message, self.hint)
    }
}

impl Cloudflare {
    /// What to know about a record for `host` in `zone`: the zone's state, delegations above the name, and with a
    /// proxy in front the edge's certificate and the encryption mode.
    ///
    /// # Errors
    /// [`ReadError`] when one of the facts cannot be learnt.
    pub async fn concerns(
        &self,
        zone: &CloudflareZone,
        host: &str,
        proxy: EdgeProxy,
    ) -> Result<Vec<Finding>, ReadError> {
        let (delegations, mode) = tokio::join!(self.delegations(zone, host), self.mode_behind(zone, proxy));
        let mut concerns = zone.concerns(proxy);
        concerns.extend(delegation::delegated(host, &delegations?));
        if proxy != EdgeProxy::Never {
            concerns.extend(edge::depth(zone, host));
            let mode = mode?;
            concerns.extend(match proxy {
                EdgeProxy::Tunnel => edge::judge_tunnel(zone, mode.as_ref()),
                EdgeProxy::Never | EdgeProxy::Later | EdgeProxy::First => {
                    edge::judge(zone, mode.as_ref(), proxy)
                }
            });
        }
        Ok(concerns)
    }

    /// What to know besides when that record is yet to be made: the zone's quota, and wildcards that answer for it
    /// meanwhile.
    ///
    /// # Errors
    /// [`ReadError`] when one of the facts cannot be learnt.
    pub async fn creation_findings(
        &self,
        zone: &CloudflareZone,
        host: &str,
    ) -> Result<Vec<Finding>, ReadError> {
        let (usage, wildcards) = tokio::join!(self.usage(&zone.id), self.wildcards(zone, host));
        let full = usage?.and_then(|usage| usage.concern(zone));
        Ok(full.into_iter().chain(delegation::covered(host, &wildcards?)).collect())
    }

    async fn mode_behind(
        &self,
        zone: &CloudflareZone,
        proxy: EdgeProxy,
    ) -> Result<Option<edge::Mode>, ReadError> {
        if proxy == EdgeProxy::Never { Ok(None) } else { self.mode(&zone.id).await }
    }
}
