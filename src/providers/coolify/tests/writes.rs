//! What every write to Coolify has in common, whatever it is about.

use machine::id::{JournalId, RunId};
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{body, coolify, line};
use crate::net::Response;
use crate::providers::coolify::envs::Reach;
use crate::providers::coolify::lifecycle::ContainerState;
use crate::providers::coolify::storages::Mount;
use crate::providers::coolify::sub_resources::{StatusScope, SubResource, SubResourceKind};
use crate::providers::coolify::{AppSlot, Applications, Coolify, Environments, Projects, Resource, Services};
use crate::providers::outcome::{WriteOutcome, classify};
use crate::providers::request::RejectionSemantics;
use crate::providers::{Provider, ReadError, WriteRequest};
use crate::secrets::Secret;

fn tag() -> OwnershipTag {
    OwnershipTag { run: RunId::from_bits(1), step: Step::App, journal: JournalId::from_bits(2) }
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Attributes {
    fields.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn named() -> (String, String, String, String) {
    ("0".into(), "srv".into(), "prj".into(), "production".into())
}

pub(crate) fn slot(coolify: Coolify) -> AppSlot {
    let (team, server, project, environment) = named();
    AppSlot { coolify, team, server, project, environment, name: "api".into() }
}

fn services(coolify: Coolify) -> Services {
    Services { slot: slot(coolify), compose: "{\"services\": {}}".into(), main: "web".into() }
}

/// Every write that the client can prepare.
fn writes() -> Vec<WriteRequest> {
    let (team, server, project, environment) = named();
    let coolify = coolify([]);
    let service = services(coolify.clone());
    let of = |coolify: &Coolify| (coolify.clone(), team.clone(), server.clone());
    let (first, second) = (of(&coolify), of(&coolify));
    let projects = Projects { coolify: first.0, team: first.1, server: first.2, name: "shop".into() };
    let environments =
        Environments { coolify: second.0, team: second.1, server: second.2, project, name: environment };
    let applications = Applications { slot: slot(coolify.clone()) };
    let image = fields([("kind", "image"), ("image", "nginx:1"), ("url", "https://a.example.com")]);
    let git = fields([("kind", "git"), ("repository", "https://github.com/acme/api"), ("branch", "main")]);
    let url = fields([("url", "https://a.example.com:80")]);
    let resources: [(&dyn Provider, Attributes); 5] = [
        (&projects, fields([("name", "shop")])),
        (&environments, fields([("name", "production")])),
        (&service, url),
        (&applications, image),
        (&applications, git),
    ];
    let mut calls: Vec<WriteRequest> = Vec::new();
    for (provider, fields) in resources {
        calls.push(provider.create_request(&fields, &tag()));
        calls.push(provider.update_request("id", &fields));
        calls.push(provider.delete_request("id", VolumePolicy::Retain));
    }
    let value = Secret::new("v".to_owned());
    for resource in [Resource::Service("id"), Resource::Application("id")] {
        calls.push(coolify.deploy(resource));
        calls.push(coolify.stop(resource));
        calls.push(coolify.set_envs(resource, &[("KEY", &value, Reach::Build)]));
        calls.push(coolify.delete_env(resource, "row"));
    }
    calls.push(coolify.cancel("id"));
    calls.push(coolify.add_storage("id", &Mount { name: "data".into(), path: "/data".into() }));
    let part = SubResource {
        id: "part".into(),
        name: "old".into(),
        kind: SubResourceKind::Application,
        status: "exited".into(),
        url: "https://old.example.com".into(),
        silent: false,
        tag: None,
    };
    calls.extend(
        [StatusScope::Silenced, StatusScope::Woken, StatusScope::Unrouted]
            .map(|scope| coolify.change_part("id", &part, scope, &tag())),
    );
    calls
}

/// The body, where there is one.
fn sent(call: &WriteRequest) -> Option<Value> {
    (!call.request.http.body().is_empty()).then(|| body(call))
}

fn answered(call: &WriteRequest, status: u16) -> WriteOutcome {
    let body = json!({"message": "Validation failed.", "errors": ["no"]}).to_string().into_bytes();
    let http = http::Response::builder().status(status).body(body).unwrap();
    classify(Ok(Response { http, certificate: None }), call.refusal)
}

#[test]
fn no_action_is_asked_for_with_a_get() {
    for call in writes() {
        assert_ne!(call.redacted.method, "GET", "{}", line(&call));
    }
    let deploy = line(&coolify([]).deploy(Resource::Service("id")));
    assert_eq!(deploy, "POST /deploy?uuid=id");
}

#[test]
fn every_request_asks_for_json_and_no_body_goes_out_empty_or_unnamed() {
    for call in writes() {
        let headers = call.request.http.headers();
        assert_eq!(headers["accept"], "application/json", "{}", line(&call));
        let is_named = headers.get("content-type").is_some_and(|kind| kind == "application/json");
        let said = sent(&call);
        assert_eq!(is_named, said.is_some(), "{}", line(&call));
        let is_full = |said: &Value| said.as_object().is_some_and(|it| !it.is_empty());
        assert!(said.as_ref().is_none_or(is_full), "{}: {said:?}", line(&call));
    }
}

#[test]
fn no_body_has_a_key_called_uuid_that_would_replace_the_one_in_the_path() {
    for call in writes() {
        let said = sent(&call).unwrap_or_default();
        assert!(said.get("uuid").is_none(), "{}: {said}", line(&call));
        let is_named = line(&call).contains("?uuid=") || line(&call).contains("&uuid=");
        assert_eq!(is_named, line(&call).starts_with("POST /deploy?"), "{}", line(&call));
    }
}

#[test]
fn nothing_takes_a_domain_by_force_and_nothing_is_deployed_on_the_side() {
    for call in writes() {
        let said = sent(&call).unwrap_or_default();
        assert!(said.get("force_domain_override").is_none(), "{}", line(&call));
        assert!(!line(&call).contains("force"), "{}", line(&call));
        let creates =
            line(&call).starts_with("POST /services") || line(&call).starts_with("POST /applications/");
        if creates && said.get("name").is_some() && said.get("mount_path").is_none() {
            assert_eq!(said["instant_deploy"], json!(false), "{}", line(&call));
        }
    }
}

#[test]
fn no_stop_and_no_deletion_cleans_the_whole_server() {
    let mut told = 0;
    for call in writes() {
        let line = line(&call);
        let is_app = line.contains("/services/id") || line.contains("/applications/id");
        let takes_down = line.starts_with("DELETE") && !line.contains("/envs/") || line.contains("/stop");
        if is_app && takes_down {
            assert!(line.contains("docker_cleanup=false"), "{line}");
            told += 1;
        }
    }
    assert_eq!(told, 5, "stops and deletions of services and applications");
}

#[test]
fn a_refused_change_of_a_service_or_of_variables_may_have_been_done_in_part() {
    let mut partial = Vec::new();
    for call in writes() {
        match (call.refusal, answered(&call, 422)) {
            (RejectionSemantics::Partial, WriteOutcome::Partial(_)) => partial.push(line(&call)),
            (RejectionSemantics::Atomic | RejectionSemantics::Plain, WriteOutcome::Refused(_)) => {}
            (_, other) => panic!("{}: {other:?}", line(&call)),
        }
    }
    partial.dedup();
    let of = |path: &str| format!("PATCH {path}");
    let expected =
        ["/services/id", "/applications/id", "/services/id/envs/bulk", "/applications/id/envs/bulk"].map(of);
    assert_eq!(partial, expected);
}

#[test]
fn a_changed_service_is_sent_only_what_a_change_may_carry() {
    let change = services(coolify([])).update_request("id", &fields([("url", "")]));
    assert_eq!(line(&change), "PATCH /services/id");
    let text = "eyJzZXJ2aWNlcyI6IHt9fQ==";
    let expected = json!({"docker_compose_raw": text, "urls": [{"name": "web", "url": null}]});
    assert_eq!(body(&change), expected, "an empty URL is a null one");
}

#[tokio::test]
async fn what_coolify_dumps_of_a_compose_text_is_not_compared_with_what_was_sent() {
    let shown = |raw: &str| {
        json!({"uuid": "id", "name": "api", "description": tag().to_string(), "compose_parsing_version": "5",
            "docker_compose_raw": raw, "applications": [{"name": "web", "fqdn": "https://a.example.com:80"}]})
    };
    let object = async |raw: &str| {
        services(coolify([("/services/id", 200, shown(raw))])).get("id").await.unwrap().unwrap()
    };
    let (one, other) = (object("services: {  }\n").await, object("services:\n  web: {  }\n").await);
    assert_eq!(one, other);
    assert_eq!(one.fields["url"], "https://a.example.com:80");
}

#[tokio::test]
async fn our_own_service_is_found_wherever_it_stands_in_a_list_that_has_no_order() {
    let theirs = json!({"uuid": "theirs", "name": "api", "description": ""});
    let ours = json!({"uuid": "ours", "name": "api", "description": tag().to_string(), "new": {"key": null}});
    for list in [json!([ours, theirs]), json!([theirs, ours]), json!({"1": theirs, "0": ours})] {
        let found = services(coolify([("/services", 200, list)])).find_by_tag(&tag()).await.unwrap();
        assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["ours"]);
    }
}

#[tokio::test]
async fn a_database_that_no_environment_lists_still_lives_in_it() {
    let project = json!({"uuid": "prj", "environments": [{"id": 7, "name": "production"}]});
    let hidden = json!([{"uuid": "k", "name": "cache", "type": "standalone-keydb", "environment_id": 7},
        {"uuid": "e", "name": "elsewhere", "type": "service", "environment_id": 8}]);
    let coolify = coolify([("/projects/prj", 200, project), ("/resources", 200, hidden)]);
    let residents = coolify.environment_resources("prj", Some("production")).await.unwrap();
    assert_eq!(residents.as_deref(), Some("others are in it: cache"));
    assert_eq!(coolify.environment_resources("prj", Some("staging")).await, Ok(None));
}

#[tokio::test]
async fn a_container_that_has_said_nothing_runs_and_a_server_that_cannot_be_asked_says_nothing_of_it() {
    let path = "/services/id/logs?sub_service_name=web&lines=10&show_timestamps=true";
    let probe = async |status: u16, answer: Value| {
        let version = ("/version", 200, json!("4.3.11"));
        coolify([version, (path, status, answer)])
            .container(Resource::Service("id"), "web", 10)
            .await
            .unwrap()
    };
    assert_eq!(probe(200, json!({"logs": ""})).await, ContainerState::Running(String::new()));
    assert_eq!(probe(404, json!({"message": "Container not found."})).await, ContainerState::None);
    assert_eq!(probe(400, json!({"message": "Container is not running."})).await, ContainerState::Stopped);
    let unknown = probe(500, json!({"message": "Server Error"})).await;
    assert!(matches!(unknown, ContainerState::Unknown(_)), "{unknown:?}");
}

#[tokio::test]
async fn a_server_is_usable_only_if_all_that_coolify_wants_of_it_holds_wherever_that_stands() {
    let settings = |more: Value| {
        let mut settings = json!({"is_reachable": true, "is_usable": true});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"uuid": "srv", "settings": settings})
    };
    for (more, usable) in [
        (json!({}), true),
        (json!({"is_reachable": false}), false),
        (json!({"is_usable": false}), false),
        (json!({"force_disabled": true}), false),
        (json!({"is_build_server": true}), false),
    ] {
        let coolify = coolify([("/servers/srv", 200, settings(more.clone()))]);
        assert_eq!(coolify.is_usable("srv").await, Ok(usable), "{more}");
    }
    let unseen = coolify([]).is_usable("srv").await;
    assert!(matches!(unseen, Err(ReadError::Elsewhere { .. })), "{unseen:?}");
}

#[tokio::test]
async fn traefik_stands_in_front_of_a_server_only_if_coolify_says_so() {
    for (proxy, has) in [
        (json!({"type": "TRAEFIK", "status": "running"}), true),
        (json!({"type": "CADDY"}), false),
        (json!({"type": "NONE"}), false),
        (json!({"redirect_enabled": true}), false),
        (Value::Null, false),
    ] {
        let coolify = coolify([("/servers/srv", 200, json!({"uuid": "srv", "proxy": proxy}))]);
        assert_eq!(coolify.has_traefik("srv").await, Ok(has), "{proxy}");
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_not_taken_for_the_servers() {
    for ip in ["host.docker.internal", "1.2.3.4", "0.0.0.0", "::", "10.0.0.7"] {
        let list = json!([{"uuid": "srv", "name": "one", "ip": ip, "settings": {}}]);
        let servers = coolify([("/servers", 200, list)]).servers().await.unwrap();
        assert_eq!(servers[0].address, None, "{ip}");
    }
}
