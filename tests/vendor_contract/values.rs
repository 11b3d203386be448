//! What a container really gets, as it was recorded from a real Coolify 4.3.11, against the sandbox: each value in each
//! form, and values that a text joins out of several rows.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fabrik::net::{Ports, Request};
use fabrik::sandbox::{COOLIFY, Sandbox};
use serde_json::{Value, json};

use super::recorded::{evidence, say};

/// A sandbox with a project, spoken to over its API.
struct Lab {
    sandbox: Sandbox,
    ports: Ports,
    project: String,
}

/// An environment; none where nothing started.
type Env = Option<BTreeMap<String, String>>;

impl Lab {
    async fn new() -> Self {
        let sandbox = Sandbox::in_memory(3);
        let ports = sandbox.ports();
        let mut lab = Self { sandbox, ports, project: String::new() };
        lab.project = lab.uuid("/projects", json!({"name": "lab"})).await;
        lab
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let http = http::Request::builder().method(method).uri(format!("https://{COOLIFY}/api/v1{path}"));
        let http = http.header("authorization", "Bearer x").header("content-type", "application/json");
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let timeout = Duration::from_secs(30);
        let request = Request { http: http.body(body).unwrap(), timeout, connect_to: None };
        let response = self.ports.transport.send(request).await.unwrap().http;
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    async fn uuid(&self, path: &str, body: Value) -> String {
        let made = self.ask("POST", path, Some(&body)).await;
        made["uuid"].as_str().unwrap_or_else(|| panic!("{path}: {made}")).to_owned()
    }

    fn place(&self) -> Value {
        let server = self.sandbox.world().server.uuid;
        json!({"project_uuid": self.project, "server_uuid": server, "environment_name": "production"})
    }

    async fn service(&self, environment: &Value) -> String {
        let text = json!({"services": {"web": {"image": "acme/web:1", "environment": environment}}});
        self.service_of(&text).await
    }

    async fn service_of(&self, text: &Value) -> String {
        let mut body = self.place();
        body["docker_compose_raw"] = STANDARD.encode(text.to_string()).into();
        self.uuid("/services", body).await
    }

    async fn application(&self) -> String {
        let mut body = self.place();
        for (key, value) in [("docker_registry_image_name", "acme/web"), ("ports_exposes", "80")] {
            body[key] = value.into();
        }
        self.uuid("/applications/dockerimage", body).await
    }

    /// Sets rows one after the other: that is their order in the file.
    async fn set(&self, path: &str, rows: &[Value]) {
        self.ask("PATCH", &format!("{path}/envs/bulk"), Some(&json!({"data": rows}))).await;
    }

    async fn deployed(&self, uuid: &str) -> Env {
        self.ask("POST", &format!("/deploy?uuid={uuid}"), None).await;
        self.ports.clock.sleep(Duration::from_secs(60)).await;
        self.env(uuid)
    }

    fn env(&self, uuid: &str) -> Env {
        let world = self.sandbox.world();
        let service = world.services.iter().find(|it| it.uuid == uuid);
        let own = |it: &&fabrik::sandbox::services::SimContainer| it.part == "web";
        let application = world.applications.iter().find(|it| it.uuid == uuid);
        let of_service = service.and_then(|it| it.containers.iter().find(own));
        let found = of_service.or(application.and_then(|it| it.container.as_ref()));
        found.map(|container| container.env.0.clone())
    }
}

/// A text that was recorded cut: `xxx…(65536 characters)`.
fn whole(text: &str) -> String {
    let cut = text.split_once('…').and_then(|(start, rest)| {
        let count: usize = rest.strip_prefix('(')?.strip_suffix(" characters)")?.parse().ok()?;
        let (first, fill) = (start.chars().next()?, start.chars().last()?);
        Some(std::iter::once(first).chain(std::iter::repeat_n(fill, count - 1)).collect())
    });
    cut.unwrap_or_else(|| text.to_owned())
}

fn text(row: &Value, field: &str) -> Option<String> {
    row[field].as_str().map(whole)
}

#[tokio::test]
async fn each_value_in_each_form_reaches_the_container_as_it_was_recorded() {
    let Some(table) = evidence("coolify-recorded-2/04-env-table.json") else { return };
    let rows = table.as_array().expect("a table of rows");
    let mut compared = 0;
    for row in rows {
        let is_quoted = row["is_literal"] == true || row["is_multiline"] == true;
        let flagged = |key: &str, value: &Value| json!({"key": key, "value": value, "is_literal": row["is_literal"], "is_multiline": row["is_multiline"]});
        let (sent, beside) = (json!(text(row, "sent")), json!({"key": "X", "value": "XV"}));
        // The recorded files had the lines in these orders, and docker compose knows only the lines above.
        let mut data = vec![flagged("K", &sent), beside];
        if is_quoted {
            data.reverse();
        }
        let context = format!("{} {} {}", row["kind"], row["value"], data[usize::from(is_quoted)]);
        if row["kind"] == "application" {
            if row["tried"] == true {
                let lab = Lab::new().await;
                let uuid = lab.application().await;
                lab.set(&format!("/applications/{uuid}"), &data).await;
                let env = lab.deployed(&uuid).await;
                assert_eq!(env.and_then(|mut env| env.remove("K")), text(row, "container"), "{context}");
                compared += 1;
            }
            continue;
        }
        for (environment, fields) in [
            (json!({"A": "b"}), [("K", "key_not_in_text")].as_slice()),
            (json!({"K": "${K}"}), &[("K", "same_key_in_text")]),
            (
                json!({"OTHER": "${K}"}),
                &[
                    ("OTHER", "other_name_from_reference"),
                    ("K", "same_key_when_referenced_under_another_name"),
                ],
            ),
        ] {
            if row["start_fails"] != true && fields.iter().all(|(_, field)| row.get(*field).is_none()) {
                continue;
            }
            let lab = Lab::new().await;
            let uuid = lab.service(&environment).await;
            if !is_quoted {
                // The text made the row of `K` already, before that of `X`.
                lab.ask("GET", &format!("/services/{uuid}"), None).await;
            }
            lab.sandbox.with_world(|world| world.services.last_mut().unwrap().envs.clear()).unwrap();
            lab.set(&format!("/services/{uuid}"), &data).await;
            let real =
                lab.sandbox.world().services.last().unwrap().envs.iter().find(|it| it.key == "K").cloned();
            let real = real.map(|row| fabrik::sandbox::dotenv::real_value(&row)).unwrap_or_default();
            let recorded = text(row, "real_value").unwrap_or_default();
            assert!(real == recorded || real.len() > 60_000, "{context}: {real} instead of {recorded}");
            let env = lab.deployed(&uuid).await;
            assert_eq!(env.is_none(), row["start_fails"] == true, "{context}: {environment}");
            for (key, field) in fields.iter().filter(|_| row["start_fails"] != true) {
                let got = env.as_ref().and_then(|env| env.get(*key)).cloned();
                assert_eq!(got, text(row, field), "{context}: {field}");
            }
            compared += 1;
        }
    }
    say(&format!("{compared} starts of {} rows were compared", rows.len()));
    assert!(compared > 400, "{compared}");
}

#[tokio::test]
async fn two_values_of_64_kb_are_too_much_and_two_of_40_are_not() {
    for (bytes, starts) in [(65_536, false), (40_000, true)] {
        let lab = Lab::new().await;
        let uuid = lab.service(&json!({"A": "b"})).await;
        let row = |key: &str| json!({"key": key, "value": "x".repeat(bytes), "is_literal": true});
        lab.set(&format!("/services/{uuid}"), &[row("K"), row("L")]).await;
        assert_eq!(lab.deployed(&uuid).await.is_some(), starts, "{bytes}");
    }
}

/// The services of a recording, and the rows it named, by what they were called there.
#[derive(Default)]
struct Names {
    services: BTreeMap<String, String>,
    rows: BTreeMap<String, String>,
}

/// Carries out one recorded request, and says what it was recorded to have given where it tells of a container.
async fn replayed(lab: &Lab, names: &mut Names, exchange: &Value) -> Option<String> {
    let method = exchange["method"].as_str()?;
    let mut body = exchange["request_body"].clone();
    if let Some(raw) = body["docker_compose_raw"].as_str() {
        let yaml = String::from_utf8(STANDARD.decode(raw).ok()?).ok()?;
        let text: Value = serde_yaml::from_str(&yaml).expect("recorded YAML");
        if method == "POST" {
            let uuid = lab.service_of(&text).await;
            names.services.insert(exchange["response_body"]["uuid"].as_str()?.to_owned(), uuid);
            return None;
        }
        body["docker_compose_raw"] = STANDARD.encode(text.to_string()).into();
    }
    for row in body.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten() {
        row["value"] = whole(row["value"].as_str()?).into();
    }
    for row in
        exchange["response_body"].as_array().into_iter().flatten().filter(|row| row["uuid"].is_string())
    {
        names.rows.insert(row["uuid"].as_str()?.to_owned(), row["key"].as_str()?.to_owned());
    }
    let mut path = exchange["path"].as_str()?.trim_start_matches("/api/v1").to_owned();
    for (theirs, ours) in &names.services {
        path = path.replace(theirs, ours);
    }
    let uuid = names.services.values().find(|ours| path.contains(*ours)).cloned()?;
    if method == "DELETE" {
        let key =
            names.rows.iter().find(|(theirs, _)| path.ends_with(*theirs)).map(|(_, key)| key.clone())?;
        let world = lab.sandbox.world();
        let row = world.services.iter().find(|it| it.uuid == uuid)?.env(&key)?.uuid.clone();
        path = format!("/services/{uuid}/envs/{row}");
    }
    lab.ask(method, &path, (!body.is_null()).then_some(&body)).await;
    lab.ports.clock.sleep(Duration::from_secs(60)).await;
    Some(uuid)
}

#[tokio::test]
async fn values_joined_out_of_several_rows_arrive_as_they_were_recorded() {
    let mut compared = 0;
    for file in ["10-composite-values.json", "10b-composite-edges.json", "10c-composite-rows-removed.json"] {
        let Some(recorded) = evidence(&format!("coolify-recorded-2/{file}")) else { return };
        let (lab, mut names, mut last) = (Lab::new().await, Names::default(), String::new());
        for exchange in recorded.as_array().expect("a list of exchanges") {
            last = replayed(&lab, &mut names, exchange).await.unwrap_or(last);
            let told = &exchange["response_body"];
            let Some(started) = told["started"].as_bool() else { continue };
            let context = format!("{file}: {}", exchange["label"]);
            let env = lab.env(&last);
            assert_eq!(env.is_some(), started, "{context}");
            let groups =
                ["values", "parts"].into_iter().filter_map(|group| told[group].as_object()).flatten();
            for (key, value) in groups.filter(|_| started) {
                let got = env.as_ref().and_then(|env| env.get(key)).cloned();
                // A value of several long parts was recorded cut beyond what can be filled in again.
                let is_cut = value["got"].as_str().is_some_and(|got| got.contains("(80001"));
                assert!(is_cut || got == text(value, "got"), "{context}: {key}: {got:?} instead of {value}");
                compared += 1;
            }
        }
    }
    say(&format!("{compared} variables were compared"));
    assert!(compared > 150, "{compared}");
}
