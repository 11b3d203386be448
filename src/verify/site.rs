//! The site being looked at: the one way in which checks ask it something, and words for its answers.
//!
//! Follows no redirect, retries nothing, judges nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use ::http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, USER_AGENT};

use super::{CheckResult, Target};
use crate::net::{BodyPrefix, Ports, Request, Response, SendError};

/// The longest that one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// More of a body than any check looks at; a page or a stream that is longer is not read to its end.
const BODY: BodyPrefix = BodyPrefix(1 << 20);

/// Who asks. Cloudflare's Browser Integrity Check, on by default, refuses requests that name nobody or a mere library
/// (403, error 1010; Cloudflare's pages on it), so this has the form that browsers and well-behaved robots share.
const AGENT: &str =
    concat!("Mozilla/5.0 (compatible; fabrik/", env!("CARGO_PKG_VERSION"), "; deployment check)");

/// What is asked for: a page or data, as a browser would that reloads it, since an older copy proves nothing.
const MANNERS: [(::http::HeaderName, &str); 4] = [
    (USER_AGENT, AGENT),
    (ACCEPT, "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"),
    (ACCEPT_LANGUAGE, "en;q=0.9,*;q=0.5"),
    (CACHE_CONTROL, "no-cache"),
];

/// The port of HTTPS.
const PORT: u16 = 443;

/// The occasion of one look.
pub(super) struct Site<'a> {
    pub ports: &'a Ports,
    /// What is to be proved.
    pub target: &'a Target,
    /// The address that the name servers gave, once they all agree.
    pub door: &'a OnceLock<IpAddr>,
    /// How many good answers in a row showed the wanted release.
    pub shown: &'a AtomicU32,
    /// Time until the deadline.
    pub left: Duration,
    /// Which success in a row this one would be, from 1.
    pub in_a_row: u32,
}

impl Site<'_> {
    /// Asks for `path` over HTTPS.
    pub(crate) async fn get(&self, path: &str) -> Result<Response, SendError> {
        let host = &self.target.host;
        let http = ::http::Request::get(format!("https://{host}{path}"));
        let http = MANNERS.iter().fold(http, |http, (name, value)| http.header(name, *value));
        let http = http
            .extension(BODY)
            .body(Vec::new())
            .map_err(|e| SendError::Name { host: host.clone(), reason: e.to_string() })?;
        let connect_to = self.place();
        let request = Request { http, timeout: PATIENCE.min(self.left), connect_to };
        self.ports.transport.send(request).await
    }

    // What the name servers gave, so that what this machine's resolver still remembers does not matter.
    fn place(&self) -> Option<SocketAddr> {
        let given = || self.door.get().map(|door| SocketAddr::from((*door, PORT)));
        self.target.connect_to.or_else(|| self.pinned()).or_else(given)
    }

    /// What it means that no answer came.
    pub(crate) fn unanswered(&self, error: &SendError) -> CheckResult {
        let saw = clipped(&error.to_string());
        match (error, self.place()) {
            (SendError::Refused { .. }, Some(place)) if place.is_ipv6() => CheckResult::Advised {
                saw,
                hint: format!(
                    "{} is reached at {} only, an IPv6 address: check that this machine has IPv6, apply from one that \
                     has, or give the name an IPv4 address too",
                    self.target.host,
                    place.ip()
                ),
            },
            _ => CheckResult::Retry(saw),
        }
    }

    /// Where a person says that the site is, whatever the record says.
    pub(crate) fn pinned(&self) -> Option<SocketAddr> {
        self.ports.resolver.pinned(&self.target.host, PORT)
    }
}

/// Whether a proxy says that it does not reach what it stands for: 502 and 504 (RFC 9110).
pub(super) fn is_unreached(response: &Response) -> bool {
    matches!(response.http.status().as_u16(), 502 | 504)
}

/// The status and, where it points elsewhere, the place.
pub(super) fn status_line(path: &str, response: &Response) -> String {
    let status = response.http.status().as_u16();
    let location = response.http.headers().get(::http::header::LOCATION);
    match location.map(|place| String::from_utf8_lossy(place.as_bytes())) {
        Some(place) => format!("GET {path} {status} → {}", clipped(&place)),
        None => format!("GET {path} {status}"),
    }
}

/// At most 120 characters of `text`, all of them printable.
pub(super) fn clipped(text: &str) -> String {
    let mut printable = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut clipped: String = printable.by_ref().take(120).collect();
    if printable.next().is_some() {
        clipped.push('…');
    }
    clipped
}
