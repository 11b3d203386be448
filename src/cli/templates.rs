//! `fabrik templates`: what `new` can start from.

use serde_json::json;

use super::CommandResult;
use super::args::{Templates, WhichTemplate};
use super::ui::Ui;
use crate::plan::Blocker;
use crate::report::exit::DONE;
use crate::report::tables::table;
use crate::spec::templates::Template;

/// Lists the templates, or shows one.
pub(crate) fn run(args: &Templates, face: &Ui) -> CommandResult {
    match &args.which {
        None => list(face),
        Some(WhichTemplate::Show { template }) => show(named(template)?, face),
    }
    Ok(DONE)
}

/// The template called `name`.
///
/// # Errors
/// [`Blocker`] naming those that are there.
pub(crate) fn named(name: &str) -> Result<&'static Template, Vec<Blocker>> {
    Template::named(name).ok_or_else(|| {
        let hint = format!("there is: {}", Template::names().join(", "));
        vec![Blocker::new(format!("there is no template `{name}`"), hint)]
    })
}

fn list(face: &Ui) {
    let row = |template: &Template| [template.name.to_owned(), template.summary.to_owned()];
    let rows: Vec<[String; 2]> = Template::all().iter().map(row).collect();
    face.show(&table(["TEMPLATE", "WHAT IT IS"], &rows), || {
        Template::all()
            .iter()
            .map(|it| json!({"name": it.name, "summary": it.summary, "port": it.port}))
            .collect()
    });
}

fn show(template: &Template, face: &Ui) {
    let port = template.port.map(|port| format!(" (port {port})")).unwrap_or_default();
    let mut lines = vec![format!("{}: {}{port}", template.name, template.summary)];
    for (path, content) in template.files {
        lines.push(format!("\n# {path}"));
        lines.push(String::from_utf8_lossy(content).trim_end().to_owned());
    }
    face.show(&lines, || {
        let files: Vec<_> = template
            .files
            .iter()
            .map(|(path, content)| json!({"path": path, "content": String::from_utf8_lossy(content)}))
            .collect();
        json!({"name": template.name, "summary": template.summary, "port": template.port, "files": files})
    });
}
