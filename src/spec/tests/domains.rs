//! The domains of an app, and what an app without one may ask for.

use super::{parse, refused};

fn listed(domain: &str) -> super::Spec {
    parse(&format!("name: a\nfolder: my-api\ndomain: {domain}")).expect("a good spec")
}

#[test]
fn domains_that_cannot_resolve_are_refused() {
    let cases = [
        ("https://a.example.com", "URL", "host name"),
        ("a.example.com:80", "port", "`port`"),
        ("'*.example.com'", "wildcard", "name each host"),
        ("A.example.com", "capital", "a.example.com"),
        ("localhost", "no dot", ""),
        ("203.0.113.7", "address", "dns.target"),
        ("a..example.com", "empty label", ""),
        ("a_b.example.com", "a label is not", ""),
        ("-a.example.com", "a label is not", ""),
        ("xn--a.example.com", "no domain can have", ""),
        ("\"a\\u00ad\\u200f.example.com\"", "no domain can have", ""),
    ];
    for (domain, why, hint) in cases {
        refused(&format!("name: a\nfolder: my-api\ndomain: {domain}"), 3, 9, why, hint);
    }
    let long = format!("{}.example.com", vec!["a".repeat(60); 5].join("."));
    refused(&format!("name: a\nfolder: my-api\ndomain: {long}"), 3, 9, "253", "");
}

#[test]
fn letters_outside_ascii_become_punycode_and_are_shown_as_written() {
    let spec = listed("[münchen.example, faß.example, plain.example]");
    assert_eq!(spec.domains, ["xn--mnchen-3ya.example", "xn--fa-hia.example", "plain.example"]);
    let shown: Vec<&str> = spec.domains.iter().map(|domain| spec.as_written(domain)).collect();
    assert_eq!(shown, ["münchen.example", "faß.example", "plain.example"]);
}

#[test]
fn one_domain_and_a_list_of_one_ask_for_the_same() {
    assert_eq!(listed("a.example.com").canonical(), listed("[a.example.com]").canonical());
    assert_ne!(
        listed("[a.example.com, b.example.com]").canonical(),
        listed("[b.example.com, a.example.com]").canonical()
    );
}

#[test]
fn a_domain_is_there_once_however_it_is_written() {
    let text = |list: &str| format!("name: a\nfolder: my-api\ndomain: {list}");
    refused(&text("[a.example.com, b.example.com, a.example.com]"), 3, 40, "twice", "");
    refused(&text("[münchen.example, xn--mnchen-3ya.example]"), 3, 27, "twice", "");
    refused(&text("[]"), 3, 9, "names none", "leave it out");
    refused(&text("[a.example.com, nope]"), 3, 25, "no dot", "");
    let zoned = "name: a\nfolder: my-api\ndomain: [a.example.com, a.example.net]\ndns: {zone: example.com}";
    refused(zoned, 4, 13, "`a.example.net` is not within `dns.zone`", "");
}

#[test]
fn an_app_without_a_domain_is_a_worker_and_asks_for_nothing_that_needs_one() {
    let worker = |lines: &str| parse(&format!("name: my-api\ntemplate: python-api\n{lines}"));
    let spec = worker("health: {timeout: 1m, interval: 2s}").expect("a good spec");
    assert_eq!((spec.domains.len(), spec.port, spec.health.fingerprint), (0, None, None));
    let text = |lines: &str| format!("name: a\nfolder: my-api\n{lines}");
    refused(&text("port: 80"), 3, 1, "where a `domain` leads", "add a `domain`");
    refused(&text("dns: {ttl: 60}"), 3, 6, "how a `domain` resolves", "leave it out");
    for key in ["path: /up", "status: 204", "successes: 1", "fingerprint: {header: X}"] {
        refused(&text(&format!("health: {{{key}}}")), 3, 10, "a worker gives none", "add a `domain`");
    }
}
