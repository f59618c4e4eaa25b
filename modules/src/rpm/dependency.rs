//! What a package requires, provides or does not bear: names, some with a range of versions.

use std::cmp::Ordering;
use std::fmt;

use super::header::{Header, HeaderError};
use super::identity::{self, Version};
use super::tag;

/// Flags of a dependency (rpm's `rpmds.h`).
pub(crate) mod sense {
    pub(crate) const LESS: u32 = 1 << 1;
    pub(crate) const GREATER: u32 = 1 << 2;
    pub(crate) const EQUAL: u32 = 1 << 3;
    pub(crate) const RANGE: u32 = LESS | GREATER | EQUAL;
    pub(crate) const POSTTRANS: u32 = 1 << 5;
    pub(crate) const PREREQ: u32 = 1 << 6;
    pub(crate) const PRETRANS: u32 = 1 << 7;
    pub(crate) const SCRIPT_PRE: u32 = 1 << 9;
    pub(crate) const SCRIPT_POST: u32 = 1 << 10;
    pub(crate) const SCRIPT_PREUN: u32 = 1 << 11;
    pub(crate) const SCRIPT_POSTUN: u32 = 1 << 12;
    pub(crate) const MISSINGOK: u32 = 1 << 19;
    pub(crate) const PREUNTRANS: u32 = 1 << 20;
    pub(crate) const POSTUNTRANS: u32 = 1 << 21;
    pub(crate) const RPMLIB: u32 = 1 << 24;
    pub(crate) const KEYRING: u32 = 1 << 26;
    pub(crate) const META: u32 = 1 << 29;
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// A name, a path, or a boolean expression in parentheses.
    pub(crate) name: String,
    /// Its [`sense`].
    pub(crate) flags: u32,
    /// What the range is about; empty when there is none.
    pub(crate) version: Version,
}

/// The tags that one kind of dependency is in: names, flags, versions.
pub(crate) type Tags = [u32; 3];

pub(crate) const REQUIRES: Tags = [tag::REQUIRENAME, tag::REQUIREFLAGS, tag::REQUIREVERSION];
pub(crate) const PROVIDES: Tags = [tag::PROVIDENAME, tag::PROVIDEFLAGS, tag::PROVIDEVERSION];
pub(crate) const CONFLICTS: Tags = [tag::CONFLICTNAME, tag::CONFLICTFLAGS, tag::CONFLICTVERSION];
pub(crate) const OBSOLETES: Tags = [tag::OBSOLETENAME, tag::OBSOLETEFLAGS, tag::OBSOLETEVERSION];

impl Dependency {
    /// Reads all of one kind.
    pub(crate) fn read(header: &Header, tags: Tags) -> Result<Vec<Self>, HeaderError> {
        let [names, flags, versions] = tags;
        let (name, flag, version) = (
            header.texts(names),
            header.flags(flags),
            header.texts(versions),
        );
        let wanted = name.len();
        for (tag, found) in [(flags, flag.len()), (versions, version.len())] {
            // Provides without a version have neither in the oldest packages.
            if found != wanted && found != 0 {
                return Err(HeaderError::Count { tag, found, wanted });
            }
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(name
            .iter()
            .enumerate()
            .map(|(i, name)| Self {
                name: text(name),
                flags: flag.get(i).copied().unwrap_or(0),
                version: Version::parse(&text(version.get(i).copied().unwrap_or_default())),
            })
            .collect())
    }

    /// Returns whether it is an expression, such as `(a or b)`.
    pub(crate) fn is_rich(&self) -> bool {
        self.name.starts_with('(')
    }

    /// Returns whether the two ranges have a version in common; the names are not looked at.
    ///
    /// rpm's `rpmverOverlap`: a side without a range stands for all versions, and one without a
    /// release for all of its releases.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.flags & sense::RANGE, other.flags & sense::RANGE);
        if a == 0 || b == 0 || self.version.version.is_empty() || other.version.version.is_empty() {
            return true;
        }
        let (v, w) = (&self.version, &other.version);
        let epoch = |v: &Version| if v.epoch.is_empty() { "0" } else { &v.epoch }.to_owned();
        let mut order = identity::compare(&epoch(v), &epoch(w));
        order = order.then_with(|| identity::compare(&v.version, &w.version));
        if order == Ordering::Equal {
            match (v.release.is_empty(), w.release.is_empty()) {
                (false, false) => order = identity::compare(&v.release, &w.release),
                (true, false) if a & sense::EQUAL != 0 => return true,
                (false, true) if b & sense::EQUAL != 0 => return true,
                _ => {}
            }
        }
        let (less, greater, equal) = (sense::LESS, sense::GREATER, sense::EQUAL);
        match order {
            Ordering::Less => a & greater != 0 || b & less != 0,
            Ordering::Greater => a & less != 0 || b & greater != 0,
            Ordering::Equal => a & b & (less | greater | equal) != 0,
        }
    }

    /// Returns whether it only matters while the package is installed, so that the database does
    /// not list it (rpm's `isTransientReq`).
    pub(crate) fn is_transient(flags: u32) -> bool {
        use sense::*;
        let install = PRETRANS | POSTTRANS | SCRIPT_PRE | SCRIPT_POST | RPMLIB | KEYRING;
        let erase = SCRIPT_PREUN | SCRIPT_POSTUN | PREUNTRANS | POSTUNTRANS;
        flags & install != 0 && flags & erase == 0 && flags & META == 0
    }

    /// Returns whether a script of the package needs it, so that it must be installed before.
    pub(crate) fn is_hard(&self) -> bool {
        self.flags & (sense::PREREQ | sense::SCRIPT_PRE | sense::SCRIPT_POST) != 0
    }
}

/// `libfoo.so.1()(64bit)`, `foo >= 1.0-1`.
impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.flags & sense::RANGE == 0 || self.version == Version::default() {
            return Ok(());
        }
        f.write_str(" ")?;
        for (bit, sign) in [
            (sense::LESS, "<"),
            (sense::GREATER, ">"),
            (sense::EQUAL, "="),
        ] {
            if self.flags & bit != 0 {
                f.write_str(sign)?;
            }
        }
        write!(f, " {}", self.version)
    }
}

/// Reads a range as it is written: `>= 1.0`.
pub(crate) fn sense_of(sign: &str) -> Option<u32> {
    Some(match sign {
        "<" => sense::LESS,
        "<=" => sense::LESS | sense::EQUAL,
        "=" => sense::EQUAL,
        ">=" => sense::GREATER | sense::EQUAL,
        ">" => sense::GREATER,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `>= 1:2-3`.
    fn range(text: &str) -> Dependency {
        let (sign, version) = text.split_once(' ').unwrap_or_default();
        Dependency {
            name: "x".to_owned(),
            flags: sense_of(sign).unwrap_or(0),
            version: Version::parse(version),
        }
    }

    #[test]
    fn ranges() {
        for (a, b, want) in [
            ("", "= 1-1", true),
            ("= 1-1", "", true),
            ("= 1-1", "= 1-1", true),
            ("= 1-1", "= 1-2", false),
            ("= 1-2", "= 1", true),
            ("= 1-2", ">= 1", true),
            ("= 1-2", "> 1", false),
            ("= 1-2", "< 1", false),
            ("= 1", "> 1", false),
            ("= 1", ">= 1", true),
            ("= 2-1", "< 1", false),
            ("= 2-1", ">= 1", true),
            ("= 1:1-1", "= 1-1", false),
            ("= 0:1-1", "= 1-1", true),
            ("= 1:1-1", ">= 2", true),
            ("= 1.10-1", "> 1.9", true),
            ("= 1.0~rc1-1", "< 1.0-1", true),
            ("= 1.0^git1-1", "> 1.0-1", true),
            ("< 2", "> 3", false),
            ("< 3", "> 2", true),
            ("<= 2", ">= 2", true),
            ("< 2-1", ">= 2-1", false),
        ] {
            assert_eq!(range(a).overlaps(&range(b)), want, "{a} and {b}");
            assert_eq!(range(b).overlaps(&range(a)), want, "{b} and {a}");
        }
    }

    #[test]
    fn shown() {
        let mut dependency = range(">= 1:2-3");
        assert_eq!(dependency.to_string(), "x >= 1:2-3");
        dependency.flags = 0;
        assert_eq!(dependency.to_string(), "x");
    }
}
