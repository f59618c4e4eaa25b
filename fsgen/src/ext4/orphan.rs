//! The orphan file: where the kernel notes inodes that were unlinked while still in use.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/orphan.rst`. A new one is empty, but each
//! of its blocks has a checksum, which covers the block's own address.

use zerocopy::IntoBytes;

use super::checksum::Seed;
use super::format::{ORPHAN_MAGIC, OrphanTail};
use super::{Options, Profile};

/// Returns how many blocks the file has: those of e2fsprogs'
/// `ext2fs_default_orphan_file_blocks`, and 0 where there is no journal to go with it.
pub(super) fn blocks(options: &Options, filesystem_blocks: u64, journal_blocks: u64) -> u64 {
    if options.profile == Profile::Compat || journal_blocks == 0 {
        return 0;
    }
    (filesystem_blocks / 4096).clamp(32, 512)
}

/// Fills blocks that lie together, the first of them at `address`; `inode` is the file's seed.
pub(super) fn render(out: &mut [u8], block_size: usize, address: u64, inode: Seed) {
    for (address, block) in (address..).zip(out.chunks_exact_mut(block_size)) {
        let (numbers, place) = block.split_at_mut(block_size - size_of::<OrphanTail>());
        let tail = OrphanTail {
            magic: ORPHAN_MAGIC.into(),
            checksum: inode.over_numbered(&address.to_le_bytes(), numbers).into(),
        };
        place.copy_from_slice(tail.as_bytes());
    }
}
