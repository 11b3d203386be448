//! What a written value means: quotes taken off, escapes and references followed.
//!
//! Follows compose-go 2.0; says where no other common reader does the same.

use zeroize::Zeroizing;

use super::Doubt;
use super::reference::{DOLLAR, DotenvReading, ReferenceLookup, substitute};
use crate::secrets::Secret;

/// What a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    None,
    Single,
    Double,
}

/// A value as the file has it, without its quotes.
pub(crate) struct Written {
    /// Where it begins.
    pub at: usize,
    pub text: Zeroizing<String>,
    pub quote: Quote,
    /// Whether only compose takes this line for an assignment.
    pub alone: bool,
}

const AS_COMPOSE: &str = "is read as docker compose reads it, which other readers of `.env` do not";
const AS_IT_STANDS: &str = "put the value in single quotes to have it taken as it stands";

/// The value, and what is to be said about it.
///
/// # Errors
/// Why it cannot be told for sure what is meant.
pub(crate) fn meaning(
    written: &Written,
    look: &dyn Fn(&str) -> ReferenceLookup,
) -> Result<(Secret, Option<&'static str>), Doubt> {
    let mut remark = written.alone.then_some(AS_COMPOSE);
    let text = written.text.as_str();
    let text = match written.quote {
        Quote::Single => {
            let text = text.replace("\\'", "'");
            return Ok((Secret::new(text), remark.or_else(|| line_ends(written))));
        }
        Quote::None => {
            if text.len() > 1 && text.starts_with('`') && text.ends_with('`') {
                remark = Some("keeps its backticks, as docker compose has it");
            }
            Zeroizing::new(text.to_owned())
        }
        Quote::Double => {
            let (text, escaped_dollar) = unescape(text).map_err(|what| doubt(written, what))?;
            if escaped_dollar {
                remark = Some(AS_COMPOSE);
            }
            text
        }
    };
    let DotenvReading { value, by_compose_alone } =
        substitute(&text, look).map_err(|missing| missing.doubt(written))?;
    if by_compose_alone {
        remark = Some(AS_COMPOSE);
    }
    Ok((Secret::new(value.as_str()), remark.or_else(|| line_ends(written))))
}

/// compose keeps the carriage returns of a quoted value, the others make line feeds of them.
fn line_ends(written: &Written) -> Option<&'static str> {
    written.text.contains('\r').then_some("keeps the carriage returns of its value, as docker compose has it")
}

fn doubt(written: &Written, what: &'static str) -> Doubt {
    Doubt { at: written.at, what, hint: AS_IT_STANDS }
}

/// Follows the escapes of a double-quoted value; a dollar sign that begins no reference comes out as [`DOLLAR`]. Also
/// gives whether there was one.
fn unescape(text: &str) -> Result<(Zeroizing<String>, bool), &'static str> {
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut escaped_dollar = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some(sign @ ('"' | '\\')) => value.push(sign),
            Some('$') => {
                value.push(DOLLAR);
                escaped_dollar = true;
            }
            Some('a' | 'b' | 'f' | 'v') => {
                return Err("has a backslash that means a control character to some readers");
            }
            Some('0') => return Err("has a backslash and a 0, which readers take for different things"),
            Some(other) => value.extend(['\\', other]),
            None => value.push('\\'),
        }
    }
    Ok((value, escaped_dollar))
}

impl Quote {
    /// The sign it is written with.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Single => '\'',
            Self::None | Self::Double => '"',
        }
    }
}

impl super::reference::Missing {
    fn doubt(self, written: &Written) -> Doubt {
        match self {
            Self::Unset => Doubt {
                at: written.at,
                what: "refers to a variable that is not set before it",
                hint: "set that one in the environment or on an earlier line, or put the value in single quotes if its \
                       `$` is none of a reference",
            },
            Self::Required => Doubt {
                at: written.at,
                what: "refers to a variable that it requires, and that is not set before it",
                hint: "set that one in the environment or on an earlier line",
            },
            Self::Unreadable => doubt(written, "has a `${` that is no reference"),
            Self::TwoDollars => {
                doubt(written, "has a `$$`, which is one dollar sign to some readers and two to others")
            }
            Self::Doubtful(doubt) => doubt,
        }
    }
}
