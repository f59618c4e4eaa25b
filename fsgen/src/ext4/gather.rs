//! Reads the contents of many files at once: what lies close together in a source takes one read.
//!
//! In an archive the files of a folder lie together as they do in the image, with a header between
//! them, though often in another order. For small files, a read costs more than its bytes do.

use std::io;
use std::ops::Range;

use super::geometry::BlockSize;
use crate::region::ReadAt;
use crate::tree::Tree;
use crate::tree::content::{Content, From, SourceId};

/// What is read alone, right to where it belongs, in bytes.
const LARGE: usize = 32 << 10;
/// The largest gap that is read along and thrown away, in bytes.
const GAP: u64 = 4 << 10;
/// The most that is read at once beside its place, in bytes.
const MOST: u64 = 256 << 10;

/// Bytes of a source that are wanted.
#[derive(Clone, Copy)]
struct Want {
    source: SourceId,
    offset: u64,
    /// Where they go.
    at: usize,
    len: usize,
    inode: u32,
}

impl Want {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.len as u64)
    }
}

/// What is wanted for one batch.
#[derive(Default)]
pub(super) struct Gather {
    wants: Vec<Want>,
    /// What was read of a source, with the gaps.
    bytes: Vec<u8>,
}

impl Gather {
    /// Notes that the blocks of a file from `logical` on go to `out`, which lies at `at` in the
    /// batch. What is at hand is put there, the end of the last block is cleared.
    pub(super) fn add(
        &mut self,
        content: &Content,
        (inode, logical): (u32, u32),
        block_size: BlockSize,
        (at, out): (usize, &mut [u8]),
    ) {
        let start = u64::from(logical) * block_size.bytes64();
        let end = content.len().min(start + out.len() as u64).max(start);
        let index = |at| usize::try_from(at).expect("inside the batch");
        if content.has_holes() {
            out.fill(0);
        } else {
            out[index(end - start)..].fill(0);
        }
        if end == start {
            return;
        }
        for part in content.parts(start..end) {
            let skip = index(part.at - start);
            match part.from {
                From::Memory(bytes) => out[skip..][..bytes.len()].copy_from_slice(bytes),
                From::Source(source, offset) => self.wants.push(Want {
                    source,
                    offset,
                    at: at + skip,
                    len: index(part.len),
                    inode,
                }),
            }
        }
    }

    /// Reads all that was noted to its place in the batch.
    ///
    /// # Errors
    ///
    /// Fails when a source cannot be read, with the inode whose content that is.
    pub(super) fn read(&mut self, tree: &Tree, batch: &mut [u8]) -> Result<(), (u32, io::Error)> {
        let mut wants = std::mem::take(&mut self.wants);
        wants.sort_unstable_by_key(|want| (want.source, want.offset));
        let result = wants
            .chunk_by(Self::is_read_with)
            .try_for_each(|near| self.read_near(tree, near, batch));
        wants.clear();
        self.wants = wants;
        result
    }

    /// Returns whether a read goes on from one to the next.
    fn is_read_with(one: &Want, next: &Want) -> bool {
        one.source == next.source
            && next.offset <= one.end().saturating_add(GAP)
            && one.len.max(next.len) < LARGE
    }

    /// Reads what lies close together, in pieces that are not too large.
    fn read_near(
        &mut self,
        tree: &Tree,
        mut near: &[Want],
        batch: &mut [u8],
    ) -> Result<(), (u32, io::Error)> {
        while let Some(first) = near.first() {
            let source = tree.source(first.source);
            // The first is always among them.
            let mut end = first.end();
            let count = 1 + near[1..]
                .iter()
                .take_while(|want| {
                    end = end.max(want.end());
                    end - first.offset <= MOST
                })
                .count();
            let (piece, rest) = near.split_at(count);
            near = rest;
            let end = piece.iter().map(Want::end).max().unwrap_or(first.offset);
            let together = match count {
                1 => None,
                _ => self.read_together(&**source, first.offset..end),
            };
            for want in piece {
                let out = &mut batch[want.at..][..want.len];
                if let Some(bytes) = together {
                    let skip = usize::try_from(want.offset - first.offset).expect("at most MOST");
                    out.copy_from_slice(&bytes[skip..][..want.len]);
                } else {
                    // Alone, or it failed: then one of them is to be named.
                    let read = source.read_exact_at(out, want.offset);
                    read.map_err(|error| (want.inode, error))?;
                }
            }
        }
        Ok(())
    }

    fn read_together(&mut self, source: &dyn ReadAt, range: Range<u64>) -> Option<&[u8]> {
        let len = usize::try_from(range.end - range.start).expect("at most MOST");
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        let bytes = &mut self.bytes[..len];
        source.read_exact_at(bytes, range.start).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::tree::{Meta, Timestamp};

    /// Where reads began, and how long they were.
    type Reads = Vec<(u64, usize)>;

    /// Byte `i` is `i % 251`, up to its end; every read is noted.
    #[derive(Default)]
    struct Counting(Mutex<Reads>);

    const END: u64 = 1 << 20;

    impl ReadAt for Counting {
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            self.0.lock().unwrap().push((offset, buf.len()));
            if offset + buf.len() as u64 > END {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            for (byte, at) in buf.iter_mut().zip(offset..) {
                *byte = u8::try_from(at % 251).unwrap();
            }
            Ok(())
        }

        fn name(&self) -> String {
            "counting".to_owned()
        }
    }

    fn blocks(len: u64) -> usize {
        usize::try_from(len.div_ceil(4096)).unwrap()
    }

    /// Gathers files of a block or more each; returns the batch, and the reads it took.
    fn gather(files: &[(u64, u64)]) -> (Result<Vec<u8>, u32>, Reads) {
        let counting = Arc::new(Counting::default());
        let mut tree = Tree::new(Meta::root(0o755, Timestamp::default()));
        let source = tree.add_source(counting.clone());
        let mut gather = Gather::default();
        let block_size = BlockSize::new(4096).unwrap();
        let mut batch = vec![0xD1; files.iter().map(|(_, len)| blocks(*len) * 4096).sum()];
        let mut at = 0;
        for (inode, (offset, len)) in (0..).zip(files) {
            let content = Content::span(source, *offset, *len);
            let out = &mut batch[at..][..blocks(*len) * 4096];
            let next = at + out.len();
            gather.add(&content, (inode, 0), block_size, (at, out));
            at = next;
        }
        let result = gather.read(&tree, &mut batch).map_err(|(inode, _)| inode);
        let reads = std::mem::take(&mut *counting.0.lock().unwrap());
        (result.map(|()| batch), reads)
    }

    #[test]
    fn what_lies_close_together_takes_one_read() {
        let mib = 1 << 20;
        for (files, want) in [
            (&[(512, 700)][..], &[(512, 700)][..]),
            (&[(5000, 100), (512, 700), (2048, 1)], &[(512, 4588)]),
            (&[(0, 1), (4097, 1), (8195, 1)], &[(0, 4098), (8195, 1)]),
            (&[(0, 10), (0, 10), (5, 10)], &[(0, 15)]),
            (
                &[(512, 100_000), (101_000, 9)],
                &[(512, 100_000), (101_000, 9)],
            ),
            (&[(mib - 9, 9)], &[(mib - 9, 9)]),
        ] {
            let (batch, reads) = gather(files);
            assert_eq!(reads, want, "{files:?}");
            let mut batch = batch.unwrap().into_iter();
            for (offset, len) in files {
                let got: Vec<u8> = batch.by_ref().take(blocks(*len) * 4096).collect();
                let want = (*offset..offset + len).map(|at| u8::try_from(at % 251).unwrap());
                let zeros = got.len() - usize::try_from(*len).unwrap();
                let want: Vec<u8> = want.chain(std::iter::repeat_n(0, zeros)).collect();
                assert!(got == want, "{files:?} at {offset}");
            }
        }
        // Many files next to each other are read in pieces.
        let files: Vec<_> = (0..300).map(|i| (i * 1024, 512)).collect();
        let (_, reads) = gather(&files);
        assert_eq!(reads, [(0, 261_632), (262_144, 44_544)]);
    }

    #[test]
    fn the_file_that_cannot_be_read_is_named() {
        let (result, _) = gather(&[(END - 600, 100), (END - 100, 200), (END - 400, 100)]);
        assert_eq!(result, Err(1));
    }
}
