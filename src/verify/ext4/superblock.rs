//! The superblock: what every other check relies on.
//!
//! Source: the kernel's Documentation/filesystems/ext4/super.rst.

use super::features::{self, Features};
use crate::crc::crc32c;
use crate::fields::Fields;
use crate::verify::problem::Problems;

/// Bytes of a superblock; the first one lies at byte 1,024.
pub(super) const LEN: usize = 1024;
/// Where the first superblock lies, in bytes.
pub(super) const OFFSET: u64 = 1024;
const MAGIC: u16 = 0xEF53;
/// More groups than that are refused: 512 TiB in groups of the usual size.
const MAX_GROUPS: u64 = 1 << 22;

/// What a superblock says, as far as other checks need it.
#[derive(Debug)]
pub(super) struct Superblock {
    /// Bytes of a block, a power of two from 1,024 to 65,536.
    pub block_size: u32,
    /// Blocks in all; the last one has the number `blocks - 1`.
    pub blocks: u64,
    /// The block that the first group starts with.
    pub first_block: u64,
    /// Blocks of a group, a multiple of 8.
    pub blocks_per_group: u32,
    /// Inodes of a group, a multiple of 8.
    pub inodes_per_group: u32,
    /// Groups in all.
    pub groups: u32,
    /// Bytes of an inode.
    pub inode_size: u16,
    /// The first inode that is not reserved.
    pub first_inode: u32,
    /// Bytes of a group descriptor.
    pub descriptor_size: u16,
    /// Blocks kept for descriptors of a larger filesystem.
    pub reserved_descriptor_blocks: u32,
    pub features: Features,
    /// What the checksums of everything else start with.
    pub seed: u32,
    /// The bytes, for what is needed once.
    pub raw: Vec<u8>,
}

/// Returns whether a superblock lies here, even one with a damaged magic number.
pub(in crate::verify) fn is_likely(bytes: &[u8]) -> bool {
    let size = bytes.le32(0x18);
    let usual = |per_group: u32| size <= 6 && per_group == 8192 << size;
    bytes.le16(0x38) == MAGIC
        || (bytes.le32(0x4C) == 1 && bytes.le16(0x58) >= 128 && usual(bytes.le32(0x20)))
}

/// Returns whether this is the copy in the second group, of a filesystem with blocks of that size.
pub(super) fn is_copy(bytes: &[u8], log_size: u32) -> bool {
    bytes.le16(0x38) == MAGIC && bytes.le32(0x18) == log_size && bytes.le16(0x5A) == 1
}

impl Superblock {
    /// Reads and checks a superblock; gives nothing when no other check could rely on it.
    pub(super) fn read(raw: Vec<u8>, area_len: u64, problems: &mut Problems) -> Option<Self> {
        const PLACE: &str = "superblock";
        problems.expect_bits(PLACE, "magic", raw.le16(0x38), MAGIC);
        if raw.le32(0x4C) != 1 {
            let what = format_args!("revision {} is not supported: not checked", raw.le32(0x4C));
            problems.add(PLACE, what);
            return None;
        }
        let features = Features::read(&raw);
        if features.metadata_csum() {
            problems.expect_bits(PLACE, "checksum", raw.le32(0x3FC), checksum(&raw));
            problems.expect(PLACE, "checksum type", raw.byte(0x175), 1);
        }
        if !features::check(features, problems) {
            return None;
        }
        let before = problems.count();
        let this = Self::geometry(raw, features, area_len, problems);
        if problems.count() == before && this.is_none() {
            problems.add(PLACE, "the geometry is impossible: not checked");
        }
        let this = this?;
        this.check_state(problems);
        Some(this)
    }

    /// Reads the numbers that say where everything lies.
    fn geometry(
        raw: Vec<u8>,
        features: Features,
        area_len: u64,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut require = |holds: bool, name: &str, found: u64| {
            if !holds {
                let what = format_args!("{name} is {found}: not checked further");
                problems.add("superblock", what);
            }
            holds.then_some(())
        };
        let log_size = raw.le32(0x18);
        require(log_size <= 6, "log2 of the block size", log_size.into())?;
        let block_size = 1024_u32 << log_size;
        let cluster = raw.le32(0x1C);
        require(
            cluster == log_size,
            "log2 of the cluster size",
            cluster.into(),
        )?;
        let first_block = u64::from(raw.le32(0x14));
        let first = u64::from(block_size == 1024);
        require(first_block == first, "first data block", first_block)?;
        let mut blocks = u64::from(raw.le32(0x04));
        if features.wide() {
            blocks = raw.split64(0x04, 0x150);
        }
        let fits = blocks <= area_len / u64::from(block_size);
        require(blocks > first_block && fits, "number of blocks", blocks)?;

        let blocks_per_group = raw.le32(0x20);
        let bits = block_size * 8;
        let is_possible = |n: u32, least: u32| n >= least && n.is_multiple_of(8) && n <= bits;
        require(
            is_possible(blocks_per_group, 256),
            "blocks per group",
            blocks_per_group.into(),
        )?;
        let clusters = raw.le32(0x24);
        require(
            clusters == blocks_per_group,
            "clusters per group",
            clusters.into(),
        )?;
        let inode_size = raw.le16(0x58);
        let fits = inode_size >= 128 && u32::from(inode_size) <= block_size;
        require(
            fits && inode_size.is_power_of_two(),
            "inode size",
            inode_size.into(),
        )?;
        let inodes_per_group = raw.le32(0x28);
        let table_bytes = u64::from(inodes_per_group) * u64::from(inode_size);
        let fills = table_bytes.is_multiple_of(u64::from(block_size));
        require(
            is_possible(inodes_per_group, 8) && fills,
            "inodes per group",
            inodes_per_group.into(),
        )?;
        let groups = (blocks - first_block).div_ceil(blocks_per_group.into());
        require(groups <= MAX_GROUPS, "number of groups", groups)?;
        let groups = u32::try_from(groups).ok()?;
        let inodes = raw.le32(0x00);
        let expected = inodes_per_group.checked_mul(groups);
        require(expected == Some(inodes), "number of inodes", inodes.into())?;
        let first_inode = raw.le32(0x54);
        require(
            (11..=inodes).contains(&first_inode),
            "first inode that is not reserved",
            first_inode.into(),
        )?;
        let descriptor_size = if features.wide() { raw.le16(0xFE) } else { 32 };
        require(
            descriptor_size == if features.wide() { 64 } else { 32 },
            "size of a group descriptor",
            descriptor_size.into(),
        )?;
        let reserved = u32::from(raw.le16(0xCE));
        require(
            reserved <= block_size / 4,
            "number of reserved descriptor blocks",
            reserved.into(),
        )?;
        let table = u64::from(groups) * u64::from(descriptor_size);
        let table = table.div_ceil(block_size.into()) + u64::from(reserved) + 1;
        require(
            table <= blocks_per_group.into(),
            "blocks of the group descriptors",
            table,
        )?;
        let seed = if features.checksum_seed() {
            raw.le32(0x270)
        } else {
            crc32c(!0, &raw.array::<16>(0x68))
        };
        Some(Self {
            block_size,
            blocks,
            first_block,
            blocks_per_group,
            inodes_per_group,
            groups,
            inode_size,
            first_inode,
            descriptor_size,
            reserved_descriptor_blocks: reserved,
            features,
            seed,
            raw,
        })
    }

    /// Checks what does not stop the other checks.
    fn check_state(&self, problems: &mut Problems) {
        const PLACE: &str = "superblock";
        let raw = &self.raw[..];
        problems.expect(PLACE, "its group number", raw.le16(0x5A), 0);
        problems.expect_bits(PLACE, "state", raw.le16(0x3A), 1_u16);
        problems.expect(PLACE, "number of errors the kernel met", raw.le32(0x194), 0);
        let behavior = raw.le16(0x3C);
        if !(1..=3).contains(&behavior) {
            problems.add(
                PLACE,
                format_args!("behaviour on errors is {behavior}, expected 1 to 3"),
            );
        }
        let reserved = self.wide(0x08, 0x154);
        if reserved > self.blocks / 2 {
            let what = format_args!(
                "{reserved} reserved blocks of {}, at most half",
                self.blocks
            );
            problems.add(PLACE, what);
        }
        let last = raw.le32(0xE8);
        if last != 0 {
            problems.add(
                PLACE,
                format_args!("the orphan list starts with inode {last}"),
            );
        }
        self.check_hidden_inodes(problems);
        if !self.features.journal() {
            const JOURNAL: &str = "journal, without the feature";
            problems.expect(JOURNAL, "its inode", raw.le32(0xE0), 0);
            problems.expect_bits(JOURNAL, "its device", raw.le32(0xE4), 0_u32);
            if raw.array::<16>(0xD0) != [0; 16] {
                problems.add(JOURNAL, "the superblock has its UUID");
            }
        }
        // Without 64-bit numbers the size is 32, and this field need not say so.
        let size = raw.le16(0xFE);
        if size > 1024 || !(size == 0 || size.is_power_of_two()) {
            let what = format_args!("size of a group descriptor is {size}, no power of two");
            problems.add(PLACE, what);
        }
        let spare = self.inode_size - 128;
        for (name, at) in [("least", 0x15C), ("wanted", 0x15E)] {
            let extra = raw.le16(at);
            if extra > spare || !extra.is_multiple_of(4) {
                problems.add(
                    PLACE,
                    format_args!("{name} extra inode size is {extra}, at most {spare}"),
                );
            }
        }
        if self.features.hashed_directories() {
            // Without the flag each kernel takes the sign that characters have on its machine.
            let flags = raw.le32(0x160) & 3;
            if flags != 1 && flags != 2 {
                let what = format_args!("flags {flags:#x} do not say how directories are hashed");
                problems.add(PLACE, what);
            }
            let version = raw.byte(0xFC);
            if version > 2 {
                problems.add(
                    PLACE,
                    format_args!("hash version is {version}, at most 2 is known"),
                );
            }
        }
        let flex = raw.byte(0x174);
        if flex > 31 {
            problems.add(PLACE, format_args!("flex groups of 2^{flex}, at most 2^31"));
        }
        if !self.features.resize_inode() && self.reserved_descriptor_blocks != 0 {
            problems.expect(
                PLACE,
                "number of reserved descriptor blocks without resize_inode",
                self.reserved_descriptor_blocks,
                0,
            );
        }
    }

    /// Checks the numbers of inodes that no directory names.
    fn check_hidden_inodes(&self, problems: &mut Problems) {
        const PLACE: &str = "superblock";
        for (name, at) in [("users", 0x240), ("groups", 0x244), ("projects", 0x26C)] {
            let number = self.raw.le32(at);
            if number != 0 {
                let what = format_args!("quotas of {name} in inode {number}, without the feature");
                problems.add(PLACE, what);
            }
        }
        let number = self.raw.le32(0x280);
        let is_possible = if self.features.orphan_file() {
            (self.first_inode..=self.inodes()).contains(&number)
        } else {
            number == 0
        };
        if !is_possible {
            let but = if self.features.orphan_file() {
                "which cannot have it"
            } else {
                "without the feature"
            };
            problems.add(PLACE, format_args!("orphan file in inode {number}, {but}"));
        }
    }

    /// Returns whether the times in the superblock are such that a deletion time can be told from
    /// the number of an inode: some writers put times near 0 everywhere.
    pub(super) fn tells_times(&self) -> bool {
        let times = [0x2C, 0x30, 0x108].map(|at| self.raw.le32(at));
        let inodes = self.inodes();
        times.iter().all(|time| *time == 0 || *time >= inodes)
    }

    /// Returns a number of blocks, whose high half only counts with `64bit`.
    pub(super) fn wide(&self, low: usize, high: usize) -> u64 {
        if self.features.wide() {
            self.raw.split64(low, high)
        } else {
            self.raw.le32(low).into()
        }
    }

    /// Returns how many inodes there are.
    pub(super) fn inodes(&self) -> u32 {
        // Checked when it was read: the number in the superblock is this product.
        self.inodes_per_group.saturating_mul(self.groups)
    }

    /// Returns how many blocks the descriptors of all groups take.
    pub(super) fn descriptor_blocks(&self) -> u32 {
        let bytes = u64::from(self.groups) * u64::from(self.descriptor_size);
        // Checked when it was read: they fit in a group.
        u32::try_from(bytes.div_ceil(self.block_size.into())).unwrap_or(u32::MAX)
    }

    /// Returns how many blocks the inode table of a group takes.
    pub(super) fn table_blocks(&self) -> u32 {
        let bytes = u64::from(self.inodes_per_group) * u64::from(self.inode_size);
        u32::try_from(bytes / u64::from(self.block_size)).unwrap_or(u32::MAX)
    }

    /// Returns whether a group starts with a superblock and descriptors.
    pub(super) fn has_copy(&self, group: u32) -> bool {
        if group == 0 {
            return true;
        }
        if self.features.two_copies() {
            return group == self.raw.le32(0x24C) || group == self.raw.le32(0x250);
        }
        let is_power = |base: u32| {
            let mut power = 1_u32;
            while power < group {
                power = power.saturating_mul(base);
            }
            power == group
        };
        !self.features.sparse_super() || [3, 5, 7].into_iter().any(is_power)
    }

    /// Returns whether characters count as unsigned in the directory hash.
    pub(super) fn has_unsigned_hash(&self) -> bool {
        self.raw.le32(0x160) & 2 != 0
    }
}

/// Returns the checksum that a superblock must have. It starts from nothing, not from the seed.
pub(super) fn checksum(raw: &[u8]) -> u32 {
    crc32c(!0, &raw.array::<0x3FC>(0))
}
