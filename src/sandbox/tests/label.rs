//! Labels of a service that set response headers: who answers them, and since when.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Caller, compose};
use crate::sandbox::{Fault, ProxyKind};

const LABEL: &str = "traefik.http.middlewares.fabrik-1.headers.customresponseheaders.X-Fabrik-Release";

fn labelled(service: &str, value: &str) -> Value {
    let mut compose = compose();
    compose["services"][service]["labels"] = json!({LABEL: value});
    compose
}

/// A blog at `url` whose text is `compose`, deployed.
async fn blog(compose: &Value, url: &str) -> (Caller, String) {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, compose);
    body["urls"] = json!([{"name": "web", "url": url}]);
    let made = caller.coolify("POST", "/services", Some(body)).await;
    let uuid = made.body["uuid"].as_str().expect("a service has a uuid").to_owned();
    caller.point("blog.example.com").await;
    deploy(&caller, &uuid).await;
    (caller, uuid)
}

async fn deploy(caller: &Caller, uuid: &str) {
    assert_eq!(caller.coolify("POST", &format!("/deploy?uuid={uuid}"), None).await.status, 200);
    caller.sleep(60).await;
}

async fn change(caller: &Caller, uuid: &str, compose: &Value) {
    let body = json!({"docker_compose_raw": STANDARD.encode(compose.to_string())});
    let path = format!("/services/{uuid}");
    assert_eq!(caller.coolify("PATCH", &path, Some(body)).await.status, 200);
}

async fn header(caller: &Caller, url: &str) -> Option<String> {
    let response = caller.get(url).await.expect("the site answers").http;
    Some(response.headers().get("x-fabrik-release")?.to_str().expect("it is text").to_owned())
}

const HTTPS: &str = "https://blog.example.com/health";

#[tokio::test]
async fn traefik_answers_what_the_label_of_the_routed_container_says_and_no_other_proxy_does() {
    let (caller, _) = blog(&labelled("web", "1234e567"), "https://blog.example.com:80").await;
    assert_eq!(header(&caller, HTTPS).await.as_deref(), Some("1234e567"));
    assert_eq!(header(&caller, "http://blog.example.com/").await, None, "it only redirects");
    for proxy in [ProxyKind::Caddy, ProxyKind::None] {
        caller.change(|world| world.server.proxy = proxy);
        assert_eq!(header(&caller, HTTPS).await, None, "{proxy:?}");
    }
    let (caller, _) = blog(&labelled("web", "1"), "http://blog.example.com:80").await;
    assert_eq!(header(&caller, "http://blog.example.com/").await.as_deref(), Some("1"));
    let (caller, _) = blog(&labelled("db", "1"), "https://blog.example.com:80").await;
    assert_eq!(header(&caller, HTTPS).await, None, "its sibling has it");
}

#[tokio::test]
async fn a_label_is_fixed_when_its_container_starts_and_stays_where_the_next_one_has_no_image() {
    let (caller, uuid) = blog(&labelled("web", "1"), "https://blog.example.com:80").await;
    change(&caller, &uuid, &labelled("web", "2")).await;
    assert_eq!(header(&caller, HTTPS).await.as_deref(), Some("1"), "the text alone changes nothing");
    for fault in [Fault::Build, Fault::MissingImage] {
        caller.change(|world| world.arm(fault, None));
        deploy(&caller, &uuid).await;
        assert_eq!(header(&caller, HTTPS).await.as_deref(), Some("1"), "{fault:?}");
        let shown = caller.coolify("GET", &format!("/services/{uuid}"), None).await.body;
        let text = shown["docker_compose_raw"].as_str().expect("the token may see it");
        assert!(text.contains(r#"customresponseheaders.X-Fabrik-Release": "2""#), "{text}");
        assert_eq!(shown["status"], "running:unknown", "{fault:?}");
    }
    deploy(&caller, &uuid).await;
    assert_eq!(header(&caller, HTTPS).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_container_that_ends_again_and_again_has_no_log_and_no_route() {
    let (caller, uuid) = blog(&labelled("web", "1"), "https://blog.example.com:80").await;
    let logs = format!("/services/{uuid}/logs?sub_service_name=web");
    caller.change(|world| world.arm(Fault::CrashLoop, None));
    deploy(&caller, &uuid).await;
    let told = caller.coolify("GET", &logs, None).await;
    assert_eq!((told.status, &told.body["message"]), (400, &json!("Container is not running.")));
    assert_eq!(caller.status(&uuid).await, "degraded:unhealthy");
    assert_eq!(caller.get(HTTPS).await.expect("the proxy answers").http.status(), 404);
    caller.change(|world| world.arm(Fault::NeverStarts, None));
    deploy(&caller, &uuid).await;
    assert_eq!(caller.coolify("GET", &logs, None).await.status, 404);
    caller.change(|world| world.arm(Fault::WrongPort, None));
    deploy(&caller, &uuid).await;
    assert_eq!(caller.coolify("GET", &logs, None).await.status, 200);
    assert_eq!(caller.get(HTTPS).await.expect("the proxy answers").http.status(), 502);
}

#[tokio::test]
async fn only_the_single_reading_of_a_server_tells_its_proxy() {
    let caller = Caller::new();
    let uuid = caller.sandbox.world().server.uuid;
    for (proxy, word) in
        [(ProxyKind::Traefik, "TRAEFIK"), (ProxyKind::Caddy, "CADDY"), (ProxyKind::None, "NONE")]
    {
        caller.change(|world| world.server.proxy = proxy);
        let one = caller.coolify("GET", &format!("/servers/{uuid}"), None).await.body;
        let all = caller.coolify("GET", "/servers", None).await.body;
        assert_eq!((&one["proxy"]["type"], &all[0]["proxy"]["type"]), (&json!(word), &Value::Null));
    }
}
