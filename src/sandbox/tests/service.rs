//! A service's life, as it was seen on a real Coolify.

use serde_json::json;

use super::{Caller, compose};
use crate::net::SendError;
use crate::sandbox::world::{Door, SimAbility, SimToken};

#[tokio::test]
async fn a_good_start_reads_starting_then_exited_then_running() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    assert_eq!(caller.status(&uuid).await, "exited");
    caller.deploy(&uuid, "r1").await;
    assert_eq!(caller.status(&uuid).await, "starting:unhealthy");
    caller.sleep(21).await;
    assert_eq!(caller.status(&uuid).await, "exited");
    caller.sleep(12).await;
    assert_eq!(caller.status(&uuid).await, "running:unknown");
}

#[tokio::test]
async fn the_site_answers_with_its_release_once_name_and_certificate_are_there() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    assert!(matches!(caller.get("https://blog.example.com/").await, Err(SendError::Name { .. })));
    caller.point("blog.example.com").await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(21).await;
    let too_early = caller.get("https://blog.example.com/").await;
    assert!(matches!(too_early, Err(SendError::Tls { certificate: Some(_), .. })), "{too_early:?}");
    caller.sleep(5).await;
    assert_eq!(caller.release().await, "r1");
    let elsewhere = caller.get("https://blog.example.com/nowhere").await.expect("the app answers");
    assert_eq!(elsewhere.http.status(), 404);
    let certificate = elsewhere.certificate.expect("it came over TLS");
    assert!(certificate.covers("blog.example.com"));
    assert_eq!(certificate.days_left(caller.ports.clock.wall()), 89);
}

#[tokio::test]
async fn an_env_row_reaches_the_container_at_the_next_deploy_and_not_before() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    caller.point("blog.example.com").await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    let data = json!({"data": [{"key": "FABRIK_RELEASE", "value": "r2"}]});
    caller.coolify("PATCH", &format!("/services/{uuid}/envs/bulk"), Some(data)).await;
    assert_eq!(caller.release().await, "r1");
    caller.coolify("POST", &format!("/deploy?uuid={uuid}"), None).await;
    caller.sleep(60).await;
    assert_eq!(caller.release().await, "r2");
}

#[tokio::test]
async fn deleting_goes_on_after_the_answer_and_blocks_the_project() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let project = caller.sandbox.world().projects[0].uuid.clone();
    let path = format!("/services/{uuid}");
    assert_eq!(caller.coolify("DELETE", &path, None).await.status, 200);
    assert_eq!(caller.coolify("GET", &path, None).await.status, 200);
    assert_eq!(caller.coolify("DELETE", &path, None).await.status, 200);
    assert_eq!(caller.coolify("DELETE", &format!("/projects/{project}"), None).await.status, 400);
    caller.sleep(35).await;
    assert_eq!(caller.coolify("GET", &path, None).await.status, 404);
    assert_eq!(caller.coolify("DELETE", &format!("/projects/{project}"), None).await.status, 200);
    assert!(caller.sandbox.world().environments.is_empty());
}

#[tokio::test]
async fn a_start_that_outlives_its_service_leaves_its_containers_running() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    caller.coolify("DELETE", &format!("/services/{uuid}"), None).await;
    for _ in 0..35 {
        caller.coolify("POST", &format!("/deploy?uuid={uuid}"), None).await;
        caller.sleep(1).await;
    }
    caller.sleep(60).await;
    let world = caller.sandbox.world();
    assert!(world.services.is_empty());
    assert!(world.stray_containers.contains(&format!("web-{uuid}")));
}

#[tokio::test]
async fn volumes_stay_when_they_are_told_to() {
    for (flag, left) in [("false", 1), ("true", 0)] {
        let caller = Caller::new();
        let uuid = caller.service().await;
        let storages = caller.coolify("GET", &format!("/services/{uuid}/storages"), None).await;
        assert_eq!(storages.body["persistent_storages"][0]["name"], json!(format!("{uuid}_data")));
        caller.deploy(&uuid, "r1").await;
        caller.sleep(60).await;
        caller.coolify("DELETE", &format!("/services/{uuid}?delete_volumes={flag}"), None).await;
        caller.sleep(60).await;
        let volumes = caller.sandbox.world().volumes;
        assert_eq!(volumes.len(), left);
        assert!(volumes.iter().all(|volume| volume.name == format!("{uuid}_data")));
    }
}

#[tokio::test]
async fn two_dollars_in_an_environment_value_answer_500_and_leave_the_service_behind() {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut compose = compose();
    compose["services"]["web"]["environment"] = json!({"PRICE": "$$5"});
    let made = caller.coolify("POST", "/services", Some(caller.service_body(&project, &compose))).await;
    assert_eq!(made.status, 500);
    assert_eq!(caller.sandbox.world().services.len(), 1);
}

#[tokio::test]
async fn text_that_is_no_yaml_answers_500_and_leaves_nothing() {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, &compose());
    body["docker_compose_raw"] = json!("YTogWw==");
    assert_eq!(caller.coolify("POST", "/services", Some(body)).await.status, 500);
    assert!(caller.sandbox.world().services.is_empty());
}

#[tokio::test]
async fn a_taken_domain_answers_409_naming_the_sub_application_and_leaves_nothing() {
    let caller = Caller::new();
    caller.service().await;
    let project = caller.project().await;
    let body = caller.service_body(&project, &compose());
    let refused = caller.coolify("POST", "/services", Some(body.clone())).await;
    assert_eq!(refused.status, 409);
    let world = caller.sandbox.world();
    let web = world.services[0].parts.iter().find(|part| part.name == "web").expect("it has one");
    assert_eq!(refused.body["conflicts"][0]["resource_uuid"], json!(web.uuid));
    assert_eq!(world.services.len(), 1);
    let mut forced = body;
    forced["force_domain_override"] = json!(true);
    assert_eq!(caller.coolify("POST", "/services", Some(forced)).await.status, 201);
}

#[tokio::test]
async fn a_refused_url_at_patch_keeps_the_rest_of_the_patch() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let body = json!({"name": "other", "urls": [{"name": "web", "url": "nonsense"}]});
    let refused = caller.coolify("PATCH", &format!("/services/{uuid}"), Some(body)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body["errors"].is_array());
    let shown = caller.coolify("GET", &format!("/services/{uuid}"), None).await;
    assert_eq!(shown.body["name"], "other");
    assert_eq!(shown.body["applications"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_empty_list_comes_back_as_an_empty_map() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let shown = caller.coolify("GET", &format!("/services/{uuid}"), None).await;
    let raw = shown.body["docker_compose_raw"].as_str().expect("the token may see it");
    let dumped: serde_json::Value = serde_json::from_str(raw).expect("JSON goes in, JSON comes out");
    assert_eq!(dumped["services"]["web"]["command"], json!({}));
}

#[tokio::test]
async fn bodies_are_refused_as_coolify_refuses_them() {
    let caller = Caller::new();
    let cases = [
        (json!({}), 400, "Empty JSON."),
        (json!({"name": ""}), 422, "The name field is required."),
        (json!({"name": "ab"}), 422, "at least 3"),
        (json!({"name": "abc", "uuid": "mine"}), 422, "not allowed"),
        (json!({"name": "abc", "description": "a: b"}), 422, "description"),
        (json!({"name": 12}), 422, "must be a string"),
    ];
    for (body, status, words) in cases {
        let heard = caller.coolify("POST", "/projects", Some(body)).await;
        assert_eq!(heard.status, status);
        assert!(heard.body.to_string().contains(words), "{heard:?}");
    }
    assert!(caller.sandbox.world().projects.is_empty());
}

#[tokio::test]
async fn values_are_trimmed_and_a_bulk_keeps_what_came_before_a_bad_item() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let data = json!({"data": [{"key": "GOOD", "value": " a b "}, {"key": "bad key", "value": "x"}]});
    let refused = caller.coolify("PATCH", &format!("/services/{uuid}/envs/bulk"), Some(data)).await;
    assert_eq!(refused.status, 422);
    let world = caller.sandbox.world();
    assert_eq!(world.services[0].env("GOOD").and_then(|row| row.value.as_deref()), Some("a b"));
    assert_eq!(world.services[0].env("TOKEN").and_then(|row| row.value.as_deref()), Some("none"));
}

#[tokio::test]
async fn stop_keeps_the_old_status_until_the_containers_have_gone() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let stop = format!("/services/{uuid}/stop");
    assert_eq!(caller.coolify("POST", &stop, None).await.status, 400);
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    let start = caller.coolify("POST", &format!("/services/{uuid}/start"), None).await;
    assert_eq!(start.status, 400);
    assert_eq!(caller.coolify("POST", &stop, None).await.status, 200);
    assert_eq!(caller.status(&uuid).await, "running:unknown");
    caller.sleep(8).await;
    assert_eq!(caller.status(&uuid).await, "exited");
    let log = caller.coolify("GET", &format!("/services/{uuid}/logs?sub_service_name=web"), None).await;
    assert_eq!(log.status, 404);
}

#[tokio::test]
async fn routes_that_are_not_there_are_told_apart_from_things_that_are_not() {
    let caller = Caller::new();
    let resource = caller.coolify("GET", "/services/nope", None).await;
    let route = caller.coolify("GET", "/databases/nope", None).await;
    assert_eq!((resource.status, route.status), (404, 404));
    assert!(resource.body.get("docs").is_none());
    assert!(route.body.get("docs").is_some());
    assert_eq!(caller.coolify("GET", "/deploy?uuid=x", None).await.status, 405);
    let version = caller.coolify("GET", "/version", None).await;
    assert_eq!(version.body, json!("4.3.11"));
    assert!(version.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
}

#[tokio::test]
async fn a_token_may_do_what_its_abilities_say_and_none_implies_another() {
    let caller = Caller::new();
    let tried = async |token: SimToken| {
        caller.change(|world| world.coolify.token = token);
        let read = caller.coolify("GET", "/version", None).await;
        let write = caller.coolify("POST", "/projects", Some(json!({"name": "abc"}))).await;
        let deploy = caller.coolify("POST", "/deploy?uuid=none", None).await;
        [read.status, write.status, deploy.status]
    };
    assert_eq!(tried(SimToken::Root).await, [200, 201, 404]);
    assert_eq!(tried(SimToken::Limited(vec![SimAbility::Read])).await, [200, 403, 403]);
    assert_eq!(tried(SimToken::Limited(vec![SimAbility::Write])).await, [403, 201, 403]);
    assert_eq!(tried(SimToken::Limited(vec![SimAbility::Deploy])).await, [403, 403, 404]);
    assert_eq!(tried(SimToken::OfMember).await, [403, 403, 403]);
    assert_eq!(tried(SimToken::Unknown).await, [401, 401, 401]);
}

#[tokio::test]
async fn a_shut_door_says_success_and_means_no() {
    let caller = Caller::new();
    for (door, words) in
        [(Door::Shut, "API is disabled."), (Door::Listed, "You are not allowed to access the API.")]
    {
        caller.change(|world| world.coolify.door = door);
        let refused = caller.coolify("GET", "/version", None).await;
        assert_eq!((refused.status, refused.body), (403, json!({"success": true, "message": words})));
    }
}

#[tokio::test]
async fn an_instant_deploy_is_queued_and_what_it_applies_shows_once_it_begins() {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, &compose());
    body["instant_deploy"] = json!(true);
    let made = caller.coolify("POST", "/services", Some(body)).await;
    let path = format!("/services/{}", made.body["uuid"].as_str().expect("a service has a uuid"));
    let queued = caller.coolify("GET", &path, None).await.body;
    assert_eq!((&queued["status"], &queued["config_hash"]), (&json!("exited"), &json!(null)));
    caller.sleep(2).await;
    let begun = caller.coolify("GET", &path, None).await.body;
    assert_eq!(begun["status"], "starting:unhealthy");
    assert_eq!(begun["config_hash"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn a_magic_name_gives_a_domain_and_the_variables_that_tell_it() {
    let caller = Caller::new();
    let project = caller.project().await;
    let environment = ["SERVICE_FQDN_MY_WEB_80", "PW=${SERVICE_PASSWORD_DB}"];
    let compose = json!({"services": {"my-web": {"image": "nginx:1", "environment": environment}}});
    let mut body = caller.service_body(&project, &compose);
    body["urls"] = json!([]);
    let made = caller.coolify("POST", "/services", Some(body)).await.body;
    let uuid = made["uuid"].as_str().expect("a service has a uuid");
    let host = format!("my-web-{uuid}.203.0.113.10.sslip.io");
    assert_eq!(made["domains"], json!([format!("http://{host}:80")]));
    let world = caller.sandbox.world();
    let value = |key: &str| world.services[0].env(key).and_then(|row| row.value.clone());
    assert_eq!(value("SERVICE_FQDN_MY_WEB"), Some(host.clone()));
    assert_eq!(value("SERVICE_URL_MY_WEB_80"), Some(format!("http://{host}:80")));
    assert_eq!(value("PW").as_deref(), Some("${SERVICE_PASSWORD_DB}"));
    assert!(value("SERVICE_PASSWORD_DB").is_some_and(|value| value.len() == 32));
}

#[tokio::test]
async fn what_is_written_for_docker_is_quoted_or_escaped() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    let rows = [("PLAIN", "it's", false), ("LITERAL", "a$b", true), ("JSON", "{\"a\":1}", true)];
    let data: Vec<_> = rows
        .iter()
        .map(|(key, value, literal)| json!({"key": key, "value": value, "is_literal": literal}))
        .collect();
    let path = format!("/services/{uuid}/envs/bulk");
    let heard = caller.coolify("PATCH", &path, Some(json!({"data": data}))).await.body;
    let real: Vec<_> = (0..3).map(|at| heard[at]["real_value"].as_str()).collect();
    assert_eq!(real, [Some("it\\'s"), Some("'a$b'"), Some("{\"a\":1}")]);
    assert!(heard[0].get("order").is_none(), "an answer that tells only what was sent: {heard}");
}

#[tokio::test]
async fn a_deleted_service_has_exited_before_it_is_gone() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(60).await;
    let path = format!("/services/{uuid}");
    caller.coolify("DELETE", &path, None).await;
    let mut seen = Vec::new();
    for _ in 0..40 {
        let shown = caller.coolify("GET", &path, None).await;
        seen.push(shown.body["status"].as_str().unwrap_or("gone").to_owned());
        caller.sleep(1).await;
    }
    seen.dedup();
    assert_eq!(seen, ["running:unknown", "exited", "gone"]);
}

#[tokio::test]
async fn a_tag_deploys_what_is_filed_under_it_and_answers_in_another_shape() {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, &compose());
    body["tags"] = json!(["a"]);
    let refused = caller.coolify("POST", "/services", Some(body.clone())).await;
    assert_eq!((refused.status, refused.body["errors"]["tags.0"].is_array()), (422, true));
    body["tags"] = json!(["Shop"]);
    caller.coolify("POST", "/services", Some(body)).await;
    let heard = caller.coolify("POST", "/deploy?tag=shop", None).await;
    assert_eq!(heard.body, json!({"message": ["Service blog started. It could take a while, be patient."]}));
    assert_eq!(caller.coolify("POST", "/deploy?tag=other", None).await.status, 404);
}

#[tokio::test]
async fn the_two_hundred_and_first_request_of_a_minute_is_turned_away() {
    let caller = Caller::new();
    for _ in 0..200 {
        assert_eq!(caller.coolify("GET", "/version", None).await.status, 200);
    }
    let refused = caller.coolify("GET", "/version", None).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "60");
    caller.sleep(60).await;
    assert_eq!(caller.coolify("GET", "/version", None).await.status, 200);
}

/// The text of [`compose`] without its database.
async fn drop_database(caller: &Caller, uuid: &str) {
    use base64::Engine as _;
    let mut text = compose();
    text["services"].as_object_mut().expect("services").remove("db");
    let raw = base64::engine::general_purpose::STANDARD.encode(text.to_string());
    let sent = json!({"docker_compose_raw": raw});
    assert_eq!(caller.coolify("PATCH", &format!("/services/{uuid}"), Some(sent)).await.status, 200);
}

async fn exclude_database(caller: &Caller, uuid: &str) {
    let shown = caller.coolify("GET", &format!("/services/{uuid}"), None).await;
    let part = shown.body["databases"][0]["uuid"].as_str().expect("a database").to_owned();
    let path = format!("/services/{uuid}/databases/{part}");
    let sent = Some(json!({"exclude_from_status": true}));
    assert_eq!(caller.coolify("PATCH", &path, sent).await.status, 200);
}

/// Deploys, waits, and gives the service's status and the compose services of its text.
async fn ends_as(caller: &Caller, uuid: &str) -> (String, Vec<String>) {
    caller.coolify("POST", &format!("/deploy?uuid={uuid}"), None).await;
    caller.sleep(60).await;
    let world = caller.sandbox.world();
    let text = crate::sandbox::compose::Compose::read(&world.services[0].compose).expect("compose text");
    (caller.status(uuid).await, text.entries.into_iter().map(|entry| entry.name).collect())
}

#[tokio::test]
async fn a_part_that_is_changed_after_its_text_lost_it_is_written_back_and_crashes_for_ever() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    drop_database(&caller, &uuid).await;
    exclude_database(&caller, &uuid).await;
    let both = vec!["db".to_owned(), "web".to_owned()];
    assert_eq!(ends_as(&caller, &uuid).await.1, both);
    let world = caller.sandbox.world();
    let part = world.services[0].parts.iter().find(|part| part.name == "db").expect("the part");
    assert_eq!((part.status.as_str(), part.excluded), ("restarting:unknown", true));
    assert_eq!(world.services[0].compose.matches("postgres").count(), 1);
    drop_database(&caller, &uuid).await;
    assert_eq!(ends_as(&caller, &uuid).await, ("running:healthy".to_owned(), vec!["web".to_owned()]));
}

#[tokio::test]
async fn a_part_that_is_left_out_before_its_text_loses_it_leaves_text_and_status_clean() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    ends_as(&caller, &uuid).await;
    exclude_database(&caller, &uuid).await;
    drop_database(&caller, &uuid).await;
    assert_eq!(ends_as(&caller, &uuid).await, ("running:healthy".to_owned(), vec!["web".to_owned()]));
}

#[tokio::test]
async fn a_text_that_loses_a_part_which_still_counts_makes_the_service_degraded_for_good() {
    let caller = Caller::new();
    let uuid = caller.service().await;
    ends_as(&caller, &uuid).await;
    drop_database(&caller, &uuid).await;
    assert_eq!(ends_as(&caller, &uuid).await, ("degraded:unhealthy".to_owned(), vec!["web".to_owned()]));
    assert_eq!(ends_as(&caller, &uuid).await.0, "degraded:unhealthy");
}
