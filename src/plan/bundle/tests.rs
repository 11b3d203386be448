//! What travels, what stays at home, and that the same files are the same archive.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A folder with a Dockerfile and these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (path, content) in [("Dockerfile", "FROM scratch\n")].iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, content).expect("written");
    }
    folder
}

fn paths(folder: &TempDir) -> Vec<String> {
    let bundle = Bundle::read(folder.path()).expect("a bundle");
    let mut archive = tar::Archive::new(bundle.tar.as_slice());
    let entries = archive.entries().expect("entries").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| !entry.header().entry_type().is_dir());
    files.map(|entry| entry.path().expect("a path").display().to_string()).collect()
}

#[test]
fn the_same_files_are_the_same_archive_whenever_they_were_written() {
    let files = [("b/c.txt", "c"), ("a.txt", "a"), ("b/a.txt", "x")];
    let (one, other) = (folder(&files), folder(&files));
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options()
        .write(true)
        .open(other.path().join("a.txt"))
        .and_then(|file| file.set_modified(old))
        .expect("set");
    let (first, second) =
        (Bundle::read(one.path()).expect("read"), Bundle::read(other.path()).expect("read"));
    assert!(first.tar == second.tar && first.gz == second.gz && first.sha256 == second.sha256);
    assert!(first == Bundle::read(one.path()).expect("read again"));
    fs::write(one.path().join("a.txt"), "other").expect("written");
    assert_ne!(Bundle::read(one.path()).expect("read").sha256, second.sha256);
}

#[test]
fn only_content_and_the_executable_bit_travel() {
    let folder = folder(&[("run.sh", "#!"), ("data", "x")]);
    let set =
        |name: &str, mode| fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode));
    set("run.sh", 0o700).and_then(|()| set("data", 0o600)).expect("set");
    let bundle = Bundle::read(folder.path()).expect("read");
    let mut archive = tar::Archive::new(bundle.tar.as_slice());
    let modes: BTreeMap<String, u32> = archive
        .entries()
        .expect("entries")
        .map(|entry| {
            let entry = entry.expect("an entry");
            assert_eq!((entry.header().mtime().ok(), entry.header().uid().ok()), (Some(0), Some(0)));
            (entry.path().expect("a path").display().to_string(), entry.header().mode().expect("a mode"))
        })
        .collect();
    assert_eq!((modes["run.sh"], modes["data"]), (0o755, 0o644));
}

#[test]
fn the_compressed_form_unpacks_to_the_archive() {
    let bundle = Bundle::read(folder(&[("a", "b")]).path()).expect("read");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bundle.gz.as_slice()).read_to_end(&mut unpacked).expect("unpacked");
    assert!(unpacked == bundle.tar);
    assert_eq!(bundle.dockerfile, "FROM scratch\n");
}

#[test]
fn secrets_and_history_never_travel() {
    let files = [(".env", "x"), (".env.local", "x"), ("sub/.env", "x"), (".git/config", "x"), ("kept", "x")];
    assert_eq!(paths(&folder(&files)), ["Dockerfile", "kept"]);
    let asked = [(".dockerignore", "!.env\n!.git\n"), (".env", "x"), (".git/config", "x")];
    assert_eq!(paths(&folder(&asked)), [".dockerignore", "Dockerfile"]);
}

#[test]
fn dockerignore_means_what_docker_says() {
    let files = [
        (
            ".dockerignore",
            "# c\n*.md\n!README.md\n/docs/\n**/*.pyc\ntmp?\n[ab].txt\nsub/*/deep\nnode_modules\n",
        ),
        ("README.md", ""),
        ("other.md", ""),
        ("sub/other.md", ""),
        ("docs/a/b", ""),
        ("sub/docs/kept", ""),
        ("x.pyc", ""),
        ("sub/y.pyc", ""),
        ("tmp1", ""),
        ("tmp", ""),
        ("a.txt", ""),
        ("c.txt", ""),
        ("sub/z/deep/f", ""),
        ("sub/node_modules/kept", ""),
        ("node_modules/gone", ""),
    ];
    let kept = [
        ".dockerignore",
        "Dockerfile",
        "README.md",
        "c.txt",
        "sub/docs/kept",
        "sub/node_modules/kept",
        "sub/other.md",
        "tmp",
    ];
    assert_eq!(paths(&folder(&files)), kept);
}

#[test]
fn a_pattern_of_many_stars_comes_to_an_end() {
    let (name, deep) = ("a".repeat(200), ["a"; 40].join("/"));
    let (stars, paths_of_stars) = ("*a".repeat(30), "**/a/".repeat(20));
    for (pattern, path, ignored) in [
        (format!("{stars}*b"), &name, false),
        (format!("{stars}*"), &name, true),
        (format!("{paths_of_stars}b"), &deep, false),
        (format!("{paths_of_stars}a"), &deep, true),
    ] {
        assert_eq!(Ignore::parse(&pattern).ignores(Path::new(path)), ignored, "{pattern}");
    }
}

/// What stars and question marks mean, without any haste.
fn plainly(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skipped| plainly(rest, &text[skipped..])),
        ([first, rest @ ..], [letter, others @ ..]) => {
            (*first == b'?' || first == letter) && plainly(rest, others)
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn haste_does_not_change_what_a_pattern_means(pattern in "[ab*?]{1,8}", text in "[ab]{1,8}") {
        // Two stars alone stand for many parts of a path, which comes to the same for one part.
        let ignored = Ignore::parse(&pattern).ignores(Path::new(&text));
        prop_assert_eq!(ignored, plainly(pattern.as_bytes(), text.as_bytes()));
    }
}

#[test]
fn an_exception_reaches_into_an_ignored_folder() {
    let files =
        [(".dockerignore", "*\n!Dockerfile\n!src/main.py\n"), ("src/main.py", ""), ("src/other.py", "")];
    assert_eq!(paths(&folder(&files)), ["Dockerfile", "src/main.py"]);
}

#[test]
fn links_within_the_folder_travel_as_links_and_others_are_refused() {
    let home = folder(&[("sub/a", "x")]);
    symlink("../sub/a", home.path().join("sub/link")).expect("linked");
    symlink("gone", home.path().join("dangling")).expect("linked");
    assert_eq!(paths(&home), ["Dockerfile", "dangling", "sub/a", "sub/link"]);
    for target in ["../../outside", "/etc/passwd", "a/../../../x"] {
        let home = folder(&[("sub/a", "x")]);
        symlink(target, home.path().join("sub/link")).expect("linked");
        let error = Bundle::read(home.path()).err().expect("refused");
        assert!(error.to_string().contains("`sub/link` is a link that leads out"), "{target}: {error}");
    }
}

#[test]
fn a_folder_without_a_dockerfile_is_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let why = |home: &Path| Bundle::read(home).err().expect("refused").to_string();
    assert!(why(home.path()).contains("Dockerfile` is not there"));
    fs::write(home.path().join("Dockerfile"), "\n# nothing\n").expect("written");
    assert!(why(home.path()).contains("Dockerfile` is empty"));
}

#[test]
fn a_folder_over_the_limit_is_refused_with_its_biggest_files() {
    let home = folder(&[("small", "x")]);
    // Numbers that no compressor can make smaller by much.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).expect("eight bits")
    })
    .take(1_400_000)
    .collect();
    fs::write(home.path().join("big.bin"), noise).expect("written");
    let shown = Bundle::read(home.path()).err().expect("refused").to_string();
    assert!(shown.contains("too large") && shown.contains("1400000  big.bin"), "{shown}");
    assert!(shown.contains("1250000") && shown.contains("git") && shown.contains("image"), "{shown}");
    fs::write(home.path().join(".dockerignore"), "*.bin").expect("written");
    assert!(Bundle::read(home.path()).is_ok());
}
