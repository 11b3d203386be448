//! The ways other than the straight one: through Cloudflare's edge, by an alias, to several addresses.

use std::sync::{Arc, Mutex};

use super::super::{Endless, Route, Target, verify};
use super::{
    Check, NEW, Ports, Request, Resolved, Seen, Sent, World, answer, is_health, release, target, well,
};
use crate::net::{Answer, Clock, QueryType, Question, ResolveError, SendError};

pub(super) async fn along(
    way: Route,
    zone: impl Fn(u64, &Question) -> Resolved + Send + Sync + 'static,
    site: impl Fn(u64, &Request) -> Sent + Send + Sync + 'static,
) -> Seen {
    let world = Arc::new(World { now: Mutex::default(), zone: Box::new(zone), site: Box::new(site) });
    let ports = Ports { transport: world.clone(), resolver: world.clone(), clock: world.clone() };
    let mut shown = Vec::new();
    let on = &mut |sighting: &super::Sighting| shown.push(sighting.clone());
    let target = Target { way, ..target() };
    let outcome = verify(&ports, &target, on, &mut Endless).await;
    Seen { outcome, shown, took: world.boot() }
}

fn edge(mode: Option<&str>) -> Route {
    let ranges = ["104.16.0.0/13", "2606:4700::/32"].map(|range| range.parse().expect("a range"));
    Route::Edge { ranges: ranges.to_vec(), mode: mode.map(str::to_owned) }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in for a zone that may not know")]
pub(super) fn given(value: &str) -> Resolved {
    Ok(vec![Answer { value: value.to_owned(), ttl: 300 }])
}

pub(super) fn proxied(_: u64, _: &Question) -> Resolved {
    given("104.21.7.7")
}

pub(super) fn edges(status: u16, headers: &[(&str, &str)], body: &str) -> Sent {
    answer(status, &[&[("server", "cloudflare"), ("cf-ray", "8c0f-FRA")], headers].concat(), body)
}

#[tokio::test]
async fn a_proxied_name_is_proven_at_an_address_of_the_edge() {
    let seen = along(edge(None), proxied, |_, request| {
        let door = request.connect_to.expect("it connects where the name servers say");
        assert_eq!(door.to_string(), "104.21.7.7:443");
        release(NEW)
    });
    let proven = seen.await.outcome.expect("all is well");
    assert_eq!(
        proven.checks[0].1,
        "Cloudflare's edge, by ns1.example.net and ns2.example.net; this machine's resolver too"
    );
}

#[tokio::test]
async fn a_proxied_name_that_still_shows_the_origin_is_waited_for() {
    let late = |now, _: &Question| given(if now < 10 { "203.0.113.7" } else { "104.21.7.7" });
    let seen = along(edge(None), late, well).await;
    assert_eq!(seen.of(Check::Dns), [false, false, true]);
    assert!(seen.says("203.0.113.7, by ns1.example.net; waiting for Cloudflare's edge"));
}

#[tokio::test]
async fn one_address_outside_the_edge_is_not_the_edge() {
    let both = |_, _: &Question| {
        let one = |value: &str| Answer { value: value.to_owned(), ttl: 300 };
        Ok(vec![one("104.21.7.7"), one("203.0.113.7")])
    };
    assert_eq!(along(edge(None), both, well).await.timed_out_at(), Some(Check::Dns));
}

#[tokio::test]
async fn an_edge_with_ipv6_only_is_the_edge_too() {
    let six = |_, question: &Question| match question.record_type {
        QueryType::Aaaa => given("2606:4700:3030::1"),
        QueryType::A | QueryType::Cname | QueryType::Ns => Err(ResolveError::Nothing),
    };
    assert!(along(edge(None), six, well).await.outcome.is_ok());
}

#[tokio::test]
async fn every_error_of_the_edge_says_what_to_do() {
    let cases = [
        (520, "", "see the app's log"),
        (521, "", "the server refuses Cloudflare"),
        (522, "", "cannot connect to the server"),
        (523, "", "no way to the server"),
        (524, "", "took longer"),
        (525, "", "is port 443 open there"),
        (526, "", "the zone is on Full (strict) and the server has no valid certificate yet"),
        (530, "error code: 1016", "target does not resolve"),
        (530, "error code: 1000", "an address of Cloudflare's own"),
        (530, "error code: 1033", "the tunnel is down: no cloudflared is connected"),
        (530, "error code: 1020", "an error of Cloudflare's own"),
    ];
    for (status, body, words) in cases {
        let seen = along(edge(None), proxied, move |_, _| edges(status, &[], body)).await;
        assert_eq!(seen.timed_out_at(), Some(Check::Http), "{status}");
        assert!(seen.says(words), "{status}: {:?}", seen.shown.last());
        let healthy_front = move |_, request: &Request| {
            if is_health(request) { edges(status, &[], body) } else { edges(200, &[], "") }
        };
        assert!(along(edge(None), proxied, healthy_front).await.says(words), "{status} at the health path");
    }
}

#[tokio::test]
async fn the_same_status_from_the_app_itself_is_left_to_the_app() {
    let seen = along(edge(None), proxied, |_, _| answer(526, &[], "mine")).await;
    assert!(seen.says("GET / 526: mine"));
}

#[tokio::test]
async fn a_redirect_to_itself_is_told_with_the_encryption_mode() {
    let circles = ["https://blog.example.com/", "http://blog.example.com/", "/"];
    for (mode, words) in [(Some("Flexible"), "encryption mode is Flexible"), (None, "may be Off or Flexible")]
    {
        for place in circles {
            let seen = along(edge(mode), proxied, move |_, _| edges(302, &[("location", place)], "")).await;
            assert_eq!(seen.timed_out_at(), Some(Check::Http), "{place}");
            assert!(seen.says(words), "{place}: {:?}", seen.shown.last());
        }
    }
}

#[tokio::test]
async fn a_redirect_elsewhere_is_no_circle() {
    let away = |_, request: &Request| {
        let login = [("location", "https://blog.example.com/login")];
        if is_health(request) { release(NEW) } else { edges(302, &login, "") }
    };
    assert!(along(edge(None), proxied, away).await.outcome.is_ok());
}

#[tokio::test]
async fn a_failed_handshake_with_the_edge_says_which_names_its_certificate_covers() {
    let bare = |_, _: &Request| {
        Err(SendError::Tls { peer: "x".into(), reason: "handshake failure".into(), certificate: None })
    };
    let seen = along(edge(None), proxied, bare).await;
    assert!(seen.says("pending: handshake failure; Cloudflare shows no certificate for this name"));
}

#[tokio::test]
async fn an_alias_is_proven_by_its_target_and_reached_there() {
    let zone = |_, question: &Question| match (question.name.as_str(), question.record_type) {
        ("blog.example.com", QueryType::Cname) => given("Origin.Example.NET."),
        ("origin.example.net", QueryType::A) => given("203.0.113.7"),
        _ => Err(ResolveError::Nothing),
    };
    let seen = along(Route::Alias("origin.example.net".to_owned()), zone, |_, request| {
        assert_eq!(request.connect_to.map(|door| door.to_string()), Some("203.0.113.7:443".to_owned()));
        release(NEW)
    });
    assert!(seen.await.outcome.is_ok());
}

#[tokio::test]
async fn a_flattened_alias_is_proven_by_an_address_of_its_target() {
    let zone = |_, question: &Question| match question.record_type {
        QueryType::A => given("203.0.113.7"),
        QueryType::Aaaa | QueryType::Cname | QueryType::Ns => Err(ResolveError::Nothing),
    };
    assert!(along(Route::Alias("origin.example.net".to_owned()), zone, well).await.outcome.is_ok());
}

#[tokio::test]
async fn an_alias_of_something_else_is_waited_for() {
    let zone = |_, question: &Question| match question.record_type {
        QueryType::Cname => given("other.example.net"),
        QueryType::A | QueryType::Aaaa | QueryType::Ns => given("203.0.113.7"),
    };
    let seen = along(Route::Alias("origin.example.net".to_owned()), zone, well).await;
    assert_eq!(seen.timed_out_at(), Some(Check::Dns));
    assert!(seen.says("other.example.net, by ns1.example.net; waiting for an alias of origin.example.net"));
}

#[tokio::test]
async fn addresses_of_both_kinds_must_both_be_there() {
    let both = Route::Straight(vec!["203.0.113.7".parse().expect("v4"), "2001:db8::7".parse().expect("v6")]);
    let zone = |now, question: &Question| match (question.record_type, now) {
        (QueryType::A, _) => given("203.0.113.7"),
        (QueryType::Aaaa, 10..) => given("2001:db8::7"),
        _ => Err(ResolveError::Nothing),
    };
    let seen = along(both, zone, well).await;
    assert_eq!(seen.of(Check::Dns), [false, false, true]);
}
