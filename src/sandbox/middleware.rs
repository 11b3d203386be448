//! What makes an answer show which release it comes from: the labels of a container, or the app's own code.
//!
//! Coolify adds to the routers of a compose service every Traefik middleware that the service's own labels name, as
//! those stand in its container (4.3.11, observed). Only middlewares that set response headers are simulated. No code
//! is run here; what an app's code does is told from the files that its Dockerfile carries.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compose::{Compose, ComposeEntry};

const MIDDLEWARES: &str = "traefik.http.middlewares.";
const SETS: &str = ".headers.customresponseheaders.";
/// The variable that an app reads its release from.
const RELEASE: &str = "FABRIK_RELEASE";
/// As much of the carried files is looked through, in bytes.
const LOOKED_THROUGH: u64 = 8 << 20;

/// What stands in front of a server's containers. Each routes; only Traefik does what Traefik's labels say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProxyKind {
    /// Coolify's Traefik.
    #[default]
    Traefik,
    /// Coolify's Caddy.
    Caddy,
    /// None of Coolify's: a person's own.
    None,
}

/// The response headers that the middlewares in an entry's labels set.
pub(crate) fn headers(entry: &ComposeEntry) -> Vec<(String, String)> {
    let set = |(label, value): &(String, String)| {
        let (name, header) = label.strip_prefix(MIDDLEWARES)?.split_once(SETS)?;
        let is_one = !name.is_empty() && !name.contains('.') && HeaderName::try_from(header).is_ok();
        (is_one && HeaderValue::try_from(value).is_ok()).then(|| (header.to_owned(), value.clone()))
    };
    entry.labels.iter().filter_map(set).collect()
}

/// A compose text without the middlewares in its labels, and the response headers that those set: service, name, value.
pub(crate) fn apart(text: &str) -> (String, Vec<(String, String, String)>) {
    let (Ok(compose), Ok(mut bare)) = (Compose::read(text), serde_json::from_str::<Value>(text)) else {
        return (text.to_owned(), Vec::new());
    };
    let services = bare["services"].as_object_mut().into_iter().flat_map(|services| services.values_mut());
    for labels in services.filter_map(|service| service.get_mut("labels")) {
        match labels {
            Value::Object(labels) => labels.retain(|label, _| !label.starts_with(MIDDLEWARES)),
            Value::Array(labels) => {
                labels.retain(|label| !label.as_str().is_some_and(|it| it.starts_with(MIDDLEWARES)));
            }
            _ => {}
        }
    }
    let set = |entry: &ComposeEntry| {
        let name = entry.name.clone();
        headers(entry).into_iter().map(move |(header, value)| (name.clone(), header, value))
    };
    (bare.to_string(), compose.entries.iter().flat_map(set).collect())
}

/// Whether an app's code answers its release and writes it to its log: its Dockerfile or a file in it names the variable
/// that has it. An image's code is not known, and most know nothing of it.
pub(crate) fn tells(entry: &ComposeEntry) -> bool {
    let Some(dockerfile) = &entry.dockerfile else { return false };
    dockerfile.contains(RELEASE) || carried(dockerfile).is_some_and(|files| names(&files, RELEASE.as_bytes()))
}

/// The files in a Dockerfile, as one archive that is not compressed.
fn carried(dockerfile: &str) -> Option<Vec<u8>> {
    let (_, rest) = dockerfile.split_once("<<FABRIK")?;
    let (_, packed) = rest.split_once('\n')?;
    let (packed, _) = packed.split_once("\nFABRIK\n")?;
    let packed: String = packed.split_whitespace().collect();
    let mut files = Vec::new();
    let compressed = STANDARD.decode(packed).ok()?;
    GzDecoder::new(compressed.as_slice()).take(LOOKED_THROUGH).read_to_end(&mut files).ok()?;
    Some(files)
}

fn names(files: &[u8], word: &[u8]) -> bool {
    files.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(service: &serde_json::Value) -> Vec<(String, String)> {
        let text = json!({"services": {"web": service}}).to_string();
        headers(&Compose::read(&text).expect("it is read").entries[0])
    }

    #[test]
    fn both_forms_of_labels_set_the_same_headers_and_nothing_else_sets_any() {
        let label = "traefik.http.middlewares.fabrik-1.headers.customresponseheaders.X-Fabrik-Release";
        let map = json!({"image": "a", "labels": {label: "1234e567", "other": "label"}});
        let list = json!({"image": "a", "labels": [format!("{label}=1234e567"), "other=label"]});
        let wanted = vec![("X-Fabrik-Release".to_owned(), "1234e567".to_owned())];
        assert_eq!((of(&map), of(&list)), (wanted.clone(), wanted));
        for other in [
            "traefik.http.routers.r.middlewares",
            "traefik.http.middlewares.m.headers.customrequestheaders.X-A",
            "traefik.http.middlewares.m.compress",
            "traefik.http.middlewares.a.b.headers.customresponseheaders.X-A",
        ] {
            assert_eq!(of(&json!({"image": "a", "labels": {other: "x"}})), [], "{other}");
        }
    }

    #[test]
    fn an_app_tells_its_release_if_its_files_name_the_variable() {
        let told = |build: serde_json::Value| {
            let text = json!({"services": {"web": {"image": "a", "build": build}}}).to_string();
            tells(&Compose::read(&text).expect("it is read").entries[0])
        };
        let carrying = |text: &str| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, text.as_bytes()).expect("memory takes all");
            let packed = STANDARD.encode(packed.finish().expect("memory takes all"));
            json!({"dockerfile_inline": format!("FROM busybox\nCOPY <<FABRIK /files\n{packed}\nFABRIK\n")})
        };
        assert!(told(carrying("echo $FABRIK_RELEASE")));
        assert!(!told(carrying("echo hello")));
        assert!(told(json!({"dockerfile_inline": "ENV FABRIK_RELEASE=none"})));
        assert!(!told(json!({"context": "."})));
    }
}
