//! Takes secret values out of any text that leaves the program.
//!
//! Goes by value: plain, base64, URL-encoded and JSON-escaped. The last line of defence; it does not know which text is
//! which, and cannot find a value that was cut up, hashed or compressed.

use std::fmt::Write;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Values shorter than this are hidden only where they stand alone: they would be found in ordinary words.
const SHORT: usize = 8;

/// Finds secrets in text.
pub struct Mask {
    finder: AhoCorasick,
    /// For each pattern, whether it is hidden only where it stands alone.
    alone: Vec<bool>,
}

impl Mask {
    /// Learns what to hide; empty values are left out.
    pub fn new<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        let mut patterns: Vec<(String, bool)> = Vec::new();
        for value in values {
            let value = value.as_ref();
            let pattern = |form: String| (value.len().min(form.len()) < SHORT, form);
            patterns.extend(forms(value).into_iter().map(pattern).map(|(alone, form)| (form, alone)));
        }
        patterns.retain(|(form, _)| !form.is_empty());
        patterns.sort();
        patterns.dedup_by(|a, b| a.0 == b.0);
        let (forms, alone): (Vec<String>, Vec<bool>) = patterns.into_iter().unzip();
        // All matches are asked for, and what they cover together is hidden: whichever match were taken first, the
        // tail of another that overlaps it would be left standing.
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(forms);
        Self { finder: finder.expect("a few secrets are within the automaton's limits"), alone }
    }

    /// The text with every secret replaced by `***`.
    pub fn mask(&self, text: &str) -> String {
        let mut covered: Vec<(usize, usize)> = self
            .finder
            .find_overlapping_iter(text)
            .filter(|found| !self.alone[found.pattern()] || stands_alone(text, found.start(), found.end()))
            .map(|found| (found.start(), found.end()))
            .collect();
        covered.sort_unstable();
        let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
        for (start, end) in covered {
            if start >= at {
                masked.push_str(&text[at..start]);
                masked.push_str(HIDDEN);
            }
            at = at.max(end);
        }
        masked.push_str(&text[at..]);
        masked
    }
}

/// Says whether a match has no letter or digit on either side.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
    let after = text[end..].chars().next().is_some_and(char::is_alphanumeric);
    !before && !after
}

/// The ways a value may be written.
fn forms(value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    let json = serde_json::Value::from(value).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let mut forms = vec![value.to_owned()];
    for letters in [ascii(&json), json] {
        forms.extend([letters.replace('/', "\\/"), letters]);
    }
    for keep in ["-_.~", "-_.!~*'()", ""] {
        let encoded = percent(value, keep);
        for spaced in [encoded.replace("%20", "+"), encoded] {
            forms.extend([lower_escapes(&spaced), spaced]);
        }
    }
    // Lines are often sent without their end.
    forms.extend([value.trim(), value.trim_end_matches('\n')].map(str::to_owned));
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
        forms.push(engine.encode(value));
    }
    forms.extend(value.lines().map(str::trim).filter(|line| line.len() >= 2 * SHORT).map(str::to_owned));
    forms
}

/// JSON with every letter outside ASCII escaped, as PHP and Python write it.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").expect("a string takes all");
            }
        }
    }
    escaped
}

/// Percent-encoding of all but letters, digits and `keep`.
fn percent(value: &str, keep: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all");
        }
    }
    encoded
}

/// Percent-encoding with the hexadecimal digits in lower case and the rest as it is.
fn lower_escapes(encoded: &str) -> String {
    let mut after = 3;
    encoded
        .chars()
        .map(|letter| {
            after = if letter == '%' { 0 } else { after + 1 };
            if after <= 2 { letter.to_ascii_lowercase() } else { letter }
        })
        .collect()
}
