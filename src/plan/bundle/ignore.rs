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
        let last = self.patterns.iter().rev().find(|pattern| {
            (1..=parts.len()).any(|length| fits(&pattern.parts, &parts[..length]) == Fit::Yes)
        });
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

/// Whether something fits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// Nor does it from any later place on: what a star further left skips more makes no difference. Without this a
    /// pattern of twenty stars takes longer than anybody waits.
    Never,
}

impl Fit {
    fn when(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    /// What a star says that may skip up to `most`.
    fn skipping(most: usize, fit: impl Fn(usize) -> Self) -> Self {
        (0..=most).map(fit).find(|fit| *fit != Self::No).unwrap_or(Self::Never)
    }
}

/// Part by part; `**` stands for any number of parts, none too.
fn fits(pattern: &[String], path: &[String]) -> Fit {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => Fit::when(path.is_empty()),
        (Some((first, rest)), _) if first == "**" => {
            Fit::skipping(path.len(), |skipped| fits(rest, &path[skipped..]))
        }
        (Some((first, rest)), Some((part, others))) => {
            let (letters, part): (Vec<char>, Vec<char>) = (first.chars().collect(), part.chars().collect());
            if glob(&letters, &part) == Fit::Yes { fits(rest, others) } else { Fit::No }
        }
        (Some(_), None) => Fit::No,
    }
}

/// `*`, `?`, `[a-z]`, `[^a]` and `\x` within one part of a path.
fn glob(pattern: &[char], text: &[char]) -> Fit {
    match pattern.split_first() {
        None => Fit::when(text.is_empty()),
        Some(('*', rest)) => {
            let rest = &rest[rest.iter().take_while(|c| **c == '*').count()..];
            Fit::skipping(text.len(), |skipped| glob(rest, &text[skipped..]))
        }
        Some(('[', rest)) => class(rest, text).unwrap_or_else(|| literal('[', rest, text)),
        Some(('?', rest)) => text.split_first().map_or(Fit::No, |(_, others)| glob(rest, others)),
        Some(('\\', [letter, rest @ ..]) | (letter, rest)) => literal(*letter, rest, text),
    }
}

fn literal(letter: char, rest: &[char], text: &[char]) -> Fit {
    match text.split_first() {
        Some((first, others)) if *first == letter => glob(rest, others),
        _ => Fit::No,
    }
}

/// `[…]`, with its bracket already taken; `None` if it is not closed.
fn class(pattern: &[char], text: &[char]) -> Option<Fit> {
    let end = pattern.iter().skip(1).position(|c| *c == ']')? + 1;
    let (mut members, rest) = (&pattern[..end], &pattern[end + 1..]);
    let negated = matches!(members.first(), Some('^' | '!'));
    if negated {
        members = &members[1..];
    }
    let Some((letter, others)) = text.split_first() else { return Some(Fit::No) };
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
    Some(if found == negated { Fit::No } else { glob(rest, others) })
}
