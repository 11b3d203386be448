//! Faults drawn from a seed.
//!
//! What befalls a request is a pure function of (seed, method, path shape, how many of that kind came
//! before), so parallel reads of different kinds do not disturb each other.

use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::exchange::{CLOUDFLARE, is_api};
use super::faults::RequestFault;
use super::world::{World, digest};

/// A seed, and how often what goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Everything follows from it.
    pub seed: u64,
    /// How often.
    pub rates: Rates,
}

/// How often each resource goes wrong, in a thousand requests it can befall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// [`RequestFault::Refused`].
    pub refused: u16,
    /// [`RequestFault::LostBefore`].
    pub lost_before: u16,
    /// [`RequestFault::LostAfter`].
    pub lost_after: u16,
    /// [`RequestFault::Late`], within the settle window of the call (31, 60, 120 or 180 s). Writes only.
    pub late: u16,
    /// [`RequestFault::ErrorBefore`].
    pub error_before: u16,
    /// [`RequestFault::ErrorAfter`]. Writes only.
    pub error_after: u16,
    /// [`RequestFault::Garbled`].
    pub garbled: u16,
    /// [`RequestFault::Empty`]. Writes only: an empty list would be a lie, not a fault.
    pub empty: u16,
    /// [`RequestFault::Gateway`].
    pub gateway: u16,
    /// [`RequestFault::TooMany`] with `Retry-After`.
    pub too_many: u16,
    /// [`RequestFault::TooMany`] without.
    pub too_many_bare: u16,
    /// [`RequestFault::Stale`]. Reads only.
    pub stale: u16,
    /// [`RequestFault::Slow`].
    pub slow: u16,
    /// Each of the answers that are not true: [`RequestFault::Mistyped`], [`RequestFault::Unsuccessful`], [`RequestFault::GatewayAfter`],
    /// [`RequestFault::Elsewhere`]; of reads also [`RequestFault::Shuffled`], [`RequestFault::Doubled`], [`RequestFault::CutShort`],
    /// [`RequestFault::Another`]; and 429 that asks for years.
    #[serde(default)]
    pub lies: u16,
}

impl Rates {
    /// A bad day: about one request in four is hit.
    pub const HOSTILE: Self = Self {
        refused: 10,
        lost_before: 30,
        lost_after: 40,
        late: 30,
        error_before: 30,
        error_after: 30,
        garbled: 10,
        empty: 10,
        gateway: 20,
        too_many: 20,
        too_many_bare: 10,
        stale: 60,
        slow: 20,
        lies: 0,
    };
}

/// What the schedule has for this request, which is counted.
pub(crate) fn draw(world: &mut World, ask: &Ask) -> Option<RequestFault> {
    let schedule = world.schedule.clone()?;
    if !is_api(ask) {
        return None;
    }
    let kind = kind(ask);
    let nth = world.kinds.entry(kind.clone()).or_default();
    *nth += 1;
    schedule.fault(ask, &kind, *nth)
}

impl Schedule {
    fn fault(&self, ask: &Ask, kind: &str, nth: u64) -> Option<RequestFault> {
        let hash = digest(&[&self.seed.to_be_bytes(), kind.as_bytes(), &nth.to_be_bytes()]);
        let mut lot = u16::from_be_bytes([hash[0], hash[1]]) % 1000;
        for (rate, fault) in self.rates.table(ask, u64::from(u16::from_be_bytes([hash[2], hash[3]]))) {
            if lot < rate {
                return Some(fault);
            }
            lot -= rate;
        }
        None
    }
}

impl Rates {
    fn table(&self, ask: &Ask, lot: u64) -> Vec<(u16, RequestFault)> {
        let mut table = vec![
            (self.refused, RequestFault::Refused),
            (self.lost_before, RequestFault::LostBefore),
            (self.lost_after, RequestFault::LostAfter),
            (self.error_before, RequestFault::ErrorBefore),
            (self.garbled, RequestFault::Garbled),
            (self.gateway, RequestFault::Gateway),
            (self.too_many, RequestFault::TooMany { retry_after: Some(1 + lot % 60) }),
            (self.too_many_bare, RequestFault::TooMany { retry_after: None }),
            (self.slow, RequestFault::Slow),
        ];
        if ask.writes() {
            let after_ms = 1 + lot * 997 % (settle_ms(ask) - 1000);
            table.push((self.late, RequestFault::Late { after_ms }));
            table.push((self.error_after, RequestFault::ErrorAfter));
            table.push((self.empty, RequestFault::Empty));
        } else {
            table.push((self.stale, RequestFault::Stale));
            let lists = [
                RequestFault::Shuffled,
                RequestFault::Doubled,
                RequestFault::CutShort,
                RequestFault::Another,
            ];
            table.extend(lists.map(|lie| (self.lies, lie)));
        }
        let years = RequestFault::TooMany { retry_after: Some(86_400 * 365) };
        let lies = [
            RequestFault::Mistyped,
            RequestFault::Unsuccessful,
            RequestFault::GatewayAfter,
            RequestFault::Elsewhere,
            years,
        ];
        table.extend(lies.map(|lie| (self.lies, lie)));
        table
    }
}

/// Within what time of sending a request may still take effect, in milliseconds.
fn settle_ms(ask: &Ask) -> u64 {
    match ask.host.as_str() {
        CLOUDFLARE => 31_000,
        _ if ask.path.ends_with("/deploy") => 120_000,
        _ if ask.path.ends_with("/private-github-app") => 180_000,
        _ => 60_000,
    }
}

/// Method, host and path, ids taken out.
fn kind(ask: &Ask) -> String {
    format!("{} {}{}", ask.method, ask.host, shape(&ask.path))
}

/// A path, ids taken out.
pub(super) fn shape(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { ":id" } else { part }).collect();
    parts.join("/")
}

fn is_id(part: &str) -> bool {
    matches!(part.len(), 24 | 32)
        && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
