//! What a `.dockerignore` leaves out.
//!
//! Docker's rules: patterns start at the folder's top, the last one that fits decides, `!` takes back, and a pattern that
//! fits a folder fits all in it. Touches no file.

use std::path::Path;

/// The patterns of one `.dockerignore`.
pub struct Ignore {
    patterns: Vec<Pattern>,
}

struct Pattern {
    /// Whether it takes back what earlier ones left out.
    exception: bool,
    parts: Vec<String>,
}

impl Ignore {
    pub fn parse(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines();
        Self { patterns: lines.filter_map(pattern).collect() }
    }

    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.exception)
    }

    /// Says whether a path within the folder is left out.
    pub fn ignores(&self, path: &Path) -> bool {
        let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let last = self
            .patterns
            .iter()
            .rev()
            .find(|pattern| (1..=parts.len()).any(|length| fits(&pattern.parts, &parts[..length])));
        last.is_some_and(|pattern| !pattern.exception)
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (exception, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
    let mut parts: Vec<String> = Vec::new();
    for part in line.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part.to_owned()),
        }
    }
    (!parts.is_empty()).then_some(Pattern { exception, parts })
}

/// Part by part; `**` stands for any number of parts, none too.
fn fits(pattern: &[String], path: &[String]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        Some((first, rest)) => path.split_first().is_some_and(|(part, others)| {
            let (letters, part): (Vec<char>, Vec<char>) = (first.chars().collect(), part.chars().collect());
            glob(&letters, &part) && fits(rest, others)
        }),
    }
}

/// `*`, `?`, `[a-z]`, `[^a]` and `\x` within one part of a path.
fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => {
            let rest = &rest[rest.iter().take_while(|c| **c == '*').count()..];
            (0..=text.len()).any(|skipped| glob(rest, &text[skipped..]))
        }
        Some(('[', rest)) => class(rest, text).unwrap_or_else(|| literal('[', rest, text)),
        Some(('?', rest)) => text.split_first().is_some_and(|(_, others)| glob(rest, others)),
        Some(('\\', [letter, rest @ ..]) | (letter, rest)) => literal(*letter, rest, text),
    }
}

fn literal(letter: char, rest: &[char], text: &[char]) -> bool {
    text.split_first().is_some_and(|(first, others)| *first == letter && glob(rest, others))
}

/// `[…]`, with its bracket already taken; `None` if it is not closed.
fn class(pattern: &[char], text: &[char]) -> Option<bool> {
    let end = pattern.iter().skip(1).position(|c| *c == ']')? + 1;
    let (mut members, rest) = (&pattern[..end], &pattern[end + 1..]);
    let negated = matches!(members.first(), Some('^' | '!'));
    if negated {
        members = &members[1..];
    }
    let Some((letter, others)) = text.split_first() else { return Some(false) };
    let mut found = false;
    while let Some(first) = members.first() {
        if let [low, '-', high, ..] = members {
            found |= (low..=high).contains(&letter);
            members = &members[3..];
        } else {
            found |= first == letter;
            members = &members[1..];
        }
    }
    Some(found != negated && glob(rest, others))
}
