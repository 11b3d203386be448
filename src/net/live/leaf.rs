//! A leaf certificate, read from its DER bytes.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::net::Certificate;

/// What a person needs of it; `None` where it cannot be read.
pub(super) fn read(der: &[u8]) -> Option<Certificate> {
    let (_, leaf) = X509Certificate::from_der(der).ok()?;
    let validity = leaf.validity();
    Some(Certificate {
        names: names(&leaf),
        issuer: issuer(&leaf),
        not_before: Timestamp::from_second(validity.not_before.timestamp()).ok()?,
        not_after: Timestamp::from_second(validity.not_after.timestamp()).ok()?,
    })
}

fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = leaf.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    names.collect()
}

fn issuer(leaf: &X509Certificate<'_>) -> String {
    let common = leaf.issuer().iter_common_name().find_map(|name| name.as_str().ok());
    common.map_or_else(|| leaf.issuer().to_string(), str::to_owned)
}
