//! The `.env` file: `KEY=value`, one a line.
//!
//! Reads `export K=v`, single quotes (literally), double quotes (with `\n`, `\r`, `\t`, `\"`, `\\`, `\$`, over several
//! lines) and `#` comments. Expands nothing: `K="$A"` is a dollar sign and an A. Errors name a place, never content.

use std::path::Path;

use super::Secret;
use crate::error::{Problem, Problems};

/// Reads all assignments, in the order of the file; a later one of the same name is meant to win.
///
/// # Errors
/// All lines that cannot be read, each with its line and column.
pub fn parse(path: &Path, text: &str) -> Result<Vec<(String, Secret)>, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut scanner = Scanner { text, at: 0 };
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    while let Some(assignment) = scanner.next() {
        match assignment {
            Ok(pair) => found.push(pair),
            Err((at, message)) => {
                let (line, column) = place(text, at);
                // The line itself stays out: all of it may be a secret.
                let problem = Problem { line, column, ..Problem::of_file(path, message) };
                problems.push(problem.hint("write KEY=value, KEY='value' or KEY=\"value\""));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Problems(problems)) }
}

type Assignment = Result<(String, Secret), (usize, &'static str)>;

/// Where in the text reading has got to.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next assignment; `None` at the end of the text.
    fn next(&mut self) -> Option<Assignment> {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            if self.rest().is_empty() {
                return None;
            }
            if !self.rest().starts_with('#') {
                break;
            }
            self.skip_line();
        }
        let assignment = self.assignment();
        if assignment.is_err() {
            self.skip_line();
        }
        Some(assignment)
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    fn assignment(&mut self) -> Assignment {
        if self.rest().strip_prefix("export").is_some_and(|rest| rest.starts_with([' ', '\t'])) {
            self.at += "export".len();
            self.blanks();
        }
        let name = self.name()?;
        self.blanks();
        if !self.rest().starts_with('=') {
            return Err((self.at, "there is no `=` after the name"));
        }
        self.at += 1;
        self.blanks();
        let value = match self.rest().chars().next() {
            Some('\'') => self.single()?,
            Some('"') => self.double()?,
            _ => return Ok((name, self.bare())),
        };
        self.blanks();
        if self.rest().is_empty() || self.rest().starts_with(['\n', '\r', '#']) {
            self.skip_line();
            return Ok((name, value));
        }
        Err((self.at, "there is something after the closing quote"))
    }

    fn name(&mut self) -> Result<String, (usize, &'static str)> {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !valid(c)).unwrap_or(rest.len())];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return Err((self.at, "a line must start with the name of a variable"));
        }
        self.at += name.len();
        Ok(name.to_owned())
    }

    /// Up to the end of the line, or to a `#` after white space.
    fn bare(&mut self) -> Secret {
        let start = self.at;
        self.skip_line();
        let line = &self.text[start..self.at];
        let comment =
            line.char_indices().find(|(at, c)| *c == '#' && (*at == 0 || line[..*at].ends_with([' ', '\t'])));
        Secret::new(line[..comment.map_or(line.len(), |(at, _)| at)].trim_end())
    }

    fn single(&mut self) -> Result<Secret, (usize, &'static str)> {
        let inner = &self.rest()[1..];
        let end = inner.find('\'').ok_or((self.at, "a `'` is not closed"))?;
        self.at += end + 2;
        Ok(Secret::new(&inner[..end]))
    }

    fn double(&mut self) -> Result<Secret, (usize, &'static str)> {
        let start = self.at;
        let mut value = zeroize::Zeroizing::new(String::new());
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 1;
                    return Ok(Secret::new(value.as_str()));
                }
                '\\' => match letters.next() {
                    Some((_, escaped)) => unescape(escaped, &mut value),
                    None => break,
                },
                letter => value.push(letter),
            }
        }
        Err((start, "a `\"` is not closed"))
    }
}

/// What a backslash and a letter mean in double quotes; unknown pairs stay as they are.
fn unescape(letter: char, value: &mut String) {
    match letter {
        'n' => value.push('\n'),
        'r' => value.push('\r'),
        't' => value.push('\t'),
        '"' | '\\' | '$' => value.push(letter),
        other => value.extend(['\\', other]),
    }
}

/// Line and column of a byte, from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or(before);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
