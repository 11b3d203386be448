//! A request as the simulated Coolify and Cloudflare reads it, and the answer it writes.
//!
//! Knows HTTP and nothing of any vendor.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::net::{Certificate, Request, Response, SendError};

/// A request, taken apart. The token itself is not kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Method, upper case.
    pub method: String,
    /// Whether it came over TLS.
    pub https: bool,
    /// The host it was meant for, lower case, without port.
    pub host: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query, still percent-encoded, without the question ownership tag.
    pub query: String,
    /// What stands in `Authorization`.
    pub credentials: Credentials,
    /// Who says to be asking: what stands in `User-Agent`.
    #[serde(default)]
    pub agent: String,
    /// Whether the body says it is JSON.
    pub says_json: bool,
    pub body: String,
    /// The client's patience in milliseconds; a lost answer costs this much simulated time.
    pub timeout_ms: u64,
    /// The address to connect to instead of what DNS says.
    pub connect_to: Option<SocketAddr>,
}

/// Hides the body: values of environment variables pass through it.
impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = format!("{} {}{}", self.method, self.host, self.target());
        f.debug_struct("Ask").field("what", &what).finish_non_exhaustive()
    }
}

/// What stands in `Authorization`, without the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Credentials {
    /// No such header.
    Missing,
    /// Something that is not a bearer token.
    Malformed,
    /// A bearer token; the sandbox believes any.
    Bearer,
}

impl Ask {
    /// Takes `request` apart.
    pub fn of(request: &Request) -> Self {
        let (parts, body) = (&request.http, request.http.body());
        let header = |name| parts.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let host = parts.uri().host().unwrap_or_else(|| header(HOST));
        Self {
            method: parts.method().as_str().to_owned(),
            https: parts.uri().scheme_str() != Some("http"),
            host: host.split(':').next().unwrap_or(host).to_ascii_lowercase(),
            path: parts.uri().path().to_owned(),
            query: parts.uri().query().unwrap_or("").to_owned(),
            credentials: credentials(header(AUTHORIZATION)),
            agent: header(USER_AGENT).to_owned(),
            says_json: header(CONTENT_TYPE).contains("json"),
            body: String::from_utf8_lossy(body).into_owned(),
            timeout_ms: u64::try_from(request.timeout.as_millis()).unwrap_or(u64::MAX),
            connect_to: request.connect_to,
        }
    }

    /// Whether it may change something. A change without content and a trigger of nothing are refused as such by Coolify,
    /// after it has looked at what the token may do (4.3.11, observed).
    pub fn writes(&self) -> bool {
        let says_nothing = self.query.is_empty() && self.body.is_empty();
        let is_empty = says_nothing
            && (self.method == "PATCH" || self.method == "POST" && self.path.ends_with("/api/v1/deploy"));
        !is_empty && !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// The client's patience.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        self.pairs().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// All query parameters, decoded.
    pub fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
    }

    /// Path and query as they were written.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// Host and port, for errors.
    pub fn peer(&self) -> String {
        format!("{}:{}", self.host, if self.https { 443 } else { 80 })
    }

    /// Fabrik's ownership tag in the body's `comment` or `description`.
    pub fn tag(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        let text = body.get("comment").or_else(|| body.get("description"))?.as_str()?;
        text.starts_with("fabrik ").then(|| text.to_owned())
    }

    /// The error of an answer that never came.
    pub fn lost(&self, reason: &str) -> SendError {
        SendError::Lost { peer: self.peer(), reason: reason.to_owned() }
    }
}

fn credentials(header: &str) -> Credentials {
    match header.split_once(' ') {
        None if header.is_empty() => Credentials::Missing,
        Some((kind, token)) if kind.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Credentials::Bearer
        }
        _ => Credentials::Malformed,
    }
}

/// Undoes percent-encoding and plus signs.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, escaped.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer being written.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside those of the vendor's frame.
    pub headers: Vec<(Cow<'static, str>, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::typed(status, "application/json", body.to_string())
    }

    /// An answer of another type.
    pub fn typed(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type".into(), kind.to_owned())], body: body.into() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with this header instead of any of its name.
    #[must_use]
    pub fn with_only(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned().into(), value.to_owned()));
        self
    }

    /// As the port hands it out.
    pub fn sent(self, certificate: Option<Certificate>) -> Response {
        let mut http = http::Response::builder().status(self.status);
        for (name, value) in self.headers {
            http = http.header(name.as_ref(), value);
        }
        Response { http: http.body(self.body).expect("statuses and headers here are valid"), certificate }
    }
}
