//! The compose text that Coolify builds and runs an app from.
//!
//! Written as JSON, which is YAML with all its quoting done: nothing in it is taken for a number, a date or a boolean
//! when Coolify dumps it again. Decides nothing about the app, and holds no env value:
//!
//! - All env rows of a service reach its containers through the `.env` that Coolify writes and adds to each service
//!   (Coolify 4.3.11, observed). Only values that no single row carries are joined in the text (`env_text`).
//! - `$` in the Dockerfile is written `$$`, compose's own escape. Coolify 4.3.11 fails on environment values that begin
//!   with `$$`; still, the built-in templates do without any `$`.

pub mod env_text;
pub mod release_label;
pub mod sent;
pub mod stack;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::bundle::Bundle;
use crate::secrets::hex;
use crate::spec::{Resources, VolumeSpec};

/// What a compose text is made from.
#[derive(Clone, Copy)]
pub struct ComposeInput<'a> {
    /// The app's name.
    pub name: &'a str,
    /// The port its container listens on; none for a worker.
    pub port: Option<u16>,
    /// The path that shows whether it is well.
    pub health_path: &'a str,
    /// What it may use of its server.
    pub resources: &'a Resources,
    pub volumes: &'a [VolumeSpec],
    /// Its files.
    pub bundle: &'a Bundle,
    /// The names of the variables and secrets that are set through the API.
    pub env_keys: &'a [String],
}

/// Writes the compose text; the same input gives the same text.
pub fn render(input: &ComposeInput<'_>) -> String {
    let dockerfile = input.bundle.rewritten.with_files(&STANDARD.encode(&input.bundle.gz));
    let mut app = json!({
        "build": {"context": ".", "dockerfile_inline": dockerfile.replace('$', "$$")},
        "image": format!("fabrik/app-{}:{}", input.name, &content_hash(input)[..12]),
        "restart": "unless-stopped",
    });
    if let Some(port) = input.port {
        app["expose"] = json!([port.to_string()]);
        app["labels"] = json!({"fabrik.health": input.health_path});
    }
    if let Some(port) = input.port.filter(|_| !input.env_keys.iter().any(|key| key == "PORT")) {
        app["environment"] = json!({"PORT": port.to_string()});
    }
    if let Some(limits) = limits(input.resources) {
        app["deploy"] = json!({"resources": {"limits": limits}});
    }
    let mut compose = json!({"services": {"app": app}});
    if !input.volumes.is_empty() {
        let mounts: Vec<String> =
            input.volumes.iter().map(|volume| format!("{}:{}", volume.name, volume.path)).collect();
        compose["services"]["app"]["volumes"] = json!(mounts);
        // Never an empty list or map: Coolify turns `[]` into `{}`.
        let named = input.volumes.iter().map(|volume| (volume.name.clone(), json!({"driver": "local"})));
        compose["volumes"] = serde_json::Value::Object(named.collect());
    }
    compose.to_string()
}

/// What Docker Compose is to hold the container to, without a swarm too; text, so that `1.50` stays as it is.
fn limits(resources: &Resources) -> Option<serde_json::Value> {
    let limits = [("memory", &resources.memory), ("cpus", &resources.cpu)];
    let given = limits.into_iter().filter_map(|(key, limit)| Some((key.to_owned(), json!(limit.as_ref()?))));
    let given: serde_json::Map<_, _> = given.collect();
    (!given.is_empty()).then(|| given.into())
}

/// The hash of what the image is built from: the files, the Dockerfile, and nothing of how this version renders them.
pub fn content_hash(input: &ComposeInput<'_>) -> String {
    let mut hash = Sha256::new();
    for part in [&input.bundle.sha256, &input.bundle.dockerfile] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}
