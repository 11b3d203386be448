//! The lease rows: read, passed on, renewed, given back. Whether one may pass on is decided in `tenure`.

use machine::timestamp::DualTimestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::Fault;
use crate::journal::lease_record::LeaseRecord;
use crate::journal::{Holder, StoreError};

/// The tenure in the book, if the key was ever claimed.
pub(super) fn tenure(connection: &Connection, key: &str) -> Result<Option<LeaseRecord>, Fault> {
    let sql = "SELECT token, holder, since_ms, expires_wall_ms, expires_boot_ms, expires_boot, released
               FROM leases WHERE key = ?1";
    Ok(connection.query_row(sql, [key], read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<LeaseRecord> {
    let holder: String = row.get(1)?;
    Ok(LeaseRecord {
        token: number(row, 0)?,
        holder: serde_json::from_str(&holder).unwrap_or_else(|_| Holder::unknown(&holder)),
        since_ms: number(row, 2)?,
        expires: DualTimestamp { wall_ms: number(row, 3)?, monotonic_ms: number(row, 4)?, boot: row.get(5)? },
        released: row.get(6)?,
    })
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// Puts `next` into the book in the place of `last`.
pub(super) fn grant(
    connection: &Connection,
    key: &str,
    last: Option<&LeaseRecord>,
    next: &LeaseRecord,
) -> Result<(), Fault> {
    let sql = match last {
        None => {
            "INSERT INTO leases
                 (key, token, holder, since_ms, expires_wall_ms, expires_boot_ms, expires_boot, released)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)"
        }
        Some(_) => {
            "UPDATE leases
             SET token = ?2, holder = ?3, since_ms = ?4, expires_wall_ms = ?5, expires_boot_ms = ?6,
                 expires_boot = ?7, released = 0
             WHERE key = ?1"
        }
    };
    let holder = serde_json::to_string(&next.holder).map_err(|error| Fault::unusable(error.to_string()))?;
    let times = (
        next.since_ms.cast_signed(),
        next.expires.wall_ms.cast_signed(),
        next.expires.monotonic_ms.cast_signed(),
    );
    let row = (key, next.token.cast_signed(), holder, times.0, times.1, times.2, &next.expires.boot);
    connection.execute(sql, row)?;
    Ok(())
}

/// Makes the tenure with `token` last until `expires`.
pub(super) fn renew(
    connection: &Connection,
    key: &str,
    token: u64,
    expires: &DualTimestamp,
) -> Result<(), Fault> {
    let sql = "UPDATE leases SET expires_wall_ms = ?3, expires_boot_ms = ?4, expires_boot = ?5
               WHERE key = ?1 AND token = ?2 AND released = 0";
    let (wall_ms, boot_ms) = (expires.wall_ms.cast_signed(), expires.monotonic_ms.cast_signed());
    match connection.execute(sql, (key, token.cast_signed(), wall_ms, boot_ms, &expires.boot))? {
        0 => Err(StoreError::Fenced { key: key.to_owned() }.into()),
        _ => Ok(()),
    }
}

/// Gives the tenure with `token` back; nothing where there is a newer one.
pub(super) fn release(connection: &Connection, key: &str, token: u64) -> Result<(), Fault> {
    let sql = "UPDATE leases SET released = 1 WHERE key = ?1 AND token = ?2";
    connection.execute(sql, (key, token.cast_signed()))?;
    Ok(())
}
