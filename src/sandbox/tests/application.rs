//! An application's life, as it was seen on a real Coolify.

use serde_json::{Value, json};

use super::{Caller, Heard, compose};
use crate::sandbox::Fault;

/// A body that creates an image application in a project.
fn body(caller: &Caller, project: &str, more: &Value) -> Value {
    let mut body = json!({"project_uuid": project, "server_uuid": caller.sandbox.world().server.uuid,
        "environment_name": "production", "name": "img", "description": "fabrik r=1 s=app j=2",
        "docker_registry_image_name": "nginx:1.27", "ports_exposes": "80", "autogenerate_domain": false});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more.clone());
    }
    body
}

async fn create(caller: &Caller, project: &str, more: Value) -> Heard {
    let body = body(caller, project, &more);
    caller.coolify("POST", "/applications/dockerimage", Some(body)).await
}

fn uuid(heard: &Heard) -> String {
    heard.body["uuid"].as_str().expect("it was made").to_owned()
}

/// An application at `blog.example.com`, where the name points.
async fn application() -> (Caller, String) {
    let caller = Caller::new();
    let project = caller.project().await;
    let made = create(&caller, &project, json!({"domains": "https://blog.example.com"})).await;
    assert_eq!((made.status, &made.body["domains"]), (201, &json!("https://blog.example.com")));
    caller.point("blog.example.com").await;
    (caller, uuid(&made))
}

/// Sets the release and deploys; the uuid answered.
async fn deploy(caller: &Caller, app: &str, release: &str) -> String {
    let data = json!({"data": [{"key": "FABRIK_RELEASE", "value": release, "is_literal": true}]});
    caller.coolify("PATCH", &format!("/applications/{app}/envs/bulk"), Some(data)).await;
    let queued = caller.coolify("POST", &format!("/deploy?uuid={app}"), None).await;
    assert_eq!(queued.body["deployments"][0]["resource_uuid"], json!(app), "{queued:?}");
    queued.body["deployments"][0]["deployment_uuid"].as_str().expect("applications get one").to_owned()
}

async fn state(caller: &Caller, deployment: &str) -> String {
    let shown = caller.coolify("GET", &format!("/deployments/{deployment}"), None).await;
    shown.body["status"].as_str().unwrap_or("404").to_owned()
}

async fn shows(caller: &Caller, app: &str) -> String {
    let shown = caller.coolify("GET", &format!("/applications/{app}"), None).await;
    shown.body["status"].as_str().unwrap_or("404").to_owned()
}

#[tokio::test]
async fn a_good_deployment_ends_finished_and_the_status_follows_at_the_next_scan() {
    let (caller, app) = application().await;
    assert_eq!(shows(&caller, &app).await, "exited:unhealthy");
    let deployment = deploy(&caller, &app, "r1").await;
    assert_eq!(state(&caller, &deployment).await, "in_progress");
    caller.sleep(15).await;
    assert_eq!(state(&caller, &deployment).await, "finished");
    assert_eq!(shows(&caller, &app).await, "exited:unhealthy");
    caller.sleep(12).await;
    assert_eq!(shows(&caller, &app).await, "running:unknown");
    assert_eq!(caller.release().await, "r1");
    let log = caller.coolify("GET", &format!("/applications/{app}/logs?lines=10"), None).await;
    assert_eq!(log.body, json!({"logs": "release r1\n"}));
}

#[tokio::test]
async fn the_same_commit_again_is_answered_with_a_uuid_that_leads_nowhere() {
    let (caller, app) = application().await;
    let first = deploy(&caller, &app, "r1").await;
    let again = caller.coolify("POST", &format!("/deploy?uuid={app}"), None).await;
    let entry = &again.body["deployments"][0];
    assert_eq!(
        (again.status, &entry["message"]),
        (200, &json!("Deployment already queued for this commit."))
    );
    let phantom = entry["deployment_uuid"].as_str().expect("there is one");
    assert_ne!(phantom, first);
    assert_eq!(state(&caller, phantom).await, "404");
    let listed = caller.coolify("GET", &format!("/deployments/applications/{app}"), None).await;
    assert_eq!(
        (&listed.body["count"], listed.body["deployments"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );
    let start = caller.coolify("POST", &format!("/applications/{app}/start"), None).await;
    assert!(start.body.get("deployment_uuid").is_none(), "{start:?}");
    let forced = caller.coolify("POST", &format!("/deploy?uuid={app}&force=true"), None).await;
    let forced = forced.body["deployments"][0]["deployment_uuid"].as_str().expect("forced ones are real");
    assert_eq!(state(&caller, forced).await, "queued");
}

#[tokio::test]
async fn a_failing_build_is_recorded_with_its_log_and_leaves_the_old_container() {
    let (caller, app) = application().await;
    deploy(&caller, &app, "r1").await;
    caller.sleep(60).await;
    caller.change(|world| world.arm(Fault::Build, None));
    caller
        .coolify("PATCH", &format!("/applications/{app}"), Some(json!({"docker_registry_image_tag": "9.9"})))
        .await;
    let deployment = deploy(&caller, &app, "r2").await;
    caller.sleep(60).await;
    let shown = caller.coolify("GET", &format!("/deployments/{deployment}"), None).await.body;
    let log = shown["logs"].as_str().expect("it is JSON in a string");
    let log: Value = serde_json::from_str(log).expect("it is JSON");
    assert_eq!(shown["status"], "failed");
    assert!(shown["finished_at"].is_string() && log.to_string().contains("failed to solve"), "{log}");
    let app = caller.coolify("GET", &format!("/applications/{app}"), None).await.body;
    assert_eq!(
        (&app["docker_registry_image_tag"], &app["status"]),
        (&json!("9.9"), &json!("running:unknown"))
    );
    assert_eq!(caller.release().await, "r1");
}

#[tokio::test]
async fn a_log_is_hidden_from_a_token_that_may_not_see_it() {
    let (caller, app) = application().await;
    let deployment = deploy(&caller, &app, "r1").await;
    caller.change(|world| world.coolify.sensitive = false);
    let shown = caller.coolify("GET", &format!("/deployments/{deployment}"), None).await;
    assert!(shown.body.get("logs").is_none());
}

#[tokio::test]
async fn the_third_deployment_waits_until_a_worker_is_free() {
    let (caller, first) = application().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    let mut deployments = vec![deploy(&caller, &first, "r1").await];
    for name in ["two", "three"] {
        let app = uuid(&create(&caller, &project, json!({"name": name})).await);
        deployments.push(deploy(&caller, &app, "r1").await);
    }
    assert_eq!(state(&caller, &deployments[1]).await, "in_progress");
    assert_eq!(state(&caller, &deployments[2]).await, "queued");
    let open = caller.coolify("GET", "/deployments", None).await;
    assert_eq!(open.body.as_array().map(Vec::len), Some(3));
    caller.sleep(15).await;
    assert_eq!(state(&caller, &deployments[2]).await, "in_progress");
    caller.sleep(60).await;
    assert_eq!(state(&caller, &deployments[2]).await, "finished");
    assert_eq!(caller.coolify("GET", "/deployments", None).await.body, json!([]));
}

#[tokio::test]
async fn a_full_queue_is_told_to_a_trigger_and_hidden_from_a_start() {
    let (caller, app) = application().await;
    caller.change(|world| world.arm(Fault::QueueFull, Some(2)));
    let full = caller.coolify("POST", &format!("/deploy?uuid={app}"), None).await;
    assert_eq!((full.status, &full.headers["retry-after"]), (429, &http::HeaderValue::from_static("60")));
    let start = caller.coolify("POST", &format!("/applications/{app}/start"), None).await;
    assert_eq!(start.status, 200);
    assert_eq!(state(&caller, start.body["deployment_uuid"].as_str().expect("it lies")).await, "404");
    assert!(caller.sandbox.world().deployments.is_empty());
}

#[tokio::test]
async fn a_cancelled_deployment_starts_nothing_and_cannot_be_cancelled_again() {
    let (caller, app) = application().await;
    let deployment = deploy(&caller, &app, "r1").await;
    let cancel = format!("/deployments/{deployment}/cancel");
    assert_eq!(caller.coolify("POST", &cancel, None).await.body["status"], "cancelled-by-user");
    assert_eq!(caller.coolify("POST", &cancel, None).await.status, 400);
    caller.sleep(60).await;
    assert_eq!(state(&caller, &deployment).await, "cancelled-by-user");
    assert_eq!(caller.sandbox.world().applications[0].container, None);
}

#[tokio::test]
async fn a_cancelled_deployment_leaves_no_container_when_its_application_is_deleted_at_once() {
    let (caller, app) = application().await;
    let deployment = deploy(&caller, &app, "r1").await;
    caller.coolify("POST", &format!("/deployments/{deployment}/cancel"), None).await;
    caller.coolify("DELETE", &format!("/applications/{app}"), None).await;
    caller.sleep(60).await;
    let world = caller.sandbox.world();
    assert!(world.applications.is_empty());
    assert_eq!(world.stray_containers, Vec::<String>::new());
}

#[tokio::test]
async fn one_deployment_never_ends_and_another_disappears() {
    let (caller, app) = application().await;
    caller.change(|world| world.arm(Fault::DeploymentHangs, None));
    let endless = deploy(&caller, &app, "r1").await;
    caller.sleep(36_000).await;
    assert_eq!(state(&caller, &endless).await, "in_progress");
    caller.coolify("POST", &format!("/deployments/{endless}/cancel"), None).await;
    caller.change(|world| world.arm(Fault::DeploymentVanishes, None));
    let vanishing = deploy(&caller, &app, "r1").await;
    assert_eq!(state(&caller, &vanishing).await, "in_progress");
    caller.sleep(60).await;
    assert_eq!(state(&caller, &vanishing).await, "404");
    assert_eq!(caller.sandbox.world().applications[0].container, None);
}

#[tokio::test]
async fn a_variable_has_a_twin_for_previews_that_goes_its_own_way() {
    let (caller, app) = application().await;
    let envs = format!("/applications/{app}/envs");
    let bulk = format!("{envs}/bulk");
    let made = caller.coolify("POST", &envs, Some(json!({"key": "K1", "value": "v1"}))).await;
    assert_eq!(made.body.as_object().map(serde_json::Map::len), Some(1), "only its uuid: {made:?}");
    caller.coolify("PATCH", &bulk, Some(json!({"data": [{"key": "K1", "value": "b1"}]}))).await;
    let values = |heard: &Heard| {
        let rows = heard.body.as_array().cloned().unwrap_or_default();
        rows.into_iter().map(|row| (row["is_preview"] == true, row["value"].clone())).collect::<Vec<_>>()
    };
    let both = caller.coolify("GET", &envs, None).await;
    assert_eq!(values(&both), [(false, json!("b1")), (true, json!("v1"))]);
    caller.coolify("DELETE", &format!("{envs}/{}", uuid(&made)), None).await;
    assert_eq!(values(&caller.coolify("GET", &envs, None).await), [(true, json!("v1"))]);
    let twice = json!({"data": [{"key": "K8", "value": "x"}, {"key": "K8", "value": "y"}]});
    caller.coolify("PATCH", &bulk, Some(twice)).await;
    let rows = values(&caller.coolify("GET", &envs, None).await);
    assert_eq!(rows, [(false, json!("x")), (false, json!("y")), (true, json!("v1")), (true, json!("x"))]);
}

#[tokio::test]
async fn variables_are_checked_and_escaped_otherwise_than_those_of_a_service() {
    let (caller, app) = application().await;
    let envs = format!("/applications/{app}/envs");
    let extra = caller.coolify("POST", &envs, Some(json!({"key": "K", "value": "v", "zzz": 1}))).await;
    assert_eq!(extra.status, 422);
    caller.coolify("POST", &envs, Some(json!({"key": "K", "value": "it's \"q\""}))).await;
    assert_eq!(caller.coolify("POST", &envs, Some(json!({"key": "K", "value": "v"}))).await.status, 409);
    let shown = caller.coolify("GET", &envs, None).await;
    assert_eq!(shown.body[0]["real_value"], json!("it\\'s \\\"q\\\""));
    let emptied = caller.coolify("PATCH", &envs, Some(json!({"key": "K"}))).await;
    assert_eq!(emptied.body["value"], Value::Null);
    assert_eq!(caller.coolify("PATCH", &envs, Some(json!({"key": "N", "value": "v"}))).await.status, 404);
}

#[tokio::test]
async fn a_domain_is_taken_whichever_kind_has_it_and_a_refusal_leaves_nothing() {
    let (caller, app) = application().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    let refused = create(&caller, &project, json!({"domains": "https://blog.example.com/"})).await;
    assert_eq!((refused.status, &refused.body["conflicts"][0]["resource_uuid"]), (409, &json!(app)));
    let mut service = caller.service_body(&project, &compose());
    service["urls"][0]["url"] = json!("https://blog.example.com");
    let refused = caller.coolify("POST", "/services", Some(service.clone())).await;
    assert_eq!(
        (refused.status, &refused.body["conflicts"][0]["resource_type"]),
        (409, &json!("application"))
    );
    service["urls"][0]["url"] = json!("https://shop.example.com:80");
    caller.coolify("POST", "/services", Some(service)).await;
    let path = format!("/applications/{app}");
    let point_at =
        async |domains: &str| caller.coolify("PATCH", &path, Some(json!({"domains": domains}))).await.status;
    assert_eq!(point_at("https://shop.example.com:80").await, 409);
    assert_eq!(point_at("https://shop.example.com").await, 200, "another port is another URL");
    assert_eq!(point_at("").await, 200);
    let world = caller.sandbox.world();
    assert_eq!((world.applications.len(), world.applications[0].fqdn.as_deref()), (1, None));
}

#[tokio::test]
async fn bodies_are_refused_as_they_were_seen_to_be() {
    let (caller, app) = application().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    for (more, status, words) in [
        (json!({"docker_registry_image_name": null}), 422, "This field is required."),
        (json!({"docker_registry_image_name": "Nginx;rm -rf"}), 422, "name format is invalid"),
        (json!({"docker_registry_image_tag": "sha256:bb"}), 422, "tag field format is invalid"),
        (json!({"ports_exposes": 80}), 422, "must be a string"),
        (json!({"ports_exposes": "http"}), 422, "ports exposes field format is invalid"),
        (json!({"foo": 1}), 422, "This field is not allowed."),
        (json!({"is_auto_deploy_enabled": false}), 422, "This field is not allowed."),
        (json!({"domains": "not a domain"}), 422, "Invalid URL: not a domain"),
        (json!({"project_uuid": "nope"}), 404, "Project not found."),
        (json!({"environment_name": "nope"}), 404, "Environment not found."),
        (json!({"server_uuid": "nope"}), 404, "Server not found."),
        (json!({"environment_name": null}), 422, "at least one of"),
        (json!({"description": "x".repeat(256)}), 500, "Server Error"),
    ] {
        let refused = create(&caller, &project, more.clone()).await;
        assert_eq!(refused.status, status, "{more}");
        assert!(refused.body.to_string().contains(words), "{refused:?}");
    }
    for (body, status) in [
        (json!({}), 400),
        (json!({"project_uuid": project}), 422),
        (json!({"docker_registry_image_name": "nginx:1.28"}), 422),
        (
            json!({"docker_registry_image_name": "nginx@sha256", "docker_registry_image_tag": "a".repeat(64)}),
            200,
        ),
    ] {
        let patched = caller.coolify("PATCH", &format!("/applications/{app}"), Some(body.clone())).await;
        assert_eq!(patched.status, status, "{body}");
    }
    assert_eq!(caller.sandbox.world().applications.len(), 1);
}

#[tokio::test]
async fn each_route_from_git_asks_for_its_own() {
    let caller = Caller::new();
    let project = caller.project().await;
    let access = caller.sandbox.world().access;
    let (key, app) = (access.keys[1].uuid.clone(), access.github_apps[1].uuid.clone());
    let address = "https://github.com/acme/api";
    for (route, more, status) in [
        ("public", json!({"git_repository": address}), 201),
        ("public", json!({"git_repository": "acme/api"}), 422),
        ("public", json!({"git_repository": address, "build_pack": "zzz"}), 422),
        ("public", json!({"git_repository": address, "git_branch": null}), 422),
        (
            "private-deploy-key",
            json!({"git_repository": "git@host.example:a/b", "private_key_uuid": key}),
            201,
        ),
        ("private-deploy-key", json!({"git_repository": address, "private_key_uuid": "nope"}), 404),
        ("private-github-app", json!({"git_repository": "acme/api", "github_app_uuid": app}), 201),
        ("private-github-app", json!({"git_repository": address}), 422),
        ("dockercompose", json!({}), 404),
    ] {
        let git = json!({"git_branch": "main", "build_pack": "dockerfile", "is_auto_deploy_enabled": false,
            "docker_registry_image_name": null});
        let mut body = body(&caller, &project, &git);
        body.as_object_mut().expect("it is one").extend(more.as_object().cloned().unwrap_or_default());
        let made = caller.coolify("POST", &format!("/applications/{route}"), Some(body)).await;
        assert_eq!(made.status, status, "{route} {more}: {made:?}");
    }
    let shown = caller.coolify("GET", "/applications", None).await.body;
    assert_eq!(
        (&shown[0]["git_repository"], &shown[0]["dockerfile_location"]),
        (&json!("acme/api"), &json!("/Dockerfile"))
    );
}

#[tokio::test]
async fn deleting_goes_on_after_the_answer_and_does_not_stop_a_deployment() {
    let (caller, app) = application().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    let path = format!("/applications/{app}");
    caller.coolify("DELETE", &path, None).await;
    assert_eq!(caller.coolify("DELETE", &path, None).await.status, 200);
    assert_eq!(caller.coolify("GET", &path, None).await.status, 200);
    assert_eq!(caller.coolify("DELETE", &format!("/projects/{project}"), None).await.status, 400);
    for _ in 0..35 {
        caller.coolify("POST", &format!("/deploy?uuid={app}"), None).await;
        caller.sleep(1).await;
    }
    caller.sleep(60).await;
    let world = caller.sandbox.world();
    assert!(world.applications.is_empty() && world.deployments.is_empty());
    assert_eq!(world.stray_containers, [app]);
    assert_eq!(caller.coolify("DELETE", &format!("/projects/{project}"), None).await.status, 200);
}

#[tokio::test]
async fn a_stop_is_always_taken_and_then_there_is_no_log() {
    let (caller, app) = application().await;
    let stop = format!("/applications/{app}/stop?docker_cleanup=false");
    assert_eq!(caller.coolify("POST", &stop, None).await.status, 200);
    caller.sleep(60).await;
    deploy(&caller, &app, "r1").await;
    caller.sleep(60).await;
    assert_eq!(caller.coolify("POST", &stop, None).await.status, 200);
    assert_eq!(shows(&caller, &app).await, "running:unknown");
    caller.sleep(8).await;
    assert_eq!(shows(&caller, &app).await, "exited:unhealthy");
    let log = caller.coolify("GET", &format!("/applications/{app}/logs"), None).await;
    assert_eq!((log.status, &log.body["message"]), (400, &json!("Application is not running.")));
}

#[tokio::test]
async fn a_volume_is_made_by_a_start_and_stays_when_told_to() {
    for (flag, left) in [("false", 1), ("true", 0)] {
        let (caller, app) = application().await;
        let volume = json!({"type": "persistent", "name": "data", "mount_path": "/data"});
        let made = caller.coolify("POST", &format!("/applications/{app}/storages"), Some(volume)).await;
        assert_eq!((made.status, &made.body["name"]), (201, &json!(format!("{app}-data"))));
        assert!(caller.sandbox.world().volumes.is_empty());
        deploy(&caller, &app, "r1").await;
        caller.sleep(60).await;
        assert_eq!(caller.sandbox.world().volumes.len(), 1);
        caller.coolify("DELETE", &format!("/applications/{app}?delete_volumes={flag}"), None).await;
        caller.sleep(60).await;
        assert_eq!(caller.sandbox.world().volumes.len(), left);
    }
}

#[tokio::test]
async fn an_application_is_listed_wherever_its_team_looks_and_nowhere_else() {
    let (caller, app) = application().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    let server = caller.sandbox.world().server.uuid;
    let places = [
        ("/applications".to_owned(), "/0/uuid"),
        (format!("/projects/{project}/production"), "/applications/0/uuid"),
        ("/resources".to_owned(), "/0/uuid"),
        (format!("/servers/{server}/resources"), "/0/uuid"),
    ];
    for (path, place) in &places {
        let shown = caller.coolify("GET", path, None).await;
        assert_eq!(shown.body.pointer(place), Some(&json!(app)), "{path}");
    }
    let domains = caller.coolify("GET", &format!("/servers/{server}/domains"), None).await;
    assert_eq!(domains.body[0]["domains"], json!(["blog.example.com"]));
    assert!(caller.sandbox.show().contains("  img "), "{}", caller.sandbox.show());
    caller.change(|world| world.arm(Fault::TeamSwap, None));
    assert_eq!(caller.coolify("GET", "/applications", None).await.body, json!([]));
    for path in [format!("/applications/{app}"), format!("/applications/{app}/envs")] {
        assert_eq!(caller.coolify("GET", &path, None).await.status, 404);
    }
    assert_eq!(caller.coolify("POST", &format!("/deploy?uuid={app}"), None).await.status, 404);
}
