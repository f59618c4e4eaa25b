//! What a partition table says: a GPT by its first header or the one at the end, or an MBR.
//!
//! Source: the UEFI specification, chapter 5, and what Linux does with chains of logical
//! partitions.

mod gpt;
mod mbr;

use std::sync::Arc;

use anyhow::{Result, bail};
use fsgen::table::PartitionType;

use super::{Disk, Part};

/// What kind of table a disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Gpt,
    Mbr,
}

impl Kind {
    /// Returns the name that people have for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Gpt => "GPT",
            Kind::Mbr => "MBR",
        }
    }
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its number, as Linux counts.
    pub(crate) number: u32,
    /// Where it starts, in bytes.
    pub(crate) start: u64,
    /// Size in bytes.
    pub(crate) len: u64,
    /// What it is for; unknown when an MBR says nothing sensible.
    pub(crate) what: Option<PartitionType>,
    /// Its name in a GPT.
    pub(crate) name: String,
    /// What Linux calls it, as in `PARTUUID=`.
    pub(crate) uuid: String,
}

/// A partition table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) kind: Kind,
    /// What it calls the disk.
    pub(crate) id: String,
    /// In the order of their numbers.
    pub(crate) partitions: Vec<Partition>,
    /// What is wrong with it, but does not matter.
    pub(crate) warnings: Vec<String>,
}

impl Table {
    /// Returns all partitions, and of each whether it is to be looked into.
    ///
    /// Some overlap, as those of images for CDs do. But a small disk may have thousands that are in
    /// one place: those that make more than twice the `disk_len` bytes of the disk are left alone.
    pub(crate) fn each(&self, disk_len: u64) -> impl Iterator<Item = (&Partition, bool)> {
        let mut left = disk_len.saturating_mul(2);
        self.partitions.iter().map(move |partition| {
            let rest = left.checked_sub(partition.len);
            left = rest.unwrap_or(left);
            (partition, rest.is_some())
        })
    }
}

/// Reads the table of a disk; there is none on a disk that is one filesystem.
///
/// # Errors
///
/// Fails when the disk cannot be read, and on a table that is damaged so that nothing is sure.
pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Table>> {
    if let Some(table) = gpt::read(disk)? {
        return Ok(Some(table));
    }
    if is_filesystem(disk)? {
        return Ok(None);
    }
    mbr::read(disk)
}

impl Partition {
    /// Returns the partition as a disk.
    ///
    /// # Errors
    ///
    /// Fails when it is not all on the disk.
    pub(crate) fn open(&self, disk: &Arc<dyn Disk>) -> Result<Arc<dyn Disk>> {
        match Part::new(disk.clone(), self.start, self.len) {
            Some(part) => Ok(Arc::new(part)),
            None => bail!(
                "partition {} has {} bytes from {} on, but the disk ends at {}; was it cut short?",
                self.number,
                self.len,
                self.start,
                disk.len()
            ),
        }
    }
}

/// Returns whether a disk is one filesystem: some have the signature of an MBR in their first
/// sector, too.
fn is_filesystem(disk: &dyn Disk) -> Result<bool> {
    Ok(crate::volume::recognise(disk)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_disk_is_read_more_than_twice() {
        for (lens, want) in [
            (&[40, 40, 20][..], &[true, true, true][..]),
            // An image of a CD: the first one is all of it.
            (&[100, 10, 20], &[true, true, true]),
            (&[100, 100, 1], &[true, true, false]),
            (&[90, 90, 90, 20, 1], &[true, true, false, true, false]),
            (&[u64::MAX, 1], &[false, true]),
        ] {
            let partitions = (1..).zip(lens).map(|(number, len)| Partition {
                number,
                start: 0,
                len: *len,
                what: None,
                name: String::new(),
                uuid: String::new(),
            });
            let table = Table {
                kind: Kind::Gpt,
                id: String::new(),
                partitions: partitions.collect(),
                warnings: Vec::new(),
            };
            let read: Vec<_> = table.each(100).map(|(_, is_read)| is_read).collect();
            assert_eq!(read, want, "{lens:?}");
        }
    }
}
