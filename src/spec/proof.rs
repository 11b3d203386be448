//! What a spec says about proving that the new version runs: `health.fingerprint` and `health.proof`.

use serde::Serialize;

use super::check;
use super::reader::{Complaint, Reader};
use super::tree::{SpecNode, Value};

/// The response header in which templates answer their release, and which Traefik adds to the answers of others.
pub const RELEASE_HEADER: &str = "X-Fabrik-Release";

/// The place in an answer that carries `$FABRIK_RELEASE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FingerprintSpec {
    /// A response header of this name.
    Header(String),
    /// A key of the JSON body.
    Json(String),
    /// Nowhere: the app does not say it, and no label is set that would have the proxy say it.
    #[serde(rename = "none")]
    Off,
}

/// Whether a deployment that nothing proves counts as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofPolicy {
    /// It does not; it is said.
    Optional,
    /// It does, and is rolled back.
    Required,
}

impl ProofPolicy {
    /// Whether it is what a spec means that says nothing.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
    pub(super) fn is_optional(&self) -> bool {
        *self == Self::Optional
    }
}

/// Reads `health.proof`.
pub(super) fn policy(reader: &mut Reader<'_>, node: &SpecNode) -> Option<ProofPolicy> {
    let words = [("optional", ProofPolicy::Optional), ("required", ProofPolicy::Required)];
    reader.checked(node, "health.proof", |text| check::word("health.proof", text, &words))
}

/// Reads `health.fingerprint`: the word `none`, or the one place that is named.
pub(super) fn fingerprint(reader: &mut Reader<'_>, node: SpecNode) -> Option<FingerprintSpec> {
    if let Value::Text(_) = &node.value {
        return reader.checked(&node, "health.fingerprint", word);
    }
    let mut fields = reader.fields(node, "health.fingerprint.")?;
    let place = fields.place;
    let (header, json) = (fields.take("header"), fields.take("json"));
    reader.refuse_the_rest(fields, &["header", "json"]);
    match (header, json) {
        (Some(node), None) => {
            reader.checked(&node, "health.fingerprint.header", check::header).map(FingerprintSpec::Header)
        }
        (None, Some(node)) => {
            reader.checked(&node, "health.fingerprint.json", check::json_key).map(FingerprintSpec::Json)
        }
        _ => {
            let complaint = Complaint::new("`health.fingerprint` names one place");
            reader.complain(place, complaint.hint("either `header: NAME` or `json: KEY`"));
            None
        }
    }
}

fn word(text: &str) -> Result<FingerprintSpec, Complaint> {
    if text == "none" {
        return Ok(FingerprintSpec::Off);
    }
    Err(Complaint::new("`health.fingerprint` must be `none` or name one place")
        .hint("`{header: NAME}`, `{json: KEY}` or `none`"))
}
