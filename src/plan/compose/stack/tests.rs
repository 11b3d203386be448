//! What becomes of compose texts.

mod inherited;
mod random;
mod refused;
mod said;
mod verdicts;

use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn input(text: &str) -> StackInput<'_> {
    StackInput {
        file: Path::new("compose.yaml"),
        text,
        service: None,
        port: None,
        has_domain: true,
        env_keys: &[],
    }
}

fn read(text: &str) -> Stack {
    Stack::read(&input(text)).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What Coolify gets for the keys of the only service, beside an image and a port.
fn sent(keys: &str) -> Value {
    let text = format!("services:\n  web:\n    image: a:1\n    expose: [80]\n{keys}");
    let mut sent: Value = serde_json::from_str(&read(&text).text).expect("JSON");
    let web = sent["services"]["web"].as_object_mut().expect("a service");
    web.remove("image");
    web.remove("expose");
    json!(web)
}

/// The warnings of a text, in one line each.
fn warnings(text: &str) -> Vec<String> {
    read(text).warnings.into_iter().map(|warning| format!("{}: {}", warning.line, warning.message)).collect()
}

#[test]
fn scalars_that_coolify_would_change_go_out_as_text() {
    let env = "    environment: {A: 1.10, B: 1e3, C: 0o17, D: 2026-01-02, E: yes, F: 0x1F, G: 1_000, H: 007, I: +5,\n\
               \x20     J: 1.0, K: .5, L: 12345678901234567890, M: on, N: '1', O: \"true\", P: ~x, Q: .inf, R: 0.1000}\n";
    let wanted = json!({
        "A": "1.10", "B": "1e3", "C": "0o17", "D": "2026-01-02", "E": "yes", "F": "0x1F", "G": "1_000", "H": "007",
        "I": "+5", "J": "1.0", "K": ".5", "L": "12345678901234567890", "M": "on", "N": "1", "O": "true", "P": "~x",
        "Q": ".inf", "R": "0.1000",
    });
    assert_eq!(sent(env)["environment"], wanted);
}

#[test]
fn scalars_that_come_back_as_they_are_keep_their_type() {
    let keys = "    privileged: true\n    tty: False\n    cpus: 0.5\n    environment: {A: 1, B: -3, C: }\n    \
                healthcheck: {retries: 3}\n    ports: [{target: 80, published: \"8080\"}]\n";
    let wanted = json!({
        "privileged": true, "tty": false, "cpus": 0.5, "environment": {"A": 1, "B": -3, "C": null},
        "healthcheck": {"retries": 3}, "ports": [{"target": 80, "published": "8080"}],
    });
    assert_eq!(sent(keys), wanted);
}

#[test]
fn permissions_are_octal_however_they_are_written() {
    for mode in ["0440", "0o440", "\"0440\"", "288"] {
        let text = format!("    configs: [{{source: a, mode: {mode}}}]\nconfigs: {{a: {{content: x}}}}\n");
        assert_eq!(sent(&text)["configs"][0]["mode"], 288, "{mode}");
    }
}

#[test]
fn empty_lists_become_what_means_the_same() {
    let keys = "    command: []\n    entrypoint: []\n    volumes: []\n    cap_drop: []\n    deploy: {placement: {constraints: []}}\n";
    assert_eq!(sent(keys), json!({"command": "", "entrypoint": "", "deploy": {"placement": {}}}));
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let text = "x-one: &one {restart: always, init: true}\nx-two: &two\n  <<: *one\n  restart: \"no\"\n  tty: true\n\
                services:\n  web:\n    <<: [*two, *one]\n    image: a:1\n    expose: [80]\n    tty: false\n";
    let sent: Value = serde_json::from_str(&read(text).text).expect("JSON");
    let wanted = json!({"image": "a:1", "expose": [80], "restart": "no", "tty": false, "init": true});
    assert_eq!(sent["services"]["web"], wanted);
}

#[test]
fn the_domain_leads_to_the_only_service_that_exposes_a_port() {
    let text = "services:\n  db: {image: 'postgres:17'}\n  web: {image: 'a:1', expose: ['8000/tcp', 8000]}\n";
    let stack = read(text);
    assert_eq!((stack.main.as_deref(), stack.port), (Some("web"), Some(8000)));
    assert_eq!(stack.services, ["db", "web"]);
    let other = Stack::read(&StackInput { service: Some("web"), port: Some(81), ..input(text) });
    assert_eq!(other.map(|stack| stack.port), Ok(Some(81)));
}

#[test]
fn a_port_is_the_containers_side_of_it() {
    for ports in ["'8080:80'", "'127.0.0.1:8080:80/tcp'", "80", "{target: 80}", "'53:53/udp', '8080:80'"] {
        let text = format!("services: {{web: {{image: 'a:1', ports: [{ports}]}}}}");
        assert_eq!(read(&text).port, Some(80), "{ports}");
    }
}

#[test]
fn a_worker_needs_no_port_and_no_choice() {
    let worker = |text| Stack::read(&StackInput { has_domain: false, ..input(text) }).expect("a stack");
    let two = worker("services: {a: {image: x}, b: {image: y}}");
    assert_eq!((two.main, two.port), (None, None));
    let one = worker("services: {a: {image: x, expose: [80]}}");
    assert_eq!((one.main.as_deref(), one.port), (Some("a"), None));
}

#[test]
fn what_was_written_is_read_as_the_same_stack_again() {
    let text = "x-a: &a {restart: always}\nservices:\n  db: {image: 'postgres:17', volumes: ['data:/var/lib/x']}\n  web:\n    \
                <<: *a\n    image: a:1.10\n    expose: [8000]\n    command: []\n    environment: {A: 1.10}\nvolumes: {data: }\n";
    let (first, again) = (read(text), read(&read(text).text));
    assert_eq!(first, again);
}

#[test]
fn named_volumes_are_listed_once_and_folders_are_not() {
    let text = "services:\n  a:\n    image: x\n    expose: [80]\n    volumes: ['data:/a', '/opt/x:/x:ro', /anonymous]\n  b:\n    \
                image: y\n    volumes: ['data:/b', {type: volume, source: more, target: /c}, {type: tmpfs, target: /t}]\n";
    assert_eq!(read(text).volumes, ["data", "more"]);
}

#[test]
fn what_becomes_something_else_on_coolify_is_a_warning() {
    let text = "name: shop\nversion: '3'\nservices:\n  web:\n    image: a:1\n    container_name: fixed\n    \
                ports: ['8080:80']\nvolumes:\n  old: {external: true}\n";
    assert_eq!(
        warnings(text),
        [
            "1: Coolify leaves out `name`",
            "6: Coolify gives the container of `web` a name of its own",
            "7: `ports` of `web` are opened on the server itself, past the proxy",
            "9: Coolify gives the external volume `old` a name of its own",
        ]
    );
}

#[test]
fn a_job_that_would_be_started_again_and_again_is_a_warning() {
    let text = |restart: &str| {
        format!(
            "services:\n  migrate: {{image: 'a:1'{restart}}}\n  web:\n    image: a:1\n    expose: [80]\n    \
             depends_on: {{migrate: {{condition: service_completed_successfully}}}}\n"
        )
    };
    assert_eq!(
        warnings(&text("")),
        ["2: `migrate` is meant to end, and Coolify would start it again and again"]
    );
    for restart in ["no", "\"no\"", "on-failure:3"] {
        assert!(warnings(&text(&format!(", restart: {restart}"))).is_empty(), "{restart}");
    }
}

#[test]
fn variables_that_nobody_gives_are_a_warning_naming_each_once() {
    let text = "services:\n  web:\n    image: a:${TAG:-${OTHER}}\n    expose: [80]\n    command: echo $HOME $$PATH ${HOME}\n    \
                environment: [\"A=${GIVEN}\", \"B=${SERVICE_PASSWORD_X}\", \"C=${FABRIK_RELEASE}\", \"D=${E:+x}\"]\n";
    let given = ["GIVEN".to_owned()];
    let stack = Stack::read(&StackInput { env_keys: &given, ..input(text) }).expect("a stack");
    let named: Vec<&str> =
        stack.warnings.iter().filter_map(|warning| warning.message.split('`').nth(1)).collect();
    assert_eq!(named, ["OTHER", "HOME"]);
}

#[test]
fn a_plain_secret_in_the_environment_is_a_warning_that_does_not_show_it() {
    let text = "services:\n  web:\n    image: a:1\n    expose: [80]\n    environment: [DB_PASSWORD=CANARY]\n";
    let stack = read(text);
    assert_eq!(stack.warnings.len(), 1);
    assert!(!stack.warnings[0].as_warning().contains("CANARY"));
    assert!(
        warnings(&text.replace("[DB_PASSWORD=CANARY]", "{DB_PASSWORD: \"${DB_PASSWORD:-}\"}")).is_empty()
    );
}

#[test]
fn dollars_that_arrive_are_accepted_and_labels_that_are_not_filled_in_are_said() {
    let text = |keys: &str| format!("services:\n  web:\n    image: a:1\n    expose: [80]\n{keys}");
    for value in ["a$$b", "a$$", "$$'x", "a$$$$b"] {
        let environment = json!({"A": value});
        let read = read(&text(&format!("    environment: {environment}\n")));
        let sent: Value = serde_json::from_str(&read.text).expect("JSON");
        assert_eq!(sent["services"]["web"]["environment"], environment);
        assert!(read.warnings.is_empty(), "{value}: {:?}", read.warnings);
    }
    for (value, is_said) in
        [("a$$b", true), ("${B}", true), ("$B", true), ("a$ b", false), ("cost 5$", false)]
    {
        let labels = json!({"a": value});
        let read = read(&text(&format!("    labels: {labels}\n")));
        let sent: Value = serde_json::from_str(&read.text).expect("JSON");
        assert_eq!(sent["services"]["web"]["labels"], labels);
        let said: Vec<&str> = read.warnings.iter().map(|it| it.message.as_str()).collect();
        let told = said.iter().any(|it| it.contains("label `a` reaches the container as it is written"));
        assert_eq!(told, is_said, "{value}: {said:?}");
    }
}
