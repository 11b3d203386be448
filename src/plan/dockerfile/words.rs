//! What follows an instruction: flags, then operands, as a list of words or as a JSON array.

use std::ops::Range;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word; a flag's without its quotes.
    pub text: String,
    /// Its bytes in the text after the instruction.
    pub span: Range<usize>,
}

/// The flags and operands of an instruction.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// What begins with `--`, at the start.
    pub flags: Vec<Word>,
    /// What follows.
    pub operands: Vec<Word>,
    /// Whether the operands are a JSON array.
    pub is_json: bool,
}

impl Arguments {
    /// Reads the text after an instruction.
    pub(crate) fn of(rest: &str, escape: char) -> Self {
        let (flags, start) = flags(rest, escape);
        match json(rest, start) {
            Some(operands) => Self { flags, operands, is_json: true },
            None => Self { flags, operands: words(rest, start), is_json: false },
        }
    }

    /// The value of a flag like `--from=x`.
    pub(crate) fn flag(&self, name: &str) -> Option<&Word> {
        let is_it = |flag: &&Word| flag.text.split_once('=').is_some_and(|(flag, _)| flag == name);
        self.flags.iter().find(is_it)
    }

    /// Whether a flag like `--parents` is set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| {
            let (flag, value) = flag.text.split_once('=').unwrap_or((&flag.text, "true"));
            flag == name && value.eq_ignore_ascii_case("true")
        })
    }

    /// Everything but the destination.
    pub(crate) fn sources(&self) -> &[Word] {
        self.operands.split_last().map_or(&[], |(_, sources)| sources)
    }
}

/// The flags, and where they end.
fn flags(rest: &str, escape: char) -> (Vec<Word>, usize) {
    let (mut flags, mut at) = (Vec::new(), 0);
    loop {
        at += rest[at..].len() - rest[at..].trim_start().len();
        if !rest[at..].starts_with("--") {
            return (flags, at);
        }
        let (text, length) = flag(&rest[at..], escape);
        let span = at..at + length;
        at = span.end;
        // Two dashes alone end the flags.
        if text == "--" {
            return (flags, at + rest[at..].len() - rest[at..].trim_start().len());
        }
        flags.push(Word { text, span });
    }
}

/// The flag at the start of a text without its quotes, and its length with them.
fn flag(rest: &str, escape: char) -> (String, usize) {
    let (mut text, mut quote, mut letters) = (String::new(), None, rest.char_indices());
    while let Some((at, letter)) = letters.next() {
        match (letter, quote) {
            (letter, None) if letter.is_whitespace() => return (text, at),
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (letter, _) if letter == escape => text.extend(letters.next().map(|(_, letter)| letter)),
            _ => text.push(letter),
        }
    }
    (text, rest.len())
}

fn words(rest: &str, start: usize) -> Vec<Word> {
    let (mut words, mut at) = (Vec::new(), start);
    for word in rest[start..].split_whitespace() {
        at += rest[at..].find(word).unwrap_or(0);
        words.push(Word { text: word.to_owned(), span: at..at + word.len() });
        at += word.len();
    }
    words
}

fn json(rest: &str, start: usize) -> Option<Vec<Word>> {
    let text = rest.get(start..).filter(|text| text.starts_with('['))?;
    let texts: Vec<String> = serde_json::from_str(text).ok()?;
    // Each string begins and ends with a quote that no backslash stands before.
    let (mut quotes, mut is_escaped) = (Vec::new(), false);
    for (at, letter) in text.char_indices() {
        if letter == '"' && !is_escaped {
            quotes.push(start + at);
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    let spans = quotes.chunks_exact(2).map(|pair| pair[0]..pair[1] + 1);
    Some(texts.into_iter().zip(spans).map(|(text, span)| Word { text, span }).collect())
}
