//! What is proof and what is not, on a clock that only moves when somebody waits.

mod reach;
mod ways;

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use std::net::Ipv4Addr;

use super::{
    Check, Duration, Endless, Fingerprint, GiveUp, GiveUpPolicy, Ports, Proof, Route, Sighting, SocketAddr,
    StatusSet, Target, Verified, VerifyError, async_trait, verify,
};
use crate::net::{
    Answer, Certificate, Clock, Pinned, Question, Request, ResolveError, Resolver, Response, SendError,
    Transport,
};

const OLD: &str = "0197000000007000800000000000000a";
const NEW: &str = "0197000000007000800000000000000b";
const SECOND: Duration = Duration::from_secs(1);

type Resolved = Result<Vec<Answer>, ResolveError>;
type Sent = Result<Response, SendError>;
type Zone = Box<dyn Fn(u64, &Question) -> Resolved + Send + Sync>;
type Site = Box<dyn Fn(u64, &Request) -> Sent + Send + Sync>;

/// A simulated outside: what it answers depends on the time (in seconds) alone.
struct World {
    now: Mutex<Duration>,
    zone: Zone,
    site: Site,
}

impl World {
    fn seconds(&self) -> u64 {
        self.now.lock().expect("no test panics while it holds the clock").as_secs()
    }
}

#[async_trait]
impl Clock for World {
    fn wall(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn boot(&self) -> Duration {
        *self.now.lock().expect("no test panics while it holds the clock")
    }

    async fn sleep(&self, duration: Duration) {
        *self.now.lock().expect("no test panics while it holds the clock") += duration;
    }
}

#[async_trait]
impl Resolver for World {
    async fn ask(&self, question: &Question) -> Resolved {
        (self.zone)(self.seconds(), question)
    }
}

#[async_trait]
impl Transport for World {
    async fn send(&self, request: Request) -> Sent {
        (self.site)(self.seconds(), &request)
    }
}

fn target() -> Target {
    Target {
        host: "blog.example.com".to_owned(),
        way: Route::Straight(vec![Ipv4Addr::new(203, 0, 113, 7).into()]),
        name_servers: vec!["ns1.example.net".to_owned(), "ns2.example.net".to_owned()],
        health_path: "/health".to_owned(),
        status: StatusSet::only(200),
        interval: 5 * SECOND,
        timeout: 300 * SECOND,
        successes: 3,
        fingerprint: Some(Fingerprint::Header("X-Fabrik-Release".to_owned())),
        release: NEW.to_owned(),
        connect_to: None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in for a zone that may not know")]
fn known(_: u64, _: &Question) -> Resolved {
    Ok(vec![Answer { value: "203.0.113.7".to_owned(), ttl: 60 }])
}

fn certificate(name: &str, days: i64) -> Certificate {
    let day = |days: i64| Timestamp::from_second(days * 86_400).expect("a day near 1970");
    Certificate {
        names: vec![name.to_owned()],
        issuer: "Honest CA".to_owned(),
        not_before: day(-1),
        not_after: day(days),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in for a site that may not answer")]
fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Sent {
    let mut http = ::http::Response::builder().status(status);
    for (name, value) in headers {
        http = http.header(*name, *value);
    }
    let http = http.body(body.as_bytes().to_vec()).expect("the test's own headers are good");
    Ok(Response { http, certificate: Some(certificate("*.example.com", 89)) })
}

fn release(id: &str) -> Sent {
    answer(200, &[("X-Fabrik-Release", id)], "")
}

fn well(_: u64, _: &Request) -> Sent {
    release(NEW)
}

fn is_health(request: &Request) -> bool {
    request.http.uri().path() == "/health"
}

/// What came of it, all that was shown, and how many seconds it took.
struct Seen {
    outcome: Result<Verified, VerifyError>,
    shown: Vec<Sighting>,
    took: Duration,
}

impl Seen {
    fn of(&self, check: Check) -> Vec<bool> {
        self.shown.iter().filter(|s| s.check == check).map(|s| s.seen == super::Seen::Well).collect()
    }

    fn says(&self, text: &str) -> bool {
        self.shown.iter().any(|sighting| sighting.saw.contains(text))
    }

    fn timed_out_at(&self) -> Option<Check> {
        match &self.outcome {
            Err(VerifyError::TimedOut { check, .. }) => Some(*check),
            Ok(_) | Err(VerifyError::Hopeless { .. } | VerifyError::Cancelled { .. }) => None,
        }
    }
}

async fn look(
    target: Target,
    zone: impl Fn(u64, &Question) -> Resolved + Send + Sync + 'static,
    site: impl Fn(u64, &Request) -> Sent + Send + Sync + 'static,
) -> Seen {
    look_with(&mut Endless, target, zone, site).await
}

async fn look_with(
    patience: &mut dyn GiveUpPolicy,
    target: Target,
    zone: impl Fn(u64, &Question) -> Resolved + Send + Sync + 'static,
    site: impl Fn(u64, &Request) -> Sent + Send + Sync + 'static,
) -> Seen {
    let world = Arc::new(World { now: Mutex::default(), zone: Box::new(zone), site: Box::new(site) });
    let ports = Ports { transport: world.clone(), resolver: world.clone(), clock: world.clone() };
    let mut shown = Vec::new();
    let outcome = verify(&ports, &target, &mut |sighting| shown.push(sighting.clone()), patience).await;
    Seen { outcome, shown, took: world.boot() }
}

#[tokio::test]
async fn a_well_app_is_proven_by_its_fingerprint_in_the_time_the_successes_need() {
    let seen = look(target(), known, well).await;
    let proven = seen.outcome.expect("everything is well");
    assert_eq!(proven.proof, Proof::Fingerprint);
    let checks: Vec<_> = proven.checks.iter().map(|(check, saw)| format!("{check}: {saw}")).collect();
    assert_eq!(
        checks,
        [
            "dns: 203.0.113.7, by ns1.example.net and ns2.example.net; this machine's resolver too",
            "tls: 89 days, issued by Honest CA",
            "http: GET / 200",
            "health: GET /health 200 ×3, release 0000000b",
        ]
    );
    assert_eq!(seen.took, 2 * SECOND);
}

#[tokio::test]
async fn every_attempt_is_shown_with_its_number() {
    let late = |now, _: &Request| if now < 10 { answer(503, &[], "starting") } else { release(NEW) };
    let seen = look(target(), known, late).await;
    let http: Vec<_> = seen.shown.iter().filter(|s| s.check == Check::Http).collect();
    assert_eq!(http.iter().map(|s| s.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(http[0].saw, "GET / 503: starting");
    assert!(seen.outcome.is_ok());
}

#[tokio::test]
async fn without_a_fingerprint_nothing_is_proof() {
    let anonymous = Target { fingerprint: None, ..target() };
    let seen = look(anonymous, known, |_, _| answer(200, &[], "")).await;
    let proven = seen.outcome.expect("it answers");
    assert_eq!(proven.proof, Proof::None);
    assert_eq!(proven.checks[3].1, "GET /health 200 ×3");
}

#[tokio::test]
async fn the_old_version_answering_200_is_never_proof() {
    let seen = look(target(), known, |_, _| release(OLD)).await;
    assert_eq!(seen.timed_out_at(), Some(Check::Health));
    assert!(seen.says("release 0000000a: the old version still answers"));
}

#[tokio::test]
async fn an_answer_without_any_release_is_never_proof() {
    for place in [Fingerprint::Header("X-Other".to_owned()), Fingerprint::Json("release".to_owned())] {
        let seen = look(Target { fingerprint: Some(place), ..target() }, known, well).await;
        assert_eq!(seen.timed_out_at(), Some(Check::Health));
        assert!(seen.says("but no release in"));
    }
}

#[tokio::test]
async fn the_new_version_is_awaited_while_the_old_one_answers() {
    let seen = look(target(), known, |now, _| release(if now < 60 { OLD } else { NEW })).await;
    assert!(seen.outcome.is_ok());
    assert_eq!(seen.took, 62 * SECOND);
}

#[tokio::test]
async fn a_release_in_the_json_body_is_proof() {
    let json = Target { fingerprint: Some(Fingerprint::Json("release".to_owned())), ..target() };
    let body = format!(r#"{{"release":"{NEW}"}}"#);
    let seen = look(json, known, move |_, _| answer(200, &[], &body)).await;
    assert_eq!(seen.outcome.map(|proven| proven.proof), Ok(Proof::Fingerprint));
}

/// What a proxy adds is believed, and not missed: there may be one that adds nothing.
fn if_shown() -> Target {
    Target { fingerprint: Some(Fingerprint::IfShown("X-Fabrik-Release".to_owned())), ..target() }
}

#[tokio::test]
async fn a_release_that_comes_unasked_is_proof_and_another_one_is_the_old_version() {
    let seen = look(if_shown(), known, well).await;
    assert_eq!(seen.outcome.map(|proven| proven.proof), Ok(Proof::Fingerprint));
    let seen = look(if_shown(), known, |_, _| answer(200, &[], "")).await;
    assert_eq!(seen.outcome.map(|proven| proven.proof), Ok(Proof::None));
    let seen = look(if_shown(), known, |_, _| release(OLD)).await;
    assert_eq!(seen.timed_out_at(), Some(Check::Health));
    assert!(seen.says("the old version still answers"));
}

#[tokio::test]
async fn answers_of_which_only_some_show_the_release_are_no_proof() {
    for odd in [0, 1, 2] {
        let mixed = move |now, _: &Request| if now == odd { answer(200, &[], "") } else { release(NEW) };
        let seen = look(if_shown(), known, mixed).await;
        assert_eq!(seen.outcome.map(|proven| proven.proof), Ok(Proof::None), "second {odd}");
    }
}

#[tokio::test]
async fn what_a_proxy_does_not_reach_is_told_from_what_is_not_well() {
    for (status, wanted) in
        [(502, super::Seen::Unreached), (504, super::Seen::Unreached), (500, super::Seen::Unwell)]
    {
        let seen = look(target(), known, move |_, _| answer(status, &[], "")).await;
        assert_eq!(seen.shown.last().map(|sighting| sighting.seen), Some(wanted), "{status}");
    }
}

#[tokio::test]
async fn a_failure_starts_the_count_of_successes_again() {
    let shaky = |now, request: &Request| match now {
        2 if is_health(request) => answer(502, &[], ""),
        _ => release(NEW),
    };
    let seen = look(target(), known, shaky).await;
    assert_eq!(seen.of(Check::Health), [true, true, false, true, true, true]);
    assert_eq!(seen.took, (1 + 1 + 5 + 1 + 1) * SECOND);
}

#[tokio::test]
async fn the_other_version_in_between_starts_the_count_again() {
    let seen = look(target(), known, |now, _| release(if now == 1 { OLD } else { NEW })).await;
    assert_eq!(seen.of(Check::Health), [true, false, true, true, true]);
}

#[tokio::test]
async fn the_deadline_is_one_and_exact() {
    let hurried = Target { timeout: 37 * SECOND, ..target() };
    let slow_name = |now, question: &Question| {
        if now < 20 { Err(ResolveError::Nothing) } else { known(now, question) }
    };
    let seen = look(hurried, slow_name, |_, _| answer(503, &[], "")).await;
    assert_eq!(seen.timed_out_at(), Some(Check::Http));
    assert_eq!(seen.took, 37 * SECOND);
    assert!(seen.shown.iter().filter(|s| s.check == Check::Http).count() == 4, "at 20, 25, 30 and 35 s");
}

#[tokio::test]
async fn successes_cut_off_by_the_deadline_are_no_proof() {
    let short = Target { timeout: 2 * SECOND, ..target() };
    let seen = look(short, known, well).await;
    assert_eq!(seen.of(Check::Health), [true, true]);
    assert_eq!(seen.timed_out_at(), Some(Check::Health));
}

#[tokio::test]
async fn no_request_is_given_more_time_than_is_left() {
    let deadline = 13;
    let hurried = Target { timeout: deadline * SECOND, ..target() };
    let seen = look(hurried, known, move |now, request| {
        let left = Duration::from_secs(u64::from(deadline) - now);
        assert!(request.timeout <= left, "{:?} of {left:?}", request.timeout);
        answer(503, &[], "")
    });
    assert_eq!(seen.await.timed_out_at(), Some(Check::Http));
}

#[tokio::test]
async fn a_name_unknown_to_one_name_server_is_waited_for() {
    let split = |now, question: &Question| match question.server.as_deref() {
        Some("ns2.example.net") if now < 30 => Err(ResolveError::Nothing),
        _ => known(now, question),
    };
    let seen = look(target(), split, well).await;
    assert!(seen.outcome.is_ok());
    assert!(seen.says("no such record, by ns2.example.net; waiting for 203.0.113.7"));
    assert_eq!(seen.of(Check::Dns).len(), 7);
}

#[tokio::test]
async fn another_address_or_a_silent_name_server_is_waited_for() {
    let elsewhere = || Ok(vec![Answer { value: "198.51.100.1".to_owned(), ttl: 60 }]);
    let silent = || Err(ResolveError::Unanswered("timed out".to_owned()));
    let wrong: [fn() -> Resolved; 3] = [elsewhere, silent, || Ok(vec![])];
    for answer in wrong {
        let seen = look(target(), move |_, _| answer(), well).await;
        assert_eq!(seen.timed_out_at(), Some(Check::Dns));
    }
}

#[tokio::test]
async fn this_machines_resolver_is_not_waited_for_and_not_asked_before_the_name_is_there() {
    let sticky = |now, question: &Question| match (&question.server, now) {
        (None, 0..10) => panic!("asked too early"),
        (None, _) | (Some(_), 0..10) => Err(ResolveError::Nothing),
        (Some(_), _) => known(now, question),
    };
    let seen = look(target(), sticky, well).await;
    assert!(seen.outcome.is_ok());
    assert!(seen.says("this machine's resolver still says no such record"));
}

#[tokio::test]
async fn without_known_name_servers_this_machines_resolver_is_believed() {
    let unknown = Target { name_servers: vec![], ..target() };
    let late = |now, q: &Question| if now < 5 { Err(ResolveError::Nothing) } else { known(now, q) };
    let seen = look(unknown, late, well).await;
    assert_eq!(seen.of(Check::Dns), [false, true]);
}

#[tokio::test]
async fn connections_go_to_the_record_unless_told_elsewhere() {
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 8443));
    let record = SocketAddr::from(([203, 0, 113, 7], 443));
    for (told, wanted) in [(None, record), (Some(elsewhere), elsewhere)] {
        let seen = look(Target { connect_to: told, ..target() }, known, move |_, request| {
            assert_eq!(request.connect_to, Some(wanted));
            assert_eq!(request.http.uri().host(), Some("blog.example.com"));
            release(NEW)
        });
        assert!(seen.await.outcome.is_ok());
    }
}

#[tokio::test]
async fn where_the_place_is_given_no_name_server_is_asked_and_that_is_said() {
    let unasked = |_, _: &Question| panic!("a name server was asked");
    let site = |_, request: &Request| {
        assert_eq!(request.connect_to, Some(SocketAddr::from(([198, 51, 100, 9], 443))));
        release(NEW)
    };
    let mut shown = Vec::new();
    let world = Arc::new(World { now: Mutex::default(), zone: Box::new(unasked), site: Box::new(site) });
    let ports = Ports { transport: world.clone(), resolver: world.clone(), clock: world };
    for pin in ["Blog.Example.com:443:198.51.100.9", "*:443:198.51.100.9"] {
        let ports = Pinned::over(ports.clone(), vec![pin.parse().expect(pin)]);
        let mut on = |sighting: &Sighting| shown.push(sighting.saw.clone());
        assert!(verify(&ports, &target(), &mut on, &mut Endless).await.is_ok(), "{pin}");
    }
    assert_eq!(shown[0], "skipped: 198.51.100.9 was given as the address");
}

#[tokio::test]
async fn a_default_certificate_is_pending_until_the_real_one_is_there() {
    let issued_at_40 = |now, _: &Request| {
        let certificate = Some(certificate("TRAEFIK DEFAULT CERT", 300));
        let error = SendError::Tls { peer: "x".into(), reason: "self-signed".into(), certificate };
        if now < 40 { Err(error) } else { release(NEW) }
    };
    let seen = look(target(), known, issued_at_40).await;
    assert!(seen.says("pending: self-signed (for TRAEFIK DEFAULT CERT, issued by Honest CA)"));
    assert!(seen.outcome.is_ok());
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_or_none_is_not_good() {
    let cases = [
        (Some(certificate("other.example.com", 89)), "pending: not for blog.example.com"),
        (Some(certificate("*.blog.example.com", 89)), "pending: not for blog.example.com"),
        (Some(certificate("blog.example.com", -1)), "pending: expired"),
        (None, "no certificate shown"),
    ];
    for (certificate, words) in cases {
        let site = move |_, _: &Request| {
            release(NEW).map(|response| Response { certificate: certificate.clone(), ..response })
        };
        let seen = look(target(), known, site).await;
        assert_eq!(seen.timed_out_at(), Some(Check::Tls), "{words}");
        assert!(seen.says(words), "{words}");
    }
}

#[tokio::test]
async fn the_front_page_fails_only_on_5xx() {
    for (status, passes) in [(200, true), (301, true), (404, true), (499, true), (500, false), (503, false)] {
        let site = move |_, request: &Request| {
            if is_health(request) { release(NEW) } else { answer(status, &[], "") }
        };
        let seen = look(target(), known, site).await;
        assert_eq!(seen.outcome.is_ok(), passes, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_of_the_health_path_is_shown_with_its_place_and_not_followed() {
    let away = |_, request: &Request| match request.http.uri().path() {
        "/" => answer(200, &[], ""),
        "/health" => answer(302, &[("Location", "/login")], ""),
        other => panic!("{other} was asked for"),
    };
    let seen = look(target(), known, away).await;
    assert_eq!(seen.timed_out_at(), Some(Check::Health));
    assert!(seen.says("GET /health 302 → /login, waiting for 200"));
}

#[tokio::test]
async fn another_status_is_well_if_it_is_the_wanted_one() {
    let seen = look(Target { status: StatusSet::only(204), ..target() }, known, |_, _| {
        answer(204, &[("x-fabrik-release", NEW)], "")
    });
    assert!(seen.await.outcome.is_ok());
}

#[tokio::test]
async fn every_reason_for_no_answer_is_waited_out() {
    let reasons = [
        SendError::Name { host: "x".into(), reason: "gone".into() },
        SendError::Refused { peer: "x".into(), reason: "refused".into() },
        SendError::Lost { peer: "x".into(), reason: "timed out".into() },
    ];
    for reason in reasons {
        for check in [Check::Tls, Check::Health] {
            let lost = reason.clone();
            let site = move |now, request: &Request| match now {
                0..10 if check == Check::Tls || is_health(request) => Err(lost.clone()),
                _ => release(NEW),
            };
            let seen = look(target(), known, site).await;
            assert_eq!(seen.of(check)[..3], [false, false, true]);
            assert!(seen.outcome.is_ok());
        }
    }
}

/// Loses patience after so many failures.
struct After(usize, GiveUp);

#[async_trait]
impl GiveUpPolicy for After {
    async fn lost(&mut self, after: &Sighting) -> Option<GiveUp> {
        self.0 = self.0.saturating_sub(usize::from(after.seen != super::Seen::Well));
        (self.0 == 0).then(|| self.1.clone())
    }
}

#[tokio::test]
async fn the_caller_can_end_it_early_and_keeps_the_evidence() {
    let mut patience = After(2, GiveUp::Hopeless("no container for 60 s".to_owned()));
    let seen = look_with(&mut patience, target(), known, |_, _| answer(502, &[], "bad gateway")).await;
    assert_eq!(seen.took, 5 * SECOND);
    let error = seen.outcome.expect_err("it was hopeless");
    assert_eq!(error.to_string(), "http check failed: GET / 502: bad gateway; no container for 60 s");
    let VerifyError::Hopeless { evidence, .. } = error else { panic!("{error}") };
    assert_eq!(evidence.len(), 3);
    assert_eq!(evidence[2], "http: GET / 502: bad gateway");
}

#[tokio::test]
async fn a_cancelled_verification_says_where_it_stopped() {
    let mut patience = After(1, GiveUp::Cancelled);
    let seen = look_with(&mut patience, target(), |_, _| Err(ResolveError::Nothing), well).await;
    assert_eq!(seen.outcome, Err(VerifyError::Cancelled { check: Check::Dns }));
}

#[tokio::test]
async fn no_time_at_all_is_no_proof_and_no_request() {
    let seen =
        look(Target { timeout: Duration::ZERO, ..target() }, known, |_, _| panic!("nothing may be asked"))
            .await;
    assert_eq!(seen.timed_out_at(), Some(Check::Dns));
    assert!(seen.shown.is_empty());
}

#[tokio::test]
async fn what_the_site_says_is_cut_and_made_printable() {
    let long = format!("bell\u{7}{}", "x".repeat(500));
    let seen = look(target(), known, move |_, _| answer(500, &[], &long)).await;
    let saw = &seen.shown.last().expect("something was shown").saw;
    assert!(saw.chars().count() < 150 && saw.ends_with('…') && !saw.contains('\u{7}'), "{saw}");
}

#[tokio::test]
async fn checks_are_made_in_the_order_of_their_list() {
    let seen = look(target(), known, well).await;
    let mut order: Vec<_> = seen.shown.iter().map(|sighting| sighting.check).collect();
    order.dedup();
    assert_eq!(order, Check::ALL);
    assert_eq!(Check::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>(), ["dns", "tls", "http", "health"]);
}
