//! A Dockerfile cut into instructions, without a byte lost.
//!
//! Knows continuations, comments between them, heredocs and the directives at the top, as moby's parser does. Knows no
//! instruction's meaning.

use std::ops::Range;

use super::Fault;
use super::heredocs::{Heredoc, heredocs};

/// One piece of a Dockerfile.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    /// The text with its line ends, as written, heredoc bodies included.
    pub raw: &'a str,
    /// The instruction in capitals; empty for comments and blank lines.
    pub keyword: String,
    /// Whether it brings heredocs.
    pub heredoc: bool,
    /// The first line's number, from 1.
    pub line: usize,
    /// All its lines as one, without comments and heredoc bodies.
    joined: String,
    /// Where in that the arguments are.
    rest: Range<usize>,
    parts: Vec<Part>,
}

/// Where a line's part of the joined text comes from.
#[derive(Debug)]
struct Part {
    at: usize,
    line: usize,
    column: usize,
}

/// A Dockerfile in its pieces.
#[derive(Debug)]
pub(crate) struct Cut<'a> {
    /// Put together, these are the same text.
    pub pieces: Vec<Piece<'a>>,
    /// What continues a line and takes the next character as it is.
    pub escape: char,
    /// Whether it names the builder's version that is to read it.
    pub has_syntax: bool,
}

impl<'a> Piece<'a> {
    /// What follows the instruction, on one line.
    pub(crate) fn rest(&self) -> &str {
        &self.joined[self.rest.clone()]
    }

    /// The line and column, each from 1, of a byte of [`rest`](Self::rest).
    pub(crate) fn place(&self, at: usize) -> (usize, usize) {
        let at = (self.rest.start + at).min(self.joined.len());
        let part = self.parts.iter().rev().find(|part| part.at <= at);
        part.map_or((self.line, 1), |part| {
            let before = self.joined.get(part.at..at).unwrap_or_default();
            (part.line, part.column + before.chars().count())
        })
    }

    /// What is wrong with it, at its keyword.
    pub(crate) fn fault(&self, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        let column = self.parts.first().map_or(1, |part| part.column);
        Fault { line: self.line, column, message: message.into(), hint: hint.into() }
    }

    /// What is wrong with it, at a byte of [`rest`](Self::rest).
    pub(crate) fn fault_at(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        let (line, column) = self.place(at);
        Fault { line, column, message: message.into(), hint: hint.into() }
    }

    fn aside(raw: &'a str, line: usize) -> Self {
        let (keyword, joined) = (String::new(), String::new());
        Self { raw, keyword, heredoc: false, line, joined, rest: 0..0, parts: Vec::new() }
    }

    fn of(line: usize, joined: String, parts: Vec<Part>) -> Self {
        let end = joined.trim_end().len();
        let start = (joined.len() - joined.trim_start().len()).min(end);
        let blank = |letter: char| "\t\u{b}\u{c}\r ".contains(letter);
        let word = joined[start..end].find(blank).map_or(end, |length| start + length);
        let rest = end - joined[word..end].trim_start().len()..end;
        let keyword = joined[start..word].to_ascii_uppercase();
        Self { raw: "", keyword, heredoc: false, line, joined, rest, parts }
    }
}

/// Cuts a Dockerfile into pieces; adds what it finds wrong to `faults`.
pub(crate) fn cut<'a>(text: &'a str, faults: &mut Vec<Fault>) -> Cut<'a> {
    let Directives { escape, has_syntax } = directives(text, faults);
    let mut lines = text.split_inclusive('\n').zip(1..).peekable();
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Some((line, number)) = lines.next() {
        let (start, mut end) = (at, at + line.len());
        if is_aside(line) {
            pieces.push(Piece::aside(line, number));
            at = end;
            continue;
        }
        let (mut joined, mut parts) = (String::new(), Vec::new());
        let indent = line.len() - line.trim_start().len();
        let column = line[..indent].chars().count() + 1;
        let mut open = take(&line[indent..], escape, &mut joined, (number, column), &mut parts);
        while open && let Some((line, number)) = lines.next() {
            end += line.len();
            // Comments and blank lines between the lines of one instruction do not end it.
            open = is_aside(line) || take(line, escape, &mut joined, (number, 1), &mut parts);
        }
        let mut piece = Piece::of(number, joined, parts);
        let heredocs = heredocs(&piece.keyword, piece.rest());
        for heredoc in &heredocs {
            let mut body = lines.by_ref().map(|(line, _)| {
                end += line.len();
                heredoc.ends_with_line(line)
            });
            if !body.any(|is_last| is_last) {
                let message = format!("the heredoc `{}` has no end", heredoc.name);
                let hint = format!("write `{}` alone on the line after its last one", heredoc.name);
                faults.push(piece.fault(message, hint));
            }
        }
        piece.heredoc = !heredocs.is_empty();
        piece.raw = &text[start..end];
        pieces.push(piece);
        at = end;
    }
    Cut { pieces, escape, has_syntax }
}

impl Heredoc {
    fn ends_with_line(&self, line: &str) -> bool {
        let line = line.trim_end_matches(['\n', '\r']);
        (if self.strips_tabs { line.trim_start_matches('\t') } else { line }) == self.name
    }
}

struct Directives {
    escape: char,
    has_syntax: bool,
}

/// Reads the comments at the very top that tell the parser something.
fn directives(text: &str, faults: &mut Vec<Fault>) -> Directives {
    let mut directives = Directives { escape: '\\', has_syntax: false };
    let mut seen: Vec<String> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|line| line.split_once('='))
        else {
            break;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if !["syntax", "escape", "check"].contains(&name.as_str()) || value.is_empty() {
            break;
        }
        let mut fault = |message: String, hint: &str| {
            faults.push(Fault { line: number, column: 1, message, hint: hint.to_owned() });
        };
        if seen.contains(&name) {
            fault(format!("the directive `{name}` is there twice"), "docker takes one; delete the other");
        }
        match (name.as_str(), value) {
            ("syntax", _) => directives.has_syntax = true,
            ("escape", "`") => directives.escape = '`',
            ("escape", "\\") | ("check", _) => {}
            _ => {
                fault(format!("`{value}` cannot be the escape character"), "it is a backslash or a backtick");
            }
        }
        seen.push(name);
    }
    directives
}

fn is_aside(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// Adds a line to the instruction and says whether another one follows.
fn take(
    line: &str,
    escape: char,
    joined: &mut String,
    (number, column): (usize, usize),
    parts: &mut Vec<Part>,
) -> bool {
    let text = line.trim_end_matches(['\n', '\r']);
    parts.push(Part { at: joined.len(), line: number, column });
    // Two of them are one that is meant as it is.
    let continued =
        text.trim_end_matches([' ', '\t']).strip_suffix(escape).filter(|it| !it.ends_with(escape));
    joined.push_str(continued.unwrap_or(text));
    continued.is_some()
}
