//! Whatever Fabrik sets and somebody else changes by Coolify's or Cloudflare's API is seen by `drift` and by `plan`, and
//! put back by `apply --refresh` and by `apply --force`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fabrik::net::Request;
use fabrik::sandbox::{CLOUDFLARE, COOLIFY};
use serde_json::{Value, json};

use super::fixture::{CliFixture, Said};

/// For how long the simulated outside goes on before and after a change, so that nothing is still on its way.
const LATER: Duration = Duration::from_secs(120);

/// The outside, as somebody else with a token of their own reaches it.
struct Somebody<'a> {
    house: &'a CliFixture,
}

/// What somebody changes, and what must be named of it.
struct Edit {
    what: &'static str,
    change: fn(&Somebody<'_>),
    named: &'static str,
}

impl Somebody<'_> {
    fn ask(&self, host: &str, method: &str, path: &str, body: &Value) -> Value {
        let ports = self.house.sandboxed().ports();
        let http = http::Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"))
            .header("authorization", "Bearer somebody")
            .header("content-type", "application/json")
            .body(if body.is_null() { Vec::new() } else { body.to_string().into_bytes() })
            .unwrap();
        let request = Request { http, timeout: Duration::from_secs(30), connect_to: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if method != "GET" {
                ports.clock.sleep(LATER).await;
            }
            let response = ports.transport.send(request).await.unwrap().http;
            let body = String::from_utf8_lossy(response.body()).into_owned();
            assert!(response.status().is_success(), "{method} {path}: {} {body}", response.status());
            if method != "GET" {
                ports.clock.sleep(LATER).await;
            }
            serde_json::from_str(&body).unwrap_or_default()
        })
    }

    fn coolify(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ask(COOLIFY, method, &format!("/api/v1{path}"), body)
    }

    /// Changes the app itself: `path` is what comes behind its own.
    fn app(&self, method: &str, path: &str, body: &Value) -> Value {
        let found = ["services", "applications"].into_iter().find_map(|kind| {
            let listed = self.coolify("GET", &format!("/{kind}"), &Value::Null);
            let uuid = listed.as_array()?.first()?["uuid"].as_str()?.to_owned();
            Some(format!("/{kind}/{uuid}"))
        });
        self.coolify(method, &format!("{}{path}", found.expect("an app")), body)
    }

    fn set(&self, key: &str, value: &str) {
        // A value that no single row carries is changed in one of its parts.
        let rows = self.app("GET", "/envs", &Value::Null);
        let part = format!("FABRIK_PART_{key}_1");
        let has_parts = rows.as_array().unwrap().iter().any(|row| row["key"] == part);
        let key = if has_parts { part.as_str() } else { key };
        let row = json!({"key": key, "value": value, "is_literal": true, "is_multiline": false});
        self.app("PATCH", "/envs/bulk", &json!({"data": [row]}));
    }

    fn edit_text(&self, edit: impl FnOnce(&mut Value)) {
        let shown = self.app("GET", "", &Value::Null);
        let mut text: Value = serde_json::from_str(shown["docker_compose_raw"].as_str().unwrap()).unwrap();
        edit(&mut text);
        let raw = STANDARD.encode(text.to_string());
        self.app("PATCH", "", &json!({"docker_compose_raw": raw}));
    }

    fn record(&self, method: &str, body: &Value) {
        let host = CLOUDFLARE;
        let zones = self.ask(host, "GET", "/client/v4/zones?name=example.com", &Value::Null);
        let zone = zones["result"][0]["id"].as_str().unwrap().to_owned();
        let records = self.ask(host, "GET", &format!("/client/v4/zones/{zone}/dns_records"), &Value::Null);
        let record = records["result"][0]["id"].as_str().unwrap().to_owned();
        self.ask(host, method, &format!("/client/v4/zones/{zone}/dns_records/{record}"), body);
    }
}

const COMMON: [Edit; 8] = [
    Edit { what: "a value", change: |it| it.set("COLOUR", "red"), named: "COLOUR" },
    Edit { what: "a secret", change: |it| it.set("API_KEY", "somebody else's"), named: "API_KEY" },
    Edit { what: "the release", change: |it| it.set("FABRIK_RELEASE", "none"), named: "FABRIK_RELEASE" },
    Edit {
        what: "how a value is written",
        change: |it| {
            let row = json!({"key": "PRICE", "value": "5 $each", "is_literal": false, "is_multiline": false});
            it.app("PATCH", "/envs/bulk", &json!({"data": [row]}));
        },
        named: "PRICE",
    },
    Edit {
        what: "a deleted variable",
        change: |it| {
            let rows = it.app("GET", "/envs", &Value::Null);
            let row = rows.as_array().unwrap().iter().find(|row| row["key"] == "COLOUR").unwrap();
            it.app("DELETE", &format!("/envs/{}", row["uuid"].as_str().unwrap()), &Value::Null);
        },
        named: "COLOUR",
    },
    Edit {
        what: "a stopped app",
        change: |it| drop(it.app("POST", "/stop?docker_cleanup=false", &Value::Null)),
        named: "stopped",
    },
    Edit {
        what: "a record that leads elsewhere",
        change: |it| it.record("PATCH", &json!({"content": "198.51.100.99"})),
        named: "198.51.100.99",
    },
    Edit {
        what: "a record behind the proxy",
        change: |it| it.record("PATCH", &json!({"proxied": true})),
        named: "proxied",
    },
];

const OF_A_SERVICE: [Edit; 6] = [
    Edit {
        what: "the label that names the release",
        change: |it| {
            it.edit_text(|text| drop(text["services"]["app"].as_object_mut().unwrap().remove("labels")));
        },
        named: "services.app.labels",
    },
    Edit {
        what: "a limit",
        change: |it| it.edit_text(|text| text["services"]["app"]["mem_limit"] = json!("1g")),
        named: "services.app.mem_limit",
    },
    Edit {
        what: "a volume",
        change: |it| {
            it.edit_text(|text| drop(text["services"]["app"].as_object_mut().unwrap().remove("volumes")));
        },
        named: "services.app.volumes",
    },
    Edit {
        what: "a label",
        change: |it| it.edit_text(|text| text["services"]["app"]["labels"]["who"] = json!("somebody")),
        named: "services.app.labels",
    },
    Edit {
        what: "a service of its own",
        change: |it| it.edit_text(|text| text["services"]["extra"] = json!({"image": "busybox:1.37"})),
        named: "services.extra",
    },
    Edit {
        what: "another domain",
        change: |it| {
            let urls = json!([{"name": "app", "url": "https://elsewhere.example.com:8000"}]);
            it.app("PATCH", "", &json!({"urls": urls}));
        },
        named: "elsewhere.example.com",
    },
];

const OF_AN_APPLICATION: [Edit; 6] = [
    Edit {
        what: "a limit",
        change: |it| drop(it.app("PATCH", "", &json!({"limits_memory": "1g"}))),
        named: "memory",
    },
    Edit {
        what: "another domain",
        change: |it| drop(it.app("PATCH", "", &json!({"domains": "https://elsewhere.example.com"}))),
        named: "elsewhere.example.com",
    },
    Edit {
        what: "another port",
        change: |it| drop(it.app("PATCH", "", &json!({"ports_exposes": "9999"}))),
        named: "9999",
    },
    Edit {
        what: "a health check of Coolify's",
        change: |it| drop(it.app("PATCH", "", &json!({"health_check_enabled": true}))),
        named: "health_check",
    },
    Edit {
        what: "another health path",
        change: |it| drop(it.app("PATCH", "", &json!({"health_check_path": "/elsewhere"}))),
        named: "/elsewhere",
    },
    Edit {
        what: "a volume that is not mounted",
        change: |it| {
            let rows = it.app("GET", "/storages", &Value::Null);
            let row = rows["persistent_storages"][0]["uuid"].as_str().unwrap().to_owned();
            it.app("DELETE", &format!("/storages/{row}"), &Value::Null);
        },
        named: "data",
    },
];

const OF_AN_IMAGE: [Edit; 1] = [Edit {
    what: "another image",
    change: |it| drop(it.app("PATCH", "", &json!({"docker_registry_image_tag": "6.6.6"}))),
    named: "6.6.6",
}];

const OF_GIT: [Edit; 3] = [
    Edit {
        what: "another branch",
        change: |it| drop(it.app("PATCH", "", &json!({"git_branch": "theirs"}))),
        named: "theirs",
    },
    Edit {
        what: "another commit",
        change: |it| drop(it.app("PATCH", "", &json!({"git_commit_sha": "2".repeat(40)}))),
        named: "2222222",
    },
    Edit {
        what: "deployments at each push",
        change: |it| drop(it.app("PATCH", "", &json!({"is_auto_deploy_enabled": true}))),
        named: "auto_deploy",
    },
];

/// What every app here is deployed with.
const REST: &str = "domain: my-api.example.com
port: 8000
health: {path: /health, fingerprint: {header: X-Fabrik-Release}}
env: {COLOUR: blue, PRICE: 5 $$each}
secrets: {required: [API_KEY]}
resources: {memory: 256M}
volumes: [{name: data, path: /data}]
";

fn run(house: &CliFixture, arguments: &[&str]) -> Said {
    let mut command = house.command(arguments);
    let spec = std::fs::read_to_string(house.folder().join("my-api.yaml")).unwrap();
    // A service carries it in several rows, an application not at all.
    let key = if spec.contains("folder:") { "the key's own $value" } else { "the own $value" };
    Said::of(command.env("API_KEY", key).output().unwrap())
}

fn deployed(source: &str) -> CliFixture {
    let house = CliFixture::new();
    house.write("app/Dockerfile", "FROM busybox:1.37\nCOPY index.html /\n");
    house.write("app/index.html", "hello\n");
    house.write("my-api.yaml", format!("name: my-api\n{source}\n{REST}"));
    run(&house, &["apply", "my-api.yaml", "--sandbox"]).ends(0);
    house
}

fn drift(house: &CliFixture) -> Said {
    run(house, &["drift", "my-api", "--sandbox", "--exit-code"])
}

#[track_caller]
fn is_seen_and_put_back(house: &CliFixture, Edit { what, change, named }: &Edit, by: &str) {
    drift(house).ends(0);
    let before = house.ids("my-api");
    change(&Somebody { house });
    let told = drift(house);
    assert!(told.exit == 5 && told.out.contains(named), "{what} by `drift`: {} {}", told.exit, told.out);
    let planned = run(house, &["plan", "my-api.yaml", "--sandbox", "--exit-code"]);
    assert!(
        planned.exit == 5 && planned.out.contains(named),
        "{what} by `plan`: {} {}{}",
        planned.exit,
        planned.out,
        planned.err
    );
    let applied = run(house, &["apply", "my-api.yaml", "--sandbox", by, "--yes"]);
    assert_eq!(applied.exit, 0, "{what} by {by}: {}{}", applied.out, applied.err);
    let again = drift(house);
    assert_eq!(again.exit, 0, "{what} is still there after {by}: {}", again.out);
    let planned = run(house, &["plan", "my-api.yaml", "--sandbox", "--exit-code"]);
    assert_eq!(planned.exit, 0, "{what} is still planned after {by}: {}", planned.out);
    assert_eq!(house.ids("my-api"), before, "{what}: the app or its record was made again");
}

fn sweep(source: &str, edits: &[&[Edit]]) {
    let house = deployed(source);
    for edit in edits.iter().copied().flatten() {
        for by in ["--refresh", "--force"] {
            is_seen_and_put_back(&house, edit, by);
        }
    }
}

#[test]
fn whatever_is_changed_of_a_service_is_seen_and_put_back() {
    sweep("folder: ./app", &[&COMMON, &OF_A_SERVICE]);
}

#[test]
fn whatever_is_changed_of_an_image_app_is_seen_and_put_back() {
    sweep("image: ghcr.io/acme/my-api:1.0", &[&COMMON, &OF_AN_APPLICATION, &OF_AN_IMAGE]);
}

#[test]
fn whatever_is_changed_of_a_git_app_is_seen_and_put_back() {
    let git = format!(
        "git: {{repository: https://github.com/acme/blog, branch: main, commit: '{}'}}",
        "1".repeat(40)
    );
    sweep(&git, &[&COMMON, &OF_AN_APPLICATION, &OF_GIT]);
}

#[test]
fn what_the_token_may_not_see_is_said_to_be_unseen_and_not_called_drift() {
    let house = deployed("folder: ./app");
    house.third_party(|world| world.coolify.sensitive = false);
    let said = drift(&house).ends(0).says("not compared: values of variables").says("read:sensitive");
    said.says("not compared: the compose text").says("as far as it can be compared");
    Somebody { house: &house }.set("COLOUR", "red");
    drift(&house).ends(0).says("not compared");
}

#[test]
fn an_app_that_is_gone_is_seen_and_made_again() {
    for source in ["folder: ./app", "image: ghcr.io/acme/my-api:1.0"] {
        let house = deployed(source);
        Somebody { house: &house }.app("DELETE", "", &Value::Null);
        drift(&house).ends(5).says("is gone");
        run(&house, &["plan", "my-api.yaml", "--sandbox", "--exit-code"]).ends(5).says("create");
        run(&house, &["apply", "my-api.yaml", "--sandbox", "--refresh", "--yes"]).ends(0);
        drift(&house).ends(0);
    }
}

#[test]
fn an_edited_value_is_never_shown() {
    let house = deployed("folder: ./app");
    Somebody { house: &house }.set("API_KEY", "their-own-secret-value");
    for said in [drift(&house).ends(5), run(&house, &["plan", "my-api.yaml", "--sandbox"]).ends(0)] {
        assert!(!said.out.contains("their-own-secret-value"), "{}", said.out);
    }
}
