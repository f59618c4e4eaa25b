//! The master boot record: one sector with four primary partitions.
//!
//! Boot code stays zero. Extended partitions are not written: whoever needs a fifth partition
//! has GPT.

use std::io;

use mbrman::{BOOT_ACTIVE, BOOT_INACTIVE, CHS, MBRHeader, MBRPartitionEntry};

use super::{Entry, SECTOR, Table};
use crate::region::WriteAt;

/// Primary partitions.
pub(super) const ENTRIES: u32 = 4;

/// The geometry that every BIOS and tool assumes for a disk without one of its own.
const CYLINDERS: u16 = 1023;
const HEADS: u8 = 255;
const SECTORS: u8 = 63;

/// Writes a checked table.
pub(super) fn write(table: &Table, disk: &dyn WriteAt) -> io::Result<()> {
    let mut header = MBRHeader::new(table.mbr_signature().to_le_bytes());
    for entry in &table.entries {
        let record = match entry.number {
            1 => &mut header.partition_1,
            2 => &mut header.partition_2,
            3 => &mut header.partition_3,
            _ => &mut header.partition_4,
        };
        *record = partition(entry)?;
    }
    let mut sector = io::Cursor::new(Vec::new());
    header.write_into(&mut sector).map_err(io::Error::other)?;
    let sector = sector.into_inner();
    debug_assert_eq!(sector.len() as u64, SECTOR);
    disk.write_all_at(&sector, 0)
}

fn partition(entry: &Entry) -> io::Result<MBRPartitionEntry> {
    Ok(MBRPartitionEntry {
        boot: if entry.bootable {
            BOOT_ACTIVE
        } else {
            BOOT_INACTIVE
        },
        first_chs: chs(entry.first_lba),
        sys: entry.kind.mbr().unwrap_or_default(),
        last_chs: chs(entry.last_lba()),
        starting_lba: u32::try_from(entry.first_lba).map_err(io::Error::other)?,
        sectors: u32::try_from(entry.sectors).map_err(io::Error::other)?,
    })
}

/// Returns the cylinder, head and sector of a place; the last there are when it lies past 8 GiB,
/// as all tools do, which tells a reader to look at the LBA instead.
fn chs(lba: u64) -> CHS {
    u32::try_from(lba)
        .ok()
        .and_then(|lba| CHS::from_lba_exact(lba, CYLINDERS, HEADS, SECTORS).ok())
        .unwrap_or(CHS::new(CYLINDERS, HEADS - 1, SECTORS))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Disk, entry, table};
    use super::super::{PartitionType, Scheme};
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        let mut entries = vec![entry(4, 2048, 2048), entry(2, 1, 1), entry(1, 4096, 4096)];
        entries[0].kind = PartitionType::from_mbr(0x0C).unwrap();
        entries[2].bootable = true;
        let want = table(Scheme::Mbr, 8192 * SECTOR, entries);
        let bytes = Disk::written(&want);
        assert_eq!(bytes[..440], [0; 440], "boot code");
        assert!(bytes[512..].iter().all(|byte| *byte == Disk::UNTOUCHED));
        let read = MBRHeader::read_from(&mut io::Cursor::new(bytes)).unwrap();
        assert_eq!(read.disk_signature, want.mbr_signature().to_le_bytes());
        for entry in &want.entries {
            let found = read.get(entry.number as usize).unwrap();
            assert_eq!(Some(found.sys), entry.kind.mbr());
            assert_eq!(u64::from(found.starting_lba), entry.first_lba);
            assert_eq!(u64::from(found.sectors), entry.sectors);
            assert_eq!(found.is_active(), entry.bootable);
        }
        assert!(read.partition_3.is_unused());
    }

    #[test]
    fn places_as_cylinder_head_and_sector() {
        // Sectors count from 1, heads and cylinders from 0.
        for (lba, want) in [
            (0, (0, 0, 1)),
            (62, (0, 0, 63)),
            (63, (0, 1, 1)),
            (2048, (0, 32, 33)),
            (255 * 63, (1, 0, 1)),
            (1024 * 255 * 63 - 1, (1023, 254, 63)),
            (1024 * 255 * 63, (1023, 254, 63)),
            (u64::MAX, (1023, 254, 63)),
        ] {
            let (cylinder, head, sector) = want;
            assert_eq!(chs(lba), CHS::new(cylinder, head, sector), "{lba}");
        }
    }
}
