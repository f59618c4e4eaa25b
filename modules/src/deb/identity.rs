//! Which package something is.

use std::fmt;

use super::version::Version;

/// Name, version and architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: Version,
    /// `all` for what runs anywhere.
    pub(crate) arch: String,
    pub(crate) multi: Multi,
}

/// How a package and its like of another architecture go together (`Multi-Arch`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Multi {
    #[default]
    No,
    /// Both can be there.
    Same,
    /// Either serves packages of both.
    Foreign,
    /// A package can ask for any by `:any`.
    Allowed,
}

impl Multi {
    /// Reads the value of the field; none is `no`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match &*text.to_ascii_lowercase() {
            "" | "no" => Self::No,
            "same" => Self::Same,
            "foreign" => Self::Foreign,
            "allowed" => Self::Allowed,
            _ => return None,
        })
    }
}

impl Identity {
    /// Returns what the files in dpkg's folder `info` begin with, and what its lists of triggers
    /// call the package.
    pub(crate) fn file_name(&self) -> String {
        match self.multi {
            Multi::Same => format!("{}:{}", self.name, self.arch),
            _ => self.name.clone(),
        }
    }

    /// Returns what dpkg's list of packages calls it in an image for an architecture (dpkg's
    /// `pnaw_nonambig`).
    pub(crate) fn label(&self, native: &str) -> String {
        let is_own = self.arch == native || self.arch == "all";
        match self.multi == Multi::Same || !is_own {
            true => format!("{}:{}", self.name, self.arch),
            false => self.name.clone(),
        }
    }

    /// Returns whether it and another one cannot both be there.
    pub(crate) fn excludes(&self, other: &Self) -> bool {
        let both = self.multi == Multi::Same && other.multi == Multi::Same;
        self.name == other.name && (!both || self.arch == other.arch)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.name, self.version, self.arch)
    }
}

/// Returns whether packages can have a name (Debian Policy 5.6.7, and capitals, which dpkg takes
/// for small letters).
pub(crate) fn is_name(name: &str) -> bool {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_sound)
}

/// Returns whether architectures can have a name.
pub(crate) fn is_arch(name: &str) -> bool {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_sound)
}
