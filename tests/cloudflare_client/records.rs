//! Looking at records, making, changing and deleting them.

use async_trait::async_trait;
use fabrik::net::{Ports, Request, Response, SendError, Transport};
use fabrik::providers::cloudflare::normalize::normal;
use fabrik::providers::outcome::WriteOutcome;
use fabrik::providers::{Cloudflare, Provider, ReadError, RemoteObject};
use fabrik::sandbox::{Quirk, RequestFault};
use fabrik::secrets::Secret;
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use serde_json::json;

use super::{Records, Sky, fields, tag};

const NAME: &str = "blog.example.com";

fn contents(objects: &[RemoteObject]) -> Vec<&str> {
    objects.iter().map(|object| object.fields["content"].as_str()).collect()
}

#[tokio::test]
async fn what_is_made_comes_back_in_the_form_that_was_asked_for() {
    for (kind, content, proxied) in [
        ("A", "203.0.113.7", "false"),
        ("A", "203.0.113.7", "true"),
        ("AAAA", "2001:DB8:0::7", "false"),
        ("CNAME", "Origin.Bücher.Example.", "true"),
    ] {
        let sky = Sky::new();
        let records = sky.records(NAME).await;
        let mut asked = fields(kind, NAME, content);
        asked.insert("proxied".into(), proxied.into());
        let WriteOutcome::Done(body) = sky.send(records.create_request(&asked, &tag())).await else {
            panic!("{kind}")
        };
        let made = records.parse_created(&body, &asked, &tag()).unwrap();
        assert_eq!(made.differences(&normal(&asked)), Vec::<&str>::new(), "{kind} {made:?}");
        assert_eq!(records.get(&made.id).await.unwrap().unwrap(), made);
        assert_eq!(records.find_by_tag(&tag()).await.unwrap(), [made]);
    }
}

#[tokio::test]
async fn everything_that_can_be_in_the_way_is_seen_and_nothing_else() {
    let sky = Sky::new();
    for (kind, name, content) in [
        ("A", NAME, "203.0.113.1"),
        ("AAAA", NAME, "2001:db8::1"),
        ("TXT", NAME, "hello"),
        ("MX", NAME, "mail.example.com"),
        ("A", "shop.example.com", "203.0.113.2"),
        ("CNAME", "www.example.com", "blog.example.com"),
        ("NS", "team.example.com", "ns.example.net"),
        ("A", "example.com", "203.0.113.3"),
        ("NS", "example.com", "ns.example.net"),
    ] {
        sky.made(kind, name, content).await;
    }
    for (name, seen) in [
        (NAME, vec!["203.0.113.1", "2001:db8::1"]),
        ("www.example.com", vec!["blog.example.com"]),
        ("team.example.com", vec!["ns.example.net"]),
        ("example.com", vec!["203.0.113.3"]),
        ("free.example.com", vec![]),
    ] {
        assert_eq!(contents(&sky.records(name).await.find_by_key().await.unwrap()), seen, "{name}");
    }
}

#[tokio::test]
async fn more_records_than_a_page_shows_are_all_seen() {
    let sky = Sky::new();
    sky.change(|world| world.cloudflare.quota = 300);
    for at in 0..=200 {
        sky.made("A", NAME, &format!("203.0.113.{at}")).await;
    }
    assert_eq!(sky.records(NAME).await.find_by_key().await.unwrap().len(), 201);
}

#[tokio::test]
async fn an_equal_record_may_be_our_own_lost_create_under_either_code() {
    for code in [81057, 81058] {
        let sky = Sky::new();
        sky.change(|world| world.cloudflare.duplicate_code = code);
        sky.made("A", NAME, "203.0.113.7").await;
        let again = sky.make("A", NAME, "203.0.113.7").await;
        assert!(
            matches!(&again, WriteOutcome::Conflict(why) if why.contains(&code.to_string())),
            "{again:?}"
        );
    }
}

#[tokio::test]
async fn every_taken_name_may_be_our_own_lost_create() {
    for (there, new) in [("A", "CNAME"), ("CNAME", "A"), ("CNAME", "CNAME"), ("NS", "A"), ("NS", "CNAME")] {
        let sky = Sky::new();
        let content = |kind: &str| if kind == "A" { "203.0.113.7" } else { "other.example.net" };
        sky.made(there, NAME, content(there)).await;
        let again = sky.make(new, NAME, content(new)).await;
        assert!(matches!(again, WriteOutcome::Conflict(_)), "{there} then {new}: {again:?}");
    }
}

#[tokio::test]
async fn a_change_that_would_double_another_record_is_refused() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    sky.made("A", NAME, "203.0.113.2").await;
    let change = sky.records(NAME).await.update_request(&ours.id, &fields("A", NAME, "203.0.113.2"));
    assert!(matches!(sky.send(change).await, WriteOutcome::Refused(_)));
}

#[tokio::test]
async fn switching_the_proxy_keeps_the_mark_and_reads_back_as_asked() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    let records = sky.records(NAME).await;
    for proxied in ["true", "false"] {
        let mut wanted = fields("A", NAME, "203.0.113.1");
        wanted.insert("proxied".into(), proxied.into());
        assert!(matches!(sky.send(records.update_request(&ours.id, &wanted)).await, WriteOutcome::Done(_)));
        let now = records.get(&ours.id).await.unwrap().unwrap();
        assert!(now.agrees_with(&normal(&wanted)) && now.tag == ours.tag, "{now:?}");
    }
}

#[tokio::test]
async fn a_change_that_does_not_name_the_proxy_leaves_it_as_it_is() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    sky.change(|world| world.records[0].proxied = true);
    let records = sky.records(NAME).await;
    let content = Attributes::from([("content".to_owned(), "203.0.113.2".to_owned())]);
    assert!(matches!(sky.send(records.update_request(&ours.id, &content)).await, WriteOutcome::Done(_)));
    assert_eq!(records.get(&ours.id).await.unwrap().unwrap().fields["proxied"], "true");
}

#[tokio::test]
async fn a_type_cannot_be_changed_and_that_is_said_before_the_api_says_it() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    let alias = fields("CNAME", NAME, "other.example.net");
    let records = sky.records(NAME).await;
    let (words, _) = records.unchangeable(&ours, &alias).unwrap();
    assert!(words.contains("cannot be changed in place from A to CNAME"), "{words}");
    assert_eq!(records.unchangeable(&ours, &fields("a", NAME, "203.0.113.2")), None);
    let change = records.update_request(&ours.id, &alias);
    assert!(matches!(sky.send(change).await, WriteOutcome::Refused(_)));
}

#[tokio::test]
async fn a_record_that_a_product_keeps_is_read_in_any_shape_and_said_to_be_unchangeable() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    sky.change(|world| {
        world.records[0].read_only = true;
        world.records[0].comment = None;
        world.cloudflare.quirks.insert(Quirk::OddRecords);
    });
    let records = sky.records(NAME).await;
    let there = records.find_by_key().await.unwrap();
    let (words, _) = records.unchangeable(&there[0], &fields("A", NAME, "203.0.113.2")).unwrap();
    assert!(words.contains("kept by a Cloudflare product") && there[0].tag.is_none(), "{words}");
    let answers = [
        records.update_request(&ours.id, &there[0].fields),
        records.delete_request(&ours.id, VolumePolicy::Retain),
    ];
    for call in answers {
        assert!(matches!(sky.send(call).await, WriteOutcome::Refused(_)));
    }
}

#[tokio::test]
async fn deleting_twice_finds_it_missing_and_an_edited_one_is_seen_as_edited() {
    let sky = Sky::new();
    let ours = sky.made("A", NAME, "203.0.113.1").await;
    let records = sky.records(NAME).await;
    sky.change(|world| world.records[0].content = "198.51.100.1".into());
    let now = records.get(&ours.id).await.unwrap().unwrap();
    assert_eq!(now.differences(&ours.fields), ["content"]);
    assert!(matches!(
        sky.send(records.delete_request(&ours.id, VolumePolicy::Retain)).await,
        WriteOutcome::Done(_)
    ));
    assert!(matches!(
        sky.send(records.delete_request(&ours.id, VolumePolicy::Retain)).await,
        WriteOutcome::Missing(_)
    ));
    assert_eq!(records.get(&ours.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_zone_refuses_a_record_and_the_answer_says_what_to_do() {
    let sky = Sky::new();
    sky.change(|world| world.cloudflare.quota = 0);
    let refused = sky.make("A", NAME, "203.0.113.1").await;
    assert!(
        matches!(&refused, WriteOutcome::Refused(why) if why.contains("delete records, or raise the plan")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_write_that_was_turned_away_was_not_done_whatever_the_code() {
    for (code, retry_after) in [(971, Some(7)), (10429, None)] {
        let sky = Sky::new();
        sky.zone().await;
        let call = sky.records(NAME).await.create_request(&fields("A", NAME, "203.0.113.1"), &tag());
        sky.change(|world| {
            world.cloudflare.throttle_code = code;
            world.at_request = Some((1, RequestFault::TooMany { retry_after }));
        });
        assert!(matches!(sky.send(call).await, WriteOutcome::NotSent(..)), "{code}");
        assert!(sky.sandbox.world().records.is_empty());
    }
}

#[tokio::test]
async fn reading_outlasts_a_short_spell_of_throttling() {
    let sky = Sky::new();
    sky.change(|world| {
        world.cloudflare.penalty_ms = 40_000;
        world.at_request = Some((1, RequestFault::TooMany { retry_after: None }));
    });
    assert_eq!(sky.zone().await.name, "example.com");
}

/// Answers every request with the same body.
struct Parrot(serde_json::Value);

#[async_trait]
impl Transport for Parrot {
    async fn send(&self, _: Request) -> Result<Response, SendError> {
        let http = http::Response::builder().body(self.0.to_string().into_bytes()).unwrap();
        Ok(Response { http, certificate: None })
    }
}

async fn looking_at(list: serde_json::Value) -> Result<Vec<RemoteObject>, ReadError> {
    let transport = std::sync::Arc::new(Parrot(list));
    let ports = Ports { transport, ..Sky::new().ports };
    let cloudflare = Cloudflare::new(ports, "https://api.example.com", Secret::new("token"));
    Records { cloudflare, zone: "0".repeat(32), name: NAME.to_owned(), step: Step::Dns(0) }
        .find_by_key()
        .await
}

#[tokio::test]
async fn a_list_that_ends_before_its_count_is_not_believed() {
    let short = json!({"success": true, "result": [], "result_info": {"total_count": 1}});
    assert!(matches!(looking_at(short).await, Err(ReadError::Unintelligible { .. })));
    let endless = json!({"success": true, "result": [{"id": "1"}], "result_info": {"total_count": 2}});
    assert!(matches!(looking_at(endless).await, Err(ReadError::Unintelligible { .. })));
}

#[tokio::test]
async fn a_list_without_a_count_ends_with_a_page_that_is_not_full() {
    let bare = json!({"success": true, "result": [
        {"id": "1", "type": "A", "name": "BLOG.example.com.", "content": "203.0.113.1", "tags": null},
        {"id": "2", "type": "A", "name": "other.example.com", "content": "203.0.113.2"},
    ]});
    assert_eq!(contents(&looking_at(bare).await.unwrap()), ["203.0.113.1"]);
}
