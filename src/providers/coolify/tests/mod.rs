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

use super::Coolify;
use crate::providers::Call;
use crate::secrets::Secret;
use crate::wire::pretend::PretendClock;
use crate::wire::{
    Answer, Outside, Question, Request, ResolveError, Resolver, Response, SendError, Transport,
};

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
    let outside =
        Outside { transport, resolver: Arc::new(NoNames), clock: Arc::new(PretendClock::default()) };
    Coolify::new(outside, "https://coolify.example.com", Secret::new("1|token".to_owned()))
}

/// Method and target of a write.
fn line(call: &Call) -> String {
    format!("{} {}", call.redacted.method, call.redacted.target.split_once("/api/v1").unwrap().1)
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(call.request.http.body()).unwrap()
}
