//! A TLS verifier that believes the platform, and remembers the certificates it did not believe in.
//!
//! A failed handshake leaves no certificate in the error; what the peer showed is what a person wants to see then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::Roots;

/// Verifies, and remembers what failed.
#[derive(Debug)]
pub(super) struct CertificateCapture {
    provider: Arc<CryptoProvider>,
    /// More roots than the platform's.
    extra: Roots,
    /// Made at the first handshake: reading the platform's roots takes milliseconds and fails where there are none.
    platform: OnceLock<Result<Verifier, Error>>,
    /// The leaf last refused, by server name.
    refused: Mutex<HashMap<String, Vec<u8>>>,
}

impl CertificateCapture {
    /// Believes the platform's roots and those in `extra`.
    pub(crate) fn new(extra: Roots) -> Arc<Self> {
        let provider = Arc::new(ring::default_provider());
        Arc::new(Self { provider, extra, platform: OnceLock::new(), refused: Mutex::default() })
    }

    /// A client's side of TLS that asks this witness.
    pub(crate) fn client(self: &Arc<Self>) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let dangerous = builder.with_safe_default_protocol_versions()?.dangerous();
        Ok(dangerous.with_custom_certificate_verifier(Arc::clone(self) as _).with_no_client_auth())
    }

    /// The leaf that `host` showed when it was last refused.
    pub(crate) fn refused(&self, host: &str) -> Option<Vec<u8>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    fn platform(&self) -> Result<&Verifier, Error> {
        let made = self
            .platform
            .get_or_init(|| Verifier::new_with_extra_roots(self.extra.0.clone(), Arc::clone(&self.provider)));
        made.as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for CertificateCapture {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .platform()
            .and_then(|platform| platform.verify_server_cert(leaf, intermediates, name, ocsp, now));
        if verified.is_err() {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.insert(name.to_str().into_owned(), leaf.to_vec());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Why TLS failed, in words for somebody who does not know the library's.
pub(super) fn words(error: &Error) -> String {
    let Error::InvalidCertificate(wrong) = error else { return error.to_string() };
    let words = match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name"
        }
        CertificateError::UnknownIssuer => {
            "the certificate's issuer is not trusted, or its chain is incomplete"
        }
        CertificateError::BadSignature => "the certificate was not signed by its issuer",
        _ => return error.to_string(),
    };
    words.to_owned()
}
