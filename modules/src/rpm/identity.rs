//! What a package is called: name, epoch, version, release, architecture.

use std::cmp::Ordering;
use std::fmt;

use rpm_version::Evr;

use super::header::{Header, HeaderError};
use super::tag;

/// A version as it is compared: epoch, version, release, any of which may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Version {
    pub(crate) epoch: String,
    pub(crate) version: String,
    pub(crate) release: String,
}

impl Version {
    /// Reads `EPOCH:VERSION-RELEASE`, without epoch or release where there is none.
    pub(crate) fn parse(text: &str) -> Self {
        let (epoch, version, release) = Evr::parse_values(text);
        Self {
            epoch: epoch.to_owned(),
            version: version.to_owned(),
            release: release.to_owned(),
        }
    }

    /// Returns which is newer; no epoch is epoch 0.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let evr = |v: &Self| Evr::new(v.epoch.clone(), v.version.clone(), v.release.clone());
        evr(self).cmp(&evr(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.epoch.is_empty() {
            write!(f, "{}:", self.epoch)?;
        }
        f.write_str(&self.version)?;
        if !self.release.is_empty() {
            write!(f, "-{}", self.release)?;
        }
        Ok(())
    }
}

/// Compares two texts as versions alone.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    Evr::new("", a, "").cmp(&Evr::new("", b, ""))
}

/// Which package it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) arch: String,
}

impl Identity {
    /// Reads the tags of a header. Old keys in the database have no architecture.
    pub(crate) fn read(header: &Header) -> Result<Self, HeaderError> {
        let text = |number| {
            let text = header.text(number).filter(|text| !text.is_empty());
            let text = text.and_then(|text| std::str::from_utf8(text).ok());
            // Messages are of one line, and so are lists of packages.
            let text = text.filter(|text| !text.contains(char::is_control));
            text.map(str::to_owned).ok_or(HeaderError::Missing(number))
        };
        let epoch = header.numbers(tag::EPOCH).first().map(u64::to_string);
        Ok(Self {
            name: text(tag::NAME)?,
            version: Version {
                epoch: epoch.unwrap_or_default(),
                version: text(tag::VERSION)?,
                release: text(tag::RELEASE)?,
            },
            arch: text(tag::ARCH).unwrap_or_default(),
        })
    }
}

/// `hello-1.0-1.x86_64`, with the epoch where there is one.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.version)?;
        if !self.arch.is_empty() {
            write!(f, ".{}", self.arch)?;
        }
        Ok(())
    }
}
