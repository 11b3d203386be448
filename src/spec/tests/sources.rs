//! Where an app comes from: exactly one place, named in a way that Coolify takes.

use std::fs;

use super::super::{Access, Source, Spec};
use super::{home, only, parse, refused};

fn from(source: &str) -> Source {
    parse(&format!("name: a\ndomain: a.example.com\n{source}")).expect(source).source
}

#[track_caller]
fn not_from(source: &str, column: usize, message: &str, hint: &str) {
    refused(&format!("name: a\ndomain: a.example.com\n{source}"), 3, column, message, hint);
}

#[test]
fn an_app_comes_from_exactly_one_place() {
    refused("name: a\ndomain: a.example.com", 1, 1, "nothing says where the app comes from", "python-api");
    let both = "name: my-api\ntemplate: python-api\nfolder: my-api\ndomain: a.example.com";
    refused(both, 2, 11, "both say", "keep one");
    let three = "name: my-api\nimage: a\ngit: {}\ncompose: x";
    refused(three, 4, 10, "`compose` and `image` both say", "keep one");
    refused("name: my-api\ntemplate: pyton-api\ndomain: a.example.com", 2, 11, "no template", "`python-api`");
    refused("name: gone\ntemplate: python-api", 2, 11, "`gone` is not there", "fabrik new");
    refused("name: a\nfolder: ./nowhere", 2, 9, "`./nowhere` is not there", "where the spec is");
}

#[test]
fn an_image_is_named_as_a_registry_names_it() {
    let digest = format!("redis@sha256:{}", "a1".repeat(32));
    for image in ["nginx", "redis:8", "ghcr.io/acme/api:1.4.2", "localhost:5000/a/b:X_y", digest.as_str()] {
        assert_eq!(from(&format!("image: '{image}'")), Source::Image { reference: image.to_owned() });
    }
    not_from("image: Acme/api:1", 8, "capital letters", "lower case");
    not_from("image: 'redis:8@sha256:00'", 8, "a tag and a digest", "keep the digest");
    not_from("image: 'redis@sha256:00'", 8, "its digest is not one", "64");
    not_from("image: 'a:b:c'", 8, "`image` is not an image", "");
    not_from("image: 'a:'", 8, "its tag", "");
    for image in ["'a b'", "https://a/b", "a//b", "-a", "''"] {
        not_from(&format!("image: {image}"), 8, "its name is not one a registry has", "ghcr.io");
    }
}

#[test]
fn a_repository_says_how_to_get_in() {
    let Source::Git(git) = from("git: {repository: 'https://github.com/acme/api'}") else { panic!("git") };
    assert_eq!((git.branch.as_str(), git.dockerfile.as_str(), git.commit), ("main", "/Dockerfile", None));
    assert_eq!(git.access, Access::Public);
    let keyed = from("git: {repository: 'git@github.com:acme/api.git', deploy_key: ci}");
    assert!(matches!(keyed, Source::Git(git) if git.access == Access::DeployKey("ci".to_owned())));
    let app = from("git: {repository: acme/api, github_app: bot}");
    assert!(matches!(app, Source::Git(git) if git.access == Access::GithubApp("bot".to_owned())));
    not_from("git: {repository: 'git@github.com:acme/api.git'}", 19, "is not public", "deploy_key");
    not_from("git: {repository: 'https://a.com/b', deploy_key: k}", 19, "not reached by a key", "git@");
    not_from("git: {repository: 'https://u:p@a.com/b'}", 19, "a user or a password", "");
    not_from("git: {repository: 'https://a.com/b?c'}", 19, "not an address", "");
    not_from("git: {branch: main}", 6, "`git.repository` is missing", "");
    not_from("git: {repository: a/b, deploy_key: k, github_app: g}", 39, "both say how to get in", "");
}

#[test]
fn a_commit_is_whole_even_if_it_is_all_digits() {
    let digits = "1234567890".repeat(4);
    let Source::Git(git) = from(&format!("git: {{repository: 'https://a.com/b', commit: {digits}}}")) else {
        panic!("git")
    };
    assert_eq!(git.commit, Some(digits));
    not_from(
        "git: {commit: abc1234, repository: 'https://a.com/b'}",
        15,
        "40 hexadecimal digits",
        "rev-parse",
    );
    not_from("git: {branch: -x, repository: 'https://a.com/b'}", 15, "not a branch", "");
    not_from("git: {dockerfile: Dockerfile, repository: 'https://a.com/b'}", 19, "a path", "/Dockerfile");
}

#[test]
fn a_compose_text_is_read_with_the_spec_and_not_when_it_is_thawed() {
    let home = home();
    let (path, text) = (home.path().join("a.yaml"), "name: a\ndomain: a.example.com\ncompose: ./c.yaml");
    let (line, column, message, hint) = only(Spec::parse(&path, text));
    assert_eq!((line, column), (3, 10));
    assert!(
        message.contains("`./c.yaml` cannot be read: no such file") && hint.contains("where the spec is")
    );
    fs::write(home.path().join("c.yaml"), b"\xff").expect("written");
    assert!(only(Spec::parse(&path, text)).2.contains("not UTF-8"));
    fs::write(home.path().join("c.yaml"), "services: {}").expect("written");
    let spec = Spec::parse(&path, text).expect("a good spec");
    assert!(matches!(&spec.source, Source::Compose { text, .. } if text == "services: {}"));
    assert_eq!(spec.port, None, "the compose text says it");
    fs::remove_file(home.path().join("c.yaml")).expect("removed");
    let thawed = Spec::thaw(&path, text).expect("a good spec");
    assert_eq!(thawed.canonical(), spec.canonical());
}

#[test]
fn what_belongs_to_another_source_is_refused() {
    let home = home();
    fs::write(home.path().join("c.yaml"), "services: {}").expect("written");
    let beside = |line: &str| {
        let text = format!("name: a\ncompose: c.yaml\n{line}");
        only(Spec::parse(&home.path().join("a.yaml"), &text)).2
    };
    assert!(beside("resources: {cpu: 1}").contains("`resources` has no meaning beside `compose`"));
    assert!(beside("volumes: []").contains("`volumes` has no meaning beside `compose`"));
    refused("name: a\nfolder: my-api\nservice: web", 3, 1, "`service` has no meaning beside `folder`", "");
}
