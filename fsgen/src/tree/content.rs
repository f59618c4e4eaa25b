//! The bytes of a file: in memory, or spans of a source that are read when they are needed.

mod pieces;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::Tree;
use pieces::Pieces;

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

impl Part<'_> {
    /// Returns what of it lies in a range.
    fn within(self, range: &Range<u64>) -> Option<Self> {
        let at = self.at.max(range.start);
        let len = (self.at + self.len).min(range.end).checked_sub(at)?;
        let index = |at| usize::try_from(at).expect("inside memory");
        let from = match self.from {
            From::Memory(bytes) => From::Memory(&bytes[index(at - self.at)..][..index(len)]),
            From::Source(source, offset) => From::Source(source, offset + (at - self.at)),
        };
        (len > 0).then_some(Self { at, len, from })
    }
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
    Pieces(Arc<Pieces>),
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

    /// Puts bytes at a place, over what is there; a gap before it is a hole.
    ///
    /// What is in memory is copied the first time if somebody else has it, too, then no more: what
    /// is added piece by piece takes time for what is added.
    pub(super) fn write(&mut self, at: u64, more: &[u8]) {
        if more.is_empty() {
            return;
        }
        let end = at.checked_add(more.len() as u64);
        let len = self.len.max(end.expect("a file of less than 2^64 bytes"));
        if let Data::Bytes(bytes) = &mut self.data
            && let Some(at) = usize::try_from(at).ok().filter(|at| *at <= bytes.len())
        {
            let bytes = Arc::make_mut(bytes);
            let (over, added) = more.split_at(more.len().min(bytes.len() - at));
            bytes[at..][..over.len()].copy_from_slice(over);
            bytes.extend_from_slice(added);
        } else {
            if !matches!(self.data, Data::Pieces(_)) {
                self.data = Data::Pieces(Arc::new(self.pieces()));
            }
            if let Data::Pieces(pieces) = &mut self.data {
                Arc::make_mut(pieces).write(at, more);
            }
        }
        self.len = len;
    }

    /// Returns what it has as pieces.
    fn pieces(&self) -> Pieces {
        let mut pieces = Pieces::default();
        match &self.data {
            Data::Bytes(bytes) => pieces.push_memory(0, bytes.clone()),
            Data::Span { source, offset } => pieces.push_source(0, self.len, *source, *offset),
            Data::Sparse { source, segments } => {
                for Segment { at, len, offset } in segments.iter() {
                    pieces.push_source(*at, *len, *source, *offset);
                }
            }
            Data::Pieces(held) => pieces.clone_from(held),
        }
        pieces
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
            Data::Pieces(pieces) => Data::Pieces(Arc::new(pieces.until(len))),
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

    /// Returns the parts that lie in the one source, in order.
    fn segments(&self) -> Vec<Segment> {
        match &self.data {
            Data::Bytes(_) | Data::Pieces(_) => Vec::new(),
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
            Data::Pieces(pieces) => pieces.memory(),
        }
    }

    /// Returns whether the file has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the byte ranges that hold data, in order; all else is a hole.
    pub fn extents(&self) -> impl Iterator<Item = Range<u64>> {
        let (whole, segments, pieces): (_, &[Segment], _) = match &self.data {
            Data::Sparse { segments, .. } => (None, segments, None),
            Data::Bytes(bytes) => (Some(0..bytes.len() as u64), &[], None),
            Data::Span { .. } => (Some(0..self.len), &[], None),
            Data::Pieces(pieces) => (None, &[], Some(pieces.ranges())),
        };
        whole
            .into_iter()
            .filter(|range| !range.is_empty())
            .chain(segments.iter().map(|s| s.at..s.at + s.len))
            .chain(pieces.into_iter().flatten())
    }

    /// Returns where the bytes of a range of the file come from, in order; all else in it is a hole.
    ///
    /// # Panics
    ///
    /// Panics when the range ends past the file.
    pub(crate) fn parts(&self, range: Range<u64>) -> impl Iterator<Item = Part<'_>> {
        assert!(range.start <= range.end && range.end <= self.len);
        let within = range.clone();
        let len = range.end - range.start;
        let at = range.start;
        let (whole, source, segments, pieces): (_, _, &[Segment], _) = match &self.data {
            _ if len == 0 => (None, SourceId(0), &[], None),
            Data::Bytes(bytes) => {
                let from = From::Memory(bytes);
                let len = bytes.len() as u64;
                let whole = Some(Part { at: 0, len, from });
                (whole, SourceId(0), &[], None)
            }
            Data::Span { source, offset } => {
                let from = From::Source(*source, offset + at);
                (Some(Part { at, len, from }), *source, &[], None)
            }
            Data::Sparse { source, segments } => {
                let first = segments.partition_point(|s| s.at + s.len <= at);
                let end = segments.partition_point(|s| s.at < range.end);
                let segments = segments.get(first..end).unwrap_or_default();
                (None, *source, segments, None)
            }
            Data::Pieces(pieces) => (None, SourceId(0), &[], Some(pieces.parts(range))),
        };
        let segments = segments.iter().map(move |segment| Part {
            at: segment.at,
            len: segment.len,
            from: From::Source(source, segment.offset),
        });
        let pieces = pieces.into_iter().flatten();
        let parts = whole.into_iter().chain(segments).chain(pieces);
        parts.filter_map(move |part| part.within(&within))
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
            Data::Sparse { .. } | Data::Pieces(_) => true,
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
        for (at, len, offset) in [(8, 2, 0), (u64::MAX, 1, 0), (0, 1, u64::MAX)] {
            assert!(Content::sparse(source, 9, vec![segment(at, len, offset)]).is_none());
        }
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
    fn what_is_written_lies_over_what_was_there() {
        let (tree, source) = tree();
        let segment = |at, len, offset| Segment { at, len, offset };
        let sparse = Content::sparse(source, 9, vec![segment(1, 2, 4), segment(5, 3, 0)]).unwrap();
        for start in [
            Content::bytes(*b"abcdef"),
            Content::bytes(*b"ab").resized(5),
            Content::span(source, 3, 4),
            sparse,
        ] {
            let places = (0..11).flat_map(|at| (0..4).map(move |len| (at, len)));
            let places: Vec<_> = places.collect();
            for (first, second) in places
                .iter()
                .flat_map(|a| places.iter().map(move |b| (a, b)))
            {
                let mut found = start.clone();
                let mut expected = start.read(&tree, 99).unwrap();
                for ((at, len), text) in [(first, b"WXYZ"), (second, b"wxyz"), (first, b"1234")] {
                    let text = &text[..*len];
                    let kept = found.clone();
                    found.write(*at as u64, text);
                    if !text.is_empty() {
                        expected.resize(expected.len().max(at + len), 0);
                        expected[*at..][..*len].copy_from_slice(text);
                    }
                    let case = format!("{start:?} {first:?} {second:?}");
                    assert_eq!(found.read(&tree, 99).unwrap(), expected, "{case}");
                    assert_eq!(
                        kept.len().max((at + len) as u64 * u64::from(*len > 0)),
                        found.len()
                    );
                    let (mut end, mut data) = (0, vec![0; expected.len()]);
                    for range in found.extents() {
                        assert!(end <= range.start && range.start < range.end, "{case}");
                        end = range.end;
                        let bytes =
                            usize::try_from(range.start).unwrap()..usize::try_from(end).unwrap();
                        data[bytes.clone()].copy_from_slice(&expected[bytes]);
                    }
                    assert_eq!(data, expected, "{case}: all else is zero");
                    let cut = usize::try_from(found.len() / 2).unwrap();
                    let half = found.resized(cut as u64).resized(12);
                    let mut bytes = expected[..cut].to_vec();
                    bytes.resize(12, 0);
                    assert_eq!(half.read(&tree, 99).unwrap(), bytes, "{case}");
                }
            }
        }
    }

    #[test]
    fn what_is_written_changes_no_copy() {
        let (mut tree, source) = tree();
        for start in [
            Content::bytes(*b"ab"),
            Content::bytes(*b"ab").resized(3),
            Content::span(source, 0, 3),
        ] {
            let id = tree.add_file(META, start.clone());
            let before = tree.node(id).kind.clone();
            let mut expected = start.read(&tree, 99).unwrap();
            for byte in [b"c", b"d"] {
                tree.write(id, expected.len() as u64, byte);
                expected.push(byte[0]);
                let Kind::File(now) = &tree.node(id).kind else {
                    unreachable!("it is a file");
                };
                assert_eq!(now.read(&tree, 99).unwrap(), expected);
            }
            assert_eq!(before, Kind::File(start));
        }
    }
}
