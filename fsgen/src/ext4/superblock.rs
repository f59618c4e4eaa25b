//! The superblock and the group descriptors, and the bitmaps that they carry checksums of.

use zerocopy::{FromZeros, IntoBytes};

use super::checksum::{Seed, crc32c};
use super::format::{
    GroupDescriptor, MAGIC, Superblock, compat, group_flags, incompat, ro_compat, special_inode,
};
use super::geometry::GROUPS_PER_FLEX;
use super::inode::stored_time;
use super::layout::Layout;
use super::numbering::Owner;
use super::{Profile, hi32, high16, lo16, lo32};
use crate::tree::Tree;

/// `user_xattr` and `acl`: what mke2fs sets, and what mounts without it assume anyway.
const DEFAULT_MOUNT_OPTIONS: u32 = 0x4 | 0x8;
/// `EXT2_FLAGS_SIGNED_HASH`: names are hashed as signed characters, whatever the machine.
const SIGNED_HASH: u32 = 0x1;

/// Returns the superblock as it lies in one group; copies differ in that number alone.
pub(super) fn superblock(layout: &Layout, group: u32, journal_block: &[u8; 60]) -> Superblock {
    let geometry = &layout.geometry;
    let options = &layout.options;
    let (time, time_extra) = stored_time(options.time);
    let time_hi = u8::try_from(time_extra & 3).expect("two bits");
    let free = layout.space.free();
    let reserved = reserved_blocks(layout);
    let has_journal = layout.journal_blocks > 0;
    let has_resize = layout.resize_indirect.is_some();
    let has_orphan_file = layout.orphan_blocks > 0;
    let is_modern = options.profile == Profile::Modern;
    let has_values = !layout.needs.values.is_empty();
    let has_large_directory = layout.needs.has_large_directory;
    let log = options.block_size.bytes().ilog2() - 10;
    let per_group = lo32(geometry.blocks_per_group());
    let overhead = geometry.overhead() + u64::from(layout.journal_blocks);

    let mut sb = Superblock::new_zeroed();
    sb.inodes_count = geometry.inode_count().into();
    sb.blocks_count_lo = lo32(geometry.blocks).into();
    sb.blocks_count_hi = hi32(geometry.blocks).into();
    sb.r_blocks_count_lo = lo32(reserved).into();
    sb.r_blocks_count_hi = hi32(reserved).into();
    sb.free_blocks_count_lo = lo32(free).into();
    sb.free_blocks_count_hi = hi32(free).into();
    sb.free_inodes_count = (geometry.inode_count() - layout.used_inodes()).into();
    sb.first_data_block = lo32(geometry.first_data_block()).into();
    sb.log_block_size = log.into();
    sb.log_cluster_size = log.into();
    sb.blocks_per_group = per_group.into();
    sb.clusters_per_group = per_group.into();
    sb.inodes_per_group = geometry.inodes_per_group.into();
    // The last write (`s_wtime`) stays zero, "never": a time in the source may lie in the future,
    // and e2fsck complains when this one does.
    sb.mkfs_time = time.into();
    sb.mkfs_time_hi = time_hi;
    sb.lastcheck = time.into();
    sb.lastcheck_hi = time_hi;
    sb.max_mnt_count = u16::MAX.into(); // never check because of mounts
    sb.magic = MAGIC.into();
    sb.state = 1.into(); // cleanly unmounted
    sb.errors = 1.into(); // continue
    sb.rev_level = 1.into();
    sb.first_ino = special_inode::FIRST.into();
    sb.inode_size = 256.into();
    sb.block_group_nr = lo16(group).into();
    sb.feature_compat = (compat::EXT_ATTR
        | compat::DIR_INDEX
        | if has_journal { compat::HAS_JOURNAL } else { 0 }
        | if has_resize { compat::RESIZE_INODE } else { 0 }
        | if has_orphan_file {
            compat::ORPHAN_FILE
        } else {
            0
        })
    .into();
    sb.feature_incompat = (incompat::FILETYPE
        | incompat::EXTENTS
        | incompat::BIT64
        | incompat::FLEX_BG
        | if is_modern { incompat::CSUM_SEED } else { 0 }
        | if has_values { incompat::EA_INODE } else { 0 }
        | if has_large_directory {
            incompat::LARGE_DIR
        } else {
            0
        })
    .into();
    sb.feature_ro_compat = (ro_compat::SPARSE_SUPER
        | ro_compat::LARGE_FILE
        | ro_compat::HUGE_FILE
        | ro_compat::DIR_NLINK
        | ro_compat::EXTRA_ISIZE
        | ro_compat::METADATA_CSUM)
        .into();
    sb.uuid = *options.uuid.as_bytes();
    sb.volume_name[..options.label.len()].copy_from_slice(options.label.as_bytes());
    sb.reserved_gdt_blocks = lo16(geometry.reserved_descriptor_blocks).into();
    sb.hash_seed = *options.hash_seed.as_bytes();
    sb.def_hash_version = 1; // half MD4
    sb.desc_size = 64.into();
    sb.default_mount_opts = DEFAULT_MOUNT_OPTIONS.into();
    sb.min_extra_isize = 32.into();
    sb.want_extra_isize = 32.into();
    sb.flags = SIGNED_HASH.into();
    sb.log_groups_per_flex = u8::try_from(GROUPS_PER_FLEX.ilog2()).expect("4");
    sb.checksum_type = 1; // CRC-32C
    sb.overhead_clusters = lo32(overhead).into();
    if has_journal {
        sb.journal_inum = special_inode::JOURNAL.into();
        sb.jnl_backup_type = 1;
        // A copy of the journal inode's block map and size, should its inode be lost.
        for (word, bytes) in sb.jnl_blocks.iter_mut().zip(journal_block.chunks_exact(4)) {
            word.as_mut_bytes().copy_from_slice(bytes);
        }
        sb.jnl_blocks[15] = hi32(layout.journal_bytes()).into();
        sb.jnl_blocks[16] = lo32(layout.journal_bytes()).into();
    }
    if is_modern {
        sb.checksum_seed = Seed::new(&options.uuid).register().into();
    }
    sb.orphan_file_inum = layout.orphan_inode().into();
    let sum = crc32c(!0, &sb.as_bytes()[..1020]);
    sb.checksum = sum.into();
    sb
}

/// Returns how many blocks only root may use.
fn reserved_blocks(layout: &Layout) -> u64 {
    let hundredths = u128::from(layout.options.reserved_hundredths.min(5000));
    u64::try_from(u128::from(layout.geometry.blocks) * hundredths / 10_000)
        .expect("at most half of the blocks")
}

/// Returns the whole descriptor table, padded to blocks.
pub(super) fn descriptors(layout: &Layout, tree: &Tree, seed: Seed) -> Vec<u8> {
    let geometry = &layout.geometry;
    let directories = directories_by_group(layout, tree);
    let mut table = Vec::new();
    for (number, group) in (0..geometry.groups).zip(&layout.groups) {
        let free_inodes = geometry.inodes_per_group - layout.used_in_group(number);
        let free_blocks = lo32(group.free_blocks);
        let dirs = directories[number as usize];
        let mut flags = group_flags::INODE_ZEROED;
        let mut block_sum = 0;
        let mut inode_sum = 0;
        if layout.is_block_uninit(number) {
            flags |= group_flags::BLOCK_UNINIT;
        } else {
            block_sum = seed.over(&block_bitmap(layout, number));
        }
        if layout.used_in_group(number) == 0 {
            flags |= group_flags::INODE_UNINIT;
        } else {
            // Only the bits of real inodes are covered, not the padding after them.
            let bitmap = inode_bitmap(layout, number);
            inode_sum = seed.over(&bitmap[..geometry.inodes_per_group as usize / 8]);
        }
        let mut descriptor = GroupDescriptor {
            block_bitmap_lo: lo32(group.block_bitmap).into(),
            block_bitmap_hi: hi32(group.block_bitmap).into(),
            inode_bitmap_lo: lo32(group.inode_bitmap).into(),
            inode_bitmap_hi: hi32(group.inode_bitmap).into(),
            inode_table_lo: lo32(group.inode_table).into(),
            inode_table_hi: hi32(group.inode_table).into(),
            free_blocks_count_lo: lo16(free_blocks).into(),
            free_blocks_count_hi: high16(free_blocks).into(),
            free_inodes_count_lo: lo16(free_inodes).into(),
            free_inodes_count_hi: high16(free_inodes).into(),
            used_dirs_count_lo: lo16(dirs).into(),
            used_dirs_count_hi: high16(dirs).into(),
            flags: flags.into(),
            block_bitmap_csum_lo: lo16(block_sum).into(),
            block_bitmap_csum_hi: high16(block_sum).into(),
            inode_bitmap_csum_lo: lo16(inode_sum).into(),
            inode_bitmap_csum_hi: high16(inode_sum).into(),
            itable_unused_lo: lo16(free_inodes).into(),
            itable_unused_hi: high16(free_inodes).into(),
            ..GroupDescriptor::default()
        };
        let sum = seed.over_numbered(&number.to_le_bytes(), descriptor.as_bytes());
        descriptor.checksum = lo16(sum).into();
        table.extend_from_slice(descriptor.as_bytes());
    }
    table.resize(
        geometry.descriptor_blocks as usize * geometry.block_size.len(),
        0,
    );
    table
}

fn directories_by_group(layout: &Layout, tree: &Tree) -> Vec<u32> {
    let mut counts = vec![0; layout.groups.len()];
    for (inode, owner) in layout.numbering.inodes() {
        let is_directory = match owner {
            Owner::Node(node) => tree.is_directory(node),
            _ => true,
        };
        if is_directory {
            counts[((inode - 1) / layout.geometry.inodes_per_group) as usize] += 1;
        }
    }
    counts
}

/// Returns a group's block bitmap; bits beyond the end of the filesystem are set.
pub(super) fn block_bitmap(layout: &Layout, group: u32) -> Vec<u8> {
    let geometry = &layout.geometry;
    let start = geometry.group_start(group);
    let end = start + geometry.group_blocks(group);
    let mut bitmap = vec![0xFF; geometry.block_size.len()];
    let runs = layout.space.runs();
    let first = runs.partition_point(|run| run.end() <= start);
    for run in runs[first..].iter().take_while(|run| run.start < end) {
        let bit = |block: u64| usize::try_from(block - start).expect("within a group");
        clear(
            &mut bitmap,
            bit(run.start.max(start)),
            bit(run.end().min(end)),
        );
    }
    bitmap
}

/// Returns a group's inode bitmap; bits beyond its inodes are set.
pub(super) fn inode_bitmap(layout: &Layout, group: u32) -> Vec<u8> {
    let geometry = &layout.geometry;
    let mut bitmap = vec![0xFF; geometry.block_size.len()];
    let used = layout.used_in_group(group) as usize;
    clear(&mut bitmap, used, geometry.inodes_per_group as usize);
    bitmap
}

fn clear(bitmap: &mut [u8], from: usize, to: usize) {
    let mut bit = from;
    while bit < to {
        if bit.is_multiple_of(8) && to - bit >= 8 {
            let bytes = (to - bit) / 8;
            bitmap[bit / 8..bit / 8 + bytes].fill(0);
            bit += bytes * 8;
        } else {
            bitmap[bit / 8] &= !(1 << (bit % 8));
            bit += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_cleared_one_by_one_and_by_bytes() {
        for (from, to) in [(0, 0), (0, 24), (3, 5), (7, 9), (5, 24), (8, 16), (1, 23)] {
            let mut bitmap = [0xFF; 3];
            clear(&mut bitmap, from, to);
            for bit in 0..24 {
                let is_set = bitmap[bit / 8] >> (bit % 8) & 1 == 1;
                assert_eq!(is_set, !(from..to).contains(&bit), "{bit} of {from}..{to}");
            }
        }
    }
}
