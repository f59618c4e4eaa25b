//! POSIX ACLs: from the form that system calls use to the form that ext4 stores.
//!
//! `getxattr("system.posix_acl_access")` gives version 2: a 32-bit version, then 8 bytes for each
//! entry: tag and permissions (16 bits each) and a 32-bit id. On disk (`fs/ext4/acl.h`) it is
//! version 1, and entries that name nobody are cut to 4 bytes. A kernel that finds the first form
//! on disk refuses to read the ACL, so copying the value is not an option.

const XATTR_VERSION: u32 = 2;
const DISK_VERSION: u32 = 1;

const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// Returns the on-disk form of an ACL, or what is wrong with it.
pub(super) fn to_disk(value: &[u8]) -> Result<Vec<u8>, String> {
    let (version, entries) = value
        .split_first_chunk::<4>()
        .ok_or_else(|| format!("an ACL of {} bytes, at least 4 are needed", value.len()))?;
    let version = u32::from_le_bytes(*version);
    if version != XATTR_VERSION {
        return Err(format!(
            "ACL version {version}, only {XATTR_VERSION} is known"
        ));
    }
    let (entries, rest) = entries.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(format!(
            "an ACL of {} bytes, which is not 4 and a multiple of 8",
            value.len()
        ));
    }
    let mut out = DISK_VERSION.to_le_bytes().to_vec();
    for entry in entries {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        match tag {
            USER_OBJ | GROUP_OBJ | MASK | OTHER => out.extend_from_slice(&entry[..4]),
            USER | GROUP => out.extend_from_slice(entry),
            _ => return Err(format!("an ACL entry with the unknown tag {tag:#x}")),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: u16, permissions: u16, id: u32) -> Vec<u8> {
        let mut out = tag.to_le_bytes().to_vec();
        out.extend(permissions.to_le_bytes());
        out.extend(id.to_le_bytes());
        out
    }

    #[test]
    fn named_entries_keep_their_id_and_others_lose_it() {
        let value = [
            2_u32.to_le_bytes().to_vec(),
            entry(USER_OBJ, 7, u32::MAX),
            entry(USER, 5, 1000),
            entry(GROUP_OBJ, 5, u32::MAX),
            entry(MASK, 7, u32::MAX),
            entry(OTHER, 0, u32::MAX),
        ]
        .concat();
        let disk = to_disk(&value).unwrap();
        assert_eq!(
            disk,
            [
                1, 0, 0, 0, 1, 0, 7, 0, 2, 0, 5, 0, 0xE8, 3, 0, 0, 4, 0, 5, 0, 16, 0, 7, 0, 32, 0,
                0, 0
            ]
        );
    }

    #[test]
    fn broken_values() {
        for (value, want) in [
            (vec![], "0 bytes"),
            (vec![1, 0, 0, 0], "version 1"),
            (vec![2, 0, 0, 0, 1], "5 bytes"),
            ([vec![2, 0, 0, 0], entry(3, 0, 0)].concat(), "tag 0x3"),
        ] {
            assert!(to_disk(&value).unwrap_err().contains(want));
        }
    }
}
