//! rpm's ndb backend: `Packages.db`, which has the headers, and `Index.db`.
//!
//! Layout of `Packages.db` (rpm's `lib/backend/ndb/rpmpkg.c`), all numbers with the low byte first:
//! 32 bytes of header `{"RpmP", version 0, generation, pages of slots, next number, zeros}`, then
//! slots of 16 bytes `{"Slot", number, place, length}` to the end of these pages. Places and lengths
//! are in blocks of 16 bytes; a free slot has the place 0. At a place lies `{"BlbS", number,
//! generation, bytes of the header}`, the header, zeros, `{Adler-32 of all that, bytes of the header, "BlbE"}`.

mod xdb;

use std::collections::BTreeMap;

use super::{DatabaseError, le32, parsed};
use crate::rpm::header::Header;

const MAGIC: [u8; 4] = *b"RpmP";
const SLOT_MAGIC: [u8; 4] = *b"Slot";
const HEAD_MAGIC: [u8; 4] = *b"BlbS";
const TAIL_MAGIC: [u8; 4] = *b"BlbE";

/// Bytes of the file's header, which takes the place of two slots.
const HEADER: usize = 32;
const SLOT: usize = 16;
const BLOCK: usize = 16;
const PAGE: usize = 4096;

/// Bytes before and behind a header.
const HEAD: usize = 16;
const TAIL: usize = 12;

/// A database of this kind. Written, it has its headers one behind the other, as `rpm --rebuilddb`
/// leaves them.
pub(crate) struct Ndb {
    /// How often it was changed. `Index.db` has the same number while it fits.
    generation: u32,
    /// The number that the next package gets.
    next: u32,
    packages: BTreeMap<u32, Stored>,
}

/// A header as it is in the file.
struct Stored {
    /// That of the file before it was put there; before rpm 4.17, the time.
    generation: u32,
    blob: Vec<u8>,
}

impl Ndb {
    /// Returns a database without packages.
    pub(super) fn new() -> Self {
        Self {
            generation: 1,
            next: 1,
            packages: BTreeMap::new(),
        }
    }

    /// Opens a file.
    pub(super) fn open(file: &[u8]) -> Result<Self, DatabaseError> {
        let damaged = |what: &str| DatabaseError::Damaged(what.to_owned());
        let word = |at| le32(file, at).ok_or_else(|| damaged("it ends within its slots"));
        // rpm makes one of an empty file, too.
        if file.is_empty() {
            return Ok(Self::new());
        }
        if !file.starts_with(&MAGIC) {
            return Err(damaged("it does not begin like a database of the kind ndb"));
        }
        if word(4)? != 0 {
            return Err(damaged("its version is not 0"));
        }
        let pages = word(12)? as usize;
        let end = pages.checked_mul(PAGE).filter(|end| *end <= file.len());
        let end = end.filter(|end| *end > 0);
        let end = end.ok_or_else(|| damaged("it ends within its slots"))?;
        let mut packages = BTreeMap::new();
        for at in (HEADER..end).step_by(SLOT) {
            let [number, place, len] = [4, 8, 12].map(|field| le32(file, at + field));
            if file[at..at + 4] != SLOT_MAGIC {
                return Err(DatabaseError::Damaged(format!(
                    "no slot begins at byte {at}"
                )));
            }
            let (Some(number), Some(place), Some(len)) = (number, place, len) else {
                continue;
            };
            if place == 0 {
                continue;
            }
            let wrong = |what| DatabaseError::Damaged(format!("package {number}: {what}"));
            let start = (place as usize).saturating_mul(BLOCK);
            let whole = start..start.saturating_add((len as usize).saturating_mul(BLOCK));
            let whole = file.get(whole).filter(|_| start >= end);
            let whole = whole.ok_or_else(|| wrong("its place is not in the file"))?;
            let stored = Stored::read(number, whole).map_err(wrong)?;
            if number == 0 || packages.insert(number, stored).is_some() {
                return Err(wrong("two have this number, or it is 0"));
            }
        }
        let last = packages.last_key_value().map_or(0, |(number, _)| *number);
        Ok(Self {
            generation: word(8)?,
            next: word(16)?.max(last.saturating_add(1)),
            packages,
        })
    }

    pub(super) fn headers(&self) -> Result<Vec<(u32, Header)>, DatabaseError> {
        let packages = self.packages.iter();
        parsed(packages.map(|(number, stored)| (*number, &*stored.blob)))
    }

    pub(super) fn add(&mut self, headers: &[Header]) -> Result<Vec<u32>, DatabaseError> {
        let mut numbers = Vec::new();
        for header in headers {
            let blob = header.blob().to_vec();
            let generation = self.generation;
            self.packages.insert(self.next, Stored { generation, blob });
            numbers.push(self.next);
            self.next = self.next.checked_add(1).ok_or(DatabaseError::Full)?;
            self.generation = self.generation.wrapping_add(1);
        }
        Ok(numbers)
    }

    pub(super) fn amend(&mut self, number: u32, header: &Header) {
        if let Some(stored) = self.packages.get_mut(&number) {
            stored.blob = header.blob().to_vec();
        }
    }

    pub(super) fn replace(&mut self, number: u32, header: &Header) {
        if let Some(stored) = self.packages.get_mut(&number) {
            stored.blob = header.blob().to_vec();
            self.generation = self.generation.wrapping_add(1);
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.packages.remove(&number);
        self.generation = self.generation.wrapping_add(1);
    }

    /// Returns the file of indexes.
    pub(super) fn indexes(&self) -> Result<Vec<u8>, DatabaseError> {
        xdb::file(self.generation, &self.headers()?)
    }

    /// Returns the file of headers.
    pub(super) fn file(&self) -> Result<Vec<u8>, DatabaseError> {
        let pages = (HEADER + self.packages.len() * SLOT).div_ceil(PAGE);
        let full = |_| DatabaseError::Full;
        let mut file = Vec::new();
        file.extend(MAGIC);
        let pages_32 = u32::try_from(pages).map_err(full)?;
        for word in [0, self.generation, pages_32, self.next, 0, 0, 0] {
            file.extend(word.to_le_bytes());
        }
        let mut place = pages * (PAGE / BLOCK);
        for (number, stored) in &self.packages {
            let blocks = (HEAD + stored.blob.len() + TAIL).div_ceil(BLOCK);
            file.extend(SLOT_MAGIC);
            file.extend(number.to_le_bytes());
            for word in [place, blocks] {
                file.extend(u32::try_from(word).map_err(full)?.to_le_bytes());
            }
            place += blocks;
        }
        while file.len() < pages * PAGE {
            file.extend(SLOT_MAGIC);
            file.extend([0; SLOT - SLOT_MAGIC.len()]);
        }
        for (number, stored) in &self.packages {
            stored.write(*number, &mut file)?;
        }
        Ok(file)
    }
}

impl Stored {
    /// Reads what lies at a package's place; returns what is wrong with it.
    fn read(number: u32, whole: &[u8]) -> Result<Self, &'static str> {
        let word = |at| le32(whole, at).ok_or("its place is too small");
        let tail = whole.len().checked_sub(TAIL);
        let tail = tail
            .filter(|tail| *tail >= HEAD)
            .ok_or("its place is too small")?;
        let len = word(12)? as usize;
        let is_framed = whole.starts_with(&HEAD_MAGIC) && whole.ends_with(&TAIL_MAGIC);
        if !is_framed || word(4)? != number {
            return Err("it is not at its place");
        }
        let blob = whole
            .get(HEAD..HEAD.saturating_add(len))
            .filter(|_| HEAD + len <= tail);
        let blob = blob.ok_or("its length is wrong")?;
        if word(tail + 4)? as usize != len {
            return Err("its length is wrong");
        }
        if word(tail)? != adler(&whole[..tail]) {
            return Err("its checksum is wrong");
        }
        Ok(Self {
            generation: word(8)?,
            blob: blob.to_vec(),
        })
    }

    fn write(&self, number: u32, file: &mut Vec<u8>) -> Result<(), DatabaseError> {
        let start = file.len();
        let len = u32::try_from(self.blob.len()).map_err(|_| DatabaseError::Full)?;
        file.extend(HEAD_MAGIC);
        for word in [number, self.generation, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(&self.blob);
        let end = (file.len() - start + TAIL).next_multiple_of(BLOCK);
        file.resize(start + end - TAIL, 0);
        let sum = adler(&file[start..]);
        for word in [sum, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(TAIL_MAGIC);
        Ok(())
    }
}

/// Returns the checksum of RFC 1950.
fn adler(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65521;
    // As many as neither sum can overflow with.
    let sums = bytes.chunks(5552).fold((1, 0), |sums, chunk| {
        let add = |(a, b): (u32, u32), byte: &u8| (a + u32::from(*byte), b + a + u32::from(*byte));
        let (a, b) = chunk.iter().fold(sums, add);
        (a % PRIME, b % PRIME)
    });
    sums.1 << 16 | sums.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        for (bytes, want) in [
            (&b""[..], 1),
            (b"Wikipedia", 0x11e6_0398),
            (&[255; 100_000], 0x149a_302c),
        ] {
            assert_eq!(adler(bytes), want);
        }
    }

    /// A database of two packages whose headers are of some bytes.
    fn sample() -> Vec<u8> {
        let mut ndb = Ndb::new();
        for (number, len) in [(3_u8, 100), (9, 5000)] {
            let blob = vec![number; len];
            ndb.packages.insert(
                number.into(),
                Stored {
                    generation: 7,
                    blob,
                },
            );
        }
        ndb.next = 12;
        ndb.file().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let file = sample();
        let again = Ndb::open(&file).unwrap();
        assert_eq!((again.next, again.generation), (12, 1));
        assert_eq!(again.packages[&9].blob, [9; 5000]);
        assert_eq!(again.file().unwrap(), file);
        // The slots of a page, and one more.
        let mut many = Ndb::new();
        for count in [0, 253, 1, 1] {
            for _ in 0..count {
                let blob = vec![1];
                many.packages.insert(
                    many.next,
                    Stored {
                        generation: 0,
                        blob,
                    },
                );
                many.next += 1;
            }
            let file = many.file().unwrap();
            let pages = if many.packages.len() > 254 { 2 } else { 1 };
            assert_eq!(file.len(), pages * PAGE + many.packages.len() * 32);
            assert_eq!(
                Ndb::open(&file).unwrap().packages.len(),
                many.packages.len()
            );
        }
    }

    #[test]
    fn damage_is_noticed() {
        let whole = sample();
        let first = PAGE;
        for (at, byte, want) in [
            (0, b'X', "does not begin"),
            (4, 1, "version"),
            (12, 0, "within its slots"),
            (12, 9, "within its slots"),
            (HEADER, b'X', "no slot begins at byte 32"),
            (HEADER + 4, 9, "not at its place"),
            (HEADER + 8, 1, "not at its place"),
            (HEADER + 11, 1, "not in the file"),
            (HEADER + 12, 255, "not at its place"),
            (HEADER + 12, 1, "too small"),
            (HEADER + 15, 255, "not in the file"),
            (first, b'X', "not at its place"),
            (first + 4, 9, "not at its place"),
            (first + 12, 255, "length"),
            (first + 20, 0, "checksum"),
        ] {
            let mut file = whole.clone();
            file[at] = byte;
            let error = Ndb::open(&file).err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|e| e.contains(want)),
                "{at}: {error:?}"
            );
        }
        for len in (1..whole.len()).step_by(97) {
            assert!(Ndb::open(&whole[..len]).is_err(), "{len}");
        }
        // Two slots of one number.
        let mut file = whole.clone();
        file.copy_within(HEADER..HEADER + SLOT, HEADER + SLOT);
        assert!(Ndb::open(&file).is_err());
    }
}
