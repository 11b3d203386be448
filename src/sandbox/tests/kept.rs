//! A world on disk, what is shown of one, and what is somebody else's.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;

use super::Caller;
use crate::sandbox::Sandbox;

/// A whole deployment and its end, with what was shown on the way.
async fn story(caller: &Caller) -> Vec<String> {
    let mut shown = vec![caller.sandbox.show()];
    let uuid = caller.service().await;
    caller.point("blog.example.com").await;
    caller.deploy(&uuid, "r1").await;
    shown.push(caller.sandbox.show());
    caller.sleep(60).await;
    shown.push(caller.release().await);
    caller.coolify("DELETE", &format!("/services/{uuid}?delete_volumes=false"), None).await;
    caller.sleep(60).await;
    shown.push(caller.sandbox.show());
    shown
}

#[tokio::test]
async fn a_world_on_disk_does_what_one_in_memory_does() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let on_disk = Caller::of(Sandbox::open(dir.path()).expect("it can be made"));
    let in_memory = Caller::new();
    let begun = in_memory.sandbox.world();
    on_disk.change(|world| *world = begun.clone());
    assert_eq!(story(&on_disk).await, story(&in_memory).await);
    assert_eq!(on_disk.sandbox.world(), in_memory.sandbox.world());
}

#[tokio::test]
async fn two_handles_on_one_directory_share_the_world_and_its_clock() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let one = Caller::of(Sandbox::open(dir.path()).expect("it can be made"));
    let other = Caller::of(Sandbox::open(dir.path()).expect("it is there"));
    one.project().await;
    other.sleep(7).await;
    assert_eq!(other.sandbox.world().projects.len(), 1);
    assert_eq!(one.ports.clock.boot(), other.ports.clock.boot());
    assert_eq!(one.ports.clock.boot(), Duration::from_secs(3_607));
    assert_eq!(one.sandbox.world_id(), other.sandbox.world_id());
    assert_eq!(one.sandbox.world(), other.sandbox.world());
}

#[tokio::test]
async fn handles_of_many_threads_lose_no_request() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let work = |dir: std::path::PathBuf| {
        move || {
            let sandbox = Sandbox::open(&dir).expect("it is there");
            (0..10)
                .for_each(|_| sandbox.with_world(|world| world.log.requests += 1).expect("it can be kept"));
        }
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(work(dir.path().to_owned()))).collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let sandbox = Sandbox::open(dir.path()).expect("it is there");
    assert_eq!(sandbox.world().log.requests, 40);
}

#[test]
fn only_the_owner_can_look_into_the_directory() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let inside = dir.path().join("deep/sandbox");
    Sandbox::open(&inside).expect("it can be made");
    let mode = |path: &std::path::Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    assert_eq!(mode(&inside.join("world.json")), 0o600);
    assert_eq!(mode(&inside.join("world.lock")), 0o600);
}

#[test]
fn a_damaged_world_is_told_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    std::fs::write(dir.path().join("world.json"), "{}").expect("it can be written");
    let error = Sandbox::open(dir.path()).err().expect("it is no world");
    assert!(error.to_string().contains("reset"), "{error}");
    assert_eq!(std::fs::read(dir.path().join("world.json")).expect("it is there"), b"{}");
}

#[tokio::test]
async fn a_damaged_world_can_be_replaced() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    std::fs::write(dir.path().join("world.json"), "{}").expect("it can be written");
    let recreated = Sandbox::recreate(dir.path()).expect("it can be made");
    let opened = Sandbox::open(dir.path()).expect("it is a world again");
    assert_eq!(recreated.world(), opened.world());
}

#[tokio::test]
async fn reset_empties_the_world_and_gives_it_a_new_id() {
    let caller = Caller::new();
    let (id, empty) = (caller.sandbox.world_id(), caller.sandbox.show());
    caller.project().await;
    caller.sandbox.reset().expect("it can be kept");
    assert_eq!(caller.sandbox.show(), empty);
    assert_ne!(caller.sandbox.world_id(), id);
    assert_eq!(id.len(), 32);
}

#[tokio::test]
async fn what_is_shown_names_values_where_a_container_got_them_and_does_not_change_by_waiting() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let data = json!({"data": [{"key": "PASSWORD", "value": "hunter2hunter2"}]});
    caller.coolify("PATCH", &format!("/services/{uuid}/envs/bulk"), Some(data)).await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    let shown = caller.sandbox.show();
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains("hunter2")).collect();
    assert_eq!(lines.len(), 2, "{shown}");
    for (line, part) in lines.iter().zip(["db", "web"]) {
        let told = format!("container {part} has PASSWORD=\"hunter2hunter2\"");
        assert!(line.ends_with(&told), "{line}");
    }
    let told = &caller.sandbox.show_json()["containers"][0];
    assert_eq!(told["environment"]["PASSWORD"], "hunter2hunter2", "{told}");
    assert!(!format!("{:?}", caller.sandbox.world()).contains("hunter2"));
    caller.coolify("GET", "/services", None).await;
    caller.sleep(3_600).await;
    assert_eq!(caller.sandbox.show(), shown);
}

#[tokio::test]
async fn strangers_are_there_without_a_mark_and_without_a_request() {
    let caller = Caller::new();
    caller.sandbox.stranger_record("blog.example.com").expect("it can be kept");
    caller.sandbox.stranger_service("blog").expect("it can be kept");
    caller.sandbox.stranger_service("shop").expect("it can be kept");
    let world = caller.sandbox.world();
    assert_eq!((world.log.requests, world.projects.len(), world.services.len()), (0, 1, 2));
    assert_eq!(world.records[0].comment, None);
    let list =
        caller.cloudflare("GET", &format!("{}?name=blog.example.com", caller.records().await), None).await;
    assert_eq!(list.body["result"][0]["content"], "198.51.100.7");
    let services = caller.coolify("GET", "/services", None).await;
    assert_eq!(services.body[0]["status"], "running:unknown");
    caller.sleep(60).await;
    assert!(matches!(
        caller.get("http://blog.example.com/").await,
        Err(crate::net::SendError::Refused { .. })
    ));
}

#[tokio::test]
async fn the_log_names_each_write_with_its_mark() {
    let caller = Caller::new();
    caller.service().await;
    caller.coolify("GET", "/services", None).await;
    let log = caller.sandbox.world().log;
    assert_eq!(log.requests, 3);
    let writes: Vec<_> =
        log.writes.iter().map(|it| (it.path.as_str(), it.tag.as_deref(), it.status)).collect();
    let tag = Some("fabrik r=1 s=app j=2");
    assert_eq!(writes, [("/api/v1/projects", None, Some(201)), ("/api/v1/services", tag, Some(201))]);
}

#[tokio::test]
async fn proxied_names_are_answered_by_the_edge() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let path = caller.records().await;
    let body = json!({"type": "A", "name": "blog", "content": "203.0.113.10", "proxied": true});
    caller.cloudflare("POST", &path, Some(body)).await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    let answers = caller.resolve("blog.example.com", None).await.expect("the edge answers");
    assert_eq!(answers[0].value, "104.21.7.7");
    let response = caller.get("https://blog.example.com/").await.expect("the edge has a certificate");
    assert!(response.http.headers().contains_key("cf-ray"));
    assert_eq!(caller.release().await, "r1");
}
