//! Where an app comes from: exactly one of five places.
//!
//! Reads the compose text from its file, for it is part of the ask; the folder's files are packed by the plan. Asks no
//! registry and no git server whether what is named is there.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check;
use super::reader::{Complaint, Fields, Frozen, Reader};
use super::templates::Template;
use super::tree::{MapEntry, SourcePlace, SpecNode, Value};

/// The keys that say where an app comes from.
const KEYS: [&str; 5] = ["template", "folder", "compose", "image", "git"];

/// The largest compose text that is read, in bytes: Coolify's own limit is far above, and people's texts far below.
const COMPOSE_LIMIT: u64 = 1 << 20;

/// Where an app comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A built-in template; the files are the app's own by now.
    Template {
        /// The template's name.
        name: String,
        /// The app's folder, resolved against the spec's directory.
        folder: PathBuf,
    },
    /// A folder with a Dockerfile, sent as it is.
    Folder {
        /// The folder, resolved against the spec's directory.
        folder: PathBuf,
    },
    /// Compose text.
    Compose {
        /// The file, resolved against the spec's directory.
        file: PathBuf,
        /// Its text; empty in a spec that was thawed, for what was sent is frozen beside it.
        text: String,
    },
    /// A published image.
    Image {
        /// What it is called, like `ghcr.io/acme/api:1.4.2`.
        reference: String,
    },
    /// A git repository with a Dockerfile.
    Git(Git),
}

/// A git repository with a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Git {
    /// Its address, as Coolify takes it.
    pub repository: String,
    pub branch: String,
    /// The commit, 40 hexadecimal digits; none means the branch's newest.
    pub commit: Option<String>,
    /// The Dockerfile, from the root of the repository, with its leading slash.
    pub dockerfile: String,
    /// How Coolify gets in.
    pub access: Access,
}

/// How Coolify gets into a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody may read it.
    Public,
    /// With a private key of this name that Coolify holds.
    DeployKey(String),
    /// Through a GitHub App of this name that Coolify knows.
    GithubApp(String),
}

impl Source {
    /// The folder that holds the app's files, if they come from one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Template { folder, .. } | Self::Folder { folder } => Some(folder),
            Self::Compose { .. } | Self::Image { .. } | Self::Git(_) => None,
        }
    }

    /// Names the source without its place on this machine, whose content has a hash of its own.
    pub(super) fn canonical(&self) -> serde_json::Value {
        match self {
            Self::Template { name, .. } => serde_json::json!({"template": name}),
            Self::Folder { .. } => "folder".into(),
            Self::Compose { .. } => "compose".into(),
            Self::Image { reference } => serde_json::json!({"image": reference}),
            Self::Git(git) => serde_json::json!({"git": git}),
        }
    }
}

/// A source that was asked for; none of its value if that was complained about.
pub(crate) struct NamedSource {
    /// Where it says so.
    pub key: &'static str,
    /// What the spec says of it.
    pub node: SpecNode,
    /// The template named, if it is one that there is.
    pub template: Option<&'static Template>,
}

/// Takes the one key that says where the app comes from; complains about none and about a second one.
pub(crate) fn asked(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<NamedSource> {
    let mut given =
        KEYS.into_iter().filter_map(|key| fields.take(key).map(|node| (key, node))).collect::<Vec<_>>();
    if let [(one, node), (other, _), ..] = given.as_slice() {
        let complaint = Complaint::new(format!("`{one}` and `{other}` both say where the app comes from"));
        reader.complain(
            node.place,
            complaint.hint("keep one: a template's files are in the folder of the app's name"),
        );
        return None;
    }
    let Some((key, node)) = given.pop() else {
        let complaint = Complaint::new("nothing says where the app comes from");
        let hint = format!(
            "write `template:` ({}), `folder:`, `compose:`, `image:` or `git:`",
            Template::names().join(", ")
        );
        reader.complain(fields.place, complaint.hint(hint));
        return None;
    };
    let template = (key == "template").then(|| reader.checked(&node, key, check::template)).flatten();
    Some(NamedSource { key, node, template })
}

/// Reads what was asked for; `name` is the app's.
pub(crate) fn source(reader: &mut Reader<'_>, asked: NamedSource, name: Option<&str>) -> Option<Source> {
    let NamedSource { key, node, template } = asked;
    match key {
        "template" => {
            let template = template?;
            let folder = folder(reader, node.place, name?, Some(template))?;
            Some(Source::Template { name: template.name.to_owned(), folder })
        }
        "folder" => {
            let path = reader.text(&node, key)?;
            Some(Source::Folder { folder: folder(reader, node.place, &path, None)? })
        }
        "compose" => compose(reader, &node),
        "image" => {
            let reference = reader.checked(&node, key, check::image)?;
            Some(Source::Image { reference })
        }
        _ => git(reader, node).map(Source::Git),
    }
}

/// A folder beside the spec that is there, if it must be.
fn folder(
    reader: &mut Reader<'_>,
    place: SourcePlace,
    folder: &str,
    template: Option<&'static Template>,
) -> Option<PathBuf> {
    let path = beside(reader, folder);
    if path.is_dir() || reader.frozen == Frozen::Yes {
        return Some(path);
    }
    let complaint = if path.exists() {
        Complaint::new(format!("`{folder}` is not a folder"))
    } else {
        Complaint::new(format!("the app's folder `{folder}` is not there"))
    };
    let hint = match template {
        Some(template) => format!("`fabrik new --template {} NAME` writes one", template.name),
        None => "the path is taken from where the spec is".to_owned(),
    };
    reader.complain(place, complaint.hint(hint));
    None
}

fn compose(reader: &mut Reader<'_>, node: &SpecNode) -> Option<Source> {
    let name = reader.text(node, "compose")?;
    let file = beside(reader, &name);
    if reader.frozen == Frozen::Yes {
        return Some(Source::Compose { file, text: String::new() });
    }
    match text_of(&file) {
        Ok(text) => Some(Source::Compose { file, text }),
        Err(why) => {
            let complaint = Complaint::new(format!("the compose file `{name}` {why}"));
            reader.complain(node.place, complaint.hint("the path is taken from where the spec is"));
            None
        }
    }
}

fn text_of(file: &Path) -> Result<String, String> {
    let unreadable = |error| format!("cannot be read: {}", crate::error::reason(&error));
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > COMPOSE_LIMIT {
        return Err(format!("has {size} bytes, and at most {COMPOSE_LIMIT} are read"));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

fn beside(reader: &Reader<'_>, path: &str) -> PathBuf {
    reader.path.parent().unwrap_or_else(|| Path::new("")).join(path)
}

fn git(reader: &mut Reader<'_>, node: SpecNode) -> Option<Git> {
    let mut fields = reader.fields(node, "git.")?;
    let place = fields.place;
    let repository = fields.take("repository");
    let (branch, commit, dockerfile) =
        (fields.take("branch"), fields.take("commit"), fields.take("dockerfile"));
    let branch = branch.and_then(|node| reader.checked(&node, "git.branch", check::branch));
    let commit = commit.and_then(|node| reader.checked(&spelled(node), "git.commit", check::commit));
    let dockerfile = dockerfile.and_then(|node| reader.checked(&node, "git.dockerfile", check::dockerfile));
    let access = access(reader, &mut fields);
    reader.refuse_the_rest(
        fields,
        &["repository", "branch", "commit", "dockerfile", "deploy_key", "github_app"],
    );
    let Some(repository) = repository else {
        let complaint = Complaint::new("`git.repository` is missing");
        reader.complain(place, complaint.hint("like `git: {repository: https://github.com/acme/api}`"));
        return None;
    };
    let access = access?;
    let repository =
        reader.checked(&repository, "git.repository", |text| check::repository(text, &access))?;
    Some(Git {
        repository,
        branch: branch.unwrap_or_else(|| "main".to_owned()),
        commit,
        dockerfile: dockerfile.unwrap_or_else(|| "/Dockerfile".to_owned()),
        access,
    })
}

/// A commit may be all digits, and is text all the same.
fn spelled(node: SpecNode) -> SpecNode {
    match node.value {
        Value::Number(text) => SpecNode { value: Value::Text(text), ..node },
        _ => node,
    }
}

fn access(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<Access> {
    let named = |reader: &mut Reader<'_>, node: &SpecNode, key: &str| {
        reader.checked(node, &format!("git.{key}"), |text| check::held(key, text))
    };
    match (fields.take_entry("deploy_key"), fields.take_entry("github_app")) {
        (None, None) => Some(Access::Public),
        (Some(MapEntry { node, .. }), None) => named(reader, &node, "deploy_key").map(Access::DeployKey),
        (None, Some(MapEntry { node, .. })) => named(reader, &node, "github_app").map(Access::GithubApp),
        (Some(_), Some(MapEntry { place, .. })) => {
            let complaint = Complaint::new("`git.deploy_key` and `git.github_app` both say how to get in");
            reader.complain(place, complaint.hint("keep one of them"));
            None
        }
    }
}
