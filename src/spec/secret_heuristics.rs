//! Does a plain value look like a secret?
//!
//! Goes by well-known shapes and by the variable's name. A guess, good for a warning only.

/// Token prefixes that their vendors document.
const PREFIXES: &[&str] = &[
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "SG.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "hvs.",
    "whsec_",
    "eyJhbGciOi",
];

/// Endings of names that hold secrets.
const ENDINGS: &[&str] =
    &["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY", "SECRET_KEY", "CREDENTIALS"];

/// Says why a value looks like a secret, or `None`. A value that refers to a variable is not plain.
pub(crate) fn of(name: &str, value: &str) -> Option<&'static str> {
    if value.contains("${") || value.is_empty() {
        return None;
    }
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if PREFIXES.iter().any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 12) {
        return Some("the prefix of a token");
    }
    if has_url_password(value) {
        return Some("a password in a URL");
    }
    let name = name.to_ascii_uppercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending)).then_some("by its name")
}

fn has_url_password(value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}
