//! A certificate authority made on the spot: a root, what it signed to sign with, and leaves of all kinds.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server shows: its chain, leaf first, and the leaf's key.
pub struct Shown {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// A root, and one authority below it.
pub struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    below: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let root =
            CertifiedIssuer::self_signed(issuer("Fabrik Test Root"), KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let below = CertifiedIssuer::signed_by(issuer("Fabrik Test Authority"), key, &root).unwrap();
        Self { root, below }
    }

    /// The root, for those who trust it.
    pub fn pem(&self) -> String {
        self.root.pem()
    }

    /// A good chain for `name`, valid from so many days from now until so many.
    pub fn leaf(&self, name: &str, from: i64, until: i64) -> Shown {
        let key = KeyPair::generate().unwrap();
        let leaf = leaf(name, from, until).signed_by(&key, &self.below).unwrap();
        shown(vec![leaf.der().clone(), self.below.der().clone()], &key)
    }

    /// The same for the next 90 days, without what leads to the root.
    pub fn incomplete(&self, name: &str) -> Shown {
        let mut shown = self.leaf(name, -1, 90);
        shown.chain.truncate(1);
        shown
    }
}

/// A leaf that nobody but itself vouches for, as a proxy shows by default.
pub fn self_signed(name: &str) -> Shown {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf(name, -1, 90).self_signed(&key).unwrap();
    shown(vec![certificate.der().clone()], &key)
}

fn shown(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Shown {
    Shown { chain, key: PrivateKeyDer::try_from(key.serialize_der()).unwrap() }
}

fn issuer(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn leaf(name: &str, from: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let day = |days: i64| {
        let now = Timestamp::now().to_zoned_datetime(TimeZone::UTC);
        let date = now.checked_add(days.days()).unwrap().date();
        date_time_ymd(date.year().into(), date.month().try_into().unwrap(), date.day().try_into().unwrap())
    };
    (params.not_before, params.not_after) = (day(from), day(until));
    params
}
