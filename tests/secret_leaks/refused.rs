//! What is refused is refused without being repeated.

use super::canaries::Ears;
use crate::cli::fixture::{CliFixture, Said};

const WAYS: [&[&str]; 3] = [&[], &["-vv"], &["--json"]];

const SPEC: &str = "name: my-api\ntemplate: python-api\ndomain: my-api.example.com\n";

/// An app without a compose text, in which a value could be joined out of several rows.
const IMAGE: &str = "name: my-api\nimage: ghcr.io/acme/api:1\ndomain: my-api.example.com\n";

fn refused(house: &CliFixture, command: &str, ears: &Ears, case: &str) -> Vec<Said> {
    let before = house.listing();
    let ended = WAYS.map(|way| {
        let words = [&[command, "my-api.yaml"], way].concat();
        let words = if command == "validate" { words } else { [&words[..], &["--sandbox"]].concat() };
        let said = Said::of(house.command(&words).env("RUST_LOG", "trace").output().unwrap()).ends(2);
        assert_eq!(ears.hear(said.out.as_bytes()), Vec::<String>::new(), "{case}: output of {words:?}");
        assert_eq!(ears.hear(said.err.as_bytes()), Vec::<String>::new(), "{case}: errors of {words:?}");
        said
    });
    assert_eq!(house.listing(), before, "{case}");
    ended.into()
}

#[test]
fn a_value_that_coolify_cannot_carry_is_refused_by_its_name() {
    for value in
        ["  canary-in-white-space-0123", "canary-before-a-tab-0123\t", "it's-a-$canary-with-both-0123"]
    {
        let ears = Ears::of([("KEY", value.trim())]);
        for spec in ["secrets: [KEY]", "secrets: {required: [KEY]}", "env: {A: \"${KEY}\"}"] {
            let house = CliFixture::with_app();
            house.write("my-api.yaml", format!("{IMAGE}{spec}\n"));
            house.write(".env", format!("KEY=\"{}\"\n", value.replace('$', "\\$")));
            for command in ["apply", "plan"] {
                for said in refused(&house, command, &ears, spec) {
                    said.says(if spec.starts_with("env") { "`A`" } else { "`KEY`" });
                }
            }
        }
    }
}

#[test]
fn a_broken_env_file_is_refused_by_its_line() {
    const CANARY: &str = "canary-of-the-broken-file-0123";
    let ears = Ears::of([("KEY", CANARY)]);
    for text in [
        format!("KEY {CANARY}"),
        format!("KEY=\"{CANARY}"),
        format!("KEY='{CANARY}"),
        format!("KEY=\"x\" {CANARY}"),
        format!("1{CANARY}=x"),
        CANARY.to_owned(),
        format!("KEY=\"a\n{CANARY}\n"),
    ] {
        let house = CliFixture::with_app();
        house.write("my-api.yaml", format!("{SPEC}secrets: [KEY]\n"));
        house.write(".env", format!("A=b\n{text}"));
        for command in ["apply", "plan"] {
            for said in refused(&house, command, &ears, &text) {
                said.says(".env");
            }
        }
    }
}

#[test]
fn a_broken_spec_with_a_secret_in_it_is_refused_by_its_place() {
    const CANARY: &str = "canary-of-the-broken-spec-0123";
    let ears = Ears::of([("KEY", CANARY)]);
    for text in [
        format!("secrets: {{KEY: {CANARY}}}"),
        format!("secrets: [\"KEY={CANARY}\"]"),
        format!("secrets: {CANARY}"),
        format!("env: {{A: \"it's \\0 {CANARY}\"}}"),
        format!("env: {{A: \" {CANARY}\\e\"}}"),
        format!("env: [{CANARY}]"),
        format!("env:\n\tPASSWORD: {CANARY}"),
        format!("env: {{PASSWORD: \"{CANARY}\nx: y"),
        format!("env: {{A: \"${{{CANARY}\"}}"),
        format!("token: {CANARY}"),
        format!("git: {{repository: \"https://me:{CANARY}@git.example.com/x\"}}"),
    ] {
        let house = CliFixture::with_app();
        house.write("my-api.yaml", format!("{SPEC}{text}\n"));
        for command in ["validate", "apply", "plan"] {
            for said in refused(&house, command, &ears, &text) {
                said.says("my-api.yaml");
            }
        }
    }
}

#[test]
fn a_secret_that_stands_in_the_spec_is_warned_of_by_its_place() {
    const CANARY: &str = "canary-that-stands-there-0123";
    let ears = Ears::of([("KEY", CANARY)]);
    for text in [format!("PASSWORD: {CANARY}"), format!("A: \"postgres://me:{CANARY}@db/x\"")] {
        let house = CliFixture::with_app();
        house.write("my-api.yaml", format!("{SPEC}env: {{{text}}}\n"));
        for way in WAYS {
            let said = house.run(&[&["validate", "my-api.yaml"], way].concat()).ends(0);
            let said = said.says("looks like a secret");
            assert_eq!(ears.hear(format!("{}{}", said.out, said.err).as_bytes()), Vec::<String>::new());
        }
    }
}
