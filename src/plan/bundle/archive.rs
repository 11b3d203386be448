//! The archive: sorted paths, no times, no owners, and only the executable bit of what may be done with a file.

use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

use super::files::read;
use super::tree::{EntryKind, Tree, TreeEntry};
use super::unreadable;
use crate::error::Problems;

/// No file of an archive is larger, in bytes: all together are not.
const MOST: u64 = 200 << 20;

/// Packs what is sent of a folder.
///
/// # Errors
/// What cannot be read.
pub(crate) fn pack(folder: &Path, tree: &Tree) -> Result<Vec<u8>, Problems> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, entry) in &tree.sent {
        let full = folder.join(path);
        append(&mut archive, &full, path, entry).map_err(|error| unreadable(&full, &error))?;
    }
    Ok(archive.into_inner().expect("memory takes all"))
}

fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    full: &Path,
    path: &Path,
    entry: &TreeEntry,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    match &entry.kind {
        EntryKind::Folder => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            archive.append_data(&mut header, path, io::empty())
        }
        EntryKind::Link(target) => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            archive.append_link(&mut header, path, target)
        }
        EntryKind::File { executable } => {
            // Its size is that of what was read: a file may change meanwhile.
            let content = read(full, MOST)?;
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, path, content.as_slice())
        }
    }
}

/// Compresses without a time or a name, so that the same files give the same bytes.
pub(crate) fn compress(tar: &[u8]) -> Vec<u8> {
    let mut gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gz.write_all(tar).expect("memory takes all");
    gz.finish().expect("memory takes all")
}

/// Whether ADD would unpack a file: one that begins as an archive does, whatever it is called. What is compressed in a
/// way that is not read here counts as one.
pub(crate) fn is_archive(full: &Path) -> bool {
    const OTHER: [&[u8]; 3] = [b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];
    let Ok(start) = read(full, 1 << 16) else { return false };
    let begins_with_entry = |content: &mut dyn io::Read| {
        let mut archive = tar::Archive::new(content);
        archive.entries().is_ok_and(|mut entries| matches!(entries.next(), Some(Ok(_))))
    };
    if start.starts_with(b"\x1f\x8b") {
        return begins_with_entry(&mut flate2::read::MultiGzDecoder::new(start.as_slice()));
    }
    OTHER.iter().any(|magic| start.starts_with(magic)) || begins_with_entry(&mut start.as_slice())
}
