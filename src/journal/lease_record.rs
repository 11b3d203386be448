//! A lease as a store keeps it: who has a key, under which token, until when.
//!
//! Decides whether a key may pass to somebody else. Does not know how tenures are stored, nor how the operating
//! system's lock is taken.

use jiff::Timestamp;
use machine::timestamp::DualTimestamp;

use super::{Holder, LEASE, Lease, LeaseHolder};
use crate::net::Clock;

/// Now, on both clocks.
pub(super) fn now(clock: &dyn Clock) -> DualTimestamp {
    DualTimestamp { wall_ms: millis(clock.wall()), monotonic_ms: boot_ms(clock), boot: clock.boot_id() }
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}

fn boot_ms(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.boot().as_millis()).unwrap_or(u64::MAX)
}

/// What is kept about a key that was ever claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeaseRecord {
    /// The newest token given.
    pub token: u64,
    pub holder: Holder,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// When it runs out, on both clocks of the host that granted it.
    pub expires: DualTimestamp,
    /// Whether it was given back.
    pub released: bool,
}

impl LeaseRecord {
    /// The tenure that follows `last`, from `now` on.
    pub(crate) fn after(last: Option<&Self>, holder: &Holder, now: &DualTimestamp) -> Self {
        Self {
            token: last.map_or(0, |last| last.token) + 1,
            holder: holder.clone(),
            since_ms: now.wall_ms,
            expires: expiry(now),
            released: false,
        }
    }

    /// The same tenure, renewed at `now`.
    pub(crate) fn renewed(self, now: &DualTimestamp) -> Self {
        Self { expires: expiry(now), ..self }
    }

    /// Whether `token` is the one that may write.
    pub(crate) fn admits(&self, token: u64) -> bool {
        self.token == token && !self.released
    }

    /// Whether the key may pass to `next`, who already has the operating system's lock on it.
    ///
    /// A live holder on this host would still have that lock, so the one in the book is dead. Another host's
    /// locks are not seen from here: there only time proves anything.
    pub(crate) fn may_pass_to(&self, next: &Holder, now: &DualTimestamp) -> bool {
        self.released || self.holder.shares_host_with(next) || self.has_run_out(now)
    }

    fn has_run_out(&self, now: &DualTimestamp) -> bool {
        if self.expires.boot == now.boot {
            self.expires.monotonic_ms <= now.monotonic_ms
        } else {
            self.expires.wall_ms <= now.wall_ms
        }
    }

    /// Whose it is, for others to read.
    pub(crate) fn holder(&self) -> LeaseHolder {
        let since_ms = i64::try_from(self.since_ms).unwrap_or(i64::MAX);
        LeaseHolder {
            by: self.holder.clone(),
            since: Timestamp::from_millisecond(since_ms).unwrap_or(Timestamp::UNIX_EPOCH),
            token: self.token,
        }
    }

    /// Whose it is, unless that one gave it back.
    pub(crate) fn unreturned(&self) -> Option<LeaseHolder> {
        (!self.released).then(|| self.holder())
    }

    /// Who has the operating system's lock, at `now`, beside this row. One that was given back does not tell: its
    /// holder may have been made to, or somebody else has not written a row yet.
    pub(crate) fn behind_the_lock(row: Option<&Self>, now: Timestamp) -> LeaseHolder {
        row.and_then(Self::unreturned).unwrap_or_else(|| LeaseHolder {
            by: Holder::unknown("a process on this host that is just beginning or ending"),
            since: now,
            token: row.map_or(0, |row| row.token),
        })
    }
}

/// The lease on `key` that was granted when the clock said `asked`.
pub(super) fn lease(key: &str, token: u64, asked: &DualTimestamp) -> Lease {
    Lease { key: key.to_owned(), token, until: until(asked) }
}

/// When a lease runs out that was granted, or renewed, when the clock said `asked`.
pub(super) fn until(asked: &DualTimestamp) -> std::time::Duration {
    std::time::Duration::from_millis(asked.monotonic_ms) + LEASE
}

/// When a lease runs out that begins or is renewed at `now`.
pub(super) fn expiry(now: &DualTimestamp) -> DualTimestamp {
    let lease_ms = u64::try_from(LEASE.as_millis()).expect("a lease lasts minutes");
    DualTimestamp {
        wall_ms: now.wall_ms.saturating_add(lease_ms),
        monotonic_ms: now.monotonic_ms.saturating_add(lease_ms),
        boot: now.boot.clone(),
    }
}

impl Holder {
    /// The machine's name, out of `user@host`.
    pub fn host(&self) -> &str {
        self.who.rsplit_once('@').map_or(&*self.who, |(_, host)| host)
    }

    /// Containers on one kernel have one boot and many host names; a machine keeps its name over reboots.
    pub fn shares_host_with(&self, other: &Self) -> bool {
        self.boot == other.boot || self.host() == other.host()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(host: &str, boot: &str) -> Holder {
        Holder { who: format!("ada@{host}"), pid: 7, boot: boot.into(), command: "apply blog.yaml".into() }
    }

    fn at(wall_ms: u64, boot_ms: u64, boot: &str) -> DualTimestamp {
        DualTimestamp { wall_ms, monotonic_ms: boot_ms, boot: boot.into() }
    }

    fn lease_ms() -> u64 {
        expiry(&at(0, 0, "")).monotonic_ms
    }

    #[test]
    fn a_key_passes_at_once_within_a_host_by_name_or_by_boot() {
        let tenure = LeaseRecord::after(None, &holder("mill", "b1"), &at(0, 0, "b1"));
        for (host, boot, passes) in [("mill", "b2", true), ("box", "b1", true), ("box", "b2", false)] {
            assert_eq!(tenure.may_pass_to(&holder(host, boot), &at(1, 1, boot)), passes, "{host} {boot}");
        }
    }

    #[test]
    fn between_hosts_the_wall_clock_decides_and_within_a_boot_the_steady_one() {
        let tenure = LeaseRecord::after(None, &holder("mill", "b1"), &at(1_000, 50, "b1"));
        let next = holder("box", "b2");
        let ends = lease_ms();
        for (now, passes) in [
            (at(1_000 + ends - 1, 0, "b2"), false),
            (at(1_000 + ends, 0, "b2"), true),
            (at(0, 50 + ends - 1, "b1"), false),
            (at(0, 50 + ends, "b1"), true),
            (at(u64::MAX, 50, "b1"), false),
        ] {
            assert_eq!(tenure.may_pass_to(&next, &now), passes, "{now:?}");
        }
    }

    #[test]
    fn a_holder_is_told_with_its_process_and_command_where_they_are_known() {
        assert_eq!(holder("mill", "b1").to_string(), "ada@mill, pid 7, `fabrik apply blog.yaml`");
        assert_eq!(Holder::unknown("somebody").to_string(), "somebody");
    }
}
