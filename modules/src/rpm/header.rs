//! A header: tags with typed values, as it lies in packages and in the database.
//!
//! Layout (rpm's `header.c`), all big-endian: the number of entries, the number of bytes of data,
//! 16 bytes per entry `{tag, type, offset, count}`, the data. In a package, eight bytes of magic
//! come before. The first entry is the region: its 16 bytes of data, a trailer at the region's
//! end, say how many of the entries were there when the package was built and signed.

use std::collections::BTreeMap;
use std::ops::Range;

use thiserror::Error;

use super::tag;

/// The most entries that a header has (rpm: `headerMaxbytes` and `hdrchkTags`).
const MOST_ENTRIES: usize = 0xffff;

/// The most bytes of data that a header has, which is also what rpm allows.
const MOST_DATA: usize = 256 << 20;

/// Bytes before the entries: their number, and that of the data.
pub(crate) const PREAMBLE: usize = 8;

/// Bytes of one entry.
pub(crate) const ENTRY: usize = 16;

/// The types of values (rpm's `rpmTagType`).
pub(crate) mod kind {
    pub(crate) const CHAR: u32 = 1;
    pub(crate) const INT8: u32 = 2;
    pub(crate) const INT16: u32 = 3;
    pub(crate) const INT32: u32 = 4;
    pub(crate) const INT64: u32 = 5;
    pub(crate) const STRING: u32 = 6;
    pub(crate) const BIN: u32 = 7;
    pub(crate) const STRING_ARRAY: u32 = 8;
    pub(crate) const I18N_STRING: u32 = 9;
}

/// What is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum HeaderError {
    #[error(
        "the header says that it has {entries} entries and {data} bytes of data, at most {MOST_ENTRIES} and {MOST_DATA} are allowed"
    )]
    Size { entries: usize, data: usize },
    #[error("the header has {found} bytes where it says {wanted}")]
    Length { found: usize, wanted: usize },
    #[error(
        "tag {tag} of the header has no place in its data: type {kind}, offset {offset}, count {count}"
    )]
    Entry {
        tag: u32,
        kind: u32,
        offset: u32,
        count: u32,
    },
    #[error("the header has no sound region, which all packages since rpm 4 have")]
    Region,
    #[error(
        "tag {tag} of the header begins at byte {offset} of its data, where the value before it takes {end}"
    )]
    Overlap { tag: u32, offset: usize, end: usize },
    #[error("tag {tag} of the header has the type {found}; rpm allows {wanted:?}")]
    Kind {
        tag: u32,
        found: u32,
        wanted: &'static [u32],
    },
    #[error("the values of the header take {found} bytes, where its data has {wanted}")]
    Data { found: usize, wanted: usize },
    #[error("tag {tag} of the header has {found} values where {wanted} are needed")]
    Count {
        tag: u32,
        found: usize,
        wanted: usize,
    },
    #[error("the header has no sound tag {0}")]
    Missing(u32),
    #[error("file {0} of the header has a name that leads nowhere")]
    FileName(usize),
}

/// One value with its tag: where it lies in the data.
#[derive(Debug, Clone)]
struct Entry {
    kind: u32,
    count: usize,
    bytes: Range<usize>,
}

/// A value with its type and its number of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'h> {
    pub(crate) kind: u32,
    pub(crate) count: u32,
    pub(crate) bytes: &'h [u8],
}

/// A header that is sound: every entry lies in its data.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    blob: Vec<u8>,
    data: usize,
    entries: BTreeMap<u32, Entry>,
}

/// Returns how many bytes a header has, its eight first ones among them, by these.
pub(crate) fn len(preamble: [u8; PREAMBLE]) -> Result<usize, HeaderError> {
    let [a, b, c, d, e, f, g, h] = preamble;
    let entries = u32::from_be_bytes([a, b, c, d]) as usize;
    let data = u32::from_be_bytes([e, f, g, h]) as usize;
    if entries > MOST_ENTRIES || data > MOST_DATA {
        return Err(HeaderError::Size { entries, data });
    }
    Ok(PREAMBLE + entries * ENTRY + data)
}

impl Header {
    /// Reads a header without magic whose region has the given tag.
    pub(crate) fn parse(blob: Vec<u8>, region: u32) -> Result<Self, HeaderError> {
        let preamble = blob.first_chunk().copied().ok_or(HeaderError::Length {
            found: blob.len(),
            wanted: PREAMBLE,
        })?;
        let wanted = len(preamble)?;
        if blob.len() != wanted {
            let found = blob.len();
            return Err(HeaderError::Length { found, wanted });
        }
        let count = be32(&blob, 0) as usize;
        let data = PREAMBLE + count * ENTRY;
        let mut header = Self {
            blob,
            data,
            entries: BTreeMap::new(),
        };
        // One value comes after the other, and nothing is between them but what aligns them (rpm's
        // `hdrblobVerifyInfo` and `regionSwab`). So no byte is looked at for each of many entries.
        let (mut end, mut used) = (0, 0_usize);
        let mut in_region = 0;
        for i in 0..count {
            let at = PREAMBLE + i * ENTRY;
            let (tag, entry) = header.entry_at(at, end)?;
            if i == 0 {
                in_region = header.check_region(tag, &entry, region, count)?;
            } else {
                if region == tag::HEADER_IMMUTABLE && !tag::has_type(tag, entry.kind) {
                    return Err(HeaderError::Kind {
                        tag,
                        found: entry.kind,
                        wanted: tag::types(tag),
                    });
                }
                end = entry.bytes.end - data;
                used = used.next_multiple_of(align(entry.kind)) + entry.bytes.len();
            }
            // What rpm adds when it installs, such as other paths of a package that is put elsewhere,
            // takes the place of what the package had.
            if i < in_region {
                header.entries.entry(tag).or_insert(entry);
            } else {
                header.entries.insert(tag, entry);
            }
        }
        if !header.entries.contains_key(&region) {
            return Err(HeaderError::Region);
        }
        // The trailer of the region is beside them.
        let (found, wanted) = (used + ENTRY, header.data().len());
        match found == wanted {
            true => Ok(header),
            false => Err(HeaderError::Data { found, wanted }),
        }
    }

    /// Reads an entry whose value begins behind that byte of the data.
    fn entry_at(&self, at: usize, end: usize) -> Result<(u32, Entry), HeaderError> {
        let [tag, kind, offset, count] = [0, 4, 8, 12].map(|i| be32(&self.blob, at + i));
        let wrong = HeaderError::Entry {
            tag,
            kind,
            offset,
            count,
        };
        let start = self.data.saturating_add(offset as usize);
        if (offset as usize) < end {
            let offset = offset as usize;
            return Err(HeaderError::Overlap { tag, offset, end });
        }
        let items = count as usize;
        let rest = self.blob.get(start..).ok_or(wrong.clone())?;
        let len = match kind {
            kind::CHAR | kind::INT8 | kind::BIN => Some(items),
            kind::INT16 => items.checked_mul(2),
            kind::INT32 => items.checked_mul(4),
            kind::INT64 => items.checked_mul(8),
            kind::STRING if items == 1 => strings_len(rest, 1),
            kind::STRING_ARRAY | kind::I18N_STRING => strings_len(rest, items),
            _ => None,
        };
        let is_aligned = (offset as usize).is_multiple_of(align(kind));
        let len = len.filter(|len| items > 0 && *len <= rest.len() && is_aligned);
        let bytes = start..start + len.ok_or(wrong)?;
        Ok((
            tag,
            Entry {
                kind,
                count: items,
                bytes,
            },
        ))
    }

    /// Checks that the first entry is the region, and that its trailer is like it. Returns how many
    /// entries it has, itself among them.
    fn check_region(
        &self,
        tag: u32,
        entry: &Entry,
        region: u32,
        count: usize,
    ) -> Result<usize, HeaderError> {
        let is_region = tag == region && entry.kind == kind::BIN && entry.count == ENTRY;
        if !is_region {
            return Err(HeaderError::Region);
        }
        let trailer = entry.bytes.start;
        let offset = be32(&self.blob, trailer + 8).wrapping_neg() as usize;
        let is_sound = be32(&self.blob, trailer) == region
            && be32(&self.blob, trailer + 4) == kind::BIN
            && be32(&self.blob, trailer + 12) as usize == ENTRY
            && offset.is_multiple_of(ENTRY)
            && (ENTRY..=count * ENTRY).contains(&offset);
        match is_sound {
            true => Ok(offset / ENTRY),
            false => Err(HeaderError::Region),
        }
    }

    /// Returns the whole header, without magic.
    pub(crate) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Returns the entries as they are written.
    pub(crate) fn index(&self) -> &[u8] {
        &self.blob[PREAMBLE..self.data]
    }

    /// Returns the data that they point into.
    pub(crate) fn data(&self) -> &[u8] {
        &self.blob[self.data..]
    }

    /// Returns whether there is a value with that tag.
    pub(crate) fn has(&self, tag: u32) -> bool {
        self.entries.contains_key(&tag)
    }

    /// Returns a value as it is.
    pub(crate) fn raw(&self, tag: u32) -> Option<Raw<'_>> {
        let entry = self.entries.get(&tag)?;
        Some(Raw {
            kind: entry.kind,
            count: u32::try_from(entry.count).ok()?,
            bytes: &self.blob[entry.bytes.clone()],
        })
    }

    /// Sets one byte of a tag's value; returns whether there is one.
    pub(crate) fn set_byte(&mut self, tag: u32, at: usize, byte: u8) -> bool {
        let entry = self.entries.get(&tag);
        let place = entry.and_then(|entry| entry.bytes.clone().nth(at));
        let place = place.and_then(|at| self.blob.get_mut(at));
        place.map(|place| *place = byte).is_some()
    }

    /// Returns the texts of a tag, none when it has no texts. Of one text in many languages, this
    /// is the first (rpm's `copyI18NEntry`).
    pub(crate) fn texts(&self, tag: u32) -> Vec<&[u8]> {
        let (count, texts) = self.each_text(tag);
        let mut all = Vec::with_capacity(count);
        all.extend(texts);
        all
    }

    /// Returns how many texts a tag has, and each.
    fn each_text(&self, tag: u32) -> (usize, impl Iterator<Item = &[u8]>) {
        let kinds = [kind::STRING, kind::STRING_ARRAY, kind::I18N_STRING];
        let entry = self.entries.get(&tag);
        let entry = entry.filter(|entry| kinds.contains(&entry.kind));
        let count = entry.map_or(0, |entry| match entry.kind {
            kind::I18N_STRING => 1,
            _ => entry.count,
        });
        let bytes = entry.map_or(&[][..], |entry| &self.blob[entry.bytes.clone()]);
        (count, bytes.split(|b| *b == 0).take(count))
    }

    /// Returns the first text of a tag.
    pub(crate) fn text(&self, tag: u32) -> Option<&[u8]> {
        self.each_text(tag).1.next()
    }

    /// Returns the whole numbers of a tag, of whichever width; none when it has no numbers.
    pub(crate) fn numbers(&self, tag: u32) -> Vec<u64> {
        let Some(raw) = self.raw(tag) else {
            return Vec::new();
        };
        let width = match raw.kind {
            kind::CHAR | kind::INT8 => 1,
            kind::INT16 => 2,
            kind::INT32 => 4,
            kind::INT64 => 8,
            _ => return Vec::new(),
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |all, b| all << 8 | u64::from(*b));
        raw.bytes.chunks_exact(width).map(number).collect()
    }

    /// Returns the 32-bit numbers of a tag.
    pub(crate) fn flags(&self, tag: u32) -> Vec<u32> {
        let numbers = self.numbers(tag);
        numbers
            .into_iter()
            .map(|number| u32::try_from(number).unwrap_or(u32::MAX))
            .collect()
    }
}

/// Returns what the place of a value in the data is a multiple of, by its type.
pub(crate) fn align(kind: u32) -> usize {
    match kind {
        kind::INT16 => 2,
        kind::INT32 => 4,
        kind::INT64 => 8,
        _ => 1,
    }
}

/// Returns the length of that many texts, each with its closing NUL.
fn strings_len(bytes: &[u8], count: usize) -> Option<usize> {
    // A text has a byte at least: a count that cannot be is seen before any is looked for.
    if count > bytes.len() {
        return None;
    }
    let mut ends = bytes.iter().enumerate().filter(|(_, b)| **b == 0);
    ends.nth(count.checked_sub(1)?).map(|(end, _)| end + 1)
}

/// Reads a number at a place that was checked.
fn be32(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into();
    u32::from_be_bytes(bytes.expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a header of a region and further entries over 20 bytes of text.
    fn header(entries: &[[u32; 4]]) -> Vec<u8> {
        let count = u32::try_from(entries.len() + 1).unwrap();
        let mut blob = Vec::new();
        let mut add = |words: &[u32]| {
            blob.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        };
        add(&[count, 36]);
        add(&[63, kind::BIN, 20, 16]);
        for entry in entries {
            add(entry);
        }
        blob.extend(b"nineteen characters\0");
        for word in [63, kind::BIN, (16 * count).wrapping_neg(), 16] {
            blob.extend(word.to_be_bytes());
        }
        blob
    }

    #[test]
    fn values_lie_in_the_data_once() {
        // Tags that rpm does not know may have any type.
        for (entries, is_sound) in [
            (&[][..], false),
            (&[[1000, kind::STRING, 0, 1]], true),
            (&[[2000, kind::BIN, 0, 20]], true),
            (&[[2000, kind::BIN, 0, 10], [2001, kind::BIN, 10, 10]], true),
            (&[[2000, kind::BIN, 0, 3], [2001, kind::INT64, 8, 1]], false),
            (&[[2000, kind::BIN, 0, 3], [2001, kind::INT32, 4, 4]], true),
            (&[[2000, kind::BIN, 0, 2], [2001, kind::INT32, 4, 4]], true),
            (&[[2000, kind::BIN, 0, 6], [2001, kind::INT16, 6, 7]], true),
            // Aligned, but not at the next place, and not aligned.
            (&[[2000, kind::BIN, 0, 3], [2001, kind::INT16, 8, 6]], false),
            (&[[2000, kind::BIN, 0, 3], [2001, kind::INT32, 3, 4]], false),
            // Each fits, but not all of them side by side.
            (&[[2000, kind::BIN, 0, 20], [2001, kind::BIN, 0, 20]], false),
            (
                &[[1000, kind::STRING, 0, 1], [1001, kind::STRING, 0, 1]],
                false,
            ),
            // Side by side, but not in their order, and not to the end.
            (
                &[[2000, kind::BIN, 10, 10], [2001, kind::BIN, 0, 10]],
                false,
            ),
            (&[[2000, kind::BIN, 0, 19]], false),
            (&[[2000, kind::BIN, 0, 37]], false),
            (&[[2000, kind::BIN, 37, 1]], false),
            (&[[2000, kind::BIN, u32::MAX, 1]], false),
            (&[[2000, kind::BIN, 0, 0]], false),
            (&[[2000, kind::INT64, 0, u32::MAX]], false),
            (&[[1000, kind::STRING, 0, 2]], false),
            (&[[1000, kind::STRING_ARRAY, 0, 37]], false),
            (&[[2000, 10, 0, 1]], false),
            // Texts may have any of their types, numbers have one.
            (&[[1000, kind::I18N_STRING, 0, 1]], true),
            (&[[1000, kind::BIN, 0, 20]], false),
            (&[[1009, kind::INT32, 0, 5]], true),
            (&[[1009, kind::INT16, 0, 10]], false),
        ] {
            let parsed = Header::parse(header(entries), 63);
            assert_eq!(parsed.is_ok(), is_sound, "{entries:?}");
        }
        let twice = header(&[[2000, kind::BIN, 0, 20], [2001, kind::BIN, 0, 20]]);
        assert_eq!(
            Header::parse(twice, 63).err().unwrap().to_string(),
            "tag 2001 of the header begins at byte 0 of its data, where the value before it takes 20"
        );
        let wrong = header(&[[1009, kind::INT16, 0, 10]]);
        assert_eq!(
            Header::parse(wrong, 63).err().unwrap().to_string(),
            "tag 1009 of the header has the type 3; rpm allows [4]"
        );
        // Another region, none, and a part that is missing.
        assert_eq!(
            Header::parse(header(&[]), 62).err(),
            Some(HeaderError::Region)
        );
        let cut = header(&[])[..40].to_vec();
        assert!(matches!(
            Header::parse(cut, 63),
            Err(HeaderError::Length { .. })
        ));
    }
}
