//! Where the index of a large directory has a name.
//!
//! It only saves reading the whole directory: where it is strange, or has no such name, all names
//! are looked at.
//!
//! Source: the kernel's Documentation/filesystems/ext4/directory.rst.

use anyhow::Result;

use super::inode::Inode;
use super::map::Run;
use super::{Ext4, directory};
use crate::fields::Fields as _;
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
        run.map(|run| volume.block(run.start + (logical - run.logical)))
            .transpose()
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
            volume.check_names(inode, &bytes)?;
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
