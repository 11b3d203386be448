//! A write, prepared: the request, what of it the journal may know, and its times.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use machine::effect::RedactedRequest;
use machine::receipt::Attributes;
use serde_json::Value;

use crate::net::{Allowance, Request};

/// How long a write may take and how long it may take effect afterwards, from the moment it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTiming {
    /// When we stop waiting for the answer.
    pub timeout: Duration,
    /// When it can no longer take effect.
    pub settle: Duration,
}

/// Cloudflare's writes.
pub const CLOUDFLARE: RequestTiming =
    RequestTiming { timeout: Duration::from_secs(10), settle: Duration::from_secs(31) };
/// Coolify's creates, changes and variables.
pub const COOLIFY: RequestTiming =
    RequestTiming { timeout: Duration::from_secs(30), settle: Duration::from_secs(60) };
/// Coolify's start of a service, which works over SSH inside the request.
pub const COOLIFY_DEPLOY: RequestTiming =
    RequestTiming { timeout: Duration::from_secs(60), settle: Duration::from_secs(120) };

/// What Cloudflare takes from one user, all tokens together (Cloudflare API, "Rate limits").
pub const CLOUDFLARE_TAKES: Allowance = Allowance { requests: 1200, window: Duration::from_secs(300) };
/// What Coolify takes from one user, all tokens together, unless `API_RATE_LIMIT` is set there (4.3.11, observed).
pub const COOLIFY_TAKES: Allowance = Allowance { requests: 200, window: Duration::from_secs(60) };

/// Creating an application through a GitHub App, for which Coolify asks GitHub inside the request.
pub const COOLIFY_GITHUB: RequestTiming =
    RequestTiming { timeout: Duration::from_secs(90), settle: Duration::from_secs(180) };

/// How long a list may lag behind a write.
pub const STALENESS: Duration = Duration::from_secs(5);

/// Whether a refusal leaves nothing behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionSemantics {
    /// A 4xx means that nothing was done; "already there" may be the echo of our own lost create.
    Atomic,
    /// A 4xx means that nothing was done, whatever it says: the call creates nothing.
    Plain,
    /// A 4xx may keep part of the work (`PATCH /services`, `envs/bulk`: Coolify 4.3.11, observed).
    Partial,
}

/// A write, ready to be sent once.
#[derive(Debug, Clone)]
pub struct WriteRequest {
    pub request: Request,
    /// What the journal may know of it.
    pub redacted: RedactedRequest,
    pub times: RequestTiming,
    /// What a refusal means.
    pub refusal: RejectionSemantics,
}

impl WriteRequest {
    /// Prepares a write with a JSON body (`Value::Null` for none).
    pub fn new(method: http::Method, url: &str, token: &str, body: &Value, times: RequestTiming) -> Self {
        let redacted = RedactedRequest {
            method: method.to_string(),
            target: url.split_once("://").map_or(url, |(_, rest)| rest).to_owned(),
            attributes: Attributes::new(),
        };
        let request =
            Request { http: request(method, url, token, body), timeout: times.timeout, connect_to: None };
        Self { request, redacted, times, refusal: RejectionSemantics::Atomic }
    }

    /// Whether it deletes: then a resource that is not there is the wished end.
    pub fn deletes(&self) -> bool {
        self.redacted.method == "DELETE"
    }

    /// Names the fields that the journal keeps of it.
    #[must_use]
    pub fn knowing(mut self, fields: &Attributes) -> Self {
        self.redacted.attributes.clone_from(fields);
        self
    }

    /// Says that it creates nothing, so that "already there" means something else.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.refusal = RejectionSemantics::Plain;
        self
    }

    /// Says that a refusal may keep part of the work.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.refusal = RejectionSemantics::Partial;
        self
    }
}

/// Longer than any URL of theirs; what is longer than 64 KiB cannot be sent.
const LONGEST_URL: usize = 16 * 1024;

/// Builds a request as both APIs want it: bearer token, JSON both ways.
pub fn request(method: http::Method, url: &str, token: &str, body: &Value) -> http::Request<Vec<u8>> {
    let builder = http::Request::builder()
        .method(method)
        .uri(legal(url))
        .header(http::header::AUTHORIZATION, bearer(token))
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::USER_AGENT, concat!("fabrik/", env!("CARGO_PKG_VERSION")));
    let built = match body {
        Value::Null => builder.body(Vec::new()),
        body => {
            builder.header(http::header::CONTENT_TYPE, "application/json").body(body.to_string().into_bytes())
        }
    };
    built.expect("base URLs are checked when they are read")
}

/// The URL with what no URL may hold percent-encoded, and an end: ids come from answers, and those say anything.
fn legal(url: &str) -> String {
    let mut legal = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte) {
            legal.push(char::from(byte));
        } else {
            write!(legal, "%{byte:02X}").expect("a string takes all");
        }
        if legal.len() >= LONGEST_URL {
            break;
        }
    }
    legal
}

fn bearer(token: &str) -> http::HeaderValue {
    let mut value = http::HeaderValue::from_str(&format!("Bearer {token}"))
        .unwrap_or_else(|_| http::HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

/// The text as Coolify wants compose text: base64, padded, without line breaks.
pub fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(id: &str) -> String {
        let url = format!("https://api.example.com/things/{id}?a=b");
        request(http::Method::GET, &url, "token", &Value::Null).uri().to_string()
    }

    #[test]
    fn an_id_that_no_url_can_hold_is_encoded() {
        assert_eq!(target("a-b_c.1"), "https://api.example.com/things/a-b_c.1?a=b");
        assert_eq!(target("a b\n#ü"), "https://api.example.com/things/a%20b%0A%23%C3%BC?a=b");
        let every: String = (0..=127_u8).map(char::from).collect();
        assert!(target(&every).contains("%00") && target(&every).contains("%7F"));
    }

    #[test]
    fn an_id_without_end_has_one() {
        assert!(target(&"ü".repeat(100_000)).len() < 17_000);
    }
}
