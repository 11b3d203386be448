//! How requests, answers and failures travel between `through` and `serve`.
//!
//! A request keeps its method, path, headers and body; what a loopback connection hides travels in headers.
//! An answer that never came is status 599 with the kind of failure in a header.

use std::time::Duration;

use axum::body::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::Sandbox;
use super::ask::Ask;
use super::clock::Time;
use crate::net::{Certificate, Request, Response, SendError};

/// The host a request is meant for.
pub(crate) const HOST: &str = "x-fabrik-host";
/// `http` or `https`.
pub(crate) const SCHEME: &str = "x-fabrik-scheme";
/// The client's patience in milliseconds.
pub(crate) const TIMEOUT: &str = "x-fabrik-timeout-ms";
/// The address to connect to.
pub(crate) const CONNECT_TO: &str = "x-fabrik-connect-to";
/// On status 599: `lost`, `name`, `refused` or `tls`.
pub(crate) const LOST: &str = "x-fabrik-lost";
/// The certificate shown, as JSON.
pub(crate) const CERTIFICATE: &str = "x-fabrik-certificate";
/// What o'clock it is after the request, as JSON.
pub(crate) const CLOCK: &str = "x-fabrik-clock";
/// The status that stands for no answer.
const NO_ANSWER: u16 = 599;

/// The request that a server received, as it was meant.
pub(crate) fn received(parts: &Parts, body: &Bytes) -> Ask {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).or_else(|| header("host")).unwrap_or("localhost");
    let scheme = header(SCHEME).unwrap_or("https");
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut http = http::Request::new(body.to_vec());
    *http.method_mut() = parts.method.clone();
    *http.headers_mut() = parts.headers.clone();
    if let Ok(uri) = format!("{scheme}://{host}{target}").parse() {
        *http.uri_mut() = uri;
    }
    let timeout_ms = header(TIMEOUT).and_then(|ms| ms.parse().ok()).unwrap_or(30_000);
    let connect_to = header(CONNECT_TO).and_then(|address| address.parse().ok());
    Ask::of(&Request { http, timeout: Duration::from_millis(timeout_ms), connect_to })
}

/// What a server sends for what happened.
pub(crate) fn sent(result: Result<Response, SendError>) -> http::Response<Vec<u8>> {
    let (mut http, certificate) = match result {
        Ok(response) => (response.http, response.certificate),
        Err(error) => failed(error),
    };
    if let Some(certificate) = certificate {
        let json = serde_json::to_string(&certificate).unwrap_or_default();
        set(http.headers_mut(), CERTIFICATE, &json);
    }
    http
}

/// The answer, with the time it is now.
pub(crate) fn timed(mut http: http::Response<Vec<u8>>, sandbox: &Sandbox) -> http::Response<Vec<u8>> {
    let time = sandbox.look(|world| world.time);
    set(http.headers_mut(), CLOCK, &serde_json::to_string(&time).unwrap_or_default());
    http
}

fn failed(error: SendError) -> (http::Response<Vec<u8>>, Option<Certificate>) {
    let (kind, reason, certificate) = match error {
        SendError::Lost { reason, .. } => ("lost", reason, None),
        SendError::Name { reason, .. } => ("name", reason, None),
        SendError::Refused { reason, .. } => ("refused", reason, None),
        SendError::Tls { reason, certificate, .. } => ("tls", reason, certificate),
        full @ SendError::NoRoom { .. } => ("refused", full.to_string(), None),
    };
    let mut http = http::Response::new(reason.into_bytes());
    *http.status_mut() = http::StatusCode::from_u16(NO_ANSWER).expect("599 is a status");
    set(http.headers_mut(), LOST, kind);
    (http, certificate)
}

/// The request as it goes to a server at `url`.
pub(crate) fn sending(url: &str, ask: &Ask, mut request: Request) -> Result<Request, SendError> {
    let target = format!("{}{}", url.trim_end_matches('/'), ask.target());
    let uri = target.parse().map_err(|_| unreachable(ask, "not an address of a sandbox"))?;
    let headers = request.http.headers_mut();
    headers.remove("host");
    set(headers, HOST, &ask.host);
    set(headers, SCHEME, if ask.https { "https" } else { "http" });
    set(headers, TIMEOUT, &ask.timeout_ms.to_string());
    if let Some(address) = ask.connect_to {
        set(headers, CONNECT_TO, &address.to_string());
    }
    *request.http.uri_mut() = uri;
    request.connect_to = None;
    Ok(request)
}

fn unreachable(ask: &Ask, reason: &str) -> SendError {
    SendError::Refused { peer: ask.peer(), reason: reason.to_owned() }
}

/// What the client sees for what a server sent, and the time there.
pub(crate) fn told(ask: &Ask, mut response: Response) -> (Result<Response, SendError>, Option<Time>) {
    let headers = response.http.headers_mut();
    let time = take(headers, CLOCK).and_then(|json| serde_json::from_str(&json).ok());
    let certificate = take(headers, CERTIFICATE).and_then(|json| serde_json::from_str(&json).ok());
    let lost = take(headers, LOST);
    let (peer, reason) = (ask.peer(), String::from_utf8_lossy(response.http.body()).into_owned());
    let result = match lost.as_deref() {
        None => Ok(Response { http: response.http, certificate }),
        Some("name") => Err(SendError::Name { host: ask.host.clone(), reason }),
        Some("refused") => Err(SendError::Refused { peer, reason }),
        Some("tls") => Err(SendError::Tls { peer, reason, certificate }),
        Some(_) => Err(SendError::Lost { peer, reason }),
    };
    (result, time)
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn take(headers: &mut HeaderMap, name: &str) -> Option<String> {
    headers.remove(name).and_then(|value| value.to_str().map(str::to_owned).ok())
}
