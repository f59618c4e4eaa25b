//! The superblock: where everything is, and what has to be understood to read it.
//!
//! Source: the kernel's Documentation/filesystems/ext4/super.rst.

use std::io;

use anyhow::{Result, bail, ensure};
use uuid::Uuid;

use super::features::{Features, READ_ONLY_COMPATIBLE};
use crate::crc::{crc16, crc32c};
use crate::disk::Disk;
use crate::fields::{Fields as _, slice};
use crate::volume::Description;

/// Where it is, in bytes.
const OFFSET: u64 = 1024;
const LEN: usize = 1024;
const MAGIC: u16 = 0xEF53;
/// What `s_state` has when all was written at the end.
const CLEAN: u16 = 1;
/// What it has when the kernel found something wrong.
const ERRORS: u16 = 2;

/// What is needed of a superblock.
#[derive(Debug)]
pub(super) struct Superblock {
    /// Bytes of a block, a power of two from 1,024 to 65,536.
    pub block_size: u32,
    pub blocks: u64,
    /// The block that the first group starts with.
    pub first_block: u64,
    pub blocks_per_group: u32,
    pub inodes: u32,
    pub inodes_per_group: u32,
    /// Bytes of an inode.
    pub inode_size: u16,
    /// Bytes of a group descriptor.
    pub descriptor_size: u16,
    pub features: Features,
    /// What checksums of metadata start with.
    pub seed: u32,
    raw: Vec<u8>,
}

/// Returns whether a disk starts with such a filesystem.
pub(in crate::volume) fn is_likely(disk: &dyn Disk) -> io::Result<bool> {
    let raw = disk.read_padded(OFFSET, 128)?;
    Ok(raw.le16(0x38) == MAGIC && raw.le32(0x18) <= 6 && raw.le32(0x4C) <= 1)
}

/// Returns what a superblock says, whether or not what it describes can be read here.
pub(in crate::volume) fn describe(disk: &dyn Disk) -> io::Result<Description> {
    let raw = disk.read_padded(OFFSET, LEN)?;
    let features = match raw.le32(0x4C) {
        0 => Features::default(),
        _ => Features::read(&raw),
    };
    let count = |low, high| match features.wide() {
        true => raw.split64(low, high),
        false => raw.le32(low).into(),
    };
    let block_size = 1024_u64 << raw.le32(0x18).min(6);
    Ok(Description {
        kind: features.kind().to_owned(),
        label: label(&raw),
        uuid: Uuid::from_bytes(raw.array(0x68)).to_string(),
        features: features.names(),
        bytes: count(0x04, 0x150).checked_mul(block_size),
        free: count(0x0C, 0x158).checked_mul(block_size),
        block_size: Some(block_size),
        inodes: Some(raw.le32(0x00)),
        free_inodes: Some(raw.le32(0x10)),
    })
}

fn label(raw: &[u8]) -> String {
    let label = slice(raw, 0x78, 16).split(|b| *b == 0).next();
    String::from_utf8_lossy(label.unwrap_or_default()).into_owned()
}

impl Superblock {
    /// Reads the superblock of a disk.
    pub(super) fn read(disk: &dyn Disk) -> Result<Self> {
        let raw = disk.read(OFFSET, LEN)?;
        let log_size = raw.le32(0x18);
        ensure!(log_size <= 6, "blocks of 2^{log_size} KiB; at most 64 KiB");
        let block_size = 1024_u32 << log_size;
        // The first revision has neither features nor inodes of other sizes.
        let is_first = raw.le32(0x4C) == 0;
        let features = match is_first {
            true => Features::default(),
            false => Features::read(&raw),
        };
        if features.metadata_csum() {
            let (found, expected) = (raw.le32(0x3FC), crc32c(!0, slice(&raw, 0, 0x3FC)));
            ensure!(
                found == expected,
                "the checksum of its superblock is {found:#x}, expected {expected:#x}"
            );
        }
        features.check()?;
        let inode_size = if is_first { 128 } else { raw.le16(0x58) };
        ensure!(
            inode_size.is_power_of_two() && (128..=block_size).contains(&inode_size.into()),
            "inodes of {inode_size} bytes"
        );
        let descriptor_size = if features.wide() { raw.le16(0xFE) } else { 32 };
        ensure!(
            descriptor_size.is_power_of_two() && (32..=1024).contains(&descriptor_size),
            "group descriptors of {descriptor_size} bytes"
        );
        let (blocks, first_block) = match features.wide() {
            true => (raw.split64(0x04, 0x150), raw.le32(0x14)),
            false => (raw.le32(0x04).into(), raw.le32(0x14)),
        };
        let (blocks_per_group, inodes_per_group) = (raw.le32(0x20), raw.le32(0x28));
        ensure!(
            blocks_per_group > 0 && inodes_per_group > 0,
            "groups of {blocks_per_group} blocks and {inodes_per_group} inodes"
        );
        let seed = match features.checksum_seed() {
            true => raw.le32(0x270),
            false => crc32c(!0, slice(&raw, 0x68, 16)),
        };
        let here = disk.len() / u64::from(block_size);
        if blocks > here {
            bail!(
                "it has {blocks} blocks of {block_size} bytes, but there is room for {here}; was \
                 it cut short?"
            );
        }
        Ok(Self {
            block_size,
            blocks,
            first_block: first_block.into(),
            blocks_per_group,
            inodes: raw.le32(0),
            inodes_per_group,
            inode_size,
            descriptor_size,
            features,
            seed,
            raw,
        })
    }

    /// Returns the type that people know it by.
    pub(super) fn kind(&self) -> &'static str {
        self.features.kind()
    }

    pub(super) fn label(&self) -> String {
        label(&self.raw)
    }

    /// Returns the inode of the journal.
    pub(super) fn journal_inode(&self) -> u32 {
        self.raw.le32(0xE0)
    }

    /// Returns what names in directories are hashed with.
    pub(super) fn hash_seed(&self) -> [u32; 4] {
        [0xEC, 0xF0, 0xF4, 0xF8].map(|at| self.raw.le32(at))
    }

    /// Returns whether the bytes of names were taken as numbers without a sign.
    pub(super) fn has_unsigned_hash(&self) -> bool {
        self.raw.le32(0x160) & 2 != 0
    }

    /// Returns whether inodes were made by another system than Linux (the Hurd).
    pub(super) fn is_foreign(&self) -> bool {
        self.raw.le32(0x48) == 1
    }

    /// Returns what is strange about its state, if there is no journal that mends it.
    pub(super) fn warnings(&self) -> Vec<String> {
        let state = self.raw.le16(0x3A);
        let mut warnings = Vec::new();
        if state & ERRORS != 0 {
            warnings.push("the kernel found errors in it; `e2fsck -f` mends them".to_owned());
        } else if state & CLEAN == 0 && !self.features.has_journal() {
            warnings
                .push("it was not unmounted, and has no journal; `e2fsck` checks it".to_owned());
        }
        let unknown = self.features.read_only & !READ_ONLY_COMPATIBLE;
        if unknown != 0 {
            warnings.push(format!(
                "it has features that are not known here ({unknown:#x}), but may be read without"
            ));
        }
        warnings
    }

    /// Returns where the descriptor of a group is, in bytes.
    pub(super) fn descriptor(&self, group: u32) -> u64 {
        let (size, block_size) = (u64::from(self.descriptor_size), u64::from(self.block_size));
        let per_block = block_size / size;
        let (number, rest) = (u64::from(group) / per_block, u64::from(group) % per_block);
        // The superblock is the block before, which is block 1 with blocks of 1 KiB.
        let own = u64::from(block_size == 1024);
        let first_meta = u64::from(self.raw.le32(0x104));
        let block = if !self.features.meta_bg() || number < first_meta {
            own + 1 + number
        } else {
            let first = per_block * number;
            let start = first
                .saturating_mul(self.blocks_per_group.into())
                .saturating_add(self.first_block);
            let is_odd = own == 1 && number == 0 && self.first_block == 0;
            start
                .saturating_add(u64::from(self.has_superblock(first)))
                .saturating_add(u64::from(is_odd))
        };
        block.saturating_mul(block_size).saturating_add(rest * size)
    }

    /// Checks the checksum of the descriptor of a group.
    pub(super) fn check_descriptor(&self, group: u32, descriptor: &[u8]) -> Result<()> {
        const AT: usize = 0x1E;
        let number = group.to_le_bytes();
        let before = slice(descriptor, 0, AT);
        let after = slice(descriptor, AT + 2, descriptor.len() - AT - 2);
        let expected = if self.features.metadata_csum() {
            // It counts as zero itself; the lower half is kept.
            let parts = [&number, before, &[0, 0], after].into_iter();
            parts.fold(self.seed, crc32c) & 0xFFFF
        } else if self.features.uninit_bg() {
            let parts = [slice(&self.raw, 0x68, 16), &number, before, after].into_iter();
            parts.fold(!0, crc16).into()
        } else {
            return Ok(());
        };
        let found = u32::from(descriptor.le16(AT));
        ensure!(
            found == expected,
            "the descriptor of group {group} has the checksum {found:#x}, expected {expected:#x}"
        );
        Ok(())
    }

    fn has_superblock(&self, group: u64) -> bool {
        if group == 0 {
            return true;
        }
        if self.features.sparse_super2() {
            return [0x24C, 0x250]
                .iter()
                .any(|at| u64::from(self.raw.le32(*at)) == group);
        }
        let is_power = |base: u64| {
            let mut power = 1;
            while power < group {
                power *= base;
            }
            power == group
        };
        !self.features.sparse_super() || [3, 5, 7].into_iter().any(is_power)
    }
}
