//! Throws text at the spec reader: it must answer, and point inside the file.
#![no_main]

use std::path::Path;

use fabrik::spec::Spec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Spec::parse(Path::new("/nowhere/spec.yaml"), text) {
        Ok(spec) => assert_eq!(spec.canonical(), spec.clone().canonical()),
        Err(problems) => {
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| problem.line <= text.lines().count().max(1)));
            assert!(!problems.to_string().is_empty());
        }
    }
});
