//! What a file holds that was written to in places: bytes of memory and of sources, side by side.

use std::ops::Range;
use std::sync::Arc;

use super::{From, Part, SourceId};

/// Pieces of a file in their order, none over another; all between them is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pieces(Vec<Piece>);

/// Bytes that lie together, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    at: u64,
    len: u64,
    from: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// They are in these bytes, from this place on.
    Memory(Arc<Vec<u8>>, usize),
    Source(SourceId, u64),
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("of what is in memory")
}

impl Piece {
    fn end(&self) -> u64 {
        self.at + self.len
    }

    /// Returns what of the piece lies in a range.
    fn within(&self, range: &Range<u64>) -> Option<Self> {
        let (at, end) = (self.at.max(range.start), self.end().min(range.end));
        let skipped = at - self.at;
        (at < end).then(|| Self {
            at,
            len: end - at,
            from: match &self.from {
                Origin::Memory(bytes, start) => {
                    Origin::Memory(bytes.clone(), start + index(skipped))
                }
                Origin::Source(source, offset) => Origin::Source(*source, offset + skipped),
            },
        })
    }

    fn part(&self) -> Part<'_> {
        let from = match &self.from {
            Origin::Memory(bytes, start) => From::Memory(&bytes[*start..][..index(self.len)]),
            Origin::Source(source, offset) => From::Source(*source, *offset),
        };
        Part {
            at: self.at,
            len: self.len,
            from,
        }
    }
}

impl Pieces {
    /// Adds bytes of memory after all others.
    pub(super) fn push_memory(&mut self, at: u64, bytes: Arc<Vec<u8>>) {
        self.push(at, bytes.len() as u64, Origin::Memory(bytes, 0));
    }

    /// Adds bytes of a source after all others.
    pub(super) fn push_source(&mut self, at: u64, len: u64, source: SourceId, offset: u64) {
        self.push(at, len, Origin::Source(source, offset));
    }

    fn push(&mut self, at: u64, len: u64, from: Origin) {
        if len > 0 {
            self.0.push(Piece { at, len, from });
        }
    }

    /// Puts bytes over what is there; what goes on where the last write ended takes time for what
    /// is written.
    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) {
        let range = at..at + bytes.len() as u64;
        if range.is_empty() {
            return;
        }
        let overlapped = self.overlapped(&range);
        if let Some(piece) = self.0.get_mut(overlapped.start)
            && piece.at <= range.start
            && range.end <= piece.end()
            && let Origin::Memory(held, start) = &mut piece.from
        {
            let start = *start + index(at - piece.at);
            Arc::make_mut(held)[start..][..bytes.len()].copy_from_slice(bytes);
            return;
        }
        let sides = [0..range.start, range.end..u64::MAX];
        let cut: Vec<_> = self.0[overlapped.clone()]
            .iter()
            .flat_map(|piece| sides.each_ref().map(|side| piece.within(side)))
            .flatten()
            .collect();
        let place = overlapped.start + cut.iter().filter(|piece| piece.at < at).count();
        self.0.splice(overlapped, cut);
        if let Some(before) = place.checked_sub(1).map(|before| &mut self.0[before])
            && before.end() == at
            && let Origin::Memory(held, start) = &mut before.from
        {
            let held = Arc::make_mut(held);
            held.truncate(*start + index(before.len));
            held.extend_from_slice(bytes);
            before.len += bytes.len() as u64;
            return;
        }
        self.0.insert(
            place,
            Piece {
                at,
                len: bytes.len() as u64,
                from: Origin::Memory(Arc::new(bytes.to_vec()), 0),
            },
        );
    }

    /// Returns what lies before a place.
    pub(super) fn until(&self, end: u64) -> Self {
        let pieces = self.0.iter();
        Self(pieces.filter_map(|piece| piece.within(&(0..end))).collect())
    }

    /// Returns the pieces that have a part in a range, whole.
    pub(super) fn parts(&self, range: Range<u64>) -> impl Iterator<Item = Part<'_>> {
        self.0[self.overlapped(&range)].iter().map(Piece::part)
    }

    /// Returns where the pieces are.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().map(|piece| piece.at..piece.end())
    }

    /// Returns how many bytes of memory they take.
    pub(super) fn memory(&self) -> usize {
        let held = self.0.iter().map(|piece| match &piece.from {
            Origin::Memory(bytes, _) => bytes.len(),
            Origin::Source(..) => 0,
        });
        size_of_val(&*self.0) + held.sum::<usize>()
    }

    fn overlapped(&self, range: &Range<u64>) -> Range<usize> {
        let first = self.0.partition_point(|piece| piece.end() <= range.start);
        let end = self.0.partition_point(|piece| piece.at < range.end);
        first..end.max(first)
    }
}
