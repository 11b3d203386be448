//! Takes secret values out of any text that leaves the program.
//!
//! Goes by value: plain, base64, URL-encoded and JSON-escaped. The last line of defence; it cannot find a value whose
//! beginning was cut off, or that was hashed or compressed. A short value may be an ordinary word or number (`web`,
//! `3000`), so it is hidden only where it stands alone, and whose words a text is made of decides what that means.

use std::fmt::Write;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Whether a value is too short to be hidden wherever it stands.
pub fn is_short(value: &str) -> bool {
    value.len() < Matcher::SHORT
}

/// Who wrote a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    /// This program: names, addresses, times and counts, all of which may look like a short secret.
    Ours,
    /// An app, an API or a person, who may quote a secret in any sentence.
    Foreign,
}

/// As much of a form as is looked for; where it is found, all that follows of the form is hidden with it. An automaton
/// over the whole of a long value would take a thousand times its size.
const HEAD: usize = 64;

/// What stands where a text was cut short, perhaps in the middle of a secret.
const CUT: char = '…';

/// Finds secrets in text.
pub(crate) struct Matcher {
    finder: AhoCorasick,
    /// What the finder's patterns are the heads of.
    forms: Vec<Form>,
}

/// One way in which a value may be written.
struct Form {
    text: Zeroizing<String>,
    kind: Kind,
}

/// Where a form is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Everywhere.
    Long,
    /// Where it stands alone: it looks like nothing else.
    Odd,
    /// Where it stands alone in a foreign text: it may be a word or a name.
    Word,
    /// Where it is assigned or quoted: it may be any number.
    Number,
}

impl Matcher {
    /// Values shorter than this are hidden only where they stand alone: they would be found in ordinary words.
    pub(crate) const SHORT: usize = 8;

    /// Learns what to hide; empty values are left out.
    pub(crate) fn new<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        let mut known: Vec<(String, Kind)> = Vec::new();
        for value in values {
            let value = value.as_ref();
            known.extend(forms(value).into_iter().map(|form| {
                let kind = Kind::of(if form.len() < value.len() { &form } else { value });
                (form, kind)
            }));
        }
        known.retain(|(form, _)| !form.is_empty());
        known.sort();
        known.dedup_by(|a, b| a.0 == b.0);
        let form = |(text, kind)| Form { text: Zeroizing::new(text), kind };
        let forms: Vec<Form> = known.into_iter().map(form).collect();
        let heads = forms.iter().map(|form| &form.text.as_bytes()[..form.text.len().min(HEAD)]);
        // All matches are asked for, and what they cover together is hidden: whichever match were taken first, the
        // tail of another that overlaps it would be left standing.
        // Every process makes one, and few texts pass it: what counts is the making.
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(heads);
        Self { finder: finder.expect("a few secrets are within the automaton's limits"), forms }
    }

    /// A foreign text with every secret replaced by `***`.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redacted(text, Wording::Foreign)
    }

    /// A text of this program's own with every secret replaced by `***`; what it quotes was masked before.
    pub(crate) fn redact_own(&self, text: &str) -> String {
        self.redacted(text, Wording::Ours)
    }

    fn redacted(&self, text: &str, wording: Wording) -> String {
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
            if form.kind.is_hidden(wording, text, start, end) {
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

impl Matcher {
    /// Where the text ends with the beginning of a form that is not long enough to be found by its head.
    fn beginnings(&self, text: &str) -> impl Iterator<Item = (usize, usize)> {
        let long = self.forms.iter().filter(|form| form.kind == Kind::Long).map(|form| form.text.as_bytes());
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

impl Kind {
    fn of(value: &str) -> Self {
        let all = |is: fn(u8) -> bool| value.bytes().all(is);
        if !is_short(value) {
            Self::Long
        } else if all(|byte| byte.is_ascii_digit() || b".,-+".contains(&byte)) {
            Self::Number
        } else if all(|byte| byte.is_ascii_alphabetic())
            || all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
        {
            Self::Word
        } else {
            Self::Odd
        }
    }

    /// Whether a form of this kind is hidden where it was found.
    fn is_hidden(self, wording: Wording, text: &str, start: usize, end: usize) -> bool {
        match (self, wording) {
            (Self::Long, _) => true,
            (Self::Odd, _) | (Self::Word, Wording::Foreign) => stands_alone(text, start, end),
            (Self::Word | Self::Number, _) => is_assigned(text, start, end, wording),
        }
    }
}

/// Says whether a match is a word of its own: not a part of a name, a path, a version or an address.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let (before, after) = (&text[..start], &text[end..]);
    let mut following = after.chars();
    let next = following.next();
    // A full stop or a colon that ends a sentence or a key belongs to no name.
    let ends = next.is_none_or(|c| {
        let closes = ".:".contains(c) && following.next().is_none_or(|c| !c.is_alphanumeric());
        closes || !(c.is_alphanumeric() || "_-./:".contains(c))
    });
    ends && !before.ends_with(|c: char| c.is_alphanumeric() || "_-./".contains(c))
}

/// Says whether a match is what a variable is set to, `NAME=match`, or in a foreign text stands in quotes.
fn is_assigned(text: &str, start: usize, end: usize, wording: Wording) -> bool {
    let (before, after) = (&text[..start], &text[end..]);
    if after.starts_with(|c: char| c.is_alphanumeric() || "_-./:".contains(c)) {
        return false;
    }
    let quote = |c: char| matches!(c, '"' | '\'' | '`');
    let unquoted = before.strip_suffix(quote).unwrap_or(before);
    if wording == Wording::Foreign && unquoted.len() < before.len() && after.starts_with(quote) {
        return true;
    }
    let Some(name) = unquoted.strip_suffix('=') else { return false };
    let name = &name[name
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map_or(0, |at| at + name[at..].chars().next().map_or(0, char::len_utf8))..];
    let is_variable = name.bytes().any(|byte| byte.is_ascii_uppercase())
        && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    !name.is_empty() && (is_variable || wording == Wording::Foreign)
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
    forms.extend(
        value.lines().map(str::trim).filter(|line| line.len() >= 2 * Matcher::SHORT).map(str::to_owned),
    );
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
