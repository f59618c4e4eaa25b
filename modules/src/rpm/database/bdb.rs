//! rpm's bdb backend: the hash table `Packages` of Berkeley DB, which has the headers by number.
//!
//! Layout (Berkeley DB's `dbinc/db_page.h`; rpm's `lib/backend/bdb_ro.c` reads the same), in the
//! byte order of the machine that made it: a page that says how many pages and buckets there are,
//! then pages of 26 bytes of header, of which those from 16 on are the next page of the bucket, those from 20
//! on the number of items, and 25 is the kind, then places of items in two bytes each. Items lie
//! from the end of the page on, a key and its value in turn. The first byte of an item is 1 when
//! its bytes follow, and 3 when they are in pages of their own: behind three bytes of nothing are
//! the first of these and the length. Package 0 is the number of the last one, not a header.

use std::collections::{BTreeMap, BTreeSet};

use super::{DatabaseError, LARGEST, ROW};

const MAGIC: u32 = 0x0006_1561;

/// The versions of the table that are alike: those of Berkeley DB 4.2 to 5.3.
const VERSIONS: std::ops::RangeInclusive<u32> = 8..=10;

/// Bytes of a page's header.
const HEADER: usize = 26;

/// Kinds of pages: a bucket, unsorted as before Berkeley DB 4.6, sorted, or the second and later
/// pages of a bucket; and one of a large item.
const BUCKETS: [u8; 3] = [2, 8, 13];
const LARGE: u8 = 7;

/// Where the first page says at which page the buckets of each power of two begin.
const SPARES: usize = 96;

/// Reads the headers with their numbers, in the order of these.
pub(super) fn read(file: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, DatabaseError> {
    let table = Table::open(file)?;
    let mut headers = BTreeMap::new();
    let mut total = 0;
    // A page belongs to one bucket, and comes once in it.
    let mut seen = BTreeSet::new();
    for bucket in 0..=table.last_bucket {
        let start = table.page_of(bucket);
        let mut next = start.ok_or_else(|| damaged(format!("bucket {bucket} has no page")))?;
        while next != 0 {
            let page = table.page(next)?;
            if !BUCKETS.contains(&page[25]) || !seen.insert(next) {
                return Err(damaged(format!("page {next} is none of bucket {bucket}")));
            }
            let places = table.places(page, next)?;
            for pair in places.chunks_exact(2) {
                let [key, value] = [0, 1].map(|at| table.item(page, &pair[at]));
                let wrong = || damaged(format!("page {next} has an item that is not sound"));
                let (key, value) = (key?.ok_or_else(wrong)?, value?.ok_or_else(wrong)?);
                let key = <[u8; 4]>::try_from(&*key).map_err(|_| wrong())?;
                let number = table.number(key);
                total += value.len() as u64 + ROW;
                if total > LARGEST {
                    return Err(DatabaseError::TooLarge);
                }
                if number != 0 && headers.insert(number, value).is_some() {
                    return Err(damaged(format!("package {number} is there twice")));
                }
            }
            next = table.word(page, 16);
        }
    }
    Ok(headers.into_iter().collect())
}

fn damaged(what: String) -> DatabaseError {
    DatabaseError::Damaged(what)
}

/// The file, and what its first page says.
struct Table<'f> {
    file: &'f [u8],
    /// Whether numbers have their high byte first.
    is_big: bool,
    page_size: usize,
    last_bucket: u32,
    spares: [u32; 32],
}

impl<'f> Table<'f> {
    fn open(file: &'f [u8]) -> Result<Self, DatabaseError> {
        let not = || damaged("it does not begin like a hash table of Berkeley DB".to_owned());
        if file.len() < 512 {
            return Err(not());
        }
        let mut table = Self {
            file,
            is_big: false,
            page_size: 0,
            last_bucket: 0,
            spares: [0; 32],
        };
        table.is_big = match table.word(file, 12) {
            MAGIC => false,
            magic if magic == MAGIC.swap_bytes() => true,
            _ => return Err(not()),
        };
        let version = table.word(file, 16);
        if !VERSIONS.contains(&version) {
            return Err(damaged(format!(
                "its version is {version}, where 8 to 10 are known"
            )));
        }
        // Pages of an encrypted database could not be read, and rpm makes none.
        if file[24] != 0 {
            return Err(damaged("it is encrypted".to_owned()));
        }
        let size = table.word(file, 20);
        if !size.is_power_of_two() || !(512..=65536).contains(&size) {
            return Err(damaged(format!("its pages have {size} bytes")));
        }
        table.page_size = size as usize;
        table.last_bucket = table.word(file, 72);
        // Each bucket has a page at least.
        if u64::from(table.last_bucket) >= file.len() as u64 / u64::from(size) {
            return Err(damaged("it has more buckets than pages".to_owned()));
        }
        table.spares = std::array::from_fn(|i| table.word(file, SPARES + 4 * i));
        Ok(table)
    }

    fn number(&self, bytes: [u8; 4]) -> u32 {
        match self.is_big {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    }

    /// Returns the number at a place that is there.
    fn word(&self, page: &[u8], at: usize) -> u32 {
        let bytes = page[at..at + 4].first_chunk();
        self.number(*bytes.expect("four bytes"))
    }

    /// Returns the two-byte number at a place that is there.
    fn half(&self, page: &[u8], at: usize) -> usize {
        let bytes = [page[at], page[at + 1]];
        usize::from(match self.is_big {
            true => u16::from_be_bytes(bytes),
            false => u16::from_le_bytes(bytes),
        })
    }

    /// Returns the first page of a bucket.
    fn page_of(&self, bucket: u32) -> Option<u32> {
        let power = u32::BITS - bucket.leading_zeros();
        let first = self.spares.get(power as usize)?;
        bucket.checked_add(*first)
    }

    /// Returns a page, which must say that it is that one.
    fn page(&self, number: u32) -> Result<&'f [u8], DatabaseError> {
        let start = (number as usize).saturating_mul(self.page_size);
        let page = self.file.get(start..start.saturating_add(self.page_size));
        let page = page.filter(|page| number > 0 && self.word(page, 8) == number);
        page.ok_or_else(|| damaged(format!("there is no page {number}")))
    }

    /// Returns where in a page its items are.
    fn places(
        &self,
        page: &[u8],
        number: u32,
    ) -> Result<Vec<std::ops::Range<usize>>, DatabaseError> {
        let count = self.half(page, 20);
        let first = HEADER + 2 * count;
        let mut end = page.len();
        let mut places = Vec::new();
        for item in 0..count {
            let start = match first <= page.len() {
                true => self.half(page, HEADER + 2 * item),
                false => 0,
            };
            if start < first || start >= end {
                return Err(damaged(format!(
                    "page {number} has an item that is not sound"
                )));
            }
            places.push(start..end);
            end = start;
        }
        Ok(places)
    }

    /// Returns the bytes of an item; none where it is of no known kind.
    fn item(
        &self,
        page: &[u8],
        place: &std::ops::Range<usize>,
    ) -> Result<Option<Vec<u8>>, DatabaseError> {
        let item = &page[place.clone()];
        match item {
            [1, bytes @ ..] => Ok(Some(bytes.to_vec())),
            [3, ..] if item.len() == 12 => {
                let len = self.word(item, 8) as usize;
                self.large(self.word(item, 4), len).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Returns the bytes of a large item.
    fn large(&self, first: u32, len: usize) -> Result<Vec<u8>, DatabaseError> {
        let wrong = || damaged(format!("the large item at page {first} is not sound"));
        if len > self.file.len() {
            return Err(wrong());
        }
        let mut bytes = Vec::with_capacity(len);
        let mut next = first;
        while bytes.len() < len {
            let page = self.page(next)?;
            let used = self.half(page, 22);
            let part = page.get(HEADER..HEADER + used);
            let part = part.filter(|part| page[25] == LARGE && !part.is_empty());
            bytes.extend(part.ok_or_else(wrong)?);
            next = self.word(page, 16);
        }
        match bytes.len() == len {
            true => Ok(bytes),
            false => Err(wrong()),
        }
    }
}
