//! The names in a directory.
//!
//! Blocks of an index look like empty blocks of names, so the index needs no attention.
//!
//! Source: the kernel's Documentation/filesystems/ext4/directory.rst.

use anyhow::{Result, bail, ensure};

use crate::fields::{Fields as _, slice};

/// Bytes of an entry before its name.
const ENTRY: usize = 8;

/// Hands on the names in a block, or another area that holds entries only, and their inodes.
///
/// Stops when `each` returns `false`, and returns whether it has not.
pub(super) fn names(bytes: &[u8], mut each: impl FnMut(&[u8], u32) -> bool) -> Result<bool> {
    let mut at = 0;
    while at < bytes.len() {
        let entry = slice(bytes, at, bytes.len() - at);
        let len = record_len(entry.le16(4), bytes.len());
        let name_len = usize::from(entry.byte(6));
        if len < ENTRY || !len.is_multiple_of(4) || len > entry.len() || ENTRY + name_len > len {
            bail!("an entry of {len} bytes with a name of {name_len} at byte {at} of a block");
        }
        let inode = entry.le32(0);
        let name = slice(entry, ENTRY, name_len);
        at += len;
        if inode == 0 || matches!(name, b"." | b"..") {
            continue;
        }
        ensure!(
            !name.is_empty() && !name.contains(&b'/') && !name.contains(&0),
            "a name that none may have: \"{}\"",
            name.escape_ascii()
        );
        if !each(name, inode) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the length of an entry: in blocks of 64 KiB, one may be too long for the field.
fn record_len(field: u16, block: usize) -> usize {
    let field = usize::from(field);
    match field {
        _ if block < 1 << 16 => field,
        0 | 0xFFFF => block,
        _ => field & !3 | (field & 3) << 16,
    }
}
