//! Answers that are not what Cloudflare documents, and what the client makes of them.

use machine::phase::VolumePolicy;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fabrik::net::{Ports, Request, Response, SendError, Transport};
use fabrik::providers::outcome::WriteOutcome;
use fabrik::providers::{Cloudflare, Provider};
use fabrik::sandbox::{CLOUDFLARE, RequestFault};
use fabrik::secrets::Secret;

use super::{Sky, fields, tag};

const NAME: &str = "blog.example.com";

/// Lets requests pass and keeps what they carried.
struct Keeper {
    inner: Arc<dyn Transport>,
    seen: Mutex<Vec<Request>>,
}

#[async_trait]
impl Transport for Keeper {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.seen.lock().unwrap().push(request.clone());
        self.inner.send(request).await
    }
}

/// The sky through a keeper, with this token.
fn kept(token: &str) -> (Sky, Arc<Keeper>) {
    let sky = Sky::new();
    let keeper = Arc::new(Keeper { inner: sky.ports.transport.clone(), seen: Mutex::default() });
    let ports = Ports { transport: keeper.clone(), ..sky.ports.clone() };
    let base = format!("https://{CLOUDFLARE}/client/v4");
    let cloudflare = Cloudflare::new(ports.clone(), &base, Secret::new(token));
    (Sky { ports, cloudflare, ..sky }, keeper)
}

#[tokio::test]
async fn a_token_of_any_shape_is_sent_as_it_is() {
    for token in ["a".repeat(40), format!("cfut_{}", "b".repeat(48)), format!("cfat_{}", "c".repeat(52))] {
        let (sky, keeper) = kept(&token);
        assert_eq!(sky.zone().await.name, "example.com");
        let seen = keeper.seen.lock().unwrap();
        assert_eq!(seen[0].http.headers()["authorization"], format!("Bearer {token}"));
    }
}

#[tokio::test]
async fn zones_are_always_asked_for_by_name_and_records_by_their_whole_name() {
    let (sky, keeper) = kept("token");
    sky.made("A", NAME, "203.0.113.1").await;
    sky.records(NAME).await.find_by_key().await.unwrap();
    let seen = keeper.seen.lock().unwrap();
    let reads: Vec<&Request> = seen.iter().filter(|it| it.http.method() == "GET").collect();
    assert!(reads.len() > 2, "{reads:?}");
    for read in reads {
        let target = read.http.uri().path_and_query().unwrap().as_str();
        let wanted = if target.contains("dns_records") { "name=blog.example.com" } else { "name=" };
        assert!(target.contains(wanted), "{target}");
    }
}

#[tokio::test]
async fn nothing_replaces_a_record_and_a_change_names_neither_comment_nor_what_it_leaves_alone() {
    let (sky, keeper) = kept("token");
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    let records = sky.records(NAME).await;
    let content = [("content".to_owned(), "203.0.113.2".to_owned())].into();
    sky.send(records.update_request(&ours.id, &content)).await;
    sky.send(records.delete_request(&ours.id, VolumePolicy::Retain)).await;
    let seen = keeper.seen.lock().unwrap();
    assert!(seen.iter().all(|it| it.http.method() != "PUT"));
    let change = seen.iter().find(|it| it.http.method() == "PATCH").unwrap();
    assert_eq!(change.http.body(), br#"{"content":"203.0.113.2"}"#);
    let deletion = seen.iter().find(|it| it.http.method() == "DELETE").unwrap();
    assert!(deletion.http.body().is_empty() && deletion.http.uri().path().ends_with(&ours.id));
}

#[tokio::test]
async fn a_new_record_says_every_field_that_has_a_default() {
    let (sky, keeper) = kept("token");
    sky.made("A", NAME, "203.0.113.1").await;
    let seen = keeper.seen.lock().unwrap();
    let create = seen.iter().find(|it| it.http.method() == "POST").unwrap();
    let body: serde_json::Value = serde_json::from_slice(create.http.body()).unwrap();
    let said: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(said, ["comment", "content", "name", "proxied", "ttl", "type"]);
}

#[tokio::test]
async fn a_gateway_that_answers_a_write_in_html_leaves_doubt() {
    let sky = Sky::new();
    let call = sky.records(NAME).await.create_request(&fields("A", NAME, "203.0.113.1"), &tag());
    sky.change(|world| world.at_request = Some((1, RequestFault::Gateway)));
    let answer = sky.send(call).await;
    assert!(matches!(&answer, WriteOutcome::Ambiguous(why) if why.contains("502")), "{answer:?}");
}

#[tokio::test]
async fn a_comment_that_differs_from_our_mark_in_capitals_alone_is_not_ours() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    let records = sky.records(NAME).await;
    assert_eq!(records.find_by_tag(&tag()).await.unwrap(), [ours]);
    sky.change(|world| world.records[0].comment = Some(tag().to_string().to_uppercase()));
    assert_eq!(records.find_by_tag(&tag()).await.unwrap(), []);
}

#[tokio::test]
async fn a_second_record_of_the_name_is_made_without_objection_and_seen_beside_the_first() {
    let sky = Sky::new();
    sky.made("A", NAME, "203.0.113.1").await;
    sky.made("A", NAME, "203.0.113.2").await;
    assert_eq!(sky.records(NAME).await.find_by_key().await.unwrap().len(), 2);
}
