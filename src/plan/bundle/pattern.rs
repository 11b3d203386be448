//! One pattern of a `.dockerignore`, as moby's `patternmatcher` reads it.
//!
//! `*` and `?` do not fit a slash. `**` fits any number of folders, none too, and at the end of a pattern everything;
//! before plain text it needs no slash: `**.pem` is every name that ends so, at any depth. Which kind of comparison a
//! pattern becomes is moby's choice, and so are its oddities: `**.p?m` is only `.pem`, in any folder; a class and an
//! escape mean what a regular expression of Go says, and so do `|`, `{` and `^`, which moby does not escape
//! (patternmatcher at 5a6d842, read).

use super::glob::{BadPattern, Glob};
use super::regex::Regex;
use super::units::{Unit, unit};

const STAR: Unit = unit('*');
const SLASH: Unit = unit('/');

/// A pattern, compiled.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// The whole path.
    Exact(Vec<Unit>),
    /// How the path begins.
    Prefix(Vec<Unit>),
    /// How the path ends; if it begins with a slash, also the whole path without it.
    Suffix(Vec<Unit>),
    /// Everything else.
    Regex(Regex),
}

/// What a pattern becomes, while it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Regex,
}

impl Pattern {
    /// Compiles a cleaned pattern.
    ///
    /// # Errors
    /// [`BadPattern`] for one that docker refuses.
    pub(crate) fn compile(cleaned: &[Unit]) -> Result<Self, BadPattern> {
        Glob::parse(cleaned)?;
        let (kind, regex) = translated(cleaned);
        Ok(match kind {
            Kind::Exact => Self::Exact(cleaned.to_vec()),
            Kind::Prefix => Self::Prefix(cleaned[..cleaned.len() - 2].to_vec()),
            Kind::Suffix => Self::Suffix(cleaned[2..].to_vec()),
            Kind::Regex => Self::Regex(Regex::parse(&regex).map_err(|_| BadPattern)?),
        })
    }

    /// Says whether it fits a path.
    pub(crate) fn fits(&self, path: &[Unit]) -> bool {
        match self {
            Self::Exact(text) => path == text,
            Self::Prefix(start) => path.starts_with(start),
            Self::Suffix(end) => path.ends_with(end) || (end.first() == Some(&SLASH) && path == &end[1..]),
            Self::Regex(regex) => regex.fits(path),
        }
    }
}

/// The kind of a pattern, and the regular expression that it is if it is of that kind.
fn translated(pattern: &[Unit]) -> (Kind, Vec<Unit>) {
    let (mut kind, mut regex, mut at) = (Kind::Exact, vec![unit('^')], 0);
    while let Some(first) = pattern.get(at) {
        let start = at;
        at += 1;
        match char::from_u32(*first) {
            Some('*') if pattern.get(at) == Some(&STAR) => {
                at += 1;
                at += usize::from(pattern.get(at) == Some(&SLASH));
                let is_last = at == pattern.len();
                put(&mut regex, if is_last { ".*" } else { "(.*/)?" });
                kind = match kind {
                    _ if start == 0 => Kind::Suffix,
                    Kind::Exact if is_last => Kind::Prefix,
                    _ => Kind::Regex,
                };
                continue;
            }
            Some('*') => put(&mut regex, "[^/]*"),
            Some('?') => put(&mut regex, "[^/]"),
            Some('.' | '+' | '(' | ')' | '$') => {
                regex.extend([unit('\\'), *first]);
                continue;
            }
            Some('\\') => {
                // A pattern never ends with a backslash: that is refused before.
                regex.push(*first);
                regex.extend(pattern.get(at));
                at += 1;
            }
            Some('[' | ']') => regex.push(*first),
            _ => {
                regex.push(*first);
                continue;
            }
        }
        kind = Kind::Regex;
    }
    regex.push(unit('$'));
    (kind, regex)
}

fn put(regex: &mut Vec<Unit>, text: &str) {
    regex.extend(text.chars().map(unit));
}
