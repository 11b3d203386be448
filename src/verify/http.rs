//! The front page: shown, and wrong only if the server says that it is broken.
//!
//! An app need not have anything at `/`, so 404 or a redirect is as good as 200 here.

use super::Look;
use super::site::{Site, clipped, status_line};

pub(super) async fn look(site: &Site<'_>) -> Look {
    match site.get("/").await {
        Ok(response) if response.http.status().is_server_error() => {
            let body = String::from_utf8_lossy(response.http.body());
            Look::NotYet(format!("{}: {}", status_line("/", &response), clipped(&body)))
        }
        Ok(response) => Look::Good(status_line("/", &response)),
        Err(error) => Look::NotYet(clipped(&error.to_string())),
    }
}
