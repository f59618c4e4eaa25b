//! Small tables and a disk in memory, for the tests of partition tables.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use uuid::Uuid;

use super::{Entry, PartitionType, SECTOR, Scheme, Table};
use crate::region::WriteAt;

/// Returns a partition whose name and id follow from its number.
pub(super) fn entry(number: u32, first_lba: u64, sectors: u64) -> Entry {
    Entry {
        number,
        first_lba,
        sectors,
        kind: PartitionType::parse("linux-generic", "").unwrap(),
        guid: Uuid::from_u128(number.into()),
        name: format!("p{number}"),
        bootable: false,
    }
}

pub(super) fn table(scheme: Scheme, disk_bytes: u64, entries: Vec<Entry>) -> Table {
    Table {
        scheme,
        disk_bytes,
        disk_guid: Uuid::from_u128(0xDEAD_BEEF_0000_4000_8000_0000_0000_0001),
        entries,
    }
}

/// A disk of any size that keeps just the sectors which were written.
pub(super) struct Disk {
    len: u64,
    sectors: Mutex<BTreeMap<u64, [u8; 512]>>,
}

impl Disk {
    /// What a sector holds that nobody wrote: not zero, or a forgotten zero would not show.
    pub(super) const UNTOUCHED: u8 = 0xD1;

    pub(super) fn new(len: u64) -> Self {
        Self {
            len,
            sectors: Mutex::default(),
        }
    }

    /// Returns all bytes of a disk that a table was written to.
    pub(super) fn written(table: &Table) -> Vec<u8> {
        let disk = Self::new(table.disk_bytes);
        table.write(&disk).unwrap();
        let count = disk.len / SECTOR;
        (0..count).flat_map(|lba| disk.sector(lba)).collect()
    }

    pub(super) fn sector(&self, lba: u64) -> [u8; 512] {
        let sectors = self.sectors.lock().unwrap();
        *sectors.get(&lba).unwrap_or(&[Self::UNTOUCHED; 512])
    }

    pub(super) fn is_untouched(&self) -> bool {
        self.sectors.lock().unwrap().is_empty()
    }
}

impl WriteAt for Disk {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        assert!(offset + buf.len() as u64 <= self.len);
        assert!(offset.is_multiple_of(SECTOR));
        let (whole, rest) = buf.as_chunks::<512>();
        assert!(rest.is_empty());
        for (lba, sector) in (offset / SECTOR..).zip(whole) {
            self.sectors.lock().unwrap().insert(lba, *sector);
        }
        Ok(())
    }
}
