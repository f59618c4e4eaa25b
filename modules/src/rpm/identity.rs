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

impl Identity {
    /// Returns what of it has a character that rpmbuild refuses, or begins as nothing may.
    pub(crate) fn unsound(&self) -> Option<&str> {
        let Version {
            version, release, ..
        } = &self.version;
        let is_sound = |text: &str, also: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
        };
        let begins = |c: char| c.is_ascii_alphanumeric() || "_%".contains(c);
        let is_name = self.name.starts_with(begins) && is_sound(&self.name, "-._+%{}");
        match () {
            () if !is_name => Some(&self.name),
            () if !is_sound(version, "._+%{}~^") => Some(version),
            () if !is_sound(release, "._+%{}~^") => Some(release),
            () if !is_sound(&self.arch, "._-") => Some(&self.arch),
            () => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_rpmbuild_makes() {
        for (name, version, want) in [
            ("gcc-c++", "1.0~rc1^git.2", None),
            ("_x.y", "1", None),
            ("%{name}", "1", None),
            ("-x", "1", Some("-x")),
            ("/x", "1", Some("/x")),
            ("a b", "1", Some("a b")),
            ("a\n", "1", Some("a\n")),
            ("\u{1b}a", "1", Some("\u{1b}a")),
            ("\u{e4}", "1", Some("\u{e4}")),
            ("a", "1-2", Some("1-2")),
            ("a", "1/2", Some("1/2")),
        ] {
            let identity = Identity {
                name: name.to_owned(),
                version: Version::parse(""),
                arch: "noarch".to_owned(),
            };
            let version = Version {
                version: version.to_owned(),
                ..identity.version.clone()
            };
            let identity = Identity {
                version,
                ..identity
            };
            assert_eq!(identity.unsound(), want);
        }
    }
}
