//! POSIX access control lists, as the attributes have them that hold them.
//!
//! The attribute is `system.posix_acl_access` or `system.posix_acl_default`: a 32-bit version, then
//! tag, permissions and id of each entry (`include/uapi/linux/posix_acl_xattr.h`).

use std::collections::BTreeMap;

const VERSION: u32 = 2;

/// The id of an entry that names nobody.
pub(crate) const NO_ID: u32 = u32::MAX;

pub(crate) const USER_OBJ: u16 = 0x01;
pub(crate) const USER: u16 = 0x02;
pub(crate) const GROUP_OBJ: u16 = 0x04;
pub(crate) const GROUP: u16 = 0x08;
pub(crate) const MASK: u16 = 0x10;
pub(crate) const OTHER: u16 = 0x20;

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
        let mut value = VERSION.to_le_bytes().to_vec();
        for ((tag, id), permissions) in &self.0 {
            value.extend(tag.to_le_bytes());
            value.extend(permissions.to_le_bytes());
            value.extend(id.to_le_bytes());
        }
        value
    }

    /// Returns what an attribute says, unless it is none that Linux would take.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let (version, entries) = value.split_first_chunk::<4>()?;
        let (entries, rest) = entries.as_chunks::<8>();
        if u32::from_le_bytes(*version) != VERSION || !rest.is_empty() {
            return None;
        }
        let entry = |[a, b, c, d, id @ ..]: &[u8; 8]| {
            let key = (u16::from_le_bytes([*a, *b]), u32::from_le_bytes(*id));
            (key, u16::from_le_bytes([*c, *d]))
        };
        Some(Self(entries.iter().map(entry).collect()))
    }
}
