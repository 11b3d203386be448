//! What is in the app's folder, and what of it is sent: one walk, in the order of names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use super::envfiles::{Named, named};
use super::ignore::{Ignore, Judged};
use super::{too_large, unreadable};
use crate::error::{Problem, Problems};

/// The most that is read before giving up, in bytes: nothing larger compresses below the limit in practice.
const READ_LIMIT: u64 = 200 << 20;

/// How many links are followed before a path is taken for a circle.
const MOST_LINKS: usize = 255;

/// What is sent, and what stays.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// What is sent, by its path within the folder.
    pub sent: BTreeMap<PathBuf, TreeEntry>,
    /// What is there and not sent; nothing is listed below a folder that is left out as a whole.
    pub left: BTreeMap<PathBuf, Reason>,
}

/// One resource that is sent.
#[derive(Debug)]
pub(crate) struct TreeEntry {
    /// Its size in bytes.
    pub size: u64,
    pub kind: EntryKind,
}

/// What a resource is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Folder,
    File {
        /// Whether somebody may run it.
        executable: bool,
    },
    /// A link to somewhere within the folder.
    Link(PathBuf),
}

/// Why something is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The ignore file names it on that line.
    Ignored(usize),
    Name(Named),
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// To something that is sent; the path without links.
    Sent(PathBuf),
    /// To something that is left out, or would be inside of it.
    Left(PathBuf, Reason),
    Nothing,
}

/// Which files named `.env*` the Dockerfile asks for.
pub(crate) trait PathFilter {
    /// Whether it names this one, or something in it.
    fn wants(&self, path: &Path) -> bool;
}

impl Tree {
    /// Walks through a folder.
    ///
    /// # Errors
    /// What cannot be read or sent.
    pub(crate) fn of(folder: &Path, ignore: &Ignore, wanted: &dyn PathFilter) -> Result<Self, Problems> {
        let mut walk = Walk { folder, ignore, wanted, tree: Self::default(), read: 0, problems: Vec::new() };
        walk.enter(Path::new(""), None)?;
        if walk.problems.is_empty() { Ok(walk.tree) } else { Err(Problems(walk.problems)) }
    }

    /// Follows a path from the folder's top, through links too; like docker, `..` never leaves the folder.
    pub(crate) fn find(&self, path: &Path) -> Found {
        let mut open: Vec<PathBuf> = parts(path);
        let (mut at, mut links) = (PathBuf::new(), 0);
        while let Some(part) = open.pop() {
            if part == Path::new("..") {
                at.pop();
                continue;
            }
            let next = at.join(&part);
            if let Some(TreeEntry { kind: EntryKind::Link(target), .. }) = self.sent.get(&next) {
                links += 1;
                if links > MOST_LINKS {
                    return Found::Nothing;
                }
                open.extend(parts(target));
            } else if self.is_sent(&next) {
                at = next;
            } else {
                return self.why(&next);
            }
        }
        Found::Sent(at)
    }

    /// Everything that is sent below a folder, by its path from there.
    pub(crate) fn below<'a>(&'a self, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
        self.sent.keys().filter_map(move |path| path.strip_prefix(folder).ok())
    }

    fn is_sent(&self, path: &Path) -> bool {
        // A folder that is left out goes with what was taken back from within it.
        self.sent.contains_key(path)
            || self.sent.range(path.join("\0")..).next().is_some_and(|(it, _)| it.starts_with(path))
    }

    fn why(&self, path: &Path) -> Found {
        let left = path.ancestors().find_map(|above| Some((above, self.left.get(above)?)));
        left.map_or(Found::Nothing, |(above, reason)| Found::Left(above.to_owned(), *reason))
    }
}

/// The parts of a path, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    });
    parts.rev().collect()
}

struct Walk<'a> {
    folder: &'a Path,
    ignore: &'a Ignore,
    wanted: &'a dyn PathFilter,
    tree: Tree,
    read: u64,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn enter(&mut self, inner: &Path, above: Option<&Judged>) -> Result<(), Problems> {
        let folder = self.folder.join(inner);
        let names = fs::read_dir(&folder).and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<BTreeSet<_>>>()
        });
        let names = match names {
            Ok(names) => names,
            // Docker does not look into what it leaves out either.
            Err(_) if above.is_some_and(|above| above.ignored_by.is_some()) => return Ok(()),
            Err(error) => {
                self.problems.push(unreadable(&folder, &error));
                return Ok(());
            }
        };
        names.into_iter().try_for_each(|name| self.meet(inner.join(name), above))
    }

    fn meet(&mut self, path: PathBuf, above: Option<&Judged>) -> Result<(), Problems> {
        let judged = self.ignore.judge(&path, above);
        let name = self.held_back(&path);
        if let Some(reason) = judged.ignored_by.map(Reason::Ignored).or(name.map(Reason::Name)) {
            self.tree.left.insert(path.clone(), reason);
            // What is held back for its name stays with all in it; an ignored folder may hold what a `!` takes back.
            if name.is_some() || !self.ignore.has_exceptions() {
                return Ok(());
            }
        }
        let full = self.folder.join(&path);
        let meta = match fs::symlink_metadata(&full) {
            Ok(meta) => meta,
            Err(_) if judged.ignored_by.is_some() => return Ok(()),
            Err(error) => {
                self.problems.push(unreadable(&full, &error));
                return Ok(());
            }
        };
        if meta.is_dir() {
            self.enter(&path, Some(&judged))?;
        }
        if judged.ignored_by.is_some() {
            return Ok(());
        }
        self.read += if meta.is_dir() { 0 } else { meta.len() };
        match self.kind(&path, &full, &meta) {
            Ok(kind) => drop(self.tree.sent.insert(path, TreeEntry { size: meta.len(), kind })),
            Err(problem) => self.problems.push(problem),
        }
        if self.read > READ_LIMIT {
            return Err(too_large(self.folder, self.read, false, &self.tree).into());
        }
        Ok(())
    }

    /// What in its name keeps a resource here.
    fn held_back(&self, path: &Path) -> Option<Named> {
        match named(path) {
            Named::Plain => None,
            Named::EnvFile if self.wanted.wants(path) => None,
            name => Some(name),
        }
    }

    fn kind(&self, path: &Path, full: &Path, meta: &Metadata) -> Result<EntryKind, Problem> {
        if meta.is_dir() {
            return Ok(EntryKind::Folder);
        }
        if meta.is_symlink() {
            let target = fs::read_link(full).map_err(|error| unreadable(full, &error))?;
            return if self.stays_inside(path, &target) {
                Ok(EntryKind::Link(target))
            } else {
                Err(leads_out(full))
            };
        }
        if meta.is_file() {
            return Ok(EntryKind::File { executable: meta.permissions().mode() & 0o111 != 0 });
        }
        let problem = Problem::of_file(full, "this is neither a file, a folder nor a link");
        Err(problem.hint("name it in .dockerignore"))
    }

    /// A link is kept as it is, if it leads somewhere within the folder.
    fn stays_inside(&self, path: &Path, target: &Path) -> bool {
        let mut depth = path.components().count() - 1;
        for part in target.components() {
            match part {
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::ParentDir if depth > 0 => depth -= 1,
                _ => return false,
            }
        }
        // A path that looks harmless may still lead out through another link.
        let real = |path: PathBuf| fs::canonicalize(path).ok();
        match (real(self.folder.to_owned()), real(self.folder.join(path))) {
            (Some(folder), Some(target)) => target.starts_with(folder),
            _ => true,
        }
    }
}

fn leads_out(full: &Path) -> Problem {
    let problem = Problem::of_file(full, "this is a link that leads out of the app's folder");
    problem.hint("copy the file in, or name the link in .dockerignore")
}
