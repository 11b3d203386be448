//! `fabrik new`: writes a small app that runs.

use std::path::Path;

use serde_json::json;

use super::args::{Global, New};
use super::settings::Settings;
use super::ui::Ui;
use super::{CommandResult, templates};
use crate::plan::Blocker;
use crate::report::exit::DONE;
use crate::spec::scaffold::scaffold;

/// Writes `NAME.yaml` and `NAME/` here.
pub(crate) fn run(new: &New, global: &Global, face: &Ui) -> CommandResult {
    let template = templates::named(&new.template)?;
    let settings = Settings::of(global, Path::new("."));
    let base = settings.find("FABRIK_DOMAIN").map_err(|blocker| vec![blocker])?;
    let beneath = |base: &str| format!("{}.{}", new.name, base.trim_start_matches('.'));
    let (domain, is_example) = match (&new.domain, base) {
        (Some(domain), _) => (Some(domain.clone()), false),
        (None, _) if template.port.is_none() => (None, false),
        (None, Some(base)) => (Some(beneath(base.expose())), false),
        (None, None) => (Some(beneath("example.com")), true),
    };
    let written = scaffold(Path::new("."), template, &new.name, domain.as_deref())
        .map_err(|error| vec![Blocker::new(error.to_string(), "")])?;
    let mut lines: Vec<String> = written.iter().map(|path| format!("✓ {}", shown(path))).collect();
    if let Some(domain) = domain.as_ref().filter(|_| is_example) {
        lines.push(format!("  {domain} is an example: set `domain:` to a name in a zone of yours"));
    }
    lines.push(format!("  next: `fabrik apply {}.yaml --sandbox` tries it without any account", new.name));
    face.show(&lines, || {
        let paths: Vec<String> = written.iter().map(|path| shown(path)).collect();
        json!({"app": new.name, "domain": domain, "written": paths})
    });
    Ok(DONE)
}

fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
