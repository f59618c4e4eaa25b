//! POSIX access control lists, as the attributes have them that hold them.
//!
//! The attribute is `system.posix_acl_access` or `system.posix_acl_default`.

use std::collections::BTreeMap;

use fsgen::ext4::acl::{self, Entry};

pub(crate) use fsgen::ext4::acl::{AclError, GROUP, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ};

pub(crate) const ACCESS: &str = "system.posix_acl_access";
pub(crate) const DEFAULT: &str = "system.posix_acl_default";

/// Permissions by tag and id, in the order that the kernel wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Acl(pub(crate) BTreeMap<(u16, u32), u16>);

impl Acl {
    /// Returns the whole list: the entries over those that were there, with mask and base.
    pub(crate) fn over(&self, before: Option<Self>, base: Self) -> Self {
        let mut whole = match before {
            None => self.clone(),
            Some(mut before) => {
                before.0.extend(&self.0);
                before.add_mask();
                before
            }
        };
        for (key, permissions) in base.0 {
            whole.0.entry(key).or_insert(permissions);
        }
        whole
    }

    /// Returns the entries of owner, group and others.
    pub(crate) fn base(&self) -> Self {
        let entries = self.0.iter().map(|(key, permissions)| (*key, *permissions));
        let is_base = |((tag, _), _): &(_, u16)| matches!(*tag, USER_OBJ | GROUP_OBJ | OTHER);
        Self(entries.filter(is_base).collect())
    }

    /// Returns the list that says the same as permission bits.
    pub(crate) fn of_mode(mode: u16) -> Self {
        let base = [(USER_OBJ, 6), (GROUP_OBJ, 3), (OTHER, 0)];
        let entry = |(tag, shift): (u16, u16)| ((tag, NO_ID), mode >> shift & 0o7);
        Self(base.map(entry).into())
    }

    /// Adds the mask where somebody is named and there is none: all that anybody but owner and
    /// others may.
    pub(crate) fn add_mask(&mut self) {
        let is_named = |(tag, _): &(u16, u32)| matches!(*tag, USER | GROUP);
        if self.0.keys().any(is_named) && !self.0.contains_key(&(MASK, NO_ID)) {
            let masked = self
                .0
                .iter()
                .filter(|((tag, _), _)| matches!(*tag, USER | GROUP | GROUP_OBJ));
            let bits = masked.fold(0, |bits, (_, permissions)| bits | permissions);
            self.0.insert((MASK, NO_ID), bits);
        }
    }

    /// Returns the permission bits of a file with this list; those of the group are the mask's.
    pub(crate) fn mode(&self) -> u16 {
        let bits = |tag| self.0.get(&(tag, NO_ID)).copied();
        let group = bits(MASK).or(bits(GROUP_OBJ)).unwrap_or_default();
        bits(USER_OBJ).unwrap_or_default() << 6 | group << 3 | bits(OTHER).unwrap_or_default()
    }

    /// Returns whether permission bits say all that it says.
    pub(crate) fn is_mode(&self) -> bool {
        self.0.len() <= 3
    }

    /// Changes it as chmod(2) does: the bits of the group become the mask, where there is one.
    pub(crate) fn chmod(&mut self, mode: u16) {
        let group = match self.0.contains_key(&(MASK, NO_ID)) {
            true => MASK,
            false => GROUP_OBJ,
        };
        for (tag, shift) in [(USER_OBJ, 6), (group, 3), (OTHER, 0)] {
            if let Some(permissions) = self.0.get_mut(&(tag, NO_ID)) {
                *permissions = mode >> shift & 0o7;
            }
        }
    }

    /// Returns the attribute's value.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let entries = self.0.iter();
        let entry = |((tag, id), permissions): (&(u16, u32), &u16)| Entry {
            tag: *tag,
            id: *id,
            permissions: *permissions,
        };
        acl::value(&entries.map(entry).collect::<Vec<_>>())
    }

    /// Returns what an attribute says.
    ///
    /// # Errors
    ///
    /// Fails on what Linux would not take.
    pub(crate) fn decode(value: &[u8]) -> Result<Self, AclError> {
        let entries = acl::parse(value)?.into_iter();
        let entry = |entry: Entry| ((entry.tag, entry.id), entry.permissions);
        Ok(Self(entries.map(entry).collect()))
    }
}
