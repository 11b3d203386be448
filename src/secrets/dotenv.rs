//! The `.env` file, as docker compose reads it (v2.26), with the lines on which the common readers disagree.
//!
//! compose, python-dotenv and node's dotenv read most lines alike. Where they do not, either compose's reading goes with
//! a remark, or the line is doubtful. A doubtful line matters only to whoever asks for its variable: a file with odd
//! lines about other variables is still of use. Errors and remarks name a place, never a value or a part of one. Looks at
//! no file itself (`sources`) and writes none (`keep`).

mod reference;
mod scan;
mod value;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use self::reference::ReferenceLookup;
use self::scan::{Given, Scanned};
use super::{Environment, Secret};
use crate::error::Problem;

/// What is wrong with, or to be said of, one place of the file; never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Doubt {
    /// The byte it is about.
    at: usize,
    /// What is wrong there, to follow the name of the variable: "is empty here".
    what: &'static str,
    /// What to do about it.
    hint: &'static str,
}

/// One file, read.
pub struct EnvFile {
    path: PathBuf,
    text: Zeroizing<String>,
    entries: Vec<Entry>,
    /// Where assignments may be that nobody can tell, in the order of the file.
    unreadable: Vec<Unreadable>,
}

/// A part of the text in which something may be assigned.
struct Unreadable {
    range: Range<usize>,
    doubt: Doubt,
    /// Whether it is a line that is no assignment, and not the rest of a value: whatever it names, it may mean to give.
    is_line: bool,
}

/// One line that gives, or means to give, a variable.
struct Entry {
    key: String,
    at: usize,
    range: Range<usize>,
    meaning: Meaning,
}

/// What a line gives.
enum Meaning {
    /// This value, perhaps with something to be said about how it was read.
    Value(Secret, Option<&'static str>),
    /// What the environment has, if it has any: a name without `=`.
    Inherited { is_set: bool },
    /// What cannot be told for sure.
    Doubtful(Doubt),
}

impl EnvFile {
    /// A file that is not there.
    pub fn absent(path: &Path) -> Self {
        let text = Zeroizing::default();
        Self { path: path.to_owned(), text, entries: Vec::new(), unreadable: Vec::new() }
    }

    /// Reads a file's content; references are followed into `environment` first, then to earlier lines.
    ///
    /// # Errors
    /// Why nothing in the file can be relied on; what is wrong with single lines is told by [`find`](Self::find).
    pub fn read(environment: &Environment, path: &Path, bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(Problem::of_file(path, "is UTF-16 text").hint("save it as UTF-8"));
        }
        let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
        let text = Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned());
        let mut file = Self { text, ..Self::absent(path) };
        if let Some(at) = file.text.find('\0') {
            let problem = Problem::of_file(path, "holds a NUL character, which no text has");
            return Err(file.placed(at, problem.hint("save it as UTF-8 text")));
        }
        let is_utf8 = std::str::from_utf8(bytes).is_ok();
        let Scanned { statements, unreadable } = scan::scan(&file.text, is_utf8);
        let conflict = |part: &&Unreadable| part.is_line && is_conflict(&file.text[part.range.clone()]);
        if let Some(part) = unreadable.iter().find(conflict) {
            let problem = Problem::of_file(path, "holds both sides of a merge conflict");
            return Err(
                file.placed(part.range.start, problem.hint("resolve it: the values of one side are wrong"))
            );
        }
        file.unreadable = unreadable;
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for scan::Statement { key, at, range, given } in statements {
            let look = |name: &str| file.look(environment, &last, name);
            let meaning = match given {
                Given::Inherited => Meaning::Inherited { is_set: environment(&key).is_some() },
                Given::Value(written) => match value::meaning(&written, &look) {
                    Ok((value, remark)) => Meaning::Value(value, remark),
                    Err(doubt) => Meaning::Doubtful(doubt),
                },
                Given::Doubtful(doubt) => Meaning::Doubtful(doubt),
            };
            last.insert(key.clone(), file.entries.len());
            file.entries.push(Entry { key, at, range, meaning });
        }
        Ok(file)
    }

    /// The value of a variable; `None` where the file says nothing of it, or says outright that it is empty.
    ///
    /// # Errors
    /// Where the file seems to give the variable in a way that cannot be read for sure.
    pub fn find(&self, name: &str) -> Result<Option<&Secret>, Problem> {
        let last = self.entries.iter().rposition(|entry| entry.key == name);
        let from = last.map_or(0, |last| self.entries[last].range.end);
        if let Some(doubt) = self.mentioned(name, from, last.is_some()) {
            return Err(self.doubted(name, doubt));
        }
        let Some(entry) = last.map(|last| &self.entries[last]) else { return Ok(None) };
        match &entry.meaning {
            Meaning::Value(value, _) if !value.expose().is_empty() => Ok(Some(value)),
            Meaning::Value(..) if self.entries.iter().any(|other| other.key == name && other.is_given()) => {
                Err(self.doubted(
                    name,
                    &Doubt {
                        at: entry.at,
                        what: "is empty here, and has a value on an earlier line",
                        hint: "keep one of the lines",
                    },
                ))
            }
            Meaning::Value(..) => Ok(None),
            Meaning::Inherited { .. } => Err(self.doubted(
                name,
                &Doubt {
                    at: entry.at,
                    what: "is to come from the environment, which does not have it",
                    hint: "set it there, or write its value after a `=`",
                },
            )),
            Meaning::Doubtful(doubt) => Err(self.doubted(name, doubt)),
        }
    }

    /// What is to be said about how the value of a variable was read, if anything is.
    pub fn remark(&self, name: &str) -> Option<Problem> {
        let entry = self.entries.iter().rfind(|entry| entry.key == name)?;
        let Meaning::Value(_, Some(remark)) = &entry.meaning else { return None };
        let problem = Problem::of_file(&self.path, format!("`{name}` {remark}"));
        Some(
            self.placed(
                entry.at,
                problem.hint("write the value in single quotes to have it taken as it stands"),
            ),
        )
    }

    /// Makes sure that `name`, which the file does not give, may be added at its end: that no line may be meant to give
    /// it, and that a line more would be read as one.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn takes(&self, name: &str) -> Result<(), Problem> {
        let bare =
            self.entries.iter().find(|entry| matches!(entry.meaning, Meaning::Inherited { is_set: false }));
        let parts = self.unreadable.iter().map(|part| part.range.start);
        let Some(at) = parts.chain(bare.map(|entry| entry.at)).min() else { return Ok(()) };
        let message =
            format!("`{name}` is not generated: it may be meant by this line, which cannot be read");
        let problem = Problem::of_file(&self.path, message);
        Err(self.placed(
            at,
            problem.hint(format!("fix the line, make it a comment, or write `{name}=…` yourself")),
        ))
    }

    /// Every line that gives a value, with that value, in the order of the file.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.entries.iter().filter_map(|entry| match &entry.meaning {
            Meaning::Value(value, _) => Some((entry.key.as_str(), value)),
            Meaning::Inherited { .. } | Meaning::Doubtful(_) => None,
        })
    }

    /// What, from `from` on, may be another assignment of `name`. A line that is no assignment may mean one by naming it
    /// at all, as long as no other line gives it.
    fn mentioned(&self, name: &str, from: usize, is_given: bool) -> Option<&Doubt> {
        let about = |part: &&Unreadable| {
            part.range.start >= from && names(&self.text[part.range.clone()], name, is_given || !part.is_line)
        };
        self.unreadable.iter().find(about).map(|part| &part.doubt)
    }

    /// What a reference finds: the environment first, then the last of the earlier lines (compose-go 2.0, `env.go`).
    fn look(&self, environment: &Environment, last: &BTreeMap<String, usize>, name: &str) -> ReferenceLookup {
        if let Some(value) = environment(name) {
            return ReferenceLookup::Set(Secret::new(value));
        }
        match last.get(name).map(|at| &self.entries[*at].meaning) {
            Some(Meaning::Value(value, _)) => ReferenceLookup::Set(value.clone()),
            Some(Meaning::Doubtful(doubt)) => ReferenceLookup::Doubtful(doubt.clone()),
            Some(Meaning::Inherited { .. }) | None => ReferenceLookup::Unset,
        }
    }

    fn doubted(&self, name: &str, doubt: &Doubt) -> Problem {
        let problem = Problem::of_file(&self.path, format!("`{name}` {}", doubt.what));
        self.placed(doubt.at, problem.hint(doubt.hint))
    }

    /// The problem at a byte of the text; the line itself stays out, for all of it may be a secret.
    fn placed(&self, at: usize, problem: Problem) -> Problem {
        let before = &self.text[..at];
        let line = before.rsplit('\n').next().unwrap_or(before);
        Problem { line: before.matches('\n').count() + 1, column: line.chars().count() + 1, ..problem }
    }
}

impl Entry {
    fn is_given(&self) -> bool {
        match &self.meaning {
            Meaning::Value(value, _) => !value.expose().is_empty(),
            Meaning::Inherited { .. } => false,
            Meaning::Doubtful(_) => true,
        }
    }
}

fn is_conflict(line: &str) -> bool {
    line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")
}

/// Whether a text has `name` as a word of its own; `assigned`: with a `=` or `:` after it.
fn names(text: &str, name: &str, assigned: bool) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let after = &text[at + name.len()..];
        let alone = !text[..at].ends_with(inner) && !after.starts_with(inner);
        let after = after.trim_start_matches([' ', '\t', '\'', '"']);
        alone && (!assigned || after.starts_with(['=', ':']))
    })
}
