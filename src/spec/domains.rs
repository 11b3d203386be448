//! The domains an app answers on: one, several, or none for a worker.

use std::collections::BTreeMap;

use super::check;
use super::reader::{Complaint, Fields, Reader};
use super::tree::{SpecNode, Value};

/// The domains of a spec.
pub(crate) struct Domains {
    /// In ASCII, in the order written.
    pub ascii: Vec<String>,
    /// How those were written that have letters outside ASCII.
    pub written: BTreeMap<String, String>,
}

/// Reads `domain`; `None` only after a complaint.
pub(crate) fn domains(reader: &mut Reader<'_>, fields: &mut Fields) -> Option<Domains> {
    let mut domains = Domains { ascii: Vec::new(), written: BTreeMap::new() };
    let Some(node) = fields.take("domain") else { return Some(domains) };
    let place = node.place;
    let nodes = match node.value {
        Value::List(items) => items,
        value => vec![SpecNode { value, ..node }],
    };
    if nodes.is_empty() {
        let complaint = Complaint::new("`domain` names none");
        reader.complain(place, complaint.hint("leave it out for an app that answers on no domain"));
        return None;
    }
    let count = nodes.len();
    for node in &nodes {
        one(reader, node, &mut domains);
    }
    (domains.ascii.len() == count).then_some(domains)
}

fn one(reader: &mut Reader<'_>, node: &SpecNode, domains: &mut Domains) {
    let Some(domain) = reader.checked(node, "domain", |text| check::domain("domain", text)) else { return };
    if domains.ascii.contains(&domain) {
        reader.complain(node.place, Complaint::new(format!("`{domain}` is under `domain` twice")));
        return;
    }
    if let Value::Text(text) = &node.value
        && *text != domain
    {
        domains.written.insert(domain.clone(), text.clone());
    }
    domains.ascii.push(domain);
}
