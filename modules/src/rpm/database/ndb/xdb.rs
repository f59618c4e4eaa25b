//! `Index.db`: what headers are looked up by, in one table for each tag.
//!
//! Layout (rpm's `lib/backend/ndb/rpmxdb.c`), all numbers with the low byte first: a page that has
//! `{"RpmX", version 0, generation, pages of slots, bytes of a page, generation of Packages.db,
//! zeros}`, then slots of 16 bytes `{"Slo" and a zero, tag, first page, number of pages}`. The pages
//! of a tag are a hash table (`rpmidx.c`): 64 bytes `{"RpmI", version 0, generation, slots, used
//! slots, deleted ones, mask, end of the keys, zeros}`, 8 bytes for each slot `{place of its key,
//! number of the package and of the value}`, 4 more for each, then the keys, each behind its length.
//! The bits of the mask hold some of a key's hash. With the same generation in both files, rpm takes
//! the indexes as they are; else it makes them anew.

use super::PAGE;
use crate::rpm::database::DatabaseError;
use crate::rpm::database::index;
use crate::rpm::database::schema::TABLES;
use crate::rpm::header::Header;

const MAGIC: [u8; 4] = *b"RpmX";
const SLOT_MAGIC: [u8; 4] = *b"Slo\0";
const INDEX_MAGIC: [u8; 4] = *b"RpmI";

/// Bytes before the slots of an index.
const INDEX_HEADER: usize = 64;

/// How much room for further keys an index has at least.
const ROOM: usize = 4096;

/// The least slots of an index; there are always four times as many as the power of two below the
/// number of entries.
const LEAST: usize = 256;

/// Returns the file for headers with their numbers.
pub(super) fn file(generation: u32, headers: &[(u32, Header)]) -> Result<Vec<u8>, DatabaseError> {
    let mut file = Vec::new();
    file.extend(MAGIC);
    let page = u32::try_from(PAGE).unwrap_or_default();
    for word in [0, 1, 1, page, generation, 0, 0] {
        file.extend(word.to_le_bytes());
    }
    let mut indexes = Vec::new();
    for table in &TABLES {
        let mut index = Index::default();
        for (number, header) in headers {
            for (key, place) in index::rows(header, table) {
                index.entries.push((key, *number, place));
            }
        }
        let bytes = index.bytes()?;
        file.extend(SLOT_MAGIC);
        let start = 1 + indexes.len() / PAGE;
        for word in [table.tag as usize, start, bytes.len() / PAGE] {
            let word = u32::try_from(word).map_err(|_| DatabaseError::Full)?;
            file.extend(word.to_le_bytes());
        }
        indexes.extend(bytes);
    }
    while file.len() < PAGE {
        file.extend(SLOT_MAGIC);
        file.extend([0; 12]);
    }
    file.extend(indexes);
    Ok(file)
}

/// The hash table of one tag.
#[derive(Default)]
struct Index {
    /// Keys, with the number of the package and that of the value.
    entries: Vec<(Vec<u8>, u32, u32)>,
}

impl Index {
    fn bytes(&self) -> Result<Vec<u8>, DatabaseError> {
        let count = self.entries.len().max(LEAST);
        let slots = 4 << count.ilog2();
        // The key at place 0 would not be told from a free slot.
        let mut keys = vec![0];
        let mut places = std::collections::BTreeMap::<&[u8], usize>::new();
        for (key, ..) in &self.entries {
            places.entry(key).or_insert_with(|| {
                let place = keys.len();
                write_len(&mut keys, key.len());
                keys.extend(key);
                place
            });
        }
        let end = keys.len();
        let start = INDEX_HEADER + slots * 12;
        keys.resize((start + end + ROOM).next_multiple_of(PAGE) - start, 0);
        // What is behind the mask's bits must do for keys that are added later, too.
        let shift = (keys.len() + 8192).next_power_of_two().ilog2().max(16);
        let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
        let mut table = vec![[0_u32; 2]; slots];
        let mut more = vec![0_u32; slots];
        let mut used = 0;
        for (key, number, value) in &self.entries {
            let hash = murmur(key);
            let place = u32::try_from(places[&**key]).map_err(|_| DatabaseError::Full)?;
            let entry = [place | hash & mask, data(*number, *value)];
            let overflow = if entry[1] >> 31 == 1 { *number } else { 0 };
            let (mut at, mut step) = (hash as usize & (slots - 1), 7);
            while table[at][0] != 0 && (table[at] != entry || more[at] != overflow) {
                at = (at + step) & (slots - 1);
                step += 1;
            }
            if table[at][0] == 0 {
                (table[at], more[at]) = (entry, overflow);
                used += 1;
            }
        }
        let mut bytes = Vec::with_capacity(start + keys.len());
        bytes.extend(INDEX_MAGIC);
        for word in [0, 1, slots, used, 0, mask as usize, end] {
            let word = u32::try_from(word).map_err(|_| DatabaseError::Full)?;
            bytes.extend(word.to_le_bytes());
        }
        bytes.resize(INDEX_HEADER, 0);
        bytes.extend(table.into_iter().flatten().flat_map(u32::to_le_bytes));
        bytes.extend(more.into_iter().flat_map(u32::to_le_bytes));
        bytes.extend(keys);
        Ok(bytes)
    }
}

/// Returns the numbers of a package and of a value as one; where they do not fit, the one of the
/// package is stored beside it.
fn data(number: u32, value: u32) -> u32 {
    if number < 0x10_0000 && value < 0x400 {
        number | value << 20
    } else if number < 0x100_0000 && value < 0x40 {
        number | value << 24 | 0x4000_0000
    } else {
        value | 0x8000_0000
    }
}

/// Writes the length of a key: a byte, or three, or seven.
fn write_len(keys: &mut Vec<u8>, len: usize) {
    // Headers have less than 4 GiB, and so have their values.
    let bytes = u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    match len {
        1..255 => keys.push(bytes[0]),
        0..0xffff => {
            keys.push(255);
            keys.extend(&bytes[..2]);
        }
        _ => {
            keys.extend([255; 3]);
            keys.extend(bytes);
        }
    }
}

/// Returns the hash of a key: a variant of MurmurHash that rpm shares with libsolv.
fn murmur(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mix = |hash: u32| {
        let hash = hash.wrapping_mul(M);
        hash ^ hash >> 16
    };
    let len = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let words = key.chunks(4).fold(len.wrapping_mul(M), |hash, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash.wrapping_add(u32::from_le_bytes(word)))
    });
    let hash = words.wrapping_mul(M);
    let hash = (hash ^ hash >> 10).wrapping_mul(M);
    hash ^ hash >> 17
}
