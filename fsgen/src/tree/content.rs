//! The bytes of a file: in memory, or spans of a source that are read when they are needed.

use std::io;
use std::sync::Arc;

use super::Tree;

/// Names a source of a [`Tree`]: what [`Tree::add_source`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

#[derive(Debug, Clone, PartialEq, Eq)]
enum Data {
    Bytes(Arc<[u8]>),
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
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            len: bytes.len() as u64,
            data: Data::Bytes(bytes),
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
    pub fn extents(&self) -> impl Iterator<Item = std::ops::Range<u64>> {
        let (whole, segments): (_, &[Segment]) = match &self.data {
            Data::Sparse { segments, .. } => (None, segments),
            _ if self.len == 0 => (None, &[]),
            _ => (Some(0..self.len), &[]),
        };
        whole
            .into_iter()
            .chain(segments.iter().map(|s| s.at..s.at + s.len))
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
        match &self.data {
            Data::Bytes(bytes) => {
                let start = usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof)?;
                buf.copy_from_slice(&bytes[start..start + buf.len()]);
                Ok(())
            }
            Data::Span { source, offset } => tree.source(*source).read_exact_at(buf, offset + at),
            Data::Sparse { source, segments } => {
                buf.fill(0);
                let first = segments.partition_point(|s| s.at + s.len <= at);
                for segment in &segments[first..] {
                    if segment.at >= end {
                        break;
                    }
                    let from = segment.at.max(at);
                    let to = (segment.at + segment.len).min(end);
                    let part = usize::try_from(from - at).expect("inside buf")
                        ..usize::try_from(to - at).expect("inside buf");
                    tree.source(*source)
                        .read_exact_at(&mut buf[part], segment.offset + (from - segment.at))?;
                }
                Ok(())
            }
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
