//! What each recorded answer to a read of applications and their deployments says, read off its body by hand.
//!
//! Where the recording kept only some keys of a body, only those are compared.

use fabrik::providers::coolify::deployments::{DeploymentRecord, Status};
use fabrik::providers::coolify::{Applications, Resource};
use fabrik::providers::{Provider, ReadError, RemoteObject};
use serde_json::{Value, json};

use super::client::{Canned, Found, applications, same};
use super::reads::{id_at, ids, items, marked_at, named, tag, told};
use super::recorded::Exchange;

fn any(exchange: &Exchange) -> Applications {
    applications(Canned::of(&[exchange]).coolify(), "any", "any", "any")
}

/// Each that has our ownership tag is found by it, and none otherwise.
pub async fn list(exchange: &Exchange) -> Found {
    for at in 0..items(exchange).count() {
        let found = any(&marked_at(exchange, at)).find_by_tag(&tag()).await;
        told(exchange, found, |found| {
            same("what is marked", &ids(&found), &vec![id_at(exchange, at)])?;
            found.iter().try_for_each(|object| described(object, &exchange.body[at]))
        })?;
    }
    let found = any(exchange).find_by_tag(&tag()).await;
    told(exchange, found, |found| same("what is marked as ours", &ids(&found), &Vec::new()))
}

/// One, and its status.
pub async fn one(exchange: &Exchange, id: &str) -> Found {
    let found = any(exchange).get(id).await;
    told(exchange, found, |found| {
        named(exchange, found.as_ref())?;
        found.map_or(Ok(()), |object| described(&object, &exchange.body))
    })?;
    let status = Canned::of(&[exchange]).coolify().status(Resource::Application(id)).await;
    told(exchange, status, |status| {
        let should = exchange.body["status"].as_str().map(str::to_owned);
        same("the status", &status, &should.filter(|_| exchange.status == 200))
    })
}

/// What it runs and where, of one from an image.
fn described(object: &RemoteObject, item: &Value) -> Found {
    if item["build_pack"] != "dockerimage" {
        return Ok(());
    }
    let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let image = format!("{}:{}", text("docker_registry_image_name"), text("docker_registry_image_tag"));
    for (field, should) in [
        ("kind", "image".to_owned()),
        ("image", image),
        ("url", text("fqdn")),
        ("port", text("ports_exposes")),
        ("health_path", text("health_check_path")),
        ("memory", text("limits_memory")),
        ("cpu", text("limits_cpus")),
    ] {
        same(field, &object.fields.get(field).cloned().unwrap_or_default(), &should)?;
    }
    Ok(())
}

/// One deployment.
pub async fn deployment(exchange: &Exchange, uuid: &str) -> Found {
    let found = Canned::of(&[exchange]).coolify().deployment(uuid).await;
    told(exchange, found, |found| match found {
        Some(found) => recorded(&found, &exchange.body),
        None => same("whether it is there", &false, &(exchange.status == 200)),
    })
}

/// The deployments of an application.
pub async fn deployments(exchange: &Exchange, application: &str) -> Found {
    let found = Canned::of(&[exchange]).coolify().deployments(application).await;
    if exchange.body["_reduced"] == true {
        let is_refused = matches!(found, Err(ReadError::Unintelligible { .. }));
        return same("whether a body without a list is taken for an empty one", &is_refused, &true);
    }
    // Asked for one of two: a list that shows fewer than it counts is not believed to be all of it.
    if exchange.query.contains("take=1") && !exchange.query.contains("take=10") {
        let is_refused = matches!(found, Err(ReadError::Unintelligible { .. }));
        return same("whether a cut list is taken for a whole one", &is_refused, &true);
    }
    told(exchange, found, |found| {
        let items = exchange.body["deployments"].as_array().cloned().unwrap_or_default();
        same("how many", &found.len(), &items.len())?;
        found.iter().zip(&items).try_for_each(|(deployment, item)| recorded(deployment, item))
    })
}

fn recorded(deployment: &DeploymentRecord, item: &Value) -> Found {
    let is = json!([deployment.uuid, deployment.number]);
    same("which", &is, &json!([item["deployment_uuid"], item["id"]]))?;
    let should = match item["status"].as_str().unwrap_or_default() {
        "queued" => Status::Queued,
        "in_progress" => Status::InProgress,
        "finished" => Status::Finished,
        "failed" => Status::Failed,
        "cancelled-by-user" => Status::Cancelled,
        other => return Err(format!("nobody wrote down what {other} means")),
    };
    same("how far", &deployment.status, &should)?;
    same("whether the API asked for it", &deployment.by_api, &(item["is_api"] != false))?;
    let is_cut = item["logs"].as_str().is_some_and(|text| text.contains("…[trimmed"));
    if is_cut { Ok(()) } else { same("its log", &deployment.log, &log(item)) }
}

/// The lines for people; none where there is no log at all.
fn log(item: &Value) -> Option<Vec<String>> {
    let text = item.get("logs")?.as_str().unwrap_or("[]");
    let entries: Vec<Value> = serde_json::from_str(text).expect("a whole log is JSON");
    let shown = entries.iter().filter(|entry| entry["hidden"] == false);
    Some(
        shown
            .flat_map(|entry| entry["output"].as_str().unwrap_or_default().lines())
            .map(str::to_owned)
            .collect(),
    )
}
