//! How Docker Compose and Docker spell single values: durations, sizes, ports, image references.
//!
//! Pure grammar on text without variables; who asks about which key is in `keys`.

use std::net::IpAddr;

/// A length of time: numbers with units, one after the other (`1m30s`), or `0`.
pub(crate) fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 8] = ["ns", "us", "µs", "ms", "s", "m", "h", "d"];
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        if number.parse::<f64>().is_err() || !(UNITS.contains(&unit) || unit == "w") {
            return false;
        }
        (parts, rest) = (parts + 1, tail);
    }
    parts > 0
}

/// An amount of memory: a number, with or without a unit (`512M`, `1.5gb`, `1GiB`).
pub(crate) fn is_size(text: &str) -> bool {
    size(text).is_some()
}

/// How much such an amount is, in bytes.
pub(crate) fn size(text: &str) -> Option<f64> {
    let end = text.rfind(|c: char| c.is_ascii_digit() || c == '.').map_or(0, |at| at + 1);
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = match unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit) {
        "" if unit != "ib" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let number = number.trim_end().parse::<f64>().ok().filter(|number| !number.is_sign_negative())?;
    Some(number * 1024_f64.powi(power))
}

/// The short form of a published port: `[[address:]published:]target[/protocol]`, each port a number or a range.
pub(crate) fn is_port(text: &str) -> bool {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !["tcp", "udp", "sctp", ""].contains(&protocol.to_ascii_lowercase().as_str()) {
        return false;
    }
    let (rest, target) = ports.rsplit_once(':').unwrap_or(("", ports));
    let Some(target) = range(target) else { return false };
    let (address, published) = rest.rsplit_once(':').unwrap_or(("", rest));
    let address = address.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(address);
    let addressed = address.is_empty() || address.parse::<IpAddr>().is_ok();
    // Several published ports for one target mean that Docker takes the first that is free.
    let matched = published.is_empty()
        || range(published)
            .is_some_and(|published| target.1 == target.0 || length(published) == length(target));
    addressed && matched
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.parse::<u16>().ok().filter(|_| text.bytes().all(|it| it.is_ascii_digit()));
    let (first, last) = (number(first)?, number(last)?);
    (first > 0 && first <= last).then_some((first, last))
}

fn length((first, last): (u16, u16)) -> u16 {
    last - first
}

/// The short form of a mount: sections between colons, none of them empty but the last.
pub(crate) fn is_mount(text: &str) -> bool {
    let sections = sections(text);
    let (last, others) = sections.split_last().unwrap_or((&"", &[]));
    others.iter().all(|section| !section.is_empty()) && !(others.is_empty() && last.is_empty())
}

/// The parts of a mount between its colons; those within `${…}` part nothing.
pub(crate) fn sections(text: &str) -> Vec<&str> {
    let (mut sections, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if text[..at].ends_with('$') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                sections.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    sections.push(&text[start..]);
    sections
}

/// A command in one line, as a shell would split it: every quote is closed.
pub(crate) fn is_command(text: &str) -> bool {
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None | Some('"'), '\\') => {
                let _escaped = letters.next();
            }
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
    }
    quote.is_none()
}

/// An entry of `extra_hosts`: a name and an address.
pub(crate) fn is_host(text: &str) -> bool {
    text.split_once(['=', ':']).is_some_and(|(name, _)| !name.is_empty())
}

/// How often an image is pulled.
pub(crate) fn is_pull_policy(text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
    WORDS.contains(&text) || text.strip_prefix("every_").is_some_and(is_duration)
}

/// A reference to an image: `[registry/]name[:tag][@digest]`, with lower-case names.
pub(crate) fn is_image(text: &str) -> bool {
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let (registry, path) = match rest.split_once('/') {
        Some((first, path)) if is_registry(first) => (Some(first), path),
        _ => (None, rest),
    };
    let (name, tag) = path.rsplit_once(':').map_or((path, None), |(name, tag)| (name, Some(tag)));
    registry.is_none_or(is_address)
        && name.split('/').all(is_name_part)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
        && text.len() <= 255 + 128 + 140
        // Docker takes it for the id of an image that is already there.
        && !(name == text && text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// What stands before the first slash is a registry if it could be no folder of Docker Hub.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.chars().any(|c| c.is_ascii_uppercase())
}

fn is_address(registry: &str) -> bool {
    let (host, port) = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, port)) if inner.parse::<IpAddr>().is_ok() => ("six", port),
        Some(_) => return false,
        None => registry.find(':').map_or((registry, ""), |at| registry.split_at(at)),
    };
    let label = |label: &str| {
        let plain = label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        plain && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    host.split('.').all(label) && (port.is_empty() || port.strip_prefix(':').is_some_and(digits))
}

/// Lower-case letters and digits, joined by `.`, `_`, `__` or hyphens.
fn is_name_part(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joints = part.split(plain).filter(|joint| !joint.is_empty());
    part.starts_with(plain)
        && part.ends_with(plain)
        && joints.into_iter().all(|it| matches!(it, "." | "_" | "__") || it.bytes().all(|it| it == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.starts_with(word) && tag.len() <= 128 && tag.chars().all(|c| word(c) || c == '.' || c == '-')
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hash)| {
        let known = !algorithm.is_empty() && algorithm.starts_with(|c: char| c.is_ascii_alphabetic());
        let length = if algorithm == "sha256" { hash.len() == 64 } else { hash.len() >= 32 };
        known && length && hash.bytes().all(|it| it.is_ascii_hexdigit())
    })
}
