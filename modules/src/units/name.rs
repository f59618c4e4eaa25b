//! Names of units: `ssh.service`, the template `getty@.service`, its instance
//! `getty@tty1.service`. See systemd.unit(5).

use std::fmt;

use super::UnitError;

/// The sorts of units.
const TYPES: [&str; 11] = [
    "service",
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
    "slice",
    "scope",
];

/// The longest name, in bytes.
const LONGEST: usize = 255;

/// A name that a unit can have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnitName(String);

impl UnitName {
    /// Reads a name; without an ending it is a service.
    pub(crate) fn parse(text: &str) -> Result<Self, UnitError> {
        let known = |text: &str| {
            let ending = text.rsplit_once('.').map(|(_, ending)| ending);
            ending.is_some_and(|ending| TYPES.contains(&ending))
        };
        let name = if known(text) {
            text.to_owned()
        } else {
            format!("{text}.service")
        };
        Self::checked(name)
    }

    /// Takes a name that must have its ending.
    pub(crate) fn checked(name: String) -> Result<Self, UnitError> {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
        let stem = name.rsplit_once('.');
        let why = match stem {
            Some((_, ending)) if !TYPES.contains(&ending) => "its ending is no sort of unit",
            None => "it has no ending such as .service",
            Some((stem, _)) if stem.is_empty() || stem.starts_with('@') => "it is empty",
            _ if name.len() > LONGEST => "it is longer than 255 bytes",
            _ if name.contains('/') => "it is a path; units are found by name",
            _ if !name.chars().all(is_letter) => "letters, digits and : - _ . @ \\ are allowed",
            _ => return Ok(Self(name)),
        };
        Err(UnitError::Name { name, why })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns the ending: `service`.
    pub(crate) fn kind(&self) -> &str {
        self.parts().2
    }

    /// Returns what is before `@`, or before the ending.
    pub(super) fn prefix(&self) -> &str {
        self.parts().0
    }

    /// Returns what is between `@` and the ending; nothing when there is no `@`.
    pub(super) fn instance(&self) -> Option<&str> {
        self.parts().1
    }

    /// Returns whether it is a template: an `@` with nothing behind it.
    pub(super) fn is_template(&self) -> bool {
        self.instance() == Some("")
    }

    /// Returns the template of an instance.
    pub(super) fn template(&self) -> Option<Self> {
        let instance = self.instance()?;
        (!instance.is_empty()).then(|| self.with_instance(""))
    }

    /// Returns the same name with another instance.
    pub(super) fn with_instance(&self, instance: &str) -> Self {
        Self(format!("{}@{instance}.{}", self.prefix(), self.kind()))
    }

    /// Returns the instance of `other` that this one is of its own template; or `other`.
    pub(super) fn as_instance_of(&self, other: &Self) -> Self {
        match self.instance() {
            Some(instance) if other.is_template() => other.with_instance(instance),
            _ => other.clone(),
        }
    }

    fn parts(&self) -> (&str, Option<&str>, &str) {
        let (stem, kind) = self
            .0
            .rsplit_once('.')
            .expect("a checked name has an ending");
        match stem.split_once('@') {
            Some((prefix, instance)) => (prefix, Some(instance), kind),
            None => (stem, None, kind),
        }
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
