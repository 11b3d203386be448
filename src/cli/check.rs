//! What can be found wrong before anything is asked or written: spec, `.env`, values, files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use machine::phase::PhaseKind;

use super::args::Global;
use super::settings::environment;
use super::ui::Ui;
use crate::engine::commands::known;
use crate::error::{Problem, Problems};
use crate::journal::{JournalStore, RunRow};
use crate::plan::artifact::{folder_warnings, own_stack};
use crate::plan::compose::env_text::Forms;
use crate::plan::resolved_spec::{ValueSource, asked_for};
use crate::plan::{Release, ResolvedSpec};
use crate::secrets::{FingerprintKey, SecretOrigin, Sources};
use crate::spec::{Source, Spec};

/// Reads a spec with its compose text or its folder, shows what looks wrong in them, and gives it an absolute path. Every
/// command that reads specs reads them so: what one finds, all find.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn read(path: &Path, face: &Ui) -> Result<Spec, Problems> {
    let mut spec = Spec::read(path)?;
    let stack = own_stack(&spec)?;
    let of_folder = folder_warnings(&spec)?;
    let of_stack = stack.iter().flat_map(|stack| &stack.warnings);
    let warnings = spec.warnings.iter().chain(of_stack).chain(&of_folder);
    warnings.for_each(|warning| face.screen.complain(&warning.as_warning()));
    spec.path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(spec)
}

/// Reads all specs; shows everything that is wrong with any of them.
///
/// # Errors
/// The exit code, where one cannot be read.
pub(crate) fn read_all(paths: &[PathBuf], face: &Ui) -> Result<Vec<Spec>, u8> {
    let (mut specs, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match read(path, face) {
            Ok(spec) => specs.push(spec),
            Err(Problems(found)) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(specs) } else { Err(face.refuse(&Vec::from(Problems(problems)))) }
}

/// Makes sure that everything `spec` needs from this machine is there; gives a line each for the screen.
///
/// # Errors
/// The exit code, after saying what is missing.
pub(crate) async fn local(
    spec: &Spec,
    env_file: Option<&Path>,
    journal: Option<&Arc<dyn JournalStore>>,
    face: &Ui,
) -> Result<Vec<(&'static str, String)>, u8> {
    let beside = || spec.path.parent().unwrap_or(Path::new(".")).join(".env");
    let env_file = env_file.map_or_else(beside, Path::to_owned);
    let lookup = environment();
    let sources = Sources::read(lookup.as_ref(), &env_file);
    let sources = sources.map_err(|problem| face.refuse(&[problem.into()]))?;
    let known = match journal {
        Some(store) => set_before(store, spec).await,
        None => BTreeMap::new(),
    };
    // Nothing is fingerprinted for keeps here, so any key will do.
    let key = FingerprintKey::new([0; 32]);
    let ask = ResolvedSpec::fresh(spec.clone(), &sources, &key, &known, &Forms::new());
    let ask = ask.map_err(|blockers| face.refuse(&blockers))?;
    for remark in remarks(&ask, &sources) {
        face.screen.complain(&remark);
    }
    Ok(preface(&ask))
}

/// What is to be said of the values that were found: how `.env` was read, and what is odd about them.
pub(crate) fn remarks(ask: &ResolvedSpec, sources: &Sources<'_>) -> Vec<String> {
    let read = sources.remarks(asked_for(&ask.spec).iter().map(String::as_str));
    let read = read.iter().map(Problem::as_warning);
    read.chain(ask.remarks().into_iter().map(|remark| format!("warning: {remark}"))).collect()
}

/// Has the face hide what the environment and the `.env` beside a spec give by these names, before anybody outside is
/// asked. A `.env` that cannot be read is told of where it is needed.
pub(crate) fn hide_given<'a>(
    names: impl IntoIterator<Item = &'a str>,
    spec: &Path,
    global: &Global,
    face: &Ui,
) {
    let beside = || spec.parent().unwrap_or(Path::new(".")).join(".env");
    let env_file = global.env_file.clone().unwrap_or_else(beside);
    let lookup = environment();
    if let Ok(sources) = Sources::read(lookup.as_ref(), &env_file) {
        sources.given(names).iter().for_each(|secret| face.redactor.learn(secret));
    }
}

/// The variables that any release of this app has set, on whatever outside: the run itself looks more closely.
async fn set_before(store: &Arc<dyn JournalStore>, spec: &Spec) -> BTreeMap<String, String> {
    let rows = store.list(None).await.unwrap_or_default();
    let same = |row: &RunRow| {
        (&row.app.name, &row.app.project, &row.app.environment)
            == (&spec.name, &spec.project, &spec.environment)
    };
    let mut set = BTreeMap::new();
    for row in rows.iter().filter(|row| row.phase == Some(PhaseKind::Complete) && same(row)) {
        if let Ok(Some(release)) = Release::of(store, &row.run).await {
            set.extend(known(&release));
        }
    }
    set
}

fn preface(ask: &ResolvedSpec) -> Vec<(&'static str, String)> {
    let file = ask.spec.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let source = match &ask.spec.source {
        Source::Template { name, .. } => format!("template {name}"),
        Source::Folder { folder } => format!("folder {}", folder.display()),
        Source::Compose { file, .. } => format!("compose {}", file.display()),
        Source::Image { reference } => format!("image {reference}"),
        Source::Git(git) => format!("git {}", git.repository),
    };
    let mut lines = vec![("spec", format!("{file}, {source}"))];
    let wanted = |key: &str| ask.spec.secrets.iter().any(|want| want.name == key);
    let secrets: Vec<String> = ask
        .envs
        .iter()
        .filter(|env| wanted(&env.key))
        .map(|env| format!("{} {}", env.key, origin(&env.from)))
        .collect();
    if !secrets.is_empty() {
        lines.push(("secrets", secrets.join(" · ")));
    }
    lines
}

fn origin(from: &ValueSource) -> &'static str {
    match from {
        ValueSource::Source(_, SecretOrigin::Environment) => "from the environment",
        ValueSource::Source(_, SecretOrigin::EnvFile) => "from .env",
        ValueSource::Source(_, SecretOrigin::Generated) => "generated, kept in .env",
        ValueSource::Source(_, SecretOrigin::Kept) | ValueSource::Kept => "kept on Coolify",
        ValueSource::Spec(_) => "from the spec",
    }
}
