//! How single values of a compose text are spelled, and shapes that many keys share.
//!
//! Facts only, of Docker Compose 2.26 to 2.40; which key has which is in `keys`.

use super::grammar;
use super::shape::Shape::{Distinct, Either, Keys, List, Names, Nothing, One};
use super::shape::ShapeKind::{Number, Switch, Text};
use super::shape::{Rule, Shape, ShapeKind, key, must};
use super::written;

const fn any(_: ShapeKind, _: &str) -> bool {
    true
}

fn whole(_: ShapeKind, text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

/// Whether a number is sent as one: all others go out as text, which Coolify leaves alone.
fn stays(text: &str) -> bool {
    written::number(text).is_number()
}

fn counted(kind: ShapeKind, text: &str) -> bool {
    text.parse::<i64>().is_ok() || kind == Number && stays(text)
}

fn number(_: ShapeKind, text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

fn switch(kind: ShapeKind, text: &str) -> bool {
    const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];
    kind == Switch || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn size(kind: ShapeKind, text: &str) -> bool {
    if kind == Number { text.parse::<f64>().is_ok() } else { grammar::is_size(text) }
}

fn whole_size(kind: ShapeKind, text: &str) -> bool {
    if kind == Number { text.parse::<i64>().is_ok() } else { grammar::is_size(text) }
}

fn port(kind: ShapeKind, text: &str) -> bool {
    grammar::is_port(text) && (kind == Text || text.bytes().all(|it| it.is_ascii_digit()))
}

fn container_name(_: ShapeKind, text: &str) -> bool {
    let rest = text.strip_prefix(|c: char| c.is_ascii_alphanumeric()).unwrap_or_default();
    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

const fn rule(
    expected: &'static str,
    example: &'static str,
    takes: &'static [ShapeKind],
    fits: fn(ShapeKind, &str) -> bool,
) -> Rule {
    Rule { expected, example, takes, fits }
}

pub(crate) const TEXT: Shape = One(&rule("text", "`\"…\"`: put it in quotes", &[Text], any));
pub(crate) const TEXT_OR_NUMBER: Shape = One(&rule("text or a number", "", &[Text, Number], any));
pub(crate) const VALUE: Shape = One(&rule("one value", "", &[Text, Number, Switch], any));
pub(crate) const TEXT_OR_SWITCH: Shape = One(&rule("text, or `true` or `false`", "", &[Text, Switch], any));
pub(crate) const WHOLE: Shape = One(&rule("a whole number", "`3`", &[Text, Number], whole));
pub(crate) const NATURAL: Shape =
    One(&rule("a number, not below 0", "`1`", &[Text, Number], |_, text| text.parse::<u32>().is_ok()));
pub(crate) const NUMBER: Shape = One(&rule("a number", "`0.5`", &[Text, Number], number));
pub(crate) const COUNTED: Shape = One(&rule("a number", "`1024`", &[Text, Number], counted));
pub(crate) const RETRIES: Shape =
    One(&rule("a number, not below 0", "`3`", &[Text, Number], |kind, text| {
        text.parse::<u32>().is_ok() || kind == Number && stays(text) && !text.starts_with('-')
    }));
pub(crate) const PERCENT: Shape =
    One(&rule("a whole number from 0 to 100", "`50`", &[Text, Number], |_, text| {
        text.parse::<u8>().is_ok_and(|it| it <= 100)
    }));
pub(crate) const SCORE: Shape =
    One(&rule("a whole number from -1000 to 1000", "`500`", &[Text, Number], |_, text| {
        text.parse::<i64>().is_ok_and(|it| (-1000..=1000).contains(&it))
    }));
pub(crate) const ADDRESS: Shape =
    One(&rule("an IP address", "`127.0.0.1`", &[Text], |_, text| text.parse::<std::net::IpAddr>().is_ok()));
pub(crate) const TEXT_OR_WHOLE: Shape =
    One(&rule("text or a whole number", "`80`", &[Text, Number], |kind, text| {
        kind == Text || whole(kind, text)
    }));
pub(crate) const WHOLE_SIZE: Shape =
    One(&rule("an amount of memory", "`512M` or `1g`", &[Text, Number], whole_size));
pub(crate) const ONLY_NUMBER: Shape =
    One(&rule("a number", "`10`, without quotes", &[Number], |_, text| stays(text)));
pub(crate) const SWITCH: Shape = One(&rule("`true` or `false`", "`true`", &[Text, Switch], switch));
pub(crate) const ONLY_SWITCH: Shape =
    One(&rule("`true` or `false`", "`true`, without quotes", &[Switch], any));
pub(crate) const SIZE: Shape = One(&rule("an amount of memory", "`512M` or `1g`", &[Text, Number], size));
pub(crate) const SIZE_TEXT: Shape = One(&rule("an amount of memory", "`\"512M\"`", &[Text], size));
pub(crate) const DURATION: Shape =
    One(&rule("a length of time with its unit", "`30s` or `1m30s`", &[Text], |_, text| {
        grammar::is_duration(text)
    }));
pub(crate) const PORT: Shape =
    One(&rule("a port", "`8080:80` or `127.0.0.1:8080:80/tcp`", &[Text, Number], port));
pub(crate) const TARGET_PORT: Shape = One(&rule("a port", "`80`", &[Text, Number], whole));
pub(crate) const EXPOSED: Shape =
    One(&rule("a port", "`80`", &[Text, Number], |kind, text| kind == Text || text.parse::<i64>().is_ok()));
pub(crate) const MOUNT: Shape =
    One(&rule("a mount", "`data:/var/lib/data`", &[Text], |_, text| grammar::is_mount(text)));
pub(crate) const IMAGE: Shape = One(&rule("the name of an image", "`nginx:1.27`", &[Text], any));
const HOST: Shape =
    One(&rule("a name and an address", "`db:10.0.0.5`", &[Text], |_, text| grammar::is_host(text)));
const COMMAND_LINE: Shape =
    One(&rule("a command", "`nginx -g 'daemon off;'`: close every quote", &[Text], |_, text| {
        grammar::is_command(text)
    }));
pub(crate) const DEVICE: Shape =
    One(&rule("a device", "`/dev/sda:/dev/xvdc:rwm`", &[Text], |_, text| text.matches(':').count() <= 2));
pub(crate) const PULL_POLICY: Shape = One(&rule(
    "`always`, `missing`, `never`, `build`, `daily`, `weekly` or `every_12h`",
    "`missing`",
    &[Text],
    |_, text| grammar::is_pull_policy(text),
));
pub(crate) const CONTAINER_NAME: Shape = One(&rule(
    "two letters or more out of letters, digits, `_`, `.` and `-`",
    "`my-app`",
    &[Text],
    container_name,
));

pub(crate) const TEXTS: Shape = List(&TEXT);
pub(crate) const DISTINCT_TEXTS: Shape = Distinct(&TEXT);
pub(crate) const TEXT_OR_TEXTS: Shape = Either(&[TEXT, TEXTS]);
pub(crate) const COMMAND: Shape = Either(&[Nothing, COMMAND_LINE, TEXTS]);
pub(crate) const HOSTS: Shape = Either(&[Distinct(&HOST), Names(&TEXT_OR_TEXTS)]);
pub(crate) const OPTIONS: Shape = Names(&TEXT_OR_NUMBER);
pub(crate) const ULIMITS: Shape = Names(&Either(&[WHOLE, Keys(&[must("soft", WHOLE), must("hard", WHOLE)])]));
pub(crate) const EXTERNAL: Shape = Either(&[SWITCH, Keys(&[key("name", TEXT)])]);

/// The permissions of a file; people write them in octal.
pub(crate) const MODE: Shape = One(&rule("permissions in octal", "`0440`", &[Text, Number], |_, text| {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit())
}));

pub(crate) const COUNT: Shape = One(&rule("a number, or `all`", "`all`", &[Text, Number], |kind, text| {
    text == "all" || whole(kind, text)
}));
