//! From the text of a `.env` file to its statements: which variable, and which part of the text is its value.
//!
//! Follows compose-go 2.0 (`dotenv/parser.go`). Where compose would refuse the whole file, one statement is set aside and
//! reading goes on at the next line. What a value means is told by `value`.

use std::ops::Range;

use super::value::{Quote, Written};
use super::{Doubt, Unreadable};

/// What a text was taken apart into.
pub(crate) struct Scanned {
    pub statements: Vec<Statement>,
    /// Where assignments may be that nobody can tell.
    pub unreadable: Vec<Unreadable>,
}

/// One assignment.
pub(crate) struct Statement {
    pub key: String,
    /// Where the key stands.
    pub at: usize,
    pub range: Range<usize>,
    pub given: Given,
}

/// What an assignment gives.
pub(crate) enum Given {
    /// What is written after the `=`.
    Value(Written),
    /// Nothing but the name.
    Inherited,
    /// A value whose beginning or end cannot be told.
    Doubtful(Doubt),
}

const QUOTE_IT: &str = "put the whole value in single quotes";

/// Takes a text apart; `is_utf8` tells that no byte of it was lost.
pub(crate) fn scan(text: &str, is_utf8: bool) -> Scanned {
    let found = Scanned { statements: Vec::new(), unreadable: Vec::new() };
    let mut scanner = Scanner { text, at: 0, is_utf8, found };
    while scanner.next() {}
    scanner.found
}

/// Where in the text reading has got to.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    is_utf8: bool,
    found: Scanned,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..].find('\n').map_or(self.text.len(), |length| from + length)
    }

    /// Reads one statement or comment; `false` at the end of the text.
    fn next(&mut self) -> bool {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let start = self.at;
        if self.rest().is_empty() {
            return false;
        }
        if self.rest().starts_with('#') {
            self.at = self.line_end(start);
            if has_lone_return(&self.text[start..self.at]) {
                self.set_aside(
                    start,
                    "stands in a line with carriage returns, which not all readers take for its end",
                );
            }
            return true;
        }
        match key(self.text, start) {
            Some(key) => self.statement(start, key),
            None => self.skip_unreadable(start),
        }
        true
    }

    fn statement(&mut self, start: usize, Key { name: key, at, delimiter, end }: Key) {
        self.at = end;
        let given = delimiter.map_or(Given::Inherited, |delimiter| self.value(delimiter));
        let range = start..self.at;
        let given = match given {
            Given::Value(_) if !self.is_utf8 && self.text[range.clone()].contains('\u{fffd}') => {
                Given::Doubtful(Doubt {
                    at,
                    what: "has bytes in its value that are not UTF-8",
                    hint: "save the file as UTF-8",
                })
            }
            given => given,
        };
        self.found.statements.push(Statement { key, at, range, given });
    }

    fn value(&mut self, delimiter: char) -> Given {
        let after = self.at;
        self.blanks();
        let (start, spaced) = (self.at, self.at > after);
        let colon = delimiter == ':';
        // node reads `A: x` as well, and nobody else `A:x` or `A :x`.
        let alone = colon && (!spaced || self.text[..after - 1].ends_with(is_blank));
        let given = match self.rest().chars().next() {
            Some('\'') => self.quoted(Quote::Single, alone),
            Some('"') => self.quoted(Quote::Double, alone),
            _ => self.unquoted(spaced, alone),
        };
        match given {
            Given::Value(_) if alone && self.text[start..self.at].contains('=') => Given::Doubtful(Doubt {
                at: start,
                what: "has a `:` before the `=`, and readers disagree on which ends the name",
                hint: "write `NAME='value'`",
            }),
            given => given,
        }
    }

    fn quoted(&mut self, quote: Quote, alone: bool) -> Given {
        let start = self.at;
        let Some(end) = closing(&self.rest()[1..], quote.sign()) else {
            self.at = self.text.len();
            let hint = "close it, or put the whole value in quotes of the other kind";
            self.swallowed(start);
            return Given::Doubtful(Doubt { at: start, what: "has a quote that is not closed", hint });
        };
        let inner = start + 1..start + 1 + end;
        self.at = inner.end + 1;
        self.blanks();
        let trailing = self.at;
        self.at = self.line_end(trailing);
        if self.text[trailing..self.at].is_empty() || self.text[trailing..].starts_with('#') {
            return Given::Value(Written {
                at: start,
                text: self.text[inner].to_owned().into(),
                quote,
                alone,
            });
        }
        self.swallowed(start);
        Given::Doubtful(Doubt { at: trailing, what: "has something after the closing quote", hint: QUOTE_IT })
    }

    /// Notes that what was read from `start` on may be more than one value.
    fn swallowed(&mut self, start: usize) {
        let what = "stands after a quote that is not closed where it should be";
        let doubt = Doubt { at: start, what, hint: "close that quote" };
        self.found.unreadable.push(Unreadable { range: start..self.at, doubt, is_line: false });
    }

    fn unquoted(&mut self, spaced: bool, alone: bool) -> Given {
        let start = self.at;
        self.at = self.line_end(start);
        let line = &self.text[start..self.at];
        let value = line.split(" #").next().unwrap_or(line).trim_end();
        if let Some((what, hint)) = unsure(line, value, spaced).or_else(|| self.goes_on(line, value)) {
            return Given::Doubtful(Doubt { at: start, what, hint });
        }
        Given::Value(Written { at: start, text: value.to_owned().into(), quote: Quote::None, alone })
    }

    /// Why a value seems to go on after what compose takes for its end.
    fn goes_on(&self, line: &str, value: &str) -> Option<(&'static str, &'static str)> {
        const OVER_LINES: (&str, &str) =
            ("seems to go on in the next line, which is not read", "put the whole value in quotes");
        if value.contains("-----BEGIN ") && !value.contains("-----END ") {
            return Some(OVER_LINES);
        }
        // To node a backtick is a quote, if there is another one.
        if value.starts_with('`')
            && !value[1..].contains('`')
            && (line[value.len()..].contains('`') || self.rest().contains('`'))
        {
            return Some(("begins with a backtick, which only some readers take for a quote", QUOTE_IT));
        }
        let next = self.rest().strip_prefix('\n')?;
        let open = value.ends_with(['\\', '{', '[', '(', ',']) || next.starts_with([' ', '\t']);
        let text = next.trim_start_matches(is_blank);
        let is_text = !text.is_empty() && !text.starts_with(['#', '\n']);
        let is_assignment = key(text, 0).is_some_and(|key| key.delimiter.is_some());
        (open && !value.is_empty() && is_text && !is_assignment).then_some(OVER_LINES)
    }

    /// Sets a line aside that is no assignment, with what it has in quotes.
    fn skip_unreadable(&mut self, start: usize) {
        let mut end = self.line_end(start);
        let line = &self.text[start..end];
        if let Some(sign) = line.find(['=', ':']).map(|at| start + at + 1) {
            let value = self.text[sign..end].trim_start_matches(is_blank);
            let inner = end - value.len() + 1;
            if let Some(quote) = value.chars().next().filter(|sign| matches!(sign, '\'' | '"'))
                && let Some(length) = closing(&self.text[inner..], quote)
            {
                end = self.line_end(inner + length);
            }
        }
        self.at = end;
        self.set_aside(start, "stands in a line that cannot be read");
    }

    fn set_aside(&mut self, start: usize, what: &'static str) {
        let doubt = Doubt { at: start, what, hint: "write NAME=value, NAME='value' or NAME=\"value\"" };
        self.found.unreadable.push(Unreadable { range: start..self.at, doubt, is_line: true });
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_blank).len();
    }
}

/// The name of a variable at the beginning of a statement.
struct Key {
    name: String,
    at: usize,
    /// `=` or `:`; none where the line ends with the name.
    delimiter: Option<char>,
    /// Where what comes after it begins.
    end: usize,
}

fn key(text: &str, start: usize) -> Option<Key> {
    let rest = &text[start..];
    let exported = rest.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
    let rest = exported.map_or(rest, |rest| rest.trim_start_matches(is_blank));
    let at = text.len() - rest.len();
    let length = rest.find(|c: char| !is_blank(c) && !is_key(c)).unwrap_or(rest.len());
    let delimiter = rest[length..].chars().next();
    let name = rest[..length].trim_end();
    // compose takes a name that begins with a digit; nothing can ask for one.
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_') && !name.contains(is_blank);
    if !is_name || !matches!(delimiter, None | Some('=' | ':' | '\n')) {
        return None;
    }
    let end = at + length + delimiter.map_or(0, char::len_utf8);
    Some(Key { name: name.to_owned(), at, delimiter: delimiter.filter(|sign| *sign != '\n'), end })
}

/// Why the common readers take an unquoted value for different resources, and what to do about it.
fn unsure(line: &str, value: &str, spaced: bool) -> Option<(&'static str, &'static str)> {
    let leading = value.starts_with(|c: char| c.is_whitespace());
    let tabbed = value
        .char_indices()
        .any(|(at, c)| c == '#' && value[..at].ends_with(|c: char| c.is_whitespace() && c != ' '));
    if has_lone_return(line) || value.contains('\r') {
        return Some(("has a carriage return within its value", "end lines with LF or CR LF"));
    }
    if spaced && value.starts_with('#') {
        return Some((
            "is a comment to some readers and a value to others",
            "put the value in quotes, or leave the `#` out",
        ));
    }
    if tabbed {
        return Some((
            "has a `#` after a tab: a comment to some readers and not to others",
            "put the value in quotes, or a blank before the `#`",
        ));
    }
    if leading {
        return Some(("begins with white space that not all readers cut off", QUOTE_IT));
    }
    if value.matches('"').count() % 2 == 1 && line[value.len()..].contains('"') {
        return Some(("is cut off at a `#` within its quotes", QUOTE_IT));
    }
    None
}

/// Whether a text without line feeds has a carriage return that is not its end.
fn has_lone_return(line: &str) -> bool {
    line.trim_end_matches('\r').contains('\r')
}

/// Where the quote ends that began before `text`; a backslash takes the sign after it along.
fn closing(text: &str, sign: char) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            letter if letter == sign && !escaped => return Some(at),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// White space within a line, as compose has it.
fn is_blank(letter: char) -> bool {
    matches!(letter, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn is_key(letter: char) -> bool {
    letter.is_alphanumeric() || "_.-[]".contains(letter)
}
