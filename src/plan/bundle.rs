//! The app's files as one archive that is the same for the same files.
//!
//! Sorted paths, no times, no owners: the hash says whether the app changed. Reads the folder once; does not know where
//! the archive goes.

mod ignore;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use self::ignore::Ignore;
use crate::error::reason;
use crate::secrets::hex;

/// The largest archive, compressed, in bytes. The builder's message carries its base64 2.2 times and ends at 4 MiB:
/// 1.20 MB was seen to build, 1.45 MB was not (Coolify 4.3.11, Docker 26.1).
pub const LIMIT: usize = 1_250_000;

/// The most that is read before giving up, in bytes: nothing larger compresses below the limit in practice.
const READ_LIMIT: u64 = 200 << 20;

/// An app's files, ready to travel.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The uncompressed archive.
    pub tar: Vec<u8>,
    /// The archive, compressed by gzip.
    pub gz: Vec<u8>,
    /// SHA-256 of the uncompressed archive, hexadecimal.
    pub sha256: String,
    /// The text of the app's Dockerfile.
    pub dockerfile: String,
}

/// Why the app's files cannot travel.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder has no Dockerfile, or an empty one.
    #[error("`{}` {why}\n  hint: the folder needs a Dockerfile that builds the app", .path.display())]
    Dockerfile {
        /// Where it should be.
        path: PathBuf,
        /// What is the matter with it.
        why: &'static str,
    },
    /// A link leads out of the folder, where the server cannot follow it.
    #[error("`{}` is a link that leads out of the app's folder\n  hint: copy the file in, or name it in .dockerignore", .0.display())]
    LeadsOut(PathBuf),
    /// Something that is neither file, folder nor link.
    #[error("`{}` is neither a file, a folder nor a link\n  hint: name it in .dockerignore", .0.display())]
    Strange(PathBuf),
    /// Too much to send.
    #[error(
        "the app's files are too large: {size} bytes{}, and at most {LIMIT} fit{}\n  hint: name what the app does not \
         need in .dockerignore; a large app has to come from git or a published image, which a later version supports",
        if *.compressed { " compressed" } else { "" }, biggest(.files)
    )]
    TooLarge {
        /// Bytes, compressed or read.
        size: u64,
        /// Whether that is the compressed size.
        compressed: bool,
        /// The largest files with their sizes, largest first.
        files: Vec<(PathBuf, u64)>,
    },
    /// The file system refused.
    #[error("`{}` cannot be read: {}", .path.display(), reason(.source))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn biggest(files: &[(PathBuf, u64)]) -> String {
    let lines: Vec<String> =
        files.iter().map(|(path, size)| format!("\n  {size:>12}  {}", path.display())).collect();
    lines.concat()
}

impl Bundle {
    /// Packs a folder, without what its `.dockerignore` names, `.env*` and `.git`.
    ///
    /// # Errors
    /// When there is no Dockerfile, a file cannot be read or sent, or it is all too large.
    pub fn read(folder: &Path) -> Result<Self, BundleError> {
        let dockerfile = dockerfile(folder)?;
        let files = Walk::over(folder)?;
        let tar = archive(folder, &files)?;
        let gz = compress(&tar);
        if gz.len() > LIMIT {
            return Err(too_large(gz.len() as u64, true, &files));
        }
        let sha256 = hex(&Sha256::digest(&tar));
        Ok(Self { tar, gz, sha256, dockerfile })
    }
}

fn dockerfile(folder: &Path) -> Result<String, BundleError> {
    let path = folder.join("Dockerfile");
    let why = |why| BundleError::Dockerfile { path: path.clone(), why };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(why("is not there")),
        Err(source) => return Err(BundleError::Unreadable { path, source }),
    };
    let text = String::from_utf8(bytes).map_err(|_| why("is not UTF-8 text"))?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Err(why("is empty"));
    }
    Ok(text)
}

fn too_large(size: u64, compressed: bool, files: &[Found]) -> BundleError {
    let mut files: Vec<(PathBuf, u64)> = files.iter().map(|found| (found.path.clone(), found.size)).collect();
    files.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    files.truncate(5);
    BundleError::TooLarge { size, compressed, files }
}

/// One thing that goes into the archive.
struct Found {
    /// Its path within the folder.
    path: PathBuf,
    /// Its size in bytes.
    size: u64,
    kind: Kind,
}

enum Kind {
    Folder,
    File { executable: bool },
    Link(PathBuf),
}

/// A walk through the folder in the order of names.
struct Walk<'a> {
    folder: &'a Path,
    ignore: Ignore,
    found: Vec<Found>,
    read: u64,
}

impl<'a> Walk<'a> {
    fn over(folder: &'a Path) -> Result<Vec<Found>, BundleError> {
        let path = folder.join(".dockerignore");
        let ignore = match fs::read(&path) {
            Ok(bytes) => Ignore::parse(&String::from_utf8_lossy(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ignore::parse(""),
            Err(source) => return Err(BundleError::Unreadable { path, source }),
        };
        let mut walk = Self { folder, ignore, found: Vec::new(), read: 0 };
        walk.enter(Path::new(""))?;
        walk.found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walk.found)
    }

    fn enter(&mut self, inner: &Path) -> Result<(), BundleError> {
        let folder = self.folder.join(inner);
        let unreadable = |source| BundleError::Unreadable { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = inner.join(entry.map_err(unreadable)?.file_name());
            if !never_sent(&path) {
                self.meet(path)?;
            }
        }
        Ok(())
    }

    fn meet(&mut self, path: PathBuf) -> Result<(), BundleError> {
        let full = self.folder.join(&path);
        let unreadable = |source| BundleError::Unreadable { path: full.clone(), source };
        let ignored = self.ignore.ignores(&path);
        let meta = fs::symlink_metadata(&full).map_err(unreadable)?;
        if meta.is_dir() {
            // An ignored folder may hold something that a later `!` takes back.
            if !ignored || self.ignore.has_exceptions() {
                self.enter(&path)?;
            }
            if !ignored {
                self.found.push(Found { path, size: 0, kind: Kind::Folder });
            }
            return Ok(());
        }
        if ignored {
            return Ok(());
        }
        let kind = if meta.is_symlink() {
            Kind::Link(self.link(&path, fs::read_link(&full).map_err(unreadable)?)?)
        } else if meta.is_file() {
            Kind::File { executable: meta.permissions().mode() & 0o111 != 0 }
        } else {
            return Err(BundleError::Strange(path));
        };
        self.read += meta.len();
        self.found.push(Found { path, size: meta.len(), kind });
        if self.read > READ_LIMIT {
            return Err(too_large(self.read, false, &self.found));
        }
        Ok(())
    }

    /// A link is kept as it is, if it leads somewhere within the folder.
    fn link(&self, path: &Path, target: PathBuf) -> Result<PathBuf, BundleError> {
        let mut depth = path.components().count() - 1;
        for part in target.components() {
            match part {
                std::path::Component::Normal(_) => depth += 1,
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir if depth > 0 => depth -= 1,
                _ => return Err(BundleError::LeadsOut(path.to_owned())),
            }
        }
        // A path that looks harmless may still lead out through another link.
        let real = |path: PathBuf| fs::canonicalize(path).ok();
        let (inside, outside) = (real(self.folder.to_owned()), real(self.folder.join(path)));
        match (inside, outside) {
            (Some(folder), Some(target)) if !target.starts_with(&folder) => {
                Err(BundleError::LeadsOut(path.to_owned()))
            }
            _ => Ok(target),
        }
    }
}

/// Secrets and history stay at home, whatever `.dockerignore` says.
fn never_sent(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == ".git" || name.starts_with(".env")
}

fn archive(folder: &Path, files: &[Found]) -> Result<Vec<u8>, BundleError> {
    let mut archive = tar::Builder::new(Vec::new());
    for found in files {
        let path = folder.join(&found.path);
        append(&mut archive, &path, found).map_err(|source| BundleError::Unreadable { path, source })?;
    }
    Ok(archive.into_inner().expect("memory takes all"))
}

fn append(archive: &mut tar::Builder<Vec<u8>>, full: &Path, found: &Found) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    match &found.kind {
        Kind::Folder => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            archive.append_data(&mut header, &found.path, io::empty())
        }
        Kind::Link(target) => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            archive.append_link(&mut header, &found.path, target)
        }
        Kind::File { executable } => {
            let content = fs::read(full)?;
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, &found.path, content.as_slice())
        }
    }
}

/// Compresses without a time or a name, so that the same files give the same bytes.
fn compress(tar: &[u8]) -> Vec<u8> {
    let mut gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gz.write_all(tar).expect("memory takes all");
    gz.finish().expect("memory takes all")
}
