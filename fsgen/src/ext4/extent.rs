//! Extents: which blocks of a file lie where, and the tree that ext4 keeps them in.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/ifork.rst`, "Extent Tree". Four extents
//! fit in the inode; more of them go to full leaf blocks, found through index nodes.

use zerocopy::IntoBytes;

use super::checksum::Seed;
use super::format::{EXTENT_MAGIC, ExtentHeader, ExtentIndex, ExtentLeaf};
use super::geometry::BlockSize;
use super::space::Run;
use super::{hi16, lo32};

/// The most blocks that one extent can describe; a larger length would mean "unwritten".
pub(super) const MAX_LEN: u64 = 32768;

/// Entries that fit in an inode, and bytes of the header and of one entry.
const IN_INODE: usize = 4;
const ENTRY: usize = 12;

/// Blocks of a file that lie together on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// First block within the file.
    pub logical: u32,
    /// Number of blocks, at most [`MAX_LEN`].
    pub len: u32,
    /// First block on disk.
    pub start: u64,
}

/// Maps blocks of a file, given as runs of logical blocks, onto runs of disk blocks in order.
///
/// Both lists describe equally many blocks.
pub(super) fn map(logical: &[Run], disk: &[Run]) -> Vec<Extent> {
    let mut extents = Vec::new();
    let mut disk = disk.iter().copied();
    let mut here = Run { start: 0, len: 0 };
    for run in logical {
        let mut run = *run;
        while run.len > 0 {
            if here.len == 0 {
                here = disk.next().expect("as many blocks on disk as in the file");
            }
            let len = run.len.min(here.len).min(MAX_LEN);
            extents.push(Extent {
                logical: u32::try_from(run.start).expect("checked against the largest file"),
                len: u32::try_from(len).expect("at most MAX_LEN"),
                start: here.start,
            });
            run = Run {
                start: run.start + len,
                len: run.len - len,
            };
            here = Run {
                start: here.start + len,
                len: here.len - len,
            };
        }
    }
    extents
}

/// Returns how many entries a tree block holds: header first, four checksum bytes last.
fn per_block(block_size: BlockSize) -> usize {
    (block_size.len() - ENTRY - 4) / ENTRY
}

/// Returns how many nodes each level of the tree has, leaves first; nothing for a tree that fits
/// in the inode.
fn levels(extents: usize, block_size: BlockSize) -> Vec<usize> {
    let mut levels = Vec::new();
    let mut entries = extents;
    while entries > IN_INODE {
        entries = entries.div_ceil(per_block(block_size));
        levels.push(entries);
    }
    levels
}

/// Returns how many blocks the tree of this many extents takes outside the inode.
pub(super) fn tree_blocks(extents: usize, block_size: BlockSize) -> usize {
    levels(extents, block_size).iter().sum()
}

/// Returns the 60 bytes of the inode that hold the root of the tree.
///
/// `nodes` are the disk blocks of the tree: all leaves in order, then each level above.
pub(super) fn root(extents: &[Extent], nodes: &[u64], block_size: BlockSize) -> [u8; 60] {
    let mut out = [0; 60];
    let levels = levels(extents.len(), block_size);
    match levels.last() {
        None => node(&mut out, IN_INODE, 0, extents.iter().map(|e| leaf(*e))),
        Some(top) => {
            let depth = levels.len();
            let children = &nodes[nodes.len() - top..];
            // How many extents lie below one child of the root.
            let span = per_block(block_size).pow(u32::try_from(depth).expect("a few levels"));
            let entries = children
                .iter()
                .enumerate()
                .map(|(i, block)| index(extents[i * span].logical, *block));
            node(&mut out, IN_INODE, depth, entries);
        }
    }
    out
}

/// Returns the block of the tree at `nodes[place]`.
pub(super) fn block(
    extents: &[Extent],
    nodes: &[u64],
    place: usize,
    block_size: BlockSize,
    inode: Seed,
) -> Vec<u8> {
    let max = per_block(block_size);
    let mut out = vec![0; block_size.len()];
    let mut below = 0..0;
    let mut span = 1; // extents below one entry of this level
    for (depth, count) in levels(extents.len(), block_size).into_iter().enumerate() {
        let level = below.end..below.end + count;
        if level.contains(&place) {
            let first = (place - level.start) * max;
            if depth == 0 {
                let end = extents.len().min(first + max);
                let entries = extents[first..end].iter().map(|e| leaf(*e));
                node(&mut out, max, depth, entries);
            } else {
                let children = &nodes[below];
                let end = children.len().min(first + max);
                let entries = (first..end).map(|c| index(extents[c * span].logical, children[c]));
                node(&mut out, max, depth, entries);
            }
            break;
        }
        below = level;
        span *= max;
    }
    let tail = ENTRY + max * ENTRY;
    let sum = inode.over(&out[..tail]);
    out[tail..tail + 4].copy_from_slice(&sum.to_le_bytes());
    out
}

fn node(out: &mut [u8], max: usize, depth: usize, entries: impl Iterator<Item = [u8; ENTRY]>) {
    let mut count = 0_u16;
    for (place, entry) in out[ENTRY..].chunks_exact_mut(ENTRY).zip(entries) {
        place.copy_from_slice(&entry);
        count += 1;
    }
    let header = ExtentHeader {
        magic: EXTENT_MAGIC.into(),
        entries: count.into(),
        max: u16::try_from(max).expect("at most 340").into(),
        depth: u16::try_from(depth).expect("a few levels").into(),
        generation: 0.into(),
    };
    out[..ENTRY].copy_from_slice(header.as_bytes());
}

fn leaf(extent: Extent) -> [u8; ENTRY] {
    zerocopy::transmute!(ExtentLeaf {
        block: extent.logical.into(),
        len: u16::try_from(extent.len).expect("at most MAX_LEN").into(),
        start_hi: hi16(extent.start).into(),
        start_lo: lo32(extent.start).into(),
    })
}

fn index(logical: u32, block: u64) -> [u8; ENTRY] {
    zerocopy::transmute!(ExtentIndex {
        block: logical.into(),
        leaf_lo: lo32(block).into(),
        leaf_hi: hi16(block).into(),
        unused: 0.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_are_cut_at_holes_gaps_and_the_longest_length() {
        let run = |start, len| Run { start, len };
        let logical = [run(0, 10), run(20, 40000)];
        let disk = [run(100, 5), run(200, 40005)];
        let got: Vec<_> = map(&logical, &disk)
            .into_iter()
            .map(|e| (e.logical, e.len, e.start))
            .collect();
        assert_eq!(
            got,
            [
                (0, 5, 100),
                (5, 5, 200),
                (20, 32768, 205),
                (32788, 7232, 32973)
            ]
        );
    }

    #[test]
    fn trees_are_as_low_as_can_be() {
        for (extents, want) in [
            (0, vec![]),
            (4, vec![]),
            (5, vec![1]),
            (340, vec![1]),
            (341, vec![2]),
            (4 * 340, vec![4]),
            (4 * 340 + 1, vec![5, 1]),
            (4 * 340 * 340, vec![4 * 340, 4]),
            (4 * 340 * 340 + 1, vec![4 * 340 + 1, 5, 1]),
        ] {
            assert_eq!(levels(extents, BlockSize::DEFAULT), want, "{extents}");
        }
    }
}
