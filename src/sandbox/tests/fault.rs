//! Everything that can go wrong, once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Caller;
use crate::net::SendError;
use crate::sandbox::{Fault, HookVerdict, Point, Rates, RequestFault, Sandbox, Schedule, Side};

/// A blog at release r1, running.
async fn running() -> (Caller, String) {
    let caller = Caller::new();
    let uuid = caller.service().await;
    caller.point("blog.example.com").await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    (caller, uuid)
}

fn project() -> serde_json::Value {
    json!({"name": "other"})
}

fn is_lost<T>(result: &Result<T, SendError>) -> bool {
    matches!(result, Err(SendError::Lost { .. }))
}

#[tokio::test]
async fn a_failing_build_answers_200_and_leaves_the_old_release_answering() {
    let (caller, uuid) = running().await;
    caller.change(|world| world.arm(Fault::Build, None));
    assert_eq!(caller.deploy(&uuid, "r2").await.status, 200);
    caller.sleep(120).await;
    assert_eq!(caller.release().await, "r1");
    assert_eq!(caller.status(&uuid).await, "running:unknown");
    caller.deploy(&uuid, "r3").await;
    caller.sleep(120).await;
    assert_eq!(caller.release().await, "r3");
}

#[tokio::test]
async fn a_sick_release_answers_503_on_its_health_path_only() {
    let (caller, uuid) = running().await;
    caller.change(|world| world.arm(Fault::Health, None));
    caller.deploy(&uuid, "r2").await;
    caller.sleep(60).await;
    let health = caller.get("https://blog.example.com/health").await.expect("the app answers");
    let home = caller.get("https://blog.example.com/").await.expect("the app answers");
    assert_eq!((health.http.status().as_u16(), home.http.status().as_u16()), (503, 200));
    assert_eq!(caller.release().await, "r2");
}

#[tokio::test]
async fn a_lost_reply_takes_effect_and_costs_its_time_out_in_simulated_time() {
    let caller = Caller::new();
    caller.change(|world| world.arm(Fault::LostReply, None));
    let before = caller.ports.clock.boot();
    assert!(caller.send("GET", "https://coolify.sandbox.fabrik/api/v1/projects", None).await.is_ok());
    let sent = caller.send("POST", "https://coolify.sandbox.fabrik/api/v1/projects", Some(project())).await;
    assert!(is_lost(&sent));
    assert_eq!(caller.ports.clock.boot(), before + Duration::from_secs(30));
    let world = caller.sandbox.world();
    assert_eq!(world.projects.len(), 1);
    assert_eq!(world.log.writes[0].status, None);
}

#[tokio::test]
async fn faults_strike_as_often_as_they_were_armed_for() {
    let caller = Caller::new();
    caller.change(|world| world.arm(Fault::ErrorAfterWrite, Some(2)));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(caller.coolify("POST", "/projects", Some(project())).await.status);
    }
    assert_eq!(statuses, [500, 500, 201]);
    assert_eq!(caller.sandbox.world().projects.len(), 3);
}

#[tokio::test]
async fn turning_away_has_no_effect_and_says_when_to_come_again() {
    let caller = Caller::new();
    caller.change(|world| world.arm(Fault::TooMany, Some(2)));
    let coolify = caller.coolify("POST", "/projects", Some(project())).await;
    let cloudflare = caller.cloudflare("GET", "/user/tokens/verify", None).await;
    assert_eq!((coolify.status, cloudflare.status), (429, 429));
    assert!(coolify.headers.contains_key("retry-after") && cloudflare.headers.contains_key("retry-after"));
    assert!(caller.sandbox.world().projects.is_empty());
}

#[tokio::test]
async fn another_teams_token_sees_nothing_until_the_fault_is_armed_again() {
    let (caller, uuid) = running().await;
    let team = caller.coolify("GET", "/teams/current", None).await.body["id"].clone();
    caller.change(|world| world.arm(Fault::TeamSwap, None));
    assert_ne!(caller.coolify("GET", "/teams/current", None).await.body["id"], team);
    for list in ["/projects", "/services", "/servers", "/resources"] {
        assert_eq!(caller.coolify("GET", list, None).await.body, json!([]), "{list}");
    }
    assert_eq!(caller.coolify("GET", &format!("/services/{uuid}"), None).await.status, 404);
    assert_eq!(caller.coolify("POST", &format!("/deploy?uuid={uuid}"), None).await.status, 404);
    caller.change(|world| world.arm(Fault::TeamSwap, None));
    assert_eq!(caller.coolify("GET", &format!("/services/{uuid}"), None).await.status, 200);
}

#[tokio::test]
async fn every_mishap_does_to_a_create_what_it_says() {
    let cases = [
        (RequestFault::Refused, None, 0),
        (RequestFault::LostBefore, None, 0),
        (RequestFault::LostAfter, None, 1),
        (RequestFault::ErrorBefore, Some(500), 0),
        (RequestFault::ErrorAfter, Some(500), 1),
        (RequestFault::Garbled, Some(201), 1),
        (RequestFault::Empty, Some(201), 1),
        (RequestFault::Gateway, Some(502), 0),
        (RequestFault::TooMany { retry_after: None }, Some(429), 0),
        (RequestFault::Slow, Some(201), 1),
        (RequestFault::GatewayAfter, Some(504), 1),
        (RequestFault::Mistyped, Some(201), 1),
        (RequestFault::Unsuccessful, Some(201), 1),
        (RequestFault::Elsewhere, Some(307), 0),
    ];
    for (fault, status, made) in cases {
        let caller = Caller::new();
        caller.change(|world| world.at_write = Some((2, fault)));
        caller.project().await;
        let sent =
            caller.send("POST", "https://coolify.sandbox.fabrik/api/v1/projects", Some(project())).await;
        let answered = sent.ok().map(|response| response.http.status().as_u16());
        assert_eq!(answered, status, "{fault:?}");
        let world = caller.sandbox.world();
        assert_eq!(world.projects.len(), 1 + made, "{fault:?}");
        assert_eq!(world.at_write, None);
    }
}

#[tokio::test]
async fn a_late_effect_lands_after_the_client_gave_up() {
    let caller = Caller::new();
    caller.change(|world| world.at_request = Some((1, RequestFault::Late { after_ms: 50_000 })));
    let sent = caller.send("POST", "https://coolify.sandbox.fabrik/api/v1/projects", Some(project())).await;
    assert!(is_lost(&sent));
    assert!(caller.sandbox.world().projects.is_empty());
    caller.sleep(20).await;
    assert_eq!(caller.sandbox.world().projects.len(), 1);
}

#[tokio::test]
async fn a_stale_read_overlooks_the_youngest_and_loses_nothing() {
    let caller = Caller::new();
    caller.project().await;
    caller.change(|world| world.at_request = Some((1, RequestFault::Stale)));
    assert_eq!(caller.coolify("GET", "/projects", None).await.body, json!([]));
    assert_eq!(caller.coolify("GET", "/projects", None).await.body.as_array().map(Vec::len), Some(1));
    caller.sleep(5).await;
    caller.change(|world| world.at_request = Some((1, RequestFault::Stale)));
    assert_eq!(caller.coolify("GET", "/projects", None).await.body.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_stale_read_still_shows_a_record_that_was_just_deleted() {
    let caller = Caller::new();
    let made = caller.point("blog.example.com").await;
    let path = caller.records().await;
    caller.sleep(60).await;
    let one = format!("{path}/{}", made.body["result"]["id"].as_str().expect("it has an id"));
    caller.cloudflare("DELETE", &one, None).await;
    caller.change(|world| world.at_request = Some((1, RequestFault::Stale)));
    assert_eq!(caller.cloudflare("GET", &one, None).await.status, 200);
    assert_eq!(caller.cloudflare("GET", &one, None).await.status, 404);
}

#[tokio::test]
async fn an_answer_that_is_not_true_is_untrue_once_and_as_it_says() {
    let caller = Caller::new();
    for name in ["one", "two", "three"] {
        caller.coolify("POST", "/projects", Some(json!({"name": name}))).await;
    }
    let listed = async |fault| {
        caller.change(|world| world.at_request = Some((1, fault)));
        let list = caller.coolify("GET", "/projects", None).await.body;
        list.as_array().expect("a list").iter().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(listed(RequestFault::Shuffled).await, ["three", "two", "one"]);
    assert_eq!(listed(RequestFault::Doubled).await, ["one", "two", "three", "one", "two", "three"]);
    assert_eq!(listed(RequestFault::Mistyped).await, [3, 3, 5]);
    assert_eq!(listed(RequestFault::CutShort).await, ["one", "two", "three"], "nothing would tell of it");
    let list = caller.coolify("GET", "/projects", None).await.body;
    let one = format!("/projects/{}", list[0]["uuid"].as_str().expect("a uuid"));
    caller.change(|world| world.at_request = Some((1, RequestFault::Another)));
    assert_eq!(caller.coolify("GET", &one, None).await.body["name"], "two");
    assert_eq!(caller.coolify("GET", &one, None).await.body["name"], "one");
}

#[tokio::test]
async fn a_list_of_records_that_is_cut_short_counts_what_it_hides() {
    let caller = Caller::new();
    for name in ["a.example.com", "b.example.com"] {
        caller.point(name).await;
    }
    let path = caller.records().await;
    caller.change(|world| world.at_request = Some((1, RequestFault::CutShort)));
    let cut = caller.cloudflare("GET", &path, None).await.body;
    assert_eq!(cut["result"].as_array().map(Vec::len), Some(1));
    assert_eq!(cut["result_info"]["total_count"], 2);
}

#[tokio::test]
async fn a_garbled_answer_cannot_be_read() {
    let caller = Caller::new();
    caller.change(|world| world.at_write = Some((1, RequestFault::Garbled)));
    let garbled = caller.coolify("POST", "/projects", Some(project())).await;
    assert!(garbled.body.is_string(), "{garbled:?}");
}

/// What came of a fixed list of requests under a schedule.
async fn under(seed: u64) -> (Vec<Option<u16>>, String) {
    let caller = Caller::new();
    caller.change(|world| {
        world.schedule = Some(Schedule { seed, rates: Rates::HOSTILE });
        world.coolify.rate_limit = 10_000;
    });
    let mut statuses = Vec::new();
    for _ in 0..60 {
        for method in ["POST", "GET"] {
            let body = (method == "POST").then(|| json!({"name": "other"}));
            let sent = caller.send(method, "https://coolify.sandbox.fabrik/api/v1/projects", body).await;
            statuses.push(sent.ok().map(|response| response.http.status().as_u16()));
        }
    }
    caller.change(|world| world.pass(Duration::from_secs(200)));
    (statuses, caller.sandbox.show())
}

#[tokio::test]
async fn a_schedule_is_decided_by_its_seed_alone() {
    let (once, again, other) = (under(1).await, under(1).await, under(2).await);
    assert_eq!(once, again);
    assert_ne!(once.0, other.0);
    for status in [None, Some(500), Some(502), Some(429), Some(201)] {
        assert!(once.0.contains(&status) || other.0.contains(&status), "{status:?} never came");
    }
}

#[tokio::test]
async fn a_crash_on_either_side_ends_all_later_requests_of_that_handle() {
    for (side, made) in [(Side::Before, 0), (Side::After, 1)] {
        let sandbox = Sandbox::in_memory(7);
        let crash = move |point: &Point| match point.method.as_str() {
            "POST" if point.side == side => HookVerdict::Crash,
            _ => HookVerdict::Go,
        };
        let ports = sandbox.outside_with_hook(Arc::new(crash));
        let caller = Caller { sandbox: sandbox.clone(), ports };
        let url = "https://coolify.sandbox.fabrik/api/v1/projects";
        assert!(caller.send("GET", url, None).await.is_ok());
        assert!(is_lost(&caller.send("POST", url, Some(project())).await));
        assert!(is_lost(&caller.send("GET", url, None).await));
        assert_eq!(sandbox.world().projects.len(), made);
        assert!(Caller::of(sandbox).send("GET", url, None).await.is_ok());
    }
}

#[tokio::test]
async fn points_are_numbered_two_a_request_from_one() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let sandbox = Sandbox::in_memory(7);
    let hook = move |point: &Point| {
        kept.lock().expect("no test panics here").push((point.index, point.side));
        HookVerdict::Go
    };
    let caller = Caller { ports: sandbox.outside_with_hook(Arc::new(hook)), sandbox };
    caller.project().await;
    caller.coolify("GET", "/projects", None).await;
    let seen = seen.lock().expect("no test panics here").clone();
    assert_eq!(seen, [(1, Side::Before), (2, Side::After), (3, Side::Before), (4, Side::After)]);
}

#[test]
fn every_fault_has_its_name_and_a_sentence() {
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse(), Ok(fault));
        assert!(fault.sentence().ends_with('.'));
        assert_eq!(json!(fault), json!(fault.name()));
    }
    assert!("rain".parse::<Fault>().is_err());
}
