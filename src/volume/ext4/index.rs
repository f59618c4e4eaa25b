//! Where the index of a large directory has a name.
//!
//! It only saves reading the whole directory: where it is strange, or has no such name, all names
//! are looked at.
//!
//! Source: the kernel's Documentation/filesystems/ext4/directory.rst.

use anyhow::{Result, ensure};

use super::inode::Inode;
use super::map::Run;
use super::{Ext4, directory};
use crate::crc::crc32c;
use crate::fields::{Fields as _, slice};
use crate::name_hash::{Hasher, Kind};

/// Where the entries of the root start: after `.`, `..` and what describes the index.
const ROOT_ENTRIES: usize = 32;
/// Where the entries of other nodes start: after an unused directory entry.
const NODE_ENTRIES: usize = 8;
/// The most levels of nodes below the root.
const DEEPEST: u8 = 2;

/// Returns the inode that a directory has under a name, if its index leads there.
pub(super) fn find(volume: &Ext4, inode: &Inode, runs: &[Run], name: &[u8]) -> Result<Option<u32>> {
    let block = |logical: u64| {
        let run = runs
            .iter()
            .find(|run| (run.logical..run.logical.saturating_add(run.count)).contains(&logical));
        let read = |run: &Run| -> Result<_> {
            let block = volume.block(run.start + (logical - run.logical))?;
            volume.check_names(inode, logical, &block)?;
            Ok(block)
        };
        run.map(read).transpose()
    };
    let Some(mut node) = block(0)? else {
        return Ok(None);
    };
    let (version, info_len, mut levels) = (node.byte(28), node.byte(29), node.byte(30));
    let Some(kind) = Kind::from_number(version) else {
        return Ok(None);
    };
    if info_len != 8 || levels > DEEPEST {
        return Ok(None);
    }
    let hash = Hasher {
        kind,
        is_unsigned: volume.superblock.has_unsigned_hash(),
        seed: volume.superblock.hash_seed(),
    }
    .hash(name);
    let mut first = ROOT_ENTRIES;
    loop {
        let (limit, count) = (node.le16(first), node.le16(first + 2));
        let room = (node.len() - first) / 8;
        if count == 0 || count > limit || usize::from(limit) > room {
            return Ok(None);
        }
        // The place of the first hash has limit and count: it is for all below the second one.
        let hash_of = |index: &usize| node.le32(first + 8 * index);
        let indexes: Vec<usize> = (1..count.into()).collect();
        let at = indexes.partition_point(|index| hash_of(index) <= hash);
        // The highest four bits are not for the number.
        let below = node.le32(first + 8 * at + 4) & 0x0FFF_FFFF;
        let Some(bytes) = block(below.into())? else {
            return Ok(None);
        };
        if levels == 0 {
            let mut found = None;
            directory::names(&bytes, |other, number| {
                if other == name {
                    found = Some(number);
                }
                found.is_none()
            })?;
            return Ok(found);
        }
        node = bytes;
        first = NODE_ENTRIES;
        levels -= 1;
    }
}

/// Checks the checksum of a node, which is behind the last entry that it has room for.
pub(super) fn check(inode: &Inode, node: &[u8]) -> Result<()> {
    let first = match directory::is_single(node) {
        true => NODE_ENTRIES,
        false => ROOT_ENTRIES,
    };
    let (limit, count) = (node.le16(first), node.le16(first + 2));
    let tail = first + 8 * usize::from(limit);
    ensure!(
        count <= limit && tail + 8 <= node.len(),
        "a block of its index has {count} entries and room for {limit}"
    );
    let state = crc32c(inode.seed, slice(node, 0, first + 8 * usize::from(count)));
    let state = crc32c(state, slice(node, tail, 4));
    // It counts as zero itself.
    let (found, expected) = (node.le32(tail + 4), crc32c(state, &[0; 4]));
    ensure!(
        found == expected,
        "a block of its index has the checksum {found:#x}, expected {expected:#x}"
    );
    Ok(())
}
