//! The sandbox, asked what a real Coolify was asked, in the same order: it must answer with the same status, the
//! same shape and the same meaning.
//!
//! One world for the whole recording, brought into the situation of each exchange first (see `situation`). Ids
//! differ, so each recorded one is learnt as the sandbox's appears in its place.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fabrik::net::{Ports, Request, Response};
use fabrik::sandbox::{COOLIFY, Sandbox};
use serde_json::Value;

use super::compare::{Compared, Names};
use super::endpoints::Spoken;
use super::recorded::{Exchange, exchanges, say};
use super::situation;

/// What was asked again and again until its status changed.
const POLLED: [&str; 3] = ["/services/{}", "/applications/{}", "/deployments/{}"];

/// How long a status may take to become what was recorded, in simulated seconds.
const PATIENCE_S: u64 = 150;

/// What passes where nothing of what came before was still going on.
const BETWEEN: Duration = Duration::from_secs(300);

/// What became of an exchange.
pub enum Lived {
    /// Its endpoint is not the sandbox's.
    Unspoken,
    /// It was replayed; these are the differences.
    Through(Vec<String>),
}

/// A sandbox that lives through the recording.
pub struct Stage {
    pub sandbox: Sandbox,
    ports: Ports,
    names: Names,
}

impl Stage {
    /// A stage whose requests go through what `over` makes of its ports.
    pub fn through(over: &dyn Fn(&Ports) -> Ports) -> Self {
        let sandbox = Sandbox::in_memory(1);
        let ports = over(&sandbox.ports());
        let stage = Self { sandbox, ports, names: Names::default() };
        situation::furnish(&stage);
        stage
    }

    /// Lives through one exchange.
    pub async fn live(&mut self, exchange: &Exchange) -> Lived {
        if situation::comes_later(exchange) {
            self.ports.clock.sleep(BETWEEN).await;
        }
        if !matches!(exchange.endpoint().spoken, Spoken::Both | Spoken::Sandbox) {
            return Lived::Unspoken;
        }
        Lived::Through(self.replay(exchange).await)
    }

    /// Sends what was sent, in the sandbox's own ids.
    async fn ask(&self, exchange: &Exchange) -> Response {
        situation::admit(self, exchange);
        let query = if exchange.query.is_empty() { String::new() } else { format!("?{}", exchange.query) };
        let below = if exchange.path.starts_with("/api/") { "" } else { "/api/v1" };
        let url = format!("https://{COOLIFY}{below}{}{query}", exchange.path);
        let mut http = http::Request::builder()
            .method(exchange.method.as_str())
            .uri(self.names.translated(&url))
            .header("accept", "application/json");
        if exchange.token != "none" {
            http = http.header("authorization", "Bearer 1|token");
        }
        if exchange.says_json {
            http = http.header("content-type", "application/json");
        }
        let http = http.body(self.body(exchange).into_bytes()).expect("a recorded request is one");
        let request = Request { http, timeout: Duration::from_secs(30), connect_to: None };
        self.ports.transport.send(request).await.expect("the sandbox answers")
    }

    fn body(&self, exchange: &Exchange) -> String {
        let Ok(Value::Object(mut body)) = serde_json::from_str(&exchange.sent) else {
            return exchange.sent.clone();
        };
        if let Some(Value::String(text)) = body.get_mut("docker_compose_raw")
            && let Some(json) = as_json(text)
        {
            *text = STANDARD.encode(json);
        }
        self.names.translated(&Value::Object(body).to_string())
    }

    /// Asks again and again, letting time pass, until the answer is as recorded or patience ends.
    async fn replay(&mut self, exchange: &Exchange) -> Vec<String> {
        situation::docker(self, exchange);
        let mut differences = self.once(exchange).await;
        let polls = exchange.method == "GET" && situation::time_passes(exchange);
        let polls = polls && POLLED.contains(&exchange.endpoint().shape);
        for _ in 0..if polls { PATIENCE_S } else { 0 } {
            if differences.is_empty() {
                break;
            }
            self.ports.clock.sleep(Duration::from_secs(1)).await;
            situation::docker(self, exchange);
            situation::after(self, exchange);
            differences = self.once(exchange).await;
        }
        situation::after(self, exchange);
        differences
    }

    async fn once(&mut self, exchange: &Exchange) -> Vec<String> {
        let answer = self.ask(exchange).await.http;
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        self.names.learn(&exchange.body, &body);
        let mut compared = Compared::new(exchange.endpoint().shape, &self.names);
        compared.same("status", &exchange.status.to_string(), &answer.status().as_u16().to_string());
        compared.headers(&exchange.headers, answer.headers());
        if exchange.method != "HEAD" {
            compared.bodies(&exchange.body, &body);
        }
        compared.differences
    }
}

/// Compose text in the JSON form that Fabrik sends and the sandbox reads, where it is YAML at all.
fn as_json(packed: &str) -> Option<String> {
    let bytes = STANDARD.decode(packed.trim()).ok().filter(|bytes| !bytes.is_empty())?;
    let value: Value = serde_yaml::from_str(std::str::from_utf8(&bytes).ok()?).ok()?;
    Some(value.to_string())
}

#[tokio::test]
async fn the_sandbox_answers_every_recorded_request_as_coolify_did() {
    let Some(exchanges) = exchanges() else { return };
    let mut stage = Stage::through(&Ports::clone);
    let (mut wrong, mut replayed) = (Vec::new(), 0);
    for exchange in &exchanges {
        match stage.live(exchange).await {
            Lived::Unspoken => {}
            Lived::Through(differences) => {
                replayed += 1;
                if !differences.is_empty() {
                    wrong.push(format!("{}\n{}", exchange.name(), differences.join("\n")));
                }
            }
        }
    }
    say(&format!("sandbox: {replayed} recorded requests answered, {} unexplained", wrong.len()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
