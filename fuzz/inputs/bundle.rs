//! An app's folder, as somebody else packed it: its ignore file, its Dockerfile and the names in it.
//!
//! Three parts, each ended by a zero byte: the `.dockerignore`, the `Dockerfile`, and names, one a line. A name
//! that ends in `/` is a folder, and `a -> b` a link.

use std::path::{Component, Path};

use fabrik::plan::bundle::Bundle;
use fabrik::plan::compose::{ComposeInput, render};
use fabrik::spec::Resources;

/// More names make it slower and show nothing new.
const NAMES: usize = 12;

pub fn feed(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (ignore, dockerfile, names) = (part(), part(), part());
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in String::from_utf8_lossy(names).lines().take(NAMES) {
        put(folder.path(), name);
    }
    // As files, whatever was put there before them.
    let _ = std::fs::write(folder.path().join(".dockerignore"), ignore);
    let _ = std::fs::write(folder.path().join("Dockerfile"), dockerfile);
    let read = || Bundle::read(folder.path(), Path::new("/no/.env"));
    let Ok(bundle) = read().map_err(|error| assert!(!error.to_string().is_empty())) else { return };
    assert_eq!(bundle.sha256, read().expect("read before").sha256);
    // Env files that hold secrets never go; others where the Dockerfile names them.
    let names_one =
        bundle.dockerfile.contains("env") || bundle.dockerfile.contains(['$', '"', '\'', '\\', '`']);
    // The names in a tar are 512 bytes before what they name.
    for header in bundle.tar.chunks(512).filter(|chunk| chunk.get(257..262) == Some(b"ustar")) {
        let name = header.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        let secret = |part: &str| part == ".env" || part == ".env.local";
        let hidden = |part: &str| part == ".git" || secret(part) || (part.starts_with(".env") && !names_one);
        assert!(!name.split('/').any(hidden) && !name.starts_with('/'), "`{name}` goes along");
    }
    written(&bundle);
}

fn put(folder: &Path, name: &str) {
    let (name, target) = name.split_once(" -> ").map_or((name, None), |(name, to)| (name, Some(to)));
    let inside = |name: &str| Path::new(name).components().all(|it| matches!(it, Component::Normal(_)));
    if name.is_empty() || !inside(name) {
        return;
    }
    let path = folder.join(name);
    // What the file system does not take (a zero byte, too long a name, a file for a folder) is not there.
    if let Some(above) = path.parent() {
        let _ = std::fs::create_dir_all(above);
    }
    let _ = match target {
        Some(target) => std::os::unix::fs::symlink(target, &path),
        None if name.ends_with('/') => std::fs::create_dir_all(&path),
        None => std::fs::write(&path, name),
    };
}

/// What is sent is JSON with all of the Dockerfile.
fn written(bundle: &Bundle) {
    let text = render(&ComposeInput {
        name: "blog",
        port: Some(8000),
        health_path: "/health",
        resources: &Resources::default(),
        volumes: &[],
        bundle,
        env_keys: &[],
    });
    let sent: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(sent["services"]["app"]["build"]["dockerfile_inline"].is_string());
}
