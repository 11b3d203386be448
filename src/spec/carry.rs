//! What an env value must be like to reach the container unchanged.
//!
//! Judges the expanded value, so it is asked twice: by the spec where the file alone decides, and again by whoever has
//! looked the variables up.

/// Why Coolify 4.3.11 cannot carry a value; never the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncarriable {
    /// Coolify cuts it off.
    #[error("starts or ends with white space, which Coolify cuts off")]
    OuterSpace,
    /// Neither of Coolify's two ways of quoting keeps both.
    #[error("holds both `'` and `$`, which Coolify cannot carry together")]
    QuoteAndDollar,
    /// No environment has it.
    #[error("holds a NUL character, which no environment can carry")]
    Nul,
}

impl Uncarriable {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::OuterSpace => "cut it off, or write the value in base64 and let the app decode it",
            Self::QuoteAndDollar | Self::Nul => "write it in base64 and let the app decode it",
        }
    }
}

/// Judges an expanded value.
///
/// # Errors
/// Why Coolify cannot carry it.
pub fn carriable(value: &str) -> Result<(), Uncarriable> {
    if value.trim() != value {
        return Err(Uncarriable::OuterSpace);
    }
    if value.contains('\'') && value.contains('$') {
        return Err(Uncarriable::QuoteAndDollar);
    }
    if value.contains('\0') { Err(Uncarriable::Nul) } else { Ok(()) }
}
