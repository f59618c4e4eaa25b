//! Where bytes lie in a file that has gaps between some of them.

use anyhow::{Result, ensure};

/// How many bytes one place takes when it is stored.
const STORED: usize = 16;

/// The places where bytes begin that lie together: how many bytes are before them, and their offset in
/// the file. Those before the first place lie at its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places(Vec<(u64, u64)>);

impl Places {
    /// Lets the bytes from one on begin at an offset, which is not before the end of those before.
    pub(crate) fn add(&mut self, first: u64, offset: u64) {
        self.0.push((first, offset));
    }

    /// Returns whether all bytes lie where they would without gaps.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the offset of a byte, and how many bytes lie together from there on.
    pub(crate) fn locate(&self, byte: u64) -> (u64, u64) {
        let next = self.0.partition_point(|(first, _)| *first <= byte);
        let (first, offset) = match next.checked_sub(1) {
            Some(last) => self.0[last],
            None => (0, 0),
        };
        let end = self.0.get(next).map_or(u64::MAX, |(first, _)| *first);
        (offset.saturating_add(byte - first), end - byte)
    }

    /// Returns them as they are stored: pairs of numbers of 8 bytes, little-endian.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let numbers = self.0.iter().flat_map(|(first, offset)| [first, offset]);
        numbers.flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Returns how many bytes that takes.
    pub(crate) fn stored_bytes(&self) -> u64 {
        (self.0.len() * STORED) as u64
    }

    /// Reads places of `len` bytes that end before `end` in their file.
    ///
    /// # Errors
    ///
    /// Fails when there cannot be such places.
    pub(crate) fn read(stored: &[u8], len: u64, end: u64) -> Result<Self> {
        let (places, rest) = stored.as_chunks::<STORED>();
        let number = |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk().expect("8 bytes"));
        let pair = |place: &[u8; STORED]| (number(place), number(&place[8..]));
        let places: Vec<_> = places.iter().map(pair).collect();
        let mut last = (0, 0);
        for &(first, offset) in places.iter().chain([&(len, end)]) {
            let together = first.checked_sub(last.0);
            let room = offset.checked_sub(last.1);
            ensure!(
                rest.is_empty() && together.is_some() && together <= room,
                "the places of its bytes are damaged"
            );
            last = (first, offset);
        }
        Ok(Self(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lie_where_they_were_put() {
        let mut places = Places::default();
        assert_eq!(places.locate(7), (7, u64::MAX - 7));
        places.add(10, 16);
        places.add(10, 20);
        places.add(13, 40);
        for (byte, want) in [
            (0, (0, 10)),
            (9, (9, 1)),
            (10, (20, 3)),
            (12, (22, 1)),
            (13, (40, u64::MAX - 13)),
            (u64::MAX, (u64::MAX, 0)),
        ] {
            assert_eq!(places.locate(byte), want, "{byte}");
        }
        let stored = places.stored();
        assert_eq!(stored.len() as u64, places.stored_bytes());
        for (stored, len, end, want) in [
            (&*stored, 15, 42, true),
            (&stored, 15, 41, false),
            (&stored, 12, 42, false),
            (&stored[..32], 15, 42, true),
            (&stored[..31], 15, 42, false),
            (&[], 15, 15, true),
            (&[], 15, 14, false),
        ] {
            let read = Places::read(stored, len, end);
            assert_eq!(read.is_ok(), want, "{stored:?} {len} {end}");
        }
        assert_eq!(Places::read(&stored, 15, 42).unwrap(), places);
    }
}
