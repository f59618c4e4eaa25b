//! POSIX ACLs: what the kernel takes for one, and how ext4 stores it.
//!
//! `getxattr("system.posix_acl_access")` gives version 2: a 32-bit version, then 8 bytes for each
//! entry: tag and permissions (16 bits each) and a 32-bit id. On disk (`fs/ext4/acl.h`) it is
//! version 1, and entries that name nobody are cut to 4 bytes. A kernel that finds the first form
//! on disk refuses to read the ACL, so copying the value is not an option. Nor is storing what
//! `posix_acl_valid` (`fs/posix_acl.c`) refuses: a kernel could read, but never set it.

use std::collections::BTreeSet;

use thiserror::Error;

/// The version of the attribute's value.
pub const XATTR_VERSION: u32 = 2;
const DISK_VERSION: u32 = 1;

/// Tag of the entry for the owner.
pub const USER_OBJ: u16 = 0x01;
/// Tag of an entry for a user by number.
pub const USER: u16 = 0x02;
/// Tag of the entry for the group of the file.
pub const GROUP_OBJ: u16 = 0x04;
/// Tag of an entry for a group by number.
pub const GROUP: u16 = 0x08;
/// Tag of the entry for the most that all but owner and others get.
pub const MASK: u16 = 0x10;
/// Tag of the entry for everybody else.
pub const OTHER: u16 = 0x20;

/// The id of an entry that is about no one by number.
pub const NO_ID: u32 = u32::MAX;

/// One entry. They are in the order of their tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whom it is about: [`USER_OBJ`], [`USER`] and so on.
    pub tag: u16,
    /// The number of the user or group, [`NO_ID`] for other tags.
    pub id: u32,
    /// 4 to read, 2 to write, 1 to execute.
    pub permissions: u16,
}

/// Why a list is no ACL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AclError {
    /// The value is no version number followed by whole entries.
    #[error("an ACL of {0} bytes, which is not 4 and a multiple of 8")]
    Length(usize),
    /// The value has another version.
    #[error("ACL version {0}, only {XATTR_VERSION} is known")]
    Version(u32),
    /// An entry is about nobody that there is.
    #[error("an ACL entry with the unknown tag {0:#x}")]
    Tag(u16),
    /// An entry permits what there is not.
    #[error("an ACL entry with the permissions {0:#x}, the most is 0x7")]
    Permissions(u16),
    /// An entry names the number that stands for nobody.
    #[error("an ACL entry for number {NO_ID}, the highest is {}", NO_ID - 1)]
    Id,
    /// Entries that there must be are missing, or there several times.
    #[error("an ACL needs one \"{0}\" entry, this one has {1}")]
    Needed(&'static str, usize),
    /// There are several masks.
    #[error("an ACL may have one \"mask::\" entry, this one has {0}")]
    Masks(usize),
    /// There is no mask for those that are named.
    #[error("an ACL that names someone needs a \"mask::\" entry")]
    NoMask,
    /// Two entries are about the same user or group.
    #[error("an ACL names {0} twice")]
    Twice(u32),
    /// Entries are not in the order of their tags.
    #[error(
        "an ACL whose entry with tag {1:#x} is behind that with {0:#x}, which is the wrong order"
    )]
    Order(u16, u16),
}

/// Reads the value of an attribute, and checks it as the kernel does that is to set it.
///
/// # Errors
///
/// Fails on what is no ACL.
pub fn parse(value: &[u8]) -> Result<Vec<Entry>, AclError> {
    let length = || AclError::Length(value.len());
    let (version, entries) = value.split_first_chunk::<4>().ok_or_else(length)?;
    let version = u32::from_le_bytes(*version);
    if version != XATTR_VERSION {
        return Err(AclError::Version(version));
    }
    let (entries, rest) = entries.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(length());
    }
    let entry = |[tag, tag_high, low, high, id @ ..]: &[u8; 8]| {
        let tag = u16::from_le_bytes([*tag, *tag_high]);
        Entry {
            tag,
            // The kernel does not look at the others'.
            id: match tag {
                USER | GROUP => u32::from_le_bytes(*id),
                _ => NO_ID,
            },
            permissions: u16::from_le_bytes([*low, *high]),
        }
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    check(&entries)?;
    Ok(entries)
}

/// Checks a list as the kernel does, and that nobody is named twice, which libacl refuses.
///
/// # Errors
///
/// Fails on what is no ACL.
pub fn check(entries: &[Entry]) -> Result<(), AclError> {
    let mut named = BTreeSet::new();
    for entry in entries {
        let is_named = match entry.tag {
            USER | GROUP => true,
            USER_OBJ | GROUP_OBJ | MASK | OTHER => false,
            tag => return Err(AclError::Tag(tag)),
        };
        if entry.permissions > 7 {
            return Err(AclError::Permissions(entry.permissions));
        }
        if is_named && entry.id == NO_ID {
            return Err(AclError::Id);
        }
        if is_named && !named.insert((entry.tag, entry.id)) {
            return Err(AclError::Twice(entry.id));
        }
    }
    let count = |tag| entries.iter().filter(|entry| entry.tag == tag).count();
    for (tag, what) in [
        (USER_OBJ, "user::"),
        (GROUP_OBJ, "group::"),
        (OTHER, "other::"),
    ] {
        if count(tag) != 1 {
            return Err(AclError::Needed(what, count(tag)));
        }
    }
    match count(MASK) {
        0 if !named.is_empty() => return Err(AclError::NoMask),
        0 | 1 => {}
        masks => return Err(AclError::Masks(masks)),
    }
    let tags = entries.windows(2).map(|w| (w[0].tag, w[1].tag));
    match tags.into_iter().find(|(first, second)| first > second) {
        Some((first, second)) => Err(AclError::Order(first, second)),
        None => Ok(()),
    }
}

/// Returns the value of an attribute.
pub fn value(entries: &[Entry]) -> Vec<u8> {
    let mut value = XATTR_VERSION.to_le_bytes().to_vec();
    for entry in entries {
        value.extend(entry.tag.to_le_bytes());
        value.extend(entry.permissions.to_le_bytes());
        value.extend(entry.id.to_le_bytes());
    }
    value
}

/// Returns the nine permission bits that the mode of a file with this access ACL has: those of the
/// mask for the group, if there is one.
pub fn mode(entries: &[Entry]) -> u16 {
    let of = |tag| entries.iter().find(|entry| entry.tag == tag);
    let bits = |entry: Option<&Entry>| entry.map_or(0, |entry| entry.permissions & 7);
    let group = of(MASK).or_else(|| of(GROUP_OBJ));
    bits(of(USER_OBJ)) << 6 | bits(group) << 3 | bits(of(OTHER))
}

/// Returns the on-disk form of an ACL.
pub(super) fn to_disk(value: &[u8]) -> Result<Vec<u8>, AclError> {
    let mut out = DISK_VERSION.to_le_bytes().to_vec();
    for entry in parse(value)? {
        out.extend(entry.tag.to_le_bytes());
        out.extend(entry.permissions.to_le_bytes());
        if matches!(entry.tag, USER | GROUP) {
            out.extend(entry.id.to_le_bytes());
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: u32 = NO_ID;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<Entry> {
        let entry = |(tag, permissions, id): &(u16, u16, u32)| Entry {
            tag: *tag,
            id: *id,
            permissions: *permissions,
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn named_entries_keep_their_id_and_others_lose_it() {
        let entries = list(&[
            (USER_OBJ, 7, NONE),
            (USER, 5, 1000),
            (GROUP_OBJ, 5, NONE),
            (MASK, 6, NONE),
            (OTHER, 0, NONE),
        ]);
        assert_eq!(parse(&value(&entries)), Ok(entries.clone()));
        assert_eq!(mode(&entries), 0o760);
        assert_eq!(
            to_disk(&value(&entries)).unwrap(),
            [
                1, 0, 0, 0, 1, 0, 7, 0, 2, 0, 5, 0, 0xE8, 3, 0, 0, 4, 0, 5, 0, 16, 0, 6, 0, 32, 0,
                0, 0
            ]
        );
    }

    #[test]
    fn what_the_kernel_refuses() {
        let (user, group, other) = ((USER_OBJ, 7, NONE), (GROUP_OBJ, 5, NONE), (OTHER, 1, NONE));
        let mask = (MASK, 7, NONE);
        for (entries, want) in [
            (&[user, group, other][..], ""),
            (&[user, group, mask, other], ""),
            (&[user, (USER, 7, 9), (USER, 7, 5), group, mask, other], ""),
            (&[user, (USER, 7, 5), group, (GROUP, 7, 5), mask, other], ""),
            (&[], "one \"user::\" entry, this one has 0"),
            (
                &[user, user, group, other],
                "one \"user::\" entry, this one has 2",
            ),
            (&[user, group], "one \"other::\" entry, this one has 0"),
            (&[user, (USER, 7, 5), group, other], "needs a \"mask::\""),
            (&[user, group, (GROUP, 7, 5), other], "needs a \"mask::\""),
            (&[user, group, mask, mask, other], "this one has 2"),
            (
                &[user, (USER, 7, 5), (USER, 6, 5), group, mask, other],
                "names 5 twice",
            ),
            (
                &[user, (USER, 7, NONE), group, mask, other],
                "number 4294967295",
            ),
            (
                &[user, group, other, mask],
                "tag 0x10 is behind that with 0x20",
            ),
            (
                &[user, group, (USER, 7, 5), mask, other],
                "tag 0x2 is behind",
            ),
            (&[(USER_OBJ, 8, NONE), group, other], "permissions 0x8"),
            (&[user, (3, 0, 0), group, other], "tag 0x3"),
        ] {
            let value = value(&list(entries));
            let said = parse(&value)
                .err()
                .map_or(String::new(), |why| why.to_string());
            assert!(
                said.contains(want) && said.is_empty() == want.is_empty(),
                "{entries:?}: {said}"
            );
            assert_eq!(to_disk(&value).is_ok(), want.is_empty());
        }
        let with_id = value(&list(&[(USER_OBJ, 7, 9), group, other]));
        assert_eq!(parse(&with_id).unwrap()[0].id, NONE);
        for (value, want) in [
            (&[][..], "0 bytes"),
            (&[1, 0, 0, 0], "version 1"),
            (&[2, 0, 0, 0, 1], "5 bytes"),
        ] {
            assert!(parse(value).unwrap_err().to_string().contains(want));
        }
    }
}
