//! A compose text: what is sent for it is read as the same stack again, and every problem points into it.

use std::path::Path;

use fabrik::plan::compose::sent;
use fabrik::plan::compose::stack::{Stack, StackInput};

pub fn feed(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keys = ["API_KEY".to_owned(), "FABRIK_RELEASE".to_owned()];
    for (service, has_domain) in [(None, true), (None, false), (Some("web"), true)] {
        let input = |text| StackInput {
            file: Path::new("compose.yaml"),
            text,
            service,
            port: service.map(|_| 8000),
            has_domain,
            env_keys: &keys,
        };
        match Stack::read(&input(text)) {
            Ok(stack) => {
                let again = Stack::read(&input(&stack.text)).expect("what is sent can be read");
                assert_eq!(again.text, stack.text);
                assert_eq!(sent::services(&stack.text).len(), stack.services.len());
                assert!(sent::lasting(&stack.text).is_subset(&sent::services(&stack.text)));
                assert!(stack.warnings.iter().all(|warning| !warning.as_warning().is_empty()));
            }
            Err(problems) => {
                assert!(!problems.0.is_empty());
                assert!(problems.0.iter().all(|problem| problem.line <= text.lines().count().max(1)));
                assert!(!problems.to_string().is_empty());
            }
        }
    }
}
