//! `${VAR}`, `${VAR:-default}` and `$$` in a value.
//!
//! Any other `$` stands for itself. Does not know where variables come from, and puts no value into an error.

/// A value with its variables filled in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// The value; to be treated as a secret if it came from variables.
    pub value: String,
    /// Whether any part of it came from a variable.
    pub from_variables: bool,
}

/// Why a value could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    /// A variable without a default has no value.
    #[error("variable `{name}` is not set")]
    Missing {
        /// The variable.
        name: String,
    },
    /// `${` without its `}`.
    #[error("has a `${{` without its `}}`")]
    Unclosed,
    /// What stands in `${…}` is not a variable's name.
    #[error("has a `${{…}}` that does not name a variable")]
    NotAName,
}

/// Fills in variables. A variable that is empty counts as missing, as everywhere; defaults are taken literally.
///
/// # Errors
/// The first variable that is missing, or a reference that cannot be read.
pub(crate) fn expand(text: &str, find: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, ExpandError> {
    let mut expanded = Expanded { value: String::with_capacity(text.len()), from_variables: false };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.value.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            expanded.value.push('$');
            after
        } else if let Some(inner) = after.strip_prefix('{') {
            let (reference, after) = inner.split_once('}').ok_or(ExpandError::Unclosed)?;
            expanded.value.push_str(&follow(reference, find)?);
            expanded.from_variables = true;
            after
        } else {
            expanded.value.push('$');
            after
        };
    }
    expanded.value.push_str(rest);
    Ok(expanded)
}

fn follow(reference: &str, find: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_name(name) {
        return Err(ExpandError::NotAName);
    }
    let found = find(name).filter(|value| !value.is_empty());
    found.or_else(|| default.map(str::to_owned)).ok_or_else(|| ExpandError::Missing { name: name.to_owned() })
}

fn is_name(text: &str) -> bool {
    let start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    start && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
