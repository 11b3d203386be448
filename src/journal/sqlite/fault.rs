//! What goes wrong between the verbs and SQLite, before the reader is told where.

use std::io::ErrorKind;
use std::path::Path;

use machine::id::RunId;
use rusqlite::{Connection, ErrorCode};

use crate::journal::StoreError;

const FULL: &str = "make room there";
const SHUT: &str = "let this user read and write the file and its folder, or choose another one with --state";
pub(super) const DAMAGED: &str = "keep a copy of it, and put a backup in its place";

/// Why a verb did not do its work.
#[derive(Debug)]
pub(super) enum Fault {
    /// The journal's rules say no.
    Refused(StoreError),
    /// The file cannot be used.
    Unusable {
        reason: String,
        /// What to do; empty where the reason says it all.
        hint: &'static str,
    },
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let hint = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => FULL,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => SHUT,
            Some(ErrorCode::SystemIoFailure) => "look whether the disk is full, read-only or failing",
            Some(ErrorCode::DatabaseCorrupt) => DAMAGED,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "wait until the other process has ended that writes to it"
            }
            _ => "",
        };
        Self::Unusable { reason: error.to_string(), hint }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        let hint = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => FULL,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => SHUT,
            _ => "",
        };
        Self::Unusable { reason: error.to_string(), hint }
    }
}

impl Fault {
    /// The file cannot be used, for this reason.
    pub(crate) fn unusable(reason: impl Into<String>) -> Self {
        Self::Unusable { reason: reason.into(), hint: "" }
    }

    /// As the caller is told it, with the place.
    pub(crate) fn at(self, place: &Path) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Unusable { reason, hint } => {
                StoreError::Unusable { place: place.display().to_string(), reason, hint }
            }
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
    pub(crate) fn refused(&self, connection: &Connection, error: rusqlite::Error) -> Fault {
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

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn hint(fault: impl Into<Fault>) -> &'static str {
        fault.into().at(Path::new("fabrik.db")).hint()
    }

    #[test]
    fn whatever_the_database_cannot_do_is_told_with_what_to_do() {
        for (codes, words) in [
            (&[ffi::SQLITE_FULL][..], "make room"),
            (&[ffi::SQLITE_READONLY, ffi::SQLITE_PERM, ffi::SQLITE_CANTOPEN], "let this user read and write"),
            (&[ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_FSYNC], "full, read-only or failing"),
            (&[ffi::SQLITE_CORRUPT], "put a backup in its place"),
            (&[ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED], "wait until the other process has ended"),
        ] {
            for code in codes {
                let hint = hint(rusqlite::Error::SqliteFailure(ffi::Error::new(*code), None));
                assert!(hint.contains(words), "{code}: {hint}");
            }
        }
        assert_eq!(hint(rusqlite::Error::QueryReturnedNoRows), "", "this says nothing about the file");
    }

    #[test]
    fn whatever_the_disk_cannot_do_is_told_with_what_to_do() {
        for (kinds, words) in [
            (&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge][..], "make room"),
            (&[ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem], "let this user read and write"),
        ] {
            for kind in kinds {
                let hint = hint(std::io::Error::from(*kind));
                assert!(hint.contains(words), "{kind}: {hint}");
            }
        }
        assert_eq!(hint(std::io::Error::from(ErrorKind::NotADirectory)), "", "the path says it all");
    }
}
