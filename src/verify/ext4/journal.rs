//! The journal's inode and superblock. What follows in a journal that is empty has no meaning.
//!
//! Source: the kernel's Documentation/filesystems/ext4/journal.rst. Its numbers are big-endian.

use std::io;

use super::inode::Check;
use super::raw_inode::FileType;
use crate::crc::crc32c;
use crate::fields::{Fields, slice};
use crate::verify::problem::Problems;

const PLACE: &str = "journal";
const MAGIC: u32 = 0xC03B_3998;
/// The shortest journal that a kernel takes, in blocks.
const LEAST_BLOCKS: u32 = 1024;
/// Revocations, 64-bit numbers, asynchronous commits, both kinds of checksums, fast commits.
const KNOWN_INCOMPATIBLE: u32 = 0x3F;
const CHECKSUM_KINDS: u32 = 0x18;

/// Checks inode 8 and the journal in it.
pub(super) fn check(check: &mut Check<'_>) -> io::Result<()> {
    let (volume, inode) = (check.volume, check.inode);
    if inode.file_type() != Some(FileType::Regular) || inode.links() != 1 {
        check
            .problems
            .add(PLACE, "its inode is not a file with one link");
    }
    if inode.file_type() != Some(FileType::Regular) {
        return Ok(());
    }
    let mapping = check.run(FileType::Regular, true)?;
    let raw = &volume.superblock.raw[..];
    check
        .problems
        .expect(PLACE, "its inode", raw.le32(0xE0), check.number);
    check
        .problems
        .expect_bits(PLACE, "device of another journal", raw.le32(0xE4), 0_u32);
    if raw.array::<16>(0xD0) != [0; 16] {
        check
            .problems
            .add(PLACE, "the superblock has the UUID of another journal");
    }
    check_backup(raw, inode.map(), inode.size(), check.problems);
    if !mapping.is_whole() {
        check
            .problems
            .add(PLACE, "has holes, or blocks that were never written");
    }
    let Some(first) = mapping.runs.first().filter(|run| run.logical == 0) else {
        check
            .problems
            .add(PLACE, "has no first block of its own: not checked");
        return Ok(());
    };
    let blocks = inode.size() / u64::from(volume.superblock.block_size);
    let block = volume.block(first.start)?;
    check_superblock(&block, volume.superblock.block_size, blocks, check.problems);
    Ok(())
}

/// Compares the copy of the map and size that the superblock keeps, if it says that it has one.
fn check_backup(raw: &[u8], map: &[u8], size: u64, problems: &mut Problems) {
    if raw.byte(0xFD) != 1 {
        return;
    }
    let copied_size = raw.split64(0x10C + 64, 0x10C + 60);
    if slice(raw, 0x10C, 60) != map || copied_size != size {
        problems.add(
            PLACE,
            "the copy of its map in the superblock is not the same",
        );
    }
}

fn check_superblock(block: &[u8], block_size: u32, blocks: u64, problems: &mut Problems) {
    problems.expect_bits(PLACE, "magic", block.be32(0), MAGIC);
    let kind = block.be32(4);
    if kind != 3 && kind != 4 {
        problems.add(
            PLACE,
            format_args!("kind of its first block is {kind}, expected 3 or 4"),
        );
    }
    problems.expect(PLACE, "block size", block.be32(12), block_size);
    let len = block.be32(16);
    if u64::from(len) > blocks || len < LEAST_BLOCKS {
        let what = format_args!("{len} blocks, at least {LEAST_BLOCKS}, its file has {blocks}");
        problems.add(PLACE, what);
    }
    problems.expect(PLACE, "first block of the log", block.be32(20), 1);
    let start = block.be32(28);
    if start != 0 {
        let what = format_args!("is not empty, it starts at block {start}: has to be replayed");
        problems.add(PLACE, what);
    }
    problems.expect(PLACE, "error number", block.be32(32), 0);
    if kind == 3 {
        // The first version had nothing more.
        if slice(block, 36, 1024 - 36).iter().any(|byte| *byte != 0) {
            problems.add(PLACE, "is of the first version, with fields of the second");
        }
        return;
    }
    let (compatible, incompatible) = (block.be32(36), block.be32(40));
    for (name, unknown) in [
        ("compatible", compatible & !1),
        ("incompatible", incompatible & !KNOWN_INCOMPATIBLE),
        ("read-only compatible", block.be32(44)),
    ] {
        problems.expect_bits(PLACE, &format!("unknown {name} features"), unknown, 0_u32);
    }
    let users = block.be32(64);
    if users > 1 {
        problems.add(PLACE, format_args!("{users} filesystems use it, at most 1"));
    }
    match incompatible & CHECKSUM_KINDS {
        0 => {}
        CHECKSUM_KINDS => problems.add(PLACE, "two kinds of checksums, only one may be"),
        _ => {
            problems.expect(PLACE, "checksum type", block.byte(80), 4);
            let mut state = crc32c(!0, slice(block, 0, 0xFC));
            state = crc32c(state, &[0; 4]);
            state = crc32c(state, slice(block, 0x100, 1024 - 0x100));
            problems.expect_bits(PLACE, "checksum", block.be32(0xFC), state);
        }
    }
}
