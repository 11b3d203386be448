//! One secret value.
//!
//! Wiped from memory when dropped; shown as `***` by every way of printing there is. Does not know its name or origin.

use std::fmt;

use zeroize::Zeroizing;

/// A value that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value out of sight.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// Hands out the value, to be sent or hashed and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Makes up a secret: 32 characters `[A-Za-z0-9]`, each equally likely, from the operating system's generator.
pub fn generate() -> Secret {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // 248 is the largest multiple of 62 in a byte; taking the rest of larger ones would favour some letters.
    const FAIR: u8 = 248;
    let mut value = Zeroizing::new(String::with_capacity(32));
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while value.len() < 32 {
        getrandom::fill(bytes.as_mut_slice()).expect("the operating system has a random generator");
        let fair = bytes.iter().filter(|byte| **byte < FAIR).take(32 - value.len());
        value.extend(fair.map(|byte| char::from(LETTERS[usize::from(byte % 62)])));
    }
    Secret(value)
}
