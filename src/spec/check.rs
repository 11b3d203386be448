//! What a single value must look like: names, domains, paths, addresses, durations.
//!
//! Pure: text in, the exact type or a complaint out. Looks at no file and no other key.

mod coolify;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

pub(crate) use self::coolify::{branch, commit, cpu, dockerfile, held, image, memory, repository, service};
use super::dns::{DnsTarget, TUNNEL_SUFFIX, Ttl};
use super::env_value::PART_PREFIX;
use super::keys::nearest;
use super::reader::Complaint;
use super::templates::Template;

type Checked<T> = Result<T, Complaint>;

/// An app's name: one lower-case DNS label.
pub(crate) fn name(text: &str) -> Checked<String> {
    let length = text.chars().count();
    if length > 63 {
        let message = format!("`name` has {length} characters, and at most 63 are allowed");
        return Err(Complaint::new(message));
    }
    if is_label(text) {
        return Ok(text.to_owned());
    }
    let complaint = Complaint::new("`name` must be a DNS label");
    Err(complaint.hint("lower-case letters, digits and `-`, with no `-` at either end"))
}

/// A built-in template's name.
pub(crate) fn template(text: &str) -> Checked<&'static Template> {
    Template::named(text).ok_or_else(|| {
        let complaint = Complaint::new(format!("there is no template `{text}`"));
        match Template::nearest(text) {
            Some(near) => complaint.hint(format!("did you mean `{}`?", near.name)),
            None => complaint.hint(format!("there are: {}", Template::names().join(", "))),
        }
    })
}

/// A domain, or a zone, in ASCII: at least two labels, no scheme, no port, no wildcard.
///
/// Letters outside ASCII become punycode (UTS 46, non-transitional).
pub(crate) fn domain(key: &str, text: &str) -> Checked<String> {
    let wrong = |why: &str| Complaint::new(format!("`{key}` is not a domain: {why}"));
    if text.contains("://") || text.contains('/') {
        return Err(wrong("it looks like a URL").hint("write the host name only, like `app.example.com`"));
    }
    if text.contains(':') {
        return Err(wrong("it has a port").hint("write the container's port under `port`"));
    }
    if text.starts_with("*.") {
        let hint = "its certificate cannot be issued over HTTP: name each host";
        return Err(wrong("it is a wildcard").hint(hint));
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(wrong("it has capital letters").hint(format!("write `{}`", text.to_ascii_lowercase())));
    }
    if text.len() > 253 {
        return Err(wrong("it is longer than 253 characters"));
    }
    let ascii = idna::domain_to_ascii(text).map_err(|_| wrong("it has letters that no domain can have"))?;
    let text = ascii.as_str();
    if !text.contains('.') {
        return Err(wrong("it has no dot"));
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err(wrong("it is an address").hint("write the address under `dns.target`"));
    }
    match text.split('.').find(|label| !is_label(label)) {
        Some("") => Err(wrong("it has an empty label").hint("no dot at either end, no two dots in a row")),
        Some(_) => Err(wrong("a label is not lower-case letters, digits and inner `-`, at most 63 of them")),
        None => Ok(text.to_owned()),
    }
}

/// Whether it is the id of a zone at Cloudflare: 32 hexadecimal digits, and no dot as every zone's name has.
pub(crate) fn is_zone_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// One label of a host name.
fn is_label(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (1..=63).contains(&text.len()) && letters && !text.starts_with('-') && !text.ends_with('-')
}

/// A Coolify server's name or uuid.
pub(crate) fn server(text: &str) -> Checked<String> {
    let fine = !text.trim().is_empty() && text.trim() == text && text.chars().all(|c| !c.is_control());
    if fine && text.chars().count() <= 255 {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`server` must be a server's name or uuid"))
}

/// A Coolify project's name; Coolify 4.3.11 takes 3 to 255 characters of a limited set.
pub(crate) fn project(text: &str) -> Checked<String> {
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || " -_.".contains(c));
    if (3..=255).contains(&text.len()) && letters && text.trim() == text {
        return Ok(text.to_owned());
    }
    let complaint = Complaint::new("`project` is not a name that Coolify takes");
    Err(complaint.hint("3 to 255 letters, digits, spaces, `-`, `_` and `.`"))
}

/// A Coolify environment's name.
pub(crate) fn environment(text: &str) -> Checked<String> {
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
    let complaint = Complaint::new("`environment` is not a name that Coolify takes");
    // Where its API has the name of an environment in a path, these two mean something else.
    if ["envs", "environments"].contains(&text) {
        return Err(complaint.hint(format!("`{text}` is a word of Coolify's own: choose another")));
    }
    if (3..=255).contains(&text.len()) && letters {
        return Ok(text.to_owned());
    }
    Err(complaint.hint("3 or more lower-case letters, digits, `-` and `_`"))
}

/// The name of an environment variable, as Coolify 4.3.11 takes it.
pub(crate) fn variable(text: &str) -> Checked<String> {
    let mut letters = text.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let valid =
        first && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') && text.len() <= 255;
    if text == super::RELEASE {
        let complaint = Complaint::new(format!("`{text}` is set by every deployment"));
        return Err(complaint.hint("leave it out"));
    }
    if text.starts_with(PART_PREFIX) {
        let complaint = Complaint::new(format!("`{text}` is a name that Fabrik keeps for itself"));
        return Err(complaint.hint(format!("choose one that does not begin with `{PART_PREFIX}`")));
    }
    if valid {
        return Ok(text.to_owned());
    }
    let complaint = Complaint::new("not a name for a variable");
    Err(complaint.hint("a letter or `_` first, then letters, digits, `_` and `.`"))
}

/// A path to ask for over HTTP.
pub(crate) fn health_path(text: &str) -> Checked<String> {
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !"\"'`\\#<>".contains(c));
    if text.starts_with('/') && !text.starts_with("//") && plain && text.len() <= 1024 {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`health.path` must be a path").hint("like `/health`: starts with `/`, no spaces"))
}

/// The name of a response header.
pub(crate) fn header(text: &str) -> Checked<String> {
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !text.is_empty() && text.len() <= 100 && letters {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`health.fingerprint.header` must be the name of a header").hint("like `X-Release`"))
}

/// A key of the JSON body of a health answer.
pub(crate) fn json_key(text: &str) -> Checked<String> {
    if !text.trim().is_empty() && text.len() <= 100 {
        return Ok(text.to_owned());
    }
    Err(Complaint::new("`health.fingerprint.json` must be a key of the answer's JSON").hint("like `release`"))
}

/// What a public record can point at: an address, or a name that is none of the app's own.
pub(crate) fn target(text: &str, domains: &[String]) -> Checked<DnsTarget> {
    let unreachable =
        || Complaint::new(format!("`dns.target` cannot be {text}: nobody can reach an app there"));
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        let special = address.is_unspecified() || address.is_loopback() || address.is_multicast();
        let fine = !special && !address.is_broadcast();
        return if fine { Ok(DnsTarget::V4(address)) } else { Err(unreachable()) };
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        let mapped = address.to_ipv4_mapped().is_some() || address.is_unicast_link_local();
        let fine = !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !mapped;
        return if fine { Ok(DnsTarget::V6(address)) } else { Err(unreachable()) };
    }
    let complaint = Complaint::new("`dns.target` must be an address or the name of a host");
    let name =
        domain("dns.target", text).map_err(|_| complaint.hint("like `203.0.113.7` or `edge.example.com`"))?;
    if let Some(id) = name.strip_suffix(TUNNEL_SUFFIX) {
        let complaint = Complaint::new("`dns.target` is the name of a Cloudflare Tunnel");
        return Err(
            complaint.hint(format!("write `tunnel: {id}` instead: Coolify must be asked over http then"))
        );
    }
    if domains.contains(&name) {
        return Err(Complaint::new(format!("`dns.target` is `{name}`, which would point at itself")));
    }
    Ok(DnsTarget::Host(name))
}

/// The id of a Cloudflare Tunnel: a UUID, kept in lower case.
pub(crate) fn tunnel(text: &str) -> Checked<String> {
    let lower = text.to_ascii_lowercase();
    let id = lower.strip_suffix(TUNNEL_SUFFIX).unwrap_or(&lower);
    let groups: Vec<&str> = id.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    let is_uuid = lengths.eq([8, 4, 4, 4, 12]) && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    match (is_uuid, id == lower) {
        (true, true) => Ok(lower),
        (true, false) => {
            Err(Complaint::new("`dns.tunnel` takes the tunnel's id alone").hint(format!("write `{id}`")))
        }
        (false, _) => {
            let complaint = Complaint::new("`dns.tunnel` must be the id of a Cloudflare Tunnel, a UUID");
            Err(complaint.hint(
                "`cloudflared tunnel list` shows it, and so does the dashboard under Networks, Tunnels",
            ))
        }
    }
}

/// The word `auto`; numbers are read elsewhere.
pub(crate) fn ttl_word(text: &str) -> Checked<Ttl> {
    if text == "auto" {
        return Ok(Ttl::Auto);
    }
    Err(Complaint::new("`dns.ttl` must be `auto` or seconds").hint("a number from 60 to 86400"))
}

/// A duration like `5s`, `5m` or `1h30m`, at most a day.
pub(crate) fn duration(key: &str, text: &str) -> Checked<Duration> {
    let seconds = seconds(text).filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        Complaint::new(format!("`{key}` must be a duration from 1s to 24h"))
            .hint("like `5s`, `5m` or `1h30m`")
    })
}

/// Hours, minutes and seconds, each at most once and in this order.
fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    for (unit, worth) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((digits, after)) = rest.split_once(unit) {
            let count = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
            total = total.checked_add(count.parse::<u64>().ok()?.checked_mul(worth)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

pub(crate) fn volume_name(text: &str) -> Checked<String> {
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if first && letters && text.len() <= 63 {
        return Ok(text.to_owned());
    }
    let complaint = Complaint::new("`volumes.name` must be lower-case letters, digits, `-` and `_`");
    Err(complaint.hint("at most 63, starting with a letter or digit"))
}

/// An absolute path inside the container.
pub(crate) fn volume_path(text: &str) -> Checked<String> {
    let parts = || text.split('/').skip(1);
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !":\"'`\\,".contains(c));
    let absolute = text.starts_with('/') && text.len() > 1 && text.len() <= 255;
    if absolute && plain && parts().all(|part| !part.is_empty() && part != "." && part != "..") {
        return Ok(text.to_owned());
    }
    let complaint = Complaint::new("`volumes.path` must be an absolute path in the container");
    Err(complaint.hint("like `/data`: no `..`, no `:`, no `/` at the end"))
}

/// One of a few words.
pub(crate) fn word<T: Copy>(key: &str, text: &str, words: &[(&'static str, T)]) -> Checked<T> {
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*meaning);
    }
    let known: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
    let complaint = Complaint::new(format!("`{key}` must be {}", known.join(" or ")));
    match nearest(text, &known) {
        Some(near) => Err(complaint.hint(format!("did you mean `{near}`?"))),
        None => Err(complaint),
    }
}
