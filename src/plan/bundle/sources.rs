//! Whether everything that the Dockerfile reads of the folder is among what is sent.

use std::path::{Path, PathBuf};

use super::archive::is_archive;
use super::envfiles::Named;
use super::glob::{Glob, is_pattern};
use super::tree::{Found, PathFilter, Reason, Tree};
use super::units::{of_path, units};
use crate::error::Problem;
use crate::plan::dockerfile::Reading;

/// What the Dockerfile asks for, told against what is sent.
pub(crate) struct CopySources<'a> {
    /// The app's folder.
    pub folder: &'a Path,
    pub dockerfile: &'a Path,
    pub text: &'a str,
    /// The ignore file that was read.
    pub ignore: &'a Path,
    /// What the Dockerfile reads.
    pub readings: &'a [Reading],
}

/// Which env files the Dockerfile names.
pub(crate) struct NamedByCopy<'a>(pub &'a [Reading]);

impl PathFilter for NamedByCopy<'_> {
    fn wants(&self, path: &Path) -> bool {
        self.0.iter().any(|reading| {
            let Some(source) = &reading.path else { return false };
            let last = source.file_name().unwrap_or_default().to_string_lossy();
            // `*` means whatever is there; `.env.*` means env files.
            let names_env_files = reading.takes_patterns && last.starts_with(".env");
            source.starts_with(path) || (names_env_files && fits(source, path))
        })
    }
}

fn fits(pattern: &Path, path: &Path) -> bool {
    Glob::parse(&of_path(pattern)).is_ok_and(|glob| glob.fits(&of_path(path)))
}

impl CopySources<'_> {
    /// Everything that is read and not sent.
    pub(crate) fn missing(&self, tree: &Tree) -> Vec<Problem> {
        self.readings.iter().flat_map(|reading| self.problems_of(reading, tree)).collect()
    }

    /// What a build would have found and does not, where it goes on without it.
    pub(crate) fn warnings(&self, tree: &Tree, is_known: impl Fn(&Path) -> bool) -> Vec<Problem> {
        let empty = self.readings.iter().filter(|reading| self.reads_nothing(reading, tree)).map(|reading| {
            let message =
                format!("{} reads `{}`, which fits nothing that is sent", reading.keyword, reading.written);
            self.at(reading, message)
                .hint("the build goes on without it; correct the pattern if it should not")
        });
        empty.chain(self.left_env_files(tree, is_known)).collect()
    }

    fn at(&self, reading: &Reading, message: String) -> Problem {
        Problem::at(self.dockerfile, self.text, reading.line, reading.column, message)
    }

    fn problems_of(&self, reading: &Reading, tree: &Tree) -> Vec<Problem> {
        let Some(path) = &reading.path else {
            let unpacks = reading.unpacks && is_called_archive(&reading.written);
            return unpacks.then(|| self.unpacks(reading)).into_iter().collect();
        };
        let (base, pattern) = split(reading, path);
        let found = match tree.find(&base) {
            Found::Sent(found) => found,
            other => return vec![self.absent(reading, &base, other, tree)],
        };
        let found: Vec<PathBuf> = match &pattern {
            None => vec![found],
            Some(pattern) => below(tree, &found, pattern),
        };
        let archive = found.iter().any(|path| reading.unpacks && is_archive(&self.folder.join(path)));
        archive.then(|| self.unpacks(reading)).into_iter().collect()
    }

    fn unpacks(&self, reading: &Reading) -> Problem {
        let problem = self.at(reading, "ADD unpacks a local archive, which is not supported".to_owned());
        problem.hint("write COPY, and unpack it with RUN tar")
    }

    fn absent(&self, reading: &Reading, path: &Path, found: Found, tree: &Tree) -> Problem {
        let reads = format!("{} reads `{}`", reading.keyword, reading.written);
        let ignore = self.ignore.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match found {
            Found::Left(_, Reason::Ignored(line)) => {
                let back = format!(
                    "take it back with `!{}` on a later line there, or do not copy it",
                    path.display()
                );
                self.at(reading, format!("{reads}, which line {line} of {ignore} leaves out")).hint(back)
            }
            Found::Left(left, Reason::Name(Named::History)) => {
                let problem = self.at(reading, format!("{reads}, and `{}` is never sent", left.display()));
                problem.hint(
                    "write what the build needs of it, a version say, into a file; or deploy from `git:`",
                )
            }
            Found::Left(left, Reason::Name(_)) => {
                let message =
                    format!("{reads}, and `{}` is never sent: such a file holds secrets", left.display());
                self.at(reading, message).hint(
                    "set the values with `env:` and `secrets:`; a file that holds none goes by a name like \
                     `.env.production` or `.env.example`",
                )
            }
            _ => {
                let like = tree.sent.keys().find(|sent| same_but_case(sent, path));
                let hint = match like {
                    Some(like) => {
                        format!("there is `{}`: upper and lower case differ on the server", like.display())
                    }
                    None => format!("paths start at the app's folder, {}", self.folder.display()),
                };
                self.at(reading, format!("{reads}, which is not there")).hint(hint)
            }
        }
    }

    /// A pattern that fits nothing copies nothing; beside another source of the same instruction that is meant so.
    fn reads_nothing(&self, reading: &Reading, tree: &Tree) -> bool {
        let fits_nothing = |reading: &Reading| {
            let Some(path) = &reading.path else { return false };
            match (split(reading, path), reading.takes_patterns) {
                ((base, Some(pattern)), true) => {
                    matches!(tree.find(&base), Found::Sent(base) if below(tree, &base, &pattern).is_empty())
                }
                _ => false,
            }
        };
        let same = |other: &&Reading| other.line == reading.line && other.keyword == reading.keyword;
        self.readings.iter().filter(same).all(fits_nothing)
    }

    /// Env files that stay here though an instruction reads a folder with them; `is_known` are those that need no word.
    fn left_env_files(&self, tree: &Tree, is_known: impl Fn(&Path) -> bool) -> Vec<Problem> {
        let of_kind = |kind: Named| {
            let is_it =
                |(path, reason): &(&PathBuf, &Reason)| **reason == Reason::Name(kind) && !is_known(path);
            let left: Vec<&PathBuf> = tree.left.iter().filter(is_it).map(|(path, _)| path).collect();
            let reading =
                self.readings.iter().find(|reading| left.iter().any(|path| covers(reading, path, tree)))?;
            let left = left.into_iter().filter(|path| covers(reading, path, tree));
            Some((reading, left.map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")))
        };
        let told = |(reading, names): (&Reading, String), hint: &str| {
            let copies = format!("{} {}", reading.keyword, reading.written);
            self.at(reading, format!("not sent, though `{copies}` would take it: {names}")).hint(hint)
        };
        let named =
            "if the build needs it and it holds no secrets, name it in a COPY; else name it in .dockerignore";
        let secret =
            "it may hold secrets: set the values with `env:` and `secrets:`, and name it in .dockerignore";
        let kinds = [(Named::EnvFile, named), (Named::Secrets, secret)];
        kinds.into_iter().filter_map(|(kind, hint)| of_kind(kind).map(|found| told(found, hint))).collect()
    }
}

/// Whether docker would have read `path` there, as part of a folder or by a pattern.
fn covers(reading: &Reading, path: &Path, tree: &Tree) -> bool {
    let Some(source) = &reading.path else { return false };
    let (base, pattern) = split(reading, source);
    let Found::Sent(base) = tree.find(&base) else { return false };
    let Ok(inner) = path.strip_prefix(base) else { return false };
    let Some(pattern) = pattern else { return true };
    let is_there = |inner: &&Path| !inner.as_os_str().is_empty();
    inner.ancestors().filter(is_there).any(|inner| fits(Path::new(&pattern), inner))
}

/// The folder that a source begins in, and the pattern from there on.
fn split(reading: &Reading, path: &Path) -> (PathBuf, Option<String>) {
    let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match parts.iter().position(|part| reading.takes_patterns && is_pattern(part)) {
        Some(at) => (parts[..at].iter().collect(), Some(parts[at..].join("/"))),
        None => (path.to_owned(), None),
    }
}

/// What is sent below `base` and fits a pattern, without what is in a folder that fits it.
fn below(tree: &Tree, base: &Path, pattern: &str) -> Vec<PathBuf> {
    // Docker takes a pattern that is none for one that fits nothing.
    let Ok(glob) = Glob::parse(&units(pattern.as_bytes())) else { return Vec::new() };
    let fitting = tree.below(base).filter(|inner| glob.fits(&of_path(inner)));
    let found = fitting.map(|inner| match tree.find(&base.join(inner)) {
        Found::Sent(path) => path,
        _ => base.join(inner),
    });
    found.collect()
}

fn is_called_archive(source: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst"]
        .iter()
        .any(|end| source.ends_with(end))
}

fn same_but_case(one: &Path, other: &Path) -> bool {
    one.to_string_lossy().to_lowercase() == other.to_string_lossy().to_lowercase()
}
