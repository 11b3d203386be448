//! Why a read gave nothing to go by, sorted by what the reader can do.

/// Why a provider could not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The API does not accept the token, or not for this.
    #[error("{api} refused the token: {reason}")]
    TokenRefused {
        /// Which API.
        api: &'static str,
        /// In its words.
        reason: String,
    },
    /// No token was given, because nothing that was asked for seemed to need one.
    #[error("{api} has to be asked, and {variable} is not set")]
    NoToken {
        /// Which API.
        api: &'static str,
        /// The environment variable that would carry it.
        variable: &'static str,
    },
    /// The API said no.
    #[error("{what}: {reason}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The API could not be reached, or only answered with errors.
    #[error("{api} could not be reached: {reason}")]
    Unreachable {
        /// Which API.
        api: &'static str,
        /// What was seen.
        reason: String,
    },
    /// The API answered something else than it should.
    #[error("{api} answered what this version cannot read: {reason}")]
    Unintelligible {
        /// Which API.
        api: &'static str,
        /// What was missing.
        reason: String,
    },
    /// The token sees another team or zone than the one planned for.
    #[error("{api} shows {now}, the plan was made for {planned}")]
    Elsewhere {
        /// Which API.
        api: &'static str,
        /// What it shows.
        now: String,
        /// What it should show.
        planned: String,
    },
}
