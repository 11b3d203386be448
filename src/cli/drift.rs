//! `fabrik drift`: how what is there differs from what was deployed.

use std::collections::BTreeMap;
use std::path::Path;

use machine::app::AppKey;
use serde_json::{Value, json};

use super::args::{DriftArgs, Global};
use super::settings::Settings;
use super::ui::Ui;
use super::wiring::{self, Backends, DnsAccess};
use super::{CommandResult, check, status};
use crate::journal::RunRow;
use crate::plan::drift::{Drift, DriftReport, How, drift};
use crate::plan::{Blocker, Release};
use crate::report::exit::{DONE, PENDING};
use crate::report::screen::{BAD, BOLD, DIM, GOOD, ODD, in_style};
use crate::secrets::FingerprintKey;

const AS_DEPLOYED: &str = "  ✓ as it was deployed";
const AS_FAR_AS_SEEN: &str = "  ✓ as it was deployed, as far as it can be compared";

/// One app's release and what has moved of it.
struct Found {
    app: AppKey,
    release: Release,
    report: DriftReport,
}

/// Compares each app's newest release, or one app's, with what is there.
pub(crate) async fn run(args: &DriftArgs, global: &Global, face: &Ui) -> CommandResult {
    let (store, rows) = status::runs(args.app.as_deref(), global).await?;
    let mut apps: BTreeMap<&AppKey, Vec<RunRow>> = BTreeMap::new();
    for row in &rows {
        apps.entry(&row.app).or_default().push(row.clone());
    }
    let mut found = Vec::new();
    for (app, runs) in apps {
        let Some(store) = &store else { continue };
        let newest = Release::newest(store, &runs, None).await;
        let newest = newest.map_err(|error| vec![Blocker::new(error.to_string(), "")])?;
        let Some(release) = newest else { continue };
        let report = look(&release, global, face).await.map_err(|blocker| vec![blocker])?;
        found.push(Found { app: app.clone(), release, report });
    }
    let mut told: Vec<String> = found.iter().flat_map(lines).collect();
    if told.is_empty() {
        told.push("nothing is deployed that could have drifted".to_owned());
    }
    face.show(&told, || json!({"apps": found.iter().map(document).collect::<Vec<_>>()}));
    let drifted = found.iter().any(|found| !found.report.drifts.is_empty());
    Ok(if drifted && args.exit_code { PENDING } else { DONE })
}

async fn look(release: &Release, global: &Global, face: &Ui) -> Result<DriftReport, Blocker> {
    let begun = release.begun();
    check::hide_given(begun.secrets.keys().map(String::as_str), Path::new(&begun.spec), global, face);
    let beside = Path::new(&begun.spec).parent().unwrap_or(Path::new("."));
    let settings = Settings::of(global, beside);
    let place = settings.locate(global)?;
    let key = FingerprintKey::load(wiring::folder(&place.journal));
    let key = key.map_err(|error| Blocker::new(error.to_string(), ""))?;
    let reach = Backends::of(&place, DnsAccess::for_plan(release.plan()), &settings, global, face).await?;
    drift(&reach.clients, release, key.as_ref()).await
}

fn lines(found: &Found) -> Vec<String> {
    let Found { app, release, report: DriftReport { drifts, unseen } } = found;
    let mut lines = vec![in_style(BOLD, &format!("{} (run {})", app.name, release.run().short()))];
    lines.extend(unseen.iter().map(|what| in_style(DIM, &format!("  ? not compared: {what}"))));
    if drifts.is_empty() {
        lines.push(in_style(GOOD, if unseen.is_empty() { AS_DEPLOYED } else { AS_FAR_AS_SEEN }));
        return lines;
    }
    for Drift { resource, what, how } in drifts {
        let resource = resource.as_str();
        match how {
            How::Gone => lines.push(in_style(BAD, &format!("  - {resource:<13} {what} is gone"))),
            How::Unmarked => {
                let text = format!("  ! {resource:<13} {what}: its ownership tag was changed or removed");
                lines.push(in_style(BAD, &text));
            }
            How::Moved(fields) => {
                lines.push(in_style(ODD, &format!("  ~ {resource:<13} {what}")));
                lines.extend(fields.iter().map(|moved| {
                    format!("      {}: deployed {}, there {}", moved.field, moved.deployed, moved.there)
                }));
            }
        }
    }
    let spec = &release.begun().spec;
    lines.push(format!("  next: `fabrik apply {spec} --refresh` puts it back as the spec says,"));
    lines.push("        or write what is there into the spec and apply".to_owned());
    lines
}

fn document(found: &Found) -> Value {
    let drifts: Vec<Value> = found.report.drifts.iter().map(drift_fields).collect();
    json!({
        "app": found.app.name, "project": found.app.project, "environment": found.app.environment,
        "run": found.release.run().to_string(), "drift": drifts, "unseen": found.report.unseen,
    })
}

fn drift_fields(drift: &Drift) -> Value {
    let fields = match &drift.how {
        How::Gone | How::Unmarked => Vec::new(),
        How::Moved(moved) => moved
            .iter()
            .map(|moved| json!({"field": moved.field, "deployed": moved.deployed, "there": moved.there}))
            .collect(),
    };
    let how = match drift.how {
        How::Gone => "gone",
        How::Unmarked => "unmarked",
        How::Moved(_) => "moved",
    };
    json!({"thing": drift.resource.as_str(), "what": drift.what, "how": how, "fields": fields})
}
