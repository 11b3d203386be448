//! What a spec may ask for and this version does not do: refused by name, never silently ignored.
//!
//! The one list of it. Keys that are not even read are refused by the spec itself.

use super::Blocker;
use crate::spec::{ManagedDns, RecordType, Spec};

/// Everything in the spec that this version does not do, each with its key.
///
/// # Errors
/// [`Blocker`], one for each.
pub(crate) fn refuse(spec: &Spec) -> Result<(), Vec<Blocker>> {
    let guessed = |dns: &ManagedDns| dns.target.is_none() && dns.kind == Some(RecordType::Aaaa);
    let later = [("`dns.type: AAAA` without a target", spec.dns.managed().is_some_and(guessed))];
    let refused: Vec<Blocker> = later
        .into_iter()
        .filter(|(_, asked)| *asked)
        .map(|(what, _)| Blocker::new(format!("{what} is not supported by this version"), "leave it out"))
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}
