//! Problems in files people write, each with its place.
//!
//! Knows how to show a problem beside the line it is about, and how to hide what that line must not show: the line is
//! masked when the problem is made, so that no way of printing it can leak. Does not find problems, and does not decide
//! what becomes of a run (the layers above have errors of their own).

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// One resource wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    /// The line, counted from 1; 0 means the whole file.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line as the file has it, but with values under secret-looking keys masked; none where that is not enough.
    pub source_line: Option<String>,
}

impl Problem {
    /// Describes what is wrong with a file as a whole.
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { file: file.to_owned(), line: 0, column: 0, message, hint: None, source_line: None }
    }

    /// Describes what is wrong at one place of `text`; line and column count from 1.
    pub fn at(file: &Path, text: &str, line: usize, column: usize, message: impl Into<String>) -> Self {
        let source_line = showable(text, line);
        Self { line, column, source_line, ..Self::of_file(file, message) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Leaves the file's line out: it holds something that must not be seen.
    #[must_use]
    pub fn without_source(mut self) -> Self {
        self.source_line = None;
        self
    }

    /// Where it is, in one word: `file:line:column`, or the file alone.
    pub fn place(&self) -> String {
        let file = self.file.display();
        if self.line == 0 { file.to_string() } else { format!("{file}:{}:{}", self.line, self.column) }
    }

    /// Shows the problem the way rustc does, without colours.
    fn render(&self, level: Level<'_>) -> String {
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        let path = self.file.to_string_lossy();
        if let Some(line) = &self.source_line {
            let span = pointed_at(line, self.column);
            let snippet = Snippet::source(line.as_str()).line_start(self.line).path(path.as_ref());
            group = group.element(snippet.annotation(AnnotationKind::Primary.span(span)));
        } else {
            let mut origin = annotate_snippets::Origin::path(path.as_ref());
            if self.line > 0 {
                origin = origin.line(self.line).char_column(self.column);
            }
            group = group.element(origin);
        }
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
        }
        Renderer::plain().render(&[group])
    }

    /// Shows the problem as something allowed that looks wrong.
    pub fn as_warning(&self) -> String {
        self.render(Level::WARNING)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Level::ERROR))
    }
}

impl std::error::Error for Problem {}

/// Everything wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&shown.join("\n\n"))
    }
}

impl std::error::Error for Problems {}

/// Names an I/O error without its number: `permission denied`, not `Permission denied (os error 13)`.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The bytes of `line` from `column` to the end of the word there; always within the line.
fn pointed_at(line: &str, column: usize) -> Range<usize> {
    let start = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let rest = &line[start..];
    let width = rest.find(|c: char| c.is_whitespace() || ",]}:".contains(c)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    start..start + width.max(first)
}

/// Says whether a key of this name is likely to hold something that must not be seen.
fn names_a_secret(key: &str) -> bool {
    const SIGNS: [&str; 9] =
        ["secret", "passw", "pwd", "token", "key", "credential", "private", "auth", "passphrase"];
    let key = key.to_ascii_lowercase();
    SIGNS.iter().any(|sign| key.contains(sign))
}

/// Says whether what stands under a key is masked: `env` as a whole, for its keys are the user's own.
fn hides(key: &str) -> bool {
    key == "env" || names_a_secret(key)
}

/// The line as it may be shown: none if it may be the middle of a longer value, else masked under secret-looking keys.
fn showable(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.get(line.checked_sub(1)?)?.trim_end();
    if let Some(at) = keys_of(shown).find(|(key, _)| hides(key)).map(|(_, end)| end) {
        return Some(masked_from(shown, at));
    }
    let item = shown.trim_start().starts_with("- ");
    let key = keys_of(shown).next().map(|(_, end)| end);
    if key.is_none() && !item && shown.starts_with([' ', '\t']) {
        return None;
    }
    if parents(&lines[..line]).any(hides) {
        let dash = shown.find("- ").map(|at| at + 1);
        return Some(masked_from(shown, key.or(dash).unwrap_or(0)));
    }
    Some(shown.to_owned())
}

fn masked_from(line: &str, at: usize) -> String {
    if line[at..].trim().is_empty() { line.to_owned() } else { format!("{} ***", &line[..at]) }
}

/// Every `key:` of a line, with where its colon ends.
fn keys_of(line: &str) -> impl Iterator<Item = (&str, usize)> {
    line.match_indices(':').filter_map(move |(at, _)| {
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || "_.-".contains(c)));
        let start = start.map_or(0, |found| found + before[found..].chars().next().map_or(0, char::len_utf8));
        let key = &before[start..];
        let ends = line[at + 1..].chars().next().is_none_or(|c| c.is_whitespace() || "\"'{[".contains(c));
        (!key.is_empty() && ends).then_some((key, at + 1))
    })
}

/// The keys that the last line stands under, nearest first.
fn parents<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let mut inner = lines.last().map_or(0, |line| depth(line));
    lines.iter().rev().filter_map(move |line| {
        let blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        if blank || depth(line) >= inner {
            return None;
        }
        inner = depth(line);
        keys_of(line).next().map(|(key, _)| key)
    })
}

/// How far in a line stands; a list item may stand right below its key.
fn depth(line: &str) -> usize {
    let text = line.trim_start();
    2 * (line.len() - text.len()) + usize::from(text.starts_with("- "))
}
