//! What each recorded answer to a read says, read off its body by hand.

use std::net::Ipv4Addr;

use fabrik::providers::coolify::Resource;
use fabrik::providers::coolify::lifecycle::ContainerState;
use fabrik::providers::{Provider, ReadError, RemoteObject};
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::applications;
use super::client::{Canned, Found, environments, projects, same, same_trouble, services};
use super::recorded::Exchange;

const MARK: &str = "fabrik r=0123456789abcdef0123456789abcdef s=app j=0123456789abcdef0123456789abcdef";

/// Asks what was asked, through the verb of the client that asks it, and compares.
pub async fn conclude(exchange: &Exchange) -> Found {
    match &exchange.parts()[..] {
        ["version"] => version(exchange).await,
        ["teams", "current"] => team(exchange).await,
        ["servers"] => servers(exchange).await,
        ["servers", id] => usable(exchange, id).await,
        ["servers", id, "domains"] => address(exchange, id).await,
        ["projects"] => project_list(exchange).await,
        ["projects", id] => project(exchange, id).await,
        ["projects", id, "environments"] => environment_list(exchange, id).await,
        ["projects", id, name] => environment(exchange, id, name).await,
        ["resources"] => residents(exchange).await,
        ["services"] => service_list(exchange).await,
        ["services", id] => service(exchange, id).await,
        ["services", id, "envs"] => rows(exchange, Resource::Service(id)).await,
        ["services", id, "logs"] => container(exchange, Resource::Service(id)).await,
        ["applications"] => applications::list(exchange).await,
        ["applications", id] => applications::one(exchange, id).await,
        ["applications", id, "envs"] => rows(exchange, Resource::Application(id)).await,
        ["applications", id, "logs"] => container(exchange, Resource::Application(id)).await,
        ["deployments", "applications", id] => applications::deployments(exchange, id).await,
        ["deployments", id] => applications::deployment(exchange, id).await,
        _ => Err("no verb of the client asks for it".to_owned()),
    }
}

/// Looks at an answer that should have been read, or at the trouble that should have come of it.
pub fn told<T>(exchange: &Exchange, result: Result<T, ReadError>, right: impl FnOnce(T) -> Found) -> Found {
    match result {
        Ok(told) if exchange.status == 200 || exchange.status == 404 => right(told),
        Ok(_) => Err("the client takes it for an answer".to_owned()),
        Err(trouble) => same_trouble(exchange, &trouble),
    }
}

async fn version(exchange: &Exchange) -> Found {
    let text = String::from_utf8(exchange.response().http.into_body()).expect("text");
    let version = Canned::of(&[exchange]).coolify().version().await;
    told(exchange, version, |version| same("the version", &version, &text))
}

async fn team(exchange: &Exchange) -> Found {
    let team = Canned::of(&[exchange]).coolify().team().await;
    told(exchange, team, |team| {
        same(
            "the team",
            &(json!(team.id.parse::<u64>().ok()), json!(team.name)),
            &pair(exchange, "id", "name"),
        )
    })
}

fn pair(exchange: &Exchange, first: &str, second: &str) -> (Value, Value) {
    (exchange.body[first].clone(), exchange.body[second].clone())
}

async fn servers(exchange: &Exchange) -> Found {
    let servers = Canned::of(&[exchange]).coolify().servers().await;
    told(exchange, servers, |servers| {
        let is: Vec<Value> = servers
            .iter()
            .map(|it| json!([it.uuid, it.name, it.usable, it.is_coolify_host, it.tunnelled, it.address]))
            .collect();
        let should = items(exchange).map(|it| {
            let usable = it["settings"]["is_reachable"] == true && it["settings"]["is_usable"] == true;
            let address = it["ip"].as_str().and_then(|ip| ip.parse::<Ipv4Addr>().ok());
            let tunnelled = &it["settings"]["is_cloudflare_tunnel"];
            json!([it["uuid"], it["name"], usable, it["is_coolify_host"], tunnelled, address])
        });
        same("the servers", &is, &should.collect())
    })
}

/// The items of a list that were kept whole in the recording.
pub fn items(exchange: &Exchange) -> impl Iterator<Item = &Value> {
    exchange.body.as_array().into_iter().flatten().filter(|item| item.get("_trimmed_items").is_none())
}

async fn usable(exchange: &Exchange, id: &str) -> Found {
    let usable = Canned::of(&[exchange]).coolify().is_usable(id).await;
    let settings = &exchange.body["settings"];
    let should = settings["is_reachable"] == true && settings["is_usable"] == true;
    // A server that the token does not see is not one that cannot be used.
    if exchange.status == 404 {
        return same("a server that is not seen", &matches!(usable, Err(ReadError::Elsewhere { .. })), &true);
    }
    told(exchange, usable, |usable| same("whether it can be used", &usable, &should))
}

async fn address(exchange: &Exchange, id: &str) -> Found {
    let address = Canned::of(&[exchange]).coolify().public_address(id).await;
    let should = items(exchange).find_map(|item| item["ip"].as_str()?.parse().ok());
    told(exchange, address, |address| same("the address", &address, &should))
}

async fn project_list(exchange: &Exchange) -> Found {
    let names: Vec<&str> = items(exchange).filter_map(|item| item["name"].as_str()).collect();
    for name in names.iter().chain(&["nobody"]) {
        let found = projects(Canned::of(&[exchange]).coolify(), name).find_by_key().await;
        told(exchange, found, |found| same(name, &ids(&found), &ids_of(exchange, "name", name)))?;
    }
    for at in 0..names.len() {
        let marked = marked_at(exchange, at);
        let found = projects(Canned::of(&[&marked]).coolify(), "any").find_by_tag(&tag()).await;
        told(exchange, found, |found| same("what is marked", &ids(&found), &vec![id_at(exchange, at)]))?;
    }
    Ok(())
}

/// The same list with our ownership tag in the description of one item.
pub fn marked_at(exchange: &Exchange, at: usize) -> Exchange {
    let mut body = exchange.body.clone();
    body[at]["description"] = json!(MARK);
    exchange.answering(body)
}

/// Our ownership tag.
pub fn tag() -> OwnershipTag {
    OwnershipTag::parse(MARK).expect("it is one")
}

/// The uuid of an item.
pub fn id_at(exchange: &Exchange, at: usize) -> String {
    exchange.body[at]["uuid"].as_str().expect("items have one").to_owned()
}

/// The uuids of objects.
pub fn ids(objects: &[RemoteObject]) -> Vec<String> {
    objects.iter().map(|object| object.id.clone()).collect()
}

fn ids_of(exchange: &Exchange, key: &str, value: &str) -> Vec<String> {
    let fitting = items(exchange).filter(|item| item[key] == value);
    fitting.filter_map(|item| item["uuid"].as_str().map(str::to_owned)).collect()
}

async fn project(exchange: &Exchange, id: &str) -> Found {
    let found = projects(Canned::of(&[exchange]).coolify(), "any").get(id).await;
    told(exchange, found, |found| named(exchange, found.as_ref()))
}

/// One object, or none where there was a 404.
pub fn named(exchange: &Exchange, found: Option<&RemoteObject>) -> Found {
    let is = found.map(|it| (it.id.as_str(), it.fields.get("name").map(String::as_str)));
    let should = exchange.body["uuid"].as_str().map(|uuid| (uuid, exchange.body["name"].as_str()));
    same("the object", &is, &should.filter(|_| exchange.status == 200))
}

async fn environment_list(exchange: &Exchange, project: &str) -> Found {
    for name in items(exchange).filter_map(|item| item["name"].as_str()).chain(["nobody"]) {
        let found = environments(Canned::of(&[exchange]).coolify(), project, name).find_by_key().await;
        told(exchange, found, |found| same(name, &ids(&found), &ids_of(exchange, "name", name)))?;
    }
    Ok(())
}

async fn environment(exchange: &Exchange, project: &str, name: &str) -> Found {
    let inside: Vec<&Value> = exchange
        .body
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, it)| it.as_array())
        .flatten()
        .collect();
    let [team, server] = control(exchange, 200);
    for app in inside.iter().filter_map(|item| item["name"].as_str()).chain(["nobody"]) {
        let canned = Canned::of(&[exchange, &team, &server]);
        let found = services(canned.coolify(), project, name, app).find_by_key().await;
        let named = inside.iter().filter(|item| item["name"] == app);
        let should: Vec<String> = named.filter_map(|item| item["uuid"].as_str().map(str::to_owned)).collect();
        told(exchange, found, |found| same(app, &ids(&found), &should))?;
    }
    if exchange.status != 404 {
        return Ok(());
    }
    let [team, unseen] = control(exchange, 404);
    let canned = Canned::of(&[exchange, &team, &unseen]);
    let found = services(canned.coolify(), project, name, "nobody").find_by_key().await;
    same("what another team's token sees", &matches!(found, Err(ReadError::Elsewhere { .. })), &true)
}

/// The control read beside which an absence counts: the token's team, and a server that it sees (200) or not (404).
fn control(exchange: &Exchange, status: u16) -> [Exchange; 2] {
    let team = exchange.answered(200, json!({"id": 0, "name": "Root Team"}));
    let server = exchange.answered(status, json!({"uuid": "server", "message": "Server not found."}));
    [team.at("/teams/current"), server.at("/servers/server")]
}

/// Who lives in each environment that the list names, asked beside a project that has it.
async fn residents(exchange: &Exchange) -> Found {
    let numbers = items(exchange).filter_map(|item| item["environment_id"].as_u64());
    for number in numbers.chain([0]) {
        let project = exchange
            .answering(json!({"uuid": "any", "environments": [{"id": number, "name": "production"}]}));
        let project = project.at("/projects/any");
        let found = Canned::of(&[exchange, &project]).coolify().environment_resources("any", None).await;
        let living = items(exchange).filter(|item| item["environment_id"] == number);
        let names: Vec<&str> = living.filter_map(|item| item["name"].as_str()).collect();
        told(exchange, found, |found| {
            let said = found.unwrap_or_default();
            same("whether somebody lives there", &!said.is_empty(), &!names.is_empty())?;
            let unnamed = names.iter().find(|name| !said.contains(**name));
            same("who is not named", &unnamed, &None)
        })?;
    }
    Ok(())
}

async fn service_list(exchange: &Exchange) -> Found {
    for at in 0..items(exchange).count() {
        let marked = marked_at(exchange, at);
        let found = services(Canned::of(&[&marked]).coolify(), "any", "any", "any").find_by_tag(&tag()).await;
        told(exchange, found, |found| same("what is marked", &ids(&found), &vec![id_at(exchange, at)]))?;
    }
    let found = services(Canned::of(&[exchange]).coolify(), "any", "any", "any").find_by_tag(&tag()).await;
    told(exchange, found, |found| same("what is marked as ours", &ids(&found), &Vec::new()))
}

async fn service(exchange: &Exchange, id: &str) -> Found {
    let canned = Canned::of(&[exchange]);
    let found = services(canned.coolify(), "any", "any", "any").get(id).await;
    told(exchange, found, |found| named(exchange, found.as_ref()))?;
    let status = canned.coolify().status(Resource::Service(id)).await;
    told(exchange, status, |status| {
        let should = exchange.body["status"].as_str().map(str::to_owned);
        same("the status", &status, &should.filter(|_| exchange.status == 200))
    })?;
    same("what was asked", &canned.heard(), &vec![format!("GET /api/v1{}", exchange.path); 2])?;
    url(exchange, id).await
}

/// The URL of its first part, which is renamed to what Fabrik calls its only one.
async fn url(exchange: &Exchange, id: &str) -> Found {
    let Some(url) = exchange.body["applications"][0]["fqdn"].as_str() else { return Ok(()) };
    let mut body = exchange.body.clone();
    body["applications"][0]["name"] = json!("app");
    let renamed = exchange.answering(body);
    let found = services(Canned::of(&[&renamed]).coolify(), "any", "any", "any").get(id).await;
    told(exchange, found, |found| {
        let is = found.as_ref().and_then(|it| it.fields.get("url")).map(String::as_str);
        same("the URL", &is, &Some(url))
    })
}

/// The rows, each with those of its name for previews.
async fn rows(exchange: &Exchange, of: Resource<'_>) -> Found {
    let found = Canned::of(&[exchange]).coolify().env_rows(of).await;
    let previews = |key: &Value| -> Vec<&Value> {
        let twins = items(exchange).filter(|item| item["is_preview"] == true && item["key"] == *key);
        twins.map(|item| &item["uuid"]).collect()
    };
    told(exchange, found, |rows| {
        let is: Vec<Value> = rows.iter().map(|row| json!([row.id, row.key, row.previews])).collect();
        let own = items(exchange).filter(|item| item["is_preview"] != true);
        let should = own.map(|item| json!([item["uuid"], item["key"], previews(&item["key"])]));
        same("the rows", &is, &should.collect())
    })
}

async fn container(exchange: &Exchange, of: Resource<'_>) -> Found {
    let found = Canned::of(&[exchange]).coolify().container(of, "web", 10).await;
    // The server could not be asked, which says nothing about the container.
    if exchange.status == 500 {
        let is_unknown = matches!(found, Ok(ContainerState::Unknown(_)));
        return same("whether the container is unknown", &is_unknown, &true);
    }
    let logs = exchange.body["logs"].as_str().unwrap_or_default().to_owned();
    told(exchange, found, |container| same("the container", &container, &ContainerState::Running(logs)))
}
