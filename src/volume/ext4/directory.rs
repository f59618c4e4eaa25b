//! The names in a directory.
//!
//! Blocks of an index look like empty blocks of names, so it matters for their checksums only.
//!
//! Source: the kernel's Documentation/filesystems/ext4/directory.rst.

use anyhow::{Context as _, Result, bail, ensure};

use super::inode::Inode;
use super::map::{self, Run};
use super::{Ext4, attribute, index};
use crate::crc::crc32c;
use crate::fields::{Fields as _, slice};
use crate::reader::{FileId, Kind};

/// Bytes of an entry before its name.
const ENTRY: usize = 8;
/// Bytes at the end of a block that look like an empty entry, and have its checksum.
const TAIL: usize = 12;
/// What such an entry has for its length and type.
const TAIL_MARK: u32 = 0xDE00_000C;

impl Ext4 {
    /// Hands on the names of a directory until `each` returns `false`.
    pub(super) fn names(&self, id: FileId, mut each: impl FnMut(&[u8], u32) -> bool) -> Result<()> {
        let inode = self.file(id)?;
        if inode.kind != Kind::Directory {
            return Ok(());
        }
        let mut read = || -> Result<()> {
            inode.check_readable()?;
            if inode.is_inline() {
                // Its parent is in the first four bytes.
                let own = slice(inode.map(), 4, 56);
                let goes_on = names(own, &mut each)?;
                let rest = attribute::inline(self, &inode)?;
                if goes_on {
                    names(&rest, &mut each)?;
                }
                return Ok(());
            }
            let blocks = inode.size.div_ceil(self.superblock.block_size.into());
            let runs = map::runs(self, &inode)?;
            check_runs(&runs)?;
            for run in runs {
                for index in 0..run.count.min(blocks.saturating_sub(run.logical)) {
                    let block = self.block(run.start + index)?;
                    self.check_names(&inode, run.logical + index, &block)?;
                    if !names(&block, &mut each)? {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        read().with_context(|| format!("inode {}", inode.number))
    }

    /// Checks the checksum of a block of a directory, `logical` in it.
    pub(super) fn check_names(&self, inode: &Inode, logical: u64, block: &[u8]) -> Result<()> {
        let features = self.superblock.features;
        if !features.metadata_csum() {
            return Ok(());
        }
        let is_indexed = features.dir_index() && inode.has_index();
        if is_indexed && (logical == 0 || is_single(block)) {
            return index::check(inode, block);
        }
        let tail = block.len() - TAIL;
        ensure!(
            block.le32(tail) == 0 && block.le32(tail + 4) == TAIL_MARK,
            "a block of names has no checksum"
        );
        let found = block.le32(tail + 8);
        let expected = crc32c(inode.seed, slice(block, 0, tail));
        ensure!(
            found == expected,
            "a block of names has the checksum {found:#x}, expected {expected:#x}"
        );
        Ok(())
    }
}

/// Checks that a directory has no block twice: a small image could have names without end.
pub(super) fn check_runs(runs: &[Run]) -> Result<()> {
    let mut sorted: Vec<&Run> = runs.iter().collect();
    sorted.sort_unstable_by_key(|run| (run.start, run.logical));
    for pair in sorted.windows(2) {
        let (before, run) = (pair[0], pair[1]);
        ensure!(
            before.start + before.count <= run.start,
            "its block {} is block {}, which is another one of its blocks",
            run.logical,
            run.start
        );
    }
    Ok(())
}

/// Returns whether a block is a single entry. With checksums, a block of names never is: it has a
/// tail.
pub(super) fn is_single(block: &[u8]) -> bool {
    record_len(block.le16(4), block.len()) == block.len()
}

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
