//! The journal in an SQLite file: one user's runs, on one host.
//!
//! What must hold is kept by the database itself (`schema_1.sql`), so that a mistake in here cannot get around it. Who
//! is alive is told by locks of the operating system (`lock`), who may write by lease rows (`leases`). Verbs are short
//! and hold no transaction across an await.

mod fault;
mod file_identity;
mod leases;
mod lock;
mod place;
mod reading;
mod renewal;
mod runs;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use machine::app::AppKey;
use machine::entry::StoredEntry;
use machine::id::{JournalId, RunId};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use self::fault::{DAMAGED, Fault};
use self::file_identity::FileIdentity;
use self::lock::Locks;
use self::place::{Disk, Place};
pub use self::renewal::Renewal;
use super::lease_record::{self, LeaseRecord};
use super::{Acquisition, Holder, JournalStore, Lease, RunRow, StoreError, StoredRun};
use crate::net::Clock;

/// One process's hold of a journal file. Dropping it gives the locks back and leaves the file tidy.
pub struct SqliteStore {
    file: PathBuf,
    journal: JournalId,
    hand: Mode,
}

/// What this process may do.
enum Mode {
    Writes(Box<Writer>),
    Reads,
}

struct Writer {
    connection: Mutex<Connection>,
    anchor: FileIdentity,
    clock: Arc<dyn Clock>,
    locks: Locks,
}

impl SqliteStore {
    /// Opens the journal at `path`, and makes it if there is none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for a file that is damaged, not a journal, of a newer version, not writable, or on a
    /// network file system (see [`open_anywhere`](Self::open_anywhere)).
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_on(Disk::Local, path, clock).map_err(|fault| fault.at(path))
    }

    /// As [`open`](Self::open), but on network file systems too, where locks may not keep two runners apart.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_anywhere(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_on(Disk::Any, path, clock).map_err(|fault| fault.at(path))
    }

    fn open_on(disk: Disk, path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        // A stranger's file is left before anything is made or changed around it.
        let found = path.canonicalize().ok();
        let unclean = found.as_deref().is_some_and(place::was_left_unclean);
        if let Some(file) = &found {
            reading::read(file, schema::recognise)?;
        }
        let place = Place::prepare(path, disk)?;
        let anchor = FileIdentity::of(&place.file)?;
        let mut connection = connect(&place.file)?;
        schema::migrate(&mut connection, &place)?;
        if unclean {
            quick_check(&connection)?;
        }
        let journal = journal(&connection)?;
        let locks = Locks::new(place.locks, journal.clone());
        let anchor = anchor.with_log();
        let writer = Writer { connection: Mutex::new(connection), anchor, clock, locks };
        Ok(Self { file: place.file, journal, hand: Mode::Writes(Box::new(writer)) })
    }

    /// Opens the journal at `path` for reading; `None` where there is none. Makes nothing and writes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for a file that is not a journal or of a newer version.
    pub fn open_read_only(path: &Path) -> Result<Option<Self>, StoreError> {
        Self::open_for_reading(path).map_err(|fault| fault.at(path))
    }

    fn open_for_reading(path: &Path) -> Result<Option<Self>, Fault> {
        let file = match path.canonicalize() {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Made by a process that has not come further yet, or never did.
        if reading::read(&file, schema::recognise)? == 0 {
            return Ok(None);
        }
        let journal = reading::read(&file, journal)?;
        Ok(Some(Self { file, journal, hand: Mode::Reads }))
    }

    /// Renews `lease` every minute, on a thread and a connection of its own, until the result is dropped.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for a journal that is only read.
    pub fn keep(&self, lease: &Lease) -> Result<Renewal, StoreError> {
        self.keep_every(renewal::EVERY, lease)
    }

    fn keep_every(&self, every: std::time::Duration, lease: &Lease) -> Result<Renewal, StoreError> {
        let clock = Arc::clone(&self.writer()?.clock);
        Ok(Renewal::start(self.file.clone(), clock, lease, every))
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        match &self.hand {
            Mode::Writes(writer) => Ok(writer),
            Mode::Reads => Err(Fault::unusable("is open for reading only".to_owned()).at(&self.file)),
        }
    }

    fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.writer()?.write(work).map_err(|fault| fault.at(&self.file))
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        let read = match &self.hand {
            Mode::Writes(writer) => work(&writer.connection()),
            Mode::Reads => reading::read(&self.file, work),
        };
        read.map_err(|fault| fault.at(&self.file))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Mode::Writes(writer) = &self.hand {
            // What is committed is safe in the log as well: failing to fold it in loses nothing.
            drop(writer.connection().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
        }
    }
}

impl Writer {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was written into a file that is no longer there was not written: SQLite does not notice, so it is looked at
    /// before, so as not to begin, and after, so as not to promise.
    fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut connection = self.connection();
        self.anchor.holds(&connection)?;
        let done = work(&mut connection)?;
        self.anchor.holds(&connection)?;
        Ok(done)
    }

    /// The lock first, then the row: whoever has the lock knows that no other process of this host lives by the row.
    fn claim(&self, key: &str, holder: &Holder) -> Result<Acquisition, Fault> {
        let now = lease_record::now(&*self.clock);
        let Some(lock) = self.locks.take(key)? else { return self.taken(key) };
        let mut connection = self.connection();
        self.anchor.holds(&connection)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last = leases::tenure(&transaction, key)?;
        if let Some(last) = last.as_ref().filter(|last| !last.may_pass_to(holder, &now)) {
            return Ok(Acquisition::Busy(last.holder()));
        }
        let next = LeaseRecord::after(last.as_ref(), holder, &now);
        leases::grant(&transaction, key, last.as_ref(), &next)?;
        transaction.commit()?;
        self.locks.keep(key, next.token, lock);
        let over = last.as_ref().and_then(LeaseRecord::unreturned);
        Ok(Acquisition::Acquired { lease: lease_record::lease(key, next.token, &now), over })
    }

    fn taken(&self, key: &str) -> Result<Acquisition, Fault> {
        let row = leases::tenure(&self.connection(), key)?;
        Ok(Acquisition::Busy(LeaseRecord::behind_the_lock(row.as_ref(), self.clock.wall())))
    }
}

/// A connection for writing to a file that is there.
fn connect(file: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    if connection.is_readonly("main")? {
        return Err(Fault::unusable("cannot be written".to_owned()));
    }
    settings::apply(&connection)?;
    Ok(connection)
}

/// After an unclean end only: it reads the whole file.
fn quick_check(connection: &Connection) -> Result<(), Fault> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(Fault::Unusable { reason: format!("is damaged: {found}"), hint: DAMAGED })
    }
}

fn journal(connection: &Connection) -> Result<JournalId, Fault> {
    let id: String = connection.query_row("SELECT id FROM journal", (), |row| row.get(0))?;
    JournalId::try_from(id).map_err(|error| Fault::unusable(error.to_string()))
}

#[async_trait]
impl JournalStore for SqliteStore {
    fn journal(&self) -> &JournalId {
        &self.journal
    }

    async fn begin(
        &self,
        lease: &Lease,
        line: &StoredEntry,
        blobs: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.write(|connection| runs::begin(connection, lease, line, blobs))
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        self.write(|connection| runs::append(connection, run, seq, token, line))
    }

    async fn load(&self, run: &RunId) -> Result<StoredRun, StoreError> {
        self.read(|connection| runs::load(connection, run))
    }

    async fn list(&self, app: Option<&AppKey>) -> Result<Vec<RunRow>, StoreError> {
        self.read(|connection| runs::list(connection, app))
    }

    async fn acquire(&self, key: &str, holder: &Holder) -> Result<Acquisition, StoreError> {
        self.writer()?.claim(key, holder).map_err(|fault| fault.at(&self.file))
    }

    async fn renew(&self, lease: &mut Lease) -> Result<(), StoreError> {
        let now = lease_record::now(&*self.writer()?.clock);
        self.write(|connection| {
            leases::renew(connection, &lease.key, lease.token, &lease_record::expiry(&now))
        })?;
        lease.until = lease_record::until(&now);
        Ok(())
    }

    async fn release(&self, lease: Lease) -> Result<(), StoreError> {
        self.write(|connection| leases::release(connection, &lease.key, lease.token))?;
        self.writer()?.locks.free(&lease.key, lease.token);
        Ok(())
    }

    async fn evict(&self, key: &str, token: u64) -> Result<(), StoreError> {
        self.write(|connection| leases::release(connection, key, token))
    }

    async fn purge(&self, run: &RunId) -> Result<(), StoreError> {
        self.write(|connection| runs::forget(connection, run))
    }
}
