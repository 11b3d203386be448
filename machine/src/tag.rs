//! The ownership tag that a resource carries from the request that creates it, so that it can be told from everybody
//! else's after the answer was lost.
//!
//! Short and plain enough for the narrowest carriers: a Cloudflare comment on the Free plan (100 characters)
//! and a Coolify project description (no colon, no brackets).

use serde::{Deserialize, Serialize};

use crate::id::{JournalId, RunId};
use crate::step::Step;

/// Who made a resource: which run, at which step, by which journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OwnershipTag {
    /// The run whose request created the resource.
    pub run: RunId,
    /// The step it was created for.
    pub step: Step,
    /// The journal that recorded the intent.
    pub journal: JournalId,
}

impl OwnershipTag {
    /// Reads an ownership tag out of a comment or description; anything else is nobody's or somebody else's.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim().split(' ');
        let tag = match (words.next(), words.next(), words.next(), words.next(), words.next()) {
            (Some("fabrik"), Some(run), Some(step), Some(journal), None) => Self {
                run: RunId::try_from(run.strip_prefix("r=")?.to_owned()).ok()?,
                step: Step::named(step.strip_prefix("s=")?)?,
                journal: JournalId::try_from(journal.strip_prefix("j=")?.to_owned()).ok()?,
            },
            _ => return None,
        };
        Some(tag)
    }
}

impl std::fmt::Display for OwnershipTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fabrik r={} s={} j={}", self.run, self.step, self.journal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_fits_every_carrier_and_reads_back() {
        for step in Step::KINDS.into_iter().chain([Step::Dns(254), Step::Proxy(9)]) {
            let tag =
                OwnershipTag { run: RunId::from_bits(u128::MAX), step, journal: JournalId::from_bits(7) };
            let text = tag.to_string();
            assert!(text.len() <= 100, "{text}");
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || " =-".contains(c)));
            assert_eq!(OwnershipTag::parse(&text), Some(tag));
        }
    }

    #[test]
    fn a_text_that_only_resembles_a_mark_is_none() {
        let tag =
            OwnershipTag { run: RunId::from_bits(1), step: Step::Dns(0), journal: JournalId::from_bits(2) };
        for text in [format!("{tag} too"), tag.to_string().to_uppercase(), "fabrik".into(), String::new()] {
            assert_eq!(OwnershipTag::parse(&text), None, "{text}");
        }
    }
}
