//! The addresses that are Cloudflare's own: behind one of them there is never an origin.

use std::net::Ipv4Addr;

use super::Cloudflare;
use crate::providers::Trouble;

impl Cloudflare {
    /// Whether `address` is one of Cloudflare's (`GET /ips`).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn owns(&self, address: Ipv4Addr) -> Result<bool, Trouble> {
        let body = self.read("/ips").await?.unwrap_or_default();
        let ranges = body["result"]["ipv4_cidrs"].as_array().into_iter().flatten();
        Ok(ranges.filter_map(|range| range.as_str()).any(|range| within(address, range)))
    }
}

/// Whether `address` lies in `range`, written `a.b.c.d/bits`; never in what is no range.
fn within(address: Ipv4Addr, range: &str) -> bool {
    let parsed = range.split_once('/').and_then(|(base, bits)| {
        let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?;
        Some((base.parse::<Ipv4Addr>().ok()?, bits))
    });
    let Some((base, bits)) = parsed else { return false };
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    address.to_bits() & mask == base.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_range_when_its_leading_bits_are() {
        let address = Ipv4Addr::new(104, 16, 132, 229);
        for (range, inside) in [
            ("104.16.0.0/13", true),
            ("104.24.0.0/14", false),
            ("0.0.0.0/0", true),
            ("104.16.132.229/32", true),
            ("104.16.132.228/32", false),
            ("104.16.0.0/33", false),
            ("nonsense", false),
        ] {
            assert_eq!(within(address, range), inside, "{range}");
        }
    }
}
