//! Everything that can be wrong with a partition table, found before a byte is written.

use std::collections::BTreeMap;

use super::gpt::NAME_UNITS;
use super::{Entry, SECTOR, Scheme, Table, TableError};

/// Checks the disk, then each partition, then the partitions against each other.
pub(super) fn check(table: &Table) -> Result<(), TableError> {
    if !table.disk_bytes.is_multiple_of(SECTOR) {
        return Err(TableError::PartialSector(table.disk_bytes));
    }
    let scheme = table.scheme;
    let usable = table.usable().ok_or(TableError::DiskTooSmall {
        bytes: table.disk_bytes,
        scheme,
        least: (scheme.head_sectors() + 1) * SECTOR + scheme.tail_bytes(),
    })?;
    for entry in &table.entries {
        check_place(entry, scheme, usable)?;
        match scheme {
            Scheme::Gpt => check_gpt(entry)?,
            Scheme::Mbr => check_mbr(entry)?,
        }
    }
    check_numbers(&table.entries)?;
    check_overlap(&table.entries)?;
    match scheme {
        Scheme::Gpt => check_guids(&table.entries),
        Scheme::Mbr => check_disk_mbr(table),
    }
}

fn check_place(entry: &Entry, scheme: Scheme, (first, last): (u64, u64)) -> Result<(), TableError> {
    let max = scheme.max_number();
    if entry.number == 0 || entry.number > max {
        return Err(TableError::Number {
            place: entry.place(),
            scheme,
            max,
        });
    }
    if entry.sectors == 0 {
        return Err(TableError::Empty(entry.place()));
    }
    if entry.first_lba < first || entry.last_lba() > last {
        return Err(TableError::Outside {
            place: entry.place(),
            first,
            last,
        });
    }
    Ok(())
}

fn check_gpt(entry: &Entry) -> Result<(), TableError> {
    let units = entry.name.encode_utf16().count();
    if units > NAME_UNITS {
        return Err(TableError::NameTooLong {
            place: entry.place(),
            units,
            max: NAME_UNITS,
        });
    }
    if entry.name.contains('\0') {
        return Err(TableError::NameHoldsNul(entry.place()));
    }
    check_type(entry, Scheme::Gpt, entry.kind.guid().is_some())
}

fn check_mbr(entry: &Entry) -> Result<(), TableError> {
    let max = u32::MAX;
    if entry.first_lba > u64::from(max) || entry.sectors > u64::from(max) {
        return Err(TableError::MbrLimit {
            place: entry.place(),
            max,
        });
    }
    check_type(entry, Scheme::Mbr, entry.kind.mbr().is_some())
}

fn check_type(entry: &Entry, scheme: Scheme, exists: bool) -> Result<(), TableError> {
    if exists {
        return Ok(());
    }
    Err(TableError::NoSuchType {
        place: entry.place(),
        kind: entry.kind,
        scheme,
    })
}

fn check_numbers(entries: &[Entry]) -> Result<(), TableError> {
    let mut seen = BTreeMap::new();
    for entry in entries {
        if let Some(before) = seen.insert(entry.number, entry) {
            return Err(TableError::DuplicateNumber(entry.place(), before.place()));
        }
    }
    Ok(())
}

fn check_guids(entries: &[Entry]) -> Result<(), TableError> {
    let mut seen = BTreeMap::new();
    for entry in entries {
        if let Some(before) = seen.insert(entry.guid, entry) {
            let (one, other) = (entry.place(), before.place());
            return Err(TableError::DuplicateGuid(one, other, entry.guid));
        }
    }
    Ok(())
}

fn check_overlap(entries: &[Entry]) -> Result<(), TableError> {
    let mut in_disk_order: Vec<&Entry> = entries.iter().collect();
    in_disk_order.sort_by_key(|entry| (entry.first_lba, entry.number));
    for pair in in_disk_order.windows(2) {
        // Two neighbours are enough: the first overlap on the disk is always one of neighbours.
        if pair[1].first_lba <= pair[0].last_lba() {
            return Err(TableError::Overlap(pair[1].place(), pair[0].place()));
        }
    }
    Ok(())
}

fn check_disk_mbr(table: &Table) -> Result<(), TableError> {
    let mut active = table.entries.iter().filter(|entry| entry.bootable);
    if let (Some(one), Some(other)) = (active.next(), active.next()) {
        return Err(TableError::TwoActive(one.place(), other.place()));
    }
    // Linux gives the partitions of a disk without a signature no PARTUUID.
    if table.mbr_signature() == 0 {
        return Err(TableError::NoSignature(table.disk_guid));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::sample::{Disk, entry, table};
    use super::super::{PartitionType, Scheme, Table};
    use super::*;

    const MIB: u64 = 1024 * 1024;
    const TIB: u64 = 1024 * 1024 * MIB;
    /// Both ends and one sector between them.
    const SMALLEST_GPT: u64 = 68 * SECTOR;

    fn gpt(entries: Vec<Entry>) -> Table {
        table(Scheme::Gpt, MIB, entries)
    }

    fn mbr(entries: Vec<Entry>) -> Table {
        table(Scheme::Mbr, MIB, entries)
    }

    fn with(mut entry: Entry, change: impl FnOnce(&mut Entry)) -> Entry {
        change(&mut entry);
        entry
    }

    #[test]
    fn tables_on_the_limit() {
        for table in [
            gpt(vec![]),
            table(Scheme::Gpt, SMALLEST_GPT, vec![entry(128, 34, 1)]),
            gpt(vec![entry(1, 34, 2048 - 34 - 33)]),
            gpt(vec![entry(2, 134, 100), entry(1, 34, 100)]),
            gpt(vec![with(entry(1, 34, 1), |e| e.name = "n".repeat(36))]),
            mbr(vec![]),
            mbr(vec![entry(1, 1, 2047)]),
            table(
                Scheme::Mbr,
                4 * TIB,
                vec![entry(4, u32::MAX.into(), u32::MAX.into())],
            ),
        ] {
            table.check().unwrap();
        }
    }

    #[test]
    fn tables_that_cannot_be_written() {
        let own = PartitionType::from_guid(Uuid::from_u128(5));
        let byte = PartitionType::from_mbr(0x83).unwrap();
        for (table, want) in [
            (
                table(Scheme::Gpt, MIB + 1, vec![]),
                "a disk of 1048577 bytes is no multiple of the sector size 512; round it up",
            ),
            (
                table(Scheme::Gpt, SMALLEST_GPT - SECTOR, vec![]),
                "a disk of 34304 bytes is too small for GPT; it needs at least 34816",
            ),
            (
                table(Scheme::Mbr, SECTOR, vec![]),
                "a disk of 512 bytes is too small for MBR; it needs at least 1024",
            ),
            (
                gpt(vec![entry(0, 34, 1)]),
                "partition 0 \"p0\" (sectors 34 to 34): \
                 GPT numbers partitions from 1 to 128; choose a free number",
            ),
            (
                gpt(vec![entry(129, 34, 1)]),
                "partition 129 \"p129\" (sectors 34 to 34): \
                 GPT numbers partitions from 1 to 128; choose a free number",
            ),
            (
                mbr(vec![entry(5, 34, 1)]),
                "partition 5 \"p5\" (sectors 34 to 34): \
                 MBR numbers partitions from 1 to 4; choose a free number",
            ),
            (
                gpt(vec![entry(7, 34, 1), entry(7, 40, 2)]),
                "partition 7 \"p7\" (sectors 40 to 41) has the same number as \
                 partition 7 \"p7\" (sectors 34 to 34); give each its own",
            ),
            (
                gpt(vec![entry(1, 34, 0)]),
                "partition 1 \"p1\" (sectors 34 to 34) is empty; give it at least one sector",
            ),
            (
                gpt(vec![entry(1, 33, 2)]),
                "partition 1 \"p1\" (sectors 33 to 34) lies outside the usable sectors \
                 34 to 2014; move or shrink it",
            ),
            (
                gpt(vec![entry(1, 2014, 2)]),
                "partition 1 \"p1\" (sectors 2014 to 2015) lies outside the usable sectors \
                 34 to 2014; move or shrink it",
            ),
            (
                gpt(vec![entry(1, u64::MAX, u64::MAX)]),
                "partition 1 \"p1\" (sectors 18446744073709551615 to 18446744073709551615) lies \
                 outside the usable sectors 34 to 2014; move or shrink it",
            ),
            (
                mbr(vec![entry(1, 0, 1)]),
                "partition 1 \"p1\" (sectors 0 to 0) lies outside the usable sectors \
                 1 to 2047; move or shrink it",
            ),
            (
                gpt(vec![entry(2, 133, 9), entry(3, 34, 10), entry(1, 34, 100)]),
                "partition 3 \"p3\" (sectors 34 to 43) overlaps \
                 partition 1 \"p1\" (sectors 34 to 133); move or shrink one of them",
            ),
            (
                gpt(vec![entry(2, 133, 9), entry(1, 34, 100)]),
                "partition 2 \"p2\" (sectors 133 to 141) overlaps \
                 partition 1 \"p1\" (sectors 34 to 133); move or shrink one of them",
            ),
            (
                gpt(vec![
                    entry(1, 34, 1),
                    with(entry(2, 40, 1), |e| e.guid = entry(1, 0, 0).guid),
                ]),
                "partition 2 \"p2\" (sectors 40 to 40) has the same id \
                 00000000-0000-0000-0000-000000000001 as \
                 partition 1 \"p1\" (sectors 34 to 34); give each its own",
            ),
            (
                gpt(vec![with(entry(1, 34, 1), |e| {
                    e.name = "🦀".repeat(18) + "n";
                })]),
                "partition 1 \"🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀n\" (sectors 34 to 34): \
                 a name of 37 UTF-16 units, at most 36 are allowed; shorten it",
            ),
            (
                gpt(vec![with(entry(1, 34, 1), |e| e.name = "a\0b".to_owned())]),
                "partition 1 \"a\\0b\" (sectors 34 to 34): \
                 the name holds a NUL character; leave it out",
            ),
            (
                gpt(vec![with(entry(1, 34, 1), |e| e.kind = byte)]),
                "partition 1 \"p1\" (sectors 34 to 34): type 0x83 has no GPT form; \
                 name it or give its GUID",
            ),
            (
                mbr(vec![with(entry(1, 34, 1), |e| e.kind = own)]),
                "partition 1 \"p1\" (sectors 34 to 34): \
                 type 00000000-0000-0000-0000-000000000005 has no MBR form; \
                 give its byte, such as 0x83",
            ),
            (
                table(Scheme::Mbr, 4 * TIB, vec![entry(1, 1 << 32, 1)]),
                "partition 1 \"p1\" (sectors 4294967296 to 4294967296): \
                 an MBR counts at most 4294967295 sectors (2 TiB); shrink it or use a GPT",
            ),
            (
                table(Scheme::Mbr, 4 * TIB, vec![entry(1, 1, 1 << 32)]),
                "partition 1 \"p1\" (sectors 1 to 4294967296): \
                 an MBR counts at most 4294967295 sectors (2 TiB); shrink it or use a GPT",
            ),
            (
                mbr(vec![
                    with(entry(1, 34, 1), |e| e.bootable = true),
                    with(entry(2, 35, 1), |e| e.bootable = true),
                ]),
                "partition 1 \"p1\" (sectors 34 to 34) and partition 2 \"p2\" \
                 (sectors 35 to 35) are both bootable; an MBR can have one active partition",
            ),
            (
                Table {
                    disk_guid: Uuid::from_u128(u128::MAX >> 32),
                    ..mbr(vec![])
                },
                "the disk id 00000000-ffff-ffff-ffff-ffffffffffff starts with zeros, \
                 which is no MBR disk signature; choose another",
            ),
        ] {
            let disk = Disk::new(MIB);
            let error = table.write(&disk).unwrap_err();
            assert_eq!(error.to_string(), want);
            assert!(disk.is_untouched(), "{want}");
        }
    }
}
