//! Heredocs: which an instruction opens, and what ends each.

/// A heredoc, as the instruction's line opens it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heredoc {
    /// The line that ends it.
    pub name: String,
    /// Whether tabs before its lines do not count.
    pub strips_tabs: bool,
}

/// The heredocs that an instruction opens; none for those that cannot.
pub(crate) fn heredocs(keyword: &str, rest: &str) -> Vec<Heredoc> {
    match keyword {
        "ONBUILD" => {
            let (keyword, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let keyword = keyword.to_ascii_uppercase();
            if keyword == "ONBUILD" { Vec::new() } else { heredocs(&keyword, rest) }
        }
        "RUN" | "COPY" | "ADD" if rest.contains("<<") && !is_json(rest) => {
            words(rest).iter().filter_map(|word| heredoc(word)).collect()
        }
        _ => Vec::new(),
    }
}

/// Reads `<<EOF`, `<<-EOF`, `<<"EOF"` and `3<<EOF`; `None` for any other word.
pub(crate) fn heredoc(word: &str) -> Option<Heredoc> {
    let after = word.trim_start_matches(|letter: char| letter.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, after) = after.strip_prefix('-').map_or((false, after), |after| (true, after));
    let after = after.trim_start();
    if after.contains('<') {
        return None;
    }
    let name = unquoted(after)?;
    (!name.is_empty()).then_some(Heredoc { name, strips_tabs })
}

/// A JSON array is not looked into.
fn is_json(rest: &str) -> bool {
    let after_flags = rest.split_whitespace().find(|word| !word.starts_with("--"));
    after_flags.is_some_and(|word| word.starts_with('['))
        && rest.find('[').is_some_and(|at| serde_json::from_str::<Vec<String>>(&rest[at..]).is_ok())
}

/// The words of a line with their quotes, blanks within those and after `<<` kept; none where a quote stays open.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut letters) = (Vec::new(), String::new(), line.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            _ if letter.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|it| !it.is_empty()));
            }
            '\\' => {
                word.push(letter);
                word.extend(letters.next());
            }
            '"' | '\'' => {
                word.push(letter);
                loop {
                    let Some(inner) = letters.next() else { return Vec::new() };
                    word.push(inner);
                    if inner == letter {
                        break;
                    }
                    if inner == '\\' && letter == '"' {
                        word.extend(letters.next());
                    }
                }
            }
            '<' if letters.peek() == Some(&'<') => {
                letters.next();
                word.push_str("<<");
                while letters.next_if(|next| [' ', '\t', '\r'].contains(next)).is_some() {}
            }
            _ => word.push(letter),
        }
    }
    words.extend(Some(word).filter(|it| !it.is_empty()));
    words
}

/// A word without its quotes; `None` where one stays open.
fn unquoted(word: &str) -> Option<String> {
    let (mut text, mut quote, mut letters) = (String::new(), None, word.chars());
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            ('\\', None | Some('"')) => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    quote.is_none().then_some(text)
}
