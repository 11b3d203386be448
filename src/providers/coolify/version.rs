//! Coolify's versions: which is too old, and from which on something can be asked.

use super::Coolify;
use crate::providers::ReadError;

/// A version of Coolify. One on the way to a release (`4.0.0-beta.463`) is older than the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    numbers: [u32; 3],
    stage: Stage,
}

/// How far a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Coming,
    Released,
}

impl Version {
    /// The oldest that Fabrik works with.
    pub const OLDEST: Self = Self::released(4, 0, 0);
    /// The first that gives a service's log, and with it the only sight of its container.
    pub const SERVICE_LOGS: Self = Self::released(4, 2, 0);
    /// The first with calls for the sub-resources of a service.
    pub const PARTS: Self = Self::released(4, 2, 0);

    const fn released(major: u32, minor: u32, patch: u32) -> Self {
        Self { numbers: [major, minor, patch], stage: Stage::Released }
    }

    /// Reads `4.3.11`, `v4.3.11`, `4.0.0-beta.420.7`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (numbers, stage) = match text.split_once('-') {
            Some((numbers, _)) => (numbers, Stage::Coming),
            None => (text, Stage::Released),
        };
        let numbers: Result<Vec<u32>, _> = numbers.split('.').map(str::parse).collect();
        Some(Self { numbers: numbers.ok()?.try_into().ok()?, stage })
    }

    /// Its line of releases, as `4.1`.
    pub fn line(self) -> String {
        let [major, minor, _] = self.numbers;
        format!("{major}.{minor}")
    }

    /// What is to be known before a Coolify of this version is worked with.
    pub fn concern(self) -> Option<String> {
        (self < Self::SERVICE_LOGS).then(|| {
            let line = self.line();
            format!(
                "Coolify {line} does not give service logs, so a failed start shows only when time is up; 4.2.0 \
                 and newer do"
            )
        })
    }
}

impl Coolify {
    /// The version, as `4.3.11`.
    ///
    /// # Errors
    /// [`ReadError::Refused`] below 4.0.0, [`ReadError::Misdirected`] for what is no version.
    pub async fn version(&self) -> Result<String, ReadError> {
        let response = self.get_raw("/version").await?;
        let text = String::from_utf8_lossy(response.body()).trim().trim_start_matches('v').to_owned();
        let _ = self.known.set(self.suitable(&text)?);
        Ok(text)
    }

    /// The same, to be compared; asked once.
    ///
    /// # Errors
    /// As [`version`](Self::version).
    pub async fn known(&self) -> Result<Version, ReadError> {
        match self.known.get() {
            Some(version) => Ok(*version),
            None => self.suitable(&self.version().await?),
        }
    }

    fn suitable(&self, text: &str) -> Result<Version, ReadError> {
        match Version::parse(text) {
            Some(version) if version >= Version::OLDEST => Ok(version),
            Some(_) => Err(ReadError::Refused {
                what: format!("Coolify {text}"),
                reason: "this version of Fabrik needs Coolify 4.0.0 or newer".to_owned(),
            }),
            None => Err(self.asked(&self.at("/version")).other("but something that tells no version")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_are_compared_as_numbers_and_a_beta_comes_before_its_release() {
        let ascending = ["3.12.36", "4.0.0-beta.463", "4.0.0", "4.1.2", "4.2.0-beta.1", "v4.2.0", "4.10.0"];
        assert!(ascending.is_sorted_by(|older, newer| version(older) < version(newer)));
    }

    #[test]
    fn what_is_no_version_is_not_taken_for_one() {
        for text in ["", "4", "4.3", "4.3.11.2", "<html>", "4.x.0", "-1.0.0"] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_versions_without_service_logs_are_of_concern() {
        assert!(version("4.1.2").concern().unwrap().contains("Coolify 4.1 does not give service logs"));
        assert_eq!(version("4.2.0").concern(), None);
    }
}
