//! Answers that Cloudflare's edge gives instead of the app, and what to do about each.
//!
//! Meanings from Cloudflare's pages on errors 520 to 530 and on redirect loops.

use super::Way;
use super::site::Site;
use crate::wire::Response;

/// What is wrong between edge and app, where the edge says that something is.
pub(super) fn diagnosis(site: &Site<'_>, path: &str, response: &Response) -> Option<String> {
    if !is_the_edges(response) {
        return None;
    }
    if turns_back(site, path, response) {
        return Some(circle(site));
    }
    let known = match response.http.status().as_u16() {
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
        530 => return Some(inside(response)),
        _ => return None,
    };
    Some(known.to_owned())
}

/// What a failed handshake means where the edge answers.
pub(super) fn handshake(site: &Site<'_>) -> Option<&'static str> {
    let is_edge = matches!(&site.target.way, Way::Edge { .. });
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

fn circle(site: &Site<'_>) -> String {
    let mode = match &site.target.way {
        Way::Edge { mode: Some(mode), .. } => format!("the zone's encryption mode is {mode}"),
        Way::Edge { mode: None, .. } | Way::Straight(_) | Way::Alias(_) => {
            "the zone's encryption mode may be Off or Flexible".to_owned()
        }
    };
    format!("it redirects to itself: {mode}; set it to Full (strict) under SSL/TLS in the zone")
}

fn inside(response: &Response) -> String {
    let body = String::from_utf8_lossy(response.http.body());
    let says =
        |code: &str| body.contains(&format!("error code: {code}")) || body.contains(&format!("Error {code}"));
    let known = if says("1016") {
        "the record's target does not resolve: check `dns.target`"
    } else if says("1000") {
        "the record points to an address of Cloudflare's own: set `dns.target` to the server's"
    } else {
        "an error of Cloudflare's own: see the zone in its dashboard"
    };
    known.to_owned()
}
