//! An image in pieces that lie somewhere in a file.

use std::io;
use std::ops::Range;

use anyhow::Result;
use fsgen::WriteAt;

use super::Sink;
use super::chunks::is_zero;

/// A piece of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// What of the image it is.
    pub range: Range<u64>,
    /// Where it starts in the file.
    pub start: u64,
}

/// Returns the pieces of `unit` bytes that ranges touch, put one after the other from `start` on.
///
/// Neighbours become one piece. The last one ends with the image of `len` bytes.
pub(super) fn pieces(written: &[Range<u64>], len: u64, unit: u64, start: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = start;
    for range in written {
        let mut first = range.start / unit * unit;
        let end = range.end.next_multiple_of(unit).min(len);
        if let Some(last) = pieces.last_mut()
            && first <= last.range.end
        {
            first = last.range.end;
            last.range.end = end.max(first);
        } else {
            let range = first..end;
            pieces.push(Piece { range, start: at });
        }
        at += end.saturating_sub(first);
    }
    pieces
}

/// An image whose pieces are elsewhere.
pub(super) struct Mapped<'s> {
    pub(super) pieces: Vec<Piece>,
    pub(super) file: Box<dyn Sink + 's>,
}

impl Mapped<'_> {
    /// Returns where ranges of the image lie in the file.
    pub(super) fn places(pieces: &[Piece], written: &[Range<u64>]) -> Vec<Range<u64>> {
        let ranges = written
            .iter()
            .flat_map(|range| overlaps(pieces, range.clone()));
        ranges
            .map(|(part, start)| start..start + (part.end - part.start))
            .collect()
    }
}

/// Returns the parts of a range that lie in pieces, and where each is in the file.
fn overlaps(pieces: &[Piece], range: Range<u64>) -> impl Iterator<Item = (Range<u64>, u64)> {
    let first = pieces.partition_point(|piece| piece.range.end <= range.start);
    let inside = pieces[first..]
        .iter()
        .take_while(move |piece| piece.range.start < range.end);
    inside.map(move |piece| {
        let start = piece.range.start.max(range.start);
        let end = piece.range.end.min(range.end);
        (start..end, piece.start + (start - piece.range.start))
    })
}

impl WriteAt for Mapped<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let inside = |at: u64| usize::try_from(at - offset).expect("inside the buffer");
        let end = offset + buf.len() as u64;
        let mut done = offset;
        // Small gaps between what was announced may come along, as zeros.
        let check = |gap: Range<u64>| match is_zero(&buf[inside(gap.start)..inside(gap.end)]) {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "a write at byte {} that was not planned",
                gap.start
            ))),
        };
        for (part, start) in overlaps(&self.pieces, offset..end) {
            check(done..part.start)?;
            done = part.end;
            let bytes = &buf[inside(part.start)..inside(part.end)];
            self.file.write_all_at(bytes, start)?;
        }
        check(done..end)
    }
}

impl Sink for Mapped<'_> {
    fn finish(&self) -> Result<()> {
        self.file.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_units() {
        let piece = |range, start| Piece { range, start };
        for (written, want) in [
            (vec![], vec![]),
            (vec![0..1, 2..3], vec![piece(0..4, 100)]),
            (vec![3..4, 5..6, 7..8], vec![piece(0..8, 100)]),
            (vec![1..2, 9..18], vec![piece(0..4, 100), piece(8..18, 104)]),
            (
                vec![0..4, 4..5, 13..14],
                vec![piece(0..8, 100), piece(12..16, 108)],
            ),
        ] {
            assert_eq!(pieces(&written, 18, 4, 100), want, "{written:?}");
        }
    }
}
