//! Reading a journal without leaving a trace of it.
//!
//! An ordinary read-only connection to a file in WAL mode makes `-wal` and `-shm` files and leaves them behind. While
//! nobody writes there is no `-wal`, and the file can be read as if it were carved in stone (`immutable=1`). That would
//! be wrong beside a writer, so each read looks at the file before and after: if it was touched in between, what was
//! read does not count. Where a `-wal` is there, a writer lives or died, and only the ordinary way sees what it wrote.

use std::path::Path;
use std::time::SystemTime;

use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::place::beside;

/// How often a read that was disturbed is tried again in the traceless way.
const TRIES: usize = 3;

/// What can be seen of a file from outside.
#[derive(PartialEq, Eq)]
struct FileStamp {
    wal: bool,
    length: u64,
    modified: Option<SystemTime>,
}

/// Does `work` on the journal as it is at one moment.
pub(super) fn read<T>(file: &Path, work: impl Fn(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
    for _ in 0..TRIES {
        let before = FileStamp::of(file)?;
        if before.wal {
            break;
        }
        let read = open(file, "?immutable=1").and_then(|connection| work(&connection));
        if FileStamp::of(file)? == before {
            return read;
        }
    }
    work(&open(file, "")?)
}

impl FileStamp {
    fn of(file: &Path) -> std::io::Result<Self> {
        let seen = file.metadata()?;
        Ok(Self { wal: beside(file, "-wal").exists(), length: seen.len(), modified: seen.modified().ok() })
    }
}

fn open(file: &Path, query: &str) -> Result<Connection, Fault> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(file) + query, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

fn uri(file: &Path) -> String {
    let path = file.to_string_lossy();
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}")
}
