//! Whether the file that is open is still the one at its path.
//!
//! A file that is deleted or replaced while it is open goes on taking entries, which nobody finds afterwards, and SQLite
//! says nothing of it. What the lost file held is kept beside its place, so that a person can put it back.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::fault::Fault;
use super::place::{beside, private_file};

/// What the lost file held is kept under this ending, and the number of the process.
const RESCUED: &str = ".rescued";

/// The file and its log, as they were when they were opened.
pub(super) struct FileIdentity {
    file: PathBuf,
    is: (u64, u64),
    /// A journal grows and never shrinks.
    length: AtomicU64,
    log: Option<(u64, u64)>,
    /// The copy, once it was seen that the file is lost; nothing is written from then on.
    rescued: OnceLock<Option<PathBuf>>,
}

impl FileIdentity {
    /// The file at `file`, which is about to be opened.
    pub(crate) fn of(file: &Path) -> std::io::Result<Self> {
        let seen = file.metadata()?;
        let (file, is, length) = (file.to_owned(), identity(&seen), AtomicU64::new(seen.len()));
        Ok(Self { file, is, length, log: None, rescued: OnceLock::new() })
    }

    /// The same with its log, which is there from the first read until the last connection is closed.
    pub(crate) fn with_log(self) -> Self {
        let log = beside(&self.file, "-wal").metadata().ok();
        Self { log: log.as_ref().map(identity), ..self }
    }

    /// Makes sure that what `connection` has open is what lies there.
    pub(crate) fn holds(&self, connection: &Connection) -> Result<(), Fault> {
        if self.is_there() { Ok(()) } else { Err(self.rescue(connection)) }
    }

    fn is_there(&self) -> bool {
        let file = self.file.metadata().is_ok_and(|seen| {
            identity(&seen) == self.is && seen.len() >= self.length.fetch_max(seen.len(), Ordering::SeqCst)
        });
        let log =
            || beside(&self.file, "-wal").metadata().is_ok_and(|seen| Some(identity(&seen)) == self.log);
        file && (self.log.is_none() || log())
    }

    fn rescue(&self, connection: &Connection) -> Fault {
        const LOST: &str = "was deleted or replaced while it was written to";
        match self.rescued.get_or_init(|| self.copied(connection).ok()) {
            Some(copy) => Fault::Unusable {
                reason: format!("{LOST}; what it held is in {}", copy.display()),
                hint: "move that copy into its place, and remove the `-wal` and `-shm` files beside it",
            },
            None => Fault::Unusable { reason: LOST.to_owned(), hint: "put a backup in its place" },
        }
    }

    fn copied(&self, connection: &Connection) -> Result<PathBuf, Fault> {
        let copy = beside(&self.file, &format!("{RESCUED}.{}", std::process::id()));
        private_file(&copy)?;
        connection.backup("main", &copy, None::<fn(_)>)?;
        Ok(copy)
    }
}

fn identity(seen: &Metadata) -> (u64, u64) {
    (seen.dev(), seen.ino())
}
