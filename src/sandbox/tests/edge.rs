//! Zones in every state, the name servers' answers for them, and the edge in front of a site.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Caller, record};
use crate::net::{QueryType, Question, SendError};
use crate::sandbox::records::SimZone;
use crate::sandbox::{Quirk, Setup};
use crate::spec::StatusSet;
use crate::verify::{Endless, Route, Target, Verified, VerifyError, verify};

/// A blog that runs behind the edge, in a zone set up by `set_up`.
async fn blog(set_up: impl FnOnce(&mut Setup)) -> Caller {
    let caller = Caller::new();
    caller.change(|world| set_up(&mut world.zone("example.com").expect("two labels").setup));
    let uuid = caller.service().await;
    proxy(&caller, "blog", "203.0.113.10").await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    caller
}

async fn proxy(caller: &Caller, name: &str, content: &str) {
    let body = json!({"type": "A", "name": name, "content": content, "proxied": true});
    assert_eq!(caller.cloudflare("POST", &caller.records().await, Some(body)).await.status, 200);
}

async fn add(caller: &Caller, kind: &str, name: &str, content: &str) {
    let made = caller.cloudflare("POST", &caller.records().await, Some(record(kind, name, content))).await;
    assert_eq!(made.status, 200, "{made:?}");
}

async fn ask(caller: &Caller, name: &str, record_type: QueryType) -> Vec<String> {
    let question = Question { name: name.to_owned(), record_type, server: None };
    let answers = caller.ports.resolver.ask(&question).await.unwrap_or_default();
    answers.into_iter().map(|answer| answer.value).collect()
}

async fn front(caller: &Caller, url: &str) -> (u16, String) {
    let response = caller.get(url).await.expect("the edge answers").http;
    assert_eq!(response.headers()["server"], "cloudflare");
    assert!(response.headers().contains_key("cf-ray"));
    let place =
        response.headers().get("location").map(|place| place.to_str().expect("it is text").to_owned());
    (response.status().as_u16(), place.unwrap_or_default())
}

async fn proven(caller: &Caller, mode: &str) -> Result<Verified, VerifyError> {
    let ips = caller.cloudflare("GET", "/ips", None).await;
    let ranges = ips.body["result"]["ipv4_cidrs"].as_array().expect("a list").iter();
    let ranges = ranges.map(|range| range.as_str().expect("text").parse().expect("a range")).collect();
    let way = Route::Edge { ranges, mode: Some(mode.to_owned()) };
    let target = Target {
        host: "blog.example.com".to_owned(),
        way,
        name_servers: vec!["ns1.sandbox.fabrik".to_owned()],
        health_path: "/health".to_owned(),
        status: StatusSet::only(200),
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(60),
        successes: 3,
        fingerprint: Some(crate::verify::Fingerprint::Header("x-fabrik-release".to_owned())),
        release: "r1".to_owned(),
        connect_to: None,
    };
    verify(&caller.ports, &target, &mut |_| {}, &mut Endless).await
}

#[tokio::test]
async fn an_app_behind_the_edge_is_proven_through_it() {
    let caller = blog(|setup| setup.ssl = "strict".into()).await;
    let proven = proven(&caller, "Full (strict)").await.expect("all is well");
    assert!(proven.checks[1].1.contains("Fabrik Sandbox Edge CA"), "{proven:?}");
}

#[tokio::test]
async fn flexible_redirects_in_a_circle_and_off_does_over_two_schemes() {
    let here = "https://blog.example.com/";
    let flexible = blog(|setup| setup.ssl = "flexible".into()).await;
    assert_eq!(front(&flexible, here).await, (302, here.to_owned()));
    let error = proven(&flexible, "Flexible").await.expect_err("it never answers");
    assert!(
        error.to_string().contains("redirects to itself: the zone's encryption mode is Flexible"),
        "{error}"
    );
    let off = blog(|setup| setup.ssl = "off".into()).await;
    assert_eq!(front(&off, here).await, (301, "http://blog.example.com/".to_owned()));
    assert_eq!(front(&off, "http://blog.example.com/").await, (302, here.to_owned()));
}

#[tokio::test]
async fn strict_wants_a_certificate_at_the_origin_and_full_does_not() {
    for (ssl, status) in [("strict", 526), ("full", 200)] {
        let caller = blog(|setup| setup.ssl = ssl.into()).await;
        caller.change(|world| world.certificates.clear());
        assert_eq!(front(&caller, "https://blog.example.com/").await.0, status, "{ssl}");
    }
}

#[tokio::test]
async fn the_edge_says_when_the_origin_is_not_there_or_its_name_is_unknown() {
    let caller = blog(|_| {}).await;
    proxy(&caller, "lost", "198.51.100.9").await;
    let alias = json!({"type": "CNAME", "name": "gone", "content": "nowhere.example.net", "proxied": true});
    caller.cloudflare("POST", &caller.records().await, Some(alias)).await;
    caller.sleep(1).await;
    assert_eq!(front(&caller, "https://lost.example.com/").await.0, 522);
    assert_eq!(front(&caller, "https://gone.example.com/").await.0, 530);
}

#[tokio::test]
async fn the_edges_certificate_covers_the_zone_and_one_label() {
    let caller = blog(|_| {}).await;
    proxy(&caller, "a.blog", "203.0.113.10").await;
    caller.sleep(1).await;
    let shown = caller.get("https://blog.example.com/").await.expect("it answers").certificate;
    assert_eq!(shown.expect("over TLS").names, ["example.com", "*.example.com"]);
    let deep = caller.get("https://a.blog.example.com/").await;
    assert!(matches!(deep, Err(SendError::Tls { .. })), "{deep:?}");
}

#[tokio::test]
async fn a_pending_or_paused_zone_shows_the_origin_of_a_proxied_record() {
    let pending: fn(&mut Setup) = |setup| setup.status = "pending".into();
    let paused: fn(&mut Setup) = |setup| setup.paused = true;
    for set_up in [pending, paused] {
        let caller = blog(set_up).await;
        assert_eq!(ask(&caller, "blog.example.com", QueryType::A).await, ["203.0.113.10"]);
        let response = caller.get("https://blog.example.com/").await.expect("it answers");
        assert!(!response.http.headers().contains_key("cf-ray"));
    }
}

#[tokio::test]
async fn an_alias_is_followed_and_flattened_at_the_apex() {
    let caller = Caller::new();
    add(&caller, "A", "origin", "203.0.113.10").await;
    add(&caller, "AAAA", "origin", "2001:DB8::10").await;
    add(&caller, "CNAME", "www", "origin.example.com").await;
    add(&caller, "CNAME", "@", "origin.example.com").await;
    caller.sleep(1).await;
    for (name, alias) in [("www.example.com", vec!["origin.example.com"]), ("example.com", vec![])] {
        assert_eq!(ask(&caller, name, QueryType::A).await, ["203.0.113.10"]);
        assert_eq!(ask(&caller, name, QueryType::Aaaa).await, ["2001:db8::10"]);
        assert_eq!(ask(&caller, name, QueryType::Cname).await, alias);
    }
}

#[tokio::test]
async fn a_proxied_name_has_addresses_of_both_kinds_and_no_alias() {
    let caller = Caller::new();
    let alias = json!({"type": "CNAME", "name": "blog", "content": "other.example.net", "proxied": true});
    caller.cloudflare("POST", &caller.records().await, Some(alias)).await;
    caller.sleep(1).await;
    assert_eq!(ask(&caller, "blog.example.com", QueryType::A).await.len(), 2);
    assert_eq!(ask(&caller, "blog.example.com", QueryType::Aaaa).await.len(), 1);
    assert_eq!(ask(&caller, "blog.example.com", QueryType::Cname).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_wildcard_answers_only_where_nothing_is_at_the_name_or_below_it() {
    let caller = Caller::new();
    add(&caller, "A", "*", "203.0.113.1").await;
    add(&caller, "TXT", "a.blog", "hello").await;
    caller.sleep(1).await;
    for (name, answered) in
        [("shop", true), ("b.shop", true), ("blog", false), ("a.blog", false), ("b.blog", false)]
    {
        let answers = ask(&caller, &format!("{name}.example.com"), QueryType::A).await;
        assert_eq!(!answers.is_empty(), answered, "{name}");
    }
}

#[tokio::test]
async fn a_record_below_a_delegation_is_taken_and_never_answered() {
    let caller = Caller::new();
    let path = caller.records().await;
    add(&caller, "NS", "team", "ns.example.net").await;
    add(&caller, "A", "blog.team", "203.0.113.10").await;
    caller.sleep(1).await;
    assert_eq!(ask(&caller, "blog.team.example.com", QueryType::A).await, Vec::<String>::new());
    assert_eq!(ask(&caller, "team.example.com", QueryType::Ns).await, ["ns.example.net"]);
    for (query, status, count) in [
        ("shadowing_name=blog.team.example.com", 200, json!(1)),
        ("shadowing_name=blog.example.com", 200, json!(0)),
        ("shadowing_name=example.com", 400, Value::Null),
        ("shadowed_by_name=team.example.com", 400, Value::Null),
    ] {
        let list = caller.cloudflare("GET", &format!("{path}?{query}"), None).await;
        assert_eq!((list.status, &list.body["result_info"]["count"]), (status, &count), "{query}");
    }
    let beside = caller.cloudflare("POST", &path, Some(record("A", "team", "203.0.113.1"))).await;
    assert_eq!(beside.body["errors"][0]["code"], 81056);
}

#[tokio::test]
async fn a_zone_may_be_unknown_doubled_pending_unicode_or_without_name_servers() {
    let caller = Caller::new();
    caller.change(|world| {
        world.zone("example.org").expect("two labels").setup.status = "pending".into();
        world.zone("example.net").expect("two labels").setup.hides_servers = true;
        let mut double = SimZone::at("example.net");
        double.id = "d".repeat(32);
        double.setup.account = "Other".into();
        world.zones.push(double);
    });
    let list = async |name: &str| {
        caller.cloudflare("GET", &format!("/zones?name={name}"), None).await.body["result"].clone()
    };
    assert_eq!(list("a.example.com").await, json!([]));
    assert_eq!(list("example.org").await[0]["status"], "pending");
    let doubled = list("example.net").await;
    assert_eq!(doubled.as_array().map(Vec::len), Some(2));
    assert!(doubled[0].get("name_servers").is_none());
    assert_eq!(list("xn--bcher-kva.example").await[0]["name"], "bücher.example");
    caller.change(|world| world.cloudflare.quirks.extend([Quirk::UnicodeNames]));
    assert_eq!(list("xn--bcher-kva.example").await, json!([]));
    assert_eq!(list("b%C3%BCcher.example").await[0]["name"], "bücher.example");
}

#[tokio::test]
async fn a_limited_token_sees_an_empty_list_and_may_not_list_everything() {
    let caller = Caller::new();
    let elsewhere = caller.records().await;
    caller.change(|world| world.cloudflare.scope = Some(vec!["example.org".into()]));
    let empty = caller.cloudflare("GET", "/zones?name=example.com", None).await;
    assert_eq!((&empty.body["success"], &empty.body["result"]), (&json!(true), &json!([])));
    let all = caller.cloudflare("GET", "/zones", None).await;
    assert_eq!((all.status, &all.body["errors"][0]["code"]), (403, &json!(0)));
    let records = caller.cloudflare("GET", &elsewhere, None).await;
    assert_eq!((records.status, &records.body["errors"][0]["code"]), (403, &json!(10000)));
}

#[tokio::test]
async fn an_accounts_token_is_not_verified_at_the_users_address() {
    let caller = Caller::new();
    caller.change(|world| world.cloudflare.quirks.extend([Quirk::AccountToken]));
    let users = caller.cloudflare("GET", "/user/tokens/verify", None).await;
    assert_eq!((users.status, &users.body["errors"][0]["code"]), (401, &json!(1000)));
    let accounts =
        caller.cloudflare("GET", &format!("/accounts/{}/tokens/verify", "a".repeat(32)), None).await;
    assert_eq!(accounts.body["result"]["status"], "active");
}

#[tokio::test]
async fn turning_away_may_last_five_minutes_and_use_either_code() {
    let caller = Caller::new();
    for (code, retry_after) in [(971, Some(7)), (10429, None)] {
        caller.change(|world| {
            world.cloudflare.throttle_code = code;
            world.cloudflare.penalty_ms = 300_000;
            world.at_request = Some((1, crate::sandbox::RequestFault::TooMany { retry_after }));
        });
        let first = caller.cloudflare("GET", "/zones", None).await;
        assert_eq!(first.headers.contains_key("retry-after"), retry_after.is_some());
        caller.sleep(299).await;
        let later = caller.cloudflare("GET", "/zones", None).await;
        assert_eq!((later.status, &later.body["errors"][0]["code"]), (429, &json!(code)));
        caller.sleep(1).await;
        assert_eq!(caller.cloudflare("GET", "/zones", None).await.status, 200);
    }
}

#[tokio::test]
async fn a_good_token_may_be_refused_once_and_a_gateway_answers_in_html() {
    let caller = Caller::new();
    caller.change(|world| world.cloudflare.refusals = 1);
    let statuses =
        [caller.cloudflare("GET", "/zones", None).await, caller.cloudflare("GET", "/zones", None).await];
    assert_eq!(statuses.map(|heard| heard.status), [403, 200]);
    caller.change(|world| world.at_request = Some((1, crate::sandbox::RequestFault::Gateway)));
    let gateway = caller.cloudflare("GET", "/zones", None).await;
    assert!(gateway.status == 502 && gateway.body.as_str().is_some_and(|body| body.starts_with("<html>")));
}

#[tokio::test]
async fn a_record_that_a_product_keeps_is_listed_and_not_changed() {
    let caller = Caller::new();
    let made = caller.point("blog.example.com").await;
    let id = made.body["result"]["id"].as_str().expect("it has an id").to_owned();
    caller.change(|world| {
        world.records[0].read_only = true;
        world.cloudflare.quirks.insert(Quirk::OddRecords);
    });
    let one = format!("{}/{id}", caller.records().await);
    let shown = &caller.cloudflare("GET", &one, None).await.body["result"];
    assert_eq!(
        (&shown["meta"]["read_only"], &shown["comment"], &shown["tags"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert!(shown.get("settings").is_none() && shown.get("tomorrow").is_some());
    let changed = caller.cloudflare("PATCH", &one, Some(json!({"ttl": 600}))).await;
    let deleted = caller.cloudflare("DELETE", &one, None).await;
    assert_eq!((changed.status, deleted.status), (400, 400));
}

#[tokio::test]
async fn usage_and_encryption_mode_are_told_where_the_token_may_know() {
    let caller = Caller::new();
    caller.point("blog.example.com").await;
    let records = caller.records().await;
    let (usage, ssl) = (format!("{records}/usage"), records.replace("dns_records", "settings/ssl"));
    let told = caller.cloudflare("GET", &usage, None).await;
    assert_eq!(told.body["result"], json!({"record_quota": 200, "record_usage": 1}));
    assert_eq!(caller.cloudflare("GET", &ssl, None).await.body["result"]["value"], "full");
    caller.change(|world| world.cloudflare.quirks = [Quirk::QuotaHidden, Quirk::SettingsHidden].into());
    assert_eq!(caller.cloudflare("GET", &usage, None).await.body["result"]["record_quota"], Value::Null);
    assert_eq!(caller.cloudflare("GET", &ssl, None).await.status, 403);
}

#[tokio::test]
async fn an_address_of_cloudflares_own_is_no_content() {
    let caller = Caller::new();
    for (kind, content) in [("A", "104.21.7.7"), ("AAAA", "2606:4700::1")] {
        let made =
            caller.cloudflare("POST", &caller.records().await, Some(record(kind, "blog", content))).await;
        assert_eq!(made.status, 400, "{content}");
    }
}
