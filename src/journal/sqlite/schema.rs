//! The tables and their rules, and how a file of an older shape becomes one of the newest.

use rusqlite::{Connection, TransactionBehavior};

use super::fault::Fault;
use super::place::{Place, private_file};

/// `Fabr`, so that `file` and we know our own.
const APPLICATION: i64 = 0x4661_6272;

/// What leads from each shape to the next.
const STEPS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// Says no to a file that is not a journal, or of a newer shape. Changes nothing.
pub(super) fn recognise(connection: &Connection) -> Result<i64, Fault> {
    recognise_up_to(connection, STEPS)
}

/// Brings the file to the newest shape, all or nothing; one that holds something is copied beside itself first.
pub(super) fn migrate(connection: &mut Connection, place: &Place) -> Result<(), Fault> {
    migrate_through(connection, place, STEPS)
}

fn recognise_up_to(connection: &Connection, steps: &[&str]) -> Result<i64, Fault> {
    // One statement sees one state: another process may be making the journal at this moment.
    let seen = "SELECT (SELECT count(*) FROM sqlite_schema), application_id, user_version
                FROM pragma_application_id, pragma_user_version";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)? == 0, row.get::<_, i64>(1)?, row.get(2)?));
    let (empty, application, version) = connection.query_row(seen, (), read)?;
    if application != APPLICATION && !(empty && application == 0 && version == 0) {
        return Err(Fault::unusable("is not a Fabrik journal".to_owned()));
    }
    if version > newest(steps) {
        return Err(Fault::unusable(format!(
            "has shape {version}, this version knows up to {}: use the newer version",
            newest(steps)
        )));
    }
    Ok(version)
}

fn newest(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).expect("a handful of shapes")
}

fn migrate_through(connection: &mut Connection, place: &Place, steps: &[&str]) -> Result<(), Fault> {
    let version = recognise_up_to(connection, steps)?;
    if version == newest(steps) {
        return Ok(());
    }
    if version > 0 {
        back_up(connection, place, version)?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let version = recognise_up_to(&transaction, steps)?;
    for step in steps.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    if version == 0 {
        transaction.execute("INSERT INTO journal (one, id) VALUES (1, ?1)", [new_id()?])?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", newest(steps))?;
    Ok(transaction.commit()?)
}

fn new_id() -> Result<String, Fault> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| Fault::unusable(error.to_string()))?;
    Ok(machine::id::JournalId::from_bits(u128::from_ne_bytes(bits)).into())
}

fn back_up(connection: &Connection, place: &Place, version: i64) -> Result<(), Fault> {
    let copy = place.beside(&format!(".shape-{version}"));
    private_file(&copy)?;
    Ok(connection.backup("main", copy, None::<fn(_)>)?)
}

#[cfg(test)]
mod tests {
    use machine::entry::{JournalEntry, StoredEntry};
    use machine::phase::PhaseKind;

    use super::*;
    use crate::journal::sqlite::connect;
    use crate::journal::sqlite::place::Disk;
    use crate::journal::sqlite::runs;

    const MORE: [&str; 3] = [STEPS[0], STEPS[1], "CREATE TABLE notes (note TEXT) STRICT"];

    fn shape(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA user_version", (), |row| row.get(0)).expect("a number")
    }

    #[test]
    fn an_older_journal_is_copied_and_then_brought_on() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let place = Place::prepare(&folder.path().join("fabrik.db"), Disk::Local).expect("a fresh folder");
        let mut connection = connect(&place.file).expect("opens");
        migrate(&mut connection, &place).expect("is new");
        let name: String =
            connection.query_row("SELECT id FROM journal", (), |row| row.get(0)).expect("named");
        migrate_through(&mut connection, &place, &MORE).expect("one step more");

        assert_eq!(shape(&connection), 3);
        let kept = "SELECT id FROM journal WHERE NOT EXISTS (SELECT 1 FROM notes)";
        assert_eq!(connection.query_row(kept, (), |row| row.get::<_, String>(0)).expect("named"), name);
        let copy = Connection::open(place.beside(".shape-2")).expect("a copy");
        assert_eq!(shape(&copy), 2);
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_journal() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let place = Place::prepare(&folder.path().join("fabrik.db"), Disk::Local).expect("a fresh folder");
        let mut connection = connect(&place.file).expect("opens");
        migrate(&mut connection, &place).expect("is new");
        let steps = [MORE[0], MORE[1], MORE[2], MORE[2]];
        assert!(migrate_through(&mut connection, &place, &steps).is_err());
        assert_eq!(shape(&connection), 2);
        assert!(connection.prepare("SELECT * FROM notes").is_err());
    }

    /// A journal of the first shape with one run, of these entries, each with the phase that its move led to then.
    fn of_shape_1(file: &std::path::Path, run: &str) {
        let connection = connect(file).expect("opens");
        connection.execute_batch(STEPS[0]).expect("it was legal");
        connection.pragma_update(None, "application_id", APPLICATION).expect("is set");
        connection.pragma_update(None, "user_version", 1).expect("is set");
        let sql = "INSERT INTO journal VALUES (1, '00000000000000000000000000000001');
                   INSERT INTO leases VALUES ('k', 1, '{}', 0, 0, 0, 'b', 0)";
        connection.execute_batch(sql).expect("it was legal");
        for (seq, line) in run.lines().enumerate() {
            let stored: StoredEntry = serde_json::from_str(line).expect("it is read");
            if let JournalEntry::Begun(begun) = &stored.entry {
                let sql = "INSERT INTO runs VALUES (?1, 'k', ?2, 1, ?3, 'Pending', 1, 0, 0, 0)";
                let (app, begun) = (serde_json::to_string(&begun.app), serde_json::to_string(begun));
                connection.execute(sql, (RUN, app.expect("JSON"), begun.expect("JSON"))).expect("legal");
            }
            let phase = match &stored.entry {
                JournalEntry::Begun(_) => Some("Pending"),
                JournalEntry::Destroying { .. } => Some("RollingBack"),
                entry => entry.phase().map(PhaseKind::as_str),
            };
            let sql = "INSERT INTO lines VALUES (?1, ?2, 1, ?3, 1, 0, ?4)";
            connection.execute(sql, (RUN, seq.cast_signed(), phase, line)).expect("it was legal");
        }
    }

    const RUN: &str = "01a22f1d544e75d3968396ba0d483a33";

    #[test]
    fn a_destroy_run_of_the_first_shape_is_listed_with_phases_of_its_own_before_and_after_it_is_brought_on() {
        let destroyed = include_str!("../../../machine/tests/format_1/destroyed.jsonl");
        let lines: Vec<&str> = destroyed.lines().collect();
        let (begun, all) = (2, lines.len());
        for (length, phase) in
            [(begun, PhaseKind::Surveying), (all - 1, PhaseKind::Destroying), (all, PhaseKind::Destroyed)]
        {
            let folder = tempfile::TempDir::new().expect("a folder");
            let place = Place::prepare(&folder.path().join("fabrik.db"), Disk::Local).expect("fresh");
            of_shape_1(&place.file, &lines[..length].join("\n"));
            let listed = || {
                let connection = connect(&place.file).expect("opens");
                runs::list(&connection, None).expect("is read")[0].phase
            };
            assert_eq!(listed(), Some(phase));
            migrate(&mut connect(&place.file).expect("opens"), &place).expect("is brought on");
            assert_eq!(listed(), Some(phase));
        }
    }

    #[test]
    fn a_destroy_run_of_the_first_shape_that_was_refused_has_destroyed_nothing() {
        let destroyed = include_str!("../../../machine/tests/format_1/destroyed.jsonl");
        let lines: Vec<&str> = destroyed.lines().collect();
        let refused = [lines[0], lines[1], lines[lines.len() - 1]].join("\n");
        let folder = tempfile::TempDir::new().expect("a folder");
        let place = Place::prepare(&folder.path().join("fabrik.db"), Disk::Local).expect("fresh");
        of_shape_1(&place.file, &refused);
        let connection = connect(&place.file).expect("opens");
        let rows = runs::list(&connection, None).expect("is read");
        assert_eq!(rows[0].phase, Some(PhaseKind::RolledBack));
    }
}
