//! A journal's entries, one a line: each means the same when it is written again, and a list of them is replayed to a
//! phase or refused at one of them.

use machine::entry::StoredEntry;
use machine::replay::AnyDeployment;

pub fn feed(data: &[u8]) {
    let read =
        data.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<StoredEntry>(line).ok());
    let lines: Vec<StoredEntry> = read.collect();
    for line in &lines {
        let text = serde_json::to_string(line).expect("a line can be written");
        let again: StoredEntry = serde_json::from_str(&text).expect("what is written can be read");
        assert_eq!(again, *line);
        assert!(!line.entry.name().is_empty());
    }
    // What was legal stays legal: a list is refused at the first line that does not fit, not before.
    let mut refused = false;
    for length in 1..=lines.len() {
        match AnyDeployment::replay(&lines[..length]) {
            Ok(deployment) => {
                // A format that is too new is refused wherever it stands, and so for the whole list.
                assert!(!refused, "a list is legal, and its beginning is not");
                let begun = deployment.header().clone();
                assert_eq!(deployment.run(), &begun.run);
                let phase = lines[..length].iter().rev().find_map(|line| line.entry.phase());
                // In format 1 a destroy run went through the phases of a deployment.
                let is_old = begun.purpose.is_destroy() && lines[..length].iter().any(|line| line.v == 1);
                assert!(is_old || phase == Some(deployment.name()), "{phase:?}, {}", deployment.name());
            }
            Err(error) => {
                refused = true;
                assert!(!error.to_string().is_empty());
            }
        }
    }
}
