//! Older spellings: those with a meaning are read, the others are told what to write instead.

use std::fs;

use super::super::keys::{OLDER, TOP};
use super::super::{Source, Spec};
use super::{SMALLEST, also_refused, home, parse, refused};

#[test]
fn an_older_spec_asks_for_the_same_as_todays() {
    let older = "id: my-api\nkind: service\nsource: {type: template}\ntemplate: python-api\n\
                 domain: my-api.example.com\nhealthcheck: {path: /up}\n\
                 coolify: {project: shop, server: vps1}\n";
    let today = format!("{SMALLEST}health: {{path: /up}}\nproject: shop\nserver: vps1\n");
    assert_eq!(parse(older).expect("good").canonical(), parse(&today).expect("good").canonical());
}

#[test]
fn older_sources_are_todays_sources() {
    let from = |source: &str| parse(&format!("name: a\ndomain: a.example.com\n{source}")).expect(source);
    let git = "{repository: 'https://github.com/acme/api', branch: trunk}";
    let older = from("source: {type: git, repository: 'https://github.com/acme/api', branch: trunk}");
    assert_eq!(older.canonical(), from(&format!("git: {git}")).canonical());
    assert_eq!(
        from("source: {type: docker, image: 'redis:8'}").canonical(),
        from("image: 'redis:8'").canonical()
    );
    let home = home();
    fs::write(home.path().join("compose.yaml"), "services: {}").expect("written");
    let text = "name: a\ndomain: a.example.com\ncoolify: {compose_path: compose.yaml}";
    let spec = Spec::parse(&home.path().join("a.yaml"), text).expect("a good spec");
    assert!(matches!(spec.source, Source::Compose { text, .. } if text == "services: {}"));
}

#[test]
fn an_older_spelling_beside_todays_is_refused_naming_both() {
    also_refused("id: my-api", 1, 1, "`id` and `name` are the same key", "keep `name`");
    also_refused("health: {}\nhealthcheck: {}", 2, 1, "`healthcheck` and `health`", "older spelling");
    also_refused("server: a\ncoolify: {server: a}", 2, 11, "`coolify.server` and `server`", "");
    refused(
        &format!("{SMALLEST}source: {{type: docker, image: a}}"),
        2,
        11,
        "`template` and `image` both say",
        "keep one",
    );
}

#[test]
fn an_older_source_must_make_sense() {
    let text = |source: &str| format!("name: a\nfolder: my-api\ndomain: a.example.com\nsource: {source}");
    refused(&text("{image: a}"), 4, 9, "says no `type`", "`git`");
    refused(&text("{type: svn}"), 4, 16, "must be template or git or docker", "");
    refused(&text("{type: template}"), 4, 9, "which template", "`template: NAME`");
    refused(&text("{type: docker}"), 4, 9, "`source.image` is missing", "");
    also_refused("source: {type: template, branch: x}", 1, 26, "`source.branch` has no meaning", "");
}

#[test]
fn kind_must_agree_with_the_domain() {
    also_refused("kind: worker", 1, 7, "`kind` is worker, and there is a `domain`", "leave `kind` out");
    refused("name: a\nfolder: my-api\nkind: service", 3, 7, "`kind` is service, and there is no", "");
    assert!(parse("name: a\nfolder: my-api\nkind: worker").is_ok());
}

/// An older spec, as the older documentation wrote them: every key, also those it has no use for.
const WHOLE: [(&str, &str); 21] = [
    ("id", "my-api"),
    ("kind", "service"),
    ("template", "null"),
    ("folder", "my-api"),
    ("compose", "null"),
    ("image", "null"),
    ("git", "null"),
    ("domain", "my-api.example.com"),
    (
        "healthcheck",
        "{path: /up, status: null, interval: null, timeout: ~, successes: Null, fingerprint: NULL}",
    ),
    ("coolify", "{project: null, server: null, compose_path: null}"),
    ("source", "null"),
    ("env", "null"),
    ("secrets", "{required: null, generate: null}"),
    ("dns", "{target: null, type: null, ttl: null, proxied: null, zone: null}"),
    ("resources", "{memory: null, cpu: null}"),
    ("volumes", "null"),
    ("adopt", "null"),
    ("rollback", "{coolify: null, dns: null}"),
    ("environment", "null"),
    ("port", "null"),
    ("service", "null"),
];

fn spec(pairs: &[(&str, &str)]) -> String {
    let lines: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
    lines.concat()
}

#[test]
fn a_key_that_is_null_is_as_good_as_absent() {
    let today = spec(&[
        ("name", "my-api"),
        ("folder", "my-api"),
        ("domain", "my-api.example.com"),
        ("health", "{path: /up}"),
    ]);
    let wanted = parse(&today).expect("good").canonical();
    assert_eq!(parse(&spec(&WHOLE)).expect("good").canonical(), wanted);
    // In an older spec a value may be left out altogether.
    let empty: Vec<(&str, &str)> =
        WHOLE.iter().map(|(key, value)| (*key, if *value == "null" { "" } else { *value })).collect();
    assert_eq!(parse(&spec(&empty)).expect("good").canonical(), wanted);
    for key in TOP.iter().chain(&["id", "kind", "healthcheck", "coolify", "source"]) {
        let set = |line: &&str| line.split(':').next() == Some(key);
        if !today.lines().any(|line| set(&line)) {
            for null in ["null", "~", "Null", "NULL"] {
                let spec = parse(&format!("{today}{key}: {null}\n"));
                assert_eq!(spec.expect(key).canonical(), wanted, "{key}: {null}");
            }
        }
    }
}

#[test]
fn what_must_be_there_may_not_be_null_and_a_forgotten_value_is_told() {
    refused("name: null\nfolder: my-api", 1, 1, "`name` is missing", "");
    refused("name: a\nfolder: null", 1, 1, "nothing says where the app comes from", "");
    also_refused("env: {A: null}", 1, 10, "`env.A` has no value", "\"\"");
    for key in TOP.iter().filter(|key| !SMALLEST.contains(&format!("{key}:"))) {
        let problems = super::with(&format!("{key}:")).expect_err(key);
        assert!(problems.to_string().contains(key), "{problems}");
    }
}

#[test]
fn every_older_key_that_is_no_longer_supported_has_a_way_on_that_works() {
    for (key, instead) in OLDER {
        let (above, below) = key.split_once('.').map_or((*key, None), |(above, below)| (above, Some(below)));
        for value in ["x", "true", "[a]", "{a: b}"] {
            let line = match below {
                None if above == "expose" && value.starts_with('{') => continue,
                None => format!("{above}: {value}"),
                Some(below) => format!("{above}: {{{below}: {value}}}"),
            };
            let column = if below.is_some() { above.len() + 4 } else { 1 };
            also_refused(&line, 1, column, &format!("`{key}` is no longer supported"), instead);
        }
        assert!(super::with(&format!("{above}: null")).is_ok(), "{key}");
        let way_on = match (instead.starts_with("leave it out"), below) {
            (true, _) => String::new(),
            (false, Some("port")) => "port: 9000".to_owned(),
            (false, _) => continue,
        };
        assert!(super::with(&way_on).is_ok(), "{key}: {instead}");
    }
    assert!(parse("name: a\nfolder: my-api\nkind: worker").is_ok(), "internal only");
    also_refused("expose: {visibility: x}", 1, 10, "unknown key `expose.visibility`", "leave it out");
}
