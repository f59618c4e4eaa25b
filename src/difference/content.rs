//! The first byte of two files that differs. What is a hole in both is not read.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};

use crate::reader::{FileId, Reader};

/// How much is read at once: large for a disk, and small enough for a cache to keep both.
const BATCH: usize = 64 << 10;

/// What a thread reads into.
#[derive(Default)]
pub(super) struct Buffers([Vec<u8>; 2]);

/// The first byte that differs, so far, of two files that are compared in parts.
pub(super) struct First {
    at: AtomicU64,
    /// How many parts are compared.
    parts: AtomicU64,
}

impl First {
    /// Starts with files of these sizes: where they have not the same, the shorter one ends where
    /// they differ at last.
    pub(super) fn new([a, b]: [u64; 2]) -> Self {
        let at = if a == b { u64::MAX } else { a.min(b) };
        Self {
            at: AtomicU64::new(at),
            parts: AtomicU64::new(0),
        }
    }

    /// Returns the first byte that is known to differ.
    pub(super) fn get(&self) -> Option<u64> {
        let at = self.at.load(Ordering::Acquire);
        (at != u64::MAX).then_some(at)
    }

    /// Notes that one more of so many parts is compared, and returns whether it was the last.
    pub(super) fn is_last(&self, parts: u64) -> bool {
        self.parts.fetch_add(1, Ordering::AcqRel) + 1 == parts
    }

    fn note(&self, at: u64) {
        self.at.fetch_min(at, Ordering::AcqRel);
    }
}

/// Compares a range that two files have.
///
/// # Errors
///
/// Fails when one of them cannot be read, which `what` has a name for.
pub(super) fn compare(
    readers: [&dyn Reader; 2],
    ids: [FileId; 2],
    range: Range<u64>,
    first: &First,
    buffers: &mut Buffers,
    what: &dyn Fn(usize) -> String,
) -> Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    let extents = |side: usize| {
        let extents = readers[side].extents(ids[side]);
        extents.with_context(|| what(side))
    };
    let extents = [extents(0)?, extents(1)?];
    let mut at = range.start;
    while at < range.end {
        // What lies behind a known difference is of no use.
        if first.get().is_some_and(|first| first <= at) {
            return Ok(());
        }
        let [a, b] = extents.each_ref().map(|extents| stretch(extents, at));
        let mut end = a.1.min(b.1).min(range.end);
        let is_data = [a.0, b.0];
        if is_data != [false, false] {
            end = end.min(at + BATCH as u64);
            let len = usize::try_from(end - at)?;
            for side in 0..2 {
                let buffer = &mut buffers.0[side];
                buffer.resize(BATCH, 0);
                match is_data[side] {
                    true => readers[side]
                        .read_exact_at(ids[side], &mut buffer[..len], at)
                        .with_context(|| what(side))?,
                    false => buffer[..len].fill(0),
                }
            }
            let [a, b] = buffers.0.each_ref().map(|buffer| &buffer[..len]);
            if a != b {
                let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                first.note(at + same as u64);
                return Ok(());
            }
        }
        at = end;
    }
    Ok(())
}

/// Returns whether there is data at a place, and where that ends.
fn stretch(extents: &[Range<u64>], at: u64) -> (bool, u64) {
    let next = extents.partition_point(|extent| extent.end <= at);
    match extents.get(next) {
        Some(extent) if extent.start <= at => (true, extent.end),
        Some(extent) => (false, extent.start),
        None => (false, u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fsgen::tree::content::Segment;
    use fsgen::{Content, Meta, ReadAt, Timestamp, Tree};

    use super::*;
    use crate::reader::TreeReader;

    struct Ones;

    impl ReadAt for Ones {
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
            assert!(offset < 1 << 40, "a hole was read");
            buf.fill(1);
            Ok(())
        }

        fn name(&self) -> String {
            "ones".to_owned()
        }
    }

    /// A file of `len` bytes that are 1 in these ranges, else 0.
    fn file(len: u64, ones: &[Range<u64>]) -> (TreeReader, FileId) {
        let meta = Meta::root(0o644, Timestamp::from_secs(0));
        let mut tree = Tree::new(meta);
        let source = tree.add_source(Arc::new(Ones));
        let segments = ones.iter().map(|range| Segment {
            at: range.start,
            len: range.end - range.start,
            offset: 0,
        });
        let content = Content::sparse(source, len, segments.collect()).unwrap();
        let id = tree.add_file(meta, content);
        (
            TreeReader::new(tree, String::new(), u64::MAX),
            FileId(id.index() as u64),
        )
    }

    #[test]
    // Extents are ranges, and so are lists of one.
    #[allow(clippy::single_range_in_vec_init)]
    fn the_first_byte_that_differs() {
        let far = 1 << 41;
        for (a, b, want) in [
            (vec![], vec![], None),
            (vec![0..10], vec![0..10], None),
            (vec![0..10], vec![0..9], Some(9)),
            (vec![5..10], vec![4..10], Some(4)),
            (
                vec![0..1_000_000],
                vec![0..500_000, 500_000..1_000_000],
                None,
            ),
            (vec![0..1_000_000], vec![0..999_999], Some(999_999)),
            (vec![far..far + 7], vec![far..far + 7], None),
            (vec![far..far + 7], vec![], Some(far)),
            (vec![3..4, far..far + 7], vec![far..far + 7], Some(3)),
        ] {
            let size = (1 << 41) + 7;
            let (first, second) = (file(size, &a), file(size, &b));
            let found = First::new([size, size]);
            let readers: [&dyn Reader; 2] = [&first.0, &second.0];
            let mut buffers = Buffers::default();
            let ids = [first.1, second.1];
            compare(readers, ids, 0..size, &found, &mut buffers, &|_| {
                String::new()
            })
            .unwrap();
            assert_eq!(found.get(), want, "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_shorter_file_ends_where_they_differ() {
        let first = First::new([7, 5]);
        assert_eq!(first.get(), Some(5));
        first.note(3);
        first.note(4);
        assert_eq!(first.get(), Some(3));
        assert!(!first.is_last(2) && first.is_last(2));
    }
}
