//! No text, however odd, makes reading panic or point outside the file.

use std::path::Path;

use proptest::prelude::*;

use super::super::Spec;
use crate::error::Problems;

/// A good spec with everything in it, to cut and paste in.
const RICH: &str = "name: my-api\nfolder: my-api\ndomain: a.example.com\nport: 80\nenv: {A: 'b', C: ${D:-e}}\n\
secrets:\n  required: [K]\nhealth:\n  path: /x\n  timeout: 5m\ndns: {ttl: 300}\nvolumes:\n- {name: d, path: /d}\n";

#[track_caller]
fn holds_together(text: &str) {
    let path = Path::new("/nowhere/spec.yaml");
    if let Err(Problems(problems)) = Spec::parse(path, text) {
        assert!(!problems.is_empty());
        for problem in problems {
            assert!(problem.line <= text.lines().count().max(1), "{problem:?}");
            assert!(problem.line == 0 || problem.column > 0, "{problem:?}");
            let _ = problem.to_string();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,80}|[ -~\t\n]{0,200}|[:{}\\[\\],&*!|>'\"%@`#?\\-\n a-z\t]{0,120}") {
        holds_together(&text);
    }

    #[test]
    fn no_mutation_of_a_good_spec_makes_reading_panic(
        at in 0..RICH.len(), cut in 0..30_usize, paste in "[:{}\\[\\],&*!|>'\"%@`#?\\-\n $a-z0-9\té]{0,12}"
    ) {
        let end = (at + cut).min(RICH.len());
        holds_together(&format!("{}{paste}{}", &RICH[..at], &RICH[end..]));
    }
}
