//! The simulated outside, asked through its ports.

mod application;
mod cloudflare;
mod compose;
mod coolify;
mod edge;
mod fault;
mod kept;
mod label;
mod served;
mod service;
mod tunnel;

use std::time::Duration;

use serde_json::{Value, json};

use super::{COOLIFY, Sandbox, World};
use crate::net::{Answer, Ports, QueryType, Question, Request, ResolveError, Response, SendError};

/// Somebody outside with a token for both APIs.
pub(crate) struct Caller {
    pub sandbox: Sandbox,
    pub ports: Ports,
}

/// An answer, its body read as JSON where it is.
#[derive(Debug)]
pub(crate) struct Heard {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Caller {
    pub(crate) fn new() -> Self {
        Self::of(Sandbox::in_memory(7))
    }

    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let ports = sandbox.ports();
        Self { sandbox, ports }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        body: Option<Value>,
    ) -> Result<Response, SendError> {
        let http = http::Request::builder().method(method).uri(url).header("authorization", "Bearer x");
        let mut http = http.header("user-agent", "the sandbox's own tests");
        if body.is_some() {
            http = http.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let http = http.body(body).expect("tests write valid requests");
        let request = Request { http, timeout: Duration::from_secs(30), connect_to: None };
        self.ports.transport.send(request).await
    }

    pub(crate) async fn heard(&self, method: &str, url: &str, body: Option<Value>) -> Heard {
        let response = self.send(method, url, body).await.expect("an answer comes");
        let (parts, body) = response.http.into_parts();
        let text = String::from_utf8_lossy(&body).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Heard { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn coolify(&self, method: &str, path: &str, body: Option<Value>) -> Heard {
        self.heard(method, &format!("https://{COOLIFY}/api/v1{path}"), body).await
    }

    pub(crate) async fn cloudflare(&self, method: &str, path: &str, body: Option<Value>) -> Heard {
        self.heard(method, &format!("https://api.cloudflare.com/client/v4{path}"), body).await
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Response, SendError> {
        self.send("GET", url, None).await
    }

    pub(crate) async fn sleep(&self, seconds: u64) {
        self.ports.clock.sleep(Duration::from_secs(seconds)).await;
    }

    pub(crate) async fn resolve(
        &self,
        name: &str,
        server: Option<&str>,
    ) -> Result<Vec<Answer>, ResolveError> {
        let server = server.map(str::to_owned);
        let question = Question { name: name.to_owned(), record_type: QueryType::A, server };
        self.ports.resolver.ask(&question).await
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        self.sandbox.with_world(change).expect("the world can be kept");
    }

    /// The path of the records of `example.com`.
    pub(crate) async fn records(&self) -> String {
        let zones = self.cloudflare("GET", "/zones?name=example.com", None).await;
        let id = zones.body["result"][0]["id"].as_str().expect("every two-label name is a zone").to_owned();
        format!("/zones/{id}/dns_records")
    }

    /// Points a name at the server.
    pub(crate) async fn point(&self, name: &str) -> Heard {
        let path = self.records().await;
        self.cloudflare("POST", &path, Some(record("A", name, "203.0.113.10"))).await
    }

    /// A project named `shop`; its uuid.
    pub(crate) async fn project(&self) -> String {
        let made = self.coolify("POST", "/projects", Some(json!({"name": "shop"}))).await;
        made.body["uuid"].as_str().expect("a project has a uuid").to_owned()
    }

    /// The body that creates a service in a project.
    pub(crate) fn service_body(&self, project: &str, compose: &Value) -> Value {
        use base64::Engine as _;
        let raw = base64::engine::general_purpose::STANDARD.encode(compose.to_string());
        json!({"project_uuid": project, "server_uuid": self.sandbox.world().server.uuid,
               "environment_name": "production", "name": "blog", "docker_compose_raw": raw,
               "description": "fabrik r=1 s=app j=2",
               "urls": [{"name": "web", "url": "https://blog.example.com:80"}]})
    }

    /// A service `blog` at `blog.example.com`; its uuid.
    pub(crate) async fn service(&self) -> String {
        let project = self.project().await;
        let made = self.coolify("POST", "/services", Some(self.service_body(&project, &compose()))).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["uuid"].as_str().expect("a service has a uuid").to_owned()
    }

    /// Sets the release and deploys.
    pub(crate) async fn deploy(&self, uuid: &str, release: &str) -> Heard {
        let data = json!({"data": [{"key": "FABRIK_RELEASE", "value": release, "is_literal": true}]});
        self.coolify("PATCH", &format!("/services/{uuid}/envs/bulk"), Some(data)).await;
        self.coolify("POST", &format!("/deploy?uuid={uuid}"), None).await
    }

    pub(crate) async fn status(&self, uuid: &str) -> String {
        let shown = self.coolify("GET", &format!("/services/{uuid}"), None).await;
        shown.body["status"].as_str().expect("a service has a status").to_owned()
    }

    /// The release that answers at `blog.example.com`.
    pub(crate) async fn release(&self) -> String {
        let response = self.get("https://blog.example.com/health").await.expect("the site answers");
        let header = response.http.headers().get("x-fabrik-release").expect("the app names its release");
        header.to_str().expect("it is text").to_owned()
    }
}

pub(crate) fn record(kind: &str, name: &str, content: &str) -> Value {
    json!({"type": kind, "name": name, "content": content, "ttl": 1, "proxied": false})
}

/// A built web service with a volume, and a database.
pub(crate) fn compose() -> Value {
    json!({
        "services": {
            "web": {"image": "fabrik/app-blog:1", "volumes": ["data:/data"],
                    "build": {"context": ".", "dockerfile_inline": "FROM busybox:1.37\nENV FABRIK_RELEASE=none\n"},
                    "environment": {"TOKEN": "${TOKEN:-none}"}, "healthcheck": {"test": ["CMD", "true"]},
                    "command": []},
            "db": {"image": "postgres:16"},
        },
        "volumes": {"data": {}},
    })
}
