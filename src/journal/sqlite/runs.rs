//! The runs: their rows, lines and blobs. What may be written is decided by the database's own rules (`schema_1.sql`);
//! here their refusals are only put into words.

use std::collections::{BTreeMap, BTreeSet};

use machine::app::AppKey;
use machine::entry::{FORMAT, RunHeader, StoredEntry};
use machine::id::RunId;
use machine::phase::PhaseKind;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::fault::{Attempt, Fault};
use crate::journal::{
    FORGOTTEN, Lease, RunRow, StoreError, StoredRun, beginning, missing_blob, newer, same_app,
};

/// Writes a run's row, its first line and its blobs.
pub(super) fn begin(
    connection: &mut Connection,
    lease: &Lease,
    line: &StoredEntry,
    blobs: &BTreeMap<String, Vec<u8>>,
) -> Result<(), Fault> {
    let begun = beginning(line).map_err(Fault::unusable)?;
    same_app(lease, begun)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let attempt = Attempt { key: &lease.key, run: &begun.run, seq: 0 };
    let sql = "INSERT INTO runs (run, key, app, token, begun, phase, format, began_ms, last_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
    let (app, beginning) = (json(&begun.app)?, json(begun)?);
    let token = lease.token.cast_signed();
    let phase = begun.purpose.first_phase().as_str();
    let at = line.at.wall_ms.cast_signed();
    let row = (begun.run.as_str(), &lease.key, app, token, beginning, phase, line.v, at);
    transaction.execute(sql, row).map_err(|error| attempt.refused(&transaction, error))?;
    insert(&transaction, &attempt, lease.token, line)?;
    for hash in begun.frozen.values().collect::<BTreeSet<_>>() {
        freeze(&transaction, &begun.run, hash, blobs.get(hash))?;
    }
    Ok(transaction.commit()?)
}

fn freeze(connection: &Connection, run: &RunId, hash: &str, bytes: Option<&Vec<u8>>) -> Result<(), Fault> {
    if let Some(bytes) = bytes {
        connection.execute("INSERT INTO blobs (hash, bytes) VALUES (?1, ?2)", (hash, bytes))?;
    } else if !connection.prepare("SELECT 1 FROM blobs WHERE hash = ?1")?.exists([hash])? {
        return Err(Fault::unusable(missing_blob(hash)));
    }
    connection.execute("INSERT INTO frozen (run, hash) VALUES (?1, ?2)", (run.as_str(), hash))?;
    Ok(())
}

/// Writes line `seq` of `run`.
pub(super) fn append(
    connection: &mut Connection,
    run: &RunId,
    seq: u64,
    token: u64,
    line: &StoredEntry,
) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let key = column(&transaction, run, "SELECT key FROM runs WHERE run = ?1")?;
    insert(&transaction, &Attempt { key: &key, run, seq }, token, line)?;
    Ok(transaction.commit()?)
}

fn insert(
    connection: &Connection,
    attempt: &Attempt<'_>,
    token: u64,
    line: &StoredEntry,
) -> Result<(), Fault> {
    let sql = "INSERT INTO lines (run, seq, token, phase, format, wall_ms, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let phase = line.entry.phase().map(PhaseKind::as_str);
    let (seq, token, wall_ms) =
        (attempt.seq.cast_signed(), token.cast_signed(), line.at.wall_ms.cast_signed());
    let row = (attempt.run.as_str(), seq, token, phase, line.v, wall_ms, json(line)?);
    connection.execute(sql, row).map_err(|error| attempt.refused(connection, error))?;
    Ok(())
}

/// One column of a run's row.
fn column(connection: &Connection, run: &RunId, sql: &str) -> Result<String, Fault> {
    let found = connection.query_row(sql, [run.as_str()], |row| row.get(0)).optional()?;
    found.ok_or_else(|| StoreError::NoSuchRun(run.clone()).into())
}

/// Reads a run's lines and blobs, as of one moment.
pub(super) fn load(connection: &Connection, run: &RunId) -> Result<StoredRun, Fault> {
    let transaction = connection.unchecked_transaction()?;
    let forgotten = column(&transaction, run, "SELECT iif(forgotten, 'yes', 'no') FROM runs WHERE run = ?1")?;
    if forgotten == "yes" {
        return Err(unreadable(run, FORGOTTEN.to_owned()));
    }
    Ok(StoredRun { lines: lines(&transaction, run)?, blobs: blobs(&transaction, run)? })
}

fn lines(connection: &Connection, run: &RunId) -> Result<Vec<StoredEntry>, Fault> {
    let mut statement = connection.prepare("SELECT format, line FROM lines WHERE run = ?1 ORDER BY seq")?;
    let rows = statement.query_map([run.as_str()], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut lines = Vec::new();
    for (seq, row) in rows.enumerate() {
        let (format, line): (u32, String) = row?;
        if format > FORMAT {
            return Err(unreadable(run, newer(seq, format)));
        }
        let line = serde_json::from_str(&line);
        lines.push(line.map_err(|error| unreadable(run, format!("entry {seq}: {error}")))?);
    }
    Ok(lines)
}

fn blobs(connection: &Connection, run: &RunId) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let sql = "SELECT hash, bytes FROM frozen JOIN blobs USING (hash) WHERE run = ?1";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn unreadable(run: &RunId, reason: String) -> Fault {
    StoreError::Unreadable { run: run.clone(), reason }.into()
}

/// All runs, or those of one app. A row is never deleted, so its number tells when it came; a clock may jump back.
pub(super) fn list(connection: &Connection, app: Option<&AppKey>) -> Result<Vec<RunRow>, Fault> {
    let sql = "SELECT run, app, phase, format, begun, began_ms, last_ms, forgotten,
                   (SELECT line FROM lines WHERE lines.run = runs.run ORDER BY seq DESC LIMIT 1),
                   EXISTS (SELECT 1 FROM lines WHERE lines.run = runs.run AND lines.phase = 'RollingBack')
               FROM runs WHERE ?1 IS NULL OR key = ?1 ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([app.map(AppKey::to_string)], |row| Ok(Cached::read(row)?.unfold()))?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// A run's row as it lies in the file.
struct Cached {
    run: String,
    app: String,
    phase: String,
    format: u32,
    begun: String,
    began_ms: u64,
    last_ms: u64,
    forgotten: bool,
    newest: Option<String>,
    turned_back: bool,
}

impl Cached {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run: row.get(0)?,
            app: row.get(1)?,
            phase: row.get(2)?,
            format: row.get(3)?,
            begun: row.get(4)?,
            began_ms: row.get::<_, i64>(5)?.cast_unsigned(),
            last_ms: row.get::<_, i64>(6)?.cast_unsigned(),
            forgotten: row.get(7)?,
            newest: row.get(8)?,
            turned_back: row.get(9)?,
        })
    }

    /// `None` only for a row whose very name cannot be read: no version of this program writes one.
    fn unfold(self) -> Option<RunRow> {
        let newest_is_read =
            self.newest.as_deref().is_none_or(|line| serde_json::from_str::<StoredEntry>(line).is_ok());
        let phase = PhaseKind::ALL.into_iter().find(|phase| phase.as_str() == self.phase);
        let told = phase.zip(serde_json::from_str(&self.begun).ok());
        let told = told.map(|(phase, begun)| (self.upgraded(phase, &begun), begun));
        let (phase, begun) = told.filter(|_| self.format <= FORMAT && newest_is_read).unzip();
        Some(RunRow {
            run: RunId::try_from(self.run).ok()?,
            app: serde_json::from_str(&self.app).ok()?,
            phase,
            begun,
            began_ms: self.began_ms,
            last_ms: self.last_ms,
            forgotten: self.forgotten,
        })
    }
}

impl Cached {
    // In format 1 a run that destroys its app went through the phases of a deployment.
    fn upgraded(&self, phase: PhaseKind, begun: &RunHeader) -> PhaseKind {
        match phase {
            _ if !begun.purpose.is_destroy() => phase,
            PhaseKind::Pending | PhaseKind::Validating => PhaseKind::Surveying,
            PhaseKind::RollingBack => PhaseKind::Destroying,
            PhaseKind::Failed => PhaseKind::DestroyFailed,
            // Refused, unless it turned to what stood. Of one that was forgotten nobody can tell any more.
            PhaseKind::RolledBack if self.turned_back || (self.forgotten && self.format == 1) => {
                PhaseKind::Destroyed
            }
            phase => phase,
        }
    }
}

/// Drops a closed run's lines, and the blobs that no other run names.
pub(super) fn forget(connection: &mut Connection, run: &RunId) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let phase = column(&transaction, run, "SELECT phase FROM runs WHERE run = ?1")?;
    if !PhaseKind::ALL.into_iter().any(|name| name.is_closed() && name.as_str() == phase) {
        return Err(StoreError::NotClosed(run.clone()).into());
    }
    for sql in [
        "UPDATE runs SET forgotten = 1 WHERE run = ?1",
        "DELETE FROM lines WHERE run = ?1",
        "DELETE FROM frozen WHERE run = ?1",
    ] {
        transaction.execute(sql, [run.as_str()])?;
    }
    transaction.execute("DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM frozen)", ())?;
    Ok(transaction.commit()?)
}

fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::unusable(error.to_string()))
}
