//! Older spellings: those with a meaning are read, the others are told what to write instead.

use std::fs;

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

#[test]
fn older_keys_without_a_meaning_are_told_what_to_write_instead() {
    let older = [
        ("backup", "leave it out"),
        ("depends", "apply the specs"),
        ("infrastructure", "`server`"),
        ("wordpress", "`folder`"),
        ("expose", "`port`"),
    ];
    for (key, instead) in older {
        also_refused(&format!("{key}: x"), 1, 1, &format!("`{key}` is an older spelling"), instead);
    }
}
