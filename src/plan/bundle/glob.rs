//! Patterns of COPY and ADD, which are those of Go's `path.Match`.
//!
//! `*` and `?` do not fit a slash, a class may, and a backslash takes the next character as it is. Also says which
//! patterns Go refuses, which goes for the patterns of a `.dockerignore` too.

use super::regex::Class;
use super::units::{Unit, unit};

/// A pattern that Go refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadPattern;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Glob(Vec<Part>);

#[derive(Debug)]
enum Part {
    One(Class),
    /// Any number of characters but the slash.
    Star,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`BadPattern`] for one that Go refuses: a class that is empty or open, a dash at its edge, a backslash at the end.
    pub(crate) fn parse(pattern: &[Unit]) -> Result<Self, BadPattern> {
        let (mut parts, mut rest) = (Vec::new(), pattern);
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            parts.push(match char::from_u32(*first) {
                Some('*') => Part::Star,
                Some('?') => Part::One(Class::all_but('/')),
                Some('[') => Part::One(class(&mut rest)?),
                Some('\\') => {
                    let (escaped, after) = rest.split_first().ok_or(BadPattern)?;
                    rest = after;
                    Part::One(Class::one(*escaped))
                }
                _ => Part::One(Class::one(*first)),
            });
        }
        Ok(Self(parts))
    }

    /// Says whether it fits the whole of a text.
    pub(crate) fn fits(&self, text: &[Unit]) -> bool {
        // Whether the parts so far fit the text up to each place.
        let mut reached = vec![false; text.len() + 1];
        reached[0] = true;
        for part in &self.0 {
            let mut next = vec![false; text.len() + 1];
            for at in 0..=text.len() {
                let before = at.checked_sub(1);
                next[at] = match part {
                    Part::Star => {
                        reached[at] || before.is_some_and(|before| next[before] && text[before] != unit('/'))
                    }
                    Part::One(class) => {
                        before.is_some_and(|before| reached[before] && class.has(text[before]))
                    }
                };
            }
            reached = next;
        }
        reached[text.len()]
    }
}

/// `[…]`, with its bracket already taken.
fn class(rest: &mut &[Unit]) -> Result<Class, BadPattern> {
    let negated = rest.first() == Some(&unit('^'));
    *rest = &rest[usize::from(negated)..];
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.first() != Some(&unit(']')) {
        let low = letter(rest)?;
        let is_range = rest.first() == Some(&unit('-'));
        *rest = &rest[usize::from(is_range)..];
        ranges.push((low, if is_range { letter(rest)? } else { low }));
    }
    *rest = &rest[1..];
    Ok(Class { negated, ranges })
}

/// A letter of a class, which never ends the pattern.
fn letter(rest: &mut &[Unit]) -> Result<Unit, BadPattern> {
    let (mut first, mut after) = rest.split_first().ok_or(BadPattern)?;
    if [unit('-'), unit(']')].contains(first) {
        return Err(BadPattern);
    }
    if *first == unit('\\') {
        (first, after) = after.split_first().ok_or(BadPattern)?;
    }
    if after.is_empty() {
        return Err(BadPattern);
    }
    *rest = after;
    Ok(*first)
}

/// Says whether a path of a COPY is a pattern.
pub(crate) fn is_pattern(path: &str) -> bool {
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' | '?' | '[' => return true,
            '\\' => drop(letters.next()),
            _ => {}
        }
    }
    false
}
