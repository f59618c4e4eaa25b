//! How a filesystem of a given size is cut into block groups, and where its fixed parts lie.

use super::format::{DESCRIPTOR_SIZE, INODE_SIZE};
use super::{Error, Options};

/// Groups whose bitmaps and inode tables lie together at the start of the first of them.
pub(super) const GROUPS_PER_FLEX: u32 = 16;

/// Blocks that a last group must have beyond its own metadata (mke2fs drops a shorter one too:
/// the kernel's resizer could not extend it).
const LAST_GROUP_MIN_FREE: u64 = 50;

/// How far the reserved descriptor blocks let a filesystem grow online (as mke2fs: 1,024 times).
const GROWTH: u64 = 1024;

/// The size of a block: 1,024, 2,048 or 4,096 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockSize(u32);

impl BlockSize {
    /// The size that every other tool and the kernel's page size agree with.
    pub const DEFAULT: Self = Self(4096);

    /// Returns a block size; nothing when ext4 or hsb does not have it.
    pub fn new(bytes: u32) -> Option<Self> {
        matches!(bytes, 1024 | 2048 | 4096).then_some(Self(bytes))
    }

    /// Returns the size in bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }

    pub(super) const fn bytes64(self) -> u64 {
        self.0 as u64
    }

    pub(super) const fn len(self) -> usize {
        self.0 as usize
    }

    /// Returns the bytes of the largest filesystem with such blocks.
    ///
    /// Without `meta_bg`, each copy of the superblock has that of all descriptors behind it; the
    /// two may take three quarters of a group.
    pub fn largest(self) -> u64 {
        let per_group = 8 * self.bytes64();
        let descriptor_blocks = per_group * 3 / 4 - 1;
        let groups = descriptor_blocks * self.bytes64() / u64::from(DESCRIPTOR_SIZE);
        groups * per_group * self.bytes64()
    }

    /// Returns how many blocks hold this many bytes.
    pub(super) const fn count(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.bytes64())
    }
}

/// The numbers that all others follow from. Blocks count from the start of the filesystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes of a block.
    pub block_size: BlockSize,
    /// Blocks of the whole filesystem.
    pub blocks: u64,
    /// Block groups.
    pub groups: u32,
    /// Inodes of each group.
    pub inodes_per_group: u32,
    /// Blocks of the group descriptor table.
    pub descriptor_blocks: u32,
    /// Blocks kept for the table to grow into.
    pub reserved_descriptor_blocks: u32,
}

impl Geometry {
    /// Returns the geometry of a filesystem with up to `blocks` blocks and at least `inodes`
    /// inodes. A last group that is too short to be useful is left off.
    ///
    /// # Errors
    ///
    /// Fails when that many inodes do not fit, or when the size is beyond what the format has.
    pub(super) fn new(block_size: BlockSize, blocks: u64, inodes: u64) -> Result<Self, Error> {
        let mut geometry = Self::unplanned(block_size, blocks);
        geometry.derive(inodes)?;
        let last = geometry.group_blocks(geometry.groups - 1);
        if geometry.groups > 1 && last < geometry.least_last_group() {
            geometry.blocks -= last;
            geometry.derive(inodes)?;
        }
        Ok(geometry)
    }

    /// Returns the geometry with just enough more blocks that its last group is worth having.
    pub(super) fn round_up(block_size: BlockSize, blocks: u64, inodes: u64) -> Result<Self, Error> {
        let mut geometry = Self::unplanned(block_size, blocks);
        loop {
            geometry.derive(inodes)?;
            let last = geometry.group_blocks(geometry.groups - 1);
            let least = geometry.least_last_group();
            if geometry.groups == 1 || last >= least {
                return Ok(geometry);
            }
            geometry.blocks += least - last;
        }
    }

    /// Returns the geometry of so many blocks before anything follows from them.
    pub(super) fn unplanned(block_size: BlockSize, blocks: u64) -> Self {
        Self {
            block_size,
            blocks,
            groups: 0,
            inodes_per_group: 0,
            descriptor_blocks: 0,
            reserved_descriptor_blocks: 0,
        }
    }

    fn derive(&mut self, inodes: u64) -> Result<(), Error> {
        let bs = self.block_size.bytes64();
        let per_group = self.blocks_per_group();
        if self.blocks > self.block_size.largest() / bs {
            return Err(Error::TooLarge {
                bytes: self.blocks.saturating_mul(bs),
                block_size: self.block_size,
            });
        }
        let used = self.blocks.saturating_sub(self.first_data_block());
        let groups = used.div_ceil(per_group).max(1);
        self.groups = u32::try_from(groups).expect("1,572,800 at most");
        let table_blocks = |groups: u64| (groups * u64::from(DESCRIPTOR_SIZE)).div_ceil(bs);

        let descriptors = table_blocks(groups);
        let inodes_wanted = inodes.div_ceil(groups).max(1);
        if inodes_wanted > per_group {
            return Err(Error::TooManyInodes {
                inodes,
                max: per_group * groups,
            });
        }
        // Whole blocks of inodes, and whole bytes of the inode bitmap.
        let step = (bs / u64::from(INODE_SIZE)).max(8);
        let inodes_per_group = inodes_wanted.next_multiple_of(step);
        if inodes_per_group * groups > u64::from(u32::MAX) {
            return Err(Error::TooManyInodes {
                inodes: inodes_per_group * groups,
                max: u64::from(u32::MAX),
            });
        }
        self.inodes_per_group = u32::try_from(inodes_per_group).expect("at most 32,768");

        let grown = (self.blocks.saturating_mul(GROWTH)).min(u64::from(u32::MAX));
        let grown_groups = grown
            .saturating_sub(self.first_data_block())
            .div_ceil(per_group);
        // One indirect block names them all; and superblock, table and reserve together leave a
        // quarter of each group that has a copy of them.
        let reserved = table_blocks(grown_groups)
            .saturating_sub(descriptors)
            .min(bs / 4)
            .min((per_group * 3 / 4).saturating_sub(1 + descriptors));
        self.descriptor_blocks = u32::try_from(descriptors).expect("below a group's blocks");
        self.reserved_descriptor_blocks = u32::try_from(reserved).expect("below a group's blocks");
        Ok(())
    }

    /// Returns how many inodes the filesystem should have: what the options ask for, and never
    /// less than the content needs.
    pub(super) fn inodes(options: &Options, bytes: u64, needed: u64) -> u64 {
        options.inodes.unwrap_or_else(|| {
            let block = options.block_size.bytes64();
            // A bitmap has as many bits for inodes as for blocks, and numbers have 32 bits; they
            // are rounded up by at most 16 in each group.
            let groups = bytes / block / (8 * block) + 1;
            let most = u64::from(u32::MAX).saturating_sub(16 * groups);
            let by_size = (bytes / options.bytes_per_inode.max(block)).min(most);
            by_size.max(needed + needed / 8)
        })
    }

    fn least_last_group(&self) -> u64 {
        self.base_metadata(self.groups - 1)
            + 2
            + u64::from(self.inode_table_blocks())
            + LAST_GROUP_MIN_FREE
    }

    /// Returns the blocks of every group but the last: as many as one bitmap block has bits.
    pub(super) fn blocks_per_group(&self) -> u64 {
        8 * self.block_size.bytes64()
    }

    /// Returns the block that holds the superblock: with 1 KiB blocks, block 0 is boot code.
    pub(super) fn first_data_block(&self) -> u64 {
        u64::from(self.block_size.bytes() == 1024)
    }

    /// Returns the blocks of one group's inode table.
    pub(super) fn inode_table_blocks(&self) -> u32 {
        self.inodes_per_group * INODE_SIZE / self.block_size.bytes()
    }

    /// Returns how many inodes the filesystem has, the reserved ones included.
    pub fn inode_count(&self) -> u32 {
        self.inodes_per_group * self.groups
    }

    pub(super) fn group_start(&self, group: u32) -> u64 {
        self.first_data_block() + u64::from(group) * self.blocks_per_group()
    }

    pub(super) fn group_blocks(&self, group: u32) -> u64 {
        let start = self.group_start(group);
        self.blocks
            .saturating_sub(start)
            .min(self.blocks_per_group())
    }

    /// Returns whether a group starts with a copy of superblock and descriptors: 0, 1 and the
    /// powers of 3, 5 and 7 (`sparse_super`).
    pub(super) fn has_superblock(group: u32) -> bool {
        let power_of = |base: u32| {
            let mut rest = group;
            while rest > 1 && rest.is_multiple_of(base) {
                rest /= base;
            }
            rest == 1
        };
        group <= 1 || power_of(3) || power_of(5) || power_of(7)
    }

    /// Returns the groups beyond the first that hold such copies.
    pub(super) fn backup_groups(&self) -> impl Iterator<Item = u32> {
        (1..self.groups).filter(|group| Self::has_superblock(*group))
    }

    /// Returns the blocks at a group's start that superblock, descriptors and their reserve take.
    pub(super) fn base_metadata(&self, group: u32) -> u64 {
        if Self::has_superblock(group) {
            1 + u64::from(self.descriptor_blocks) + u64::from(self.reserved_descriptor_blocks)
        } else {
            0
        }
    }

    /// Returns all blocks that the groups themselves take: copies, bitmaps and inode tables.
    pub(super) fn overhead(&self) -> u64 {
        let copies = 1 + self.backup_groups().count() as u64;
        self.first_data_block()
            + copies * self.base_metadata(0)
            + u64::from(self.groups) * (2 + u64::from(self.inode_table_blocks()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(mib: u64) -> u64 {
        mib << 8
    }

    /// Reserved and table blocks as `mke2fs -b 4096` makes them (dumpe2fs).
    #[test]
    fn reserved_descriptors_are_those_of_mke2fs() {
        for (mib, table, reserved) in [
            (64, 1, 7),
            (1024, 1, 127),
            (2048, 1, 255),
            (8192, 1, 1023),
            (65536, 8, 1024),
        ] {
            let geometry = Geometry::new(BlockSize::DEFAULT, blocks(mib), 100).unwrap();
            assert_eq!(geometry.descriptor_blocks, table, "{mib} MiB");
            assert_eq!(geometry.reserved_descriptor_blocks, reserved, "{mib} MiB");
        }
    }

    #[test]
    fn a_short_last_group_is_left_off_or_made_long_enough() {
        // A last group with a copy needs 1 + 1 + 16 (or 24) blocks for it, 2 bitmaps, a table of
        // one block and 50 free; group 2 has no copy.
        for (asked, smaller, larger) in [
            (32768, 32768, 32768),
            (32769, 32768, 32768 + 18 + 2 + 1 + 50),
            (2 * 32768 + 10, 2 * 32768, 2 * 32768 + 2 + 1 + 50),
            (2 * 32768 + 53, 2 * 32768 + 53, 2 * 32768 + 53),
        ] {
            let geometry = Geometry::new(BlockSize::DEFAULT, asked, 16).unwrap();
            assert_eq!(geometry.blocks, smaller);
            let geometry = Geometry::round_up(BlockSize::DEFAULT, asked, 16).unwrap();
            assert_eq!(geometry.blocks, larger);
            assert_eq!(
                Geometry::new(BlockSize::DEFAULT, geometry.blocks, 16).unwrap(),
                geometry
            );
        }
    }

    #[test]
    fn superblock_copies() {
        let copies: Vec<_> = (0..130).filter(|g| Geometry::has_superblock(*g)).collect();
        assert_eq!(copies, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
    }

    #[test]
    fn inode_limits() {
        let max = Geometry::new(BlockSize::DEFAULT, 32768, 32768).unwrap();
        assert_eq!(max.inodes_per_group, 32768);
        let one_more = Geometry::new(BlockSize::DEFAULT, 32768, 32769);
        assert!(matches!(
            one_more,
            Err(Error::TooManyInodes { max: 32768, .. })
        ));
    }
}
