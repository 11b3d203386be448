//! What Coolify does on its own account, and is said.

use super::{Stack, StackInput, input, read};

/// The warnings of a text whose domain leads to `web`.
fn told(text: &str) -> Vec<String> {
    let input = StackInput { service: Some("web"), port: Some(80), ..input(text) };
    let stack = Stack::read(&input).unwrap_or_else(|problems| panic!("{problems}"));
    stack.warnings.into_iter().map(|warning| format!("{}: {}", warning.line, warning.message)).collect()
}

/// The only warning, beginning like this.
#[track_caller]
fn only(text: &str, wanted: &str) {
    let told = told(text);
    assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:?}");
}

#[test]
fn a_second_public_service_is_told_however_it_asks_for_it() {
    let text = |admin: &str| {
        format!(
            "services:\n  web: {{image: a, environment: [SERVICE_URL_WEB_80]}}\n  admin: {{image: b, {admin}}}\n"
        )
    };
    let public = "3: service `admin` becomes public: for `SERVICE_";
    for environment in [
        "[SERVICE_URL_ADMIN_8080]",
        "[SERVICE_FQDN_ADMIN]",
        "{SERVICE_URL_ADMIN: /admin}",
        "{SERVICE_URL_WEB_81: }",
        "['SERVICE_URL_OTHER=${SERVICE_URL_WEB}']",
    ] {
        only(&text(&format!("environment: {environment}")), public);
    }
    let asks = told(&text("environment: {BASE: '${SERVICE_URL_ADMIN}'}"));
    assert!(asks.iter().any(|it| it.starts_with(public)), "{asks:?}");
    let built = "build: {dockerfile_inline: FROM a, args: [SERVICE_URL_ADMIN]}";
    only(&text(built), public);
    for environment in ["['A=${SERVICE_URL_WEB}']", "[SERVICE_PASSWORD_X]"] {
        assert_eq!(told(&text(&format!("environment: {environment}"))), [""; 0], "{environment}");
    }
}

#[test]
fn a_database_never_becomes_public() {
    let text = "services:\n  web: {image: a}\n  db: {image: 'postgres:17', environment: [SERVICE_URL_DB]}\n";
    assert_eq!(told(text), [""; 0]);
}

#[test]
fn an_address_that_nothing_declares_is_told_unless_the_spec_gives_it() {
    let text = "services:\n  web: {image: a, environment: ['BASE=https://x/${SERVICE_URL_WEB}', 'H=$SERVICE_FQDN_WEB_80']}\n";
    let told = told(text);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("2: `SERVICE_URL_WEB` is not the app's domain"), "{told:?}");
    let given = ["SERVICE_URL_WEB".to_owned(), "SERVICE_FQDN_WEB_80".to_owned()];
    let input = StackInput { service: Some("web"), port: Some(80), env_keys: &given, ..input(text) };
    assert_eq!(Stack::read(&input).map(|stack| stack.warnings.len()), Ok(0));
}

#[test]
fn a_magic_name_outside_the_environment_is_empty() {
    only(
        "services:\n  web: {image: a, command: 'run ${SERVICE_URL_WEB}'}\n",
        "2: the compose text uses `SERVICE_URL_WEB`, and the spec does not give it: it will be empty",
    );
}

#[test]
fn names_for_which_coolify_makes_up_nothing_are_told() {
    let text = |name: &str| format!("services:\n  web: {{image: a, environment: ['A=${{{name}}}']}}\n");
    for name in ["SERVICE_PASSWORD_MY_DB", "SERVICE_ORG_X", "SERVICE_HEX_16_X", "SERVICE_PASSWORD_64_MY_DB"] {
        only(&text(name), &format!("2: Coolify makes up nothing for `{name}`"));
    }
    for name in ["SERVICE_PASSWORD_DB", "SERVICE_PASSWORD_64_DB", "SERVICE_HEX_32_X", "SERVICE_NAME_WEB"] {
        assert_eq!(told(&text(name)), [""; 0], "{name}");
    }
}

#[test]
fn a_default_that_another_place_gives_is_enough() {
    let text = "services:\n  web: {image: a, environment: ['A=${X:-y}'], command: 'run $X ${X:?} ${X}'}\n";
    assert_eq!(told(text), [""; 0]);
    let message = "services:\n  web: {image: a, expose: [80], environment: ['A=${X:?false}']}\n";
    let problems = Stack::read(&input(message)).expect_err("it is required").0;
    assert!(problems[0].message.ends_with("take the message behind `?` for its value"), "{problems:?}");
}

#[test]
fn mounts_that_become_something_else_are_told() {
    let text = |mount: &str| format!("services:\n  web: {{image: a, volumes: [{mount}]}}\n");
    only(&text("./data:/data"), "2: `./data` is an empty folder of the service on the server");
    only(&text("~/data:/data"), "2: `~/data` is an empty folder of the service on the server");
    only(&text("{type: bind, source: ./d, target: /d, is_directory: true}"), "2: `./d` is an empty folder");
    only(&text("{type: bind, source: ./f, target: /f, content: x}"), "2: Coolify writes `./f` at the first");
    only(&text("/cache"), "2: Coolify makes of the volume without a name at `/cache` the folder");
    only(&text("{type: volume, target: /c}"), "2: Coolify makes of the volume without a name at `/c` one");
    only(&text("{type: bind, source: /d, target: /d, read_only: true}"), "2: Coolify drops `read_only`");
    for mount in ["data:/data", "/srv/x:/x:ro", "'${X:-data}:/data'"] {
        assert_eq!(told(&text(mount)), [""; 0], "{mount}");
    }
}

#[test]
fn what_is_beside_the_compose_file_is_refused_and_what_is_not_there_is_not() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(folder.path().join("conf")).expect("a folder");
    let file = folder.path().join("compose.yaml");
    let text = "services:\n  web: {image: a, expose: [80], volumes: ['./conf:/etc/conf']}\n";
    let input = StackInput { file: &file, ..input(text) };
    assert!(Stack::read(&input).is_ok(), "an empty folder holds nothing that is missed");
    std::fs::write(folder.path().join("conf/a.conf"), "x").expect("written");
    let problems = Stack::read(&input).expect_err("it does not travel").0;
    assert!(problems[0].message.contains("`./conf` is beside the compose file"), "{problems:?}");
}

#[test]
fn a_service_that_is_never_started_is_told() {
    let text = |key: &str| format!("services:\n  web: {{image: a}}\n  job: {{image: b, {key}}}\n");
    only(&text("profiles: [x]"), "3: Coolify never starts `job`: it has `profiles`");
    only(&text("scale: 0"), "3: Coolify never starts `job`");
    assert_eq!(told(&text("profiles: ['', x]")), [""; 0]);
}

#[test]
fn a_key_that_came_later_is_told() {
    only(
        "services:\n  web: {image: a, gpus: all}\n",
        "2: Docker Compose 2.26 does not know `services.web.gpus` yet",
    );
}

#[test]
fn what_looks_like_a_database_is_one_only_by_the_rest_of_it() {
    let text = |service: &str| {
        format!("services:\n  web: {{{service}, expose: [80]}}\n  redis: {{image: 'redis:8'}}\n")
    };
    for service in [
        "image: 'influxdb:2.7-alpine', healthcheck: {test: [CMD, influx, ping, --host, 'http://127.0.0.1:8086']}",
        "image: 'postgrest/postgrest'",
        "image: 'registry:5000/postgres:16'",
        "image: 'postgres@sha256:0000000000000000000000000000000000000000000000000000000000000000'",
        "image: 'mysql:8', depends_on: {redis: {condition: service_started}}",
        "image: 'mongo:8', environment: [APP_KEY=x], depends_on: {redis: {condition: service_started}}",
        "image: 'valkey/valkey:8'",
        "image: 'docker.dragonflydb.io/dragonflydb/dragonfly'",
        "image: 'eqalpha/keydb'",
    ] {
        assert_eq!(read(&text(service)).main.as_deref(), Some("web"), "{service}");
    }
    for service in [
        "image: 'bitnami/postgresql:16'",
        "image: 'mongo:8', depends_on: [redis]",
        "image: 'mysql:8', environment: [MYSQL_ROOT_PASSWORD=x], depends_on: {redis: {condition: service_started}}",
        "image: 'timescale/timescaledb-ha:pg17'",
    ] {
        let text = text(service);
        let problems =
            Stack::read(&StackInput { service: Some("web"), ..input(&text) }).expect_err(service).0;
        assert!(problems[0].message.contains("takes `web` for a database"), "{problems:?}");
    }
}
