//! The fuzz targets, fed with what is kept in `fuzz/corpus` and with mutations of it.
//!
//! The same for every run: the mutations follow from the file and a number. What a fuzzer finds comes to the corpus, or
//! becomes a test beside the code.

mod mutate;
#[path = "../../fuzz/inputs/mod.rs"]
mod through;

use std::path::Path;

use mutate::Mutations;

/// Feeds every file of an input's corpus, and so many mutations of each.
fn feed(input: &str, mutations: u64, feed: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(input);
    let mut paths: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    // What the fuzzer adds has no ending, and is not ours.
    paths.retain(|path| path.extension().is_some());
    paths.sort();
    assert!(paths.len() > 2, "the corpus of {input} is not there");
    let texts: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for (path, text) in paths.iter().zip(&texts) {
        knock_with(path, 0, text, feed);
        for (seed, mutation) in (1..=mutations).zip(Mutations::of(text, &texts)) {
            knock_with(path, seed, &mutation, feed);
        }
    }
}

/// Says with what it was when the input breaks.
fn knock_with(path: &Path, seed: u64, bytes: &[u8], feed: fn(&[u8])) {
    let held = std::panic::catch_unwind(|| feed(bytes)).is_ok();
    assert!(held, "{}, mutation {seed}:\n{:?}", path.display(), String::from_utf8_lossy(bytes));
}

#[test]
fn any_spec_is_read_or_told_by_place() {
    feed("spec", 300, through::spec::feed);
}

#[test]
fn any_env_file_is_read_or_told_by_place() {
    feed("env", 2000, through::env::feed);
}

#[test]
fn any_compose_text_is_sent_as_it_is_or_told_by_place() {
    feed("compose", 200, through::compose::feed);
}

#[test]
fn any_journal_is_replayed_or_refused_at_a_line() {
    feed("journal", 400, through::journal::feed);
}

#[test]
fn any_folder_is_packed_without_secrets_or_refused() {
    feed("bundle", 60, through::bundle::feed);
}

#[test]
fn whatever_cloudflare_replies_is_read_or_called_trouble() {
    feed("cloudflare", 200, through::cloudflare::feed);
}

#[test]
fn whatever_coolify_replies_is_read_or_called_trouble() {
    feed("coolify", 200, through::coolify::feed);
}
