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

/// Returns how many blocks the journal of a filesystem has; 0 for none.
pub(super) fn blocks(options: &Options, filesystem_blocks: u64) -> Result<u64, Error> {
    match options.journal {
        Journal::None => Ok(0),
        Journal::Auto => Ok(default_blocks(filesystem_blocks)),
        Journal::Bytes(bytes) => {
            let blocks = options.block_size.count(bytes);
            if (MIN_BLOCKS..=MAX_BLOCKS).contains(&blocks) {
                Ok(blocks)
            } else {
                Err(Error::JournalSize {
                    bytes,
                    block_size: options.block_size,
                })
            }
        }
    }
}

/// The sizes of e2fsprogs' `ext2fs_default_journal_size`.
fn default_blocks(filesystem_blocks: u64) -> u64 {
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
    ]
    .into_iter()
    .find(|(below, _)| filesystem_blocks < *below)
    .map_or(256 * KI, |(_, blocks)| blocks)
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
