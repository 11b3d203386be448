//! The app's own word that it is well, and that it is the new one.
//!
//! A service whose new image fails to build keeps its old container, which goes on answering 200 (Coolify 4.3,
//! observed). So where the app can say its release, only the wanted release counts, each time.

use std::sync::atomic::Ordering;

use super::site::{Site, clipped, is_unreached, status_line};
use super::{CheckResult, Fingerprint, Target, edge};
use crate::net::Response;

pub(super) async fn look(site: &Site<'_>) -> CheckResult {
    let Target { health_path: path, status, .. } = site.target;
    match site.get(path).await {
        Ok(response) if !status.contains(response.http.status().as_u16()) => {
            let line = format!("{}, waiting for {status}", status_line(path, &response));
            if let Some(diagnosis) =
                edge::diagnosis(site, path, &response).or_else(|| edge::refusal(&response))
            {
                return diagnosis.after(&line);
            }
            let body = String::from_utf8_lossy(response.http.body());
            let saw = clipped(&format!("{line}: {body}"));
            if is_unreached(&response) {
                return CheckResult::Unreached(saw);
            }
            advice(site, &response).map_or_else(
                || CheckResult::Retry(saw.clone()),
                |hint| CheckResult::Advised { saw: saw.clone(), hint },
            )
        }
        Ok(response) => identify(site, &response),
        Err(error) => site.unanswered(&error),
    }
}

/// What to do if the app goes on to answer like this: it may be well and the spec ask for the wrong resource.
fn advice(site: &Site<'_>, response: &Response) -> Option<String> {
    let (path, status) = (&site.target.health_path, response.http.status().as_u16());
    match status {
        300..=399 => Some(format!(
            "`{path}` redirects, and the check does not follow: set `health.path` to a path that answers itself, or \
             count it as healthy with `health.status: 200-399`"
        )),
        401 | 403 => Some(format!(
            "`{path}` wants a login: set `health.path` to a path that is open to everybody, or count it as healthy \
             with `health.status: [200, {status}]`"
        )),
        404 | 405 | 410 => Some(format!(
            "if the app is up and has nothing at `{path}`, set `health.path` to a path that it answers"
        )),
        200..=299 => Some(format!("if that is as it should be, write `health.status: {status}`")),
        _ => None,
    }
}

fn identify(site: &Site<'_>, response: &Response) -> CheckResult {
    let line = status_line(&site.target.health_path, response);
    if site.in_a_row == 1 {
        site.shown.store(0, Ordering::Relaxed);
    }
    let place = site.target.fingerprint.as_ref();
    match (place, place.and_then(|place| found(place, response))) {
        (_, Some(release)) if release == site.target.release => {
            site.shown.fetch_add(1, Ordering::Relaxed);
            counted(site, format!("{line} ×{}, release {}", site.in_a_row, short(&release)))
        }
        (_, Some(release)) => {
            CheckResult::Stale(format!("{line}, release {}: the old version still answers", short(&release)))
        }
        (Some(place @ (Fingerprint::Header(_) | Fingerprint::Json(_))), None) => {
            CheckResult::Retry(format!("{line}, but no release in {}", described(place)))
        }
        // Some answers that show it and some that do not are no proof.
        (Some(Fingerprint::IfShown(_)) | None, None) => {
            site.shown.store(0, Ordering::Relaxed);
            counted(site, format!("{line} ×{}", site.in_a_row))
        }
    }
}

fn counted(site: &Site<'_>, saw: String) -> CheckResult {
    if site.in_a_row >= site.target.successes { CheckResult::Pass(saw) } else { CheckResult::Progress(saw) }
}

fn found(place: &Fingerprint, response: &Response) -> Option<String> {
    match place {
        Fingerprint::Header(name) | Fingerprint::IfShown(name) => {
            let value = response.http.headers().get(name)?;
            Some(value.to_str().ok()?.trim().to_owned())
        }
        Fingerprint::Json(key) => {
            let body: serde_json::Value = serde_json::from_slice(response.http.body()).ok()?;
            Some(body.get(key)?.as_str()?.to_owned())
        }
    }
}

fn described(place: &Fingerprint) -> String {
    match place {
        Fingerprint::Header(name) | Fingerprint::IfShown(name) => format!("header {name}"),
        Fingerprint::Json(key) => format!("JSON key {key}"),
    }
}

/// A release as screens show it: the last 8 digits of a run id, anything else as it is.
fn short(release: &str) -> String {
    let is_run = release.len() == 32 && release.bytes().all(|b| b.is_ascii_hexdigit());
    if is_run { release[24..].to_owned() } else { clipped(release) }
}
