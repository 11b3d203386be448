//! Secrets that would sing: values of nasty shapes, and every way in which they could be written down.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use fabrik::secrets::hex;

/// So many letters that do not repeat themselves.
fn letters(count: usize) -> String {
    let mut state = 1_u64;
    let letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(
            b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789+/-_="[(state >> 58) as usize],
        )
    };
    std::iter::repeat_with(letter).take(count).collect()
}

/// The secrets, by name; one of them is `long`.
pub fn all(long: usize) -> BTreeMap<&'static str, String> {
    [
        ("QUOTES", "can\"ary-'between'-\"quotes\"-\\and\\slashes".to_owned()),
        ("DOLLAR", "$canary$HOME-${dollar}-`signs`-%41?&=#;|".to_owned()),
        (
            "LINES",
            "canary-line-number-one\nline \"two\"-of-the-canary\n\ttabbed-third-canary-line".to_owned(),
        ),
        ("LONG", letters(long)),
        ("FOREIGN", "canäry-ключ-от-дома-鍵-🗝-schlüssel-é".to_owned()),
        ("PREFIX", "canary-prefix-0123456789".to_owned()),
        ("PREFIXED", "canary-prefix-0123456789-goes-on-for-longer".to_owned()),
        ("SHORT", "q7Zx!9".to_owned()),
    ]
    .into()
}

/// Finds secrets in whatever form.
pub struct Ears {
    finder: AhoCorasick,
    meanings: Vec<String>,
}

impl Ears {
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut known = BTreeMap::new();
        for (name, value) in secrets {
            for piece in pieces(value) {
                for (form, text) in forms(piece) {
                    known.entry(text).or_insert_with(|| format!("{name} {form}"));
                }
            }
        }
        let (texts, meanings): (Vec<Vec<u8>>, Vec<String>) = known.into_iter().unzip();
        assert!(texts.iter().all(|text| text.len() >= 6), "what is shorter is found by chance");
        Self { finder: AhoCorasick::new(texts).unwrap(), meanings }
    }

    /// What is heard, and what stands before it.
    pub fn hear(&self, bytes: &[u8]) -> Vec<String> {
        let told = |found: aho_corasick::Match| {
            let before = &bytes[found.start().saturating_sub(60)..found.start()];
            format!("{} after {:?}", self.meanings[found.pattern()], String::from_utf8_lossy(before))
        };
        self.finder.find_iter(bytes).map(told).take(5).collect()
    }
}

/// Each line, and of what is long enough also its beginning, middle and end: a text may be cut.
fn pieces(value: &str) -> Vec<&str> {
    let mut pieces: Vec<&str> = value.lines().collect();
    for text in [value].into_iter().chain(value.lines()) {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let letters = ends.len() - 1;
        if letters > 24 {
            let starts = [0, letters / 2 - 8, letters - 16];
            pieces.extend(starts.map(|start| &text[ends[start]..ends[start + 16]]));
        }
    }
    pieces.retain(|piece| piece.len() < 100);
    pieces
}

fn forms(piece: &str) -> Vec<(&'static str, Vec<u8>)> {
    let json = serde_json::to_string(piece).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let ascii: String = json.chars().map(escaped).collect();
    let percent = |keep: &[u8]| -> String {
        let kept = |byte: &u8| byte.is_ascii_alphanumeric() || keep.contains(byte);
        let written =
            |byte: u8| if kept(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        piece.bytes().map(written).collect()
    };
    let hex = hex(piece.as_bytes());
    let mut forms = vec![
        ("plain", piece.to_owned()),
        ("in Rust", format!("{piece:?}").trim_matches('"').to_owned()),
        ("as bytes", piece.as_bytes().escape_ascii().to_string()),
        ("in JSON", json.replace('/', "\\/")),
        ("in ASCII JSON", ascii.replace('/', "\\/")),
        ("in JSON", json),
        ("in ASCII JSON", ascii),
        ("in hex", hex.to_uppercase()),
        ("in hex", hex),
    ];
    for keep in [&b"-_.~"[..], b"-_.!~*'()", b""] {
        let encoded = percent(keep);
        forms.extend([("in a URL", encoded.replace("%20", "+")), ("in a URL", encoded)]);
    }
    forms.extend((0..3).flat_map(|shift| base64(piece, shift)).map(|text| ("in base64", text)));
    forms.into_iter().map(|(form, text)| (form, text.into_bytes())).collect()
}

fn escaped(letter: char) -> String {
    if letter.is_ascii() {
        return letter.to_string();
    }
    letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
}

/// What surely stands in base64 text in which the piece begins `shift` bytes after a group of three.
fn base64(piece: &str, shift: usize) -> Vec<String> {
    let bytes = [&b"\0\0"[..shift], piece.as_bytes()].concat();
    // Letters that other bytes have a part in are left out.
    let (from, to) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    [STANDARD, URL_SAFE].map(|engine| engine.encode(&bytes)[from..to].to_owned()).into()
}

#[test]
fn a_canary_is_heard_in_every_form() {
    let secrets = all(10_000);
    let ears = Ears::of(secrets.iter().map(|(name, value)| (*name, value.as_str())));
    for (name, value) in &secrets {
        let json = serde_json::Value::from(value.as_str()).to_string();
        let bytes = value.as_bytes();
        for (form, text) in [
            ("plain", value.clone()),
            ("cut", value.chars().take(20).collect()),
            ("JSON", json),
            ("base64", STANDARD.encode(bytes)),
            ("base64, one later", URL_SAFE.encode([b"x", bytes].concat())),
            ("base64, two later", STANDARD.encode([b"xy", bytes].concat())),
            ("hex", hex(bytes)),
            ("debug", format!("{value:?}")),
        ] {
            let heard = !ears.hear(format!("<{text}>").as_bytes()).is_empty();
            assert!(heard, "{name} is not heard in {form}");
        }
    }
    assert_eq!(ears.hear(b"canary, quotes and a prefix of nothing"), Vec::<String>::new());
}
