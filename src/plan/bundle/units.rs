//! Text as a pattern sees it: one unit for each character.
//!
//! Names of files are bytes. A byte that is no part of UTF-8 gets a unit of its own above all characters, so that no
//! byte is lost and none is mistaken for another.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A character, or a byte that is none.
pub(crate) type Unit = u32;

/// The last character there is.
pub(crate) const LAST: Unit = 0x10_FFFF;

/// The unit of an ASCII character.
pub(crate) const fn unit(letter: char) -> Unit {
    letter as Unit
}

/// The units of some bytes.
pub(crate) fn units(bytes: &[u8]) -> Vec<Unit> {
    let chunks = bytes.utf8_chunks();
    let of_chunk = |chunk: std::str::Utf8Chunk<'_>| {
        let letters: Vec<Unit> = chunk.valid().chars().map(Unit::from).collect();
        let strays = chunk.invalid().iter().map(|byte| LAST + 1 + Unit::from(*byte));
        letters.into_iter().chain(strays).collect::<Vec<Unit>>()
    };
    chunks.flat_map(of_chunk).collect()
}

pub(crate) fn of_path(path: &Path) -> Vec<Unit> {
    units(OsStr::as_bytes(path.as_os_str()))
}
