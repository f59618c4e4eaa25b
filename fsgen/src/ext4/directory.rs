//! Directory blocks: a plain list of entries, or, from the second block on, a hash index.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/directory.rst`. The same code counts the
//! blocks when the filesystem is planned and fills them when it is written.

use std::ops::Range;

use zerocopy::IntoBytes;

use super::checksum::Seed;
use super::format::{DIRECTORY_TAIL_TYPE, DirectoryEntry, DirectoryTail, DxEntry, DxRootInfo};
use super::geometry::BlockSize;
use super::hash::{Hash, half_md4};

const HEADER: usize = size_of::<DirectoryEntry>();
const TAIL: usize = size_of::<DirectoryTail>();
/// Where the index entries start in the root block (after `.`, `..` and the info) and in a node.
const ROOT_ENTRIES: usize = 32;
const NODE_ENTRIES: usize = 8;
/// Reserved word and checksum after the index entries.
const DX_TAIL: usize = 8;

/// The file type in a directory entry (`EXT4_FT_*`).
pub(super) const DIRECTORY: u8 = 2;

/// One name in a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'t> {
    pub name: &'t [u8],
    pub inode: u32,
    pub file_type: u8,
}

impl Entry<'_> {
    fn size(&self) -> usize {
        (HEADER + self.name.len()).next_multiple_of(4)
    }
}

/// The entry that fills a block without names.
const NOTHING: Entry<'static> = Entry {
    name: b"",
    inode: 0,
    file_type: 0,
};

/// How the entries of one directory are spread over blocks.
pub(super) struct Packed<'t> {
    entries: Vec<Entry<'t>>,
    /// For each leaf: its entries, and the hash at which it starts.
    leaves: Vec<(Range<usize>, u32)>,
    /// How many index nodes each level between the leaves and the root block has, from below;
    /// each leads to `fanout` leaves or nodes.
    levels: Vec<usize>,
    is_indexed: bool,
    block_size: BlockSize,
}

/// Levels of index nodes that every ext4 reads; one more takes the feature `large_dir`.
const USUAL_LEVELS: usize = 1;
const MAX_LEVELS: usize = 2;

/// A directory with more names than the deepest index can lead to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyNames;

/// Spreads the entries (without `.` and `..`) over blocks. They come in byte order.
pub(super) fn pack<'t>(
    mut entries: Vec<Entry<'t>>,
    block_size: BlockSize,
    hash_seed: &[u8; 16],
) -> Result<Packed<'t>, TooManyNames> {
    let usable = block_size.len() - TAIL;
    let dots = 12 + 12;
    let size: usize = entries.iter().map(Entry::size).sum();
    if dots + size <= usable {
        return Ok(Packed {
            leaves: vec![(0..entries.len(), 0)],
            entries,
            levels: Vec::new(),
            is_indexed: false,
            block_size,
        });
    }
    let hashes = sort_by_hash(&mut entries, hash_seed);
    // A fifth of each leaf stays free, so that names added later need no split at once; a
    // directory too large for that gets full leaves.
    let roomy = usable * 4 / 5;
    for (max_levels, fill) in [
        (USUAL_LEVELS, roomy),
        (USUAL_LEVELS, usable),
        (MAX_LEVELS, roomy),
        (MAX_LEVELS, usable),
    ] {
        let leaves = leaves(&entries, &hashes, fill, usable);
        let levels = levels(leaves.len(), block_size);
        if levels.len() <= max_levels {
            return Ok(Packed {
                entries,
                leaves,
                levels,
                is_indexed: true,
                block_size,
            });
        }
    }
    Err(TooManyNames)
}

/// Returns how many index nodes each level needs so that the root block can lead to all leaves.
fn levels(leaves: usize, block_size: BlockSize) -> Vec<usize> {
    let in_root = (block_size.len() - ROOT_ENTRIES - DX_TAIL) / 8;
    let mut levels = Vec::new();
    let mut count = leaves;
    while count > in_root {
        count = count.div_ceil(fanout(block_size));
        levels.push(count);
    }
    levels
}

/// Entries of an index node.
fn fanout(block_size: BlockSize) -> usize {
    (block_size.len() - NODE_ENTRIES - DX_TAIL) / 8
}

fn sort_by_hash(entries: &mut Vec<Entry<'_>>, hash_seed: &[u8; 16]) -> Vec<u32> {
    let mut hashed: Vec<(Hash, Entry<'_>)> = entries
        .iter()
        .map(|entry| (half_md4(entry.name, hash_seed), *entry))
        .collect();
    // The sort is stable: names with equal hashes stay in byte order.
    hashed.sort_by_key(|(hash, _)| *hash);
    let (hashes, sorted) = hashed.into_iter().map(|(h, e)| (h.major, e)).unzip();
    *entries = sorted;
    hashes
}

fn leaves(
    entries: &[Entry<'_>],
    hashes: &[u32],
    fill: usize,
    usable: usize,
) -> Vec<(Range<usize>, u32)> {
    let mut leaves = Vec::new();
    let mut start = 0;
    let mut used = 0;
    let mut first_hash = 0;
    for (i, entry) in entries.iter().enumerate() {
        let size = entry.size();
        let continues = i > start && hashes[i] == hashes[i - 1];
        // Names of one hash stay together as long as the block has room at all.
        let limit = if continues { usable } else { fill };
        if used + size > limit && i > start {
            leaves.push((start..i, first_hash));
            start = i;
            used = 0;
            // The lowest bit says that the hash began in the leaf before.
            first_hash = hashes[i] | u32::from(continues);
        }
        used += size;
    }
    leaves.push((start..entries.len(), first_hash));
    leaves
}

impl Packed<'_> {
    /// Returns how many blocks the directory has.
    pub(super) fn blocks(&self) -> usize {
        usize::from(self.is_indexed) + self.levels.iter().sum::<usize>() + self.leaves.len()
    }

    /// Returns whether the directory has a hash index.
    pub(super) fn is_indexed(&self) -> bool {
        self.is_indexed
    }

    /// Returns whether the index is deeper than the feature `dir_index` alone allows.
    pub(super) fn is_large(&self) -> bool {
        self.levels.len() > USUAL_LEVELS
    }

    /// Fills all blocks of the directory. `out` is a whole number of blocks; those beyond
    /// [`Packed::blocks`] become empty ones (only a plain list may have them).
    pub(super) fn render(&self, out: &mut [u8], own: u32, parent: u32, seed: Seed) {
        let dots = [
            Entry {
                name: b".",
                inode: own,
                file_type: DIRECTORY,
            },
            Entry {
                name: b"..",
                inode: parent,
                file_type: DIRECTORY,
            },
        ];
        let seed = seed.inode(own);
        let mut blocks = out.chunks_exact_mut(self.block_size.len());
        let mut next = || blocks.next().expect("as many blocks as were planned");
        if self.is_indexed {
            self.render_index(&mut next, &dots, seed);
            for (range, _) in &self.leaves {
                list(next(), self.entries[range.clone()].iter(), seed);
            }
        } else {
            list(next(), dots.iter().chain(&self.entries), seed);
            for block in blocks {
                list(block, [].iter(), seed);
            }
        }
    }

    /// Fills the root block and the nodes: they lie before all leaves.
    fn render_index<'b>(
        &self,
        next: &mut impl FnMut() -> &'b mut [u8],
        dots: &[Entry<'_>; 2],
        seed: Seed,
    ) {
        let block_len = self.block_size.len();
        let root = next();
        put(root, 0, &dots[0], 12);
        put(root, 12, &dots[1], block_len - 12);
        let info = DxRootInfo {
            reserved_zero: 0.into(),
            hash_version: 1, // half MD4
            info_length: 8,
            indirect_levels: u8::try_from(self.levels.len()).expect("at most MAX_LEVELS"),
            unused_flags: 0,
        };
        root[24..ROOT_ENTRIES].copy_from_slice(info.as_bytes());
        // From above: the blocks that the level before leads to, and the leaves below each.
        let fanout = fanout(self.block_size);
        let mut spans = vec![1];
        for _ in &self.levels {
            spans.push(spans[spans.len() - 1] * fanout);
        }
        let mut first = 1;
        let mut parents = 1;
        for (depth, span) in spans.iter().rev().enumerate() {
            let count = self.leaves.len().div_ceil(*span);
            let child = |i: usize| (self.leaves[i * span].1, number(first + i));
            if depth == 0 {
                index(root, ROOT_ENTRIES, (0..count).map(child), seed);
            } else {
                for n in 0..parents {
                    let block = next();
                    put(block, 0, &NOTHING, block_len);
                    let end = count.min((n + 1) * fanout);
                    index(block, NODE_ENTRIES, (n * fanout..end).map(child), seed);
                }
            }
            first += count;
            parents = count;
        }
    }
}

fn number(block: usize) -> u32 {
    u32::try_from(block).expect("directories have less than 2^32 blocks")
}

/// Writes a list of entries over a whole block and its checksum.
fn list<'e, 't: 'e>(block: &mut [u8], entries: impl Iterator<Item = &'e Entry<'t>>, seed: Seed) {
    let usable = block.len() - TAIL;
    let mut at = 0;
    let mut last = None;
    for entry in entries {
        put(block, at, entry, entry.size());
        last = Some((at, entry));
        at += entry.size();
    }
    // The last entry reaches to the end of the list.
    match last {
        Some((at, entry)) => put(block, at, entry, usable - at),
        None => put(block, 0, &NOTHING, usable),
    }
    let tail = DirectoryTail {
        reserved_zero1: 0.into(),
        rec_len: u16::try_from(TAIL).expect("12").into(),
        reserved_zero2: 0,
        reserved_file_type: DIRECTORY_TAIL_TYPE,
        checksum: seed.over(&block[..usable]).into(),
    };
    block[usable..].copy_from_slice(tail.as_bytes());
}

fn put(block: &mut [u8], at: usize, entry: &Entry<'_>, rec_len: usize) {
    let header = DirectoryEntry {
        inode: entry.inode.into(),
        rec_len: u16::try_from(rec_len).expect("at most a block").into(),
        name_len: u8::try_from(entry.name.len()).expect("names are at most 255 bytes"),
        file_type: entry.file_type,
    };
    block[at..at + HEADER].copy_from_slice(header.as_bytes());
    block[at + HEADER..at + HEADER + entry.name.len()].copy_from_slice(entry.name);
}

/// Writes index entries, their limit and count, and the checksum over those in use.
fn index(block: &mut [u8], at: usize, entries: impl Iterator<Item = (u32, u32)>, seed: Seed) {
    let limit = (block.len() - at - DX_TAIL) / 8;
    let mut count = 0_usize;
    for (place, (hash, leaf)) in block[at..].chunks_exact_mut(8).take(limit).zip(entries) {
        let entry = DxEntry {
            hash: hash.into(),
            block: leaf.into(),
        };
        place.copy_from_slice(entry.as_bytes());
        count += 1;
    }
    // The first entry needs no hash: all that is lower than the second's leads to it.
    let short = |n: usize| u16::try_from(n).expect("at most 510").to_le_bytes();
    block[at..at + 2].copy_from_slice(&short(limit));
    block[at + 2..at + 4].copy_from_slice(&short(count));
    let tail = at + limit * 8;
    // The checksum covers the entries, the tail's reserved word, and its own place as zero.
    let mut covered = block[..at + count * 8].to_vec();
    covered.extend_from_slice(&[0; DX_TAIL]);
    block[tail + 4..tail + 8].copy_from_slice(&seed.over(&covered).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the blocks, and the nodes of each level.
    fn packed(count: usize, len: usize) -> Result<(usize, Vec<usize>), TooManyNames> {
        let names: Vec<_> = (0..count)
            .map(|i| format!("{i:0len$}").into_bytes())
            .collect();
        let entries = names
            .iter()
            .map(|name| Entry {
                name,
                inode: 12,
                file_type: 1,
            })
            .collect();
        let packed = pack(entries, BlockSize::new(1024).unwrap(), &[1; 16])?;
        Ok((packed.blocks(), packed.levels))
    }

    #[test]
    fn blocks_by_count_of_names() {
        // A block of 1,024 lists 1,012 - 24 bytes: 61 names of 16 bytes each.
        for (count, blocks) in [(0, 1), (61, 1), (62, 3)] {
            assert_eq!(packed(count, 8), Ok((blocks, vec![])), "{count}");
        }
        // The root leads to 123 leaves; then come nodes of 126.
        assert_eq!(packed(123 * 50, 8), Ok((124, vec![])));
        assert_eq!(packed(124 * 50, 8), Ok((126, vec![1])));
    }

    #[test]
    fn a_third_level_where_two_cannot_lead_to_all_names() {
        // 123 nodes of 126 leaves of 3 names of 255 bytes.
        let (_, levels) = packed(123 * 126 * 3, 255).unwrap();
        assert_eq!(levels, [123]);
        let (_, levels) = packed(123 * 126 * 3 + 1, 255).unwrap();
        assert_eq!(levels, [124, 1]);
    }

    #[test]
    fn names_of_one_hash_go_on_in_the_next_leaf() {
        let entry = Entry {
            name: b"12345678",
            inode: 12,
            file_type: 1,
        };
        let entries = [entry; 150];
        let leaves = leaves(&entries, &[6; 150], 800, 1012);
        assert_eq!(leaves, [(0..63, 0), (63..126, 7), (126..150, 7)]);
    }
}
