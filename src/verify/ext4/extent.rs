//! Extent trees: headers, order, ranges and checksums of their nodes.
//!
//! Source: the kernel's Documentation/filesystems/ext4/ifork.rst.

use std::io;

use super::mapping::{Run, Walk};
use crate::crc::crc32c;
use crate::fields::{Fields, slice};

const MAGIC: u16 = 0xF30A;
/// Bytes of a header, and of an entry.
const ENTRY: usize = 12;
/// The deepest tree that can be needed for 2^32 blocks.
const MAX_DEPTH: u16 = 5;
/// Longest extent; a longer length means as many less that were never written.
const MAX_WRITTEN: u16 = 32768;

/// What a node must be like, as the entry above it says.
struct Node<'a> {
    bytes: &'a [u8],
    /// Its name in reports.
    name: &'a str,
    /// Levels below it; unknown for the root.
    depth: Option<u16>,
    /// Where its first entry starts, by the entry above; unknown for the root.
    first: Option<u64>,
    /// Where the next node starts.
    end: u64,
}

impl Walk<'_> {
    /// Walks the tree whose root is `bytes`, the 60 bytes in the inode.
    pub(super) fn extents(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.node(&Node {
            bytes,
            name: "extent tree",
            depth: None,
            first: None,
            end: 1 << 32,
        })
    }

    /// Walks a node and all below it; each step down has one level less, so this ends.
    fn node(&mut self, node: &Node<'_>) -> io::Result<()> {
        let Node { bytes, name, .. } = node;
        let (entries, max, depth) = (bytes.le16(2), bytes.le16(4), bytes.le16(6));
        if bytes.le16(0) != MAGIC {
            let found = bytes.le16(0);
            self.report(format_args!(
                "{name}: magic is {found:#x}, expected {MAGIC:#x}"
            ));
            return Ok(());
        }
        let room = u16::try_from((bytes.len() - ENTRY) / ENTRY).unwrap_or(u16::MAX);
        // Some writers leave a little room for what may come to the end of a block.
        if max > room || max < room - 2 {
            self.report(format_args!(
                "{name}: room for {max} entries, expected {room}"
            ));
            return Ok(());
        }
        if entries > max || depth > MAX_DEPTH {
            self.report(format_args!(
                "{name}: {entries} entries of {max}, depth {depth}"
            ));
            return Ok(());
        }
        if node.depth.is_some_and(|expected| expected != depth) {
            let expected = node.depth.unwrap_or_default();
            self.report(format_args!(
                "{name}: depth is {depth}, expected {expected}"
            ));
            return Ok(());
        }
        if entries == 0 && (depth > 0 || node.depth.is_some()) {
            self.report(format_args!("{name}: has no entry"));
        }
        let entry = |index: u16| slice(bytes, ENTRY * (1 + usize::from(index)), ENTRY);
        let mut next = node.first.unwrap_or_default();
        for index in 0..entries {
            let found = entry(index);
            let first = u64::from(found.le32(0));
            if index == 0 && node.first.is_some_and(|expected| expected != first) {
                self.report(format_args!("{name}: starts at {first}, expected {next}"));
            }
            if first < next || first >= node.end {
                self.report(format_args!(
                    "{name}: entry {index} starts at {first}, possible is {next} to {}",
                    node.end - 1
                ));
                continue;
            }
            if depth == 0 {
                next = self.leaf_entry(name, found, next.max(first), node.end);
            } else {
                let end = if index + 1 < entries {
                    entry(index + 1).le32(0).into()
                } else {
                    node.end
                };
                self.index_entry(found, depth, first, end)?;
                next = first + 1;
            }
        }
        Ok(())
    }

    /// Takes the blocks of one extent and returns where the next one may start.
    fn leaf_entry(&mut self, name: &str, found: &[u8], first: u64, end: u64) -> u64 {
        let len = found.le16(4);
        let (count, is_written) = if len > MAX_WRITTEN {
            (len - MAX_WRITTEN, false)
        } else {
            (len, true)
        };
        let next = first + u64::from(count);
        if count == 0 || next > end {
            self.report(format_args!(
                "{name}: extent at {first} has {count} blocks, the next starts at {end}"
            ));
            return first + 1;
        }
        let run = Run {
            logical: first,
            start: u64::from(found.le16(6)) << 32 | u64::from(found.le32(8)),
            count: count.into(),
        };
        self.take_content(run, is_written);
        next
    }

    fn index_entry(&mut self, found: &[u8], depth: u16, first: u64, end: u64) -> io::Result<()> {
        let block = u64::from(found.le16(8)) << 32 | u64::from(found.le32(4));
        if !self.take_map_block(block) {
            return Ok(());
        }
        let bytes = self.volume.block(block)?;
        let name = format!("extent block {block}");
        if self.volume.superblock.features.metadata_csum() {
            // The checksum follows the last entry that there is room for.
            let at = ENTRY * (1 + usize::from(bytes.le16(4)));
            let expected = crc32c(self.seed, slice(&bytes, 0, at));
            let checksum = bytes.le32(at);
            if checksum != expected {
                self.report(format_args!(
                    "{name}: checksum is {checksum:#x}, expected {expected:#x}"
                ));
            }
        }
        self.node(&Node {
            bytes: &bytes,
            name: &name,
            depth: Some(depth - 1),
            first: Some(first),
            end,
        })
    }
}
