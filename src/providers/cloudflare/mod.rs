//! Cloudflare's API: one token's way in, reading with patience, and lists page by page.
//!
//! `zone` finds the zone of a host, `records` keeps the records of a name, and [`finding`] says what is to be
//! known before a run begins. Field names and codes: Cloudflare API v4.

pub(crate) mod codes;
pub mod delegation;
pub mod edge;
pub mod finding;
pub mod normalize;
pub mod quota;
pub(crate) mod ranges;
pub(crate) mod records;
pub(crate) mod token;
pub(crate) mod zone;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use super::api::Api;
use super::misdirected::AskedHost;
use super::outcome::{self, ErrorClass};
use super::read_error::{Failure, ReadError};
use super::request::{self, CLOUDFLARE};
use crate::net::retry::get_with_retry;
use crate::net::{Patience, Ports, Request};
use crate::secrets::Secret;

pub use edge::{EdgeProxy, Mode};
pub use finding::{Finding, Weight};
pub use records::Records;
pub use zone::CloudflareZone;

const API: Api = Api::Cloudflare;
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause before a refusal that may pass is believed.
const BREATH: Duration = Duration::from_secs(3);
/// More pages than any list has here.
const LAST_PAGE: usize = 1000;

/// Cloudflare, seen with one token.
#[derive(Clone)]
pub struct Cloudflare {
    ports: Ports,
    base: String,
    token: Option<std::sync::Arc<Secret>>,
    patience: Patience,
}

/// An answer to a read: its status, and its body where that is JSON.
struct ApiResponse {
    status: u16,
    body: Option<Value>,
}

impl Cloudflare {
    /// Cloudflare at `base` (without a final slash), seen with `token`.
    pub fn new(ports: Ports, base: &str, token: Secret) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        let token = Some(std::sync::Arc::new(token));
        Self { ports, base, token, patience: Patience::of(PATIENCE) }
    }

    /// Cloudflare without a token: every question ends with [`ReadError::NoToken`] and none is sent.
    pub fn without_token(ports: Ports, base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { ports, base, token: None, patience: Patience::of(PATIENCE) }
    }

    /// Whether there is a token to ask with.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The same, reached through other ports.
    #[must_use]
    pub fn through(self, ports: &Ports) -> Self {
        Self { ports: ports.clone(), ..self }
    }

    /// Reads `path`; `None` for what is not there.
    async fn read(&self, path: &str) -> Result<Option<Value>, ReadError> {
        let mut heard = self.hear(path).await?;
        if heard.body.as_ref().is_some_and(|body| codes::may_pass(heard.status, body)) {
            self.ports.clock.sleep(BREATH).await;
            heard = self.hear(path).await?;
        }
        heard.judged(path)
    }

    /// Reads what is good to know; `None` where the API or the token does not tell.
    async fn learn(&self, path: &str) -> Result<Option<Value>, ReadError> {
        match self.hear(path).await?.judged(path) {
            Err(ReadError::TokenRefused { .. } | ReadError::Refused { .. }) => Ok(None),
            told => told,
        }
    }

    /// Reads a list whose pages hold `per_page` items at most; `None` where there is no such list.
    async fn list(&self, path: &str, per_page: usize) -> Result<Option<Vec<Value>>, ReadError> {
        let (mut items, mut ids) = (Vec::new(), HashSet::new());
        for page in 1..=LAST_PAGE {
            let Some(body) = self.read(&format!("{path}&page={page}")).await? else { return Ok(None) };
            let shown = results(&body);
            let known = items.len();
            // Items move to another page when one before them comes or goes.
            items.extend(shown.iter().filter(|item| ids.insert(item["id"].to_string())).cloned());
            let total = body["result_info"]["total_count"].as_u64();
            let is_last = total.map_or(shown.len() < per_page, |total| items.len() as u64 >= total);
            if is_last {
                return Ok(Some(items));
            }
            // A page that tells nothing new is not followed by one that does.
            if items.len() == known {
                break;
            }
        }
        Err(ReadError::Unintelligible {
            api: API,
            reason: format!("fewer items than it counts from GET {path}"),
        })
    }

    async fn hear(&self, path: &str) -> Result<ApiResponse, ReadError> {
        let url = format!("{}{path}", self.base);
        let token = self.token.as_ref().ok_or(ReadError::NoToken { api: API })?;
        let http = request::request(http::Method::GET, &url, token.expose(), &Value::Null);
        let request = Request { http, timeout: CLOUDFLARE.timeout, connect_to: None };
        let response = get_with_retry(&self.ports, request, &self.patience)
            .await
            .map_err(|error| ReadError::unreachable(API, &error))?;
        let asked = AskedHost { api: API, base: &self.base, url: &url };
        if let Some(trouble) = asked.misdirected(&response.http) {
            return Err(trouble);
        }
        let body = serde_json::from_slice(response.http.body()).ok();
        Ok(ApiResponse { status: response.http.status().as_u16(), body })
    }

    fn write(&self, method: http::Method, path: &str, body: &Value) -> request::WriteRequest {
        // Each write follows a read of the same resource, which ends without a token.
        let token = self.token.as_ref().map_or("", |token| token.expose());
        request::WriteRequest::new(method, &format!("{}{path}", self.base), token, body, CLOUDFLARE)
    }
}

impl ApiResponse {
    fn judged(self, path: &str) -> Result<Option<Value>, ReadError> {
        let plainly = format!("{} from GET {path}", self.status);
        match (self.status, self.body) {
            (200, Some(body)) if body["success"] == Value::Bool(true) => Ok(Some(body)),
            (400..=499, Some(body)) => refused(self.status, &body, path),
            (404, None) => Ok(None),
            (429 | 500..=599, _) => Err(ReadError::Unreachable {
                api: API,
                reason: plainly,
                failure: Failure::of_status(self.status),
            }),
            (_, _) => Err(ReadError::Unintelligible { api: API, reason: plainly }),
        }
    }
}

fn refused(status: u16, body: &Value, path: &str) -> Result<Option<Value>, ReadError> {
    let words = outcome::words(status, body);
    match outcome::sense(status, body) {
        ErrorClass::Missing => Ok(None),
        ErrorClass::Token => Err(ReadError::TokenRefused {
            api: API,
            reason: format!("{words} (GET {path} needs {})", need(path)),
        }),
        ErrorClass::Throttled | ErrorClass::Unclear => {
            Err(ReadError::Unreachable { api: API, reason: words, failure: Failure::of_status(status) })
        }
        ErrorClass::Refused | ErrorClass::Taken => {
            Err(ReadError::Refused { what: format!("GET {path} at {API}"), reason: words })
        }
    }
}

/// The permission that reading `path` needs.
fn need(path: &str) -> &'static str {
    match path {
        _ if path.contains("/dns_records") => "DNS:Edit",
        _ if path.contains("/settings/") => "Zone Settings:Read",
        _ => "Zone:Read",
    }
}

fn results(body: &Value) -> &[Value] {
    body["result"].as_array().map_or(&[], Vec::as_slice)
}

/// `text` as the value of a query parameter.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
