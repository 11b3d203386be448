//! Places that a person gives for names, whatever the DNS says: `HOST:PORT:ADDR`, as for curl's `--resolve`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Answer, Ports, Question, ResolveError, Resolver};

/// Where one host is, for one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOverride {
    /// The host in lower case, or `*` for any.
    pub host: String,
    /// The port it is asked for at.
    pub port: u16,
    /// Where to connect instead.
    pub address: SocketAddr,
}

/// Why a text is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// Something is missing.
    #[error("write HOST:PORT:ADDR")]
    Incomplete,
    /// The first part is no host.
    #[error("`{0}` is neither a host name nor `*`")]
    Host(String),
    /// The second part is no port.
    #[error("`{0}` is not a port from 1 to 65535")]
    Port(String),
    /// The rest is no address.
    #[error("`{0}` is not an IP address")]
    Address(String),
}

impl FromStr for HostOverride {
    type Err = BadPin;

    fn from_str(text: &str) -> Result<Self, BadPin> {
        let (host, rest) = text.split_once(':').ok_or(BadPin::Incomplete)?;
        let (number, place) = rest.split_once(':').ok_or(BadPin::Incomplete)?;
        let is_name = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if host.is_empty() || (host != "*" && !is_name(host)) {
            return Err(BadPin::Host(host.to_owned()));
        }
        let port = number.parse().ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| BadPin::Port(number.to_owned()))?;
        let address = address(place).ok_or_else(|| BadPin::Address(place.to_owned()))?;
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        Ok(Self { host, port, address: SocketAddr::new(address, port) })
    }
}

fn address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse().map(|address: Ipv6Addr| address.into()).ok(),
        None => text.parse().ok(),
    }
}

/// A resolver that knows of places given by a person.
pub struct Pinned {
    inner: Arc<dyn Resolver>,
    pins: Vec<HostOverride>,
}

impl Pinned {
    /// The same outside, with `pins`. Of several for one host the last counts, and any of them more than `*`.
    #[must_use]
    pub fn over(ports: Ports, pins: Vec<HostOverride>) -> Ports {
        let inner = ports.resolver;
        Ports { resolver: Arc::new(Self { inner, pins }), ..ports }
    }
}

#[async_trait]
impl Resolver for Pinned {
    async fn ask(&self, question: &Question) -> Result<Vec<Answer>, ResolveError> {
        self.inner.ask(question).await
    }

    fn pinned(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let of = |name: &str| self.pins.iter().rev().find(|pin| pin.host == name && pin.port == port);
        of(&host.to_ascii_lowercase()).or_else(|| of("*")).map(|pin| pin.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::simulated::NoNames;

    #[test]
    fn a_host_a_port_and_an_address_are_a_pin() {
        for (text, host, address) in [
            ("blog.example.com:443:203.0.113.7", "blog.example.com", "203.0.113.7:443"),
            ("Blog.Example.COM.:8443:127.0.0.1", "blog.example.com", "127.0.0.1:8443"),
            ("*:443:[2001:db8::1]", "*", "[2001:db8::1]:443"),
            ("my_host:443:2001:db8::1", "my_host", "[2001:db8::1]:443"),
        ] {
            let pin: HostOverride = text.parse().expect(text);
            assert_eq!((pin.host.as_str(), pin.address.to_string().as_str()), (host, address));
        }
    }

    #[test]
    fn anything_else_is_told_by_the_part_that_is_wrong() {
        for (text, told) in [
            ("", "write HOST:PORT:ADDR"),
            ("blog.example.com", "write HOST:PORT:ADDR"),
            ("blog.example.com:443", "write HOST:PORT:ADDR"),
            (":443:127.0.0.1", "`` is neither a host name nor `*`"),
            ("https://blog.example.com:443:127.0.0.1", "`//blog.example.com` is not a port from 1 to 65535"),
            ("bl og:443:127.0.0.1", "`bl og` is neither a host name nor `*`"),
            ("*.example.com:443:127.0.0.1", "`*.example.com` is neither a host name nor `*`"),
            ("blog:0:127.0.0.1", "`0` is not a port from 1 to 65535"),
            ("blog:65536:127.0.0.1", "`65536` is not a port from 1 to 65535"),
            ("blog:443:", "`` is not an IP address"),
            ("blog:443:elsewhere", "`elsewhere` is not an IP address"),
            ("blog:443:127.0.0.1:80", "`127.0.0.1:80` is not an IP address"),
            ("blog:443:[127.0.0.1]", "`[127.0.0.1]` is not an IP address"),
            ("blog:443:[::1", "`[::1` is not an IP address"),
        ] {
            let bad = text.parse::<HostOverride>().expect_err(text);
            assert_eq!(bad.to_string(), told, "{text}");
        }
    }

    #[test]
    fn the_last_pin_of_a_host_counts_and_any_of_them_more_than_the_star() {
        let pin = |text: &str| text.parse().expect(text);
        let pins = ["*:443:10.0.0.1", "blog:443:10.0.0.2", "Blog:443:10.0.0.3", "*:80:10.0.0.4"].map(pin);
        let pinned = Pinned { inner: Arc::new(NoNames), pins: pins.to_vec() };
        let place = |host: &str, port: u16| pinned.pinned(host, port).map(|place| place.to_string());
        assert_eq!(place("BLOG", 443).as_deref(), Some("10.0.0.3:443"));
        assert_eq!(place("shop", 443).as_deref(), Some("10.0.0.1:443"));
        assert_eq!(place("blog", 80).as_deref(), Some("10.0.0.4:80"));
        assert_eq!(place("blog", 8080), None);
    }
}
