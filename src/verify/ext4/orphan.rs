//! The orphan file: inodes that are deleted but still open. Unmounted, it must be empty.

use std::io;

use super::inode::Check;
use super::mapping::Mapping;
use super::raw_inode::FileType;
use crate::crc::crc32c;
use crate::fields::{Fields, slice};

const PLACE: &str = "orphan file";
const MAGIC: u32 = 0x0B10_CA04;
/// Bytes of magic and checksum at the end of each block.
const TAIL: usize = 8;

/// Checks the blocks of the orphan file.
pub(super) fn check(check: &mut Check<'_>, mapping: &Mapping) -> io::Result<()> {
    let volume = check.volume;
    if check.inode.file_type() != Some(FileType::Regular) {
        check.problems.add(PLACE, "its inode is not a file");
    }
    let blocks = check.inode.size() / u64::from(volume.superblock.block_size);
    let is_cut = !check
        .inode
        .size()
        .is_multiple_of(volume.superblock.block_size.into());
    if is_cut || !mapping.is_whole() || mapping.end != blocks || blocks == 0 {
        check
            .problems
            .add(PLACE, "has holes, or another size than its blocks");
    }
    for run in &mapping.runs {
        for number in run.start..run.start + run.count {
            let block = volume.block(number)?;
            let place = format_args!("{PLACE}, block {number}");
            let slots = slice(&block, 0, block.len() - TAIL);
            if slots.iter().any(|byte| *byte != 0) {
                check.problems.add(place, "is not empty");
            }
            let tail = slice(&block, block.len() - TAIL, TAIL);
            check
                .problems
                .expect_bits(place, "magic", tail.le32(0), MAGIC);
            if volume.superblock.features.metadata_csum() {
                let state = crc32c(check.seed, &number.to_le_bytes());
                let expected = crc32c(state, slots);
                check
                    .problems
                    .expect_bits(place, "checksum", tail.le32(4), expected);
            }
        }
    }
    Ok(())
}
