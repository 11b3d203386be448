//! `fabrik validate`: reads and checks; asks nothing outside.

use std::path::PathBuf;

use serde_json::json;

use super::check;
use super::ui::Ui;
use crate::report::exit::DONE;

/// Checks every spec.
pub(crate) fn run(specs: &[PathBuf], face: &Ui) -> u8 {
    let specs = match check::read_all(specs, face) {
        Ok(specs) => specs,
        Err(code) => return code,
    };
    let lines: Vec<String> =
        specs.iter().map(|spec| format!("✓ {} is well-formed: {}", spec.path.display(), spec.name)).collect();
    face.show(&lines, || specs.iter().map(|spec| json!({"spec": spec.path, "app": spec.name})).collect());
    DONE
}
