//! Bitmaps, and the counts of what is free, against what was found.

use std::io;

use super::group::{Group, copy_blocks};
use super::inodes::Inodes;
use super::owned::{self, Owned};
use super::raw_inode::FileType;
use super::volume::Volume;
use crate::crc::crc32c;
use crate::fields::{Fields, slice};
use crate::verify::problem::Problems;

/// Counts of a whole filesystem.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub free_blocks: u64,
    pub free_inodes: u64,
}

/// Compares bitmaps and counts of all groups, and the sums in the superblock.
pub(super) fn check_all(
    volume: &Volume<'_>,
    groups: &[Group],
    owned: &Owned,
    inodes: &Inodes,
    problems: &mut Problems,
) -> io::Result<Totals> {
    let mut totals = Totals::default();
    let mut left = &inodes.used[..];
    for (number, group) in (0_u32..).zip(groups) {
        let here = left.partition_point(|used| volume.group_of_inode(used.number) <= number);
        let (used, later) = left.split_at(here);
        left = later;
        blocks(volume, (number, group), owned, problems)?;
        let place = format_args!("group {number}");
        let free = volume.group_len(number) - owned.count(number).min(volume.group_len(number));
        problems.expect(place, "count of free blocks", group.free_blocks, free);
        totals.free_blocks += u64::from(free);

        let bits = inode_bits(volume, number, used.iter().map(|used| used.number));
        let in_use: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
        let free = volume.superblock.inodes_per_group.saturating_sub(in_use);
        self::inodes(volume, (number, group), &bits, problems)?;
        problems.expect(place, "count of free inodes", group.free_inodes, free);
        totals.free_inodes += u64::from(free);
        let is_directory = |kind| kind == Some(FileType::Directory);
        let directories = used.iter().filter(|used| is_directory(used.kind)).count();
        let directories = u32::try_from(directories).unwrap_or(u32::MAX);
        problems.expect(
            place,
            "count of directories",
            group.directories,
            directories,
        );
    }
    let superblock = &volume.superblock;
    let free = superblock.wide(0x0C, 0x158);
    problems.expect(
        "superblock",
        "count of free blocks",
        free,
        totals.free_blocks,
    );
    let free = u64::from(superblock.raw.le32(0x10));
    problems.expect(
        "superblock",
        "count of free inodes",
        free,
        totals.free_inodes,
    );
    Ok(totals)
}

/// Returns the bitmap that a group's inodes should have.
fn inode_bits(volume: &Volume<'_>, group: u32, used: impl Iterator<Item = u32>) -> Vec<u8> {
    let per_group = volume.superblock.inodes_per_group;
    let mut bits = vec![0; (per_group / 8) as usize];
    let first = group * per_group + 1;
    let reserved = volume.superblock.first_inode.saturating_sub(first);
    owned::set(&mut bits, 0, reserved.min(per_group).into());
    for number in used {
        owned::set(&mut bits, u64::from(number - first), 1);
    }
    bits
}

fn blocks(
    volume: &Volume<'_>,
    (number, group): (u32, &Group),
    owned: &Owned,
    problems: &mut Problems,
) -> io::Result<()> {
    let place = format_args!("block bitmap of group {number}");
    let superblock = &volume.superblock;
    let len = volume.group_len(number);
    let none = vec![0; (superblock.blocks_per_group / 8) as usize];
    let expected = owned.group(number).unwrap_or(&none);
    let start = volume.group_start(number);
    if group.has_no_block_bitmap {
        // Whoever makes the bitmap later knows of no other blocks than these.
        let bits = own_blocks(volume, (number, group));
        let lost = differences(&bits, expected, len, start);
        if let Some(what) = lost {
            problems.add(place, format_args!("is not written, {what}"));
        }
        return Ok(());
    }
    let Some(block) = group.block_bitmap else {
        return Ok(());
    };
    let found = volume.block(block)?;
    let bytes = slice(&found, 0, none.len());
    if superblock.features.metadata_csum() {
        check_checksum(volume, place, bytes, group.block_bitmap_checksum, problems);
    }
    if let Some(what) = differences(bytes, expected, len, start) {
        problems.add(place, what);
    }
    check_padding(&found, len, place, problems);
    Ok(())
}

fn inodes(
    volume: &Volume<'_>,
    (number, group): (u32, &Group),
    expected: &[u8],
    problems: &mut Problems,
) -> io::Result<()> {
    let superblock = &volume.superblock;
    if group.has_no_inodes {
        let most = superblock.inodes_per_group;
        let place = format_args!("group {number}");
        problems.expect(
            place,
            "count of untouched inodes",
            group.untouched_inodes,
            most,
        );
        return Ok(());
    }
    let Some(block) = group.inode_bitmap else {
        return Ok(());
    };
    let place = format_args!("inode bitmap of group {number}");
    let found = volume.block(block)?;
    let bytes = slice(&found, 0, expected.len());
    if superblock.features.metadata_csum() {
        check_checksum(volume, place, bytes, group.inode_bitmap_checksum, problems);
    }
    let first = u64::from(number) * u64::from(superblock.inodes_per_group) + 1;
    if let Some(what) = differences(bytes, expected, superblock.inodes_per_group, first) {
        problems.add(place, what);
    }
    check_padding(&found, superblock.inodes_per_group, place, problems);
    Ok(())
}

/// Returns the blocks that a group has by its own descriptor: what a bitmap that was never
/// written is taken to say.
fn own_blocks(volume: &Volume<'_>, (number, group): (u32, &Group)) -> Vec<u8> {
    let superblock = &volume.superblock;
    let mut bits = vec![0; (superblock.blocks_per_group / 8) as usize];
    let (start, len) = (volume.group_start(number), volume.group_len(number));
    owned::set(&mut bits, 0, copy_blocks(volume, number).min(len).into());
    for (block, count) in [
        (group.block_bitmap, 1),
        (group.inode_bitmap, 1),
        (group.inode_table, superblock.table_blocks()),
    ] {
        let Some(block) = block else { continue };
        let first = block.max(start);
        let end = (block + u64::from(count)).min(start + u64::from(len));
        if first < end {
            owned::set(&mut bits, first - start, end - first);
        }
    }
    bits
}

fn check_checksum(
    volume: &Volume<'_>,
    place: impl std::fmt::Display,
    bytes: &[u8],
    found: u32,
    problems: &mut Problems,
) {
    let mut expected = crc32c(volume.superblock.seed, bytes);
    if volume.superblock.descriptor_size < 64 {
        // A short descriptor has no place for the upper half.
        expected &= 0xFFFF;
    }
    problems.expect_bits(place, "checksum", found, expected);
}

/// Says where two bitmaps of `len` bits are not the same: how many, and the first.
fn differences(found: &[u8], expected: &[u8], len: u32, first: u64) -> Option<String> {
    if found == expected {
        return None;
    }
    let bit = |bits: &[u8], index: u32| bits.byte((index / 8) as usize) >> (index % 8) & 1;
    let mut wrong = (0..len).filter(|index| bit(found, *index) != bit(expected, *index));
    let start = wrong.next()?;
    let more = wrong.count();
    let number = first + u64::from(start);
    let (is, should) = if bit(found, start) == 1 {
        ("in use", "free")
    } else {
        ("free", "in use")
    };
    Some(format!(
        "says that {number} is {is}, it is {should}; and {more} more differences"
    ))
}

/// Bits after the last one that has a meaning must be set, so that nothing is found free there.
fn check_padding(block: &[u8], len: u32, place: impl std::fmt::Display, problems: &mut Problems) {
    let bits = u32::try_from(block.len() * 8).unwrap_or(u32::MAX);
    let is_set = |index: u32| block.byte((index / 8) as usize) >> (index % 8) & 1 == 1;
    let clear = (len..bits).filter(|index| !is_set(*index)).count();
    if clear > 0 {
        problems.add(
            place,
            format_args!("{clear} bits after the last one are not set"),
        );
    }
}
