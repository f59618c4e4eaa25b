//! The journal: how large it is, and its one block that is not zero.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/journal.rst`. The journal's UUID of the
//! superblock stays zero: it names an external one.

use uuid::Uuid;
use zerocopy::IntoBytes;

use super::format::{JOURNAL_MAGIC, JOURNAL_SUPERBLOCK_V2, JournalSuperblock};
use super::geometry::BlockSize;
use super::{Error, Journal, Options};

/// The fewest blocks that the kernel takes (`JBD2_MIN_JOURNAL_BLOCKS`).
pub(super) const MIN_BLOCKS: u64 = 1024;
/// The most blocks that mke2fs takes.
pub(super) const MAX_BLOCKS: u64 = 10_240_000;

/// The sizes of e2fsprogs' `ext2fs_default_journal_size`: in filesystems below so many blocks,
/// the journal has so many.
const DEFAULTS: [(u64, u64); 9] = {
    const KI: u64 = 1024;
    [
        (2 * KI, 0),
        (32 * KI, KI),
        (256 * KI, 4 * KI),
        (512 * KI, 8 * KI),
        (4096 * KI, 16 * KI),
        (8192 * KI, 32 * KI),
        (16384 * KI, 64 * KI),
        (32768 * KI, 128 * KI),
        (u64::MAX, 256 * KI),
    ]
};

/// Returns how many blocks the journal of a filesystem may have, the usual number first and then
/// lower ones; 0 for none.
pub(super) fn choices(options: &Options, filesystem_blocks: u64) -> Result<Vec<u64>, Error> {
    match options.journal {
        Journal::None => Ok(vec![0]),
        Journal::Auto | Journal::Always => {
            let usual = DEFAULTS.partition_point(|(below, _)| *below <= filesystem_blocks);
            // Down to the smallest journal, but not to none.
            let least = match options.journal {
                Journal::Always => 1,
                _ => usual.min(1),
            };
            let usual = usual.clamp(least, DEFAULTS.len() - 1);
            Ok((least..=usual).rev().map(|i| DEFAULTS[i].1).collect())
        }
        Journal::Bytes(bytes) => {
            let blocks = options.block_size.count(bytes);
            if (MIN_BLOCKS..=MAX_BLOCKS).contains(&blocks) {
                Ok(vec![blocks])
            } else {
                Err(Error::JournalSize {
                    bytes,
                    block_size: options.block_size,
                })
            }
        }
    }
}

/// Returns the first block of an empty journal.
pub(super) fn superblock(block_size: BlockSize, blocks: u32, uuid: &Uuid) -> Vec<u8> {
    let header = JournalSuperblock {
        magic: JOURNAL_MAGIC.into(),
        blocktype: JOURNAL_SUPERBLOCK_V2.into(),
        header_sequence: 0.into(),
        blocksize: block_size.bytes().into(),
        maxlen: blocks.into(),
        first: 1.into(),
        sequence: 1.into(),
        start: 0.into(),
        errno: 0.into(),
        feature_compat: 0.into(),
        feature_incompat: 0.into(),
        feature_ro_compat: 0.into(),
        uuid: *uuid.as_bytes(),
        nr_users: 1.into(),
    };
    let mut block = vec![0; block_size.len()];
    block[..size_of::<JournalSuperblock>()].copy_from_slice(header.as_bytes());
    block
}
