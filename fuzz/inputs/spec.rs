//! A spec file: it is read, or every problem points into it.

use std::path::Path;

use fabrik::spec::Spec;

pub fn feed(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("/nowhere/spec.yaml");
    match Spec::parse(path, text) {
        Ok(spec) => assert_eq!(spec.canonical(), Spec::parse(path, text).expect("read before").canonical()),
        Err(problems) => {
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| problem.line <= text.lines().count().max(1)));
            assert!(!problems.to_string().is_empty());
        }
    }
}
