//! The name: do the zone's own name servers give the address that was set?
//!
//! They are asked first and all of them must agree. The system's resolver is asked once they do, and only shown:
//! asked earlier it would remember for half an hour that there was nothing. None is asked where a person says what
//! the name leads to, for then they would be proved wrong or right about another place than the one looked at.

use super::site::Site;
use super::{Look, Target};
use crate::wire::{Answer, Question, RecordType, ResolveError};

pub(super) async fn look(site: &Site<'_>) -> Look {
    let Target { address, name_servers, .. } = site.target;
    if let Some(place) = site.pinned() {
        return Look::Good(format!("skipped: {} was given as the address", place.ip()));
    }
    if name_servers.is_empty() {
        let seen = ask(site, None).await;
        return if shows(&seen, site.target) {
            Look::Good(format!("{address}, by this machine's resolver"))
        } else {
            Look::NotYet(format!("{}, by this machine's resolver", words(&seen)))
        };
    }
    for server in name_servers {
        let seen = ask(site, Some(server)).await;
        if !shows(&seen, site.target) {
            return Look::NotYet(format!("{}, by {server}; waiting for {address}", words(&seen)));
        }
    }
    let local = ask(site, None).await;
    let here =
        if shows(&local, site.target) { "too".to_owned() } else { format!("still says {}", words(&local)) };
    Look::Good(format!("{address}, by {}; this machine's resolver {here}", name_servers.join(" and ")))
}

async fn ask(site: &Site<'_>, server: Option<&String>) -> Result<Vec<Answer>, ResolveError> {
    let question =
        Question { name: site.target.host.clone(), record_type: RecordType::A, server: server.cloned() };
    site.outside.resolver.ask(&question).await
}

fn shows(seen: &Result<Vec<Answer>, ResolveError>, target: &Target) -> bool {
    let wanted = target.address.to_string();
    seen.as_ref().is_ok_and(|answers| answers.iter().any(|answer| answer.value == wanted))
}

fn words(seen: &Result<Vec<Answer>, ResolveError>) -> String {
    match seen {
        Ok(answers) if answers.is_empty() => ResolveError::Nothing.to_string(),
        Ok(answers) => answers.iter().map(|answer| answer.value.as_str()).collect::<Vec<_>>().join(", "),
        Err(error) => error.to_string(),
    }
}
