//! Questions to name servers, and words for their answers.

use std::net::IpAddr;

use super::site::Site;
use crate::net::{QueryType, Question, ResolveError};

/// The addresses of `name`: IPv4, or IPv6 where there is none.
pub(super) async fn addresses(
    site: &Site<'_>,
    name: &str,
    server: Option<&String>,
) -> Result<Vec<IpAddr>, ResolveError> {
    match ask(site, name, QueryType::A, server).await {
        Err(ResolveError::Nothing) => {
            ask(site, name, QueryType::Aaaa, server).await.map(|seen| parsed(&seen))
        }
        seen => seen.map(|seen| parsed(&seen)),
    }
}

pub(super) async fn ask(
    site: &Site<'_>,
    name: &str,
    record_type: QueryType,
    server: Option<&String>,
) -> Result<Vec<String>, ResolveError> {
    let question = Question { name: name.to_owned(), record_type, server: server.cloned() };
    let answers = site.ports.resolver.ask(&question).await?;
    Ok(answers.into_iter().map(|answer| answer.value).collect())
}

pub(super) fn parsed(answers: &[String]) -> Vec<IpAddr> {
    answers.iter().filter_map(|answer| answer.parse().ok()).collect()
}

pub(super) fn words(seen: &Result<Vec<IpAddr>, ResolveError>) -> String {
    match seen {
        Ok(addresses) if addresses.is_empty() => ResolveError::Nothing.to_string(),
        Ok(addresses) => addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", "),
        Err(error) => error.to_string(),
    }
}
