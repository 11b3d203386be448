//! One name, one meaning: no two public types are called the same.

use std::collections::BTreeMap;

use super::{Source, sources};

const KINDS: [&str; 5] = ["struct", "enum", "trait", "type", "union"];

/// The type that a line of code makes public, if it does.
fn public_type(line: &str) -> Option<&str> {
    let public = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) "))?;
    let (kind, rest) = public.split_once(' ')?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    // One that is indented is an associated type, or is made by a macro.
    (KINDS.contains(&kind) && !line.starts_with(' ')).then_some(name)
}

/// The public types of shipped code that share a name, with the files that have them.
fn shared_names(sources: &[Source]) -> Vec<String> {
    let mut homes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in
        sources.iter().filter(|it| it.path.starts_with("src/") || it.path.starts_with("machine/src/"))
    {
        for name in source.shipped().filter_map(|(_, line)| public_type(line)) {
            homes.entry(name).or_default().push(&source.path);
        }
    }
    let shared = homes.into_iter().filter(|(_, homes)| homes.len() > 1);
    shared.map(|(name, homes)| format!("`{name}` is public in {}", homes.join(", "))).collect()
}

#[test]
fn no_two_public_types_share_a_name() {
    let complaints = shared_names(&sources());
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn a_name_that_two_public_types_share_is_noticed() {
    let one = Source::new("src/plan/mod.rs", "pub struct Answer<'a>(&'a str);\nstruct Hidden;\n");
    let two = Source::new("machine/src/step.rs", "pub(crate) enum Answer {}\nstruct Hidden;\n");
    assert_eq!(shared_names(&[one, two]), ["`Answer` is public in src/plan/mod.rs, machine/src/step.rs"]);
    let apart = Source::new(
        "src/plan/mod.rs",
        "pub struct Answer;\n#[cfg(test)]\nmod tests {\npub struct Answer;\n}\n",
    );
    assert_eq!(shared_names(&[apart]), Vec::<String>::new(), "what only tests see is not counted");
}
