//! Bad input: exit 2, everything said, nothing written anywhere.

use super::fixture::CliFixture;

const SPEC: &str = "name: my-api\ntemplate: python-api\ndomain: my-api.example.com\n";

#[test]
fn bad_input_ends_2_with_its_place_and_writes_nothing_anywhere() {
    let long = format!("name: {}\ntemplate: python-api\ndomain: a.example.com\n", "a".repeat(70));
    let with = |line: &str| format!("{SPEC}{line}\n");
    let image = |line: &str| with(line).replace("template: python-api", "image: ghcr.io/acme/api:1");
    let cases: Vec<(&str, String, &str)> = vec![
        ("empty file", String::new(), "my-api.yaml"),
        ("tabs", format!("{SPEC}env:\n\tA: b\n"), "my-api.yaml:5"),
        ("unknown key", with("domian: x.example.com"), "`domian`"),
        ("two documents", format!("{SPEC}---\n{SPEC}"), "my-api.yaml"),
        ("duplicate key", with("name: other"), "my-api.yaml:4"),
        ("wrong type", with("port: [8000]"), "my-api.yaml:4"),
        ("missing template", SPEC.replace("python-api", "cobol-api"), "cobol-api"),
        ("missing required secret", with("secrets: {required: [STRIPE_KEY]}"), "STRIPE_KEY"),
        ("invalid domain", SPEC.replace("my-api.example.com", "not a domain"), "my-api.yaml:3"),
        ("70-character name", long, "63"),
        ("a value Coolify cannot carry", with("env: {A: \"it's \\0\"}"), "`env.A`"),
        ("an image's value that no row carries", image("env: {A: \"it's $5\"}"), "my-api.yaml:4"),
        ("an unset variable", with("env: {A: \"${NOT_SET}\"}"), "NOT_SET"),
    ];
    for (case, spec, words) in cases {
        let house = CliFixture::with_app();
        house.write("my-api.yaml", spec);
        let before = house.listing();
        for command in ["apply", "plan"] {
            let said = house.run(&[command, "my-api.yaml", "--sandbox"]);
            assert_eq!(said.exit, 2, "{case}: {}{}", said.out, said.err);
            assert!(said.err.contains(words), "{case}: {}", said.err);
            assert_eq!(house.listing(), before, "{case}");
        }
    }
}

#[test]
fn a_folder_over_the_limit_is_refused_with_its_largest_files() {
    let house = CliFixture::with_app();
    // A simple generator: bytes that do not compress.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(1_400_000)
    .collect();
    house.write("my-api/blob.bin", noise);
    let before = house.listing();
    house.apply().ends(2).says("too large").says("blob.bin");
    assert_eq!(house.listing(), before);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let house = CliFixture::with_app();
    let before = house.listing();
    house.run(&["apply", "nothing.yaml", "--sandbox"]).ends(2).says("nothing.yaml");
    // A folder cannot be read as a file, whoever asks.
    house.run(&["apply", "my-api", "--sandbox"]).ends(2).says("cannot be read");
    assert_eq!(house.listing(), before);
}

#[test]
fn every_problem_of_every_spec_is_told_at_once() {
    let house = CliFixture::with_app();
    house.write("bad.yaml", "name: UPPER\ntemplate: cobol\ndomain: nowhere\nport: many\n");
    let said = house.run(&["validate", "bad.yaml", "nothing.yaml"]).ends(2);
    for words in ["bad.yaml:1", "bad.yaml:2", "bad.yaml:3", "bad.yaml:4", "nothing.yaml"] {
        assert!(said.err.contains(words), "{words} is not in {}", said.err);
    }
    house.run(&["validate", "my-api.yaml"]).ends(0);
}

#[test]
fn a_compose_text_is_validated_with_its_file_and_line() {
    let house = CliFixture::new();
    house.write("blog.yaml", "name: blog\ncompose: ./compose.yaml\ndomain: blog.example.com\n");
    let text = "services:\n  web: {image: 'nginx:1', expose: [80], container_name: web}\n";
    house.write("compose.yaml", text);
    let said = house.run(&["validate", "blog.yaml"]).ends(0);
    assert!(said.err.contains("compose.yaml:2") && said.err.contains("container of `web`"), "{}", said.err);
    house.run(&["apply", "blog.yaml", "--sandbox"]).ends(0).says("container of `web`");
    house.write("compose.yaml", format!("{text}  api: {{build: .}}\n  job: {{env_file: x}}\n"));
    for command in [&["validate", "blog.yaml"][..], &["plan", "blog.yaml", "--sandbox"]] {
        let said = house.run(command).ends(2);
        for words in ["compose.yaml:3:9", "`build` of `api`", "compose.yaml:4", "`env_file`"] {
            assert!(said.err.contains(words), "{words} is not in {}", said.err);
        }
    }
}

#[test]
fn what_coolify_makes_public_by_itself_is_said_by_every_command_that_reads_the_text() {
    let house = CliFixture::new();
    house.write(
        "two.yaml",
        "name: two\ncompose: ./compose.yaml\ndomain: two.example.com\nservice: web\nport: 80\n",
    );
    house.write(
        "compose.yaml",
        "services:\n  web:\n    image: nginx:1.27\n    environment: ['BASE_URL=${SERVICE_URL_WEB}']\n  admin:\n    \
         image: adminer:4\n    environment: [SERVICE_URL_ADMIN_8080]\n",
    );
    for command in [
        &["validate", "two.yaml"][..],
        &["plan", "two.yaml", "--sandbox"],
        &["apply", "two.yaml", "--sandbox"],
    ] {
        let said = house.run(command).ends(0);
        for words in ["service `admin` becomes public", "`SERVICE_URL_WEB` is not the app's domain"] {
            assert!(said.err.contains(words), "{words} is not in {}", said.err);
        }
    }
    let world = house.sandboxed().world();
    let parts = &world.services[0].parts;
    let open = |name: &str| parts.iter().find(|part| part.name == name).and_then(|part| part.fqdn.clone());
    assert_eq!(open("web").as_deref(), Some("https://two.example.com:80"));
    assert!(open("admin").is_some_and(|url| url.contains("sslip.io")), "Coolify does so");
}
