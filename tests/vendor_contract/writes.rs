//! What each recorded answer to a write means, written down by hand.

use machine::phase::VolumePolicy;
use std::time::Duration;

use fabrik::providers::coolify::Resource;
use fabrik::providers::coolify::deployments::{Trigger, trigger};
use fabrik::providers::coolify::envs::Reach;
use fabrik::providers::outcome::{WriteOutcome, classify};
use fabrik::providers::{Provider, WriteRequest};
use fabrik::secrets::Secret;
use machine::receipt::Attributes;
use machine::tag::OwnershipTag;
use serde_json::Value;

use super::client::{Canned, Found, applications, environments, projects, same, services};
use super::recorded::Exchange;

/// What an answer means, without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Done,
    Refused,
    Partial,
    Missing,
    TokenRefused,
    NotDone,
    Doubt,
}

use Means::{Done, Doubt, Missing, NotDone, Partial, Refused, TokenRefused};

/// Method, shape of the path, and what each status means.
type Row = (&'static str, &'static str, &'static [(u16, Means)]);

/// For every write that was recorded: what its status means there.
#[rustfmt::skip]
const MEANINGS: &[Row] = &[
    ("POST", "/projects", &[(201, Done), (400, Refused), (403, TokenRefused), (422, Refused), (429, NotDone)]),
    ("PATCH", "/projects/{}", &[(201, Done), (400, Refused), (404, Missing)]),
    ("DELETE", "/projects/{}", &[(200, Done), (400, Refused), (403, TokenRefused), (404, Missing)]),
    // An environment that is there already may be the echo of a create of ours whose answer was lost.
    ("POST", "/projects/{}/environments", &[(201, Done), (400, Refused), (409, Doubt), (422, Refused)]),
    ("PATCH", "/projects/{}/environments/{}", &[(200, Done)]),
    ("DELETE", "/projects/{}/environments/{}", &[(200, Done), (400, Refused), (404, Missing)]),
    // A 500 may have left the service behind, a 4xx never does.
    ("POST", "/services", &[(201, Done), (403, TokenRefused), (404, Missing), (409, Refused), (422, Refused), (500, Doubt)]),
    // A refused change may have kept name and compose text.
    ("PATCH", "/services/{}", &[(200, Done), (400, Partial), (403, TokenRefused), (404, Missing), (409, Partial), (422, Partial), (500, Doubt)]),
    ("DELETE", "/services/{}", &[(200, Done), (403, TokenRefused), (404, Missing)]),
    // The variables before a bad one are stored.
    ("PATCH", "/services/{}/envs/bulk", &[(201, Done), (400, Partial), (404, Missing), (422, Partial)]),
    ("DELETE", "/services/{}/envs/{}", &[(200, Done), (404, Missing)]),
    ("POST", "/services/{}/stop", &[(200, Done), (400, Refused)]),
    // A create that is refused leaves nothing behind.
    ("POST", "/applications/dockerimage", &[(201, Done), (404, Missing), (409, Refused), (422, Refused)]),
    ("POST", "/applications/public", &[(201, Done), (422, Refused)]),
    // What is kept of a change that is refused is not known.
    ("PATCH", "/applications/{}", &[(200, Done), (400, Partial), (404, Missing), (409, Partial), (422, Partial)]),
    ("DELETE", "/applications/{}", &[(200, Done), (404, Missing)]),
    ("PATCH", "/applications/{}/envs/bulk", &[(201, Done), (400, Partial), (403, TokenRefused), (422, Partial)]),
    ("DELETE", "/applications/{}/envs/{}", &[(200, Done), (404, Missing)]),
    ("POST", "/applications/{}/stop", &[(200, Done)]),
    // Over already.
    ("POST", "/deployments/{}/cancel", &[(200, Done), (400, Refused), (404, Missing)]),
    // Part of a start runs inside the request, so a 500 may come after it.
    ("POST", "/deploy", &[(200, Done), (400, Refused), (403, TokenRefused), (404, Missing), (500, Doubt)]),
];

/// Sends the client's request for what was recorded, and looks at what it makes of the answer.
pub fn conclude(exchange: &Exchange) -> Found {
    let answer = exchange.response();
    let call = call(exchange)?;
    same("method", &call.request.http.method().to_string(), &exchange.method)?;
    same("path", &call.request.http.uri().path().to_owned(), &format!("/api/v1{}", exchange.path))?;
    let answer = classify(Ok(answer), call.refusal);
    let (is, words, pause) = taken_apart(&answer);
    same("the meaning", &is, &meaning(exchange)?)?;
    if is == Done {
        return made(exchange);
    }
    let should = exchange.headers.get("retry-after").and_then(|text| text.to_str().ok()?.parse().ok());
    same("the pause", &pause, &should.map(Duration::from_secs))?;
    let unsaid =
        texts(&exchange.body).into_iter().filter(|_| is != NotDone).find(|text| !words.contains(text));
    unsaid.map_or(Ok(()), |text| Err(format!("the client does not tell {text:?}, only {words:?}")))
}

/// The client's own request where this one was recorded.
fn call(exchange: &Exchange) -> Result<WriteRequest, String> {
    let coolify = Canned::of(&[]).coolify();
    let (fields, tag) = (Attributes::new(), tag());
    let apps = |coolify| services(coolify, "any", "any", "any");
    let others = |coolify| applications(coolify, "any", "any", "any");
    Ok(match (exchange.method.as_str(), &exchange.parts()[..]) {
        ("POST", ["projects"]) => projects(coolify, "any").create_request(&fields, &tag),
        ("PATCH", ["projects", id]) => projects(coolify, "any").update_request(id, &fields),
        ("DELETE", ["projects", id]) => projects(coolify, "any").delete_request(id, VolumePolicy::Retain),
        ("POST", ["projects", of, "environments"]) => {
            environments(coolify, of, "any").create_request(&fields, &tag)
        }
        ("PATCH", ["projects", of, "environments", id]) => {
            environments(coolify, of, "any").update_request(id, &fields)
        }
        ("DELETE", ["projects", of, "environments", id]) => {
            environments(coolify, of, "any").delete_request(id, VolumePolicy::Retain)
        }
        ("POST", ["services"]) => apps(coolify).create_request(&fields, &tag),
        ("PATCH", ["services", id]) => apps(coolify).update_request(id, &fields),
        ("DELETE", ["services", id]) => apps(coolify).delete_request(id, VolumePolicy::Delete),
        ("PATCH", ["services", id, "envs", "bulk"]) => {
            coolify.set_envs(Resource::Service(id), &[("A", &Secret::new("b"), Reach::Build)])
        }
        ("DELETE", ["services", id, "envs", row]) => coolify.delete_env(Resource::Service(id), row),
        ("POST", ["services", id, "stop"]) => coolify.stop(Resource::Service(id)),
        ("POST", ["applications", _]) => others(coolify).create_request(&source(exchange), &tag),
        ("PATCH", ["applications", id]) => others(coolify).update_request(id, &fields),
        ("DELETE", ["applications", id]) => others(coolify).delete_request(id, VolumePolicy::Delete),
        ("PATCH", ["applications", id, "envs", "bulk"]) => {
            coolify.set_envs(Resource::Application(id), &[("A", &Secret::new("b"), Reach::Build)])
        }
        ("DELETE", ["applications", id, "envs", row]) => coolify.delete_env(Resource::Application(id), row),
        ("POST", ["applications", id, "stop"]) => coolify.stop(Resource::Application(id)),
        ("POST", ["deployments", id, "cancel"]) => coolify.cancel(id),
        ("POST", ["deploy"]) => coolify.deploy(Resource::Service("any")),
        _ => return Err("no call of the client stands for it".to_owned()),
    })
}

/// The fields that take the recorded way of creating an application.
fn source(exchange: &Exchange) -> Attributes {
    let kind = if exchange.path.ends_with("/dockerimage") { "image" } else { "git" };
    Attributes::from([("kind".to_owned(), kind.to_owned())])
}

/// Whether the client finds the new object in the answer to a create.
fn made(exchange: &Exchange) -> Found {
    let coolify = Canned::of(&[]).coolify();
    let (fields, tag, answer) = (Attributes::new(), tag(), &exchange.body);
    let made = match (exchange.method.as_str(), &exchange.parts()[..]) {
        ("POST", ["projects"]) => projects(coolify, "any").parse_created(answer, &fields, &tag),
        ("POST", ["projects", of, "environments"]) => {
            environments(coolify, of, "any").parse_created(answer, &fields, &tag)
        }
        ("POST", ["services"]) => services(coolify, "any", "any", "any").parse_created(answer, &fields, &tag),
        ("POST", ["applications", _]) => {
            applications(coolify, "any", "any", "any").parse_created(answer, &fields, &tag)
        }
        ("POST", ["deploy"]) => return triggered(answer),
        _ => return Ok(()),
    };
    same("the new object", &made.as_ref().map(|object| object.id.as_str()), &answer["uuid"].as_str())
}

/// What the answer to a trigger says of each app, and of one that it does not name.
fn triggered(answer: &Value) -> Found {
    for entry in answer["deployments"].as_array().into_iter().flatten() {
        let app = entry["resource_uuid"].as_str().ok_or("an entry is about something")?;
        let uuid = entry["deployment_uuid"].as_str();
        let says = |words: &str| entry["message"].as_str().is_some_and(|it| it.contains(words));
        let should = match uuid {
            _ if says("already queued") => Trigger::AlreadyQueued,
            Some(uuid) => Trigger::Queued(uuid.to_owned()),
            None => Trigger::Unrecorded,
        };
        same("what came of the trigger", &trigger(answer, app), &should)?;
    }
    same("what came of another's", &trigger(answer, "nobody"), &Trigger::Silent)
}

fn tag() -> OwnershipTag {
    let text = "fabrik r=0123456789abcdef0123456789abcdef s=app j=0123456789abcdef0123456789abcdef";
    OwnershipTag::parse(text).expect("it is one")
}

fn meaning(exchange: &Exchange) -> Result<Means, String> {
    let endpoint = exchange.endpoint();
    let row = MEANINGS.iter().find(|row| row.0 == endpoint.method && row.1 == endpoint.shape);
    let means = row.and_then(|row| row.2.iter().find(|(status, _)| *status == exchange.status));
    means.map(|(_, means)| *means).ok_or_else(|| format!("nobody wrote down what {} means", exchange.status))
}

fn taken_apart(answer: &WriteOutcome) -> (Means, &str, Option<Duration>) {
    match answer {
        WriteOutcome::Done(_) => (Done, "", None),
        WriteOutcome::Refused(words) => (Refused, words, None),
        WriteOutcome::Partial(words) => (Partial, words, None),
        WriteOutcome::Missing(words) => (Missing, words, None),
        WriteOutcome::TokenRefused(words) => (TokenRefused, words, None),
        WriteOutcome::NotSent(words, pause) => (NotDone, words, Some(*pause)),
        WriteOutcome::Conflict(words) | WriteOutcome::Ambiguous(words) => (Doubt, words, None),
    }
}

/// All that the answer says, in whichever of the four shapes: its message, and every text among its errors.
fn texts(body: &Value) -> Vec<&str> {
    fn leaves(value: &Value) -> Vec<&str> {
        match value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().flat_map(leaves).collect(),
            Value::Object(map) => map.values().flat_map(leaves).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }
    let said = ["message", "error", "errors"].iter().filter_map(|key| body.get(key));
    said.flat_map(leaves).collect()
}
