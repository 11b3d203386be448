//! The edge as others see it: who is let in, tunnels, names that others keep, IPv6.

use std::time::Duration;

use serde_json::json;

use super::Caller;
use crate::net::{Request, Response, SendError};
use crate::sandbox::Fault;
use crate::sandbox::world::Tunnel;

const ID: &str = "6ff42ae2-765d-4adf-8112-31c55c1551ef";

/// A blog behind a tunnel, whose domain Coolify has with this scheme.
async fn tunnelled(scheme: &str) -> Caller {
    let caller = Caller::new();
    let uuid = caller.service().await;
    caller.change(|world| {
        for part in world.services.iter_mut().flat_map(|service| &mut service.parts) {
            part.fqdn = part.fqdn.as_ref().map(|urls| urls.replace("https://", &format!("{scheme}://")));
        }
    });
    let body = json!({"type": "CNAME", "name": "blog", "content": format!("{ID}.cfargotunnel.com"), "proxied": true});
    assert_eq!(caller.cloudflare("POST", &caller.records().await, Some(body)).await.status, 200);
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    caller
}

async fn front(caller: &Caller) -> (u16, String, String) {
    let response = caller.get("https://blog.example.com/").await.expect("the edge answers").http;
    assert_eq!(response.headers()["server"], "cloudflare");
    let place = response.headers().get("location").map(|it| it.to_str().expect("text").to_owned());
    let body = String::from_utf8_lossy(response.body()).into_owned();
    (response.status().as_u16(), place.unwrap_or_default(), body)
}

#[tokio::test]
async fn a_tunnel_asks_over_http_and_an_https_domain_is_sent_in_a_circle() {
    assert_eq!(front(&tunnelled("http").await).await.0, 200);
    let (status, place, _) = front(&tunnelled("https").await).await;
    assert_eq!((status, place.as_str()), (302, "https://blog.example.com/"));
}

#[tokio::test]
async fn each_state_of_a_tunnel_is_answered_as_its_own() {
    let caller = tunnelled("http").await;
    for (state, status, words) in [
        (Tunnel::Down, 530, "error code: 1033"),
        (Tunnel::Unknown, 530, "error code: 1016"),
        (Tunnel::Astray, 502, "origin service"),
        (Tunnel::Up, 200, ""),
    ] {
        caller.change(|world| {
            world.tunnels.insert(ID.to_owned(), state);
        });
        let (found, _, body) = front(&caller).await;
        assert_eq!(found, status, "{state:?}");
        assert!(body.contains(words), "{state:?}: {body}");
    }
    caller.change(|world| world.arm(Fault::TunnelDown, Some(2)));
    let statuses = [front(&caller).await.0, front(&caller).await.0, front(&caller).await.0];
    assert_eq!(statuses, [530, 530, 200]);
}

#[tokio::test]
async fn the_name_of_a_tunnel_has_no_address_where_it_is_not_proxied() {
    let caller = Caller::new();
    let body = json!({"type": "CNAME", "name": "blog", "content": format!("{ID}.cfargotunnel.com"), "proxied": false});
    caller.cloudflare("POST", &caller.records().await, Some(body)).await;
    caller.sleep(2).await;
    assert!(caller.resolve("blog.example.com", None).await.is_err());
}

async fn asked_by(caller: &Caller, agent: Option<&str>) -> Result<Response, SendError> {
    let http = http::Request::get("https://blog.example.com/");
    let http = agent.into_iter().fold(http, |http, agent| http.header("user-agent", agent));
    let http = http.body(Vec::new()).expect("a plain request");
    caller.ports.transport.send(Request { http, timeout: Duration::from_secs(10), connect_to: None }).await
}

#[tokio::test]
async fn whoever_does_not_say_who_asks_is_refused_at_the_edge_and_nowhere_else() {
    let caller = tunnelled("http").await;
    for agent in [None, Some(""), Some("  ")] {
        let refused = asked_by(&caller, agent).await.expect("an answer").http;
        assert_eq!(refused.status(), 403, "{agent:?}");
        assert!(String::from_utf8_lossy(refused.body()).contains("error code: 1010"));
    }
    assert_eq!(asked_by(&caller, Some("curl/8")).await.expect("an answer").http.status(), 200);
    let direct = Caller::new();
    let uuid = direct.service().await;
    direct.point("blog.example.com").await;
    direct.deploy(&uuid, "r1").await;
    direct.sleep(60).await;
    assert_eq!(asked_by(&direct, None).await.expect("an answer").http.status(), 200);
}

#[tokio::test]
async fn somebody_elses_wildcard_leads_every_name_without_a_record_to_the_server() {
    let caller = Caller::new();
    caller.sandbox.stranger_record_to("*.example.com", "server").expect("it is kept");
    let uuid = caller.service().await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    assert_eq!(caller.get("https://blog.example.com/").await.expect("it answers").http.status(), 200);
}

#[tokio::test]
async fn a_server_with_an_ipv6_address_is_reached_there_by_those_who_can() {
    let caller = Caller::new();
    caller.change(|world| world.server.ipv6 = Some("2001:db8::10".into()));
    caller.sandbox.stranger_record_to("blog.example.com", "2001:DB8::10").expect("it is kept");
    let uuid = caller.service().await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    assert_eq!(caller.get("https://blog.example.com/").await.expect("it answers").http.status(), 200);
    caller.change(|world| world.lacks_ipv6 = true);
    let refused = caller.get("https://blog.example.com/").await;
    assert!(
        matches!(&refused, Err(SendError::Refused { reason, .. }) if reason.contains("IPv6")),
        "{refused:?}"
    );
}
