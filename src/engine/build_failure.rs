//! Why an application was not built: causes with what its deployment record and its build log say.

use machine::cause::Cause;
use machine::plan::Plan;

use super::phase_error::failed;
use super::symptom::not_deployed;
use crate::plan::ResolvedSpec;
use crate::providers::coolify::deployments::{self, Status};

/// How many lines of a build log are evidence.
const LOG_LINES: usize = 50;

/// The deployment record of an application is gone.
///
/// Coolify deletes these records with the application, and only with it.
pub(super) fn vanished(uuid: &str, plan: &Plan) -> Cause {
    let message = format!("deployment {uuid} is gone from Coolify, nobody knows how it ended");
    let project = plan.project.attributes.get("name").cloned().unwrap_or_default();
    failed(message, format!("look at project {project} at {}, then apply again", plan.target.coolify))
}

/// The deployment of an application ended badly; the end of its build log is evidence.
pub(super) fn not_built(ended: &deployments::DeploymentRecord, resolved: &ResolvedSpec) -> Cause {
    let what = format!("deployment {} {}", ended.uuid, ended.status);
    let hint = match ended.status {
        Status::Cancelled => "somebody cancelled it: apply again".to_owned(),
        _ => not_deployed(resolved),
    };
    let mut cause = failed(what, hint);
    cause.evidence.push(match ended.tail(LOG_LINES) {
        Some(lines) if lines.is_empty() => "its build log is empty".to_owned(),
        Some(lines) => format!("its build log ends:\n{lines}"),
        None => "its build log is not shown to this token: give it read:sensitive".to_owned(),
    });
    cause
}
