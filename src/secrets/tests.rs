//! What must never be seen, and what must never be lost.

mod dotenv;
mod matcher;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;

fn nothing(_: &str) -> Option<String> {
    None
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
    let find = |name| {
        let found = sources.find(name).expect("nothing doubtful");
        found.map(|(secret, origin)| (secret.expose().to_owned(), origin))
    };
    assert_eq!(find("A"), Some(("environment".to_owned(), SecretOrigin::Environment)));
    assert_eq!(find("B"), Some(("file".to_owned(), SecretOrigin::EnvFile)));
    assert_eq!(find("C"), None);
    assert_eq!(find("D"), Some(("new".to_owned(), SecretOrigin::EnvFile)));
    let none = Sources::read(&nothing, &dir.path().join("none")).expect("no file is fine");
    assert_eq!(none.find("A"), Ok(None));
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
    assert_eq!(sources.find("B").expect("read").expect("there").0, nasty);
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_read_back(value in "\\PC{1,40}|[\"'\\\\$#=\n\r\t a]{1,20}") {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join(".env");
        let secret = Secret::new(value);
        keep(&path, &[("A", &secret)]).expect("kept");
        let found = Sources::read(&nothing, &path).expect("read").find("A").expect("clear");
        prop_assert!(found.expect("there").0 == secret);
    }
}
