//! How an environment value reaches its container unchanged, and which values do not.
//!
//! Coolify 4.3.11 writes each row into a `.env` file: JSON objects and arrays as they are, literal rows in single quotes
//! that nothing inside is escaped for; docker compose reads the file (observed, each rule below with what was seen).
//! What such a row does not carry is cut into parts that rows do carry, joined in the compose text by the few characters
//! between them. An application has no text of ours, so there the value is refused.
//!
//! Decides from the value alone. Sends nothing (`providers`), and writes no compose text (`plan::compose`).

mod cut;
#[cfg(test)]
mod tests;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use self::cut::split;

/// How the rows begin that Fabrik makes of its own accord; a spec may not use such names.
pub(crate) const PART_PREFIX: &str = "FABRIK_PART_";

/// A row that is always empty. It stands before a reference that a value begins with, because Coolify copies the first
/// row that a value begins with into the text as it is, where docker compose takes each `$` of it for a reference.
pub(crate) const EMPTY_PART: &str = "FABRIK_PART_0";

/// The largest value of one row that was seen to arrive, in bytes.
const MOST_OF_A_ROW: usize = 65_536;

/// So many bytes in the rows of one app were seen to arrive, and 131,072 were seen not to.
pub(crate) const MOST_OF_ALL_ROWS: usize = 80_000;

/// So many parts of one value were seen to arrive.
const MOST_PARTS: usize = 101;

/// What carries the values of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// An application at Coolify: rows alone.
    Application,
    /// A service at Coolify: rows, and the compose text, which is ours to write.
    Service,
}

/// Why a value does not arrive; never the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncarriable {
    /// No environment has it.
    #[error("holds a NUL character, which no environment can carry")]
    Nul,
    /// Never seen to arrive.
    #[error("holds a control character other than tab and line break, which is not known to arrive")]
    Control,
    /// The API cuts it off.
    #[error("starts or ends with white space, which Coolify cuts off")]
    OuterSpace,
    /// Perhaps the API cuts it off.
    #[error("has an invisible character at its start or end, or beside a `'`, which Coolify may cut off")]
    Invisible,
    /// It ends the quotes that Coolify puts around the value.
    #[error("holds an apostrophe, which ends the quotes that Coolify puts around it")]
    Apostrophe,
    /// It takes the closing quote for part of the value.
    #[error("ends with a backslash, which escapes the quote that Coolify puts behind it")]
    Backslash,
    /// Raw JSON: docker compose resolves it.
    #[error("is JSON with `$`, which Coolify does not quote, so that it is taken for a reference")]
    JsonDollar,
    /// Raw JSON: docker compose cuts there.
    #[error("is JSON with ` #`, which Coolify does not quote, so that the rest is taken for a comment")]
    JsonHash,
    /// Raw JSON: docker compose reads the second line as another variable.
    #[error("is JSON over several lines, which Coolify does not quote, so that it is cut after the first")]
    JsonLines,
    /// Never seen to arrive.
    #[error("is longer than the 65536 bytes that are known to arrive")]
    TooLong,
    /// Never seen to arrive.
    #[error("would have to be cut into more parts than are known to arrive")]
    TooManyParts,
}

impl Uncarriable {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::JsonDollar | Self::JsonHash => {
                "write `\\u0024` for `$` and `\\u0023` for `#` within the JSON: it means the same"
            }
            Self::JsonLines => "write it as one line of JSON, with `\\u0024` for `$` and `\\u0023` for `#`",
            Self::Apostrophe => {
                "write it without the apostrophe, or in base64 and let the app decode it; `folder:` and `compose:` \
                 apps carry it"
            }
            Self::OuterSpace | Self::Invisible => {
                "cut it off, or write the value in base64 and let the app decode it"
            }
            Self::TooLong => "keep it in a file of the app or on a volume, or have the app fetch it",
            Self::Nul | Self::Control | Self::Backslash | Self::TooManyParts => {
                "write it in base64 and let the app decode it"
            }
        }
    }
}

/// In which form a value is sent to a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvForm {
    /// One literal row under the key's own name.
    #[default]
    Row,
    /// The same, and the value holds `$`: no value in the text may begin with a reference to it (see [`EMPTY_PART`]).
    RowWithDollar,
    /// Several literal rows, joined in the text.
    Composite(Vec<ValuePiece>),
}

/// A piece of a composite value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValuePiece {
    /// What a row holds; the rows are counted from 1.
    Part,
    /// What stands in the text: apostrophes, and the blanks and backslashes beside them or at the ends.
    Glue(String),
}

impl EnvForm {
    /// The form of an expanded value of `key`, for a service.
    ///
    /// # Errors
    /// Why it does not arrive in any form.
    pub fn of(key: &str, value: &str) -> Result<Self, Uncarriable> {
        match (in_a_row(value), value.contains('$')) {
            (Ok(()), false) => Ok(Self::Row),
            (Ok(()), true) => Ok(Self::RowWithDollar),
            (Err(why), _) if !can_be_referred_to(key) => Err(why),
            (Err(_), _) => split(value).map(|(pieces, _)| Self::Composite(pieces)),
        }
    }

    /// The names of the rows that carry a value of `key` in this form; [`EMPTY_PART`] is not among them.
    pub fn row_names(&self, key: &str) -> Vec<String> {
        match self {
            Self::Row | Self::RowWithDollar => vec![key.to_owned()],
            Self::Composite(pieces) => {
                let parts = pieces.iter().filter(|piece| **piece == ValuePiece::Part).count();
                (1..=parts).map(|nth| part_name(key, nth)).collect()
            }
        }
    }

    /// The rows that carry `value` in this form, by name; `None` where the value has another form.
    pub fn rows(&self, key: &str, value: &str) -> Option<Vec<(String, String)>> {
        match self {
            Self::Row | Self::RowWithDollar => Some(vec![(key.to_owned(), value.to_owned())]),
            Self::Composite(pieces) => {
                let (same, parts) = split(value).ok()?;
                (same == *pieces).then(|| self.row_names(key).into_iter().zip(parts).collect())
            }
        }
    }

    /// The value that its rows carry, `part` giving what the row of a name holds; `None` where a row is missing.
    pub fn value<'a>(&self, key: &str, part: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
        let Self::Composite(pieces) = self else { return part(key).map(str::to_owned) };
        let mut names = self.row_names(key).into_iter();
        let piece = |piece: &ValuePiece| match piece {
            ValuePiece::Part => names.next().and_then(|name| part(&name)).map(str::to_owned),
            ValuePiece::Glue(glue) => Some(glue.clone()),
        };
        pieces.iter().map(piece).collect()
    }

    /// What stands for a composite value in a compose text.
    pub fn expression(&self, key: &str) -> Option<String> {
        let Self::Composite(pieces) = self else { return None };
        let mut names = self.row_names(key).into_iter();
        let piece = |piece: &ValuePiece| match piece {
            ValuePiece::Part => names.next().map(|name| format!("${{{name}}}")).unwrap_or_default(),
            ValuePiece::Glue(glue) => glue.clone(),
        };
        let pieces: String = pieces.iter().map(piece).collect();
        Some(format!("${{{EMPTY_PART}}}{pieces}"))
    }
}

/// Judges an expanded value.
///
/// # Errors
/// Why it does not arrive.
pub(crate) fn carriable(key: &str, value: &str, carrier: Carrier) -> Result<(), Uncarriable> {
    match carrier {
        Carrier::Application => in_a_row(value),
        Carrier::Service => EnvForm::of(key, value).map(drop),
    }
}

/// Whether something holds of a value.
type Holds = fn(&str) -> bool;

/// What keeps a value out of a single literal row, in the order in which it is told (04-env-table, each way observed: in
/// `.env` alone, as `K: ${K}` in the text, as `OTHER: ${K}`, and in an application; JSON rows are those that Coolify does
/// not quote).
const OUT_OF_A_ROW: [(Holds, Uncarriable); 10] = [
    (|value| value.contains('\0'), Uncarriable::Nul),
    (has_control, Uncarriable::Control),
    (|value| value.starts_with(BLANKS) || value.ends_with(BLANKS), Uncarriable::OuterSpace),
    (|value| value.starts_with(is_invisible) || value.ends_with(is_invisible), Uncarriable::Invisible),
    (|value| is_json(value) && value.contains(['\n', '\r', '\t']), Uncarriable::JsonLines),
    (|value| is_json(value) && value.contains('$'), Uncarriable::JsonDollar),
    (|value| is_json(value) && value.contains(" #"), Uncarriable::JsonHash),
    (|value| value.contains('\'') && !is_surely_json(value), Uncarriable::Apostrophe),
    (|value| value.ends_with('\\'), Uncarriable::Backslash),
    (|value| value.len() > MOST_OF_A_ROW, Uncarriable::TooLong),
];

fn in_a_row(value: &str) -> Result<(), Uncarriable> {
    OUT_OF_A_ROW.iter().find(|(holds, _)| holds(value)).map_or(Ok(()), |(_, why)| Err(*why))
}

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

fn has_control(value: &str) -> bool {
    value.chars().any(|c| c.is_control() && !BLANKS.contains(&c))
}

/// What Coolify, Laravel or PHP might count as white space when a value is trimmed.
fn is_invisible(c: char) -> bool {
    let formatting = matches!(c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    formatting || (c.is_whitespace() && !BLANKS.contains(&c))
}

/// Whether Coolify takes it for JSON, which it does not quote. Takes a few texts for JSON that PHP does not.
fn is_json(value: &str) -> bool {
    value.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(value).is_ok()
}

/// Whether PHP takes it for JSON without any doubt.
fn is_surely_json(value: &str) -> bool {
    is_json(value) && serde_json::from_str::<serde_json::Value>(value).is_ok()
}

/// Docker compose refers to names without a dot, and Coolify's are at most 255 letters long.
fn can_be_referred_to(key: &str) -> bool {
    !key.contains('.') && part_name(key, MOST_PARTS).len() <= 255
}

fn part_name(key: &str, nth: usize) -> String {
    format!("{PART_PREFIX}{key}_{nth}")
}
