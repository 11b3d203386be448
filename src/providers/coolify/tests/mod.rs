//! Requests as they are written, and answers as they are read, without a Coolify.

mod abilities;
mod applications;
mod deployments;
mod envs;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Coolify, Resource};
use crate::net::simulated::SimulatedClock;
use crate::net::{Answer, Ports, Question, Request, ResolveError, Resolver, Response, SendError, Transport};
use crate::providers::{ReadError, WriteRequest};
use crate::secrets::Secret;

/// Answers each path with what is written for it, and every other with 404.
struct Canned(BTreeMap<String, (u16, Value)>);

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let target = request.http.uri().path_and_query().unwrap().as_str();
        let missing = (404, json!({"message": "Not found."}));
        let (status, body) = self.0.get(target.trim_start_matches("/api/v1")).unwrap_or(&missing);
        let http = http::Response::builder().status(*status).body(body.to_string().into_bytes()).unwrap();
        Ok(Response { http, certificate: None })
    }
}

struct NoNames;

#[async_trait]
impl Resolver for NoNames {
    async fn ask(&self, _: &Question) -> Result<Vec<Answer>, ResolveError> {
        Err(ResolveError::Nothing)
    }
}

/// A Coolify that knows these answers only.
fn coolify<const N: usize>(answers: [(&str, u16, Value); N]) -> Coolify {
    let canned = answers.into_iter().map(|(path, status, body)| (path.to_owned(), (status, body)));
    let transport = Arc::new(Canned(canned.collect()));
    let ports = Ports { transport, resolver: Arc::new(NoNames), clock: Arc::new(SimulatedClock::default()) };
    Coolify::new(ports, "https://coolify.example.com", Secret::new("1|token".to_owned()))
}

/// Method and target of a write.
fn line(call: &WriteRequest) -> String {
    format!("{} {}", call.redacted.method, call.redacted.target.split_once("/api/v1").unwrap().1)
}

fn body(call: &WriteRequest) -> Value {
    serde_json::from_slice(call.request.http.body()).unwrap()
}

#[tokio::test]
async fn what_is_told_of_another_thing_is_no_answer() {
    let other = json!({"uuid": "other", "name": "shop", "status": "running:healthy", "environments": []});
    let coolify = coolify([
        ("/projects/mine", 200, other.clone()),
        ("/services/mine", 200, other.clone()),
        ("/servers/mine", 200, other),
        ("/deployments/mine", 200, json!({"deployment_uuid": "other", "id": 7, "status": "finished"})),
    ]);
    let unreadable = |trouble: Option<ReadError>| matches!(trouble, Some(ReadError::Unintelligible { .. }));
    assert!(unreadable(coolify.environment_resources("mine", None).await.err()));
    assert!(unreadable(coolify.status(Resource::Service("mine")).await.err()));
    assert!(unreadable(coolify.parts("mine").await.err()));
    assert!(unreadable(coolify.is_usable("mine").await.err()));
    assert!(unreadable(coolify.deployment("mine").await.err()));
}

#[tokio::test]
async fn a_thing_that_cannot_be_read_is_not_one_that_is_not_there() {
    let coolify = coolify([
        ("/resources", 200, json!([{"uuid": 24, "name": 4}])),
        ("/projects/p", 200, json!({"uuid": "p", "environments": [{"id": 1, "name": "production"}]})),
        ("/projects/q", 200, json!({"uuid": "q"})),
        ("/services/s/envs", 200, json!([{"uuid": 24, "key": 4}])),
        ("/deployments/applications/a?skip=0&take=10", 200, json!({"count": 2, "deployments": []})),
    ]);
    assert!(coolify.environment_resources("p", None).await.is_err());
    assert!(coolify.environment_resources("q", None).await.is_err());
    assert!(coolify.env_rows(Resource::Service("s")).await.is_err());
    assert!(coolify.deployments("a").await.is_err());
}

#[tokio::test]
async fn a_coolify_that_moved_is_told_by_its_new_address_and_not_followed() {
    let transport = Arc::new(Moved);
    let ports = Ports { transport, resolver: Arc::new(NoNames), clock: Arc::new(SimulatedClock::default()) };
    let coolify = Coolify::new(ports, "https://old.example.com", Secret::new("1|token".to_owned()));
    let words = coolify.team().await.expect_err("it moved").to_string();
    assert!(words.contains("https://new.example.com/"), "{words}");
}

/// Sends everybody on.
struct Moved;

#[async_trait]
impl Transport for Moved {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        assert_eq!(request.http.uri().host(), Some("old.example.com"));
        let http = http::Response::builder().status(308).header("location", "https://new.example.com/");
        Ok(Response { http: http.body(Vec::new()).unwrap(), certificate: None })
    }
}
