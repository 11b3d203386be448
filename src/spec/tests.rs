//! What a spec must and must not be taken for.

mod domains;
mod new;
mod older;
mod random;
mod reach;
mod sources;
mod values;

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A place where both kinds of app folder are there.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(home.path().join("my-api")).expect("a folder");
    home
}

fn parse(text: &str) -> Result<Spec, Problems> {
    let home = home();
    Spec::parse(&home.path().join("my-api.yaml"), text)
}

const SMALLEST: &str = "name: my-api\ntemplate: python-api\ndomain: my-api.example.com\n";

/// The smallest spec with more lines.
fn with(lines: &str) -> Result<Spec, Problems> {
    parse(&format!("{SMALLEST}{lines}\n"))
}

/// The only problem of a text: line, column, message, hint.
fn only(result: Result<Spec, Problems>) -> (usize, usize, String, String) {
    let Problems(mut problems) = result.expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = problems.remove(0);
    (problem.line, problem.column, problem.message, problem.hint.unwrap_or_default())
}

#[track_caller]
fn refused(text: &str, line: usize, column: usize, message: &str, hint: &str) {
    let found = only(parse(text));
    assert_eq!((found.0, found.1), (line, column), "{found:?}");
    assert!(found.2.contains(message) && found.3.contains(hint), "{found:?}");
}

/// As `refused`, for lines after the smallest spec; `line` counts from the first of them.
#[track_caller]
fn also_refused(lines: &str, line: usize, column: usize, message: &str, hint: &str) {
    refused(&format!("{SMALLEST}{lines}\n"), line + 3, column, message, hint);
}

#[test]
fn the_smallest_spec_has_every_default_of_the_contract() {
    let spec = parse(SMALLEST).expect("a good spec");
    assert_eq!(
        (spec.port, spec.project.as_str(), spec.environment.as_str()),
        (Some(8000), "my-api", "production")
    );
    assert_eq!(spec.health.path, "/health");
    assert_eq!((spec.health.status, spec.health.successes), (StatusSet::only(200), 3));
    assert_eq!(
        (spec.health.interval, spec.health.timeout),
        (Duration::from_secs(5), Duration::from_secs(300))
    );
    assert_eq!(spec.health.fingerprint, Some(FingerprintSpec::Header("X-Fabrik-Release".to_owned())));
    let dns = ManagedDns { target: None, kind: None, ttl: Ttl::Auto, proxied: Proxied::No, zone: None };
    assert_eq!(spec.dns, Dns::Managed(dns));
    assert_eq!(spec.rollback, Rollback { coolify: Undo::Auto, dns: Undo::Auto });
}

#[test]
fn a_folder_is_sent_as_it_is_and_promises_no_fingerprint() {
    let spec = parse("name: ab\nfolder: ./my-api\ndomain: a.example.com").expect("a good spec");
    assert!(spec.source.folder().expect("a folder").ends_with("my-api"));
    assert_eq!((spec.port, spec.health.path.as_str(), &spec.health.fingerprint), (Some(80), "/", &None));
    assert_eq!(spec.project, "fabrik-ab");
}

#[test]
fn proof_may_be_required_and_the_label_left_out() {
    let spec = with("health: {proof: required, fingerprint: none}").expect("a good spec");
    assert_eq!(
        (spec.health.proof, spec.health.fingerprint),
        (ProofPolicy::Required, Some(FingerprintSpec::Off))
    );
    let spec = with("health: {proof: optional}").expect("a good spec");
    assert_eq!(spec.health.proof, ProofPolicy::Optional);
    let worker = parse("name: abc\nfolder: ./my-api\nhealth: {proof: required}").expect("a good spec");
    assert_eq!(worker.health.proof, ProofPolicy::Required);
    also_refused("health: {proof: always}", 1, 17, "`health.proof` must be optional or required", "");
    also_refused("health: {fingerprint: nothing}", 1, 23, "must be `none` or name one place", "{json: KEY}");
}

#[test]
fn a_spec_that_says_nothing_of_proof_is_known_by_the_hash_it_always_had() {
    let canonical = |more: &str| with(more).expect("a good spec").canonical();
    assert!(!canonical("").contains("proof"), "{}", canonical(""));
    assert_eq!(canonical("health: {proof: optional}"), canonical(""));
    assert_ne!(canonical("health: {proof: required}"), canonical(""));
    assert_ne!(canonical("health: {fingerprint: none}"), canonical(""));
}

#[test]
fn everything_the_version_knows_is_read() {
    let spec = with(
        "port: 9000\nserver: vps1\nproject: shop\nenvironment: staging\n\
         env: {LOG_LEVEL: info, N: 1.10, ZIP: 01234, ON: true, BIG: 1_000, HEX: 0x1F}\n\
         secrets: {required: [STRIPE_KEY], generate: [DB_PASSWORD]}\n\
         health: {path: /up, status: 204, interval: 10s, timeout: 1h30m, successes: 1, fingerprint: {json: release}}\n\
         dns: {target: 203.0.113.7, type: A, ttl: 300, zone: example.com}\n\
         volumes: [{name: data, path: /data}]\nrollback: {coolify: auto, dns: manual}",
    )
    .expect("a good spec");
    let values: Vec<&str> =
        ["N", "ZIP", "ON", "BIG", "HEX"].iter().map(|key| spec.env[*key].as_str()).collect();
    assert_eq!(values, ["1.10", "01234", "true", "1_000", "0x1F"], "values stay as written");
    let wants = ["STRIPE_KEY", "DB_PASSWORD"].map(str::to_owned);
    assert_eq!(spec.secrets.iter().map(|want| want.name.clone()).collect::<Vec<_>>(), wants);
    assert_eq!(spec.secrets[0].rule, SecretRule::Required);
    assert_eq!(spec.health.timeout, Duration::from_secs(5400));
    assert_eq!(spec.dns.managed().map(|dns| dns.ttl), Some(Ttl::Seconds(300)));
    assert_eq!(spec.volumes, [VolumeSpec { name: "data".to_owned(), path: "/data".to_owned() }]);
    assert_eq!(spec.rollback.dns, Undo::Manual);
}

#[test]
fn all_problems_of_a_file_come_in_one_go_in_the_order_of_its_lines() {
    let Problems(problems) = parse("nmae: x\ntemplate: python-ap\ndomain: nope\nport: 99999\nenv: {1X: y}\n")
        .expect_err("problems");
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 1, 2, 3, 4, 5], "{problems:#?}");
    assert_eq!(Problems(problems).to_string().matches("error: ").count(), 6);
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n\n", "# nothing but a comment\n", "---\n", "\u{feff}"] {
        let (line, _, message, _) = only(parse(text));
        assert_eq!((line, message.as_str()), (0, "the file is empty"));
    }
}

#[test]
fn what_is_not_a_mapping_is_refused() {
    refused("just words", 1, 1, "a spec must be a mapping of keys, not text", "");
    refused("- a\n- b", 1, 1, "not a list", "");
}

#[test]
fn tabs_are_named_as_tabs() {
    also_refused("health:\n\tpath: /up", 2, 1, "a tab is used for indentation", "spaces");
    also_refused("health:\n  path: /up\n \tstatus: 200", 3, 2, "a tab is used for indentation", "spaces");
}

#[test]
fn two_documents_are_refused() {
    let (line, _, message, _) = only(with("---\nname: other"));
    assert!(line >= 4 && message.contains("more than one document"), "{line} {message}");
}

#[test]
fn broken_yaml_is_refused_with_its_place() {
    let (line, _, message, _) = only(with("env: {A: \"b"));
    assert!(line >= 4 && message.contains("not valid YAML"), "{line} {message}");
}

#[test]
fn a_key_that_is_there_twice_is_refused_at_its_second_place() {
    also_refused("port: 80\nport: 81", 2, 1, "`port` is there twice", "line 4");
    also_refused("env:\n  A: x\n  A: y", 3, 3, "`env.A` is there twice", "line 5");
}

#[test]
fn alias_bombs_are_refused_and_small_aliases_are_not() {
    let mut lines = vec!["env:".to_owned(), "  a: &a [x, x, x, x, x, x, x, x, x]".to_owned()];
    for (one, next) in ["a", "b", "c", "d", "e"].iter().zip(["b", "c", "d", "e", "f"]) {
        lines.push(format!("  {next}: &{next} [*{one}, *{one}, *{one}, *{one}, *{one}, *{one}, *{one}]"));
    }
    let bomb = lines.join("\n");
    let (_, _, message, _) = only(with(&bomb));
    assert!(message.contains("aliases"), "{message}");
    let spec = with("env:\n  A: &level info\n  B: *level").expect("a good spec");
    assert_eq!(spec.env["B"], "info");
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!("env: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(with(&deep).is_err());
    assert!(with(&format!("env: {}", "[".repeat(5000))).is_err());
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    also_refused("prot: 80", 1, 1, "unknown key `prot`", "did you mean `port`?");
    also_refused("health: {pth: /}", 1, 10, "unknown key `health.pth`", "did you mean `health.path`?");
    also_refused("zzzzzz: 1", 1, 1, "unknown key `zzzzzz`", "known keys here: name, ");
}

#[test]
fn keys_of_a_later_version_are_refused_by_name() {
    also_refused("needs: [x]", 1, 1, "`needs` is not supported by this version", "");
}

#[test]
fn a_plain_value_that_looks_like_a_secret_is_a_warning_that_does_not_show_it() {
    let values = [
        "A: sk_live_51HabcdefghijklmnopCANARY",
        "A: \"-----BEGIN RSA PRIVATE KEY-----\\nCANARY\"",
        "A: postgres://me:CANARY@db/x",
        "DB_PASSWORD: CANARY",
    ];
    for value in values {
        let spec = with(&format!("env:\n  {value}")).expect("a good spec");
        assert_eq!(spec.warnings.len(), 1, "{value}");
        let (plain, debug) = (spec.warnings[0].as_warning(), format!("{:?}", spec.warnings));
        assert!(
            plain.contains("looks like a secret") && !plain.contains("CANARY") && !debug.contains("CANARY")
        );
    }
    assert!(with("env: {DB_PASSWORD: \"${PW}\", LEVEL: info}").expect("a good spec").warnings.is_empty());
}

#[test]
fn no_problem_shows_a_value_that_may_be_secret() {
    let texts = [
        "env:\n  A: \"it's ${CANARY\"",
        "env: {B: \" CANARY\\0\"}",
        "env:\n  A: |\n    it's\n    $CANARY x\n    ${\n",
        "secrets:\n  KEY: CANARY",
        "secrets: {KEY: CANARY}",
        "secrets: [CANARY=x]",
        "my_token: CANARY",
        "env:\n  PASSWORD: \"CANARY\nx: y",
        "env:\n\tPASSWORD: CANARY",
        "env: [CANARY]",
        "coolify:\n  token: CANARY",
    ];
    for text in texts {
        let problems = with(text).expect_err(text);
        let (plain, debug) = (problems.to_string(), format!("{problems:?}"));
        assert!(!plain.contains("CANARY") && !debug.contains("CANARY"), "{text}: {plain}");
    }
}

#[test]
fn an_unreadable_file_and_one_that_is_not_text_are_refused() {
    let home = home();
    let path = home.path().join("my-api.yaml");
    let (line, _, message, _) = only(Spec::read(&path));
    assert_eq!((line, message.as_str()), (0, "cannot be read: no such file or directory"));
    fs::write(&path, b"name: \xff\xfe").expect("written");
    assert!(only(Spec::read(&path)).2.contains("not UTF-8"));
    assert!(only(Spec::read(home.path())).2.contains("cannot be read"));
}

#[test]
fn a_problem_is_shown_with_file_line_column_and_the_line() {
    let problems =
        Spec::parse(Path::new("app.yaml"), "name: Über\nfolder: .\ndomain: a.example.com").expect_err("one");
    let shown = problems.to_string();
    assert!(
        shown.contains("app.yaml:1:7") && shown.contains("name: Über") && shown.contains("hint: "),
        "{shown}"
    );
}

#[test]
fn formatting_comments_and_place_do_not_change_the_canonical_text() {
    let home = home();
    fs::create_dir_all(home.path().join("deeper/my-api")).expect("a folder");
    let one =
        Spec::parse(&home.path().join("a.yaml"), &format!("{SMALLEST}env: {{B: x, A: y}}\nsecrets: [K, L]"));
    let text = "# the same\ndomain: 'my-api.example.com'\nsecrets: [L, K]\nenv:\n  A: y\n  B: x\n\
                port: 8000\ntemplate: python-api\nname: my-api\n";
    let other = Spec::parse(&home.path().join("deeper/b.yaml"), text);
    assert_eq!(one.expect("good").canonical(), other.expect("good").canonical());
}

#[test]
fn whatever_decides_a_deployment_changes_the_canonical_text() {
    let base = with("").expect("good").canonical();
    let changes = [
        "port: 9000",
        "server: x",
        "project: xyz",
        "environment: staging",
        "env: {A: b}",
        "env: {A: '${B}'}",
        "secrets: [A]",
        "health: {path: /x}",
        "dns: {ttl: 60}",
        "volumes: [{name: a, path: /b}]",
        "resources: {cpu: 2}",
        "adopt: [dns]",
        "dns: {type: A}",
        "dns: {target: 203.0.113.7}",
        "dns: {proxied: true}",
        "dns: {proxied: first}",
        "dns: external",
        "dns: {tunnel: 6ff42ae2-765d-4adf-8112-31c55c1551ef}",
        "health: {status: 204}",
        "health: {status: 200-204}",
        "health: {status: [200, 204]}",
        "rollback: {dns: manual}",
    ];
    let mut seen = vec![base];
    for change in changes {
        seen.push(with(change).expect(change).canonical());
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn variables_are_expanded_and_dollars_kept() {
    use super::expand::{ExpandError, expand};
    let find = |name: &str| (name == "A").then(|| "one".to_owned());
    let value = |text: &str| expand(text, &find).map(|expanded| (expanded.value, expanded.from_variables));
    assert_eq!(value("x${A}y"), Ok(("xoney".to_owned(), true)));
    assert_eq!(value("${B:-two}"), Ok(("two".to_owned(), true)));
    assert_eq!(value("${B:-}"), Ok((String::new(), true)));
    assert_eq!(value("$$ $${A} a$b $"), Ok(("$ ${A} a$b $".to_owned(), false)));
    assert_eq!(value("${B}"), Err(ExpandError::Missing { name: "B".to_owned() }));
    assert_eq!(value("${A"), Err(ExpandError::Unclosed));
}
