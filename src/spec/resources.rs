//! What an app may use of its server.

use serde::Serialize;

use super::check;
use super::reader::{Complaint, Reader};
use super::tree::{SpecNode, Value};

/// What an app may use of its server; none means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Resources {
    /// Memory, as Docker writes it: `512M`.
    pub memory: Option<String>,
    /// Processors, as Docker writes it: `1.5`.
    pub cpu: Option<String>,
}

pub(crate) fn resources(reader: &mut Reader<'_>, node: Option<SpecNode>) -> Resources {
    let Some(mut fields) = node.and_then(|node| reader.fields(node, "resources.")) else {
        return Resources::default();
    };
    let memory =
        fields.take("memory").and_then(|node| limit(reader, &node, "resources.memory", check::memory));
    let cpu = fields.take("cpu").and_then(|node| limit(reader, &node, "resources.cpu", check::cpu));
    reader.refuse_the_rest(fields, &["memory", "cpu"]);
    Resources { memory, cpu }
}

/// A limit is text to Docker; a number is taken as it is written.
fn limit(
    reader: &mut Reader<'_>,
    node: &SpecNode,
    key: &str,
    check: fn(&str) -> Result<String, Complaint>,
) -> Option<String> {
    match &node.value {
        Value::Number(text) => check(text).map_err(|complaint| reader.complain(node.place, complaint)).ok(),
        _ => reader.checked(node, key, check),
    }
}
