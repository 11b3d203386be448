//! What Coolify makes of a compose text, besides starting it.

use serde_json::{Value, json};

use super::Caller;
use crate::sandbox::world::World;

/// A service made of these compose services, without a domain; the answer's status with it.
async fn made(services: Value) -> (Caller, u16) {
    let caller = Caller::new();
    let project = caller.project().await;
    let mut body = caller.service_body(&project, &json!({"services": services}));
    body["urls"] = json!([]);
    let status = caller.coolify("POST", "/services", Some(body)).await.status;
    (caller, status)
}

fn row(world: &World, key: &str) -> Option<String> {
    world.services[0].env(key).and_then(|row| row.value.clone())
}

#[tokio::test]
async fn the_name_of_a_database_makes_one_only_where_the_rest_of_the_service_does_not_speak_against_it() {
    let on_redis = json!({"redis": {"condition": "service_started"}});
    for (service, wanted) in [
        (json!({"image": "postgres:17"}), true),
        (json!({"image": "docker.io/bitnami/postgresql"}), true),
        (
            json!({"image": "influxdb:2", "healthcheck": {"test": ["CMD", "influx", "ping", "http://x"]}}),
            false,
        ),
        (json!({"image": "localhost:5000/postgres"}), false),
        (json!({"image": "postgrest/postgrest"}), false),
        (json!({"image": "valkey/valkey:8"}), false),
        (json!({"image": "mongo:8", "depends_on": on_redis}), false),
        (json!({"image": "mongo:8", "depends_on": ["redis"]}), true),
        (json!({"image": "mysql:8", "environment": ["MYSQL_ROOT_PASSWORD=x"], "depends_on": on_redis}), true),
        // The names of a mapping are not looked at.
        (
            json!({"image": "mysql:8", "environment": {"MYSQL_ROOT_PASSWORD": "x"}, "depends_on": on_redis}),
            false,
        ),
        (
            json!({"image": "mysql:8", "ports": ["3306:3306"], "depends_on": on_redis,
                "healthcheck": {"test": "mysqladmin ping"}}),
            true,
        ),
    ] {
        let (caller, _) = made(json!({"one": service})).await;
        assert_eq!(caller.sandbox.world().services[0].parts[0].is_database, wanted, "{service}");
    }
}

#[tokio::test]
async fn a_port_of_a_database_in_the_long_form_answers_500_and_leaves_the_service_behind() {
    let (caller, status) = made(json!({"db": {"image": "redis:8", "ports": [{"target": 6379}]}})).await;
    assert_eq!((status, caller.sandbox.world().services.len()), (500, 1));
    let (_, status) = made(json!({"web": {"image": "nginx:1", "ports": [{"target": 80}]}})).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn an_address_belongs_to_the_part_it_is_declared_in_and_follows_its_domain_at_the_next_start() {
    let web = json!({"image": "nginx:1", "environment": ["SERVICE_URL_SHOP_80"]});
    let (caller, _) = made(json!({"web": web, "other": {"image": "a"}})).await;
    let world = caller.sandbox.world();
    let uuid = world.services[0].uuid.clone();
    let part = |name: &str| world.services[0].parts.iter().find(|part| part.name == name).cloned();
    let host = format!("shop-{uuid}.203.0.113.10.sslip.io");
    assert_eq!(part("web").and_then(|part| part.fqdn), Some(format!("http://{host}:80")));
    assert_eq!(part("other").and_then(|part| part.fqdn), None);
    let urls = json!({"urls": [{"name": "web", "url": "https://shop.example.com:80"}]});
    caller.coolify("PATCH", &format!("/services/{uuid}"), Some(urls)).await;
    assert_eq!(row(&caller.sandbox.world(), "SERVICE_URL_SHOP"), Some(format!("http://{host}")));
    caller.deploy(&uuid, "r1").await;
    caller.sleep(5).await;
    let world = caller.sandbox.world();
    assert_eq!(row(&world, "SERVICE_URL_SHOP").as_deref(), Some("https://shop.example.com"));
    assert_eq!(row(&world, "SERVICE_FQDN_SHOP_80").as_deref(), Some("shop.example.com:80"));
}

#[tokio::test]
async fn an_address_that_is_only_asked_for_stays_coolifys_own_and_opens_the_part_that_asks_for_its_own() {
    let web =
        json!({"image": "nginx:1", "environment": ["BASE_URL=${SERVICE_URL_WEB}", "X=${SERVICE_FQDN_JOB}"]});
    let (caller, _) = made(json!({"web": web, "job": {"image": "a"}})).await;
    let world = caller.sandbox.world();
    let uuid = world.services[0].uuid.clone();
    let own = format!("http://web-{uuid}.203.0.113.10.sslip.io");
    assert_eq!(row(&world, "SERVICE_URL_WEB"), Some(own.clone()));
    assert_eq!(row(&world, "SERVICE_FQDN_JOB"), Some(format!("job-{uuid}.203.0.113.10.sslip.io")));
    let open: Vec<_> = world.services[0].parts.iter().filter_map(|part| part.fqdn.clone()).collect();
    assert_eq!(
        open,
        std::slice::from_ref(&own),
        "`web` asks for its own address, and nobody for that of `job`"
    );
    let urls = json!({"urls": [{"name": "web", "url": "https://web.example.com"}]});
    caller.coolify("PATCH", &format!("/services/{uuid}"), Some(urls)).await;
    caller.deploy(&uuid, "r1").await;
    caller.sleep(5).await;
    assert_eq!(row(&caller.sandbox.world(), "SERVICE_URL_WEB"), Some(own));
}

#[tokio::test]
async fn a_default_anywhere_in_a_value_is_kept_with_those_within_it() {
    let web = json!({"image": "nginx:1", "environment":
        ["A=${A:-x}", "B=${B:-${C:-y}}", "D=a${E:-z}", "F=$G", "H=${SERVICE_PASSWORD_MY_DB}"]});
    let (caller, _) = made(json!({"web": web})).await;
    let world = caller.sandbox.world();
    let kept = |key: &str| row(&world, key);
    assert_eq!(
        (kept("A").as_deref(), kept("B").as_deref(), kept("C").as_deref()),
        (Some("x"), Some("${C:-y}"), Some("y"))
    );
    // One that a value does not begin with is kept too (Coolify 4.3.11, observed).
    assert_eq!(kept("E").as_deref(), Some("z"));
    assert!(world.services[0].env("G").is_some());
    assert_eq!(world.services[0].env("SERVICE_PASSWORD_MY_DB").map(|row| row.value.clone()), Some(None));
}

#[tokio::test]
async fn the_text_comes_back_without_what_coolify_wrote_to_files() {
    let mounts = json!([{"type": "bind", "source": "./a", "target": "/a", "content": "x"},
                        {"type": "bind", "source": "./b", "target": "/b", "is_directory": true}]);
    let (caller, _) = made(json!({"web": {"image": "nginx:1", "volumes": mounts}})).await;
    let raw: Value = serde_json::from_str(&caller.sandbox.world().services[0].compose).expect("JSON");
    let left = json!([{"type": "bind", "source": "./a", "target": "/a"}, {"type": "bind", "source": "./b", "target": "/b"}]);
    assert_eq!(raw["services"]["web"]["volumes"], left);
}
