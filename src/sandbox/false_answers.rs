//! Answers that are not true: of other types, told twice, out of order, cut short, about something else.
//!
//! Only changes what is answered; what the request did stands. Lists that lie without anything telling are no
//! fault here: nobody could see through them.

use serde_json::{Value, json};

use super::ask::Ask;
use super::exchange::CLOUDFLARE;
use super::world::World;
use crate::net::Response;

/// The same answer with another body; one that is no JSON stays.
pub(crate) fn retold(response: Response, lie: impl FnOnce(Value) -> Value) -> Response {
    let told = |body: Vec<u8>| match serde_json::from_slice(&body) {
        Ok(value) => lie(value).to_string().into_bytes(),
        Err(_) => body,
    };
    Response { http: response.http.map(told), certificate: response.certificate }
}

/// Every text as a number, every number and truth as a text.
pub(crate) fn mistyped(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) => json!(text.len()),
        Value::Bool(_) | Value::Number(_) => json!(value.to_string()),
        Value::Array(items) => items.into_iter().map(mistyped).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, mistyped(value))).collect(),
    }
}

/// What stands in an answer of 200 that is no success.
pub(crate) fn unsuccessful(_: Value) -> Value {
    json!({"success": false, "errors": [{"code": 10001, "message": "internal error"}], "messages": [], "result": null})
}

/// Every list in it backwards.
pub(crate) fn shuffled(value: Value) -> Value {
    relisted(value, |items| items.into_iter().rev().collect())
}

/// Every item of the list twice.
pub(crate) fn doubled(value: Value) -> Value {
    relisted(value, |items| items.iter().chain(&items).cloned().collect())
}

/// A list without its last half, where a count beside it tells of it.
pub(crate) fn cut_short(value: Value) -> Value {
    let tells = value.get("result_info").is_some() || value.get("count").is_some();
    if tells { relisted(value, |items| items[..items.len() / 2].to_vec()) } else { value }
}

// The list is the whole answer, or beside its count.
fn relisted(mut value: Value, change: impl FnOnce(Vec<Value>) -> Vec<Value>) -> Value {
    let list = match &mut value {
        Value::Object(members) => {
            let key = ["result", "deployments"].into_iter().find(|key| members.contains_key(*key));
            key.and_then(|key| members.get_mut(key))
        }
        whole => Some(whole),
    };
    if let Some(Value::Array(items)) = list {
        *items = change(std::mem::take(items));
    }
    value
}

/// The question after another resource of the same kind, where it is about one resource and there is another.
pub(crate) fn another(world: &World, ask: &Ask) -> Option<Ask> {
    let (path, id) = ask.path.rsplit_once('/')?;
    let zone = world.records.iter().find(|record| record.id == id).map(|record| &record.zone);
    let kinds: [Vec<&String>; 4] = [
        world.services.iter().map(|it| &it.uuid).collect(),
        world.applications.iter().map(|it| &it.uuid).collect(),
        world.projects.iter().map(|it| &it.uuid).collect(),
        world.records.iter().filter(|it| Some(&it.zone) == zone).map(|it| &it.id).collect(),
    ];
    let kind = kinds.into_iter().find(|kind| kind.iter().any(|it| *it == id))?;
    let other = kind.into_iter().find(|it| *it != id)?;
    Some(Ask { path: format!("{path}/{other}"), ..ask.clone() })
}

/// A proxy that sends on to another house.
pub(crate) fn elsewhere(ask: &Ask) -> super::ask::Reply {
    let host = if ask.host == CLOUDFLARE { "api.example.net" } else { "coolify.example.net" };
    super::ask::Reply::typed(307, "text/html", "").with("location", format!("https://{host}{}", ask.target()))
}
