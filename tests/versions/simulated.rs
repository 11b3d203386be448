//! The sandbox as an older Coolify: each difference on both sides of the version that brought it.

use std::time::Duration;

use fabrik::net::Request;
use fabrik::sandbox::world::SimToken;
use fabrik::sandbox::{COOLIFY, Sandbox};
use serde_json::{Value, json};

use super::be;

/// A call, and what is answered to it before a version and from it on.
type Difference = (&'static str, &'static str, &'static str, u16, u16);

const NO_BODY: Value = Value::Null;

async fn asked(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let http = http::Request::builder()
        .method(method)
        .uri(format!("https://{COOLIFY}/api/v1{path}"))
        .header("authorization", "Bearer 1|token")
        .header("content-type", "application/json")
        .body(if body.is_null() { Vec::new() } else { body.to_string().into_bytes() })
        .unwrap();
    let request = Request { http, timeout: Duration::from_secs(30), connect_to: None };
    let response = sandbox.ports().transport.send(request).await.unwrap().http;
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn before(version: &str) -> &'static str {
    match version {
        "4.1.0" => "4.0.0",
        "4.1.2" => "4.1.1",
        "4.2.0" => "4.1.2",
        "4.3.0" => "4.2.9",
        other => panic!("what comes before {other}?"),
    }
}

#[tokio::test]
async fn a_call_is_there_from_its_version_on_and_not_before() {
    let differences: [Difference; 10] = [
        ("4.2.0", "GET", "/services/none/logs", 404, 404),
        ("4.2.0", "GET", "/services/none/applications", 404, 404),
        ("4.2.0", "GET", "/services/none/databases", 404, 404),
        ("4.2.0", "GET", "/services/none/applications/none", 404, 404),
        ("4.2.0", "PATCH", "/services/none/applications/none", 404, 400),
        ("4.2.0", "GET", "/deploy", 200, 405),
        ("4.2.0", "GET", "/services/none/start", 200, 405),
        ("4.3.0", "GET", "/team", 404, 200),
        ("4.3.0", "PATCH", "/projects/none/environments/none", 404, 400),
        ("4.1.0", "POST", "/applications/dockercompose", 400, 404),
    ];
    for (version, method, path, older, newer) in differences {
        let sandbox = Sandbox::in_memory(1);
        for (version, status) in [(before(version), older), (version, newer)] {
            be(&sandbox, version);
            let (answered, body) = asked(&sandbox, method, path, &NO_BODY).await;
            assert_eq!(answered, status, "{method} {path} at {version}: {body}");
        }
    }
}

#[tokio::test]
async fn a_call_that_a_version_does_not_have_is_answered_as_an_unknown_path_is() {
    let sandbox = Sandbox::in_memory(1);
    for (version, has_docs) in [("4.1.2", true), ("4.2.0", false)] {
        be(&sandbox, version);
        let (status, body) = asked(&sandbox, "GET", "/services/none/logs", &NO_BODY).await;
        assert_eq!((status, body["docs"].is_string()), (404, has_docs), "{version}: {body}");
    }
}

#[tokio::test]
async fn an_application_must_name_its_ports_before_4_1_2() {
    let sandbox = Sandbox::in_memory(1);
    for (version, status) in [("4.1.1", 422), ("4.1.2", 201)] {
        be(&sandbox, version);
        let (_, project) = asked(&sandbox, "POST", "/projects", &json!({"name": "shop"})).await;
        let body = json!({
            "project_uuid": project["uuid"], "environment_name": "production",
            "server_uuid": sandbox.world().server.uuid, "docker_registry_image_name": "nginx:1.27",
        });
        let (answered, said) = asked(&sandbox, "POST", "/applications/dockerimage", &body).await;
        assert_eq!(answered, status, "{version}: {said}");
    }
}

#[tokio::test]
async fn the_token_of_a_plain_member_is_let_in_before_4_1_2() {
    let sandbox = Sandbox::in_memory(1);
    sandbox.with_world(|world| world.coolify.token = SimToken::OfMember).unwrap();
    for (version, status) in [("4.1.1", 200), ("4.1.2", 403)] {
        be(&sandbox, version);
        assert_eq!(asked(&sandbox, "GET", "/servers", &NO_BODY).await.0, status, "{version}");
    }
}
