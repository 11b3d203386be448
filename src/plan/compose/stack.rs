//! An app's own compose text: a stack of services.
//!
//! Read strictly, and written again so that it means the same after Coolify has parsed and dumped it (4.3.11): as JSON,
//! anchors and merge keys followed, every scalar that Coolify would change in quotes. What cannot be kept is refused with
//! its line, and so is what Docker Compose would refuse on the server. Asks neither Coolify nor Docker, and looks no
//! variable up; of the disk it only asks whether something is there that would have to travel with the text.

mod checks;
mod consistency;
mod databases;
mod extends;
mod findings;
mod front;
mod grammar;
mod keys;
mod magic;
mod merge;
mod mounts;
mod nested;
mod references;
mod rules;
mod shape;
#[cfg(test)]
mod tests;
mod variables;
mod written;

use std::path::Path;

use self::checks::ComposeService;
use self::findings::Findings;
use self::magic::Magic;
use self::shape::Shape;
use crate::error::{Problem, Problems};
use crate::spec::tree::{self, MapEntry, MergeKeys, SpecNode, Value};

/// What a stack is read from.
#[derive(Clone, Copy)]
pub struct StackInput<'a> {
    /// The compose file, for messages.
    pub file: &'a Path,
    /// Its text; a text that [`Stack::read`] wrote is read as the same stack again.
    pub text: &'a str,
    /// The service that the spec names.
    pub service: Option<&'a str>,
    /// The port that the spec gives.
    pub port: Option<u16>,
    /// Whether a domain leads to the app.
    pub has_domain: bool,
    /// The names of the variables that are set through the API.
    pub env_keys: &'a [String],
}

/// An app's own compose text, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// What Coolify gets.
    pub text: String,
    /// The service that the domain leads to; of a worker, the one it is known by, if that can be told.
    pub main: Option<String>,
    /// The port the domain leads to; none for a worker.
    pub port: Option<u16>,
    /// All its services, in the order written.
    pub services: Vec<String>,
    /// The volumes it names, in the order written.
    pub volumes: Vec<String>,
    /// What is allowed but looks wrong, or becomes something else on Coolify.
    pub warnings: Vec<Problem>,
}

impl Stack {
    /// Reads a compose text.
    ///
    /// # Errors
    /// Everything in it that Coolify would break, each with its line.
    pub fn read(input: &StackInput<'_>) -> Result<Self, Problems> {
        let (stack, findings) = Self::weigh(input)?;
        let warnings = findings.finish()?;
        Ok(Self { warnings, ..stack.expect("a stack that nobody complained about is whole") })
    }

    /// Reads a text that [`Stack::read`] wrote for an earlier run, maybe in an earlier version: it was found good then,
    /// so only what is needed of it is read.
    ///
    /// # Errors
    /// What is in the way of reading it at all.
    pub fn frozen(input: &StackInput<'_>) -> Result<Self, Problems> {
        let (stack, findings) = Self::weigh(input)?;
        let stack =
            stack.ok_or_else(|| findings.finish().expect_err("what is not whole was complained about"))?;
        Ok(Self { text: input.text.to_owned(), ..stack })
    }

    fn weigh<'a>(input: &StackInput<'a>) -> Result<(Option<Self>, Findings<'a>), Problems> {
        let text = input.text.strip_prefix('\u{feff}').unwrap_or(input.text);
        let root = tree::read(input.file, text, MergeKeys::Kept)?;
        let mut findings = Findings::new(input.file, text);
        let root = merge::flat(&mut findings, root);
        let stack = whole(&mut findings, root, input);
        Ok((stack, findings))
    }
}

/// Reads what was merged; `None` only after a complaint.
fn whole(findings: &mut Findings<'_>, root: SpecNode, input: &StackInput<'_>) -> Option<Stack> {
    if !matches!(root.value, Value::Map(_)) {
        let message = "a compose text must be a mapping of keys";
        findings.refuse(root.place, message, "it needs at least `services`");
        return None;
    }
    shape::check(findings, &Shape::Keys(keys::TOP), &root, "");
    // Every service as it is written, before it inherits from another.
    for service in services(findings, &root)? {
        service.shaped(findings);
    }
    let root = extends::resolved(findings, root);
    let services = services(findings, &root)?;
    let Value::Map(top) = &root.value else { return None };
    checks::top(findings, top);
    for service in &services {
        checks::service(findings, service, input.file);
    }
    checks::one_shots(findings, &services);
    references::check(findings, &services, top);
    let magic = Magic::find(&services);
    variables::given(findings, &root, input.env_keys, &magic);
    let front = front::front(findings, &services, input);
    let main = front.as_ref().and_then(|front| front.service.as_deref());
    checks::idle(findings, &services, main);
    magic.tell(findings, &services, main, input);
    let text = written::json(findings, &root).to_string();
    let front = front?;
    Some(Stack {
        text,
        main: front.service,
        port: front.port,
        services: services.iter().map(|service| service.name.to_owned()).collect(),
        volumes: mounts::named(&services),
        warnings: Vec::new(),
    })
}

fn services<'a>(findings: &mut Findings<'_>, root: &'a SpecNode) -> Option<Vec<ComposeService<'a>>> {
    let top: &[MapEntry] = match &root.value {
        Value::Map(top) => top,
        _ => &[],
    };
    let Some(found) = top.iter().find(|entry| entry.key == "services") else {
        findings.refuse(root.place, "`services` is missing", "a compose text names at least one");
        return None;
    };
    let Value::Map(entries) = &found.node.value else {
        findings.refuse(
            found.place,
            "`services` must be a mapping of names",
            "like `services: {web: {image: …}}`",
        );
        return None;
    };
    if entries.is_empty() {
        findings.refuse(found.place, "`services` is empty", "a compose text names at least one");
        return None;
    }
    Some(entries.iter().filter_map(|entry| checks::named(findings, entry)).collect())
}
