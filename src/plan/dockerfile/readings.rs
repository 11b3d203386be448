//! What a Dockerfile reads of the app's folder, and where it says so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Fault;
use super::heredocs::heredoc;
use super::lines::{Cut, Piece};
use super::variables::{ExpandedWord, Variables};
use super::words::{Arguments, Word};

/// A path within the folder that an instruction reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The instruction in capitals.
    pub keyword: &'static str,
    /// The path as written.
    pub written: String,
    /// The path from the folder's top, without variables, `.` and `..`; `None` where a variable's value is not known.
    pub path: Option<PathBuf>,
    /// Whether the path may be a pattern.
    pub takes_patterns: bool,
    /// Whether an archive is unpacked.
    pub unpacks: bool,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// Everything that is read; adds what no builder takes to `faults`.
pub(crate) fn readings(cut: &Cut<'_>, faults: &mut Vec<Fault>) -> Vec<Reading> {
    let mut reader = Reader { escape: cut.escape, ..Reader::default() };
    cut.pieces.iter().for_each(|piece| reader.take(piece));
    faults.append(&mut reader.faults);
    reader.readings
}

#[derive(Default)]
struct Reader {
    escape: char,
    /// What is known before the first FROM.
    global: Variables,
    /// What is known in the stage that is being read; `None` before the first.
    now: Option<Variables>,
    /// What was known at the end of each stage, by its name.
    stages: BTreeMap<String, Variables>,
    name: Option<String>,
    readings: Vec<Reading>,
    faults: Vec<Fault>,
}

impl Reader {
    fn take(&mut self, piece: &Piece<'_>) {
        match piece.keyword.as_str() {
            "FROM" => self.from(piece),
            "ARG" => match &mut self.now {
                Some(now) => now.arg(piece.rest(), self.escape, Some(&self.global)),
                None => self.global.arg(piece.rest(), self.escape, None),
            },
            "ENV" => drop(self.now.as_mut().map(|now| now.env(piece.rest(), self.escape))),
            "COPY" => self.copy(piece, "COPY"),
            "ADD" => self.copy(piece, "ADD"),
            "RUN" => self.run(piece),
            _ => {}
        }
    }

    /// A new stage, which knows what the one that it builds upon knew.
    fn from(&mut self, piece: &Piece<'_>) {
        if let (Some(name), Some(now)) = (self.name.take(), self.now.take()) {
            self.stages.insert(name, now);
        }
        let arguments = Arguments::of(piece.rest(), self.escape);
        let words: Vec<&str> = arguments.operands.iter().map(|word| word.text.as_str()).collect();
        let base = words.first().map(|base| self.global.expand(base, self.escape));
        let known = match base {
            Some(ExpandedWord::Known(base)) => self.stages.get(&base.to_lowercase()).cloned(),
            _ => None,
        };
        self.now = Some(known.unwrap_or_default());
        self.name = words.get(2).map(|name| name.to_lowercase());
    }

    fn copy(&mut self, piece: &Piece<'_>, keyword: &'static str) {
        let arguments = Arguments::of(piece.rest(), self.escape);
        if arguments.flag("--from").is_some() {
            return;
        }
        if arguments.operands.len() < 2 {
            let message = format!("{keyword} needs a source and a destination");
            self.faults.push(piece.fault(message, format!("write {keyword} SOURCE… DESTINATION")));
            return;
        }
        let unpacks =
            keyword == "ADD" && arguments.flag("--unpack").is_none_or(|flag| flag.text.ends_with("true"));
        for source in arguments.sources() {
            let is_heredoc = piece.heredoc && heredoc(&source.text).is_some();
            let remote = is_remote(&source.text);
            if remote && keyword == "COPY" {
                let message = format!("COPY cannot read `{}`", source.text);
                self.faults.push(piece.fault_at(source.span.start, message, "ADD reads remote files"));
            }
            if !is_heredoc && !remote {
                self.read(piece, source, &Reading { unpacks, takes_patterns: true, ..blank(keyword) });
            }
        }
    }

    fn run(&mut self, piece: &Piece<'_>) {
        for flag in Arguments::of(piece.rest(), self.escape).flags {
            let Some(mount) = flag.text.strip_prefix("--mount=") else { continue };
            let value = |keys: &[&str]| {
                let fields = mount.split(',').filter_map(|field| field.split_once('='));
                let mut values = fields.filter(|(key, _)| keys.contains(&key.to_ascii_lowercase().as_str()));
                values.next().map(|(_, value)| value)
            };
            let is_bind = value(&["type"]).is_none_or(|kind| kind == "bind");
            let source = value(&["source", "src"]);
            if let (true, None, Some(source)) = (is_bind, value(&["from"]), source) {
                let word = Word { text: source.to_owned(), span: flag.span };
                self.read(piece, &word, &blank("RUN --mount"));
            }
        }
    }

    fn read(&mut self, piece: &Piece<'_>, word: &Word, kind: &Reading) {
        let path = match self.now.clone().unwrap_or_default().expand(&word.text, self.escape) {
            // What is filled in may turn out to be remote.
            ExpandedWord::Known(path) if is_remote(&path) => return,
            ExpandedWord::Known(path) => Some(within(&path)),
            ExpandedWord::Unknown => None,
            ExpandedWord::Bad(why) => {
                let message = format!("`{}` cannot be read: {why}", word.text);
                self.faults.push(piece.fault_at(
                    word.span.start,
                    message,
                    "docker refuses it too; correct it",
                ));
                return;
            }
        };
        let (line, column) = piece.place(word.span.start);
        self.readings.push(Reading { written: word.text.clone(), path, line, column, ..kind.clone() });
    }
}

fn blank(keyword: &'static str) -> Reading {
    let (written, path) = (String::new(), None);
    Reading { keyword, written, path, takes_patterns: false, unpacks: false, line: 0, column: 0 }
}

/// The path from the folder's top; like docker, `..` never leaves it.
fn within(path: &str) -> PathBuf {
    let mut within = PathBuf::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(within.pop()),
            part => within.push(part),
        }
    }
    within
}

/// Says whether a source comes over the net: a URL, or a git repository.
pub(crate) fn is_remote(source: &str) -> bool {
    let is_url = ["http://", "https://", "git://", "ssh://"].iter().any(|scheme| source.starts_with(scheme));
    let is_ssh = || {
        let (user, rest) = source.split_once('@')?;
        let (host, _) = rest.split_once(':')?;
        let plain = |text: &str, more: &str| {
            !text.is_empty()
                && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
        };
        Some(plain(user, "_-") && plain(host, ".-"))
    };
    is_url || is_ssh() == Some(true)
}
