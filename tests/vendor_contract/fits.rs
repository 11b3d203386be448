//! Every request that the client can send and every answer that the sandbox can give, held against the vendors'
//! schemas.

use machine::phase::VolumePolicy;
use std::sync::Arc;
use std::time::Duration;

use fabrik::net::{Ports, Request};
use fabrik::providers::cloudflare::Records;
use fabrik::providers::coolify::Resource;
use fabrik::providers::coolify::envs::Reach;
use fabrik::providers::coolify::storages::Mount;
use fabrik::providers::{Cloudflare, Coolify, Provider};
use fabrik::sandbox::{CLOUDFLARE, COOLIFY, Fault, Sandbox};
use fabrik::secrets::Secret;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::checked::{Held, Inspector};
use super::client::{applications, environments, projects, services};
use super::cycles::{self, process};
use super::differences::{DIFFERENCES, Difference};
use super::endpoints::{ENDPOINTS, Spoken, UNRECORDED, fits};
use super::recorded::{exchanges, say};
use super::schemas::{Misfits, clients};
use super::story::Stage;
use crate::crash_safety::scenario::{Scenario, options};

#[tokio::test]
async fn all_that_is_sent_and_answered_fits_the_vendors_schemas() {
    let (Some(clients), Some(exchanges)) = (clients(), exchanges()) else { return };
    let inspector = Inspector::new(clients);
    main_job(&inspector).await;
    cycles::all(&inspector).await;
    verbs(&inspector);
    reads(&inspector).await;
    cloudflare(&inspector).await;
    let mut stage = Stage::through(&|ports| inspector.over(ports, Held::Answers));
    for exchange in &exchanges {
        stage.live(exchange).await;
    }
    let seen = inspector.seen();
    let named: Misfits = DIFFERENCES.iter().flat_map(Difference::lines).collect();
    let unexplained: Vec<&String> = seen.misfits.difference(&named).collect();
    let idle: Vec<&String> = named.difference(&seen.misfits).collect();
    say(&format!(
        "schemas: {} requests and {} answers held against them, {} named differences, {} unexplained",
        seen.requests,
        seen.answers,
        named.len(),
        unexplained.len(),
    ));
    assert!(unexplained.is_empty(), "nobody explained:\n{unexplained:#?}");
    assert!(idle.is_empty(), "named, but never seen:\n{idle:#?}");
    for endpoint in ENDPOINTS.iter().chain(UNRECORDED).filter(|it| it.spoken == Spoken::Both) {
        let is_it = |sent: &String| {
            let (method, path) = sent.split_once(' ').expect("two words");
            method == endpoint.method && fits(endpoint.shape, path.strip_prefix("/api/v1").unwrap_or(path))
        };
        assert!(seen.own.iter().any(is_it), "the client's {endpoint:?} was not looked at");
    }
}

/// Apply, update, updates that fail, and the way back, as a person would.
async fn main_job(inspector: &Arc<Inspector>) {
    let scenario = Scenario::new(1);
    let apply = async || process(&scenario, inspector).apply(scenario.spec(), &options()).await;
    apply().await;
    scenario.edit("second");
    scenario.respec("port: 8000", "port: 8000\ndns: {ttl: 300}");
    apply().await;
    for fault in [Fault::Build, Fault::Health] {
        scenario.edit(fault.name());
        scenario.respec("COLOUR: blue", "COLOUR: blue, MORE: more");
        scenario.sandbox.with_world(|world| world.arm(fault, Some(1))).unwrap();
        apply().await;
        scenario.respec("COLOUR: blue, MORE: more", "COLOUR: blue");
    }
    while let Some(run) = scenario.finished().await.pop() {
        process(&scenario, inspector).roll_back(&run, &options()).await;
    }
    let world = scenario.sandbox.world();
    assert!(world.records.iter().all(|record| record.name != "blog.example.com"), "it was not taken down");
}

/// Every write that the client can prepare, whether or not the main job has need of it.
fn verbs(inspector: &Inspector) {
    let ports = Sandbox::in_memory(1).ports();
    let coolify = || Coolify::new(ports.clone(), &format!("https://{COOLIFY}"), Secret::new("1|token"));
    let url = format!("https://{CLOUDFLARE}/client/v4");
    let cloudflare = Cloudflare::new(ports.clone(), &url, Secret::new("token"));
    let records =
        Records { cloudflare, zone: "z".repeat(32), name: "blog.example.com".into(), step: Step::Dns(0) };
    let tag =
        OwnershipTag::parse(&format!("fabrik r={0} s=app j={0}", "0123456789abcdef".repeat(2))).unwrap();
    let fields = |pairs: &[(&str, &str)]| -> Attributes {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let record = [("type", "A"), ("name", "blog.example.com"), ("content", "203.0.113.10"), ("ttl", "1")];
    let application = |fields: &[(&str, &str)]| -> Attributes {
        let common = [("url", "https://a.example.com"), ("port", "80"), ("memory", "512M"), ("cpu", "1")];
        fields.iter().chain(&common).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let git = ("repository", "https://github.com/acme/blog");
    let app = || -> Box<dyn Provider> { Box::new(applications(coolify(), "p", "staging", "blog")) };
    let resources: [(Box<dyn Provider>, Attributes); 8] = [
        (Box::new(records), fields(&record)),
        (Box::new(projects(coolify(), "shop")), fields(&[("name", "shop")])),
        (Box::new(environments(coolify(), "p", "staging")), fields(&[("name", "staging")])),
        (
            Box::new(services(coolify(), "p", "staging", "blog")),
            fields(&[("name", "blog"), ("url", "https://a.example.com:80")]),
        ),
        (app(), application(&[("kind", "image"), ("image", "ghcr.io/acme/blog:1.0")])),
        (app(), application(&[("kind", "git"), git, ("branch", "main")])),
        (app(), application(&[("kind", "git"), git, ("branch", "main"), ("deploy_key", "key")])),
        (app(), application(&[("kind", "git"), git, ("branch", "main"), ("github_app", "app")])),
    ];
    for (provider, fields) in &resources {
        inspector.request(&provider.create_request(fields, &tag).request.http);
        inspector.request(&provider.update_request("id", fields).request.http);
        inspector.request(&provider.delete_request("id", VolumePolicy::Retain).request.http);
    }
    let secret = Secret::new("it's\nlong");
    for resource in [Resource::Service("id"), Resource::Application("id")] {
        inspector.request(&coolify().deploy(resource).request.http);
        inspector.request(&coolify().stop(resource).request.http);
        inspector.request(&coolify().delete_env(resource, "row").request.http);
        inspector.request(&coolify().set_envs(resource, &[("KEY", &secret, Reach::Build)]).request.http);
    }
    inspector.request(&coolify().cancel("id").request.http);
    let data = Mount { name: "data".to_owned(), path: "/data".to_owned() };
    inspector.request(&coolify().add_storage("id", &data).request.http);
}

/// The reads that the main job has no need of where the server's address is public.
async fn reads(inspector: &Arc<Inspector>) {
    let ports = inspector.over(&Sandbox::in_memory(3).ports(), Held::Both);
    let coolify = Coolify::new(ports, &format!("https://{COOLIFY}"), Secret::new("1|token"));
    let servers = coolify.servers().await.expect("the sandbox has one");
    let address = coolify.public_address(&servers[0].uuid).await;
    assert_eq!(address, Ok(None), "nothing is deployed there");
}

/// What Cloudflare refuses, and the answers that the main job has no need of.
async fn cloudflare(inspector: &Arc<Inspector>) {
    let sandbox = Sandbox::in_memory(2);
    let ports = inspector.over(&sandbox.ports(), Held::Answers);
    let zones = ask(&ports, "GET", "/zones?name=example.com", None).await;
    let zone = format!("/zones/{}", zones["result"][0]["id"].as_str().expect("a zone"));
    let records = format!("{zone}/dns_records");
    let record = |content: &str| json!({"type": "A", "name": "a.example.com", "content": content, "ttl": 1});
    let made = ask(&ports, "POST", &records, Some(record("203.0.113.10"))).await;
    let one = format!("{records}/{}", made["result"]["id"].as_str().expect("a record"));
    for (method, path, body) in [
        ("GET", zone.as_str(), None),
        ("GET", "/zones?name=nowhere", None),
        ("GET", "/zones/00000000000000000000000000000000", None),
        ("GET", "/ips", None),
        ("GET", "/user/tokens/verify", None),
        ("POST", &records, Some(record("203.0.113.10"))),
        ("POST", &records, Some(record("nonsense"))),
        (
            "POST",
            &records,
            Some(json!({"type": "CNAME", "name": "a.example.com", "content": "b.example.com"})),
        ),
        ("POST", &records, Some(json!({}))),
        ("GET", &records, None),
        ("GET", &one, None),
        ("PATCH", &one, Some(json!({"ttl": 300}))),
        ("PATCH", &one, Some(json!({"content": "nonsense"}))),
        ("PUT", &one, Some(record("203.0.113.11"))),
        ("DELETE", &one, None),
        ("DELETE", &one, None),
        ("GET", &one, None),
    ] {
        ask(&ports, method, path, body).await;
    }
    sandbox.with_world(|world| world.arm(Fault::TooMany, Some(1))).unwrap();
    ask(&ports, "GET", &records, None).await;
    sandbox.with_world(|world| world.arm(Fault::ErrorAfterWrite, Some(1))).unwrap();
    ask(&ports, "POST", &records, Some(record("203.0.113.12"))).await;
}

async fn ask(ports: &Ports, method: &str, path: &str, body: Option<Value>) -> Value {
    let http = http::Request::builder()
        .method(method)
        .uri(format!("https://{CLOUDFLARE}/client/v4{path}"))
        .header("authorization", "Bearer token")
        .header("content-type", "application/json")
        .body(body.map_or_else(Vec::new, |body| body.to_string().into_bytes()))
        .expect("a plain request");
    let request = Request { http, timeout: Duration::from_secs(10), connect_to: None };
    let answer = ports.transport.send(request).await.expect("the sandbox answers").http;
    serde_json::from_slice(answer.body()).unwrap_or_default()
}
