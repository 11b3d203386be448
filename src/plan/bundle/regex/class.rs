//! Sets of characters.

use super::super::units::{Unit, unit};

/// A set of characters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Class {
    /// Whether it is all but the ranges.
    pub negated: bool,
    /// First and last of each range.
    pub ranges: Vec<(Unit, Unit)>,
}

impl Class {
    /// The set of one character.
    pub(crate) fn one(unit: Unit) -> Self {
        Self { negated: false, ranges: vec![(unit, unit)] }
    }

    /// The set of all characters but one.
    pub(crate) fn all_but(letter: char) -> Self {
        Self { negated: true, ..Self::one(unit(letter)) }
    }

    /// Says whether a character belongs to it.
    pub(crate) fn has(&self, unit: Unit) -> bool {
        self.ranges.iter().any(|(low, high)| (low..=high).contains(&&unit)) != self.negated
    }

    /// Letters, digits and the underscore.
    pub(crate) fn word() -> Self {
        Self::named("word").expect("it has a name")
    }

    /// The class of that name, as in `[:alpha:]`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let ranges: &[(char, char)] = match name {
            "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
            "alpha" => &[('A', 'Z'), ('a', 'z')],
            "ascii" => &[('\0', '\x7f')],
            "blank" => &[('\t', '\t'), (' ', ' ')],
            "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
            "digit" => &[('0', '9')],
            "graph" => &[('!', '~')],
            "lower" => &[('a', 'z')],
            "print" => &[(' ', '~')],
            "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "space" => &[('\t', '\r'), (' ', ' ')],
            "upper" => &[('A', 'Z')],
            "word" => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
            "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
            _ => return None,
        };
        let ranges = ranges.iter().map(|(low, high)| (unit(*low), unit(*high))).collect();
        Some(Self { negated: false, ranges })
    }

    /// Its ranges, with those of a negated one turned round.
    pub(crate) fn flat(&self) -> Vec<(Unit, Unit)> {
        if !self.negated {
            return self.ranges.clone();
        }
        let mut ranges = self.ranges.clone();
        ranges.sort_unstable();
        let (mut gaps, mut next) = (Vec::new(), 0);
        for (low, high) in ranges {
            if low > next {
                gaps.push((next, low - 1));
            }
            next = next.max(high + 1);
        }
        gaps.push((next, Unit::MAX));
        gaps
    }
}
