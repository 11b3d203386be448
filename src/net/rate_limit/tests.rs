//! An API that counts, and whoever asks it too often.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{Allowance, Budget, Budgets, RateLimitHeaders};
use crate::net::retry::get_with_retry;
use crate::net::simulated::{NoNames, SimulatedClock};
use crate::net::{Clock, Patience, Ports, Request, Response, SendError, Transport};

const API: &str = "https://api.example.com";
const MINUTE: Duration = Duration::from_secs(60);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn allowance(requests: usize) -> Allowance {
    Allowance { requests, window: MINUTE }
}

/// An API that takes so many requests in a fixed minute, and says so as Coolify does.
struct Api {
    clock: Arc<SimulatedClock>,
    limit: u64,
    /// Beginning of its minute, and the requests in it.
    window: Mutex<(Duration, u64)>,
    statuses: Mutex<Vec<u16>>,
}

impl Api {
    fn taking(limit: u64) -> Arc<Self> {
        let clock = Arc::new(SimulatedClock::default());
        Arc::new(Self { clock, limit, window: Mutex::default(), statuses: Mutex::default() })
    }

    fn ports(self: &Arc<Self>) -> Ports {
        Ports { transport: self.clone(), resolver: Arc::new(NoNames), clock: self.clock.clone() }
    }

    fn metered(self: &Arc<Self>, requests: usize) -> Ports {
        Budgets::default().metered(self.ports(), "", &[(API, allowance(requests))])
    }

    /// Lets somebody else send so many.
    fn others(&self, requests: u64) {
        self.window.lock().expect("one thread").1 += requests;
    }

    fn statuses(&self) -> Vec<u16> {
        self.statuses.lock().expect("one thread").clone()
    }
}

#[async_trait]
impl Transport for Api {
    async fn send(&self, _: Request) -> Result<Response, SendError> {
        let (now, mut window) = (self.clock.boot(), self.window.lock().expect("one thread"));
        if now >= window.0 + MINUTE {
            *window = (now, 0);
        }
        window.1 += 1;
        let status = if window.1 > self.limit { 429 } else { 200 };
        self.statuses.lock().expect("one thread").push(status);
        let left = self.limit.saturating_sub(window.1).to_string();
        let http = http::Response::builder().status(status).header("x-ratelimit-limit", self.limit);
        let http = http.header("x-ratelimit-remaining", left).body(Vec::new()).expect("a plain answer");
        Ok(Response { http, certificate: None })
    }
}

fn request(method: &str, url: &str) -> Request {
    let http = http::Request::builder().method(method).uri(url).body(Vec::new()).expect("a plain request");
    Request { http, timeout: seconds(10), connect_to: None }
}

async fn read(ports: &Ports) -> Result<u16, SendError> {
    let answer =
        get_with_retry(ports, request("GET", &format!("{API}/zones")), &Patience::of(MINUTE)).await?;
    Ok(answer.http.status().as_u16())
}

async fn write(ports: &Ports) -> Result<u16, SendError> {
    let answer = ports.transport.send(request("POST", &format!("{API}/zones"))).await?;
    Ok(answer.http.status().as_u16())
}

#[tokio::test]
async fn a_run_far_from_the_limit_waits_for_nothing() {
    let api = Api::taking(200);
    let ports = api.metered(200);
    for _ in 0..90 {
        read(&ports).await.expect("there is room");
        write(&ports).await.expect("there is room");
    }
    assert_eq!((api.statuses().len(), api.clock.boot()), (180, Duration::ZERO));
}

#[tokio::test]
async fn the_api_never_turns_away_whoever_keeps_to_the_budget() {
    let api = Api::taking(30);
    let ports = api.metered(30);
    for _ in 0..300 {
        assert_eq!(read(&ports).await.ok(), Some(200));
        api.clock.advance(Duration::from_millis(700));
    }
    assert!(!api.statuses().contains(&429));
}

#[tokio::test]
async fn a_limit_set_lower_over_there_is_kept_to_from_the_first_answer() {
    let api = Api::taking(7);
    let ports = api.metered(200);
    for _ in 0..50 {
        assert_eq!(read(&ports).await.ok(), Some(200));
    }
    assert!(!api.statuses().contains(&429));
}

#[tokio::test]
async fn what_others_use_up_is_left_to_them() {
    let api = Api::taking(100);
    let ports = api.metered(100);
    assert_eq!(read(&ports).await.ok(), Some(200));
    api.others(89);
    assert_eq!(read(&ports).await.ok(), Some(200), "it is told of the others here");
    let before = api.clock.boot();
    assert_eq!(read(&ports).await.ok(), Some(200));
    assert_eq!(api.clock.boot(), before + MINUTE, "nine are left, and those are for writes");
    assert!(!api.statuses().contains(&429));
}

#[tokio::test]
async fn a_write_without_room_comes_back_at_once_and_unsent() {
    let api = Api::taking(3);
    let ports = api.metered(3);
    for _ in 0..3 {
        write(&ports).await.expect("there is room");
    }
    api.clock.advance(seconds(20));
    let error = write(&ports).await.expect_err("there is none");
    assert!(matches!(error, SendError::NoRoom { pause, .. } if pause == seconds(40)), "{error:?}");
    assert!(error.never_arrived());
    assert_eq!(error.to_string(), "no room in the rate limit of api.example.com for 40 s");
    assert_eq!((api.statuses().len(), api.clock.boot()), (3, seconds(20)));
}

#[tokio::test]
async fn reads_leave_room_for_the_writes_they_prepare() {
    let api = Api::taking(50);
    let ports = api.metered(50);
    for _ in 0..40 {
        read(&ports).await.expect("there is room");
    }
    let sent = ports.transport.send(request("GET", API)).await;
    assert!(matches!(sent, Err(SendError::NoRoom { .. })));
    for _ in 0..10 {
        assert_eq!(write(&ports).await.ok(), Some(200));
    }
    assert!(write(&ports).await.is_err());
}

#[tokio::test]
async fn everybody_in_the_process_draws_on_one_budget() {
    let api = Api::taking(100);
    let budgets = Budgets::default();
    let apis = [(API, allowance(4))];
    let (one, other) =
        (budgets.metered(api.ports(), "", &apis), budgets.clone().metered(api.ports(), "", &apis));
    let elsewhere = budgets.metered(api.ports(), "another world", &apis);
    // The limit that this API tells would be another one.
    for ports in [&one, &other] {
        let taken = ports.transport.send(request("POST", "https://API.example.com/a")).await;
        assert!(taken.is_ok());
    }
    assert_eq!(api.statuses().len(), 2);
    api.others(98);
    assert!(write(&one).await.is_ok(), "it is turned away and learns that there is none left");
    assert!(matches!(write(&other).await, Err(SendError::NoRoom { .. })));
    assert!(write(&elsewhere).await.is_ok());
}

#[tokio::test]
async fn a_site_is_asked_without_counting() {
    let api = Api::taking(1);
    let ports = api.metered(1);
    for _ in 0..5 {
        assert!(ports.transport.send(request("GET", "https://blog.example.com/health")).await.is_ok());
    }
    assert_eq!(write(&ports).await.ok(), Some(429), "it was the first that we counted");
}

/// For how long a budget of 200 a minute has no room after an answer with these headers, 20 s into its minute.
fn closed_for(status: u16, headers: &[(&str, &str)]) -> Duration {
    let (mut budget, clock) = (Budget::new(allowance(200)), SimulatedClock::default());
    let token = budget.take(clock.boot(), 0).expect("it is full");
    clock.advance(seconds(20));
    budget.learn(token, &word(status, headers, &clock), clock.boot());
    budget.take(clock.boot(), 0).err().unwrap_or_default()
}

fn word(status: u16, headers: &[(&str, &str)], clock: &SimulatedClock) -> RateLimitHeaders {
    let mut http = http::Response::new(());
    *http.status_mut() = status.try_into().expect("a status");
    let pairs = headers.iter().map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a header name");
        (name, value.parse::<HeaderValue>().expect("a header value"))
    });
    *http.headers_mut() = pairs.collect::<HeaderMap>();
    RateLimitHeaders::of(&http, clock.wall())
}

#[test]
fn a_429_is_heeded_for_as_long_as_it_asks_within_reason() {
    // The simulated clock starts at 1_800_000_000, 2027-01-15 08:00:00 UTC.
    let cases: [(&[(&str, &str)], u64); 16] = [
        (&[("retry-after", "7")], 7),
        (&[("retry-after", "Fri, 15 Jan 2027 08:00:29 GMT")], 9),
        (&[("x-ratelimit-reset", "1800000033")], 13),
        (&[("ratelimit", "\"default\";r=0;t=17")], 17),
        (&[("retry-after", "7"), ("x-ratelimit-reset", "1800000033")], 7),
        (&[("retry-after", "soon"), ("x-ratelimit-reset", "1800000033")], 13),
        // Absurd: cut.
        (&[("retry-after", "86400")], 300),
        (&[("retry-after", "18446744073709551615")], 300),
        (&[("retry-after", "Fri, 15 Jan 2100 08:00:09 GMT")], 300),
        (&[("x-ratelimit-reset", "99999999999")], 300),
        // Nothing of use: the rest of the minute.
        (&[], 40),
        (&[("retry-after", "-1")], 40),
        (&[("retry-after", "0")], 40),
        (&[("retry-after", "soon")], 40),
        (&[("retry-after", "Fri, 15 Jan 1999 08:00:09 GMT")], 40),
        (&[("x-ratelimit-reset", "1")], 40),
    ];
    for (headers, pause) in cases {
        assert_eq!(closed_for(429, headers), seconds(pause), "{headers:?}");
    }
}

#[test]
fn only_a_429_for_the_limit_closes_the_budget() {
    for status in [200, 401, 403, 500, 503] {
        assert_eq!(closed_for(status, &[("retry-after", "7")]), Duration::ZERO, "{status}");
    }
    // The queue of deployments is full; the API goes on answering.
    let queue = [("retry-after", "60"), ("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "150")];
    assert_eq!(closed_for(429, &queue), Duration::ZERO);
    let full = [("retry-after", "50"), ("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "0")];
    assert_eq!(closed_for(429, &full), MINUTE, "that none are left holds for a whole window");
}

#[test]
fn the_last_request_of_a_window_closes_it_until_it_is_told_to_open() {
    let coolify = [("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "0")];
    assert_eq!(closed_for(200, &coolify), MINUTE);
    let cloudflare =
        [("ratelimit", "\"burst\";r=9;t=1, \"default\";r=0;t=11"), ("ratelimit-policy", "x;q=5")];
    assert_eq!(closed_for(200, &cloudflare), seconds(11));
}

#[test]
fn headers_that_make_no_sense_count_as_not_said() {
    let cases = [
        ("x-ratelimit-limit", "0"),
        ("x-ratelimit-limit", "-5"),
        ("x-ratelimit-remaining", "many"),
        ("x-ratelimit-reset", "99999999999999999999"),
        ("ratelimit", "r=0"),
        ("ratelimit", ";;,;=,"),
        ("ratelimit-policy", "\"default\";q=0;w=0"),
        ("ratelimit-policy", "\"default\";w=86400"),
    ];
    for (name, value) in cases {
        assert_eq!(
            word(200, &[(name, value)], &SimulatedClock::default()),
            RateLimitHeaders::default(),
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn waiting_for_room_does_not_use_up_patience() {
    let api = Api::taking(4);
    let ports = Budgets::default().metered(
        api.ports(),
        "",
        &[(API, Allowance { requests: 4, window: seconds(300) })],
    );
    for _ in 0..3 {
        read(&ports).await.expect("there is room");
    }
    // Its patience is one minute.
    assert_eq!(read(&ports).await.ok(), Some(200));
    assert_eq!(api.clock.boot(), seconds(300));
}

#[tokio::test]
async fn waiting_for_room_has_an_end() {
    let api = Api::taking(0);
    let ports = api.metered(200);
    assert_eq!(read(&ports).await.ok(), Some(429));
    assert!(api.clock.boot() <= seconds(600 + 60), "{:?}", api.clock.boot());
    assert!(api.statuses().len() < 15, "{:?}", api.statuses());
}

/// A clock whose waiting is called off.
struct Hurried(Arc<SimulatedClock>);

#[async_trait]
impl Clock for Hurried {
    fn wall(&self) -> jiff::Timestamp {
        self.0.wall()
    }

    fn boot(&self) -> Duration {
        self.0.boot()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }

    async fn wait(&self, what: &str, _: Duration) -> bool {
        assert_eq!(what, "no room in the rate limit of api.example.com for 60 s");
        false
    }
}

#[tokio::test]
async fn a_read_that_is_called_off_does_not_wait() {
    let api = Api::taking(2);
    let metered = api.metered(2);
    write(&metered).await.expect("there is room");
    let ports = Ports { clock: Arc::new(Hurried(api.clock.clone())), ..metered };
    assert!(matches!(read(&ports).await, Err(SendError::NoRoom { .. })));
    assert_eq!(api.clock.boot(), Duration::ZERO);
}

proptest! {
    #[test]
    fn no_minute_sees_more_than_the_limit_wherever_it_begins(
        requests in 1_usize..20,
        pauses in prop::collection::vec(0_u64..20_000, 1..200),
    ) {
        let mut budget = Budget::new(allowance(requests));
        let (mut now, mut sent) = (Duration::ZERO, Vec::new());
        for pause in pauses {
            now += Duration::from_millis(pause);
            while budget.take(now, 0).is_ok() {
                sent.push(now);
            }
        }
        for first in &sent {
            let within = sent.iter().filter(|at| **at >= *first && **at < *first + MINUTE).count();
            prop_assert!(within <= requests, "{within} within the minute from {first:?}");
        }
    }

    #[test]
    fn who_waits_as_long_as_told_finds_room(
        requests in 1_usize..50,
        spare in 0_usize..60,
        pauses in prop::collection::vec(0_u64..9_000, 1..100),
    ) {
        let mut budget = Budget::new(allowance(requests));
        let mut now = Duration::ZERO;
        for pause in pauses {
            now += Duration::from_millis(pause);
            if let Err(pause) = budget.take(now, spare) {
                now += pause;
                prop_assert!(pause <= MINUTE && budget.take(now, spare).is_ok());
            }
        }
    }
}
