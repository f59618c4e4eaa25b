//! The GUID partition table: protective MBR, both headers, both arrays of entries.
//!
//! The `gpt` crate makes the bytes, through its single parts: its own `write()` renumbers
//! partitions without gaps, so each entry is put at its own index here, before the headers,
//! which take the checksum of the array that they find on the device.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};

use ::gpt::disk::LogicalBlockSize::Lb512;
use ::gpt::header::{Header, HeaderError};
use ::gpt::mbr::{MBRError, ProtectiveMBR};
use ::gpt::partition::{Partition, PartitionAttributes};
use ::gpt::partition_types::{OperatingSystem, Type};

use super::{Entry, SECTOR, Table};
use crate::region::WriteAt;

/// Entries of each array: what the specification asks for at least, and what all tools write.
pub(super) const ENTRIES: u32 = 128;

/// The longest name of a partition in UTF-16 units.
pub(super) const NAME_UNITS: usize = 36;

/// Bytes of one entry.
const ENTRY_BYTES: u32 = 128;

/// Sectors of one array.
const ARRAY_SECTORS: u64 = ENTRIES as u64 * ENTRY_BYTES as u64 / SECTOR;

/// Sectors that the start of the disk gives: protective MBR, header, array.
pub(super) const HEAD_SECTORS: u64 = 1 + 1 + ARRAY_SECTORS;

/// Sectors that the end of the disk gives: array, header.
pub(super) const TAIL_SECTORS: u64 = ARRAY_SECTORS + 1;

const _: () = assert!(HEAD_SECTORS == 34 && TAIL_SECTORS == 33);

/// Writes a checked table.
pub(super) fn write(table: &Table, disk: &dyn WriteAt) -> io::Result<()> {
    let last_lba = table.disk_bytes / SECTOR - 1;

    let mut head = Window::new(0, HEAD_SECTORS);
    // A disk of more than 2 TiB does not fit the field: the specification wants the highest
    // number then.
    let protected = u32::try_from(last_lba).unwrap_or(u32::MAX);
    ProtectiveMBR::with_lb_size(protected)
        .overwrite_lba0(&mut head)
        .map_err(from_mbr)?;
    let mut primary = header(table, last_lba, true);
    write_entries(&table.entries, &mut head, &primary)?;
    primary
        .write_primary(&mut head, Lb512)
        .map_err(from_header)?;

    let mut tail = Window::new(last_lba + 1 - TAIL_SECTORS, TAIL_SECTORS);
    let mut backup = header(table, last_lba, false);
    write_entries(&table.entries, &mut tail, &backup)?;
    backup.write_backup(&mut tail, Lb512).map_err(from_header)?;

    head.store(disk)?;
    tail.store(disk)
}

/// Returns one of the two headers; both checksums are put in when it is written.
fn header(table: &Table, last_lba: u64, primary: bool) -> Header {
    let (current_lba, backup_lba, part_start) = if primary {
        (1, last_lba, 2)
    } else {
        (last_lba, 1, last_lba - ARRAY_SECTORS)
    };
    // Spelt out because the crate's builder draws a random disk GUID first.
    Header {
        signature: "EFI PART".to_owned(),
        revision: (1, 0),
        header_size_le: 92,
        crc32: 0,
        reserved: 0,
        current_lba,
        backup_lba,
        first_usable: HEAD_SECTORS,
        last_usable: last_lba - TAIL_SECTORS,
        disk_guid: table.disk_guid,
        part_start,
        num_parts: ENTRIES,
        part_size: ENTRY_BYTES,
        crc32_parts: 0,
    }
}

fn write_entries(entries: &[Entry], window: &mut Window, header: &Header) -> io::Result<()> {
    for entry in entries {
        let partition = Partition {
            part_type_guid: Type {
                guid: entry.kind.guid().unwrap_or_default(),
                os: OperatingSystem::None,
            },
            part_guid: entry.guid,
            first_lba: entry.first_lba,
            last_lba: entry.last_lba(),
            flags: if entry.bootable {
                PartitionAttributes::BOOTABLE.bits()
            } else {
                0
            },
            name: entry.name.clone(),
        };
        let index = u64::from(entry.number - 1);
        partition.write_to_device(window, index, header.part_start, Lb512, ENTRY_BYTES)?;
    }
    Ok(())
}

fn from_header(error: HeaderError) -> io::Error {
    match error {
        HeaderError::Io(error) => error,
        other => io::Error::other(other),
    }
}

fn from_mbr(error: MBRError) -> io::Error {
    match error {
        MBRError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// A few sectors in memory that look to the `gpt` crate like the disk they are part of.
struct Window {
    /// Where on the disk they lie, in bytes.
    start: u64,
    bytes: io::Cursor<Vec<u8>>,
}

impl Window {
    /// Returns sectors of zeros.
    fn new(first_lba: u64, sectors: u64) -> Self {
        let len = usize::try_from(sectors * SECTOR).expect("a table's end has 17 KiB");
        Self {
            start: first_lba * SECTOR,
            bytes: io::Cursor::new(vec![0; len]),
        }
    }

    fn store(self, disk: &dyn WriteAt) -> io::Result<()> {
        disk.write_all_at(self.bytes.get_ref(), self.start)
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "window at byte {}", self.start)
    }
}

impl Read for Window {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buf)
    }
}

impl Write for Window {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // A slice, unlike the vector, does not grow past the window.
        let at = self.bytes.position();
        let mut inside = io::Cursor::new(self.bytes.get_mut().as_mut_slice());
        inside.set_position(at);
        let written = inside.write(buf)?;
        self.bytes.set_position(at + written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let inside = match to {
            SeekFrom::Start(at) => {
                SeekFrom::Start(at.checked_sub(self.start).ok_or_else(|| {
                    io::Error::other(format!("byte {at} lies before the {self:?}"))
                })?)
            }
            relative => relative,
        };
        Ok(self.start + self.bytes.seek(inside)?)
    }
}

#[cfg(test)]
mod tests {
    use ::gpt::GptConfig;
    use uuid::Uuid;

    use super::super::sample::{Disk, entry, table};
    use super::super::{Scheme, Table};
    use super::*;

    const SMALL: u64 = 1024 * 1024;

    fn sample() -> Table {
        let mut entries = vec![
            entry(15, 300, 100),
            entry(1, 34, 266),
            entry(128, 400, 2048 - 33 - 400),
        ];
        entries[0].name = "é🦀".repeat(12);
        entries[1].bootable = true;
        table(Scheme::Gpt, SMALL, entries)
    }

    #[test]
    fn what_was_written_reads_back_from_either_header() {
        let want = sample();
        let bytes = Disk::written(&want);
        for (only, damage) in [
            ("both", None),
            ("backup", Some(SECTOR + 40)),
            ("primary", Some(SMALL - SECTOR + 40)),
        ] {
            let mut bytes = bytes.clone();
            if let Some(at) = damage {
                bytes[usize::try_from(at).unwrap()] ^= 1;
            }
            let disk = GptConfig::new()
                .open_from_device(io::Cursor::new(bytes))
                .unwrap();
            assert_eq!(disk.primary_header().is_ok(), only != "backup");
            assert_eq!(disk.backup_header().is_ok(), only != "primary");
            assert_eq!(*disk.guid(), want.disk_guid);
            let header = disk.primary_header().or(disk.backup_header()).unwrap();
            assert_eq!((header.first_usable, header.last_usable), (34, 2014));
            let numbers: Vec<_> = disk.partitions().keys().copied().collect();
            assert_eq!(numbers, [1, 15, 128]);
            for entry in &want.entries {
                let found = &disk.partitions()[&entry.number];
                assert_eq!(Some(found.part_type_guid.guid), entry.kind.guid());
                assert_eq!(found.part_guid, entry.guid);
                assert_eq!(
                    (found.first_lba, found.last_lba),
                    (entry.first_lba, entry.last_lba())
                );
                assert_eq!(found.flags, if entry.bootable { 4 } else { 0 });
                assert_eq!(found.name, entry.name);
            }
        }
    }

    #[test]
    fn nothing_but_the_two_ends_is_touched() {
        let bytes = Disk::written(&sample());
        let head = usize::try_from(HEAD_SECTORS * SECTOR).unwrap();
        let tail = bytes.len() - usize::try_from(TAIL_SECTORS * SECTOR).unwrap();
        assert!(
            bytes[head..tail]
                .iter()
                .all(|byte| *byte == Disk::UNTOUCHED)
        );
        // An array without entries at its end tells that its zeros were written too.
        assert_eq!(bytes[1024 + 50 * 128..1024 + 51 * 128], [0; 128]);
    }

    #[test]
    fn the_protective_mbr_ends_with_the_disk_or_at_2_tib() {
        const TIB: u64 = 1 << 40;
        for (disk_bytes, want) in [
            (SMALL, 2047),
            (2 * TIB - SECTOR, u32::MAX - 1),
            (2 * TIB, u32::MAX),
            (2 * TIB + SECTOR, u32::MAX),
            (3 * TIB, u32::MAX),
        ] {
            let disk = Disk::new(disk_bytes);
            table(Scheme::Gpt, disk_bytes, vec![]).write(&disk).unwrap();
            let mbr = disk.sector(0);
            assert_eq!(mbr[446..454], [0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF]);
            assert_eq!(mbr[454..458], 1_u32.to_le_bytes());
            assert_eq!(mbr[458..462], want.to_le_bytes(), "{disk_bytes}");
            assert_eq!(mbr[510..], [0x55, 0xAA]);
        }
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        let table = sample();
        assert_eq!(Disk::written(&table), Disk::written(&table));
        let mut other = sample();
        other.entries.reverse();
        assert_eq!(Disk::written(&table), Disk::written(&other));
        other.disk_guid = Uuid::from_u128(7);
        assert_ne!(Disk::written(&table), Disk::written(&other));
    }
}
