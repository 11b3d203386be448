//! The front page: shown, and wrong only if the server says that it is broken.
//!
//! An app need not have anything at `/`, so 404 or a redirect is as good as 200 here.

use super::site::{Site, clipped, is_unreached, status_line};
use super::{CheckResult, edge};

pub(super) async fn look(site: &Site<'_>) -> CheckResult {
    let response = match site.get("/").await {
        Ok(response) => response,
        Err(error) => return site.unanswered(&error),
    };
    let line = status_line("/", &response);
    if let Some(diagnosis) = edge::diagnosis(site, "/", &response) {
        return diagnosis.after(&line);
    }
    if response.http.status().is_server_error() {
        let body = String::from_utf8_lossy(response.http.body());
        let saw = format!("{line}: {}", clipped(&body));
        return if is_unreached(&response) { CheckResult::Unreached(saw) } else { CheckResult::Retry(saw) };
    }
    CheckResult::Pass(line)
}
