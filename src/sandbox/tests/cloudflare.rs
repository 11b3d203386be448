//! What a simulated Cloudflare must do like the real one.

use serde_json::{Value, json};

use super::{Caller, record};

fn code(body: &Value) -> u64 {
    body["errors"][0]["code"].as_u64().expect("a refusal has a code")
}

#[tokio::test]
async fn an_equal_record_is_refused_and_another_content_is_not() {
    let caller = Caller::new();
    let path = caller.records().await;
    let first = caller.cloudflare("POST", &path, Some(record("A", "blog", "203.0.113.1"))).await;
    let again = caller.cloudflare("POST", &path, Some(record("A", "blog.example.com", "203.0.113.1"))).await;
    let other = caller.cloudflare("POST", &path, Some(record("A", "blog", "203.0.113.2"))).await;
    assert_eq!((first.status, again.status, other.status), (200, 400, 200));
    assert_eq!(code(&again.body), 81058);
    caller.change(|world| world.cloudflare.duplicate_code = 81057);
    let again = caller.cloudflare("POST", &path, Some(record("A", "blog", "203.0.113.1"))).await;
    assert_eq!(code(&again.body), 81057);
}

#[tokio::test]
async fn an_alias_shares_its_name_with_no_address() {
    let caller = Caller::new();
    let path = caller.records().await;
    caller.cloudflare("POST", &path, Some(record("A", "one", "203.0.113.1"))).await;
    caller.cloudflare("POST", &path, Some(record("CNAME", "two", "one.example.com."))).await;
    let alias = caller.cloudflare("POST", &path, Some(record("CNAME", "one", "two.example.com"))).await;
    let address = caller.cloudflare("POST", &path, Some(record("A", "two", "203.0.113.1"))).await;
    let text = caller.cloudflare("POST", &path, Some(record("TXT", "one", "hello"))).await;
    assert_eq!((code(&alias.body), code(&address.body), text.status), (81053, 81054, 200));
}

#[tokio::test]
async fn deleting_twice_is_404_with_81044_and_a_strange_id_7003() {
    let caller = Caller::new();
    let made = caller.point("blog.example.com").await;
    let path = caller.records().await;
    let one = format!("{path}/{}", made.body["result"]["id"].as_str().expect("it has an id"));
    let first = caller.cloudflare("DELETE", &one, None).await;
    let second = caller.cloudflare("DELETE", &one, None).await;
    let strange = caller.cloudflare("DELETE", &format!("{path}/nonsense"), None).await;
    assert_eq!((first.status, second.status, strange.status), (200, 404, 404));
    assert_eq!((code(&second.body), code(&strange.body)), (81044, 7003));
}

#[tokio::test]
async fn a_deleted_record_may_block_its_name_for_a_while() {
    let caller = Caller::new();
    caller.change(|world| world.cloudflare.slow_delete_ms = 3_000);
    let made = caller.point("blog.example.com").await;
    let path = caller.records().await;
    let one = format!("{path}/{}", made.body["result"]["id"].as_str().expect("it has an id"));
    caller.cloudflare("DELETE", &one, None).await;
    let alias = record("CNAME", "blog", "other.example.com");
    assert_eq!(caller.cloudflare("POST", &path, Some(alias.clone())).await.status, 400);
    caller.sleep(3).await;
    assert_eq!(caller.cloudflare("POST", &path, Some(alias)).await.status, 200);
}

#[tokio::test]
async fn names_and_contents_are_stored_in_one_form() {
    let caller = Caller::new();
    let path = caller.records().await;
    let cases = [
        ("A", "BLOG", "203.0.113.1", "blog.example.com", "203.0.113.1"),
        ("A", "@", "203.0.113.1", "example.com", "203.0.113.1"),
        ("AAAA", "six.example.com.", "2001:DB8:0::1", "six.example.com", "2001:db8::1"),
        ("CNAME", "alias", "Other.Example.NET.", "alias.example.com", "other.example.net"),
        ("A", "mail.other.net", "203.0.113.1", "mail.other.net.example.com", "203.0.113.1"),
    ];
    for (kind, name, content, stored_name, stored_content) in cases {
        let made = caller.cloudflare("POST", &path, Some(record(kind, name, content))).await;
        let stored = &made.body["result"];
        assert_eq!((&stored["name"], &stored["content"]), (&json!(stored_name), &json!(stored_content)));
    }
}

#[tokio::test]
async fn filters_want_the_full_name_and_ignore_case() {
    let caller = Caller::new();
    let path = caller.records().await;
    let mut marked = record("A", "blog", "203.0.113.1");
    marked["comment"] = json!("fabrik r=1 s=dns j=2");
    caller.cloudflare("POST", &path, Some(marked)).await;
    caller.cloudflare("POST", &path, Some(record("A", "shop", "203.0.113.1"))).await;
    let cases = [
        ("name=BLOG.example.com", 1),
        ("name=blog", 0),
        ("type=A&name=shop.example.com", 1),
        ("type=CNAME", 0),
        ("comment.contains=S%3DDNS", 1),
        ("comment.startswith=fabrik+r%3D1", 1),
        ("comment=fabrik", 0),
        ("comment.absent=", 1),
        ("match=any&name=blog.example.com&name=shop.example.com", 2),
        ("per_page=1&page=2", 1),
        ("", 2),
    ];
    for (query, count) in cases {
        let list = caller.cloudflare("GET", &format!("{path}?{query}"), None).await;
        assert_eq!(list.body["result_info"]["count"], json!(count), "{query}");
    }
}

#[tokio::test]
async fn a_proxied_record_has_automatic_ttl() {
    let caller = Caller::new();
    let path = caller.records().await;
    let body = json!({"type": "A", "name": "blog", "content": "203.0.113.1", "ttl": 600, "proxied": true});
    let made = caller.cloudflare("POST", &path, Some(body)).await;
    assert_eq!(made.body["result"]["ttl"], 1);
}

#[tokio::test]
async fn put_drops_the_comment_and_patch_does_not() {
    let caller = Caller::new();
    let path = caller.records().await;
    let mut body = record("A", "blog", "203.0.113.1");
    body["comment"] = json!("mine");
    let made = caller.cloudflare("POST", &path, Some(body)).await;
    let one = format!("{path}/{}", made.body["result"]["id"].as_str().expect("it has an id"));
    let patched = caller.cloudflare("PATCH", &one, Some(json!({"content": "203.0.113.2"}))).await;
    assert_eq!(patched.body["result"]["comment"], "mine");
    let put = caller.cloudflare("PUT", &one, Some(record("A", "blog", "203.0.113.3"))).await;
    assert_eq!(put.body["result"]["comment"], Value::Null);
    let typed = caller.cloudflare("PATCH", &one, Some(json!({"type": "TXT", "content": "x"}))).await;
    assert_eq!(typed.status, 400);
}

#[tokio::test]
async fn what_the_free_plan_does_not_allow_is_refused() {
    let caller = Caller::new();
    let path = caller.records().await;
    let with = |key: &str, value: Value| {
        let mut body = record("A", "blog", "203.0.113.1");
        body[key] = value;
        body
    };
    let cases = [
        (with("comment", json!("x".repeat(101))), 1004),
        (with("tags", json!(["a:b"])), 9300),
        (with("ttl", json!(59)), 9021),
        (with("content", json!("203.0.113")), 9005),
        (record("AAAA", "blog", "203.0.113.1"), 9006),
        (record("A", "b log", "203.0.113.1"), 9000),
    ];
    for (body, expected) in cases {
        let refused = caller.cloudflare("POST", &path, Some(body)).await;
        assert_eq!((refused.status, code(&refused.body)), (400, expected));
    }
    caller.change(|world| world.cloudflare.quota = 0);
    assert_eq!(code(&caller.point("blog.example.com").await.body), 81045);
}

#[tokio::test]
async fn only_names_of_two_labels_are_zones_and_they_keep_their_id() {
    let caller = Caller::new();
    let none = caller.cloudflare("GET", "/zones?name=blog.example.com", None).await;
    assert_eq!(none.body["result"], json!([]));
    let path = caller.records().await;
    assert_eq!(path, Caller::new().records().await);
    let zone = caller.cloudflare("GET", path.trim_end_matches("/dns_records"), None).await;
    assert_eq!(zone.body["result"]["name"], "example.com");
}

#[tokio::test]
async fn a_change_is_visible_at_the_name_servers_a_moment_later() {
    let caller = Caller::new();
    caller.point("blog.example.com").await;
    assert!(caller.resolve("blog.example.com", None).await.is_err());
    caller.sleep(1).await;
    for server in [None, Some("ns1.sandbox.fabrik"), Some("198.51.100.54")] {
        let answers = caller.resolve("blog.example.com", server).await.expect("the record is there");
        assert_eq!(answers[0].value, "203.0.113.10");
    }
    let stranger = caller.resolve("blog.example.com", Some("192.0.2.1")).await;
    assert!(matches!(stranger, Err(crate::net::ResolveError::Unanswered(_))));
}

#[tokio::test]
async fn a_live_token_is_told_with_a_message_code_that_elsewhere_is_an_error() {
    let caller = Caller::new();
    let verified = caller.cloudflare("GET", "/user/tokens/verify", None).await;
    assert_eq!(verified.body["messages"][0]["code"], 10000);
    assert_eq!(verified.body["result"]["status"], "active");
}

#[tokio::test]
async fn one_request_too_many_is_punished_with_five_minutes_of_429() {
    let caller = Caller::new();
    caller.change(|world| world.cloudflare.rate_limit = 2);
    let ask = async || caller.cloudflare("GET", "/user/tokens/verify", None).await;
    let first = ask().await;
    assert_eq!(first.headers["ratelimit"], "\"default\";r=1;t=300");
    assert_eq!(first.headers["ratelimit-policy"], "\"default\";q=2;w=300");
    assert_eq!(ask().await.status, 200);
    caller.sleep(200).await;
    let third = ask().await;
    assert_eq!((third.status, third.body["errors"][0]["code"].as_u64()), (429, Some(971)));
    assert_eq!(third.headers["retry-after"], "300");
    caller.sleep(299).await;
    assert_eq!(ask().await.status, 429);
    caller.sleep(1).await;
    assert_eq!(ask().await.status, 200);
}
