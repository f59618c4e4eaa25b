//! The index of a directory: its root, its nodes, and which hashes each leaf may have.
//!
//! Source: the kernel's Documentation/filesystems/ext4/directory.rst, and `fs/ext4/namei.c` for
//! the meaning of a hash's lowest bit: the names of the leaf before go on in this one.

use std::collections::BTreeMap;
use std::io;

use super::inodes::Directory;
use super::volume::Volume;
use crate::crc::crc32c;
use crate::fields::{Fields, slice};
use crate::name_hash::{Hasher, Kind};
use crate::verify::problem::Problems;

/// Where the entries of the root start: after `.`, `..` and what describes the index.
const ROOT_ENTRIES: usize = 32;
/// Where the entries of other nodes start: after an unused directory entry.
const NODE_ENTRIES: usize = 8;

/// Which hashes may be in a block: from `low` on, below `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashes {
    pub low: u64,
    pub end: u64,
}

/// What the index says of each block of the directory but the first.
pub(super) struct Index {
    pub hasher: Hasher,
    /// Hashes of leaves, nothing for nodes of the index, by the block within the directory.
    pub blocks: BTreeMap<u64, Option<Hashes>>,
}

struct Reader<'a> {
    volume: &'a Volume<'a>,
    directory: &'a Directory,
    problems: &'a mut Problems,
    blocks: BTreeMap<u64, Option<Hashes>>,
}

/// Reads the index of a directory; gives nothing when it has none that makes sense.
pub(super) fn read(
    volume: &Volume<'_>,
    directory: &Directory,
    problems: &mut Problems,
) -> io::Result<Option<Index>> {
    let Some(root) = directory.block(volume, 0)? else {
        return Ok(None);
    };
    let place = format_args!("inode {}", directory.number);
    let superblock = &volume.superblock;
    let most = if superblock.features.large_directories() {
        2
    } else {
        1
    };
    let (version, len, levels, flags) =
        (root.byte(28), root.byte(29), root.byte(30), root.byte(31));
    let kind = Kind::from_number(version);
    if root.le32(24) != 0 || len != 8 || levels > most || flags != 0 {
        let what = format_args!(
            "root of the index: {:#x}, length {len}, {levels} levels of nodes, flags {flags:#x}; \
             expected 0x0, length 8, at most {most} levels, flags 0x0",
            root.le32(24)
        );
        problems.add(place, what);
    }
    let Some(kind) = kind else {
        problems.add(
            place,
            format_args!("hash version of the index is {version}, at most 2"),
        );
        return Ok(None);
    };
    if levels > most {
        return Ok(None);
    }
    let mut reader = Reader {
        volume,
        directory,
        problems,
        blocks: BTreeMap::new(),
    };
    let all = Hashes {
        low: 0,
        end: 1 << 32,
    };
    reader.node((&root, 0, ROOT_ENTRIES), all, levels)?;
    Ok(Some(Index {
        hasher: Hasher {
            kind,
            is_unsigned: superblock.has_unsigned_hash(),
            seed: [0xEC, 0xF0, 0xF4, 0xF8].map(|at| superblock.raw.le32(at)),
        },
        blocks: reader.blocks,
    }))
}

impl Reader<'_> {
    fn report(&mut self, block: u64, what: impl std::fmt::Display) {
        let number = self.directory.number;
        let place = format_args!("inode {number}, index in its block {block}");
        self.problems.add(place, what);
    }

    /// Reads the entries of a node, with `levels` of nodes below it.
    fn node(
        &mut self,
        (bytes, number, first): (&[u8], u64, usize),
        hashes: Hashes,
        levels: u8,
    ) -> io::Result<()> {
        let has_checksums = self.volume.superblock.features.metadata_csum();
        let (limit, count) = (bytes.le16(first), bytes.le16(first + 2));
        let tail = if has_checksums { 8 } else { 0 };
        let room = (bytes.len() - first - tail) / 8;
        if usize::from(limit) != room || count == 0 || count > limit {
            self.report(
                number,
                format_args!("{count} entries, room for {limit}; expected room for {room}"),
            );
            return Ok(());
        }
        if has_checksums {
            let at = first + 8 * room;
            let used = slice(bytes, 0, first + 8 * usize::from(count));
            let state = crc32c(self.directory.seed, used);
            let state = crc32c(state, slice(bytes, at, 4));
            let expected = crc32c(state, &[0; 4]);
            let found = bytes.le32(at + 4);
            if found != expected {
                self.report(
                    number,
                    format_args!("checksum is {found:#x}, expected {expected:#x}"),
                );
            }
        }
        // The place of the first hash has limit and count: its leaf starts where the node does.
        let hash = |index: usize| match index {
            0 => hashes.low,
            _ => u64::from(bytes.le32(first + 8 * index)),
        };
        for index in 0..usize::from(count) {
            let low = hash(index);
            let next = if index + 1 < usize::from(count) {
                hash(index + 1)
            } else {
                hashes.end
            };
            if low > next || low < hashes.low || (index > 0 && low >= hashes.end) {
                self.report(
                    number,
                    format_args!(
                        "entry {index} starts with hash {low:#x}, the next with {next:#x}"
                    ),
                );
            }
            let below = Hashes {
                low: low & !1,
                // If it is odd, the leaf before may end with the same hash.
                end: (next & !1) + (next & 1),
            };
            // The highest four bits are not for the number.
            let block = u64::from(bytes.le32(first + 8 * index + 4) & 0x0FFF_FFFF);
            self.below(number, block, below, levels)?;
        }
        Ok(())
    }

    fn below(&mut self, parent: u64, block: u64, hashes: Hashes, levels: u8) -> io::Result<()> {
        if block == 0 || block >= self.directory.blocks {
            let what = format_args!("refers to block {block} of {}", self.directory.blocks);
            self.report(parent, what);
            return Ok(());
        }
        let found = (levels == 0).then_some(hashes);
        if self.blocks.insert(block, found).is_some() {
            self.report(
                parent,
                format_args!("refers to block {block}, not for the first time"),
            );
            return Ok(());
        }
        if levels == 0 {
            return Ok(());
        }
        let Some(bytes) = self.directory.block(self.volume, block)? else {
            return Ok(());
        };
        let size = bytes.len();
        let is_node = bytes.le32(0) == 0
            && bytes.byte(6) == 0
            && super::directory::entry_len(bytes.le16(4), size) == size;
        if !is_node {
            self.report(block, "is no node of an index");
        }
        self.node((&bytes, block, NODE_ENTRIES), hashes, levels - 1)
    }
}
