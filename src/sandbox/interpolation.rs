//! How docker compose fills `$NAME` and `${NAME…}` into a text (compose 2.26, observed).
//!
//! Knows no file and no row: whoever asks gives the values.

/// Why docker compose refuses a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// A `${` that is not closed, or holds something else than a reference.
    Format,
    /// A `${NAME:?…}` or `${NAME?…}` that has no value.
    Missing(String),
}

/// The text with its references replaced by what `value` gives; without a value they are empty. `$$` becomes `$`, and a
/// `$` before anything else stays.
///
/// # Errors
/// [`Invalid`].
pub(crate) fn interpolate(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, Invalid> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inner) = after.strip_prefix('{') {
            let end = closing(inner).ok_or(Invalid::Format)?;
            out.push_str(&braced(&inner[..end], value)?);
            rest = &inner[end + 1..];
        } else {
            let (name, after) = after.split_at(name_length(after));
            out.push_str(&if name.is_empty() { "$".to_owned() } else { value(name).unwrap_or_default() });
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn braced(inner: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, Invalid> {
    let (name, tail) = inner.split_at(name_length(inner));
    if name.is_empty() {
        return Err(Invalid::Format);
    }
    let (found, is_strict, tail) = match tail.strip_prefix(':') {
        Some(tail) => (value(name).filter(|value| !value.is_empty()), true, tail),
        None => (value(name), false, tail),
    };
    match (tail.chars().next(), found) {
        (None, found) if !is_strict => Ok(found.unwrap_or_default()),
        (Some('-' | '?'), Some(found)) => Ok(found),
        (Some('-'), None) | (Some('+'), Some(_)) => interpolate(&tail[1..], value),
        (Some('+'), None) => Ok(String::new()),
        (Some('?'), None) => Err(Invalid::Missing(name.to_owned())),
        (_, _) => Err(Invalid::Format),
    }
}

/// The name that a text begins with a reference to, `${NAME}` or `${NAME:-…}`, and what stands behind the name.
pub(crate) fn leading(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("${")?;
    let inner = &inner[..closing(inner)?];
    let length = name_length(inner);
    (length > 0).then(|| inner.split_at(length))
}

/// The references of a text that bring a default, `${NAME:-…}` and `${NAME-…}`, each with it.
pub(crate) fn defaults(text: &str) -> Vec<(String, String)> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((_, after)) = rest.split_once('$') {
        rest = after.strip_prefix('$').unwrap_or(after);
        if rest.len() < after.len() {
            continue;
        }
        let Some((inner, end)) = after.strip_prefix('{').and_then(|inner| Some((inner, closing(inner)?)))
        else {
            continue;
        };
        let (name, tail) = inner[..end].split_at(name_length(inner));
        let default = tail.strip_prefix(":-").or_else(|| tail.strip_prefix('-'));
        found.extend(default.map(|default| (name.to_owned(), default.to_owned())));
        rest = &inner[end + 1..];
    }
    found
}

/// Where the `}` is that closes what begins here.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut letters = inner.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '$' if letters.next_if(|(_, next)| *next == '{').is_some() => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if starts { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_as_docker_compose_does_it() {
        let given = |name: &str| match name {
            "X" => Some("XV".to_owned()),
            "E" => Some(String::new()),
            _ => None,
        };
        for (text, filled) in [
            ("a$X b${X}c", "aXV bXVc"),
            ("a$$b $$X", "a$b $X"),
            ("$NOPE|${NOPE}", "|"),
            ("$(id) $1 $", "$(id) $1 $"),
            ("${NOPE:-d}${E:-d}${E-d}", "dd"),
            ("${X:+yes}${NOPE:+yes}${E+yes}", "yesyes"),
            ("${NOPE:-a${X}b}", "aXVb"),
            ("${X:?must}", "XV"),
            ("$2y$10$abcDEF/ghi", "$2y$10/ghi"),
        ] {
            assert_eq!(interpolate(text, &given).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(interpolate("a${b", &given), Err(Invalid::Format));
        assert_eq!(interpolate("a${NOPE:?must}", &given), Err(Invalid::Missing("NOPE".to_owned())));
        assert_eq!(interpolate("a${E:?must}", &given), Err(Invalid::Missing("E".to_owned())));
    }
}
