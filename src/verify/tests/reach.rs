//! How a site is asked, and what is said of answers that are not the wanted one.

use super::super::{Route, StatusSet, Target, VerifyError};
use super::ways::{along, edges, given, proxied};
use super::{Check, NEW, Request, Resolved, Sent, answer, is_health, known, look, release, target, well};
use crate::net::{BodyPrefix, QueryType, Question, ResolveError, SendError};

fn hint(outcome: &Result<super::Verified, VerifyError>) -> &str {
    match outcome {
        Err(VerifyError::TimedOut { hint: Some(hint), .. }) => hint,
        other => panic!("{other:?}"),
    }
}

fn tunnel() -> Route {
    Route::Tunnel { ranges: vec!["104.16.0.0/13".parse().expect("a range")] }
}

#[tokio::test]
async fn a_site_is_asked_as_a_browser_asks_and_the_truth_is_told_about_who_asks() {
    let asked = |_, request: &Request| {
        let header = |name: &str| request.http.headers()[name].to_str().expect("text").to_owned();
        let agent = header("user-agent");
        assert!(agent.starts_with("Mozilla/5.0 (compatible; fabrik/"), "{agent}");
        assert!(header("accept").contains("text/html") && header("accept").contains("*/*"));
        assert!(!header("accept-language").is_empty());
        assert!(request.http.extensions().get::<BodyPrefix>().is_some(), "a body is read to its end");
        release(NEW)
    };
    assert!(look(target(), known, asked).await.outcome.is_ok());
}

#[tokio::test]
async fn any_status_of_the_set_is_healthy_and_no_other() {
    let set: StatusSet = crate::spec::Spec::parse(
        std::path::Path::new("/nowhere/app.yaml"),
        "name: app\nimage: nginx:1.27\ndomain: a.example.com\nhealth: {status: [204, 301-399]}\n",
    )
    .expect("a good spec")
    .health
    .status;
    for (status, is_well) in [(204, true), (301, true), (399, true), (200, false), (300, false), (401, false)]
    {
        let site = move |_, request: &Request| {
            let status = if is_health(request) { status } else { 200 };
            answer(status, &[("x-fabrik-release", NEW)], "")
        };
        let seen = look(Target { status: set.clone(), ..target() }, known, site).await;
        assert_eq!(seen.outcome.is_ok(), is_well, "{status}");
        assert!(is_well || seen.says("waiting for 204 or 301-399"), "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_stays_another_one_names_the_key_that_would_count_it() {
    for (status, headers, words) in [
        (302, vec![("location", "/login")], "`health.status: 200-399`"),
        (308, vec![("location", "https://other.example.com/health")], "set `health.path`"),
        (401, vec![], "`health.status: [200, 401]`"),
        (403, vec![], "`health.status: [200, 403]`"),
        (404, vec![], "set `health.path`"),
        (204, vec![], "`health.status: 204`"),
    ] {
        let site = move |_, request: &Request| {
            if is_health(request) { answer(status, &headers, "no") } else { answer(200, &[], "") }
        };
        let seen = look(target(), known, site).await;
        assert!(seen.says(&format!("GET /health {status}")), "{status}");
        assert!(hint(&seen.outcome).contains(words), "{status}: {}", hint(&seen.outcome));
    }
}

#[tokio::test]
async fn an_edge_that_lets_no_robot_through_is_told_from_an_app_that_wants_a_login() {
    let challenge: &[(&str, &str)] = &[("cf-mitigated", "challenge")];
    for (headers, body, words) in [
        (&[][..], "error code: 1010", "Browser Integrity Check"),
        (&[][..], "error code: 1020", "a firewall rule"),
        (challenge, "Just a moment...", "challenges whoever asks"),
    ] {
        let site = move |_, request: &Request| {
            if is_health(request) { edges(403, headers, body) } else { edges(200, &[], "") }
        };
        let seen = along(Route::External, proxied, site).await;
        assert!(seen.says(words), "{words}: {:?}", seen.shown.last());
        assert!(hint(&seen.outcome).contains("let the health path through"), "{words}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_tunnel_is_told_apart_and_names_cloudflared() {
    let back = [("location", "https://blog.example.com/")];
    let cases = [
        (530, &[][..], "error code: 1033", "the tunnel is down", "`cloudflared tunnel list`"),
        (530, &[][..], "error code: 1016", "no such tunnel", "`cloudflared tunnel list`"),
        (
            502,
            &[][..],
            "Unable to reach the origin service",
            "cannot reach Coolify's proxy",
            "http://localhost:80",
        ),
        (302, &back[..], "", "redirects to itself: the tunnel asks over http", "must begin with http://"),
        (301, &back[..], "", "redirects to itself: the tunnel asks over http", "http://localhost:80"),
    ];
    for (status, headers, body, saw, advice) in cases {
        let (headers, body) = (headers.to_vec(), body.to_owned());
        let seen = along(tunnel(), proxied, move |_, _| edges(status, &headers, &body)).await;
        assert_eq!(seen.timed_out_at(), Some(Check::Http), "{saw}");
        assert!(seen.says(saw), "{saw}: {:?}", seen.shown.last());
        assert!(hint(&seen.outcome).contains(advice), "{saw}: {}", hint(&seen.outcome));
    }
}

#[tokio::test]
async fn a_circle_at_a_name_of_others_says_how_a_tunnel_is_written() {
    let back = |_, _: &Request| edges(302, &[("location", "https://blog.example.com/")], "");
    let seen = along(Route::External, proxied, back).await;
    assert!(hint(&seen.outcome).contains("`dns: {tunnel: TUNNEL-ID}`"), "{}", hint(&seen.outcome));
}

/// A name that others keep, as the name servers of its zone and this machine's resolver tell of it.
fn others(theirs: fn(u64) -> Resolved, local: fn(u64) -> Resolved) -> impl Fn(u64, &Question) -> Resolved {
    move |now, question| match (question.record_type, question.server.as_deref()) {
        (QueryType::Ns, None) if question.name == "example.com" => given("ns.dns.example.net"),
        (QueryType::A, Some("ns.dns.example.net")) => theirs(now),
        (QueryType::A, None) if question.name == "blog.example.com" => local(now),
        (QueryType::A, None) if question.name == "edge.example.net" => given("203.0.113.9"),
        _ => Err(ResolveError::Nothing),
    }
}

async fn external(zone: impl Fn(u64, &Question) -> Resolved + Send + Sync + 'static) -> super::Seen {
    along(Route::External, zone, well).await
}

#[tokio::test]
async fn a_name_that_others_keep_is_looked_up_where_its_zone_is_answered() {
    let seen = external(others(|_| given("203.0.113.7"), |_| Err(ResolveError::Nothing))).await;
    assert!(seen.outcome.is_ok());
    assert!(
        seen.says("203.0.113.7, by ns.dns.example.net; this machine's resolver still says no such record")
    );
    let late = |now: u64| if now < 10 { Err(ResolveError::Nothing) } else { given("203.0.113.7") };
    let seen = external(others(late, |_| Err(ResolveError::Nothing))).await;
    assert_eq!(seen.of(Check::Dns), [false, false, true]);
}

#[tokio::test]
async fn an_alias_into_another_zone_is_followed_from_its_own_name_server() {
    let zone = |now, question: &Question| match (question.record_type, question.server.as_deref()) {
        (QueryType::Cname, Some(_)) => given("edge.example.net"),
        _ => others(|_| Err(ResolveError::Nothing), |_| Err(ResolveError::Nothing))(now, question),
    };
    let seen = along(Route::External, zone, |_, request| {
        assert_eq!(request.connect_to.map(|place| place.to_string()), Some("203.0.113.9:443".to_owned()));
        release(NEW)
    });
    assert!(seen.await.outcome.is_ok());
}

#[tokio::test]
async fn a_name_of_a_local_network_or_behind_closed_port_53_is_believed_from_this_machines_resolver() {
    fn silent(_: u64) -> Resolved {
        Err(ResolveError::Unanswered("timed out".to_owned()))
    }
    fn ignorant(_: u64) -> Resolved {
        Err(ResolveError::Nothing)
    }
    for theirs in [ignorant as fn(u64) -> Resolved, silent] {
        let seen = external(others(theirs, |_| given("192.168.1.7"))).await;
        assert!(seen.outcome.is_ok() && seen.says("192.168.1.7, by this machine's resolver"));
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_says_who_is_to_set_it() {
    let seen = external(others(|_| Err(ResolveError::Nothing), |_| Err(ResolveError::Nothing))).await;
    assert_eq!(seen.timed_out_at(), Some(Check::Dns));
    assert!(hint(&seen.outcome).contains("`dns: external` leaves the record to somebody else"));
}

#[tokio::test]
async fn a_site_with_an_ipv6_address_only_is_dialled_there_and_told_so_where_that_fails() {
    fn six(_: u64, question: &Question) -> Resolved {
        match question.record_type {
            QueryType::Aaaa => given("2001:db8::7"),
            QueryType::A | QueryType::Cname | QueryType::Ns => Err(ResolveError::Nothing),
        }
    }
    fn site(reachable: bool) -> impl Fn(u64, &Request) -> Sent {
        move |_, request| {
            assert_eq!(request.connect_to.map(|it| it.to_string()), Some("[2001:db8::7]:443".to_owned()));
            if reachable {
                release(NEW)
            } else {
                Err(SendError::Refused { peer: "x".into(), reason: "no way".into() })
            }
        }
    }
    for way in [Route::External, Route::Straight(vec!["2001:db8::7".parse().expect("an address")])] {
        assert!(along(way.clone(), six, site(true)).await.outcome.is_ok());
        let seen = along(way, six, site(false)).await;
        assert!(hint(&seen.outcome).contains("2001:db8::7 only, an IPv6 address"), "{}", hint(&seen.outcome));
    }
}
