//! What variables of a Dockerfile are known to be, and words with them filled in.
//!
//! ARG with a default and ENV are known; what the base image or the builder sets is not, and a word that needs such a
//! one is not judged.

use std::collections::BTreeMap;

/// The variables of a stage whose values are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

/// What becomes of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExpandedWord {
    /// Its text.
    Known(String),
    /// It needs a variable that is not known here, or a form that is not read here.
    Unknown,
    /// Docker refuses it.
    Bad(&'static str),
}

impl Variables {
    /// The value of a variable, if it is known.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets a variable, or forgets it where its value is not known.
    pub(crate) fn set(&mut self, name: &str, value: ExpandedWord) {
        match value {
            ExpandedWord::Known(value) => drop(self.0.insert(name.to_owned(), value)),
            ExpandedWord::Unknown | ExpandedWord::Bad(_) => drop(self.0.remove(name)),
        }
    }

    /// Fills in the variables of a word and takes off its quotes.
    pub(crate) fn expand(&self, word: &str, escape: char) -> ExpandedWord {
        let letters: Vec<char> = word.chars().collect();
        let mut expansion = Expansion { variables: self, escape, letters: &letters, at: 0 };
        match expansion.up_to(None) {
            Ok(text) => ExpandedWord::Known(text),
            Err(other) => other,
        }
    }

    /// What ENV sets, of its arguments: `A=b C=d`, or `A b`.
    pub(crate) fn env(&mut self, rest: &str, escape: char) {
        let words = words(rest, escape);
        let is_old = words.first().is_some_and(|word| !word.contains('='));
        let pairs: Vec<(&str, &str)> = if is_old {
            rest.split_once(char::is_whitespace)
                .map(|(name, value)| (name, value.trim()))
                .into_iter()
                .collect()
        } else {
            words.iter().filter_map(|word| word.split_once('=')).collect()
        };
        // All of one instruction are filled in with what was known before it.
        let values: Vec<(&str, ExpandedWord)> =
            pairs.into_iter().map(|(name, value)| (name, self.expand(value, escape))).collect();
        for (name, value) in values {
            self.set(name, value);
        }
    }

    /// What ARG sets: its default, or what the ARG before the first FROM says.
    pub(crate) fn arg(&mut self, rest: &str, escape: char, global: Option<&Self>) {
        for word in words(rest, escape) {
            match word.split_once('=') {
                Some((name, value)) => {
                    let value = self.expand(value, escape);
                    self.set(name, value);
                }
                None => {
                    if let Some(value) = global.and_then(|global| global.get(&word)) {
                        self.set(&word, ExpandedWord::Known(value.to_owned()));
                    }
                }
            }
        }
    }
}

/// Words with their quotes, which may hold blanks.
fn words(rest: &str, escape: char) -> Vec<String> {
    let (mut words, mut word, mut quote, mut letters) = (Vec::new(), String::new(), None, rest.chars());
    while let Some(letter) = letters.next() {
        match quote {
            None if letter.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                continue;
            }
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            Some(open) if letter == open => quote = None,
            _ => {}
        }
        word.push(letter);
        if letter == escape && quote != Some('\'') {
            word.extend(letters.next());
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

struct Expansion<'a> {
    variables: &'a Variables,
    escape: char,
    letters: &'a [char],
    at: usize,
}

impl Expansion<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.letters.get(self.at).copied();
        self.at += 1;
        letter
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    /// The text up to a character, or to the end.
    fn up_to(&mut self, stop: Option<char>) -> Result<String, ExpandedWord> {
        let mut text = String::new();
        while let Some(letter) = self.next() {
            match letter {
                _ if Some(letter) == stop => return Ok(text),
                '\'' => text.push_str(&self.single_quoted()?),
                '"' => text.push_str(&self.double_quoted()?),
                '$' => text.push_str(&self.variable()?),
                _ if letter == self.escape => text.extend(self.next()),
                _ => text.push(letter),
            }
        }
        if stop.is_some() { Err(ExpandedWord::Bad("a `${` is not closed")) } else { Ok(text) }
    }

    fn single_quoted(&mut self) -> Result<String, ExpandedWord> {
        let mut text = String::new();
        loop {
            match self.next().ok_or(ExpandedWord::Bad("a quote is not closed"))? {
                '\'' => return Ok(text),
                letter => text.push(letter),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<String, ExpandedWord> {
        let mut text = String::new();
        loop {
            match self.next().ok_or(ExpandedWord::Bad("a quote is not closed"))? {
                '"' => return Ok(text),
                '$' => text.push_str(&self.variable()?),
                letter if letter == self.escape => match self.peek() {
                    Some(next) if next == '"' || next == '$' || next == self.escape => {
                        text.extend(self.next());
                    }
                    _ => text.push(letter),
                },
                letter => text.push(letter),
            }
        }
    }

    /// What a dollar sign stands for, with it already taken.
    fn variable(&mut self) -> Result<String, ExpandedWord> {
        if self.peek() != Some('{') {
            let name = self.name();
            return match name.as_str() {
                "" if self.peek().is_some_and(|next| "@*#?-$!".contains(next)) => Err(ExpandedWord::Unknown),
                "" => Ok("$".to_owned()),
                name => self.variables.get(name).map(str::to_owned).ok_or(ExpandedWord::Unknown),
            };
        }
        self.at += 1;
        let name = self.name();
        let value = self.variables.get(&name).map(str::to_owned);
        let bad = ExpandedWord::Bad("a `${…}` names no variable");
        match self.next().ok_or(ExpandedWord::Bad("a `${` is not closed"))? {
            _ if name.is_empty() => Err(bad),
            '}' => value.ok_or(ExpandedWord::Unknown),
            ':' => {
                let sign = self.next().ok_or(ExpandedWord::Bad("a `${` is not closed"))?;
                self.with_default(sign, value, true)
            }
            sign => self.with_default(sign, value, false),
        }
    }

    /// `${A:-b}` and its like. A variable that is not known here may well be set by the base image.
    fn with_default(
        &mut self,
        sign: char,
        value: Option<String>,
        or_empty: bool,
    ) -> Result<String, ExpandedWord> {
        if !"-+?".contains(sign) {
            return Err(ExpandedWord::Unknown);
        }
        let word = self.up_to(Some('}'));
        let value = value.ok_or(ExpandedWord::Unknown)?;
        let counts = !(or_empty && value.is_empty());
        match (sign, counts) {
            ('+', true) | ('-', false) => word,
            ('+', false) => Ok(String::new()),
            ('?', false) => Err(ExpandedWord::Bad("a variable that must not be empty is empty")),
            _ => Ok(value),
        }
    }

    fn name(&mut self) -> String {
        let rest = &self.letters[self.at.min(self.letters.len())..];
        let is_number = rest.first().is_some_and(char::is_ascii_digit);
        let belongs = |letter: &&char| {
            if is_number { letter.is_ascii_digit() } else { letter.is_alphanumeric() || **letter == '_' }
        };
        let name: String = rest.iter().take_while(belongs).collect();
        self.at += name.chars().count();
        name
    }
}
