//! The `.env` file beside a deployment: how Coolify 4.3.11 writes it from the rows, and how docker compose 2.26 reads it
//! (both observed).
//!
//! Nothing of it is shared with the reader of the user's own `.env`: that one is held against other programs.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::interpolation::interpolate;
use super::services::SimEnvRow;

/// Coolify writes the file with one shell command that holds it in base64: two values of 64 KB are too much, two of 40 KB
/// are not (observed); the limit between is that of one argument.
const MOST_BYTES: usize = 131_072 / 4 * 3;

/// Why there is no environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnreadableDotenv {
    /// The file is too large to be written: the old one stays.
    TooLarge,
    /// Docker compose cannot read a line of it.
    Line(usize),
    /// A reference in it is none.
    Reference,
}

/// A row's value as it stands in the file. JSON objects and arrays stay as they are, whatever the flags say; literal and
/// multi-line values stand in single quotes, which are not escaped inside; in others backslashes, some control
/// characters and quotes are escaped, as nobody undoes.
pub fn real_value(row: &SimEnvRow) -> String {
    let value = row.value.as_deref().unwrap_or("");
    let is_json = value.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(value).is_ok();
    match () {
        () if is_json => value.to_owned(),
        () if row.is_literal || row.is_multiline => format!("'{value}'"),
        () => escaped(value),
    }
}

fn escaped(value: &str) -> String {
    let pairs = [("\\", "\\\\"), ("\r", "\\r"), ("\t", "\\t"), ("\0", "\\0"), ("\"", "\\\""), ("'", "\\'")];
    pairs.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The file of these rows.
///
/// # Errors
/// [`UnreadableDotenv::TooLarge`].
pub fn write<'a>(rows: impl Iterator<Item = &'a SimEnvRow>) -> Result<String, UnreadableDotenv> {
    let lines: Vec<String> = rows.map(|row| format!("{}={}\n", row.key, real_value(row))).collect();
    let file = lines.concat();
    if file.len() > MOST_BYTES { Err(UnreadableDotenv::TooLarge) } else { Ok(file) }
}

/// What docker compose reads in the file. References are looked up in `outer` first, then in the lines above.
///
/// # Errors
/// [`UnreadableDotenv`].
pub fn read(
    file: &str,
    outer: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, UnreadableDotenv> {
    let mut found = BTreeMap::new();
    let mut rest = statement(file);
    while !rest.is_empty() {
        let line = 1 + file[..file.len() - rest.len()].matches('\n').count();
        let end = rest.find(['=', ':', '\n']).unwrap_or(rest.len());
        let key = rest[..end].trim_end();
        if !key.chars().all(|c| c.is_alphanumeric() || "_.-[]".contains(c)) {
            return Err(UnreadableDotenv::Line(line));
        }
        let inherited = rest[end..].is_empty() || rest[end..].starts_with('\n');
        let after = rest.get(end + 1..).unwrap_or_default();
        if inherited {
            found.extend(outer.get(key).map(|value| (key.to_owned(), value.clone())));
            rest = statement(after);
            continue;
        }
        let after = after.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
        let known = |name: &str| outer.get(name).or_else(|| found.get(name)).cloned();
        let (value, left) = if after.starts_with(['\'', '"']) {
            quoted(after).ok_or(UnreadableDotenv::Line(line))?
        } else {
            let (value, left) = after.split_once('\n').unwrap_or((after, ""));
            let value = value.split(" #").next().unwrap_or_default().trim_end();
            (interpolate(value, &known).map_err(|_| UnreadableDotenv::Reference)?, left)
        };
        found.insert(key.to_owned(), value);
        rest = statement(left);
    }
    Ok(found)
}

/// What follows blank lines and comments.
fn statement(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix('#') {
        Some(comment) => comment.split_once('\n').map_or("", |(_, after)| statement(after)),
        None => text,
    }
}

/// The value in the quotes that a text begins with, and what follows them; none where nothing closes them. A quote behind
/// a backslash is part of the value (observed of a single backslash).
fn quoted(text: &str) -> Option<(String, &str)> {
    let (quote, inner) = (text.chars().next()?, &text[1..]);
    let closes = |(at, _): &(usize, &str)| !inner[..*at].ends_with('\\');
    let (end, _) = inner.match_indices(quote).find(closes)?;
    Some((inner[..end].to_owned(), &inner[end + 1..]))
}
