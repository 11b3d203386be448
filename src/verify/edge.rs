//! Answers that Cloudflare's edge gives instead of the app, and what to do about each.
//!
//! Meanings from Cloudflare's pages on errors 520 to 530, on errors 1000 to 1033, on tunnels and on redirect loops.

use super::site::{Site, clipped};
use super::{CheckResult, Route};
use crate::net::Response;

/// What is wrong, and what to do where that is not said with it.
pub(super) struct Diagnosis {
    saw: String,
    hint: Option<String>,
}

impl Diagnosis {
    fn told(saw: impl Into<String>) -> Self {
        Self { saw: saw.into(), hint: None }
    }

    fn advised(saw: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { saw: saw.into(), hint: Some(hint.into()) }
    }

    /// As a look's result, after `line`, which says what was asked and answered.
    pub(super) fn after(self, line: &str) -> CheckResult {
        let saw = format!("{line}: {}", self.saw);
        match self.hint {
            Some(hint) => CheckResult::Advised { saw, hint },
            None => CheckResult::Retry(saw),
        }
    }
}

/// What is wrong between edge and app, where the edge says that something is.
pub(super) fn diagnosis(site: &Site<'_>, path: &str, response: &Response) -> Option<Diagnosis> {
    if !is_the_edges(response) {
        return None;
    }
    if turns_back(site, path, response) {
        return Some(circle(site));
    }
    let known = match response.http.status().as_u16() {
        502 if says(response, "origin service") => return Some(no_service()),
        520 => "Cloudflare got no usable answer from the server: see the app's log",
        521 => "the server refuses Cloudflare: is Coolify's proxy running, and open on ports 80 and 443?",
        522 => "Cloudflare cannot connect to the server: is `dns.target` its address, and its firewall open?",
        523 => "Cloudflare finds no way to the server: is `dns.target` its address?",
        524 => "the app took longer than Cloudflare waits for it",
        525 => {
            "TLS between Cloudflare and the server failed: is port 443 open there, and the domain an https one?"
        }
        526 => {
            "the zone is on Full (strict) and the server has no valid certificate yet: wait, or use Full meanwhile"
        }
        530 => return Some(inside(site, response)),
        _ => return None,
    };
    Some(Diagnosis::told(known))
}

/// Why the edge does not let this very request through, where it is the edge that does not.
pub(super) fn refusal(response: &Response) -> Option<Diagnosis> {
    const EXCEPTION: &str =
        "let the health path through: in the zone, Security, a custom rule with the action Skip";
    if !is_the_edges(response) {
        return None;
    }
    let challenged = response.http.headers().get("cf-mitigated").is_some_and(|how| how == "challenge");
    if challenged {
        let saw =
            "Cloudflare challenges whoever asks (Bot Fight Mode, Under Attack mode or a rule of the zone)";
        return Some(Diagnosis::advised(saw, EXCEPTION));
    }
    let denied = response.http.status() == ::http::StatusCode::FORBIDDEN;
    if denied && names_error(response, "1010") {
        let saw = "Cloudflare's Browser Integrity Check refuses this request";
        return Some(Diagnosis::advised(saw, format!("{EXCEPTION}, or switch the check off for this name")));
    }
    if denied && names_error(response, "1020") {
        return Some(Diagnosis::advised("a firewall rule of the zone refuses this request", EXCEPTION));
    }
    None
}

/// What a failed handshake means where the edge answers.
pub(super) fn handshake(site: &Site<'_>) -> Option<&'static str> {
    let is_edge = matches!(&site.target.way, Route::Edge { .. } | Route::Tunnel { .. });
    is_edge.then_some(
        "Cloudflare shows no certificate for this name: its own covers the zone and one label below it, and \
         comes up to a day after the zone is active",
    )
}

/// Whether the app would be asked for the same page again.
pub(super) fn turns_back(site: &Site<'_>, path: &str, response: &Response) -> bool {
    let location =
        response.http.headers().get(::http::header::LOCATION).and_then(|place| place.to_str().ok());
    let Some(location) = location.filter(|_| response.http.status().is_redirection()) else { return false };
    let place = location.split_once("://").map_or(location, |(_, rest)| rest);
    place == path || place == format!("{}{path}", site.target.host)
}

pub(super) fn is_the_edges(response: &Response) -> bool {
    let headers = response.http.headers();
    headers.contains_key("cf-ray")
        && headers.get(::http::header::SERVER).is_some_and(|server| server == "cloudflare")
}

fn circle(site: &Site<'_>) -> Diagnosis {
    let mode = match &site.target.way {
        Route::Tunnel { .. } => {
            return Diagnosis::advised(
                "it redirects to itself: the tunnel asks over http, and Coolify sends http on to https",
                "the app's domain at Coolify must begin with http://: `fabrik apply --refresh` sets it; if it does, \
                 let the tunnel's ingress lead to http://localhost:80 of the server, not to https://",
            );
        }
        Route::External => {
            return Diagnosis::advised(
                "it redirects to itself: Cloudflare asks the server over http, and Coolify sends http on to https",
                "if the name leads through a Cloudflare Tunnel, write `dns: {tunnel: TUNNEL-ID}`; else set the zone's \
                 encryption mode to Full (strict) under SSL/TLS",
            );
        }
        Route::Edge { mode: Some(mode), .. } => format!("the zone's encryption mode is {mode}"),
        Route::Edge { mode: None, .. } | Route::Straight(_) | Route::Alias(_) => {
            "the zone's encryption mode may be Off or Flexible".to_owned()
        }
    };
    let saw = format!("it redirects to itself: {mode}; set it to Full (strict) under SSL/TLS in the zone");
    Diagnosis::told(saw)
}

/// Errors inside Cloudflare. A tunnel that nobody serves is told as 1033, and where its name is not known any more as 1016.
fn inside(site: &Site<'_>, response: &Response) -> Diagnosis {
    let is_tunnel = matches!(site.target.way, Route::Tunnel { .. });
    let here = "start it on the server (`cloudflared tunnel run`, or its service)";
    if names_error(response, "1033") {
        let id = if is_tunnel { "`dns.tunnel` is its id" } else { "the record names the right one" };
        return Diagnosis::advised(
            "error 1033, the tunnel is down: no cloudflared is connected to it",
            format!("{here}, and check that {id}: `cloudflared tunnel list` shows ids and connections"),
        );
    }
    if names_error(response, "1016") && is_tunnel {
        return Diagnosis::advised(
            "error 1016, Cloudflare knows no such tunnel in the account of this zone",
            format!("check `dns.tunnel`: `cloudflared tunnel list` shows the ids; if it is there, {here}"),
        );
    }
    if names_error(response, "1016") {
        return Diagnosis::told("error 1016, the record's target does not resolve: check `dns.target`");
    }
    if names_error(response, "1000") {
        let saw = "the record points to an address of Cloudflare's own: set `dns.target` to the server's";
        return Diagnosis::told(saw);
    }
    Diagnosis::told(format!(
        "an error of Cloudflare's own: see the zone in its dashboard ({})",
        clipped_body(response)
    ))
}

// What cloudflared answers when nothing listens where its ingress leads (Cloudflare Tunnel, common errors).
fn no_service() -> Diagnosis {
    Diagnosis::advised(
        "cloudflared is connected and cannot reach Coolify's proxy",
        "let the tunnel's ingress lead to http://localhost:80 of the server, and see that Coolify's proxy runs",
    )
}

fn names_error(response: &Response, code: &str) -> bool {
    says(response, &format!("error code: {code}")) || says(response, &format!("Error {code}"))
}

fn says(response: &Response, text: &str) -> bool {
    String::from_utf8_lossy(response.http.body()).contains(text)
}

fn clipped_body(response: &Response) -> String {
    clipped(&String::from_utf8_lossy(response.http.body()))
}
