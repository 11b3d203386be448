//! What the compose text says.

use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::spec::templates::Template;

fn bundle(dockerfile: &str) -> Bundle {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).expect("written");
    std::fs::write(folder.path().join("app.py"), "print()").expect("written");
    Bundle::read(folder.path(), Path::new("/none")).expect("a bundle")
}

fn compose(bundle: &Bundle, env_keys: &[String]) -> serde_json::Value {
    let volumes = [VolumeSpec { name: "data".to_owned(), path: "/data".to_owned() }];
    let input = ComposeInput {
        name: "shop",
        port: Some(8000),
        health_path: "/health",
        resources: &Resources::default(),
        volumes: &volumes,
        bundle,
        env_keys,
    };
    serde_json::from_str(&render(&input)).expect("JSON")
}

#[test]
fn the_compose_text_names_what_coolify_needs() {
    let bundle = bundle("FROM a\nCOPY . .\n");
    let compose = compose(&bundle, &[]);
    let app = &compose["services"]["app"];
    assert_eq!(app["build"]["context"], ".");
    assert_eq!(app["expose"], json!(["8000"]));
    assert_eq!(app["labels"], json!({"fabrik.health": "/health"}));
    assert_eq!(app["volumes"], json!(["data:/data"]));
    assert_eq!(compose["volumes"], json!({"data": {"driver": "local"}}));
    assert_eq!(app["environment"], json!({"PORT": "8000"}));
    let image = app["image"].as_str().expect("text");
    let tag = image.strip_prefix("fabrik/app-shop:").expect("our own name");
    assert!(tag.len() == 12 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn a_port_that_the_spec_sets_itself_is_not_set_twice() {
    assert!(compose(&bundle("FROM a\n"), &["PORT".to_owned()])["services"]["app"]["environment"].is_null());
}

#[test]
fn limits_are_those_that_docker_compose_keeps_without_a_swarm() {
    let bundle = bundle("FROM a\n");
    let limited = |memory: Option<&str>, cpu: Option<&str>| {
        let resources = Resources { memory: memory.map(str::to_owned), cpu: cpu.map(str::to_owned) };
        let (name, health_path, volumes, env_keys) = ("a", "/", &[][..], &[][..]);
        let input = ComposeInput {
            name,
            port: None,
            health_path,
            resources: &resources,
            volumes,
            bundle: &bundle,
            env_keys,
        };
        let text = render(&input);
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["services"]["app"]["deploy"].clone()
    };
    let limits = json!({"memory": "512M", "cpus": "1.50"});
    assert_eq!(limited(Some("512M"), Some("1.50")), json!({"resources": {"limits": limits}}));
    assert_eq!(limited(None, Some("2")), json!({"resources": {"limits": {"cpus": "2"}}}));
    assert!(limited(None, None).is_null());
}

#[test]
fn a_worker_is_given_no_port() {
    let bundle = bundle("FROM a\n");
    let (name, health_path, resources) = ("a", "/", &Resources::default());
    let input = ComposeInput {
        name,
        port: None,
        health_path,
        resources,
        volumes: &[],
        bundle: &bundle,
        env_keys: &[],
    };
    let text = render(&input);
    assert!(!text.contains("PORT") && !text.contains("expose") && !text.contains("fabrik.health"), "{text}");
}

#[test]
fn the_files_in_the_compose_text_are_the_apps_files() {
    let bundle = bundle("FROM a\nCOPY . .\n");
    let compose = compose(&bundle, &[]);
    let text = compose["services"]["app"]["build"]["dockerfile_inline"].as_str().expect("text").to_owned();
    let body = text
        .split("<<FABRIK /files\n")
        .nth(1)
        .and_then(|rest| rest.split("\nFABRIK\n").next())
        .expect("files");
    assert!(body.lines().all(|line| line.len() <= 76));
    let packed = STANDARD.decode(body.replace('\n', "")).expect("base64");
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut tar).expect("gzip");
    assert!(tar == bundle.tar);
}

#[test]
fn every_dollar_of_a_dockerfile_is_hidden_from_compose() {
    let bundle = bundle("ARG V=1\nFROM a:$V\nRUN echo $HOME ${V} $$\n");
    let text = compose(&bundle, &[])["services"]["app"]["build"]["dockerfile_inline"]
        .as_str()
        .expect("text")
        .to_owned();
    assert_eq!(text.replace("$$", "").matches('$').count(), 0);
    assert!(text.replace("$$", "$").ends_with("FROM a:$V\nRUN echo $HOME ${V} $$\n"));
}

#[test]
fn templates_need_no_dollar_in_the_compose_text() {
    for template in Template::all() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let domain = template.port.map(|_| "shop.example.com");
        crate::spec::scaffold::scaffold(folder.path(), template, "shop", domain).expect("written");
        let bundle = Bundle::read(&folder.path().join("shop"), Path::new("/none")).expect("a bundle");
        let input = ComposeInput {
            name: "shop",
            port: template.port,
            health_path: "/",
            resources: &Resources::default(),
            volumes: &[],
            bundle: &bundle,
            env_keys: &[],
        };
        let text = render(&input);
        assert!(!text.contains('$') && !text.contains("{}") && !text.contains("[]"), "{}", template.name);
    }
}

#[test]
fn the_content_hash_follows_the_files_and_the_dockerfile_and_nothing_else() {
    let hash = |bundle: &Bundle, port| {
        let resources = Resources::default();
        let (name, health_path, volumes, env_keys) = ("a", "/", &[][..], &[][..]);
        content_hash(&ComposeInput {
            name,
            port,
            health_path,
            resources: &resources,
            volumes,
            bundle,
            env_keys,
        })
    };
    let (one, other) = (bundle("FROM a\n"), bundle("FROM b\n"));
    assert_eq!(hash(&one, Some(1)), hash(&one, None));
    assert_ne!(hash(&one, None), hash(&other, None));
}
