//! The app's files as one archive that is the same for the same files.
//!
//! Reads the folder once: what its ignore file leaves, what of that its Dockerfile reads, and whether that is all there.
//! Does not know where the archive goes.

mod archive;
mod envfiles;
mod files;
mod glob;
mod ignore;
mod pattern;
mod regex;
mod sources;
#[cfg(test)]
mod tests;
mod tree;
mod units;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::ignore::Ignore;
use self::sources::{CopySources, NamedByCopy};
use self::tree::{EntryKind, Tree};
use super::dockerfile::{Dockerfile, Rewritten};
use crate::error::{Problem, Problems, reason};
use crate::secrets::hex;

/// The largest archive, compressed, in bytes. The builder's message carries its base64 2.2 times and ends at 4 MiB:
/// 1.20 MB was seen to build, 1.45 MB was not (Coolify 4.3.11, Docker 26.1).
pub const LIMIT: usize = 1_250_000;

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
    /// The same, reading the files from a stage of its own.
    pub rewritten: Rewritten,
    /// What the build goes on without.
    pub warnings: Vec<Problem>,
}

impl Bundle {
    /// Packs a folder, without what its ignore file names, `.git`, and files named `.env*` that the Dockerfile does not
    /// name or that hold secrets. `own` is the `.env` that the deployment's secrets come from: nobody expects it to go.
    ///
    /// # Errors
    /// Everything in the folder that cannot be read, sent or built.
    pub fn read(folder: &Path, own: &Path) -> Result<Self, Problems> {
        let (path, text) = files::dockerfile(folder)?;
        let (ignore_path, ignore) = files::ignore_file(folder)?;
        let (dockerfile, ignore) =
            both(Dockerfile::parse(&path, &text), Ignore::parse(&ignore_path, &ignore))?;
        let tree = Tree::of(folder, &ignore, &NamedByCopy(&dockerfile.readings))?;
        let sources = CopySources {
            folder,
            dockerfile: &path,
            text: &text,
            ignore: &ignore_path,
            readings: &dockerfile.readings,
        };
        let missing = sources.missing(&tree);
        if !missing.is_empty() {
            return Err(Problems(missing));
        }
        let warnings = sources.warnings(&tree, |left| is_same(&folder.join(left), own));
        let tar = archive::pack(folder, &tree)?;
        let gz = archive::compress(&tar);
        if gz.len() > LIMIT {
            return Err(too_large(folder, gz.len() as u64, true, &tree).into());
        }
        let sha256 = hex(&Sha256::digest(&tar));
        Ok(Self { tar, gz, sha256, dockerfile: text, rewritten: dockerfile.rewritten, warnings })
    }
}

/// Both results, or all that is wrong with either.
fn both<A, B>(one: Result<A, Problems>, other: Result<B, Problems>) -> Result<(A, B), Problems> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Problems(one)), Err(Problems(other))) => Err(Problems([one, other].concat())),
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let problem = Problem::of_file(path, format!("this cannot be read: {}", reason(error)));
    problem.hint("let your user read it, or name it in .dockerignore")
}

fn too_large(folder: &Path, size: u64, is_compressed: bool, tree: &Tree) -> Problem {
    let compressed = if is_compressed { " compressed" } else { "" };
    let largest: Vec<String> =
        largest(tree).into_iter().take(5).map(|(name, size)| format!("`{name}` {}", shown(size))).collect();
    let message = format!(
        "the app's files are too large: {}{compressed}, and at most {} fit; the largest are {}",
        shown(size),
        shown(LIMIT as u64),
        largest.join(", ")
    );
    Problem::of_file(folder, message).hint(
        "name what the build does not need in .dockerignore; an app that is larger can be deployed by `git:` from a \
         repository, or by `image:` from a registry",
    )
}

/// The largest entries of the folder, largest first; a folder that is nearly all one entry is told by that.
fn largest(tree: &Tree) -> Vec<(String, u64)> {
    let mut sizes: BTreeMap<&Path, u64> = BTreeMap::new();
    for (path, entry) in tree.sent.iter().filter(|(_, entry)| entry.kind != EntryKind::Folder) {
        for above in path.ancestors() {
            *sizes.entry(above).or_default() += entry.size;
        }
    }
    let children = |folder: &Path| -> Vec<(PathBuf, u64)> {
        let inside = sizes.iter().filter(|(path, _)| path.parent() == Some(folder));
        inside.map(|(path, size)| (path.to_path_buf(), *size)).collect()
    };
    let mut entries = children(Path::new(""));
    for (path, size) in &mut entries {
        while let Some((inner, inner_size)) =
            children(path).into_iter().find(|(_, inner)| inner * 4 > *size * 3)
        {
            (*path, *size) = (inner, inner_size);
        }
    }
    entries.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    entries.into_iter().map(|(path, size)| (path.display().to_string(), size)).collect()
}

fn shown(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000),
    }
}
