//! What Coolify and Docker take as names of resources: images, repositories, branches, services, limits.

use super::Checked;
use crate::spec::reader::Complaint;
use crate::spec::source::Access;

/// A published image: registry and path in lower case, then a tag or a digest (Coolify 4.3.11's own pattern).
pub(crate) fn image(text: &str) -> Checked<String> {
    let wrong = |why: &str| Complaint::new(format!("`image` is not an image: {why}"));
    let (named, digest) = text.split_once('@').map_or((text, None), |(named, digest)| (named, Some(digest)));
    // A colon before the last slash is the registry's port.
    let at = named.rfind(':').filter(|at| !named[*at..].contains('/'));
    let (path, tag) = at.map_or((named, None), |at| (&named[..at], Some(&named[at + 1..])));
    if path.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(
            wrong("it has capital letters").hint("registry and name are lower case; a tag may have capitals")
        );
    }
    // Only a registry has a port.
    let (registry, rest) = path.split_once('/').map_or((None, path), |(first, rest)| (Some(first), rest));
    let host = registry.map(|host| host.split_once(':').map_or(host, |(host, _)| host));
    let part = |part: &str| {
        let inner = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        inner && part.starts_with(alphanumeric) && part.ends_with(alphanumeric)
    };
    let sound = |host: &str| host.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    if !host.is_none_or(part) || !registry.is_none_or(sound) || !rest.split('/').all(part) {
        return Err(wrong("its name is not one a registry has").hint("like `ghcr.io/acme/api:1.4.2`"));
    }
    match (tag, digest) {
        (Some(_), Some(_)) => Err(wrong("it has a tag and a digest").hint("keep the digest: it decides")),
        (Some(tag), None) if !is_tag(tag) => {
            Err(wrong("its tag is not one").hint("letters, digits, `.`, `_` and `-`"))
        }
        (None, Some(digest)) if !is_digest(digest) => {
            Err(wrong("its digest is not one").hint("`@sha256:` and 64 hexadecimal digits"))
        }
        (_, _) => Ok(text.to_owned()),
    }
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn is_tag(text: &str) -> bool {
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    letters && (1..=128).contains(&text.len()) && !text.starts_with(['.', '-'])
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && is_hex(digits))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A repository's address, in the form that fits how Coolify gets in.
pub(crate) fn repository(text: &str, access: &Access) -> Checked<String> {
    let wrong = |why: &str| Complaint::new(format!("`git.repository` {why}"));
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@~+".contains(c));
    if !plain || text.is_empty() {
        return Err(wrong("is not an address that Coolify takes").hint("like `https://github.com/acme/api`"));
    }
    let over_ssh = text.starts_with("git@") && text.contains(':');
    let web = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if web.is_some_and(|rest| rest.split('/').next().is_some_and(|host| host.contains('@'))) {
        return Err(wrong("holds a user or a password").hint("use `deploy_key` or `github_app`"));
    }
    let short = web.is_none() && text.split('/').count() == 2 && !text.contains([':', '@']);
    match access {
        Access::Public if web.is_none() => {
            Err(wrong("is not public").hint("write `https://…`, or name a `deploy_key` or a `github_app`"))
        }
        Access::DeployKey(_) if !over_ssh => {
            Err(wrong("is not reached by a key").hint("write `git@github.com:acme/api.git`"))
        }
        Access::GithubApp(_) if web.is_none() && !short => {
            Err(wrong("is not one at GitHub").hint("write `https://github.com/acme/api`"))
        }
        Access::Public | Access::DeployKey(_) | Access::GithubApp(_) => Ok(text.to_owned()),
    }
}

/// A branch, as Coolify 4.3.11 takes it.
pub(crate) fn branch(text: &str) -> Checked<String> {
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c));
    if letters && !text.is_empty() && !text.starts_with(['-', '/', '.']) && !text.contains("..") {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`git.branch` is not a branch that Coolify takes")
        .hint("letters, digits, `-`, `_`, `/` and `.`"))
}

/// A commit, whole: a shorter one may come to name another.
pub(crate) fn commit(text: &str) -> Checked<String> {
    if text.len() == 40 && is_hex(text) {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`git.commit` must be 40 hexadecimal digits").hint("`git rev-parse HEAD` prints it"))
}

/// Where a repository has its Dockerfile.
pub(crate) fn dockerfile(text: &str) -> Checked<String> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    if text.starts_with('/') && text.len() > 1 && plain && !text.contains("..") && !text.ends_with('/') {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`git.dockerfile` must be a path in the repository")
        .hint("like `/Dockerfile`: starts with `/`"))
}

/// The name of something that Coolify holds: a key, a GitHub App.
pub(crate) fn held(key: &str, text: &str) -> Checked<String> {
    if !text.trim().is_empty() && text.trim() == text && text.chars().count() <= 255 {
        return Ok(text.to_owned());
    }
    Err(Complaint::new(format!("`git.{key}` must be a name that Coolify knows")))
}

/// The name of a service in a compose text.
pub(crate) fn service(text: &str) -> Checked<String> {
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if letters && text.starts_with(alphanumeric) && text.len() <= 63 {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`service` must be the name of a service in the compose text"))
}

/// An amount of memory as Docker writes it, 6 MiB at least.
pub(crate) fn memory(text: &str) -> Checked<String> {
    const LEAST: f64 = 6.0 * 1024.0 * 1024.0;
    let complaint = Complaint::new("`resources.memory` must be an amount as Docker writes it");
    let complaint = complaint.hint("a number and a unit, like `512M` or `1.5G`; at least 6M");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1024.0,
        "m" | "mb" => 1024.0 * 1024.0,
        "g" | "gb" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(complaint),
    };
    match decimal(digits).map(|number| number * factor) {
        Some(bytes) if bytes >= LEAST => Ok(text.to_owned()),
        _ => Err(complaint),
    }
}

/// A share of the processors as Docker writes it.
pub(crate) fn cpu(text: &str) -> Checked<String> {
    match decimal(text) {
        Some(share) if (0.01..=1024.0).contains(&share) => Ok(text.to_owned()),
        _ => Err(Complaint::new("`resources.cpu` must be a number of processors").hint("like `1` or `1.5`")),
    }
}

/// A number in plain digits with at most one point, as Docker reads it too.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if digits && text.len() <= 20 { text.parse().ok() } else { None }
}
