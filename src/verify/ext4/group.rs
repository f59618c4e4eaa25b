//! Group descriptors: their checksums, and where they say that bitmaps and inode tables lie.
//!
//! Source: the kernel's Documentation/filesystems/ext4/group_descr.rst.

use std::io;

use super::owned::Owned;
use super::volume::Volume;
use crate::crc::{crc16, crc32c};
use crate::fields::{Fields, slice};
use crate::verify::problem::Problems;

/// What a group descriptor says. Places that are outside of the filesystem were reported.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub block_bitmap: Option<u64>,
    pub inode_bitmap: Option<u64>,
    pub inode_table: Option<u64>,
    pub free_blocks: u32,
    pub free_inodes: u32,
    pub directories: u32,
    /// Inodes at the end of the table that were never used.
    pub untouched_inodes: u32,
    /// The block bitmap was never written.
    pub has_no_block_bitmap: bool,
    /// The inode bitmap and table were never written.
    pub has_no_inodes: bool,
    pub block_bitmap_checksum: u32,
    pub inode_bitmap_checksum: u32,
}

impl Group {
    /// Returns how many inodes of the table can be in use.
    pub(super) fn touched_inodes(&self, per_group: u32) -> u32 {
        if self.has_no_inodes {
            0
        } else {
            per_group.saturating_sub(self.untouched_inodes)
        }
    }
}

/// Descriptor blocks that are read at once.
const BATCH: u32 = 64;

/// Reads the descriptors of all groups.
pub(super) fn read_all(volume: &Volume<'_>, problems: &mut Problems) -> io::Result<Vec<Group>> {
    let superblock = &volume.superblock;
    let size = usize::from(superblock.descriptor_size);
    let first = superblock.first_block + 1;
    let mut groups = Vec::new();
    let mut done = 0;
    while done < superblock.descriptor_blocks() {
        let count = BATCH.min(superblock.descriptor_blocks() - done);
        let blocks = volume.blocks(first + u64::from(done), count)?;
        done += count;
        for (raw, number) in blocks.chunks_exact(size).zip(groups.len()..) {
            match u32::try_from(number) {
                Ok(number) if number < superblock.groups => {
                    groups.push(read(volume, number, raw, problems));
                }
                _ => break,
            }
        }
    }
    Ok(groups)
}

fn read(volume: &Volume<'_>, number: u32, raw: &[u8], problems: &mut Problems) -> Group {
    let superblock = &volume.superblock;
    let place = format_args!("group {number}");
    let is_wide = superblock.features.wide();
    let half = |at: usize, high: usize| {
        let high = if is_wide { raw.le16(high) } else { 0 };
        u32::from(raw.le16(at)) | u32::from(high) << 16
    };
    let has_flags = superblock.features.group_checksums();
    if has_flags {
        let expected = checksum(volume, number, raw);
        problems.expect_bits(place, "descriptor checksum", raw.le16(0x1E), expected);
    }
    let untouched = half(0x1C, 0x32);
    if !has_flags && untouched != 0 {
        problems.expect(place, "count of untouched inodes", untouched, 0);
    }
    let flags = raw.le16(0x12);
    // That a table is zeroed may be said anyway.
    let known = if has_flags { 7 } else { 4 };
    if flags & !known != 0 {
        problems.add(
            place,
            format_args!("flags {flags:#x}, only {known:#x} are possible"),
        );
    }
    let mut located = |name: &str, at: usize, high: usize, len: u32| {
        let found = if is_wide {
            raw.split64(at, high)
        } else {
            raw.le32(at).into()
        };
        let (start, group_len) = (volume.group_start(number), volume.group_len(number));
        let in_group = found >= start
            && found
                .checked_add(len.into())
                .is_some_and(|end| end <= start + u64::from(group_len));
        let fits =
            volume.contains(found, len.into()) && (in_group || superblock.features.flex_groups());
        if !fits {
            let what = format_args!("{name} at block {found}: not where it can be");
            problems.add(place, what);
        }
        fits.then_some(found)
    };
    let group = Group {
        block_bitmap: located("block bitmap", 0x00, 0x20, 1),
        inode_bitmap: located("inode bitmap", 0x04, 0x24, 1),
        inode_table: located("inode table", 0x08, 0x28, superblock.table_blocks()),
        free_blocks: half(0x0C, 0x2C),
        free_inodes: half(0x0E, 0x2E),
        directories: half(0x10, 0x30),
        untouched_inodes: if has_flags { untouched } else { 0 },
        has_no_block_bitmap: has_flags && flags & 2 != 0,
        has_no_inodes: has_flags && flags & 1 != 0,
        block_bitmap_checksum: half(0x18, 0x38),
        inode_bitmap_checksum: half(0x1A, 0x3A),
    };
    let most = superblock.inodes_per_group;
    if group.untouched_inodes > most {
        let what = format_args!("{} untouched inodes of {most}", group.untouched_inodes);
        problems.add(place, what);
    }
    group
}

/// Returns the checksum that a descriptor must have: of its other bytes, and of its number.
pub(super) fn checksum(volume: &Volume<'_>, number: u32, raw: &[u8]) -> u16 {
    let superblock = &volume.superblock;
    let (before, after) = (slice(raw, 0, 0x1E), slice(raw, 0x20, raw.len()));
    if superblock.features.metadata_csum() {
        let mut state = crc32c(superblock.seed, &number.to_le_bytes());
        state = crc32c(state, before);
        state = crc32c(state, &[0, 0]);
        let [low, high, ..] = crc32c(state, after).to_le_bytes();
        u16::from_le_bytes([low, high])
    } else {
        let mut state = crc16(!0, &superblock.raw.array::<16>(0x68));
        state = crc16(state, &number.to_le_bytes());
        state = crc16(state, before);
        crc16(state, after)
    }
}

/// Returns the blocks at the start of a group that copies of superblock and descriptors take.
pub(super) fn copy_blocks(volume: &Volume<'_>, number: u32) -> u32 {
    let superblock = &volume.superblock;
    if superblock.has_copy(number) {
        1 + superblock.descriptor_blocks() + superblock.reserved_descriptor_blocks
    } else {
        0
    }
}

/// Marks the blocks of everything that descriptors place, and of their copies.
pub(super) fn claim_all(
    volume: &Volume<'_>,
    groups: &[Group],
    owned: &mut Owned,
    problems: &mut Problems,
) {
    let numbered = || (0_u32..).zip(groups);
    for (number, _) in numbered() {
        let count = copy_blocks(volume, number).min(volume.group_len(number));
        owned.claim(volume.group_start(number), count.into());
    }
    for (number, group) in numbered() {
        for (name, start, count) in [
            ("block bitmap", group.block_bitmap, 1),
            ("inode bitmap", group.inode_bitmap, 1),
            (
                "inode table",
                group.inode_table,
                volume.superblock.table_blocks(),
            ),
        ] {
            let Some(start) = start else { continue };
            if owned.claim(start, count.into()) > 0 {
                let place = format_args!("group {number}");
                problems.add(
                    place,
                    format_args!("{name} at block {start} lies on other metadata"),
                );
            }
        }
    }
}
