//! Where the blocks of a file are: extent trees, and the block lists of ext2 and ext3.
//!
//! Source: the kernel's Documentation/filesystems/ext4/ifork.rst.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

use super::Ext4;
use super::inode::Inode;
use crate::crc::crc32c;
use crate::fields::{Fields as _, slice};

const EXTENT_MAGIC: u16 = 0xF30A;
/// Bytes of a header of an extent block, and of an entry.
const ENTRY: usize = 12;
/// The deepest tree that 2^32 blocks can need.
const DEEPEST: u16 = 5;
/// The longest extent; a larger number means as many less that were never written.
const WRITTEN_MAX: u16 = 32_768;
/// Numbers in the inode that are blocks of the file themselves.
const DIRECT: u64 = 12;

/// Bytes of memory that a run takes at most, with the segment that is made of it.
const TAKEN: u64 = 72;
/// Bytes of memory that it takes to know a block list.
const LIST_TAKEN: u64 = 24;

/// Blocks that follow each other both in the file and in the filesystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// First block in the file.
    pub logical: u64,
    /// First block in the filesystem.
    pub start: u64,
    pub count: u64,
}

/// A walk over the map of one inode.
struct Walk<'a> {
    volume: &'a Ext4,
    seed: u32,
    runs: Vec<Run>,
    /// The block of the file that may come next at the earliest.
    next: u64,
    /// Blocks of lists that were read: each is there once.
    lists: BTreeSet<u64>,
}

/// Returns where the blocks of an inode are that were written, in order.
pub(super) fn runs(volume: &Ext4, inode: &Inode) -> Result<Vec<Run>> {
    let mut walk = Walk {
        volume,
        seed: inode.seed,
        runs: Vec::new(),
        next: 0,
        lists: BTreeSet::new(),
    };
    if inode.has_extents() {
        walk.node(inode.map(), None)?;
    } else {
        walk.lists(inode.map())?;
    }
    Ok(walk.runs)
}

impl Walk<'_> {
    fn take(&mut self, run: Run) -> Result<()> {
        let Run { start, count, .. } = run;
        let superblock = &self.volume.superblock;
        let end = start.checked_add(count);
        ensure!(
            start > 0 && end.is_some_and(|end| end <= superblock.blocks),
            "its block {} would be block {start} of {}",
            run.logical,
            superblock.blocks
        );
        match self.runs.last_mut() {
            Some(last)
                if last.start + last.count == start && last.logical + last.count == run.logical =>
            {
                last.count += count;
            }
            _ => self.runs.push(run),
        }
        self.check_memory()
    }

    fn check_memory(&self) -> Result<()> {
        let (runs, lists) = (self.runs.len() as u64, self.lists.len() as u64);
        let most = self.volume.metadata_max;
        ensure!(
            runs * TAKEN + lists * LIST_TAKEN <= most,
            "where its blocks are takes more than {most} bytes of memory; if it should, \
             --max-metadata allows more"
        );
        Ok(())
    }

    /// Walks a node of an extent tree and all below it: each step down has one level less.
    ///
    /// Entries have to be in the order of the blocks of the file, so none is read twice.
    fn node(&mut self, bytes: &[u8], expected_depth: Option<u16>) -> Result<()> {
        let (magic, entries, depth) = (bytes.le16(0), bytes.le16(2), bytes.le16(6));
        let room = bytes.len() / ENTRY - 1;
        ensure!(
            magic == EXTENT_MAGIC
                && usize::from(entries) <= room
                && depth <= DEEPEST
                && expected_depth.is_none_or(|expected| expected == depth),
            "its extent tree has a node of magic {magic:#x} with {entries} entries, depth {depth}"
        );
        for index in 1..=usize::from(entries) {
            let entry = slice(bytes, ENTRY * index, ENTRY);
            let logical = u64::from(entry.le32(0));
            ensure!(
                logical >= self.next,
                "its extent tree has block {logical} where {} or more was expected",
                self.next
            );
            if depth == 0 {
                self.extent(entry, logical)?;
                continue;
            }
            let block = u64::from(entry.le16(8)) << 32 | u64::from(entry.le32(4));
            let below = self.volume.block(block).context("its extent tree")?;
            self.check(block, &below)?;
            self.next = logical;
            self.node(&below, Some(depth - 1))?;
            // Even an empty node is there once.
            self.next = self.next.max(logical + 1);
        }
        Ok(())
    }

    fn extent(&mut self, entry: &[u8], logical: u64) -> Result<()> {
        let len = entry.le16(4);
        let (count, is_written) = match len {
            ..=WRITTEN_MAX => (len, true),
            _ => (len - WRITTEN_MAX, false),
        };
        ensure!(count > 0, "its extent at block {logical} is empty");
        self.next = logical + u64::from(count);
        if !is_written {
            return Ok(());
        }
        self.take(Run {
            logical,
            start: u64::from(entry.le16(6)) << 32 | u64::from(entry.le32(8)),
            count: count.into(),
        })
    }

    fn check(&self, block: u64, bytes: &[u8]) -> Result<()> {
        if !self.volume.superblock.features.metadata_csum() {
            return Ok(());
        }
        // It follows the last entry that there is room for.
        let at = ENTRY * (1 + usize::from(bytes.le16(4)));
        let (found, expected) = (bytes.le32(at), crc32c(self.seed, slice(bytes, 0, at)));
        ensure!(
            found == expected,
            "block {block} of its extent tree has the checksum {found:#x}, expected {expected:#x}"
        );
        Ok(())
    }

    /// Walks the lists that start in the inode: twelve blocks, then lists of one to three levels.
    fn lists(&mut self, bytes: &[u8]) -> Result<()> {
        let per_block = u64::from(self.volume.superblock.block_size / 4);
        self.list(slice(bytes, 0, 48), 0, 0)?;
        let mut logical = DIRECT;
        for level in 1..=3_u32 {
            let at = 44 + 4 * level as usize;
            self.list(slice(bytes, at, 4), level, logical)?;
            logical += per_block.pow(level);
        }
        Ok(())
    }

    /// Walks block numbers with `level` lists between each and the content.
    fn list(&mut self, numbers: &[u8], level: u32, first: u64) -> Result<()> {
        let per_block = u64::from(self.volume.superblock.block_size / 4);
        let step = per_block.pow(level);
        for (index, number) in (0..).zip(numbers.chunks_exact(4)) {
            let logical = first + index * step;
            match u64::from(number.le32(0)) {
                0 => {}
                start if level == 0 => self.take(Run {
                    logical,
                    start,
                    count: 1,
                })?,
                block => {
                    ensure!(
                        self.lists.insert(block),
                        "block {block} is twice in its block lists"
                    );
                    self.check_memory()?;
                    let numbers = self.volume.block(block).context("its block lists")?;
                    self.list(&numbers, level - 1, logical)?;
                }
            }
        }
        Ok(())
    }
}
