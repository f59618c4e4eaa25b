//! What a step does to units after presets and after disabling: it is looked at first, so that
//! nothing is made that is taken away again, nor the other way round.

use std::collections::BTreeSet;

use super::install::Notes;
use super::links::{is_about, leads_to, names_of};
use super::{CONFIG, DEFAULT, Links, UnitName, find, wanted_links};
use crate::Root;
use crate::root::join;

/// The links and units that come later.
#[derive(Debug, Default)]
pub(crate) struct Later {
    /// Links that are right already.
    pub(super) kept: BTreeSet<Vec<u8>>,
    /// The names of units that are disabled.
    disabled: BTreeSet<UnitName>,
    /// Units that are masked, of which presets say nothing.
    masked: BTreeSet<UnitName>,
    /// Whether the unit that the system boots into is set.
    sets_default: bool,
}

impl Later {
    /// Looks at units that will be disabled, enabled and masked, and at the target that will be
    /// booted into. What cannot be done is said when it is.
    pub(crate) fn of(
        root: &Root<'_>,
        disable: &[&str],
        enable: &[&str],
        mask: &[&str],
        default_target: Option<&str>,
    ) -> Self {
        let parse = |units: &[&str]| -> BTreeSet<UnitName> {
            let names = units.iter().map(|unit| UnitName::parse(unit));
            names.filter_map(Result::ok).collect()
        };
        let disabled = parse(disable).into_iter();
        let disabled = disabled.filter_map(|name| names_of(root, &name, true).ok());
        let mut wanted = Links::new();
        for unit in enable {
            wanted.extend(wanted_links(root, unit, &mut Notes::default()).unwrap_or_default());
        }
        let default = default_target.and_then(|target| UnitName::parse(target).ok());
        if let Some(unit) = default.and_then(|name| find(root, &name).ok()) {
            wanted.push((join(CONFIG.as_bytes(), DEFAULT.as_bytes()), unit.path));
        }
        let is_right = |(path, target): &(Vec<u8>, Vec<u8>)| {
            leads_to(root, path, target).is_ok_and(|is_right| is_right)
        };
        let right = wanted.into_iter().filter(is_right);
        Self {
            kept: right.map(|(path, _)| path).collect(),
            disabled: disabled.flat_map(|named| named.names).collect(),
            masked: parse(mask),
            sets_default: default_target.is_some(),
        }
    }

    /// Returns whether presets say nothing of a unit.
    pub(super) fn masks(&self, unit: &UnitName) -> bool {
        self.masked.contains(unit)
    }

    /// Returns whether a link would be taken away again, or another one be set in its place.
    pub(super) fn unmakes(&self, path: &[u8], target: &[u8]) -> bool {
        let is_default = || path == join(CONFIG.as_bytes(), DEFAULT.as_bytes());
        is_about(path, target, &self.disabled) || (self.sets_default && is_default())
    }
}
