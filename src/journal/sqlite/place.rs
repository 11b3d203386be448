//! Where a journal's file lies: made private, on a disk whose locks can be trusted.
//!
//! Knows nothing of what is in the file.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::fault::Fault;

/// Whether a network file system will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
    /// Only a disk of this host.
    Local,
    /// Any, at the user's own risk.
    Any,
}

/// A journal's file and what lies beside it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file, without symbolic links: two names of one journal must lead to the same locks.
    pub file: PathBuf,
    /// The folder of its locks.
    pub locks: PathBuf,
}

impl Place {
    /// Makes the file and its folders where they are missing, for the user alone.
    pub(crate) fn prepare(path: &Path, disk: Disk) -> Result<Self, Fault> {
        Self::prepare_where(path, disk, is_network)
    }

    fn prepare_where(
        path: &Path,
        disk: Disk,
        is_network: impl Fn(&Path) -> std::io::Result<bool>,
    ) -> Result<Self, Fault> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        private_folder(folder)?;
        if disk == Disk::Local && is_network(folder)? {
            return Err(Fault::Unusable {
                reason: "lies on a network file system, where locks cannot be trusted".to_owned(),
                hint: "choose a local path with --state",
            });
        }
        private_file(path)?;
        let file = path.canonicalize()?;
        let locks = file.with_file_name("locks");
        private_folder(&locks)?;
        Ok(Self { file, locks })
    }

    /// A file beside the journal's, named after it.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        beside(&self.file, suffix)
    }
}

/// A file beside `file`, named after it.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}

/// Whether the last one to write left without saying goodbye. SQLite removes this file when the last connection is
/// closed; it is also there while another process writes, which costs no more than a check.
pub(super) fn was_left_unclean(file: &Path) -> bool {
    beside(file, "-wal").metadata().is_ok_and(|wal| wal.len() > 0)
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// SQLite gives its side files the mode of the main file.
pub(super) fn private_file(path: &Path) -> std::io::Result<()> {
    let file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_network(folder: &Path) -> std::io::Result<bool> {
    Ok(is_network_kind(rustix::fs::statfs(folder)?.f_type))
}

#[cfg(target_os = "linux")]
fn is_network_kind(kind: rustix::fs::FsWord) -> bool {
    // From linux/magic.h and the file systems' own headers: NFS, SMB, CIFS, SMB2, Ceph, AFS twice, Coda, NCP, Lustre,
    // GFS2, OCFS2, 9P (also what a Linux inside Windows sees of its disks).
    const NETWORK: [u32; 13] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x00c3_6400,
        0x5346_414f,
        0x6b41_4653,
        0x7375_7245,
        0x564c,
        0x0bd0_0bd0,
        0x0116_1970,
        0x7461_636f,
        0x0102_1997,
    ];
    NETWORK.iter().any(|magic| i64::from(*magic) == kind & 0xffff_ffff)
}

#[cfg(target_os = "macos")]
fn is_network(folder: &Path) -> std::io::Result<bool> {
    const MNT_LOCAL: u32 = 0x1000;
    Ok(rustix::fs::statfs(folder)?.f_flags & MNT_LOCAL == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_file_system_is_refused_before_a_file_is_made_and_only_there() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("state/fabrik.db");
        for (disk, network, is_taken) in
            [(Disk::Local, true, false), (Disk::Any, true, true), (Disk::Local, false, true)]
        {
            let prepared = Place::prepare_where(&path, disk, |_| Ok(network));
            assert_eq!(prepared.is_ok(), is_taken, "{disk:?} {network}: {prepared:?}");
            assert_eq!(path.exists(), is_taken, "{disk:?} {network}");
            if let Err(fault) = prepared {
                let error = fault.at(&path);
                assert!(error.to_string().contains("network file system"), "{error}");
                assert!(error.hint().contains("--state"), "{}", error.hint());
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        // NFS, SMB2, CIFS (which some kernels sign-extend), Ceph, 9P; ext4, tmpfs, btrfs, overlayfs.
        for kind in [0x6969, 0xfe53_4d42, 0xff53_4d42, -0x00ac_b2be, 0x00c3_6400, 0x0102_1997] {
            assert!(is_network_kind(kind), "{kind:x}");
        }
        for kind in [0xef53, 0x0102_1994, 0x9123_683e, 0x794c_7630] {
            assert!(!is_network_kind(kind), "{kind:x}");
        }
    }
}
