//! What a spec may ask for and this version does not do: refused by name, never silently ignored.
//!
//! The one list of it. Keys that are not even read are refused by the spec itself.

use super::Obstacle;
use crate::spec::{RecordType, Source, Spec};

/// Everything in the spec that this version does not do, each with its key.
///
/// # Errors
/// [`Obstacle`], one for each.
pub fn refuse(spec: &Spec) -> Result<(), Vec<Obstacle>> {
    let dns = &spec.dns;
    let is_application = matches!(spec.source, Source::Image { .. } | Source::Git(_));
    let later = [
        // A volume's row carries no mark, and neither its answer nor its name at Coolify is known well enough to tell
        // one of ours from another's.
        ("`volumes` of an `image` or `git` app", is_application && !spec.volumes.is_empty()),
        ("`dns.type: AAAA` without a target", dns.target.is_none() && dns.kind == Some(RecordType::Aaaa)),
    ];
    let refused: Vec<Obstacle> = later
        .into_iter()
        .filter(|(_, asked)| *asked)
        .map(|(what, _)| Obstacle::new(format!("{what} is not supported by this version"), "leave it out"))
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}
