//! The bytes of a file: in memory, or spans of a source that are read when they are needed.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::Tree;

/// Names a source of a [`Tree`]: what [`Tree::add_source`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(pub(super) u32);

/// A part of a sparse file that holds data; all between the parts is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where the part lies in the file, in bytes.
    pub at: u64,
    /// Length in bytes.
    pub len: u64,
    /// Where its bytes lie in the source.
    pub offset: u64,
}

/// What a regular file holds. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    len: u64,
    data: Data,
}

/// Bytes of a file that lie together somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part<'c> {
    /// Where they lie in the file.
    pub(crate) at: u64,
    /// How many there are.
    pub(crate) len: u64,
    /// Where they come from.
    pub(crate) from: From<'c>,
}

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From<'c> {
    /// They are at hand.
    Memory(&'c [u8]),
    /// They are read from this offset of a source on.
    Source(SourceId, u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    /// All after them is zero.
    Bytes(Arc<Vec<u8>>),
    Span {
        source: SourceId,
        offset: u64,
    },
    Sparse {
        source: SourceId,
        segments: Arc<[Segment]>,
    },
}

impl Content {
    /// Returns content that lies in memory.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            len: bytes.len() as u64,
            data: Data::Bytes(Arc::new(bytes)),
        }
    }

    /// Adds to the end of content that lies in memory; returns whether it does.
    ///
    /// The first time it is copied if somebody else has it, too, then no more: what is added
    /// piece by piece takes time for what is added.
    pub(super) fn append(&mut self, more: &[u8]) -> bool {
        match &mut self.data {
            Data::Bytes(bytes) if bytes.len() as u64 == self.len => {
                Arc::make_mut(bytes).extend_from_slice(more);
                self.len = bytes.len() as u64;
                true
            }
            _ => false,
        }
    }

    /// Returns the content cut to a length, or with a hole at its end up to there.
    #[must_use]
    pub fn resized(&self, len: u64) -> Self {
        let data = match &self.data {
            Data::Bytes(bytes) => match usize::try_from(len) {
                Ok(len) if len < bytes.len() => Data::Bytes(Arc::new(bytes[..len].to_vec())),
                _ => Data::Bytes(bytes.clone()),
            },
            Data::Span { source, offset } if len <= self.len => Data::Span {
                source: *source,
                offset: *offset,
            },
            Data::Span { source, .. } | Data::Sparse { source, .. } => Data::Sparse {
                source: *source,
                segments: (self.segments().into_iter().filter(|s| s.at < len))
                    .map(|s| Segment {
                        len: s.len.min(len - s.at),
                        ..s
                    })
                    .collect(),
            },
        };
        Self { len, data }
    }

    /// Returns the parts that lie in a source, in order.
    fn segments(&self) -> Vec<Segment> {
        match &self.data {
            Data::Bytes(_) => Vec::new(),
            Data::Span { .. } if self.len == 0 => Vec::new(),
            Data::Span { offset, .. } => vec![Segment {
                at: 0,
                len: self.len,
                offset: *offset,
            }],
            Data::Sparse { segments, .. } => segments.to_vec(),
        }
    }

    /// Returns content that is `len` bytes of a source, from `offset` on.
    pub fn span(source: SourceId, offset: u64, len: u64) -> Self {
        Self {
            len,
            data: Data::Span { source, offset },
        }
    }

    /// Returns content of `len` bytes that is zero outside the segments.
    ///
    /// Returns nothing when the segments are out of order, overlap or reach past the end.
    pub fn sparse(source: SourceId, len: u64, segments: Vec<Segment>) -> Option<Self> {
        let mut end = 0;
        for segment in &segments {
            if segment.at < end {
                return None;
            }
            end = segment.at.checked_add(segment.len)?;
            segment.offset.checked_add(segment.len)?;
        }
        (end <= len).then(|| Self {
            len,
            data: Data::Sparse {
                source,
                segments: segments.into_iter().filter(|s| s.len > 0).collect(),
            },
        })
    }

    /// Returns the size of the file in bytes, holes included.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns how many bytes of memory it takes, a few for itself apart.
    pub fn memory(&self) -> usize {
        match &self.data {
            Data::Bytes(bytes) => bytes.len(),
            Data::Span { .. } => 0,
            Data::Sparse { segments, .. } => size_of_val(&**segments),
        }
    }

    /// Returns whether the file has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the byte ranges that hold data, in order; all else is a hole.
    pub fn extents(&self) -> impl Iterator<Item = Range<u64>> {
        let (whole, segments): (_, &[Segment]) = match &self.data {
            Data::Sparse { segments, .. } => (None, segments),
            Data::Bytes(bytes) => (Some(0..bytes.len() as u64), &[]),
            Data::Span { .. } => (Some(0..self.len), &[]),
        };
        whole
            .into_iter()
            .filter(|range| !range.is_empty())
            .chain(segments.iter().map(|s| s.at..s.at + s.len))
    }

    /// Returns where the bytes of a range of the file come from, in order; all else in it is a hole.
    ///
    /// # Panics
    ///
    /// Panics when the range ends past the file.
    pub(crate) fn parts(&self, range: Range<u64>) -> impl Iterator<Item = Part<'_>> {
        assert!(range.start <= range.end && range.end <= self.len);
        let len = range.end - range.start;
        let at = range.start;
        let (whole, source, segments): (_, _, &[Segment]) = match &self.data {
            _ if len == 0 => (None, SourceId(0), &[]),
            Data::Bytes(bytes) => {
                let index = |at| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
                let bytes = &bytes[index(at)..index(range.end)];
                let (len, from) = (bytes.len() as u64, From::Memory(bytes));
                let whole = (len > 0).then_some(Part { at, len, from });
                (whole, SourceId(0), &[])
            }
            Data::Span { source, offset } => {
                let from = From::Source(*source, offset + at);
                (Some(Part { at, len, from }), *source, &[])
            }
            Data::Sparse { source, segments } => {
                let first = segments.partition_point(|s| s.at + s.len <= at);
                let end = segments.partition_point(|s| s.at < range.end);
                (None, *source, segments.get(first..end).unwrap_or_default())
            }
        };
        whole.into_iter().chain(segments.iter().map(move |segment| {
            let at = segment.at.max(range.start);
            Part {
                at,
                len: (segment.at + segment.len).min(range.end) - at,
                from: From::Source(source, segment.offset + (at - segment.at)),
            }
        }))
    }

    /// Fills `buf` with the bytes of the file from `at` on; holes read as zeros.
    ///
    /// # Errors
    ///
    /// Fails when the source cannot be read, or with `UnexpectedEof` when the range ends past
    /// the file.
    pub fn read_exact_at(&self, tree: &Tree, buf: &mut [u8], at: u64) -> io::Result<()> {
        let end = at
            .checked_add(buf.len() as u64)
            .filter(|end| *end <= self.len)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if self.has_holes() {
            buf.fill(0);
        }
        let index = |at| usize::try_from(at).expect("inside buf");
        for part in self.parts(at..end) {
            let out = &mut buf[index(part.at - at)..][..index(part.len)];
            match part.from {
                From::Memory(bytes) => out.copy_from_slice(bytes),
                From::Source(source, offset) => tree.source(source).read_exact_at(out, offset)?,
            }
        }
        Ok(())
    }

    /// Returns whether some of the file may be in no part of it.
    pub(crate) fn has_holes(&self) -> bool {
        match &self.data {
            Data::Bytes(bytes) => (bytes.len() as u64) < self.len,
            Data::Span { .. } => false,
            Data::Sparse { .. } => true,
        }
    }

    /// Returns the whole file in memory.
    ///
    /// # Errors
    ///
    /// Fails when the source cannot be read, or with `FileTooLarge` above `limit` bytes.
    pub fn read(&self, tree: &Tree, limit: u64) -> io::Result<Vec<u8>> {
        if self.len > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let len = usize::try_from(self.len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut buf = vec![0; len];
        self.read_exact_at(tree, &mut buf, 0)?;
        Ok(buf)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Kind, Meta, Timestamp};
    use super::*;
    use crate::ReadAt;

    const META: Meta = Meta::root(0o644, Timestamp::from_secs(0));

    #[derive(Debug)]
    struct Digits;

    impl ReadAt for Digits {
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            for (digit, at) in buf.iter_mut().zip(offset..) {
                *digit = b'0' + u8::try_from(at).map_err(io::Error::other)?;
            }
            Ok(())
        }

        fn name(&self) -> String {
            "digits".to_owned()
        }
    }

    fn tree() -> (Tree, SourceId) {
        let mut tree = Tree::new(META);
        let source = tree.add_source(Arc::new(Digits));
        (tree, source)
    }

    #[test]
    fn resized_contents_read_as_they_should() {
        let (tree, source) = tree();
        let segment = |at, len, offset| Segment { at, len, offset };
        let sparse = Content::sparse(source, 9, vec![segment(1, 2, 4), segment(5, 3, 0)]).unwrap();
        for (content, whole) in [
            (Content::bytes(*b"abcdef"), &b"abcdef"[..]),
            (Content::bytes([]), b""),
            (Content::span(source, 3, 4), b"3456"),
            (Content::span(source, 3, 0), b""),
            (sparse, b"\x0045\0\x00012\0"),
        ] {
            for first in 0..12 {
                for second in 0..12 {
                    let mut expected = whole.to_vec();
                    expected.resize(first, 0);
                    expected.resize(second, 0);
                    let found = content.resized(first as u64).resized(second as u64);
                    let case = format!("{content:?} {first} {second}");
                    assert_eq!(found.read(&tree, 99).unwrap(), expected, "{case}");
                    for from in 0..second {
                        let mut rest = vec![0xd1; second - from];
                        found.read_exact_at(&tree, &mut rest, from as u64).unwrap();
                        assert_eq!(rest, expected[from..], "{case}");
                    }
                    let data: u64 = found.extents().map(|e| e.end - e.start).sum();
                    assert!(data <= whole.len() as u64, "{case}");
                    assert!(
                        found
                            .extents()
                            .all(|e| e.start < e.end && e.end <= second as u64)
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_appended_changes_no_copy() {
        let (mut tree, source) = tree();
        let id = tree.add_file(META, Content::bytes(*b"ab"));
        let before = tree.node(id).kind.clone();
        assert!(tree.append(id, b"c") && tree.append(id, b"d"));
        assert_eq!(tree.node(id).kind, Kind::File(Content::bytes(*b"abcd")));
        assert_eq!(before, Kind::File(Content::bytes(*b"ab")));
        for other in [
            Content::bytes(*b"ab").resized(3),
            Content::span(source, 0, 3),
        ] {
            tree.set_content(id, other.clone());
            assert!(!tree.append(id, b"c"));
            assert_eq!(tree.node(id).kind, Kind::File(other));
        }
    }
}
