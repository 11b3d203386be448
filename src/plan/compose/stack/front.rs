//! Which service the domain leads to, and to which of its ports.

use super::StackInput;
use super::checks::ComposeService;
use super::databases::database;
use super::findings::Findings;
use crate::spec::tree::{SpecNode, Value};

/// Where the domain leads.
pub(crate) struct FrontService {
    /// The service; of a worker, the one it is known by, if that can be told.
    pub service: Option<String>,
    /// The port; none for a worker.
    pub port: Option<u16>,
}

/// Finds the service and its port; `None` only after a complaint.
pub(crate) fn front(
    findings: &mut Findings<'_>,
    services: &[ComposeService<'_>],
    input: &StackInput<'_>,
) -> Option<FrontService> {
    let service = chosen(findings, services, input).ok()?;
    if !input.has_domain {
        return Some(FrontService { service: service.map(|service| service.name.to_owned()), port: None });
    }
    let service = service?;
    if let Some(database) = database(service) {
        let message =
            format!("Coolify takes `{}` for a database ({database}) and gives it no domain", service.name);
        findings.refuse(service.place, message, "name another service as `service:` in the spec");
        return None;
    }
    if let Some(why) = service.idle() {
        let message = format!(
            "the domain leads to `{}`, which is never started: it has `{}`",
            service.name,
            why.said()
        );
        let place = service.find(why.key()).map_or(service.place, |entry| entry.place);
        findings.refuse(
            place,
            message,
            "leave that key out, or name another service as `service:` in the spec",
        );
        return None;
    }
    let port = match input.port {
        Some(port) => port,
        None => exposed(findings, service)?,
    };
    Some(FrontService { service: Some(service.name.to_owned()), port: Some(port) })
}

/// It was complained about.
struct Refused;

/// The service that the spec names, else the only one that exposes a port, else the only one.
fn chosen<'a, 'b>(
    findings: &mut Findings<'_>,
    services: &'b [ComposeService<'a>],
    input: &StackInput<'_>,
) -> Result<Option<&'b ComposeService<'a>>, Refused> {
    let first = services.first().ok_or(Refused)?;
    if let Some(name) = input.service {
        let found = services.iter().find(|service| service.name == name);
        if found.is_none() {
            let message = format!("the spec says `service: {name}`, and there is no such service");
            findings.refuse(first.place, message, format!("there is: {}", names(services.iter())));
            return Err(Refused);
        }
        return Ok(found);
    }
    let open: Vec<&ComposeService<'_>> =
        services.iter().filter(|service| !ports(service).is_empty()).collect();
    match (open.as_slice(), services) {
        ([only], _) => Ok(Some(*only)),
        ([], [only]) => Ok(Some(only)),
        _ if !input.has_domain => Ok(None),
        (open, _) => {
            let candidates =
                if open.is_empty() { names(services.iter()) } else { names(open.iter().copied()) };
            let message = "it is not clear which service the domain leads to";
            findings.refuse(
                first.place,
                message,
                format!("name one as `service:` in the spec: {candidates}"),
            );
            Err(Refused)
        }
    }
}

fn names<'a>(services: impl Iterator<Item = &'a ComposeService<'a>>) -> String {
    services.map(|service| service.name).collect::<Vec<_>>().join(", ")
}

fn exposed(findings: &mut Findings<'_>, service: &ComposeService<'_>) -> Option<u16> {
    let mut ports = ports(service);
    ports.sort();
    ports.dedup();
    if let [Port::Known(port)] = ports.as_slice() {
        return Some(*port);
    }
    let why = if ports.is_empty() { "exposes no port" } else { "exposes several ports" };
    let message = format!("`{}` {why}, so it is not clear where the domain leads", service.name);
    findings.refuse(service.place, message, "write `port:` in the spec");
    None
}

/// A port that a service listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Port {
    Known(u16),
    /// A range, or a variable.
    Unclear,
}

/// The ports a service listens on.
fn ports(service: &ComposeService<'_>) -> Vec<Port> {
    let listed = |key: &str| match service.find(key).map(|entry| &entry.node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let expose = listed("expose").iter().filter_map(inner);
    expose.chain(listed("ports").iter().filter_map(inner)).collect()
}

/// The container's side of a port; none for UDP, which no domain leads to.
fn inner(item: &SpecNode) -> Option<Port> {
    let known = |text: &str| text.parse().map_or(Port::Unclear, Port::Known);
    match &item.value {
        Value::Number(text) | Value::Text(text) => {
            let (text, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
            let port = text.rsplit(':').next().unwrap_or(text);
            (protocol == "tcp").then(|| known(port))
        }
        Value::Map(entries) => {
            let find =
                |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node.value);
            if matches!(find("protocol"), Some(Value::Text(protocol)) if protocol == "udp") {
                return None;
            }
            match find("target") {
                Some(Value::Number(text) | Value::Text(text)) => Some(known(text)),
                _ => Some(Port::Unclear),
            }
        }
        _ => None,
    }
}
