//! Takes secret values out of any text that leaves the program.
//!
//! Goes by value: plain, base64, URL-encoded and JSON-escaped. The last line of defence; it does not know which text is
//! which, and cannot find a value whose beginning was cut off, or that was hashed or compressed.

use std::fmt::Write;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// As much of a form as is looked for; where it is found, all that follows of the form is hidden with it. An automaton
/// over the whole of a long value would take a thousand times its size.
const HEAD: usize = 64;

/// What stands where a text was cut short, perhaps in the middle of a secret.
const CUT: char = '…';

/// Finds secrets in text.
pub struct Mask {
    finder: AhoCorasick,
    /// What the finder's patterns are the heads of.
    forms: Vec<Form>,
}

/// One way in which a value may be written.
struct Form {
    text: Zeroizing<String>,
    /// Whether it is hidden only where it stands alone.
    alone: bool,
}

impl Mask {
    /// Values shorter than this are hidden only where they stand alone: they would be found in ordinary words.
    pub const SHORT: usize = 8;

    /// Learns what to hide; empty values are left out.
    pub fn new<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        let mut known: Vec<(String, bool)> = Vec::new();
        for value in values {
            let value = value.as_ref();
            let form = |form: String| (value.len().min(form.len()) < Self::SHORT, form);
            known.extend(forms(value).into_iter().map(form).map(|(alone, form)| (form, alone)));
        }
        known.retain(|(form, _)| !form.is_empty());
        known.sort();
        known.dedup_by(|a, b| a.0 == b.0);
        let form = |(text, alone)| Form { text: Zeroizing::new(text), alone };
        let forms: Vec<Form> = known.into_iter().map(form).collect();
        let heads = forms.iter().map(|form| &form.text.as_bytes()[..form.text.len().min(HEAD)]);
        // All matches are asked for, and what they cover together is hidden: whichever match were taken first, the
        // tail of another that overlaps it would be left standing.
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(heads);
        Self { finder: finder.expect("a few secrets are within the automaton's limits"), forms }
    }

    /// The text with every secret replaced by `***`.
    pub fn mask(&self, text: &str) -> String {
        let mut covered: Vec<(usize, usize)> = Vec::new();
        // How far each form was found last. In a text that repeats itself most matches lie within another and add
        // nothing to it; that is told by one byte.
        let mut until = vec![0; self.forms.len()];
        for found in self.finder.find_overlapping_iter(text) {
            let (form, start, known) = (&self.forms[found.pattern()], found.start(), until[found.pattern()]);
            let goes_on = || form.text.as_bytes().get(known - start) == text.as_bytes().get(known);
            if start < known && !goes_on() {
                continue;
            }
            let end = start + agreement(&form.text, &text[start..]);
            if !form.alone || stands_alone(text, start, end) {
                until[found.pattern()] = end;
                covered.push((start, end));
            }
        }
        covered.extend(text.match_indices(CUT).flat_map(|(end, _)| self.beginnings(&text[..end])));
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

impl Mask {
    /// Where the text ends with the beginning of a form that is not long enough to be found by its head.
    fn beginnings(&self, text: &str) -> impl Iterator<Item = (usize, usize)> {
        let long = self.forms.iter().filter(|form| !form.alone).map(|form| form.text.as_bytes());
        long.filter_map(|form| {
            let ends = |length: &usize| text.as_bytes().ends_with(&form[..*length]);
            let length = (Self::SHORT..form.len().min(HEAD)).rev().find(ends)?;
            Some((text.len() - length, text.len()))
        })
    }
}

/// For how many bytes the text says what the form says, up to the end of a letter.
fn agreement(form: &str, text: &str) -> usize {
    let agreed = form.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    (0..=agreed).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)
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
    forms
        .extend(value.lines().map(str::trim).filter(|line| line.len() >= 2 * Mask::SHORT).map(str::to_owned));
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
