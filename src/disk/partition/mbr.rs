//! Master boot records: four partitions, and a chain of more in an extended one.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::table::PartitionType;

use super::{Kind, Partition, Table};
use crate::disk::Disk;
use crate::fields::{Fields as _, slice};

const SECTOR: u64 = 512;
/// What a sector with a table ends with.
const SIGNATURE: u16 = 0xAA55;
/// The type of an entry that stands for all of a GPT disk.
const PROTECTIVE: u8 = 0xEE;
/// The most logical partitions that are read; Linux knows 60.
const LOGICAL_MAX: usize = 256;

#[derive(Clone, Copy)]
struct Entry {
    status: u8,
    kind: u8,
    first: u64,
    sectors: u64,
}

impl Entry {
    fn read(sector: &[u8], index: usize) -> Self {
        let raw = slice(sector, 446 + 16 * index, 16);
        Self {
            status: raw.byte(0),
            kind: raw.byte(4),
            first: raw.le32(8).into(),
            sectors: raw.le32(12).into(),
        }
    }

    fn is_extended(self) -> bool {
        [0x05, 0x0F, 0x85].contains(&self.kind)
    }

    fn is_empty(self) -> bool {
        self.kind == 0 || self.sectors == 0
    }

    /// Returns the partition of an entry whose place counts from `base` on, in sectors.
    fn partition(self, number: u32, base: u64, id: u32) -> Partition {
        Partition {
            number,
            // Four numbers of 32 bits at most are added up.
            start: (base + self.first) * SECTOR,
            len: self.sectors * SECTOR,
            what: PartitionType::from_mbr(self.kind).ok(),
            name: String::new(),
            // Linux makes it of the disk's; where that is zero, there is none.
            uuid: match id {
                0 => String::new(),
                id => format!("{id:08x}-{number:02x}"),
            },
        }
    }
}

/// Reads the table, if there is one.
pub(super) fn read(disk: &dyn Disk) -> Result<Option<Table>> {
    let sector = disk.read_padded(0, 512)?;
    let entries = [0, 1, 2, 3].map(|index| Entry::read(&sector, index));
    let is_possible = entries.iter().all(|entry| entry.status & 0x7F == 0);
    if sector.le16(510) != SIGNATURE || !is_possible {
        return Ok(None);
    }
    if entries.iter().any(|entry| entry.kind == PROTECTIVE) {
        bail!("its MBR stands for a GPT, but there is none at its start or end; was it cut short?");
    }
    let id = sector.le32(440);
    let mut partitions = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        if entry.is_empty() {
            continue;
        }
        if entry.is_extended() {
            chain(disk, entry, id, &mut partitions).context("its logical partitions")?;
        } else {
            partitions.push(entry.partition(number, 0, id));
        }
    }
    partitions.sort_by_key(|partition| partition.number);
    Ok(Some(Table {
        kind: Kind::Mbr,
        id: format!("{id:08x}"),
        partitions,
        warnings: Vec::new(),
    }))
}

/// Follows the chain in an extended partition: each link has a partition, and where the next is.
fn chain(disk: &dyn Disk, extended: Entry, id: u32, partitions: &mut Vec<Partition>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut link = extended.first;
    let mut number = 5;
    loop {
        ensure!(seen.insert(link), "their chain goes round at sector {link}");
        ensure!(
            seen.len() <= LOGICAL_MAX,
            "more than {LOGICAL_MAX} of them are not read"
        );
        let sector = disk.read(link * SECTOR, 512)?;
        ensure!(
            sector.le16(510) == SIGNATURE,
            "their chain is broken at sector {link}"
        );
        let [entry, next] = [0, 1].map(|index| Entry::read(&sector, index));
        if !entry.is_empty() && !entry.is_extended() {
            partitions.push(entry.partition(number, link, id));
            number += 1;
        }
        if next.is_empty() || !next.is_extended() {
            return Ok(());
        }
        link = extended.first + next.first;
    }
}
