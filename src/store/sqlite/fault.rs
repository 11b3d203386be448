//! What goes wrong between the verbs and SQLite, before the reader is told where.

use std::path::Path;

use machine::id::RunId;
use rusqlite::Connection;

use crate::store::StoreError;

/// Why a verb did not do its work.
#[derive(Debug)]
pub(super) enum Fault {
    /// The journal's rules say no.
    Refused(StoreError),
    /// The file cannot be used.
    Unusable(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl Fault {
    /// As the caller is told it, with the place.
    pub fn at(self, place: &Path) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Unusable(reason) => StoreError::Unusable { place: place.display().to_string(), reason },
        }
    }
}

/// What was to be written, to say what a one-word refusal of the database means.
pub(super) struct Attempt<'a> {
    pub key: &'a str,
    pub run: &'a RunId,
    pub seq: u64,
}

impl Attempt<'_> {
    /// Puts a refusal into the store's words.
    pub fn refused(&self, connection: &Connection, error: rusqlite::Error) -> Fault {
        let run = self.run.clone();
        match word(&error) {
            Some("fenced") => StoreError::Fenced { key: self.key.to_owned() }.into(),
            Some("conflict") => StoreError::Conflict { run, seq: self.seq }.into(),
            Some("open") => self.open_run(connection).unwrap_or_else(|| error.into()),
            Some(_) | None => error.into(),
        }
    }

    fn open_run(&self, connection: &Connection) -> Option<Fault> {
        let sql =
            "SELECT run FROM runs WHERE key = ?1 AND run <> ?2 AND phase NOT IN ('Complete', 'RolledBack')";
        let open = connection.query_row(sql, (self.key, self.run.as_str()), |row| row.get::<_, String>(0));
        let run = RunId::try_from(open.ok()?).ok()?;
        Some(StoreError::OpenRun { run }.into())
    }
}

/// The word that a trigger raised.
fn word(error: &rusqlite::Error) -> Option<&str> {
    match error {
        rusqlite::Error::SqliteFailure(_, word) => word.as_deref(),
        _ => None,
    }
}
