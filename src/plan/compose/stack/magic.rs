//! The variables that Coolify makes up by their names (`SERVICE_…`), and what it does besides.
//!
//! It reads them in `environment` and `build.args` only. `SERVICE_URL_X` and `SERVICE_FQDN_X` as a name declare an address
//! for the service they stand in, and make it public; in a value they ask for one (4.3.11).

use super::checks::{ComposeService, pairs};
use super::findings::Findings;
use super::variables::{Used, Without, variables};
use super::{StackInput, databases};
use crate::spec::tree::{SourcePlace, Value};

/// What Coolify makes up for `SERVICE_<kind>_<name>`.
const KINDS: [&str; 18] = [
    "PASSWORD",
    "PASSWORD_64",
    "PASSWORDWITHSYMBOLS",
    "PASSWORDWITHSYMBOLS_64",
    "BASE64",
    "BASE64_32",
    "BASE64_64",
    "BASE64_128",
    "REALBASE64",
    "REALBASE64_32",
    "REALBASE64_64",
    "REALBASE64_128",
    "HEX_32",
    "HEX_64",
    "HEX_128",
    "USER",
    "LOWERCASEUSER",
    "SUPABASEANON",
];

/// A magic name where it stands.
struct Use {
    service: usize,
    name: String,
    place: SourcePlace,
    without: Without,
}

/// The magic names of a stack.
pub(crate) struct Magic {
    declared: Vec<Use>,
    asked: Vec<Use>,
    /// Variables whose `${X:?message}` begins a value.
    messages: Vec<String>,
}

impl Magic {
    pub(crate) fn find(services: &[ComposeService<'_>]) -> Self {
        let mut magic = Self { declared: Vec::new(), asked: Vec::new(), messages: Vec::new() };
        for (at, service) in services.iter().enumerate() {
            for pair in settings(service) {
                let (service, place) = (at, pair.place);
                if address(pair.name).is_some() {
                    let (name, without) = (pair.name.to_owned(), Without::Fine);
                    magic.declared.push(Use { service, name, place, without });
                }
                let value = pair.value.unwrap_or_default();
                let found = variables(value).into_iter().map(|used| {
                    let Used { name, without } = used;
                    Use { service, name, place, without }
                });
                magic.asked.extend(found.filter(|used| used.name.starts_with("SERVICE_")));
                magic.messages.extend(message(value).map(str::to_owned));
            }
        }
        magic
    }

    /// Whether Coolify gives `name` a value.
    pub(crate) fn gives(&self, name: &str) -> bool {
        let made = || self.asked.iter().any(|used| used.name == name);
        name.starts_with("SERVICE_NAME_") || made() || self.declares(name)
    }

    /// Whether Coolify takes the message of `${name:?message}` for a value of `name`.
    pub(crate) fn takes_message(&self, name: &str) -> bool {
        self.messages.iter().any(|message| message == name)
    }

    /// Whether a service declares the address that `name` asks for.
    fn declares(&self, name: &str) -> bool {
        let Some(middle) = address(name) else { return false };
        let port = port(name);
        let same = |used: &Use| {
            address(&used.name) == Some(middle) && (port.is_none() || self::port(&used.name) == port)
        };
        self.declared.iter().any(same)
    }

    /// Says what Coolify does that the text does not ask for by name.
    pub(crate) fn tell(
        &self,
        findings: &mut Findings<'_>,
        services: &[ComposeService<'_>],
        main: Option<&str>,
        input: &StackInput<'_>,
    ) {
        for (at, service) in services.iter().enumerate() {
            // The one that the domain leads to gets the domain.
            if (input.has_domain && Some(service.name) == main) || databases::database(service).is_some() {
                continue;
            }
            let declares = self.declared.iter().find(|used| used.service == at);
            let asks =
                || self.asked.iter().find(|used| used.service == at && self.opens(service.name, &used.name));
            if let Some(used) = declares.or_else(asks) {
                let message = format!(
                    "service `{}` becomes public: for `{}` Coolify gives it an http address of its own (sslip.io, or the \
                     server's wildcard domain)",
                    service.name, used.name
                );
                findings.warn(used.place, message, "leave it out, unless that is meant");
            }
        }
        self.undeclared(findings, services, input);
        self.unknown(findings, input);
    }

    /// Whether asking for `name` within `service` gives that service an address.
    fn opens(&self, service: &str, name: &str) -> bool {
        address(name).is_some_and(|middle| middle == upper(service))
            && port(name).is_none()
            && !self.declares(name)
    }

    /// Addresses that are asked for, and that no service declares: they lead elsewhere than the domain.
    fn undeclared(
        &self,
        findings: &mut Findings<'_>,
        services: &[ComposeService<'_>],
        input: &StackInput<'_>,
    ) {
        let mut told: Vec<&str> = Vec::new();
        for used in &self.asked {
            let Some(middle) = address(&used.name) else { continue };
            if self.declares(&used.name)
                || input.env_keys.contains(&used.name)
                || told.contains(&used.name.as_str())
            {
                continue;
            }
            told.push(&used.name);
            let message = format!(
                "`{}` is not the app's domain: no service declares it, so Coolify fills in a name of its own (sslip.io)",
                used.name
            );
            let owner = services.iter().find(|service| upper(service.name) == middle);
            let hint = match owner {
                Some(owner) => format!(
                    "set it in the spec (`env: {{{}: …}}`), or declare it: add it to the `environment` of `{}`",
                    used.name, owner.name
                ),
                None => format!("set it in the spec: `env: {{{}: …}}`", used.name),
            };
            findings.warn(used.place, message, hint);
        }
    }

    /// Names that look made up, and for which Coolify makes up nothing.
    fn unknown(&self, findings: &mut Findings<'_>, input: &StackInput<'_>) {
        let mut told: Vec<&str> = Vec::new();
        for used in &self.asked {
            let name = used.name.as_str();
            let plain = address(name).is_none() && !name.starts_with("SERVICE_NAME_");
            let stands_in = used.without <= Without::Fine;
            if !plain
                || stands_in
                || is_made_up(name)
                || input.env_keys.contains(&used.name)
                || told.contains(&name)
            {
                continue;
            }
            told.push(name);
            let message = format!("Coolify makes up nothing for `{name}`: it will be empty");
            findings.warn(
                used.place,
                message,
                format!("write `secrets: [{name}]`, or a value under `env`, in the spec"),
            );
        }
    }
}

/// Everything that Coolify reads variables in.
fn settings<'a>(service: &ComposeService<'a>) -> Vec<super::checks::Pair<'a>> {
    let mut settings = service.find("environment").map(|entry| pairs(&entry.node)).unwrap_or_default();
    if let Some(Value::Map(build)) = service.find("build").map(|entry| &entry.node.value) {
        settings
            .extend(build.iter().filter(|entry| entry.key == "args").flat_map(|entry| pairs(&entry.node)));
    }
    settings
}

/// The variable of a value that is `${X:?message}` or begins so.
fn message(value: &str) -> Option<&str> {
    let inner = value.strip_prefix("${")?;
    let (name, tail) = inner.split_at(inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?);
    let rest = tail.strip_prefix(":?").or_else(|| tail.strip_prefix('?'))?;
    (!rest.starts_with('}')).then_some(name)
}

/// The port of `SERVICE_URL_X_80`.
fn port(name: &str) -> Option<&str> {
    name.rsplit_once('_').map(|(_, port)| port).filter(|port| port.parse::<u32>().is_ok())
}

/// The middle of `SERVICE_URL_X`, `SERVICE_FQDN_X_80` and the like.
fn address(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("SERVICE_URL_").or_else(|| name.strip_prefix("SERVICE_FQDN_"))?;
    let ported = rest.rsplit_once('_').filter(|(_, port)| port.parse::<u32>().is_ok());
    Some(ported.map_or(rest, |(middle, _)| middle)).filter(|middle| !middle.is_empty())
}

fn upper(service: &str) -> String {
    service.to_uppercase().replace(['-', '.'], "_")
}

/// `SERVICE_<kind>_<name>`, where the name has no `_` of its own: Coolify counts them.
fn is_made_up(name: &str) -> bool {
    let Some((kind, _)) = name.strip_prefix("SERVICE_").and_then(|rest| rest.rsplit_once('_')) else {
        return false;
    };
    name.matches('_').count() <= 3 && (KINDS.contains(&kind) || kind == "SUPABASESERVICE")
}
