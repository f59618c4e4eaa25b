//! Master boot records: four partitions, and a chain of more in an extended one.
//!
//! The numbers of cylinder, head and sector are not looked at: nothing has used them for long.

use std::collections::BTreeSet;
use std::io;

use super::area::Area;
use super::problem::Problems;
use super::slot::{SECTOR, Slot, check_overlap};
use crate::fields::{Fields, slice};

/// Where the entries lie in the sector.
const ENTRIES: usize = 446;
/// What a sector with a table ends with.
const SIGNATURE: u16 = 0xAA55;
/// The type of a partition that stands for all of a GPT disk.
const PROTECTIVE: u8 = 0xEE;
/// Most partitions of a chain that are followed; Linux knows 60.
const MAX_CHAIN: u32 = 256;

/// One entry as it is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    status: u8,
    kind: u8,
    first: u32,
    sectors: u32,
}

impl Entry {
    fn read(sector: &[u8], index: usize) -> Self {
        let raw = slice(sector, ENTRIES + 16 * index, 16);
        Self {
            status: raw.byte(0),
            kind: raw.byte(4),
            first: raw.le32(8),
            sectors: raw.le32(12),
        }
    }

    fn is_extended(self) -> bool {
        [0x05, 0x0F, 0x85].contains(&self.kind)
    }

    fn fits(self, start: u64, end: u64) -> bool {
        let last =
            start.saturating_add((u64::from(self.first)).saturating_add(self.sectors.into()));
        self.sectors > 0 && last <= end
    }
}

/// Returns whether a disk has such a table, even with a damaged signature.
pub(super) fn is_likely(disk: Area<'_>) -> io::Result<bool> {
    let sector = disk.read_padded(0, 512)?;
    let entries = [0, 1, 2, 3].map(|index| Entry::read(&sector, index));
    let is_possible = entries.iter().all(|entry| entry.status & 0x7F == 0);
    let fits = |entry: &Entry| entry.first > 0 && entry.fits(0, disk.len() / SECTOR);
    let has_entry = entries.iter().any(|entry| entry.kind != 0 && fits(entry));
    let signature = sector.le16(510);
    let is_signed = signature == SIGNATURE;
    let is_almost = (signature ^ SIGNATURE).to_le_bytes().contains(&0);
    Ok((is_signed && (is_possible || has_entry)) || (is_almost && is_possible && has_entry))
}

/// Checks the table in front of a GPT, which keeps programs that know no GPT away from the disk.
pub(super) fn check_protective(
    disk: Area<'_>,
    sectors: u64,
    problems: &mut Problems,
) -> io::Result<()> {
    const PLACE: &str = "protective MBR";
    let sector = disk.read_padded(0, 512)?;
    problems.expect_bits(PLACE, "signature", sector.le16(510), SIGNATURE);
    let entries = [0, 1, 2, 3].map(|index| Entry::read(&sector, index));
    let whole = u32::try_from(sectors.saturating_sub(1)).unwrap_or(u32::MAX);
    let mut count = 0;
    for (number, entry) in (1..).zip(entries) {
        let place = format_args!("{PLACE}, entry {number}");
        let raw = slice(&sector, ENTRIES + 16 * (number - 1), 16);
        if entry.kind == PROTECTIVE {
            count += 1;
            problems.expect(place, "first sector", entry.first, 1);
            if entry.sectors != whole && entry.sectors != u32::MAX {
                problems.expect(place, "number of sectors", entry.sectors, whole);
            }
            if entry.status & 0x7F != 0 {
                problems.expect_bits(place, "status", entry.status, 0_u8);
            }
        } else if raw.iter().any(|byte| *byte != 0) {
            problems.add(
                place,
                "is not empty: the GPT does not stand for all of the disk",
            );
        }
    }
    problems.expect(PLACE, "number of entries for all of the disk", count, 1);
    Ok(())
}

/// Checks the table and returns its partitions, those of a chain from number 5 on.
pub(super) fn check(disk: Area<'_>, problems: &mut Problems) -> io::Result<Vec<Slot>> {
    let sectors = disk.len() / SECTOR;
    let sector = disk.read_padded(0, 512)?;
    problems.expect_bits("MBR", "signature", sector.le16(510), SIGNATURE);
    let mut slots = Vec::new();
    let mut extended = None;
    let mut bootable = 0;
    for (number, index) in (1..).zip(0..4) {
        let entry = Entry::read(&sector, index);
        let place = format_args!("partition {number}");
        if entry.status & 0x7F != 0 {
            problems.expect_bits(place, "status", entry.status, 0_u8);
        }
        bootable += u32::from(entry.status & 0x80 != 0);
        if entry.kind == 0 {
            let raw = slice(&sector, ENTRIES + 16 * index, 16);
            if raw.iter().any(|byte| *byte != 0) {
                problems.add(place, "has no type, but its entry is not empty");
            }
            continue;
        }
        if entry.first == 0 || !entry.fits(0, sectors) {
            let Entry {
                first,
                sectors: len,
                ..
            } = entry;
            problems.add(
                place,
                format_args!("{len} sectors from {first} on, the disk has {sectors}"),
            );
            continue;
        }
        let slot = Slot {
            number,
            first: entry.first.into(),
            sectors: entry.sectors.into(),
        };
        slots.push(slot);
        if entry.is_extended() && extended.replace(slot).is_some() {
            problems.add(place, "is extended, as another one is");
        }
    }
    if bootable > 1 {
        problems.add(
            "MBR",
            format_args!("{bootable} partitions are bootable, at most 1"),
        );
    }
    check_overlap(&slots, problems);
    if let Some(extended) = extended {
        slots.retain(|slot| slot.number != extended.number);
        let logical = chain(disk, extended, problems)?;
        check_overlap(&logical, problems);
        slots.extend(logical);
    }
    Ok(slots)
}

/// Follows the chain in an extended partition: each link has one partition and the next link.
fn chain(disk: Area<'_>, extended: Slot, problems: &mut Problems) -> io::Result<Vec<Slot>> {
    let end = extended.first + extended.sectors;
    let mut slots = Vec::new();
    let mut seen = BTreeSet::new();
    let mut link = extended.first;
    for number in 5..5 + MAX_CHAIN {
        let place = format_args!("partition {number}, its link at sector {link}");
        if !seen.insert(link) {
            problems.add(place, "was in the chain before: it goes round");
            return Ok(slots);
        }
        let sector = disk.read_padded(link * SECTOR, 512)?;
        problems.expect_bits(place, "signature", sector.le16(510), SIGNATURE);
        if sector.le16(510) != SIGNATURE {
            return Ok(slots);
        }
        let [entry, next] = [0, 1].map(|index| Entry::read(&sector, index));
        for index in [2, 3] {
            if Entry::read(&sector, index).kind != 0 {
                problems.add(place, "has more than a partition and the next link");
            }
        }
        if entry.status & 0x7F != 0 {
            problems.expect_bits(place, "status", entry.status, 0_u8);
        }
        if entry.kind != 0 {
            if entry.first > 0 && entry.fits(link, end) {
                slots.push(Slot {
                    number,
                    first: link + u64::from(entry.first),
                    sectors: entry.sectors.into(),
                });
            } else {
                let Entry { first, sectors, .. } = entry;
                let what =
                    format_args!("{sectors} sectors from {first} on: not in the extended one");
                problems.add(place, what);
            }
        }
        if next.kind == 0 {
            return Ok(slots);
        }
        if !next.is_extended() || next.first == 0 || !next.fits(extended.first, end) {
            problems.add(
                place,
                format_args!("the next link is at sector {}", next.first),
            );
            return Ok(slots);
        }
        link = extended.first + u64::from(next.first);
    }
    problems.add(
        "MBR",
        format_args!("a chain of more than {MAX_CHAIN} partitions: not followed"),
    );
    Ok(slots)
}
