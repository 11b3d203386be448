//! References to variables as docker compose writes them: `$A`, `${A}`, and `${A:-…}` with more within.
//!
//! Where they stand in a text and what they name. What they are replaced by is the caller's.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// No reference; `$$` and a `$` that refers to nothing are among it.
    Text(&'a str),
    Reference(Reference<'a>),
}

/// A reference to a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// The variable's name.
    pub name: &'a str,
    /// What follows the name within the braces, like `:-default`.
    pub tail: &'a str,
    pub written: &'a str,
}

/// Cuts a text; the pieces put together are the text again.
pub(crate) fn segments(text: &str) -> Vec<Segment<'_>> {
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
        let after = &text[dollar + 1..];
        let Some(reference) = reference(after, &text[dollar..]) else {
            at = dollar + if after.starts_with('$') { 2 } else { 1 };
            continue;
        };
        if dollar > start {
            found.push(Segment::Text(&text[start..dollar]));
        }
        at = dollar + reference.written.len();
        start = at;
        found.push(Segment::Reference(reference));
    }
    if start < text.len() {
        found.push(Segment::Text(&text[start..]));
    }
    found
}

fn reference<'a>(after: &'a str, written: &'a str) -> Option<Reference<'a>> {
    let Some(inner) = after.strip_prefix('{') else {
        let name = &after[..name_length(after)];
        return (!name.is_empty()).then(|| Reference { name, tail: "", written: &written[..=name.len()] });
    };
    let end = closing(inner)?;
    let (name, tail) = inner[..end].split_at(name_length(inner));
    (!name.is_empty()).then(|| Reference { name, tail, written: &written[..end + 3] })
}

/// Where the `}` is that closes the `{` before `inner`.
pub(crate) fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// How many bytes of `text` are the name of a variable; 0 where it begins with none.
pub(crate) fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if starts { end } else { 0 }
}
