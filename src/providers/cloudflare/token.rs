//! What a Cloudflare token is good for, as far as it can be told without writing anything.

use serde_json::Value;

use super::{API, Cloudflare, results};
use crate::providers::Trouble;

impl Cloudflare {
    /// Whether the token is alive, in words. One that belongs to an account cannot be asked about here, and is judged
    /// by what it sees (Cloudflare API, token verification).
    ///
    /// # Errors
    /// [`Trouble`] when it is not, or Cloudflare does not answer.
    pub async fn token(&self) -> Result<String, Trouble> {
        match self.read("/user/tokens/verify").await {
            Ok(body) => match body.unwrap_or_default()["result"]["status"].as_str() {
                Some("active") => Ok("the token is active".to_owned()),
                status => Err(Trouble::TokenRefused {
                    api: API,
                    reason: format!("the token is {}", status.unwrap_or("of unknown status")),
                }),
            },
            Err(Trouble::TokenRefused { reason, .. }) if !self.zones().await?.is_empty() => {
                Ok(format!("an account's token, which sees zones ({reason})"))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The names of the zones that the token lists, the first fifty of them.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn zones(&self) -> Result<Vec<String>, Trouble> {
        let body: Value = self.read("/zones?per_page=50").await?.unwrap_or_default();
        Ok(results(&body).iter().filter_map(|zone| zone["name"].as_str()).map(str::to_owned).collect())
    }
}
