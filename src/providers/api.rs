//! The two APIs by name, and the settings that lead to them.

/// One of the two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Coolify,
    Cloudflare,
}

impl Api {
    /// The setting that holds its base URL.
    pub fn url_setting(self) -> &'static str {
        match self {
            Self::Coolify => "COOLIFY_API_URL",
            Self::Cloudflare => "CLOUDFLARE_API_URL",
        }
    }

    /// The setting that holds its token.
    pub fn token_setting(self) -> &'static str {
        match self {
            Self::Coolify => "COOLIFY_API_TOKEN",
            Self::Cloudflare => "CLOUDFLARE_API_TOKEN",
        }
    }
}

impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Coolify => "Coolify",
            Self::Cloudflare => "Cloudflare",
        })
    }
}
