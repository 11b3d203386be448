//! References in a value: `$A`, `${A}`, and `${A:-x}` with its kin, as compose follows them (compose-go 2.0,
//! `template.go`).
//!
//! Stricter in one point: what is not set is refused instead of taken for empty, and so is a `$$` that other readers keep.

use zeroize::Zeroizing;

use super::Doubt;
use crate::secrets::Secret;
use crate::spec::references::{closing, name_length};

/// References within defaults within references; people write one or two.
const DEPTH: usize = 16;

/// Stands for a dollar sign that was escaped; no text of a file has it.
pub(crate) const DOLLAR: char = '\0';

/// What a name refers to.
pub(crate) enum ReferenceLookup {
    /// This value, which may be empty.
    Set(Secret),
    /// Nothing.
    Unset,
    /// A variable that is doubtful itself.
    Doubtful(Doubt),
}

/// A text with its references followed.
pub(crate) struct DotenvReading {
    pub value: Zeroizing<String>,
    /// Whether no other common reader would have made the same of it.
    pub by_compose_alone: bool,
}

/// Why a reference could not be followed.
pub(crate) enum Missing {
    /// It names what is not set.
    Unset,
    /// It says itself that it must be set.
    Required,
    /// It is none.
    Unreadable,
    /// It is two dollar signs.
    TwoDollars,
    /// It names what is doubtful itself.
    Doubtful(Doubt),
}

/// Follows all references of a text.
///
/// # Errors
/// The first that cannot be followed.
pub(crate) fn substitute(
    text: &str,
    look: &dyn Fn(&str) -> ReferenceLookup,
) -> Result<DotenvReading, Missing> {
    let mut reading = DotenvReading { value: Zeroizing::default(), by_compose_alone: false };
    follow(text, look, DEPTH, &mut reading)?;
    Ok(reading)
}

fn follow(
    text: &str,
    look: &dyn Fn(&str) -> ReferenceLookup,
    depth: usize,
    reading: &mut DotenvReading,
) -> Result<(), Missing> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        plain(before, reading);
        rest = if after.starts_with(['$', DOLLAR]) {
            return Err(Missing::TwoDollars);
        } else if let Some(inner) = after.strip_prefix('{') {
            let end = closing(inner).ok_or(Missing::Unreadable)?;
            braced(&inner[..end], look, depth, reading)?;
            &inner[end + 1..]
        } else {
            let length = name_length(after);
            if length > 0 {
                reading.value.push_str(set(&after[..length], look)?.ok_or(Missing::Unset)?.expose());
                reading.by_compose_alone = true;
            } else {
                reading.value.push('$');
            }
            &after[length..]
        };
    }
    plain(rest, reading);
    Ok(())
}

/// What stands in `${…}`: a name, and perhaps what is to be done where it is or is not set.
fn braced(
    inner: &str,
    look: &dyn Fn(&str) -> ReferenceLookup,
    depth: usize,
    reading: &mut DotenvReading,
) -> Result<(), Missing> {
    let (name, tail) = inner.split_at(name_length(inner));
    if name.is_empty() || depth == 0 || inner.contains('\n') {
        return Err(Missing::Unreadable);
    }
    let found = set(name, look)?;
    let (or_empty, tail) = tail.strip_prefix(':').map_or((false, tail), |tail| (true, tail));
    let given = found.as_ref().map(Secret::expose).filter(|value| !(or_empty && value.is_empty()));
    let mut operators = tail.chars();
    let operator = operators.next();
    let word = operators.as_str();
    // python-dotenv knows `${A}` and `${A:-x}`, whose default it takes literally and only where A is not set.
    let shared = match operator {
        None => !or_empty,
        Some('-') => or_empty && given.is_some() == found.is_some() && !word.contains(['$', '{', DOLLAR]),
        Some(_) => false,
    };
    reading.by_compose_alone |= !shared;
    match (operator, given) {
        (None, _) if or_empty => Err(Missing::Unreadable),
        (None | Some('-' | '?'), Some(value)) => {
            reading.value.push_str(value);
            Ok(())
        }
        (None, None) => Err(Missing::Unset),
        (Some('-'), None) | (Some('+'), Some(_)) => follow(word, look, depth - 1, reading),
        (Some('+'), None) => Ok(()),
        (Some('?'), None) => Err(Missing::Required),
        (Some(_), _) => Err(Missing::Unreadable),
    }
}

fn set(name: &str, look: &dyn Fn(&str) -> ReferenceLookup) -> Result<Option<Secret>, Missing> {
    match look(name) {
        ReferenceLookup::Set(value) => Ok(Some(value)),
        ReferenceLookup::Unset => Ok(None),
        ReferenceLookup::Doubtful(doubt) => Err(Missing::Doubtful(doubt)),
    }
}

fn plain(text: &str, reading: &mut DotenvReading) {
    reading.value.extend(text.chars().map(|letter| if letter == DOLLAR { '$' } else { letter }));
}
