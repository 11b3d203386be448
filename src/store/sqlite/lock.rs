//! Locks of the operating system, one file a key: held by the living, freed by the kernel when they die.
//!
//! Seen only on this host; for others there is the lease row. Lock files are never removed: between looking and
//! removing, somebody may have locked the file that is about to vanish.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine::id::JournalId;
use sha2::{Digest, Sha256};

/// The locks that one store handle holds.
pub(super) struct Locks {
    folder: PathBuf,
    journal: JournalId,
    held: Mutex<BTreeMap<String, (u64, File)>>,
}

impl Locks {
    /// Locks for the keys of `journal`, kept in `folder`.
    pub fn new(folder: PathBuf, journal: JournalId) -> Self {
        Self { folder, journal, held: Mutex::default() }
    }

    /// Takes the lock of `key`; `None` if anybody has it, this handle included.
    pub fn take(&self, key: &str) -> std::io::Result<Option<File>> {
        if self.held().contains_key(key) {
            return Ok(None);
        }
        let file = self.open(key)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Holds on to a lock that was taken, for as long as the lease with `token` lasts.
    pub fn keep(&self, key: &str, token: u64, lock: File) {
        self.held().insert(key.to_owned(), (token, lock));
    }

    /// Frees the lock of `key`, if it is held for `token`.
    pub fn free(&self, key: &str, token: u64) {
        let mut held = self.held();
        if held.get(key).is_some_and(|(of, _)| *of == token) {
            held.remove(key);
        }
    }

    fn open(&self, key: &str) -> std::io::Result<File> {
        // Two journals in one folder must not lock each other out.
        let hash = Sha256::digest(format!("{} {key}", self.journal));
        let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let name: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        let path = self.folder.join(name + ".lock");
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, (u64, File)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
