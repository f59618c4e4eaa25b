//! The copies of superblock and group descriptors at the start of some groups.
//!
//! Kernels leave counts and times in them as they were: only what a repair would rely on is
//! compared, and each copy's own checksum.

use std::io;

use super::group::{self, Group};
use super::superblock::checksum;
use super::volume::Volume;
use crate::fields::Fields;
use crate::verify::problem::Problems;

/// Copies that are compared. With `sparse_super` there are never as many; without it, reading
/// them all could take time that grows with the square of the size.
const MOST: usize = 64;

/// Fields of four bytes in which a copy must be like the first superblock, and their names.
const SAME: [(usize, &str); 13] = [
    (0x00, "number of inodes"),
    (0x04, "number of blocks"),
    (0x14, "first data block"),
    (0x18, "block size"),
    (0x1C, "cluster size"),
    (0x20, "blocks per group"),
    (0x28, "inodes per group"),
    (0x4C, "revision"),
    (0x54, "first inode that is not reserved"),
    (0x68, "UUID, bytes 0 to 3"),
    (0x6C, "UUID, bytes 4 to 7"),
    (0x70, "UUID, bytes 8 to 11"),
    (0x74, "UUID, bytes 12 to 15"),
];

/// Compares the copies and returns how many there were.
pub(super) fn check(
    volume: &Volume<'_>,
    groups: &[Group],
    problems: &mut Problems,
) -> io::Result<u64> {
    let superblock = &volume.superblock;
    let copies = (1..superblock.groups).filter(|number| superblock.has_copy(*number));
    let mut count = 0;
    for number in copies.take(MOST) {
        let needed = 1 + superblock.descriptor_blocks();
        if volume.group_len(number) < needed {
            let place = format_args!("group {number}");
            problems.add(place, "has no room for its copy of the superblock");
            continue;
        }
        check_superblock(volume, number, problems)?;
        check_descriptors(volume, number, groups, problems)?;
        count += 1;
    }
    Ok(count)
}

fn check_superblock(volume: &Volume<'_>, number: u32, problems: &mut Problems) -> io::Result<()> {
    let place = format_args!("superblock copy of group {number}");
    let first = &volume.superblock.raw[..];
    let copy = volume.block(volume.group_start(number))?;
    problems.expect_bits(place, "magic", copy.le16(0x38), first.le16(0x38));
    if volume.superblock.features.metadata_csum() {
        problems.expect_bits(place, "checksum", copy.le32(0x3FC), checksum(&copy));
    }
    let own_number = u32::from(copy.le16(0x5A));
    problems.expect(place, "its group number", own_number, number & 0xFFFF);
    for (at, name) in SAME {
        problems.expect(place, name, copy.le32(at), first.le32(at));
    }
    for (at, name) in [(0x58, "inode size"), (0xFE, "descriptor size")] {
        problems.expect(place, name, copy.le16(at), first.le16(at));
    }
    // A kernel sets the first of these masks' bits in the first superblock only: the journal's
    // state, the first large file, orphans.
    for (at, name, mask) in [
        (0x60, "incompatible features", !0x4),
        (0x64, "read-only compatible features", !0x1_0062),
        (0x5C, "compatible features", 0x210),
    ] {
        problems.expect_bits(place, name, copy.le32(at) & mask, first.le32(at) & mask);
    }
    Ok(())
}

fn check_descriptors(
    volume: &Volume<'_>,
    copy: u32,
    groups: &[Group],
    problems: &mut Problems,
) -> io::Result<()> {
    let superblock = &volume.superblock;
    let size = usize::from(superblock.descriptor_size);
    let first = volume.group_start(copy) + 1;
    let mut numbered = (0_u32..).zip(groups);
    for block in 0..superblock.descriptor_blocks() {
        let block = volume.block(first + u64::from(block))?;
        // The zip takes from the block first, so that no group is lost between two blocks.
        for (raw, (number, group)) in block.chunks_exact(size).zip(numbered.by_ref()) {
            let place = format_args!("descriptor of group {number}, copy in group {copy}");
            if superblock.features.group_checksums() {
                let expected = group::checksum(volume, number, raw);
                problems.expect_bits(place, "checksum", raw.le16(0x1E), expected);
            }
            for (name, at, high, expected) in [
                ("block bitmap", 0x00, 0x20, group.block_bitmap),
                ("inode bitmap", 0x04, 0x24, group.inode_bitmap),
                ("inode table", 0x08, 0x28, group.inode_table),
            ] {
                let found = if superblock.features.wide() {
                    raw.split64(at, high)
                } else {
                    raw.le32(at).into()
                };
                if let Some(expected) = expected {
                    problems.expect(place, name, found, expected);
                }
            }
        }
    }
    Ok(())
}
