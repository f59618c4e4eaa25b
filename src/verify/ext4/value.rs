//! Inodes that hold the value of an attribute: their reference count and checksum.

use std::io;

use super::attribute::Value;
use super::inodes::Inodes;
use super::mapping::Run;
use super::volume::Volume;
use crate::crc::crc32c;
use crate::verify::problem::Problems;

/// Largest value of an attribute, in bytes.
const MAX: u64 = 65536;

/// An inode with the flag for values.
#[derive(Debug)]
pub(super) struct ValueInode {
    pub number: u32,
    /// How many entries refer to it, by its own count.
    pub references: u64,
    /// Checksum of the value, as the inode has it.
    pub checksum: u32,
    pub size: u64,
    pub runs: Vec<Run>,
}

/// Compares the entries that were found with the values, both ways.
pub(super) fn check_all(
    volume: &Volume<'_>,
    inodes: &Inodes,
    problems: &mut Problems,
) -> io::Result<()> {
    let mut found = inodes.attributes.values.clone();
    for inode in &inodes.values {
        let place = format_args!("inode {}", inode.number);
        let entries = found.remove(&inode.number).unwrap_or_default();
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        problems.expect(place, "references to this value", inode.references, count);
        if inode.size > MAX {
            let what = format_args!("value of {} bytes, at most {MAX}", inode.size);
            problems.add(place, what);
            continue;
        }
        let checksum = crc32c(volume.superblock.seed, &content(volume, inode)?);
        problems.expect_bits(place, "checksum of the value", inode.checksum, checksum);
        let agrees =
            |entry: &Value| u64::from(entry.size) == inode.size && entry.agrees(inode.checksum);
        if !entries.iter().all(agrees) {
            problems.add(place, "an entry gives another size or hash for this value");
        }
    }
    for number in found.keys() {
        let place = format_args!("inode {number}");
        problems.add(
            place,
            "is no value of an attribute, but an attribute says so",
        );
    }
    Ok(())
}

fn content(volume: &Volume<'_>, inode: &ValueInode) -> io::Result<Vec<u8>> {
    let len = usize::try_from(inode.size.min(MAX)).unwrap_or_default();
    let mut content = vec![0; len];
    for run in &inode.runs {
        for index in 0..run.count {
            let at = usize::try_from(run.logical + index)
                .unwrap_or(usize::MAX)
                .saturating_mul(volume.block_len());
            let Some(to) = content.get_mut(at..) else {
                break;
            };
            if to.is_empty() {
                break;
            }
            let block = volume.block(run.start + index)?;
            for (to, from) in to.iter_mut().zip(block) {
                *to = from;
            }
        }
    }
    Ok(content)
}
