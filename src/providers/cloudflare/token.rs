//! What a Cloudflare token is good for, as far as it can be told without writing anything.
//!
//! There is no call that tells whether it may write, so this is not known before the first record is written.

use serde_json::Value;

use super::{API, Cloudflare, results};
use crate::providers::ReadError;

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A user's, and active.
    User,
    /// An account's, or nobody's: asked about with a user's call, Cloudflare knows no such token. What it sees tells.
    Unknown(String),
}

impl Cloudflare {
    /// Whose the token is (Cloudflare API, token verification: it works for users' tokens only).
    ///
    /// # Errors
    /// [`ReadError`] when it is a user's and not active, or Cloudflare does not answer.
    pub async fn token(&self) -> Result<Owner, ReadError> {
        match self.read("/user/tokens/verify").await {
            Ok(body) => match body.unwrap_or_default()["result"]["status"].as_str() {
                Some("active") => Ok(Owner::User),
                status => {
                    let reason = format!("it is {}", status.unwrap_or("of unknown status"));
                    Err(ReadError::TokenRefused { api: API, reason })
                }
            },
            Err(ReadError::TokenRefused { reason, .. }) => Ok(Owner::Unknown(reason)),
            Err(trouble) => Err(trouble),
        }
    }

    /// The names of the zones that the token lists, the first fifty of them. One that is limited to a zone may see it
    /// without listing it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn zones(&self) -> Result<Vec<String>, ReadError> {
        let body: Value = self.read("/zones?per_page=50").await?.unwrap_or_default();
        Ok(results(&body).iter().filter_map(|zone| zone["name"].as_str()).map(str::to_owned).collect())
    }
}
