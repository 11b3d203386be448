//! What must never be seen, and what must never be lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn nothing(_: &str) -> Option<String> {
    None
}

fn read(text: &str) -> Vec<(String, String)> {
    let pairs = parse_env_file(Path::new(".env"), text).expect("a good file");
    pairs.into_iter().map(|(name, secret)| (name, secret.expose().to_owned())).collect()
}

fn value(text: &str) -> String {
    read(text).pop().expect("an assignment").1
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn a_secret_cannot_be_printed() {
    let secret = Secret::new("CANARY");
    assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
    assert_eq!(secret.expose(), "CANARY");
}

#[test]
fn a_made_up_secret_has_32_letters_and_digits_and_is_never_the_same() {
    let (one, other) = (generate(), generate());
    assert_eq!(one.expose().len(), 32);
    assert!(one.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_ne!(one, other);
}

#[test]
fn every_letter_is_made_up_about_as_often() {
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..2000 {
        generate().expose().chars().for_each(|letter| *counts.entry(letter).or_insert(0_u32) += 1);
    }
    // 64000 letters, 1032 expected of each; 200 is more than six standard deviations away.
    assert_eq!(counts.len(), 62);
    assert!(counts.values().all(|count| (832..1232).contains(count)), "{counts:?}");
}

#[test]
fn env_files_are_read_literally() {
    assert_eq!(value("A=b"), "b");
    assert_eq!(value("export A = b c  # comment"), "b c");
    assert_eq!(value("A=b#c"), "b#c");
    assert_eq!(value("A=\"$A ${B}\""), "$A ${B}");
    assert_eq!(value("A='a\\n\"b'"), "a\\n\"b");
    assert_eq!(value(r#"A="a\nb\"c\\d\$e\x" # f"#), "a\nb\"c\\d$e\\x");
    assert_eq!(value("A=\"one\ntwo\"\r\n"), "one\ntwo");
    assert_eq!(value("A=x\r\n"), "x");
    assert_eq!(value("A="), "");
    assert_eq!(value("A= # only a comment"), "");
    assert_eq!(read("\u{feff}# top\n\n A=1\nB.c=2\nA=3\n").len(), 3);
    assert_eq!(value("export=x"), "x");
}

#[test]
fn an_env_file_that_cannot_be_read_is_told_by_place_and_never_by_content() {
    let text = "A=1\nCANARY oops\n2CANARY=x\nB=\"x\" CANARY\n\nC='CANARY";
    let problems = parse_env_file(Path::new(".env"), text).expect_err("problems");
    let places: Vec<_> = problems.0.iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(places, [(2, 8), (3, 1), (4, 7), (6, 3)]);
    let shown = format!("{problems} {problems:?}");
    assert!(!shown.contains("CANARY") && shown.contains(".env:4:7"), "{shown}");
}

#[test]
fn the_environment_comes_first_and_empty_counts_as_missing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join(".env");
    fs::write(&path, "A=file\nB=file\nC=\nD=old\nD=new\n").expect("written");
    let environment = |name: &str| match name {
        "A" => Some("environment".to_owned()),
        "B" => Some(String::new()),
        _ => None,
    };
    let sources = Sources::read(&environment, &path).expect("read");
    let find = |name| sources.find(name).map(|(secret, origin)| (secret.expose().to_owned(), origin));
    assert_eq!(find("A"), Some(("environment".to_owned(), Origin::Environment)));
    assert_eq!(find("B"), Some(("file".to_owned(), Origin::EnvFile)));
    assert_eq!(find("C"), None);
    assert_eq!(find("D"), Some(("new".to_owned(), Origin::EnvFile)));
    assert!(Sources::read(&nothing, &dir.path().join("none")).expect("no file is fine").find("A").is_none());
    assert!(Sources::read(&nothing, dir.path()).is_err(), "a folder is no file");
}

#[test]
fn keeping_adds_at_the_end_and_rewrites_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join(".env");
    let nasty = Secret::new("a b\"c\\d$e#f'g\nh");
    keep(&path, &[("A", &Secret::new("x1")), ("B", &nasty)]).expect("kept");
    assert_eq!(mode(&path), 0o600);
    let before = fs::read(&path).expect("read");
    fs::write(&path, [&before[..], b"# no newline here"].concat()).expect("written");
    keep(&path, &[("C", &generate())]).expect("kept");
    let after = fs::read_to_string(&path).expect("read");
    assert!(after.starts_with("A=x1\nB=") && after.contains("# no newline here\nC="));
    let sources = Sources::read(&nothing, &path).expect("read");
    assert_eq!(sources.find("B").expect("there").0, nasty);
}

#[test]
fn keeping_is_refused_where_git_would_track_the_file() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (path, inner) = (dir.path().join(".env"), dir.path().join("apps/.env"));
    fs::create_dir(dir.path().join("apps")).expect("made");
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .arg("-C")
            .arg(dir.path())
            .args(arguments)
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !git(&["init", "-q"]) {
        fs::create_dir(dir.path().join(".git")).expect("made");
    }
    let secret = Secret::new("CANARY");
    let error = keep(&inner, &[("A", &secret)]).expect_err("refused");
    assert!(matches!(error, KeepError::Tracked(_)) && !error.to_string().contains("CANARY"));
    assert!(!inner.exists());
    fs::write(dir.path().join(".gitignore"), ".env\n").expect("written");
    keep(&inner, &[("A", &secret)]).expect("ignored by the folder above");
    keep(&path, &[("A", &secret)]).expect("ignored");
    if git(&["add", "-f", ".env"]) {
        assert!(
            matches!(keep(&path, &[("B", &secret)]), Err(KeepError::Tracked(_))),
            "ignored, but committed"
        );
    }
}

#[test]
fn the_fingerprint_key_is_made_once_and_read_by_its_owner_only() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert!(FingerprintKey::load(dir.path()).expect("no key yet").is_none());
    let made = FingerprintKey::load_or_create(dir.path()).expect("made");
    let read = FingerprintKey::load_or_create(dir.path()).expect("read");
    assert_eq!(made.fingerprint("A", "x"), read.fingerprint("A", "x"));
    assert_eq!(mode(&dir.path().join("fabrik.key")), 0o600);
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "no half-made key stays");
    fs::write(dir.path().join("fabrik.key"), "short").expect("written");
    assert!(FingerprintKey::load_or_create(dir.path()).is_err(), "a broken key is not replaced");
}

#[test]
fn fingerprints_tell_names_values_and_keys_apart() {
    let (one, other) = (FingerprintKey::new([1; 32]), FingerprintKey::new([2; 32]));
    let print = one.fingerprint("A", "bc");
    assert_eq!(print.len(), 32);
    assert_ne!(print, one.fingerprint("Ab", "c"));
    assert_ne!(print, one.fingerprint("A", "bd"));
    assert_ne!(print, other.fingerprint("A", "bc"));
}

#[test]
fn secrets_are_masked_in_every_form_they_are_sent_in() {
    let secret = "p\"w/ü €\\+ä-~_=&?long";
    let mask = Mask::new([secret]);
    let json = serde_json::Value::from(secret).to_string();
    let forms = [
        secret.to_owned(),
        json.trim_matches('"').replace('/', "\\/"),
        json,
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        "p%22w%2F%C3%BC%20%E2%82%AC%5C%2B%C3%A4-~_%3D%26%3Flong".to_owned(),
        "p%22w%2f%c3%bc+%e2%82%ac%5c%2b%c3%a4-~_%3d%26%3flong".to_owned(),
        "p\\\"w\\/\\u00fc \\u20ac\\\\+\\u00e4-~_=&?long".to_owned(),
    ];
    for form in forms {
        let masked = mask.mask(&format!("before<{form}>after"));
        assert!(
            masked.contains("***") && !masked.contains("long") && !masked.contains("w/"),
            "{form}: {masked}"
        );
        assert!(masked.starts_with("before<") && masked.ends_with(">after"), "{masked}");
    }
}

#[test]
fn a_secret_that_begins_another_leaves_no_tail() {
    let mask = Mask::new(["hunter22", "hunter22-and-more", "more-hunter22"]);
    assert_eq!(mask.mask("x hunter22-and-more y"), "x *** y");
    assert_eq!(mask.mask("hunter22-and-more-hunter22."), "***.");
    assert_eq!(mask.mask("hunter22hunter22"), "******");
}

#[test]
fn short_secrets_are_masked_only_where_they_stand_alone() {
    let mask = Mask::new(["abc", "", "7"]);
    assert_eq!(mask.mask("abc abcd xabc (abc) 7 17"), "*** abcd xabc (***) *** 17");
}

#[test]
fn a_line_of_a_long_secret_is_masked_too() {
    let mask = Mask::new(["-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----\n"]);
    assert_eq!(mask.mask("at MIIEvQIBADANBgkqhkiG9w0!"), "at ***!");
}

#[test]
fn a_secret_without_end_is_masked_in_every_form_and_so_is_its_beginning() {
    let secret = "ü/0123456789 and so on, ".repeat(40_000);
    let mask = Mask::new([&secret]);
    let json = serde_json::Value::from(secret.as_str()).to_string();
    for form in [&secret, &json, &STANDARD.encode(&secret)] {
        let masked = mask.mask(&format!("<{form}>"));
        assert!(masked.len() < 10, "{} bytes of it are left", masked.len());
    }
    // Cut off in the middle of a letter, as logs are.
    assert_eq!(
        mask.mask(&format!("{}… the rest is not shown", &secret[..100])),
        "***… the rest is not shown"
    );
}

#[test]
fn a_secret_that_was_cut_off_is_hidden_as_far_as_it_stands() {
    let mask = Mask::new(["ünd-hunter22-and-more", "short"]);
    assert_eq!(mask.mask("key=ünd-hunt… key=ünd-hunter22-and-mor…"), "key=***… key=***…");
    assert_eq!(mask.mask(&format!("{}…", &STANDARD.encode("ünd-hunter22-and-more")[..11])), "***…");
    assert_eq!(mask.mask("key=ünd… shor… ünd-hunt and more"), "key=ünd… shor… ünd-hunt and more");
}

#[test]
fn what_only_begins_like_a_secret_is_hidden_as_far_as_it_does() {
    let secret = "a".repeat(100);
    let mask = Mask::new([&secret]);
    assert_eq!(mask.mask(&format!("{}b", &secret[..63])), format!("{}b", &secret[..63]));
    assert_eq!(mask.mask(&format!("{}ü", &secret[..70])), "***ü");
}

#[test]
fn without_secrets_nothing_is_masked() {
    assert_eq!(Mask::new(Vec::<String>::new()).mask("all of it"), "all of it");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_survives_masking(values in prop::collection::vec("[ -~äé\n]{8,20}", 1..4), around in "[a-z ]{0,8}") {
        let mask = Mask::new(&values);
        let text = values.iter().fold(around.clone(), |text, value| format!("{text}{value}{around}"));
        let masked = mask.mask(&text);
        for value in &values {
            prop_assert!(!masked.contains(value.as_str()), "{masked}");
        }
    }

    #[test]
    fn what_is_kept_is_read_back(value in "\\PC{1,40}|[\"'\\\\$#=\n\r\t a]{1,20}") {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join(".env");
        let secret = Secret::new(value);
        keep(&path, &[("A", &secret)]).expect("kept");
        prop_assert!(Sources::read(&nothing, &path).expect("read").find("A").expect("there").0 == secret);
    }

    #[test]
    fn no_env_file_makes_reading_panic(text in "\\PC{0,60}|[A-Z='\"\\\\#\n\r $ ]{0,80}") {
        if let Err(problems) = parse_env_file(Path::new(".env"), &text) {
            prop_assert!(problems.0.iter().all(|problem| problem.line <= text.split('\n').count()));
        }
    }
}
