//! What Coolify would break, and is refused with its line.

use super::{Stack, StackInput, input};

#[track_caller]
fn refused(text: &str, line: usize, message: &str) {
    let problems = Stack::read(&input(text)).expect_err(text).0;
    let found: Vec<String> = problems.iter().map(|it| format!("{}: {}", it.line, it.message)).collect();
    assert_eq!(problems.len(), 1, "{found:?}");
    assert!(problems[0].line == line && problems[0].message.contains(message), "{found:?}");
    assert!(problems[0].hint.is_some() && problems[0].column > 0, "{problems:?}");
}

/// As `refused`, for lines of the only service; `line` counts from the first of them.
#[track_caller]
fn key_refused(keys: &str, line: usize, message: &str) {
    refused(&format!("services:\n  web:\n    image: a:1\n    expose: [80]\n{keys}"), line + 4, message);
}

#[test]
fn what_is_no_strict_yaml_is_refused_where_it_stands() {
    refused("services:\n\tweb:\n", 2, "a tab is used for indentation");
    refused("services: {a: {image: x, expose: [80]}}\n---\nservices: {}\n", 2, "more than one document");
    key_refused("    image: b\n", 1, "`image` is there twice");
    key_refused("    environment: !reset {}\n", 1, "has a tag");
    refused("services: {a: !override {image: x}}", 1, "has a tag");
    key_refused("    command: {{ .X }}\n", 1, "not valid YAML");
    key_refused("    <<: [a]\n", 1, "`<<` must name a mapping");
    let problems = Stack::read(&input("services: *nowhere")).expect_err("an alias without an anchor").0;
    assert_eq!(
        (problems[0].line, problems[0].message.as_str()),
        (1, "refers to an anchor that is not there")
    );
}

#[test]
fn a_text_without_services_is_refused() {
    refused("x-a: 1", 1, "`services` is missing");
    refused("- a", 1, "must be a mapping");
    refused("x-a: 1\nservices: {}", 2, "`services` is empty");
    refused("services: []", 1, "`services` must be a mapping of names");
    refused("services:", 1, "`services` must be a mapping of names");
    refused("services: {'a b': {image: x}}", 1, "no name for a service");
    refused("services: {a: text}", 1, "must be a mapping of keys");
}

#[test]
fn a_service_without_an_image_or_with_a_folder_to_build_is_refused() {
    refused("services:\n  a:\n    expose: [80]\n", 2, "service `a` has no image");
    refused("services: {a: {expose: [80], image: ''}}", 1, "has no image");
    key_refused("    build: .\n", 1, "needs a folder");
    key_refused("    build: {context: ./x, dockerfile_inline: FROM a}\n", 1, "needs a folder");
    for image in ["Nginx latest", "nginx:", "nginx:a b", "Nginx", "http://a/b", "a ${TAG}"] {
        let text = format!("services: {{a: {{expose: [80], image: '{image}'}}}}");
        refused(&text, 1, "the image of `a` is no reference to an image");
    }
    for build in ["https://github.com/acme/api.git", "{dockerfile_inline: FROM a}"] {
        let text = format!("services: {{a: {{expose: [80], build: {build}}}}}");
        assert!(Stack::read(&input(&text)).is_ok(), "{build}");
    }
}

#[test]
fn files_that_do_not_travel_are_refused() {
    for mount in ["../conf:/etc/conf:ro", "..:/x", ".:/x", "./a/../../b:/x"] {
        key_refused(&format!("    volumes: [\"/a:/b\", '{mount}']\n"), 1, "is beside the compose file");
    }
    key_refused(
        "    volumes: [{type: bind, source: conf, target: /x}]\n",
        1,
        "does not take `conf` for a path",
    );
    key_refused("    volumes: [{type: bind, target: /x}]\n", 1, "has no `source`");
    key_refused("    volumes: [./site.conf:/etc/site.conf]\n", 1, "Coolify makes a folder of `./site.conf`");
    key_refused("    label_file: ./labels\n", 1, "`label_file` reads a file");
    key_refused("    env_file: [.env, other.env]\n", 1, "`env_file` reads a file");
    key_refused("    extends: {file: a.yaml, service: b}\n", 1, "`extends` reads a file");
    let text = "services: {a: {image: x, expose: [80]}}\n";
    refused(&format!("{text}configs: {{c: {{file: ./c}}}}"), 2, "`configs.c` reads a file");
    refused(&format!("{text}include: [a.yaml]"), 2, "`include` reads files");
}

#[test]
fn dollars_that_coolify_breaks_are_refused_without_showing_the_value() {
    for environment in ["{A: '$$CANARY'}", "['A=$$CANARY']"] {
        let text = format!("    environment: {environment}\n");
        key_refused(&text, 1, "`environment.A` begins with `$$`");
        let whole = format!("services:\n  web:\n    image: a\n    expose: [80]\n{text}");
        let problems = Stack::read(&input(&whole)).expect_err("refused");
        assert!(!problems.to_string().contains("CANARY"), "{problems}");
    }
    key_refused("    environment: {FABRIK_RELEASE: '1'}\n", 1, "set by every deployment");
    key_refused("    environment: {A: '${B:?must}'}\n", 1, "requires `B`");
}

#[test]
fn several_containers_of_one_service_are_refused() {
    key_refused("    deploy: {replicas: 2}\n", 1, "runs one container of `web`");
    key_refused("    scale: 3\n", 1, "runs one container of `web`");
}

#[test]
fn lists_and_mappings_that_php_confuses_are_refused() {
    key_refused("    x-a: [[]]\n", 1, "an empty list within a list");
    key_refused("    labels: {0: a, 1: b}\n", 1, "the keys 0, 1");
}

#[test]
fn a_domain_that_leads_nowhere_clear_is_refused_naming_the_candidates() {
    let hint = |input: &StackInput<'_>| {
        let problems = Stack::read(input).expect_err("refused").0;
        assert_eq!(problems.len(), 1, "{problems:?}");
        format!("{} ({})", problems[0].message, problems[0].hint.clone().unwrap_or_default())
    };
    let two = "services: {a: {image: x, expose: [1]}, b: {image: y, expose: [2]}, c: {image: z}}";
    let unclear = "it is not clear which service the domain leads to (name one as `service:` in the spec: ";
    assert_eq!(hint(&input(two)), format!("{unclear}a, b)"));
    assert_eq!(hint(&input("services: {a: {image: x}, b: {image: y}}")), format!("{unclear}a, b)"));
    let gone = hint(&StackInput { service: Some("web"), ..input(two) });
    assert!(gone.contains("no such service") && gone.contains("a, b, c"), "{gone}");
    assert!(hint(&input("services: {a: {image: x}}")).contains("exposes no port"));
    for ports in ["[80, 81]", "[80-81]", "['${P:-80}']"] {
        let text = format!("services: {{a: {{image: x, expose: {ports}}}}}");
        assert!(hint(&input(&text)).contains("exposes several ports"), "{ports}");
    }
    let database = "services: {a: {image: 'docker.io/library/postgres:17', expose: [5432]}}";
    assert!(hint(&input(database)).contains("takes `a` for a database (postgres)"));
}

#[test]
fn all_problems_come_in_one_go_in_the_order_of_their_lines() {
    let text = "services:\n  a:\n    build: .\n    scale: 2\n  b:\n    expose: [80]\n    env_file: x\n";
    let problems = Stack::read(&input(text)).expect_err("refused").0;
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [3, 4, 5, 7]);
}

#[test]
fn references_to_nobody_and_circles_are_refused_with_what_may_be_meant() {
    let hint = |text: &str| {
        let problems = Stack::read(&input(text)).expect_err(text).0;
        assert_eq!(problems.len(), 1, "{problems:?}");
        (problems[0].line, problems[0].column, problems[0].message.clone(), problems[0].hint.clone())
    };
    let web = "services:\n  web:\n    image: a\n    expose: [80]\n";
    let (line, column, message, meant) =
        hint(&format!("{web}    depends_on: [databse]\n  database: {{image: b}}\n"));
    assert_eq!((line, column), (5, 18));
    assert_eq!(message, "`web` depends on `databse`, and there is no such service");
    assert_eq!(meant.as_deref(), Some("did you mean `database`?"));
    let circle = format!(
        "{web}    depends_on: [b]\n  b: {{image: b, links: [c]}}\n  c: {{image: c, depends_on: [web]}}\n"
    );
    assert_eq!(hint(&circle).2, "`web` waits for itself: web → b → c → web");
    for (key, kind) in [("networks", "networks"), ("secrets", "secrets"), ("configs", "configs")] {
        let message = format!("`web` uses `pw`, which `{kind}` does not declare");
        assert_eq!(hint(&format!("{web}    {key}: [pw]\n")).2, message);
    }
    key_refused("    enviroment: {A: b}\n", 1, "unknown key `services.web.enviroment`");
}

#[test]
fn a_domain_that_leads_to_what_is_never_started_is_refused() {
    key_refused("    profiles: [x]\n", 1, "which is never started: it has `profiles`");
    key_refused("    deploy: {replicas: 0}\n", 1, "which is never started");
    let text =
        "services:\n  web: {image: a, expose: [80], depends_on: [b]}\n  b: {image: b, profiles: [x]}\n";
    refused(text, 2, "`web` depends on `b`, which is never started");
}

#[test]
fn ports_that_coolify_breaks_on_are_refused() {
    let text =
        "services:\n  web: {image: a, expose: [80]}\n  db: {image: 'redis:8', ports: [{target: 6379}]}\n";
    let problems = Stack::read(&StackInput { service: Some("web"), ..input(text) }).expect_err("refused").0;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].line == 3 && problems[0].message.contains("the long form of `ports`"),
        "{problems:?}"
    );
}
