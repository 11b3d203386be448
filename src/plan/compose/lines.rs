//! A Dockerfile cut into instructions, without a byte lost.
//!
//! Knows continuations, comments between them, heredocs and the directives at the top. Knows no instruction's meaning.

/// One piece of a Dockerfile.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The text with its line ends, as written, heredoc bodies included.
    pub raw: &'a str,
    /// The instruction in capitals; empty for comments and blank lines.
    pub keyword: String,
    /// What follows the instruction, on one line, without comments and heredoc bodies.
    pub rest: String,
    /// Whether it brings heredocs.
    pub heredoc: bool,
    /// The first line's number, from 1.
    pub line: usize,
}

/// Cuts a Dockerfile into pieces that, put together, are the same text.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let escape = escape(text);
    let mut lines = text.split_inclusive('\n').enumerate().peekable();
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Some((index, line)) = lines.next() {
        let (start, mut end) = (at, at + line.len());
        if is_aside(line) {
            let piece = Piece {
                raw: line,
                keyword: String::new(),
                rest: String::new(),
                heredoc: false,
                line: index + 1,
            };
            pieces.push(piece);
            at = end;
            continue;
        }
        let mut joined = String::new();
        let mut open = take(line, escape, &mut joined);
        while open && let Some((_, line)) = lines.next() {
            end += line.len();
            // Comments and blank lines between the lines of one instruction do not end it.
            open = is_aside(line) || take(line, escape, &mut joined);
        }
        let (keyword, rest) = joined.trim().split_once([' ', '\t']).unwrap_or((joined.trim(), ""));
        let (keyword, rest) = (keyword.to_ascii_uppercase(), rest.trim().to_owned());
        let ends =
            if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") { heredocs(&rest) } else { Vec::new() };
        for (ending, stripped) in &ends {
            for (_, line) in lines.by_ref() {
                end += line.len();
                let line = line.trim_end_matches(['\n', '\r']);
                if (if *stripped { line.trim_start_matches('\t') } else { line }) == ending {
                    break;
                }
            }
        }
        pieces.push(Piece {
            raw: &text[start..end],
            keyword,
            rest,
            heredoc: !ends.is_empty(),
            line: index + 1,
        });
        at = end;
    }
    pieces
}

/// The escape letter: a backslash, unless a directive at the very top says `` # escape=` ``.
fn escape(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#')?.split_once('='));
    let mut escapes = directives.filter(|(key, _)| key.trim().eq_ignore_ascii_case("escape"));
    if escapes.any(|(_, value)| value.trim() == "`") { '`' } else { '\\' }
}

fn is_aside(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// Adds a line to the instruction and says whether another one follows.
fn take(line: &str, escape: char, joined: &mut String) -> bool {
    let text = line.trim_end();
    let continued = text.strip_suffix(escape);
    joined.push_str(continued.unwrap_or(text));
    continued.is_some()
}

/// The endings of the heredocs that an instruction opens, and whether their tabs are stripped.
fn heredocs(rest: &str) -> Vec<(String, bool)> {
    let words = rest.split_whitespace();
    words
        .filter_map(|word| {
            let (stream, after) = word.split_once("<<")?;
            if !stream.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let (stripped, name) = after.strip_prefix('-').map_or((false, after), |name| (true, name));
            let name = name.trim_matches(['"', '\'']);
            let start = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
            start.then(|| (name[..end].to_owned(), stripped))
        })
        .collect()
}
