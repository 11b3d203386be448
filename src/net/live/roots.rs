//! Certificates that a person trusts beside the platform's roots.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// More roots than the platform's; by default none.
#[derive(Debug, Clone, Default)]
pub struct Roots(pub(super) Vec<CertificateDer<'static>>);

/// Why a text gives no roots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRoots {
    /// There is no certificate in it.
    #[error("holds no certificate in PEM")]
    Nothing,
    /// One of them cannot be read.
    #[error("holds something that is no certificate: {0}")]
    Unreadable(String),
}

impl Roots {
    /// The certificates in `pem`; what else is there, such as keys, is passed over.
    ///
    /// # Errors
    /// [`BadRoots`] unless there is one at least, and all of them can be read.
    pub fn of_pem(pem: &[u8]) -> Result<Self, BadRoots> {
        let unreadable = |error: &dyn std::fmt::Display| BadRoots::Unreadable(error.to_string());
        let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let found = found.map_err(|error| unreadable(&error))?;
        let mut store = RootCertStore::empty();
        for certificate in &found {
            store.add(certificate.clone()).map_err(|error| unreadable(&error))?;
        }
        if found.is_empty() { Err(BadRoots::Nothing) } else { Ok(Self(found)) }
    }
}
