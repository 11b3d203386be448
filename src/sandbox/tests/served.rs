//! The sandbox behind an address does what it does in-process.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::Caller;
use crate::net::{Request, Response, SendError, Transport};
use crate::sandbox::{Fault, Sandbox, Side, Through, WorldCommand, serve};

/// HTTP over a plain socket, one connection a request.
struct Plain;

#[async_trait]
impl Transport for Plain {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let exchange = move || -> std::io::Result<Vec<u8>> {
            let mut stream = open(&request.http)?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        };
        let answer = tokio::task::spawn_blocking(exchange).await.expect("no test panics here");
        let lost = |reason: String| SendError::Lost { peer: "sandbox".into(), reason };
        parsed(&answer.map_err(|error| lost(error.to_string()))?).ok_or_else(|| lost("cut off".into()))
    }
}

/// A connection with the request already written to it.
fn open(http: &http::Request<Vec<u8>>) -> std::io::Result<TcpStream> {
    let authority = http.uri().authority().expect("the URL is absolute").as_str();
    let target = http.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut head =
        format!("{} {target} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n", http.method());
    for (name, value) in http.headers() {
        let value = value.to_str().expect("tests send plain headers");
        head = format!("{head}{name}: {value}\r\n");
    }
    head = format!("{head}content-length: {}\r\n\r\n", http.body().len());
    let mut stream = TcpStream::connect(authority)?;
    stream.write_all(&[head.as_bytes(), http.body()].concat())?;
    Ok(stream)
}

fn parsed(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let (status, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut http = http::Response::builder().status(status.split(' ').nth(1)?);
    for (name, value) in headers.split("\r\n").filter_map(|line| line.split_once(": ")) {
        http = http.header(name, value);
    }
    Some(Response { http: http.body(answer[end + 4..].to_vec()).ok()?, certificate: None })
}

/// A served sandbox and a caller who reaches it there.
async fn served() -> (Sandbox, Caller, SocketAddr) {
    let sandbox = Sandbox::in_memory(7);
    let bound = serve::bind(sandbox.clone(), ([127, 0, 0, 1], 0).into()).await;
    let server = bound.expect("loopback has a free port");
    let address = server.address().expect("it is bound");
    tokio::spawn(server.run());
    let through = Through::connect(&format!("http://{address}"), Arc::new(Plain)).await;
    let ports = through.expect("a sandbox answers").ports();
    (sandbox.clone(), Caller { sandbox, ports }, address)
}

/// A call about the sandbox itself.
async fn own(address: SocketAddr, method: &str, what: &str, body: serde_json::Value) -> String {
    let http = http::Request::builder().method(method).uri(format!("http://{address}/sandbox/{what}"));
    let http = http.body(body.to_string().into_bytes()).expect("tests write valid requests");
    let request = Request { http, timeout: std::time::Duration::from_secs(30), connect_to: None };
    let response = Plain.send(request).await.expect("the server answers");
    String::from_utf8(response.http.into_body()).expect("it answers text")
}

/// Everything a caller can notice of a deployment.
async fn notes(caller: &Caller) -> Vec<String> {
    let mut notes = vec![format!("{:?}", caller.get("https://blog.example.com/").await.err())];
    let uuid = caller.service().await;
    notes.push(caller.point("blog.example.com").await.body.to_string());
    caller.deploy(&uuid, "r1").await;
    caller.sleep(21).await;
    notes.push(format!("{:?}", caller.get("https://blog.example.com/").await.err()));
    notes.push(format!("{:?}", caller.resolve("blog.example.com", None).await));
    notes.push(format!("{:?}", caller.resolve("blog.example.com", Some("192.0.2.1")).await));
    caller.sleep(40).await;
    let response = caller.get("https://blog.example.com/").await.expect("the site answers");
    notes.push(format!("{:?} {:?}", response.certificate, response.http.body()));
    caller.change(|world| world.arm(Fault::LostReply, None));
    let lost =
        caller.send("POST", "https://coolify.sandbox.fabrik/api/v1/projects", Some(json!({"name": "abc"})));
    notes.push(format!("{:?}", lost.await.err()));
    notes.push(format!("{} {:?}", caller.ports.clock.wall(), caller.ports.clock.boot()));
    notes.push(caller.sandbox.show());
    notes
}

#[tokio::test]
async fn a_served_sandbox_answers_as_one_in_process() {
    let (_, through, _) = served().await;
    assert_eq!(notes(&through).await, notes(&Caller::new()).await);
}

#[tokio::test]
async fn a_client_that_knows_nothing_of_the_sandbox_calls_both_apis_at_its_address() {
    let (_, _, address) = served().await;
    let status = async |path: &str| {
        let http =
            http::Request::get(format!("http://{address}{path}")).header("authorization", "Bearer 1|x");
        let http = http.body(Vec::new()).expect("tests write valid requests");
        let request = Request { http, timeout: std::time::Duration::from_secs(30), connect_to: None };
        Plain.send(request).await.expect("the server answers").http.status().as_u16()
    };
    assert_eq!(status("/client/v4/zones?name=example.com").await, 200);
    assert_eq!(status("/api/v1/version").await, 200);
    assert_eq!(status("/anything/else").await, 599, "a site of no such name");
}

#[tokio::test]
async fn a_client_that_dies_while_held_before_has_no_effect() {
    let (sandbox, _, address) = served().await;
    own(address, "POST", "hold", json!({"point": 1})).await;
    let http = http::Request::builder().method("POST").uri(format!("http://{address}/api/v1/projects"));
    let http = http.header("x-fabrik-host", "coolify.sandbox.fabrik").header("authorization", "Bearer x");
    let http = http.header("content-type", "application/json").body(br#"{"name":"abc"}"#.to_vec());
    let stream = open(&http.expect("it is valid")).expect("the server listens");
    assert_eq!(own(address, "GET", "held", json!(null)).await, "before POST /api/v1/projects");
    drop(stream);
    own(address, "GET", "gone", json!(null)).await;
    own(address, "POST", "let-go", json!(null)).await;
    assert_eq!(own(address, "GET", "points", json!(null)).await, r#"{"points":1}"#);
    assert_eq!(sandbox.world().log.requests, 0);
}

#[tokio::test]
async fn holding_one_request_blocks_no_other() {
    let (sandbox, caller, address) = served().await;
    own(address, "POST", "hold", json!({"point": 2})).await;
    let caller = Arc::new(caller);
    let held = tokio::spawn({
        let caller = Arc::clone(&caller);
        async move { caller.coolify("POST", "/projects", Some(json!({"name": "abc"}))).await.status }
    });
    assert_eq!(own(address, "GET", "held", json!(null)).await, "after POST /api/v1/projects");
    assert_eq!(sandbox.world().projects.len(), 1);
    assert_eq!(caller.coolify("GET", "/projects", None).await.status, 200);
    own(address, "POST", "let-go", json!(null)).await;
    assert_eq!(held.await.expect("it ends"), 201);
}

#[tokio::test]
async fn an_answer_may_be_held_half_way_by_what_its_request_is_called() {
    let (sandbox, caller, address) = served().await;
    own(address, "POST", "hold", json!({"name": "mid-reply POST /api/v1/projects", "nth": 2})).await;
    assert_eq!(caller.coolify("POST", "/projects", Some(json!({"name": "abc"}))).await.status, 201);
    let held = tokio::spawn(async move {
        caller.coolify("POST", "/projects", Some(json!({"name": "def"}))).await.body["uuid"].is_string()
    });
    assert_eq!(own(address, "GET", "held", json!(null)).await, "mid-reply POST /api/v1/projects");
    assert_eq!(sandbox.world().projects.len(), 2);
    assert!(!held.is_finished(), "half an answer is none");
    own(address, "POST", "let-go", json!(null)).await;
    assert!(held.await.expect("it ends"), "the other half comes too");
}

#[tokio::test]
async fn a_program_may_number_its_own_points_in_the_same_sequence() {
    let (_, caller, address) = served().await;
    let through = Through::connect(&format!("http://{address}"), Arc::new(Plain)).await;
    let through = through.expect("a sandbox answers");
    through.gate(Side::Before, "append 1").await.expect("the gate is open");
    caller.coolify("GET", "/version", None).await;
    assert_eq!(own(address, "GET", "points", json!(null)).await, r#"{"points":4}"#);
    own(address, "POST", "points/reset", json!(null)).await;
    own(address, "POST", "hold", json!({"point": 1})).await;
    let told = tokio::spawn(async move { through.gate(Side::After, "append 2").await.is_ok() });
    assert_eq!(own(address, "GET", "held", json!(null)).await, "after append 2");
    own(address, "POST", "let-go", json!(null)).await;
    assert!(told.await.expect("it ends"));
}

#[tokio::test]
async fn commands_do_to_a_served_sandbox_what_they_do_to_one_at_hand() {
    let (sandbox, _, address) = served().await;
    let through = Through::connect(&format!("http://{address}"), Arc::new(Plain)).await;
    let through = through.expect("a sandbox answers");
    let at_hand = Sandbox::in_memory(7);
    for command in [
        WorldCommand::StrangerRecord("blog.example.com".into()),
        WorldCommand::StrangerService("blog".into()),
        WorldCommand::Fault { fault: Fault::TooMany, times: Some(3) },
    ] {
        through.command(&command).await.expect("it is carried out");
        command.carry_out(&at_hand).expect("it can be kept");
    }
    assert_eq!(sandbox.world(), at_hand.world());
    assert_eq!(through.show().await.expect("a sandbox answers"), at_hand.show());
    let id = through.world_id().await.expect("a sandbox answers");
    through.command(&WorldCommand::Reset).await.expect("it is carried out");
    assert_ne!(through.world_id().await.expect("a sandbox answers"), id);
}

#[tokio::test]
async fn certificate_world_and_inventory_can_be_asked_for() {
    let (sandbox, _, address) = served().await;
    let certificate = own(address, "GET", "certificate?host=blog.example.com", json!(null)).await;
    assert!(certificate.contains("TRAEFIK DEFAULT CERT"));
    assert!(own(address, "GET", "world", json!(null)).await.contains(&sandbox.world_id()));
    assert_eq!(own(address, "GET", "show", json!(null)).await, sandbox.show());
}
