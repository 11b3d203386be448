//! What a client would not expect of Coolify from its documentation alone, and the simulated one does all the same.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Caller, Heard, compose};
use crate::sandbox::world::SimToken;

fn packed(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// An image application in a project.
async fn image(caller: &Caller, project: &str, more: Value) -> Heard {
    let mut body = json!({"project_uuid": project, "server_uuid": caller.sandbox.world().server.uuid,
        "environment_name": "production", "name": "img", "docker_registry_image_name": "nginx:1.27",
        "ports_exposes": "80", "autogenerate_domain": false});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    caller.coolify("POST", "/applications/dockerimage", Some(body)).await
}

fn uuid(heard: &Heard) -> String {
    heard.body["uuid"].as_str().expect("it was made").to_owned()
}

/// The members of an object, in order.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().expect("it is an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn an_unknown_path_is_404_before_the_token_is_looked_at() {
    let caller = Caller::new();
    caller.change(|world| world.coolify.token = SimToken::Unknown);
    assert_eq!(caller.coolify("GET", "/nowhere", None).await.status, 404);
    assert_eq!(caller.coolify("PUT", "/projects", None).await.status, 404, "not 405");
    let known = caller.coolify("GET", "/projects/nope", None).await;
    assert_eq!((known.status, known.body), (401, json!({"message": "Unauthenticated."})));
    assert!(!known.headers.contains_key("x-ratelimit-limit"), "a 401 tells nothing of the limit");
}

#[tokio::test]
async fn the_same_name_twice_is_two_things_and_nobody_objects() {
    let caller = Caller::new();
    let (project, other) = (caller.project().await, caller.project().await);
    assert_ne!(project, other);
    let mut body = caller.service_body(&project, &compose());
    body["urls"] = json!([]);
    for _ in 0..2 {
        assert_eq!(caller.coolify("POST", "/services", Some(body.clone())).await.status, 201);
        assert_eq!(image(&caller, &project, json!({})).await.status, 201);
    }
    let world = caller.sandbox.world();
    assert_eq!((world.services.len(), world.applications.len()), (2, 2));
    let again = json!({"name": "production"});
    let taken = caller.coolify("POST", &format!("/projects/{project}/environments"), Some(again)).await;
    assert_eq!(taken.status, 409, "environments alone are unique");
}

#[tokio::test]
async fn an_environment_is_stored_under_another_name_than_was_sent_and_then_collides_with_500() {
    let caller = Caller::new();
    let path = format!("/projects/{}/environments", caller.project().await);
    let named = |name: &str| Some(json!({"name": name}));
    assert_eq!(caller.coolify("POST", &path, named("Team/Staging")).await.status, 201);
    let listed = caller.coolify("GET", &path, None).await.body;
    assert_eq!(listed[1]["name"], "team-staging");
    assert_eq!(members(&listed[1]), ["id", "name", "uuid"]);
    assert_eq!(caller.coolify("POST", &path, named("Team/Staging")).await.status, 500);
    assert_eq!(caller.coolify("POST", &path, named("team-staging")).await.status, 409);
    assert_eq!(caller.coolify("POST", &path, named("qa")).await.status, 422);
}

#[tokio::test]
async fn a_new_project_has_production_and_answers_its_uuid_alone_and_a_change_201() {
    let caller = Caller::new();
    let made = caller.coolify("POST", "/projects", Some(json!({"name": "shop"}))).await;
    assert_eq!((made.status, members(&made.body)), (201, vec!["uuid"]));
    let path = format!("/projects/{}", uuid(&made));
    let shown = caller.coolify("GET", &path, None).await.body;
    assert_eq!(shown["environments"][0]["name"], "production");
    assert_eq!(caller.coolify("PATCH", &path, Some(json!({"name": "store"}))).await.status, 201);
    let renamed = json!({"description": "main"});
    let inside = format!("{path}/environments/production");
    assert_eq!(caller.coolify("PATCH", &inside, Some(renamed)).await.status, 200);
}

#[tokio::test]
async fn texts_are_trimmed_and_an_empty_one_is_none() {
    let caller = Caller::new();
    let body = json!({"name": "  shop ", "description": ""});
    let made = caller.coolify("POST", "/projects", Some(body)).await;
    let shown = caller.coolify("GET", &format!("/projects/{}", uuid(&made)), None).await.body;
    assert_eq!((&shown["name"], &shown["description"]), (&json!("shop"), &Value::Null));
    let listed = caller.coolify("GET", "/projects", None).await.body;
    assert_eq!(listed[0]["description"], "", "the list alone has an empty text");
}

#[tokio::test]
async fn what_needs_read_sensitive_is_absent_without_it_and_not_null() {
    let caller = Caller::new();
    let service = format!("/services/{}", caller.service().await);
    let envs = format!("{service}/envs");
    let hidden = async || {
        let (shown, rows) =
            (caller.coolify("GET", &service, None).await.body, caller.coolify("GET", &envs, None).await.body);
        let has = |value: &Value, key: &str| value.as_object().is_some_and(|it| it.contains_key(key));
        [
            has(&shown, "docker_compose_raw"),
            has(&shown, "docker_compose"),
            has(&rows[0], "value"),
            has(&rows[0], "real_value"),
        ]
    };
    assert_eq!(hidden().await, [true; 4]);
    caller.change(|world| world.coolify.sensitive = false);
    assert_eq!(hidden().await, [false; 4]);
}

#[tokio::test]
async fn a_value_that_is_shown_once_is_never_shown_again() {
    let caller = Caller::new();
    let envs = format!("/services/{}/envs", caller.service().await);
    let once = json!({"key": "ONCE", "value": "v", "is_shown_once": true});
    caller.coolify("POST", &envs, Some(once)).await;
    let rows = caller.coolify("GET", &envs, None).await.body;
    let row = rows.as_array().and_then(|rows| rows.iter().find(|row| row["key"] == "ONCE"));
    assert_eq!(row.expect("it is listed").get("value").unwrap_or(&Value::Null), &Value::Null);
}

#[tokio::test]
async fn flags_left_out_go_back_to_false_and_a_bulk_deletes_nothing() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let bulk = format!("/services/{uuid}/envs/bulk");
    let send = async |data: Value| caller.coolify("PATCH", &bulk, Some(json!({"data": data}))).await;
    send(json!([{"key": "K1", "value": "v", "is_literal": true}, {"key": "K2", "value": ""}])).await;
    assert!(caller.sandbox.world().services[0].env("K1").is_some_and(|row| row.is_literal));
    let changed = send(json!([{"key": "K1", "value": "w"}])).await;
    assert_eq!(changed.status, 201);
    let world = caller.sandbox.world();
    assert!(world.services[0].env("K1").is_some_and(|row| !row.is_literal));
    assert!(world.services[0].env("K2").is_some_and(|row| row.value.is_none()), "an empty value is none");
    assert_eq!(send(json!([])).await.status, 400);
    assert_eq!(send(json!([{"key": "N", "value": 5}])).await.status, 422);
}

#[tokio::test]
async fn compose_text_is_refused_in_three_ways_and_nothing_is_left() {
    let caller = Caller::new();
    let project = caller.project().await;
    for (raw, status) in [
        ("services: not base64".to_owned(), 422),
        (packed("\t- no yaml"), 500),
        (packed("{\"volumes\": {}}"), 422),
    ] {
        let mut body = caller.service_body(&project, &compose());
        body["docker_compose_raw"] = json!(raw);
        let refused = caller.coolify("POST", "/services", Some(body)).await;
        assert_eq!(refused.status, status, "{raw}");
        let errors = refused.body.get("errors");
        assert!(
            status == 500 || errors.is_some_and(|it| it["docker_compose_raw"].is_string()),
            "{refused:?}"
        );
    }
    assert!(caller.sandbox.world().services.is_empty());
}

#[tokio::test]
async fn services_without_any_are_taken_and_have_a_status_of_their_own() {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, &json!({"services": {}}));
    body["urls"] = json!([]);
    let made = caller.coolify("POST", "/services", Some(body)).await;
    assert_eq!(made.status, 201);
    assert_eq!(caller.status(&uuid(&made)).await, "unknown:unknown:excluded");
}

#[tokio::test]
async fn services_as_a_list_answer_500_and_leave_the_service_behind() {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, &json!({"services": [{"image": "nginx"}]}));
    body["urls"] = json!([]);
    assert_eq!(caller.coolify("POST", "/services", Some(body)).await.status, 500);
    assert_eq!(caller.sandbox.world().services.len(), 1);
}

#[tokio::test]
async fn a_patch_that_answers_500_has_stored_name_text_and_parts() {
    let caller = Caller::new();
    let path = format!("/services/{}", caller.service().await);
    let mut text = compose();
    text["services"]["more"] = json!({"image": "nginx:1", "environment": ["PRICE=$$5"]});
    let body = json!({"name": "other", "docker_compose_raw": packed(&text.to_string())});
    assert_eq!(caller.coolify("PATCH", &path, Some(body)).await.status, 500);
    let shown = caller.coolify("GET", &path, None).await.body;
    assert_eq!(shown["name"], "other");
    assert!(shown["docker_compose_raw"].as_str().is_some_and(|raw| raw.contains("$$5")), "{shown}");
    assert_eq!(shown["applications"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_patch_moves_no_service_and_a_url_of_null_takes_its_domain_away() {
    let caller = Caller::new();
    let path = format!("/services/{}", caller.service().await);
    for field in ["project_uuid", "server_uuid", "environment_name", "environment_uuid", "uuid"] {
        let moved = caller.coolify("PATCH", &path, Some(json!({field: "other"}))).await;
        assert_eq!((moved.status, moved.body["errors"][field].is_array()), (422, true), "{field}");
    }
    let bare = json!({"urls": [{"name": "web", "url": null}]});
    let cleared = caller.coolify("PATCH", &path, Some(bare)).await;
    assert_eq!((cleared.status, &cleared.body["domains"]), (200, &json!([])));
}

#[tokio::test]
async fn what_a_text_no_longer_has_stays_as_parts_and_variables_and_a_made_up_password_keeps_its_value() {
    let caller = Caller::new();
    let path = format!("/services/{}", caller.service().await);
    let change = async |text: Value| {
        let body = json!({"docker_compose_raw": packed(&text.to_string())});
        caller.coolify("PATCH", &path, Some(body)).await
    };
    let web = |more: Value| json!({"services": {"web": {"image": "nginx:1", "environment": more}}});
    change(web(json!({"PW": "${SERVICE_PASSWORD_DB}"}))).await;
    let value = || caller.sandbox.world().services[0].env("SERVICE_PASSWORD_DB").map(|row| row.value.clone());
    let made_up = value();
    assert!(made_up.is_some());
    change(web(json!({"OTHER": "${SERVICE_PASSWORD_DB}"}))).await;
    assert_eq!(value(), made_up);
    let service = &caller.sandbox.world().services[0];
    assert!(service.env("TOKEN").is_some(), "the first text's variable");
    assert!(service.parts.iter().any(|part| part.name == "db"), "the first text's database");
}

#[tokio::test]
async fn a_changed_text_and_its_hash_reach_the_containers_at_the_next_deploy_and_not_before() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let path = format!("/services/{uuid}");
    let hash = async || caller.coolify("GET", &path, None).await.body["config_hash"].clone();
    assert_eq!(hash().await, Value::Null);
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    let (first, status) = (hash().await, caller.status(&uuid).await);
    let mut text = compose();
    text["services"]["more"] = json!({"image": "nginx:1"});
    caller.coolify("PATCH", &path, Some(json!({"docker_compose_raw": packed(&text.to_string())}))).await;
    caller.sleep(60).await;
    assert_eq!((hash().await, caller.sandbox.world().services[0].containers.len()), (first.clone(), 2));
    assert_eq!(status, "running:unknown");
    caller.deploy(&uuid, "r2").await;
    caller.sleep(60).await;
    assert_ne!(hash().await, first);
    assert_eq!(caller.sandbox.world().services[0].containers.len(), 3);
}

#[tokio::test]
async fn a_second_start_is_taken_while_the_first_is_under_way() {
    let caller = Caller::new();
    let start = format!("/services/{}/start", caller.service().await);
    let first = caller.coolify("POST", &start, None).await;
    assert_eq!((first.status, members(&first.body)), (200, vec!["message"]), "nothing to follow it by");
    caller.sleep(3).await;
    assert_eq!(caller.coolify("POST", &start, None).await.status, 200);
    caller.sleep(3).await;
    assert_eq!(caller.sandbox.world().services[0].starting, 2);
}

#[tokio::test]
async fn a_deploy_leaves_unknown_uuids_out_in_silence_and_names_no_deployment_of_a_service() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let mixed = caller.coolify("POST", &format!("/deploy?uuid=nope,{uuid}"), None).await;
    assert_eq!((mixed.status, mixed.body["deployments"].as_array().map(Vec::len)), (200, Some(1)));
    let entry = &mixed.body["deployments"][0];
    assert_eq!((&entry["resource_uuid"], members(entry)), (&json!(uuid), vec!["message", "resource_uuid"]));
    assert_eq!(caller.coolify("POST", "/deploy?uuid=nope", None).await.status, 404);
    assert_eq!(caller.coolify("POST", "/deploy", None).await.status, 400);
}

#[tokio::test]
async fn while_its_server_cannot_be_reached_everything_is_taken_but_what_works_over_ssh() {
    let caller = Caller::new();
    let service = caller.service().await;
    caller.deploy(&service, "r1").await;
    caller.sleep(60).await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    caller.change(|world| world.server.usable = false);
    let app = uuid(&image(&caller, &project, json!({})).await);
    let post = async |path: String| caller.coolify("POST", &path, None).await.status;
    assert_eq!(post(format!("/deploy?uuid={app}")).await, 200);
    assert_eq!(post(format!("/deploy?uuid={service}")).await, 500);
    assert_eq!(post(format!("/deploy?uuid={app},{service}")).await, 500, "one fails them all");
    assert_eq!(post(format!("/services/{service}/start")).await, 400, "its old status stays");
    for logs in
        [format!("/applications/{app}/logs"), format!("/services/{service}/logs?sub_service_name=web")]
    {
        assert_eq!(caller.coolify("GET", &logs, None).await.status, 500, "{logs}");
    }
    let path = format!("/services/{service}");
    assert_eq!(caller.coolify("DELETE", &path, None).await.status, 200);
    caller.sleep(60).await;
    assert_eq!(caller.coolify("GET", &path, None).await.status, 404);
    assert!(!caller.sandbox.world().stray_containers.is_empty(), "its containers run on");
}

#[tokio::test]
async fn a_server_tells_in_the_list_at_the_top_and_alone_only_in_its_settings_whether_it_can_be_used() {
    let caller = Caller::new();
    let path = format!("/servers/{}", caller.sandbox.world().server.uuid);
    let listed = &caller.coolify("GET", "/servers", None).await.body[0];
    let alone = caller.coolify("GET", &path, None).await.body;
    assert_eq!((&listed["is_usable"], &listed["settings"]["is_usable"]), (&json!(true), &json!(true)));
    assert!(alone.get("is_usable").is_none() && alone["settings"]["is_usable"] == true, "{alone}");
}

#[tokio::test]
async fn an_application_without_a_word_about_it_gets_a_domain_of_coolifys_own() {
    let caller = Caller::new();
    let project = caller.project().await;
    let made = image(&caller, &project, json!({"autogenerate_domain": null})).await;
    assert!(made.body["domains"].as_str().is_some_and(|it| it.ends_with(".sslip.io")), "{made:?}");
    let given = image(&caller, &project, json!({"domains": "HTTPS://Shop.Example.com/A"})).await;
    assert_eq!(given.body["domains"], "https://shop.example.com/A", "a text, in lower case up to the path");
}

#[tokio::test]
async fn any_word_in_instant_deploy_deploys_an_application_and_no_uuid_tells() {
    let caller = Caller::new();
    let project = caller.project().await;
    let made = image(&caller, &project, json!({"instant_deploy": "false"})).await;
    assert_eq!(members(&made.body), ["domains", "uuid"]);
    assert_eq!(caller.sandbox.world().deployments.len(), 1);
}

#[tokio::test]
async fn services_and_applications_have_no_number_but_where_an_environment_lists_them() {
    let caller = Caller::new();
    let service = caller.service().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    let app = uuid(&image(&caller, &project, json!({})).await);
    for path in [format!("/services/{service}"), format!("/applications/{app}")] {
        assert!(caller.coolify("GET", &path, None).await.body.get("id").is_none(), "{path}");
    }
    let inside = caller.coolify("GET", &format!("/projects/{project}/production"), None).await.body;
    assert!(inside["services"][0]["id"].is_u64() && inside["applications"][0]["id"].is_u64(), "{inside}");
    for missing in ["keydbs", "dragonflies", "clickhouses"] {
        assert!(inside.get(missing).is_none(), "{missing}");
    }
    let resources = caller.coolify("GET", "/resources", None).await.body;
    assert!(resources[0]["environment_id"].is_u64() && resources[0].get("environment").is_none());
}
