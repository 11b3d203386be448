//! A doc comment says something that the name below it does not.

use super::{Source, hold};

/// Words that say nothing by themselves.
const LITTLE: [&str; 44] = [
    "a", "all", "an", "and", "are", "as", "at", "be", "by", "for", "had", "has", "have", "how", "in", "is",
    "it", "its", "of", "on", "one", "or", "that", "the", "them", "there", "they", "this", "to", "was",
    "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "from", "s",
    "their",
];

/// The arguments of the command line: their doc comments are its help.
const HELP: &str = "src/cli/args.rs";

fn repeats_the_name(source: &Source) -> Vec<String> {
    let is_shipped = source.path.contains("src/") && !source.is_test() && source.path != HELP;
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let one_liners = (0..lines.len()).filter(|&at| is_shipped && is_one_line(&lines, at));
    let empty = one_liners.filter(|&at| {
        let item = lines[at + 1..].iter().find(|line| !line.starts_with("#["));
        item.is_some_and(|item| says_nothing(&lines[at]["/// ".len()..], item))
    });
    empty.map(|at| format!("{}:{}: `{}` repeats the name", source.path, at + 1, lines[at])).collect()
}

fn is_one_line(lines: &[&str], at: usize) -> bool {
    let is_doc = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("///"));
    lines[at].starts_with("/// ") && (at == 0 || !is_doc(at - 1)) && !is_doc(at + 1)
}

/// Whether each word of `doc` is a little one or stands in `item`, up to its ending.
fn says_nothing(doc: &str, item: &str) -> bool {
    let item: String = item.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let words = doc.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_lowercase);
    let mut telling = words.filter(|word| !word.is_empty() && !LITTLE.contains(&word.as_str()));
    telling.all(|word| item.contains(stem(&word)))
}

fn stem(word: &str) -> &str {
    let without = |ending: &&str| word.strip_suffix(*ending).filter(|rest| rest.len() >= 3);
    ["ies", "ing", "ed", "es", "s"].iter().find_map(without).unwrap_or(word)
}

#[test]
fn no_doc_comment_only_repeats_the_name() {
    hold(repeats_the_name);
}

#[test]
fn a_doc_comment_that_only_repeats_the_name_is_noticed() {
    let complaints = |text: &str| repeats_the_name(&Source::new("src/plan/mod.rs", text)).len();
    assert_eq!(complaints("    /// The run's id.\n    pub run_id: RunId,\n"), 1);
    assert_eq!(complaints("/// Why.\n#[serde(skip)]\ncause: Cause,\n"), 1);
    assert_eq!(complaints("/// Milliseconds since the boot.\npub monotonic_ms: u64,\n"), 0);
    assert_eq!(complaints("/// The run's id.\n///\n/// Not unique.\npub run_id: RunId,\n"), 0);
}
