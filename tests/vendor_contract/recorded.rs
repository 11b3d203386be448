//! The evidence: where it lies, and what one recorded exchange was.

use std::io::Write as _;
use std::path::Path;

use fabrik::net::Response;
use serde_json::Value;

use super::endpoints::Endpoint;

/// One request to a real Coolify, and what it answered.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Its number in the recording.
    pub n: u64,
    /// The story it belongs to.
    pub group: String,
    /// What was tried.
    pub label: String,
    /// The kind of token it was sent with.
    pub token: String,
    pub method: String,
    /// Below `/api/v1`, without query; whole where it is not below that.
    pub path: String,
    pub query: String,
    pub says_json: bool,
    /// The body as it was sent.
    pub sent: String,
    pub status: u16,
    pub headers: http::HeaderMap,
    /// The body as it was answered, where it is JSON.
    pub body: Value,
    text: String,
}

/// Reads a file of the evidence; `None`, said aloud, where it is absent.
pub fn evidence(file: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        say(&format!("SKIPPED: {} is not there, so nothing was proven by it", path.display()));
        return None;
    };
    Some(serde_json::from_str(&text).expect("the evidence is JSON"))
}

/// Says something that a passing test shows too.
pub fn say(text: &str) {
    // The macros' output is captured by the test harness, the handle's is not.
    let _ = writeln!(std::io::stderr().lock(), "truth: {text}");
}

/// Everything recorded, in the order in which it happened.
pub fn exchanges() -> Option<Vec<Exchange>> {
    let recorded = evidence("coolify-recorded.json")?;
    Some(recorded["exchanges"].as_array().expect("a list of exchanges").iter().map(exchange).collect())
}

fn exchange(item: &Value) -> Exchange {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (request, response) = (&item["request"], &item["response"]);
    let target = text(&request["path"]);
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let body = response["body"].clone();
    let written = match &body {
        Value::Null => text(&response["text"]),
        body => untrimmed(body.clone()).to_string(),
    };
    let sent = request.get("body").map_or_else(|| text(&request["raw_body"]), Value::to_string);
    Exchange {
        n: item["n"].as_u64().expect("exchanges are numbered"),
        group: text(&item["group"]),
        label: text(&item["label"]),
        token: text(&item["token"]),
        method: text(&request["method"]),
        path: path.strip_prefix("/api/v1").unwrap_or(path).to_owned(),
        query: query.to_owned(),
        says_json: text(&request["headers"]["Content-Type"]).contains("json"),
        sent,
        status: u16::try_from(response["status"].as_u64().expect("a status")).expect("a small one"),
        headers: headers(&response["headers"]),
        body,
        text: written,
    }
}

/// Without the item that the recorder put in the place of those it left out of a long list.
fn untrimmed(mut body: Value) -> Value {
    if let Value::Array(items) = &mut body {
        items.retain(|item| item.get("_trimmed_items").is_none());
    }
    body
}

fn headers(item: &Value) -> http::HeaderMap {
    let pairs = item.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let name: http::HeaderName = name.parse().ok()?;
        Some((name, value.as_str()?.parse().ok()?))
    });
    pairs.collect()
}

impl Exchange {
    /// The endpoint it was about.
    pub fn endpoint(&self) -> &'static Endpoint {
        super::endpoints::of(&self.method, &self.path)
    }

    /// The parts of its path.
    pub fn parts(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// How a failing test calls it.
    pub fn name(&self) -> String {
        format!(
            "#{} [{}] {}: {} {} → {}",
            self.n, self.group, self.label, self.method, self.path, self.status
        )
    }

    /// The answer as the port hands it out.
    pub fn response(&self) -> Response {
        let mut http = http::Response::new(self.text.clone().into_bytes());
        *http.status_mut() = http::StatusCode::from_u16(self.status).expect("a recorded status");
        http.headers_mut().clone_from(&self.headers);
        Response { http, certificate: None }
    }

    /// The same exchange with another answer body.
    pub fn answering(&self, body: Value) -> Self {
        Self { text: untrimmed(body.clone()).to_string(), body, ..self.clone() }
    }

    /// The same exchange with another answer.
    pub fn answered(&self, status: u16, body: Value) -> Self {
        Self { status, ..self.answering(body) }
    }

    /// The same exchange at another path.
    pub fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }
}
