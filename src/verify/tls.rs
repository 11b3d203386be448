//! The certificate: is its chain good, is it for this name, and for how long?
//!
//! A proxy shows its default certificate until the real one is issued, so a bad one means "not yet" until the
//! deadline. Chain and time are judged by the transport, which refuses the handshake.

use super::site::{Site, clipped};
use super::{CheckResult, edge};
use crate::net::{Certificate, Response, SendError};

pub(super) async fn look(site: &Site<'_>) -> CheckResult {
    match site.get("/").await {
        Ok(Response { certificate: Some(certificate), .. }) => judge(site, &certificate),
        Ok(Response { certificate: None, .. }) => CheckResult::Retry("no certificate shown".to_owned()),
        Err(SendError::Tls { reason, certificate, .. }) => {
            let shown = certificate.map(|shown| format!(" ({})", described(&shown))).unwrap_or_default();
            let why = edge::handshake(site).map(|why| format!("; {why}")).unwrap_or_default();
            CheckResult::Retry(format!("pending: {}{shown}{why}", clipped(&reason)))
        }
        Err(error) => site.unanswered(&error),
    }
}

fn judge(site: &Site<'_>, certificate: &Certificate) -> CheckResult {
    let days = certificate.days_left(site.ports.clock.wall());
    if !certificate.covers(&site.target.host) {
        CheckResult::Retry(format!("pending: not for {} ({})", site.target.host, described(certificate)))
    } else if days < 0 {
        CheckResult::Retry(format!("pending: expired ({})", described(certificate)))
    } else {
        CheckResult::Pass(format!("{days} days, issued by {}", clipped(&certificate.issuer)))
    }
}

fn described(certificate: &Certificate) -> String {
    clipped(&format!("for {}, issued by {}", certificate.names.join(", "), certificate.issuer))
}
