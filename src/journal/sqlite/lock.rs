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

use crate::secrets::hex;

/// The locks that one store handle holds.
pub(super) struct Locks {
    folder: PathBuf,
    journal: JournalId,
    held: Mutex<BTreeMap<String, (u64, File)>>,
}

impl Locks {
    /// Locks for the keys of `journal`, kept in `folder`.
    pub(crate) fn new(folder: PathBuf, journal: JournalId) -> Self {
        Self { folder, journal, held: Mutex::default() }
    }

    /// Takes the lock of `key`; `None` if anybody has it, this handle included.
    pub(crate) fn take(&self, key: &str) -> std::io::Result<Option<File>> {
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
    pub(crate) fn keep(&self, key: &str, token: u64, lock: File) {
        self.held().insert(key.to_owned(), (token, lock));
    }

    /// Frees the lock of `key`, if it is held for `token`.
    pub(crate) fn free(&self, key: &str, token: u64) {
        let mut held = self.held();
        if held.get(key).is_some_and(|(of, _)| *of == token) {
            held.remove(key);
        }
    }

    fn open(&self, key: &str) -> std::io::Result<File> {
        // Two journals in one folder must not lock each other out.
        let hash = Sha256::digest(format!("{} {key}", self.journal));
        let path = self.folder.join(hex(&hash) + ".lock");
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, (u64, File)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_locks_a_key_by_the_same_file() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let locks = Locks::new(folder.path().to_owned(), JournalId::from_bits(1));
        locks.take("key").expect("a folder that can be written").expect("nobody has it");
        let files: Vec<_> =
            folder.path().read_dir().expect("a folder").map(|file| file.map(|f| f.file_name())).collect();
        let name = "358ce4e7363b68f816927d8dc1cc3ad48cdead056bc6a66cf7c3ef8c198d9df2.lock";
        assert!(matches!(&files[..], [Ok(file)] if file == name), "{files:?}");
    }
}
