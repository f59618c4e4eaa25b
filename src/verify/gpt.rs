//! GUID partition tables: the protective MBR, both headers, both arrays of entries.
//!
//! Source: the UEFI specification, chapter 5.

use std::collections::BTreeSet;
use std::io;

use super::area::Area;
use super::mbr;
use super::problem::Problems;
use super::slot::{SECTOR, Slot, check_overlap};
use crate::crc::crc32;
use crate::fields::{Fields, slice};

const SIGNATURE: &[u8; 8] = b"EFI PART";
/// Bytes of a header that have a meaning.
const HEADER: u32 = 92;
/// An array of entries is at most that long here; 128 entries, the usual number, take 16 KiB.
const MAX_ARRAY: u64 = 1 << 22;
/// The least that the array of entries must have room for, in sectors.
const LEAST_ARRAY: u64 = 32;

/// One header, as far as the other checks need it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    first_usable: u64,
    last_usable: u64,
    guid: [u8; 16],
    entries: u64,
    count: u32,
    entry_size: u32,
    entries_crc: u32,
}

/// Returns whether a disk has such a table, even with a damaged signature.
pub(super) fn is_likely(disk: Area<'_>) -> io::Result<bool> {
    let last = (disk.len() / SECTOR).saturating_sub(1);
    for sector in [1, last] {
        let bytes = disk.read_padded(sector * SECTOR, 8)?;
        let right = bytes.iter().zip(SIGNATURE).filter(|(a, b)| a == b);
        if right.count() >= 6 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks the table and returns its partitions.
pub(super) fn check(disk: Area<'_>, problems: &mut Problems) -> io::Result<Vec<Slot>> {
    let sectors = disk.len() / SECTOR;
    if !disk.len().is_multiple_of(SECTOR) {
        let what = format_args!("its size is {} bytes, not a number of sectors", disk.len());
        problems.add("disk", what);
    }
    mbr::check_protective(disk, sectors, problems)?;
    let last = sectors.saturating_sub(1);
    let names = ["GPT header", "GPT backup header"];
    let mut found = Vec::new();
    for (name, at, other) in [(names[0], 1, last), (names[1], last, 1)] {
        let header = header(disk, name, at, other, problems)?;
        let array = match &header {
            Some(header) => array(disk, name, header, (at, sectors), problems)?,
            None => None,
        };
        found.push(header.zip(array));
    }
    let mut found = found.into_iter();
    let (first, backup) = (found.next().flatten(), found.next().flatten());
    if let (Some((first, entries)), Some((backup, copies))) = (&first, &backup) {
        let same = Header {
            entries: first.entries,
            ..backup.clone()
        };
        if same != *first {
            problems.add(names[1], "says something else than the first header");
        }
        if entries != copies {
            problems.add(names[1], "its entries are not those of the first header");
        }
    }
    let Some((header, entries)) = first.or(backup) else {
        problems.add(
            "GPT",
            "has no header that can be used: partitions are not checked",
        );
        return Ok(Vec::new());
    };
    Ok(partitions(&header, &entries, problems))
}

fn header(
    disk: Area<'_>,
    name: &str,
    at: u64,
    other: u64,
    problems: &mut Problems,
) -> io::Result<Option<Header>> {
    let raw = disk.read_padded(at * SECTOR, 512)?;
    if slice(&raw, 0, 8) != SIGNATURE {
        let signature = slice(&raw, 0, 8).escape_ascii();
        problems.add(
            name,
            format_args!("signature is {signature}, expected EFI PART"),
        );
        return Ok(None);
    }
    problems.expect_bits(name, "revision", raw.le32(8), 0x1_0000_u32);
    let size = raw.le32(12);
    if !(HEADER..=512).contains(&size) {
        problems.add(
            name,
            format_args!("size is {size}, expected {HEADER} to 512"),
        );
        return Ok(None);
    }
    let mut summed = slice(&raw, 0, size as usize).to_vec();
    summed
        .iter_mut()
        .skip(16)
        .take(4)
        .for_each(|byte| *byte = 0);
    problems.expect_bits(name, "checksum", raw.le32(16), crc32(&summed));
    problems.expect_bits(name, "reserved bytes", raw.le32(20), 0_u32);
    if slice(&raw, HEADER as usize, 512)
        .iter()
        .any(|byte| *byte != 0)
    {
        problems.add(name, "the rest of its sector is not zero");
    }
    problems.expect(name, "its own sector", raw.le64(24), at);
    problems.expect(name, "sector of the other header", raw.le64(32), other);
    let header = Header {
        first_usable: raw.le64(40),
        last_usable: raw.le64(48),
        guid: raw.array(56),
        entries: raw.le64(72),
        count: raw.le32(80),
        entry_size: raw.le32(84),
        entries_crc: raw.le32(88),
    };
    if header.guid == [0; 16] {
        problems.add(name, "the GUID of the disk is zero");
    }
    Ok(Some(header))
}

/// Reads and checks the entries of one header.
fn array(
    disk: Area<'_>,
    name: &str,
    header: &Header,
    (own, sectors): (u64, u64),
    problems: &mut Problems,
) -> io::Result<Option<Vec<u8>>> {
    let (count, size) = (header.count, header.entry_size);
    let len = u64::from(count) * u64::from(size);
    if size < 128 || !size.is_power_of_two() || count == 0 || len > MAX_ARRAY {
        problems.add(
            name,
            format_args!("{count} entries of {size} bytes are not possible here"),
        );
        return Ok(None);
    }
    let room = len.div_ceil(SECTOR).max(LEAST_ARRAY);
    let end = header.entries.saturating_add(room);
    let is_first = own == 1;
    // First header, its entries, partitions, the other entries, the other header.
    let fits = if is_first {
        header.entries >= 2 && end <= header.first_usable
    } else {
        header.entries > header.last_usable && end <= own
    };
    let usable = header.first_usable..=header.last_usable;
    if !fits || usable.is_empty() || header.last_usable >= sectors.saturating_sub(1) {
        problems.add(
            name,
            format_args!(
                "entries from sector {} to {}, usable are sectors {} to {} of {sectors}",
                header.entries,
                end - 1,
                header.first_usable,
                header.last_usable
            ),
        );
    }
    let at = header.entries.checked_mul(SECTOR);
    let area = at.and_then(|at| disk.part(at, len));
    let (Some(area), Ok(len)) = (area, usize::try_from(len)) else {
        problems.add(name, "its entries are not on the disk");
        return Ok(None);
    };
    let bytes = area.read(0, len)?;
    problems.expect_bits(
        name,
        "checksum of the entries",
        header.entries_crc,
        crc32(&bytes),
    );
    Ok(Some(bytes))
}

fn partitions(header: &Header, entries: &[u8], problems: &mut Problems) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut guids = BTreeSet::new();
    for (number, raw) in (1..).zip(entries.chunks_exact(header.entry_size as usize)) {
        let place = format_args!("partition {number}");
        if raw.array::<16>(0) == [0; 16] {
            if raw.iter().any(|byte| *byte != 0) {
                problems.add(place, "has no type, but its entry is not empty");
            }
            continue;
        }
        let guid = raw.array::<16>(16);
        if guid == [0; 16] || !guids.insert(guid) {
            problems.add(place, "its GUID is zero, or that of another partition");
        }
        check_name(slice(raw, 56, 72), number, problems);
        let (first, last) = (raw.le64(32), raw.le64(40));
        if first > last || first < header.first_usable || last > header.last_usable {
            problems.add(
                place,
                format_args!(
                    "sectors {first} to {last}, usable are {} to {}",
                    header.first_usable, header.last_usable
                ),
            );
            continue;
        }
        slots.push(Slot {
            number,
            first,
            sectors: (last - first).saturating_add(1),
        });
    }
    check_overlap(&slots, problems);
    slots
}

fn check_name(raw: &[u8], number: u32, problems: &mut Problems) {
    let units = raw.chunks_exact(2).map(|unit| unit.le16(0));
    let name: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    if String::from_utf16(&name).is_err() {
        problems.add(format_args!("partition {number}"), "its name is not UTF-16");
    }
}
