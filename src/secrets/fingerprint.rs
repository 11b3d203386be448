//! Keyed fingerprints: whether a secret changed, without keeping the secret.
//!
//! The key is 32 random bytes in a file beside the journal. Without the key a fingerprint says nothing about its value;
//! a key that is lost makes old fingerprints unknown, never "changed".

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const FILE: &str = "fabrik.key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the fingerprint key `{}` cannot be used: {}", .path.display(), crate::error::reason(.source))]
pub struct KeyError {
    path: PathBuf,
    source: io::Error,
}

/// The key that fingerprints are made with.
pub struct FingerprintKey(Zeroizing<[u8; 32]>);

impl FingerprintKey {
    /// Takes a key from elsewhere, for journals that are not files.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the key in `dir`, or makes one that only its owner can read.
    ///
    /// # Errors
    /// When the file cannot be read or made, or is not a key.
    pub fn load_or_create(dir: &Path) -> Result<Self, KeyError> {
        if let Some(key) = Self::load(dir)? {
            return Ok(key);
        }
        match create(dir) {
            // Another process was quicker: its key is the key.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Self::load(dir)?.ok_or_else(|| at(dir, ErrorKind::NotFound.into()))
            }
            made => made.map_err(|error| at(dir, error)),
        }
    }

    /// Reads the key in `dir`, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or is not a key.
    pub fn load(dir: &Path) -> Result<Option<Self>, KeyError> {
        let file = match fs::File::open(dir.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(dir, error)),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(33));
        file.take(33).read_to_end(&mut bytes).map_err(|error| at(dir, error))?;
        let key = <[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| at(dir, io::Error::new(ErrorKind::InvalidData, "it is not 32 bytes long")))?;
        Ok(Some(Self::new(key)))
    }

    /// The fingerprint of a named value: 32 hexadecimal digits. Equal values under other names differ.
    pub fn fingerprint(&self, name: &str, value: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("HMAC takes a key of any length");
        // The length keeps ("ab", "c") apart from ("a", "bc").
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }
}

/// Hexadecimal digits, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| char::from(b"0123456789abcdef"[usize::from(half)])).collect()
}

/// Makes the key under another name and links it into place, so that no reader ever sees half of it.
fn create(dir: &Path) -> io::Result<FingerprintKey> {
    let mut key = Zeroizing::new([0_u8; 32]);
    getrandom::fill(key.as_mut_slice())?;
    let half = dir.join(format!("{FILE}.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
    let linked = file
        .write_all(key.as_slice())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&half, dir.join(FILE)))
        .and_then(|()| fs::File::open(dir)?.sync_all());
    fs::remove_file(&half)?;
    linked.map(|()| FingerprintKey(key))
}

fn at(dir: &Path, source: io::Error) -> KeyError {
    KeyError { path: dir.join(FILE), source }
}
