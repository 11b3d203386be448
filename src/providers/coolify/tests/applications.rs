//! Applications: what creating and changing sends, and what is read back.

use machine::id::{JournalId, RunId};
use machine::phase::VolumePolicy;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;
use serde_json::{Value, json};

use super::{body, coolify, line};
use crate::providers::coolify::application_attributes::{changeable, settled};
use crate::providers::coolify::storages::{Goal, Mount, Storage, VOLUMES};
use crate::providers::coolify::{Applications, Coolify};
use crate::providers::request::{COOLIFY, COOLIFY_GITHUB};
use crate::providers::{Provider, ReadError};

fn applications(coolify: Coolify) -> Applications {
    Applications { slot: super::writes::slot(coolify) }
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Attributes {
    fields.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn image(reference: &str) -> Attributes {
    fields([("kind", "image"), ("image", reference), ("url", "https://api.example.com"), ("port", "80")])
}

fn git() -> Attributes {
    fields([("kind", "git"), ("repository", "https://github.com/acme/api"), ("branch", "main")])
}

fn with(mut fields: Attributes, key: &str, value: &str) -> Attributes {
    fields.insert(key.to_owned(), value.to_owned());
    fields
}

fn tag() -> OwnershipTag {
    OwnershipTag { run: RunId::from_bits(1), step: Step::App, journal: JournalId::from_bits(2) }
}

/// An application as the API shows it, as far as it is read.
fn shown(more: &Value) -> Value {
    let mut shown = json!({
        "uuid": "app", "name": "api", "description": tag().to_string(), "build_pack": "dockerimage",
        "docker_registry_image_name": "nginx", "docker_registry_image_tag": "1.27", "ports_exposes": "80",
        "fqdn": "https://api.example.com", "limits_memory": "0", "limits_cpus": "0",
        "health_check_path": "/", "git_repository": "coollabsio/coolify", "git_branch": "main",
        "git_commit_sha": "HEAD", "created_at": "2026-11-23T08:52:02.000000Z",
    });
    shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shown
}

#[test]
fn an_image_is_created_quietly_with_the_mark_in_the_creating_request() {
    let call = applications(coolify([])).create_request(&image("nginx:1.27"), &tag());
    assert_eq!(line(&call), "POST /applications/dockerimage");
    let expected = json!({
        "name": "api", "description": tag().to_string(), "project_uuid": "prj", "server_uuid": "srv",
        "environment_name": "production", "docker_registry_image_name": "nginx:1.27",
        "ports_exposes": "80", "domains": "https://api.example.com", "limits_memory": "0",
        "limits_cpus": "0", "health_check_enabled": false, "health_check_path": "/",
        "autogenerate_domain": false, "instant_deploy": false,
    });
    assert_eq!(body(&call), expected);
}

#[test]
fn each_way_into_a_repository_has_its_route_and_only_github_is_waited_for_longer() {
    let applications = applications(coolify([]));
    for (fields, route, named, times) in [
        (git(), "public", None, COOLIFY),
        (with(git(), "deploy_key", "k"), "private-deploy-key", Some("private_key_uuid"), COOLIFY),
        (with(git(), "github_app", "g"), "private-github-app", Some("github_app_uuid"), COOLIFY_GITHUB),
    ] {
        let call = applications.create_request(&fields, &tag());
        assert_eq!(line(&call), format!("POST /applications/{route}"));
        assert_eq!(call.times, times);
        let body = body(&call);
        assert_eq!(body["build_pack"], "dockerfile");
        assert_eq!(body["is_auto_deploy_enabled"], false);
        assert_eq!(
            (&body["git_commit_sha"], &body["dockerfile_location"]),
            (&json!("HEAD"), &json!("/Dockerfile"))
        );
        assert!(named.is_none_or(|named| body[named].is_string()), "{body}");
        assert!(body.get("domains").is_none(), "a worker has no domain: {body}");
    }
}

#[test]
fn a_change_takes_the_reference_apart_and_clears_what_is_not_wanted() {
    let digest = "a".repeat(64);
    for (reference, name, tag) in [
        ("nginx", "nginx", "latest"),
        ("registry.example.com:5000/a/b", "registry.example.com:5000/a/b", "latest"),
        ("registry.example.com:5000/a/b:1.2", "registry.example.com:5000/a/b", "1.2"),
        (&format!("nginx:1@sha256:{digest}"), "nginx@sha256", &digest),
    ] {
        let call = applications(coolify([])).update_request("app", &with(image(reference), "url", ""));
        assert_eq!(line(&call), "PATCH /applications/app");
        let body = body(&call);
        assert_eq!(
            (&body["docker_registry_image_name"], &body["docker_registry_image_tag"]),
            (&json!(name), &json!(tag))
        );
        assert_eq!(body["domains"], "");
        for forbidden in ["project_uuid", "server_uuid", "autogenerate_domain", "build_pack", "description"] {
            assert!(body.get(forbidden).is_none(), "{forbidden} cannot be changed");
        }
    }
}

#[tokio::test]
async fn what_is_read_back_agrees_with_what_was_asked_for() {
    let digest = "b".repeat(64);
    let from_git = json!({"build_pack": "dockerfile", "git_repository": "acme/api", "fqdn": null,
        "dockerfile_location": null, "ports_exposes": null});
    let pinned = json!({"docker_registry_image_name": "nginx@sha256", "docker_registry_image_tag": digest});
    for (asked, more) in [
        (image("nginx:1.27"), json!({})),
        (image(&format!("nginx@sha256:{digest}")), pinned),
        (git(), from_git.clone()),
        (with(git(), "repository", "https://github.com/acme/api.git/"), from_git),
    ] {
        let applications = applications(coolify([("/applications/app", 200, shown(&more))]));
        let object = applications.get("app").await.unwrap().unwrap();
        assert_eq!(object.differences(&settled(&asked)), Vec::<&str>::new(), "{object:?}");
        assert_eq!(object.tag, Some(tag()));
    }
}

#[tokio::test]
async fn whatever_holds_the_name_in_the_environment_is_in_the_way() {
    let environment = json!({
        "services": [{"uuid": "s", "name": "api"}], "applications": [shown(&json!({})), shown(&json!({"name": "b"}))],
        "redis": [{"uuid": "r", "name": "api"}],
    });
    let applications = applications(coolify([("/projects/prj/production", 200, environment)]));
    let found: Vec<String> = applications.find_by_key().await.unwrap().into_iter().map(|it| it.id).collect();
    assert_eq!(found, ["s", "app", "r"]);
}

#[tokio::test]
async fn our_own_are_found_by_their_mark_and_a_missing_one_is_none() {
    let list = json!([shown(&json!({"description": null, "uuid": "theirs"})), shown(&json!({}))]);
    let applications = applications(coolify([("/applications", 200, list)]));
    let found = applications.find_by_tag(&tag()).await.unwrap();
    assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["app"]);
    assert_eq!(applications.get("gone").await, Ok(None));
}

#[test]
fn deleting_never_cleans_the_server_and_keeps_volumes_when_told() {
    let applications = applications(coolify([]));
    for (volumes, flag) in
        [(VolumePolicy::Retain, "delete_volumes=false"), (VolumePolicy::Delete, "delete_volumes=true")]
    {
        let line = line(&applications.delete_request("app", volumes));
        assert!(line.starts_with("DELETE /applications/app?"), "{line}");
        assert!(line.contains(flag) && line.contains("docker_cleanup=false"), "{line}");
    }
}

#[test]
fn what_a_patch_cannot_carry_is_known_beforehand() {
    let key = with(git(), "deploy_key", "k");
    assert_eq!(changeable(&image("a:1"), &image("b:2")), Ok(()));
    assert_eq!(
        changeable(&git(), &with(git(), "repository", "acme/api")),
        Ok(()),
        "one repository, spelt twice"
    );
    assert_eq!(changeable(&key, &with(key.clone(), "branch", "next")), Ok(()));
    for (from, to, word) in [
        (image("a"), git(), "`git`"),
        (git(), with(git(), "repository", "https://github.com/acme/other"), "repository"),
        (git(), key.clone(), "deploy key"),
        (key.clone(), with(git(), "deploy_key", "other"), "deploy key"),
        (git(), with(git(), "github_app", "g"), "GitHub App"),
    ] {
        assert!(changeable(&from, &to).is_err_and(|why| why.contains(word)), "{word}");
    }
}

#[test]
fn a_health_path_that_coolify_refuses_is_not_sent() {
    let call =
        applications(coolify([])).create_request(&with(image("a"), "health_path", "/up?deep=1"), &tag());
    assert_eq!(body(&call)["health_check_path"], "/");
}

#[tokio::test]
async fn keys_and_github_apps_are_found_by_the_names_people_gave_them() {
    let keys = json!([{"uuid": "k1", "name": "deploy"}, {"uuid": "k2", "name": "twice"}, {"uuid": "k3", "name": "twice"}]);
    let apps = json!([{"id": 1, "uuid": "g1", "name": "acme"}]);
    let coolify = coolify([("/security/keys", 200, keys), ("/github-apps", 200, apps)]);
    assert_eq!(coolify.private_key("deploy").await, Ok(Some("k1".to_owned())));
    assert_eq!(coolify.private_key("k3").await, Ok(Some("k3".to_owned())));
    assert!(matches!(coolify.private_key("twice").await, Err(ReadError::Refused { .. })));
    assert_eq!(coolify.github_app("acme").await, Ok(Some("g1".to_owned())));
    assert_eq!(coolify.github_app("nobody").await, Ok(None));
}

#[tokio::test]
async fn volumes_are_known_again_under_the_name_that_coolify_gave_them() {
    let shown = json!({"file_storages": [], "persistent_storages": [
        {"uuid": "v", "name": "app-data", "mount_path": "/data", "host_path": null},
        {"uuid": "h", "name": "app-host", "mount_path": "/host", "host_path": "/srv"},
    ]});
    let coolify = coolify([("/applications/app/storages", 200, shown)]);
    let storages = coolify.storages("app").await.unwrap();
    let data = Storage { id: "v".into(), name: "app-data".into(), path: "/data".into() };
    assert_eq!(storages, std::slice::from_ref(&data));
    let mount = |name: &str, path: &str| Mount { name: name.into(), path: path.into() };
    assert!(mount("data", "/data").is(&data, "app"));
    assert!(!mount("ta", "/data").is(&data, "app") && !mount("data", "/other").is(&data, "app"));
    assert!(coolify.storages("other").await.is_err(), "a 404 is no empty list");
}

#[test]
fn volumes_are_taken_away_before_others_are_added_and_a_strangers_row_is_left_alone() {
    let row =
        |id: &str, name: &str, path: &str| Storage { id: id.into(), name: name.into(), path: path.into() };
    let rows = [
        row("old", "app-data", "/data"),
        row("first", "app-cache", "/cache"),
        row("twice", "app-cache", "/cache"),
        row("theirs", "app-theirs", "/theirs"),
    ];
    let had = fields([(VOLUMES, "data:/data,cache:/cache")]);
    let goal = Goal::from(&had, &fields([(VOLUMES, "data:/srv,cache:/cache")]));
    let calls = goal.calls(&coolify([]), "app", &rows);
    let lines: Vec<String> = calls.iter().map(line).collect();
    let at = "/applications/app/storages";
    assert_eq!(lines, [format!("DELETE {at}/old"), format!("DELETE {at}/twice"), format!("POST {at}")]);
    assert_eq!(body(&calls[2]), json!({"type": "persistent", "name": "data", "mount_path": "/srv"}));
    assert_eq!(goal.left().count(), 0, "data is mounted elsewhere, not left");
}
