//! Extended attributes: in what an inode leaves free, in a block, and values that are inodes.
//!
//! Source: the kernel's Documentation/filesystems/ext4/attributes.rst; ACLs: fs/ext4/acl.c.

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::tree::Xattrs;

use super::Ext4;
use super::inode::Inode;
use crate::crc::crc32c;
use crate::fields::{Fields as _, slice};

const MAGIC: u32 = 0xEA02_0000;
/// Bytes of a block's header.
const HEADER: usize = 32;
/// Bytes of an entry before its name.
const ENTRY: usize = 16;
/// The longest value that Linux has, in bytes.
const VALUE_MAX: u32 = 65_536;
/// The index and name of what is the rest of a file's content.
const INLINE: (u8, &[u8]) = (7, b"data");
/// The index of the ACL of a file, and of that which files in a directory get.
const ACLS: [u8; 2] = [2, 3];

/// What goes before a name, by index; encryption has a context, but nobody sees it.
const PREFIXES: [(u8, &str); 7] = [
    (1, "user."),
    (2, "system.posix_acl_access"),
    (3, "system.posix_acl_default"),
    (4, "trusted."),
    (6, "security."),
    (7, "system."),
    (8, "system.richacl"),
];

/// Returns the attributes of an inode.
pub(super) fn read(volume: &Ext4, inode: &Inode) -> Result<Xattrs> {
    let mut xattrs = Xattrs::new();
    each(volume, inode, &mut |index, name, value| {
        if (index, name) == INLINE {
            return Ok(());
        }
        let Some((_, prefix)) = PREFIXES.iter().find(|(known, _)| *known == index) else {
            return Ok(());
        };
        let value = match ACLS.contains(&index) {
            true => acl(value)?,
            false => value.to_vec(),
        };
        let name = [prefix.as_bytes(), name].concat();
        xattrs.insert(name.into(), value.into());
        Ok(())
    })?;
    Ok(xattrs)
}

/// Returns what is left of an inode's content that is not in its map.
pub(super) fn inline(volume: &Ext4, inode: &Inode) -> Result<Vec<u8>> {
    let mut rest = Vec::new();
    each(volume, inode, &mut |index, name, value| {
        if (index, name) == INLINE {
            rest = value.to_vec();
        }
        Ok(())
    })?;
    Ok(rest)
}

type Each<'a> = &'a mut dyn FnMut(u8, &[u8], &[u8]) -> Result<()>;

fn each(volume: &Ext4, inode: &Inode, each: Each<'_>) -> Result<()> {
    let space = inode.attribute_space();
    if space.le32(0) == MAGIC {
        list(volume, slice(space, 4, space.len()), 0, each)?;
    }
    let number = inode.attribute_block();
    if number == 0 {
        return Ok(());
    }
    let context = || format!("its attributes in block {number}");
    let block = volume.block(number).with_context(context)?;
    let mut check = || {
        ensure!(
            block.le32(0) == MAGIC && block.le32(8) == 1,
            "the magic is {:#x}, of {} blocks",
            block.le32(0),
            block.le32(8)
        );
        if volume.superblock.features.metadata_csum() {
            let mut zeroed = block.to_vec();
            zeroed[16..20].fill(0);
            let seed = crc32c(volume.superblock.seed, &number.to_le_bytes());
            let (found, expected) = (block.le32(16), crc32c(seed, &zeroed));
            ensure!(
                found == expected,
                "the checksum is {found:#x}, expected {expected:#x}"
            );
        }
        list(volume, &block, HEADER, each)
    };
    check().with_context(context)
}

/// Reads the entries from `at` on, whose values are in the same bytes.
fn list(volume: &Ext4, bytes: &[u8], mut at: usize, each: Each<'_>) -> Result<()> {
    while at + 4 <= bytes.len() && bytes.le32(at) != 0 {
        let name_len = usize::from(bytes.byte(at));
        let index = bytes.byte(at + 1);
        let (value_at, inode) = (usize::from(bytes.le16(at + 2)), bytes.le32(at + 4));
        let len = bytes.le32(at + 8);
        let name = slice(bytes, at + ENTRY, name_len);
        ensure!(
            name.len() == name_len && len <= VALUE_MAX,
            "an attribute with a name of {name_len} bytes and a value of {len}"
        );
        if inode == 0 {
            let value = slice(bytes, value_at, len as usize);
            ensure!(
                value.len() == len as usize,
                "a value of {len} bytes at {value_at} of {}",
                bytes.len()
            );
            each(index, name, value)?;
        } else {
            let value = volume.attribute_value(inode, len);
            each(index, name, &value.context("an attribute's value")?)?;
        }
        at += (ENTRY + name_len).next_multiple_of(4);
    }
    Ok(())
}

/// Returns an ACL in the form that Linux gives to programs.
fn acl(stored: &[u8]) -> Result<Vec<u8>> {
    ensure!(stored.le32(0) == 1, "an ACL of version {}", stored.le32(0));
    let mut out = 2_u32.to_le_bytes().to_vec();
    let mut at = 4;
    while at < stored.len() {
        let tag = stored.le16(at);
        let (id, len) = match tag {
            // A named user or group.
            0x02 | 0x08 => (stored.le32(at + 4), 8),
            0x01 | 0x04 | 0x10 | 0x20 => (u32::MAX, 4),
            other => bail!("an ACL with an entry of the kind {other:#x}"),
        };
        ensure!(at + len <= stored.len(), "an ACL that is cut short");
        out.extend(slice(stored, at, 4));
        out.extend(id.to_le_bytes());
        at += len;
    }
    Ok(out)
}
