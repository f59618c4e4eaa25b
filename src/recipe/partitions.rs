//! The list of partitions: their numbers, and the rules between them.

use std::collections::BTreeSet;

use fsgen::table::Scheme;
use modules::value::{Span, Value, ValueError};

use super::partition::{Entry, Partition};
use super::size::Size;
use super::{Filesystem, Table};

/// Reads `partitions:`; what is wrong goes into `problems`.
pub(super) fn read(value: &Value, table: Table, problems: &mut Vec<ValueError>) -> Vec<Partition> {
    let Some(items) = value.as_list() else {
        problems.push(value.mismatch("a list of partitions"));
        return Vec::new();
    };
    let mut entries = Vec::new();
    let mut partitions = Vec::new();
    for item in items {
        let entry = item.decode::<Entry>().and_then(|entry| {
            let partition = entry.partition(item.span, table)?;
            Ok((entry, partition))
        });
        match entry {
            Ok((entry, partition)) => {
                entries.push(entry);
                partitions.push(partition);
            }
            Err(error) => problems.push(error),
        }
    }
    // Whether rules are broken shows when all partitions are there.
    if partitions.len() == items.len()
        && let Err(error) = number(&entries, &mut partitions, table)
            .and_then(|()| check(value.span, &entries, &mut partitions, table))
    {
        problems.push(error);
    }
    partitions
}

/// Gives each partition its number: the one it asks for, else its place in the list, else the
/// next that is free.
fn number(entries: &[Entry], partitions: &mut [Partition], table: Table) -> Result<(), ValueError> {
    let most = match table {
        Table::None => u32::MAX,
        Table::Gpt => Scheme::Gpt.max_number(),
        Table::Mbr => Scheme::Mbr.max_number(),
    };
    let mut taken = BTreeSet::new();
    for number in entries.iter().filter_map(|entry| entry.number) {
        if !(1..=most).contains(&number.value) {
            let message = format!("partition number {}; it can be 1 to {most}", number.value);
            return Err(number.error(message));
        }
        if !taken.insert(number.value) {
            return Err(number.error(format!("two partitions have the number {}", number.value)));
        }
    }
    for (place, (entry, partition)) in (1..).zip(entries.iter().zip(partitions)) {
        partition.number = match entry.number {
            Some(number) => number.value,
            None => (place..=most)
                .find(|number| !taken.contains(number))
                .ok_or_else(|| {
                    let message = format!("no number is left; the table has {most} partitions");
                    ValueError::new(partition.span, message)
                })?,
        };
        taken.insert(partition.number);
    }
    Ok(())
}

fn check(
    list: Span,
    entries: &[Entry],
    partitions: &mut [Partition],
    table: Table,
) -> Result<(), ValueError> {
    match partitions {
        [] => {
            let error = ValueError::new(list, "the list of partitions is empty");
            return Err(error.help("leave `partitions` out for one root filesystem"));
        }
        [_, second, ..] if table == Table::None => {
            let error = ValueError::new(
                second.span,
                "without a partition table there is one filesystem",
            );
            return Err(error.help("keep one partition, or use `table: gpt`"));
        }
        _ => {}
    }
    for (at, entry) in entries.iter().enumerate() {
        let before = &partitions[..at];
        let this = &partitions[at];
        if let Some(mount) = &entry.mount
            && before.iter().any(|other| other.mount == this.mount)
        {
            return Err(mount.error(format!("two partitions are mounted at {}", mount.value)));
        }
        let others = |id: fn(&Partition) -> _| before.iter().any(|other| id(other) == id(this));
        if let Some(uuid) = &entry.uuid
            && others(|p| (p.uuid, None))
        {
            return Err(uuid.error(format!("two partitions have the uuid {}", uuid.value)));
        }
        if let Some(uuid) = &entry.fs_uuid
            && others(|p| (p.fs_uuid, p.vfat.serial))
        {
            return Err(uuid.error(format!("two filesystems have the fs_uuid {}", uuid.value)));
        }
        if let Some(bootable) = &entry.bootable
            && this.bootable
            && table == Table::Mbr
            && before.iter().any(|other| other.bootable)
        {
            return Err(bootable.error("two partitions are bootable; an MBR can have one"));
        }
    }
    share_rest(entries, partitions)?;
    let is_root = |p: &Partition| p.mount.as_deref() == Some("/");
    let is_filesystem = |p: &Partition| matches!(p.filesystem, Filesystem::Ext4 | Filesystem::Vfat);
    if partitions.iter().any(is_filesystem) && !partitions.iter().any(is_root) {
        let error = ValueError::new(list, "no partition has `mount: /`");
        return Err(error.help("files outside the other mount points would be in no partition"));
    }
    Ok(())
}

/// Leaves the rest of the image to one partition: to the root when no other asks for it.
fn share_rest(entries: &[Entry], partitions: &mut [Partition]) -> Result<(), ValueError> {
    let mut asked = entries
        .iter()
        .filter_map(|entry| entry.size)
        .filter(|size| size.value == Size::Rest);
    let first = asked.next();
    if let Some(second) = asked.next() {
        let error = second.error("two partitions have the size `rest`");
        return Err(error.help("give all but one a size such as 512M"));
    }
    for (entry, partition) in entries.iter().zip(partitions) {
        if first.is_some() && entry.size.is_none() && partition.size.value == Size::Rest {
            partition.size.value = Size::Auto;
        }
    }
    Ok(())
}
