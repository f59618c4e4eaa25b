//! The filesystem as the other checks see it: its superblock, and blocks by number.

use std::io;

use super::superblock::Superblock;
use crate::crc::crc32c;
use crate::verify::area::Area;

/// A filesystem whose geometry is possible.
pub(super) struct Volume<'a> {
    pub area: Area<'a>,
    pub superblock: Superblock,
}

impl Volume<'_> {
    /// Returns the bytes of a block as a length.
    pub(super) fn block_len(&self) -> usize {
        self.superblock.block_size as usize
    }

    /// Returns whether `count` blocks from `start` on are blocks of the filesystem.
    pub(super) fn contains(&self, start: u64, count: u64) -> bool {
        let end = start.checked_add(count);
        start >= self.superblock.first_block && end.is_some_and(|end| end <= self.superblock.blocks)
    }

    /// Reads one block; the caller has checked that there is one of that number.
    pub(super) fn block(&self, number: u64) -> io::Result<Vec<u8>> {
        self.blocks(number, 1)
    }

    /// Reads `count` blocks.
    pub(super) fn blocks(&self, number: u64, count: u32) -> io::Result<Vec<u8>> {
        let at = number.saturating_mul(self.superblock.block_size.into());
        self.area
            .read(at, self.block_len().saturating_mul(count as usize))
    }

    /// Returns the first block of a group.
    pub(super) fn group_start(&self, group: u32) -> u64 {
        let per_group = u64::from(self.superblock.blocks_per_group);
        self.superblock.first_block + u64::from(group) * per_group
    }

    /// Returns how many blocks a group has: the last one may be short.
    pub(super) fn group_len(&self, group: u32) -> u32 {
        let left = self.superblock.blocks - self.group_start(group);
        let per_group = self.superblock.blocks_per_group;
        u32::try_from(left).map_or(per_group, |left| left.min(per_group))
    }

    /// Returns the group of an inode, whose number is at least 1.
    pub(super) fn group_of_inode(&self, inode: u32) -> u32 {
        inode.saturating_sub(1) / self.superblock.inodes_per_group
    }

    /// Returns what the checksums of an inode, and of all that belongs to it, start with.
    pub(super) fn inode_seed(&self, inode: u32, generation: u32) -> u32 {
        let seed = crc32c(self.superblock.seed, &inode.to_le_bytes());
        crc32c(seed, &generation.to_le_bytes())
    }
}
