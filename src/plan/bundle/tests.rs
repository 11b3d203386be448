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

mod envfiles;
mod moby;
mod sources;

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

fn read(folder: &TempDir) -> Result<Bundle, Problems> {
    Bundle::read(folder.path(), Path::new("/no/.env"))
}

/// What is wrong with a folder, all of it.
fn refused(folder: &TempDir) -> String {
    read(folder).err().expect("refused").to_string()
}

fn paths(folder: &TempDir) -> Vec<String> {
    let bundle = read(folder).expect("a bundle");
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
    let (first, second) = (read(&one).expect("read"), read(&other).expect("read"));
    assert!(first.tar == second.tar && first.gz == second.gz && first.sha256 == second.sha256);
    assert!(first == read(&one).expect("read again"));
    fs::write(one.path().join("a.txt"), "other").expect("written");
    assert_ne!(read(&one).expect("read").sha256, second.sha256);
}

#[test]
fn only_content_and_the_executable_bit_travel() {
    let folder = folder(&[("run.sh", "#!"), ("data", "x")]);
    let set =
        |name: &str, mode| fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode));
    set("run.sh", 0o700).and_then(|()| set("data", 0o600)).expect("set");
    let bundle = read(&folder).expect("read");
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
    let bundle = read(&folder(&[("a", "b")])).expect("read");
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

/// What stars and question ownership tags mean, without any haste.
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
        // Two stars together mean something else.
        let pattern = pattern.split("**").filter(|part| !part.is_empty()).collect::<Vec<_>>().join("*");
        prop_assume!(!pattern.is_empty() && !pattern.contains("**"));
        let ignore = Ignore::parse(Path::new("i"), pattern.as_bytes()).expect("read");
        let ignored = ignore.judge(Path::new(&text), None).ignored_by.is_some();
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
        let said = refused(&home);
        assert!(said.contains("a link that leads out") && said.contains("sub/link"), "{target}: {said}");
    }
}

#[test]
fn a_folder_without_a_dockerfile_is_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let none = Bundle::read(&home.path().join("gone"), Path::new("/no/.env")).err().expect("refused");
    assert!(none.to_string().contains("the app's folder is not there"), "{none}");
    assert!(refused(&home).contains("has no Dockerfile"));
    fs::write(home.path().join("Dockerfile.prod"), "FROM scratch\n").expect("written");
    assert!(refused(&home).contains("rename `Dockerfile.prod` to `Dockerfile`"), "{}", refused(&home));
    let path = home.path().join("Dockerfile");
    fs::write(&path, "\n# nothing\n").expect("written");
    assert!(refused(&home).contains("the Dockerfile is empty"));
    fs::write(&path, b"FROM a\nRUN \xff\n").expect("written");
    assert!(refused(&home).contains("Dockerfile:2:1") && refused(&home).contains("not UTF-8"));
    fs::remove_file(&path).and_then(|()| fs::create_dir(&path)).expect("a folder");
    assert!(refused(&home).contains("it is not a file"), "{}", refused(&home));
}

#[test]
fn a_dockerfile_in_small_letters_is_one() {
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::write(home.path().join("dockerfile"), "FROM scratch\n").expect("written");
    assert_eq!(paths(&home), ["dockerfile"]);
}

#[test]
fn what_is_no_file_is_refused_and_never_waited_for() {
    for name in ["pipe", "Dockerfile", ".dockerignore"] {
        let home = folder(&[]);
        let path = home.path().join(name);
        drop(fs::remove_file(&path));
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe");
        let said = refused(&home);
        assert!(
            said.contains(name) && (said.contains("neither a file") || said.contains("not a file")),
            "{said}"
        );
        if name == "pipe" {
            fs::write(home.path().join(".dockerignore"), "pipe").expect("written");
            assert!(read(&home).is_ok());
        }
    }
}

#[test]
fn the_dockerfiles_own_ignore_file_is_preferred() {
    let files = [("a.pem", ""), ("b.pem", ""), (".dockerignore", "a.pem\n")];
    assert_eq!(paths(&folder(&files)), [".dockerignore", "Dockerfile", "b.pem"]);
    let home = folder(&files);
    fs::write(home.path().join("Dockerfile.dockerignore"), "b.pem\n").expect("written");
    assert_eq!(paths(&home), [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "a.pem"]);
    fs::write(home.path().join("Dockerfile.dockerignore"), "").expect("written");
    assert_eq!(paths(&home).len(), 5);
    fs::write(home.path().join("Dockerfile.dockerignore"), "ok\n[\n").expect("written");
    assert!(refused(&home).contains("Dockerfile.dockerignore:2:1"), "{}", refused(&home));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let home = folder(&[("Dockerfile", "FROM a\nCPY x /\nADD\n"), (".dockerignore", "[\n")]);
    let said = refused(&home);
    for words in ["Dockerfile:2:1", "Dockerfile:3:1", ".dockerignore:1:1"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_folder_that_is_left_out_is_not_looked_into() {
    let home = folder(&[(".dockerignore", "closed\n!open\n"), ("closed/x", ""), ("open", "")]);
    fs::set_permissions(home.path().join("closed"), fs::Permissions::from_mode(0o000)).expect("set");
    assert_eq!(paths(&home), [".dockerignore", "Dockerfile", "open"]);
    fs::set_permissions(home.path().join("closed"), fs::Permissions::from_mode(0o700)).expect("set");
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
    let shown = refused(&home);
    for words in ["too large: 1.40 MB compressed", "at most 1.25 MB fit", "`big.bin` 1.40 MB"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    for way in [".dockerignore", "`git:`", "`image:`"] {
        assert!(shown.contains(way) && !shown.contains("later"), "{way}: {shown}");
    }
    fs::write(home.path().join(".dockerignore"), "*.bin").expect("written");
    assert!(read(&home).is_ok());
    let deep = home.path().join("web/node_modules/pkg");
    fs::create_dir_all(&deep)
        .and_then(|()| fs::rename(home.path().join("big.bin"), deep.join("big")))
        .expect("moved");
    assert!(refused(&home).contains("`web/node_modules/pkg/big` 1.40 MB"), "{}", refused(&home));
}
