//! GUID partition tables.

use std::io;

use anyhow::{Result, bail};
use fsgen::table::PartitionType;
use uuid::Uuid;

use super::{Kind, Partition, Table};
use crate::crc::crc32;
use crate::disk::Disk;
use crate::fields::{Fields as _, slice};

const SIGNATURE: &[u8] = b"EFI PART";
/// Bytes of a sector: nearly always the first.
const SECTORS: [u64; 2] = [512, 4096];
/// Bytes of a header.
const HEADER: u32 = 92;
/// The most bytes of entries that are read; the usual 128 of them take 16 KiB.
const ENTRIES_MAX: u64 = 1 << 22;

/// What a header says.
struct Header {
    guid: Uuid,
    entries: u64,
    count: u32,
    entry_size: u32,
    entries_crc: u32,
}

/// Reads the table, if there is one.
pub(super) fn read(disk: &dyn Disk) -> Result<Option<Table>> {
    for sector in SECTORS {
        let last = disk.len() / sector;
        let Some(last) = last.checked_sub(1) else {
            continue;
        };
        let first = header(disk, sector, 1)?;
        let mut wrong = Vec::new();
        for (place, found) in [("first", first), ("last", header(disk, sector, last)?)] {
            let Some(found) = found else {
                continue;
            };
            let entries =
                found.and_then(|header| Ok((header.guid, entries(disk, sector, &header)?)));
            match entries {
                Ok((guid, partitions)) => {
                    let mut warnings: Vec<String> = wrong
                        .iter()
                        .map(|wrong| format!("{wrong}; the copy of the GPT at the end is used"))
                        .collect();
                    if place == "last" && warnings.is_empty() {
                        let lost = "there is no GPT at the start; the copy at the end is used";
                        warnings.push(lost.to_owned());
                    }
                    return Ok(Some(Table {
                        kind: Kind::Gpt,
                        id: guid.to_string(),
                        partitions,
                        warnings,
                    }));
                }
                Err(error) => wrong.push(format!("the {place} GPT header: {error}")),
            }
        }
        if !wrong.is_empty() {
            bail!(
                "its partition table is damaged: {}; `sgdisk -v` says more",
                wrong.join("; ")
            );
        }
    }
    Ok(None)
}

/// Reads the header in a sector; there may be none, or a damaged one.
fn header(disk: &dyn Disk, sector: u64, number: u64) -> io::Result<Option<Result<Header>>> {
    let raw = disk.read_padded(number * sector, 512)?;
    if !raw.starts_with(SIGNATURE) {
        return Ok(None);
    }
    Ok(Some(parse(&raw, number)))
}

fn parse(raw: &[u8], number: u64) -> Result<Header> {
    let size = raw.le32(12);
    if !(HEADER..=512).contains(&size) {
        bail!("it has {size} bytes, possible are {HEADER} to 512");
    }
    let mut summed = slice(raw, 0, size as usize).to_vec();
    summed[16..20].fill(0);
    let (found, expected) = (raw.le32(16), crc32(&summed));
    if found != expected {
        bail!("its checksum is {found:#x}, expected {expected:#x}");
    }
    if raw.le64(24) != number {
        bail!("it is for sector {}, not {number}", raw.le64(24));
    }
    Ok(Header {
        guid: Uuid::from_bytes_le(raw.array(56)),
        entries: raw.le64(72),
        count: raw.le32(80),
        entry_size: raw.le32(84),
        entries_crc: raw.le32(88),
    })
}

fn entries(disk: &dyn Disk, sector: u64, header: &Header) -> Result<Vec<Partition>> {
    let (count, size) = (header.count, header.entry_size);
    let len = u64::from(count) * u64::from(size);
    if size < 128 || !size.is_multiple_of(8) || len > ENTRIES_MAX {
        bail!("{count} entries of {size} bytes are not possible");
    }
    let Some(at) = header.entries.checked_mul(sector) else {
        bail!("its entries are at sector {}", header.entries);
    };
    let bytes = disk.read(at, usize::try_from(len)?)?;
    let (found, expected) = (header.entries_crc, crc32(&bytes));
    if found != expected {
        bail!("the checksum of its entries is {found:#x}, expected {expected:#x}");
    }
    let mut partitions = Vec::new();
    for (number, raw) in (1..).zip(bytes.chunks_exact(size as usize)) {
        let guid = Uuid::from_bytes_le(raw.array(0));
        if guid.is_nil() {
            continue;
        }
        let (first, last) = (raw.le64(32), raw.le64(40));
        let place = last.checked_sub(first).and_then(|len| {
            let len = len.checked_add(1)?.checked_mul(sector)?;
            let start = first.checked_mul(sector)?;
            start.checked_add(len)?;
            Some((start, len))
        });
        let Some((start, len)) = place else {
            bail!("partition {number} is from sector {first} to {last}");
        };
        let units = slice(raw, 56, 72).chunks_exact(2).map(|unit| unit.le16(0));
        let name: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        partitions.push(Partition {
            number,
            start,
            len,
            what: Some(PartitionType::from_guid(guid)),
            name: String::from_utf16_lossy(&name),
            uuid: Uuid::from_bytes_le(raw.array(16)).to_string(),
        });
    }
    Ok(partitions)
}
