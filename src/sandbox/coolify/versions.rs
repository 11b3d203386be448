//! What an older Coolify does not have yet, or still has, told by the version it says it is.
//!
//! From the notes of its releases. Only what some client could notice: how resources look inside is not copied.

use super::{Answer, Context, Form, message};
use crate::sandbox::world::CoolifySetup;

/// Major, minor and patch.
type Version = [u32; 3];

/// Calls and the version that brought them; a star stands for any one part of the path.
const BROUGHT: [(Version, &str, &str); 8] = [
    ([4, 2, 0], "GET", "services/*/logs"),
    ([4, 2, 0], "GET", "services/*/applications"),
    ([4, 2, 0], "GET", "services/*/applications/*"),
    ([4, 2, 0], "PATCH", "services/*/applications/*"),
    ([4, 2, 0], "GET", "services/*/databases"),
    ([4, 2, 0], "GET", "services/*/databases/*"),
    ([4, 3, 0], "GET", "team"),
    ([4, 3, 0], "PATCH", "projects/*/environments/*"),
];

/// Calls and the version that took them away.
const TAKEN: [(Version, &str, &str); 1] = [([4, 1, 0], "POST", "applications/dockercompose")];

/// Whether this version has the call; one that it does not have is answered as an unknown path is.
pub(crate) fn has(setup: &CoolifySetup, method: &str, path: &[&str]) -> bool {
    let named = |calls: &str, shape: &str| calls == method && is_of(shape, path);
    let too_old = BROUGHT.iter().any(|(since, calls, shape)| named(calls, shape) && is_before(setup, *since));
    let too_new = TAKEN.iter().any(|(until, calls, shape)| named(calls, shape) && !is_before(setup, *until));
    !too_old && !too_new
}

fn is_of(shape: &str, path: &[&str]) -> bool {
    let parts: Vec<&str> = shape.split('/').collect();
    parts.len() == path.len() && parts.iter().zip(path).all(|(part, name)| *part == "*" || part == name)
}

/// Whether the simulated Coolify is older than `version`.
pub(crate) fn is_before(setup: &CoolifySetup, version: Version) -> bool {
    let mut numbers = setup.version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| numbers.next().unwrap_or(0)) < version
}

/// An action asked for by GET: 4.2.0 wants a POST. What the older ones did then is not copied.
pub(crate) fn by_get(context: &mut Context) -> Answer {
    if is_before(&context.world.coolify, [4, 2, 0]) {
        return Ok(message(200, "Request queued."));
    }
    Err(message(405, "This endpoint has changed to a POST request.").with("allow", "POST"))
}

/// What older versions want of a new application, or do not take.
pub(crate) fn of_application(setup: &CoolifySetup, form: &mut Form) {
    if is_before(setup, [4, 1, 2]) {
        form.required("ports_exposes");
    }
    if is_before(setup, [4, 1, 0]) && form.text("build_pack").as_deref() == Some("railpack") {
        form.wrong("build_pack", "The selected build pack is invalid.");
    }
}

/// What older versions do not take for a new service.
pub(crate) fn of_service(setup: &CoolifySetup, form: &mut Form) {
    if is_before(setup, [4, 2, 0]) && form.has("tags") {
        form.wrong("tags", "This field is not allowed.");
    }
}
