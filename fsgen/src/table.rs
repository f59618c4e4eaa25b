//! Partition tables: which sectors of a disk belong to which partition.
//!
//! A [`Table`] is a plain value: [`Table::check`] finds everything that is wrong with it,
//! [`Table::write`] turns it into bytes. Places on the disk are counted in sectors of 512 bytes
//! (LBA), the only size that images of disks use. Where partitions should lie is not decided
//! here.
//!
//! Formats: UEFI specification 2.10, chapter 5, for GPT and the classic MBR alike.

mod check;
mod gpt;
pub mod kind;
mod mbr;
#[cfg(test)]
mod sample;

use std::fmt;
use std::io;

use thiserror::Error;
use uuid::Uuid;

use crate::region::WriteAt;
pub use kind::PartitionType;

/// Bytes of one sector.
pub const SECTOR: u64 = 512;

/// Where the first partition should start, and what every partition should be aligned to, in
/// bytes. Every tool of the last fifteen years does so: it suits all flash and RAID geometries
/// and leaves the gap that boot loaders expect.
pub const ALIGNMENT: u64 = 1024 * 1024;

/// Which format a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// GUID partition table, with a protective MBR.
    Gpt,
    /// Master boot record with up to four primary partitions.
    Mbr,
}

impl Scheme {
    /// Returns what `root=PARTUUID=` on a kernel command line calls a partition: its identifier in
    /// a GPT, the disk's signature and its number in an MBR.
    pub fn partuuid(self, disk: &Uuid, partition: &Uuid, number: u32) -> String {
        match self {
            Scheme::Gpt => partition.to_string(),
            Scheme::Mbr => format!("{:08x}-{number:02x}", disk.as_fields().0),
        }
    }

    /// Returns the highest partition number.
    pub const fn max_number(self) -> u32 {
        match self {
            Scheme::Gpt => gpt::ENTRIES,
            Scheme::Mbr => mbr::ENTRIES,
        }
    }

    /// Returns how many bytes at the end of the disk the table keeps for itself.
    pub const fn tail_bytes(self) -> u64 {
        match self {
            Scheme::Gpt => gpt::TAIL_SECTORS * SECTOR,
            Scheme::Mbr => 0,
        }
    }

    /// Returns how many sectors at the start of the disk the table keeps for itself.
    const fn head_sectors(self) -> u64 {
        match self {
            Scheme::Gpt => gpt::HEAD_SECTORS,
            Scheme::Mbr => 1,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Gpt => "GPT",
            Scheme::Mbr => "MBR",
        })
    }
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1; gaps and any order are fine, and are kept.
    pub number: u32,
    /// Its first sector.
    pub first_lba: u64,
    /// How many sectors it has, at least one.
    pub sectors: u64,
    /// What it is for.
    pub kind: PartitionType,
    /// Its own identifier (GPT: PARTUUID); MBR has none.
    pub guid: Uuid,
    /// Its name (GPT: PARTLABEL), at most 36 UTF-16 units; MBR keeps none, so there it only
    /// serves messages.
    pub name: String,
    /// GPT: the attribute "legacy BIOS bootable". MBR: the active flag.
    pub bootable: bool,
}

impl Entry {
    /// Returns its last sector; the highest number there is when it ends past that.
    fn last_lba(&self) -> u64 {
        self.first_lba
            .saturating_add(self.sectors.saturating_sub(1))
    }

    fn place(&self) -> Place {
        Place {
            number: self.number,
            name: self.name.clone(),
            first_lba: self.first_lba,
            last_lba: self.last_lba(),
        }
    }
}

/// A partition as messages name it: number, name and sectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub number: u32,
    /// Its name, which may be empty.
    pub name: String,
    /// Its first sector.
    pub first_lba: u64,
    /// Its last sector.
    pub last_lba: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {}", self.number)?;
        if !self.name.is_empty() {
            write!(f, " {:?}", self.name)?;
        }
        write!(f, " (sectors {} to {})", self.first_lba, self.last_lba)
    }
}

/// A disk's partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The format.
    pub scheme: Scheme,
    /// Size of the whole disk in bytes, a multiple of [`SECTOR`].
    pub disk_bytes: u64,
    /// The disk's identifier. An MBR holds its first four bytes only, see
    /// [`Table::mbr_signature`].
    pub disk_guid: Uuid,
    /// The partitions, in any order.
    pub entries: Vec<Entry>,
}

impl Table {
    /// Checks that the table can be written and that every partition has its own place.
    ///
    /// # Errors
    ///
    /// Fails on the first thing that is wrong.
    pub fn check(&self) -> Result<(), TableError> {
        check::check(self)
    }

    /// Writes the table; nothing between its two ends is touched.
    ///
    /// The same table always gives the same bytes.
    ///
    /// # Errors
    ///
    /// Fails where [`Table::check`] does, before anything is written, and when `disk` cannot
    /// store the bytes.
    pub fn write(&self, disk: &dyn WriteAt) -> Result<(), TableError> {
        self.check()?;
        match self.scheme {
            Scheme::Gpt => gpt::write(self, disk)?,
            Scheme::Mbr => mbr::write(self, disk)?,
        }
        Ok(())
    }

    /// Returns what `root=PARTUUID=` on a kernel command line calls a partition of this table.
    pub fn partuuid(&self, entry: &Entry) -> String {
        self.scheme
            .partuuid(&self.disk_guid, &entry.guid, entry.number)
    }

    /// Returns the disk signature of an MBR: the first group of digits of the disk's identifier.
    pub fn mbr_signature(&self) -> u32 {
        self.disk_guid.as_fields().0
    }

    /// Returns the first and the last sector that a partition may use; nothing when the disk is
    /// too small for the table alone.
    fn usable(&self) -> Option<(u64, u64)> {
        let first = self.scheme.head_sectors();
        let end = self.disk_bytes.checked_sub(self.scheme.tail_bytes())? / SECTOR;
        (first < end).then(|| (first, end - 1))
    }
}

/// Why a table cannot be written.
#[derive(Debug, Error)]
pub enum TableError {
    /// The disk is not made of whole sectors.
    #[error("a disk of {0} bytes is no multiple of the sector size {SECTOR}; round it up")]
    PartialSector(u64),
    /// The disk has no room for any partition.
    #[error("a disk of {bytes} bytes is too small for {scheme}; it needs at least {least}")]
    DiskTooSmall {
        /// Size of the disk.
        bytes: u64,
        /// Format of the table.
        scheme: Scheme,
        /// The smallest size that leaves one sector.
        least: u64,
    },
    /// A number is not one that the format has.
    #[error("{place}: {scheme} numbers partitions from 1 to {max}; choose a free number")]
    Number {
        /// The partition.
        place: Place,
        /// Format of the table.
        scheme: Scheme,
        /// The highest number.
        max: u32,
    },
    /// Two partitions have one number.
    #[error("{0} has the same number as {1}; give each its own")]
    DuplicateNumber(Place, Place),
    /// Two partitions have one identifier.
    #[error("{0} has the same id {2} as {1}; give each its own")]
    DuplicateGuid(Place, Place, Uuid),
    /// A partition has no sectors.
    #[error("{0} is empty; give it at least one sector")]
    Empty(Place),
    /// A partition leaves the part of the disk that the table has for partitions.
    #[error("{place} lies outside the usable sectors {first} to {last}; move or shrink it")]
    Outside {
        /// The partition.
        place: Place,
        /// First usable sector.
        first: u64,
        /// Last usable sector.
        last: u64,
    },
    /// Two partitions share sectors.
    #[error("{0} overlaps {1}; move or shrink one of them")]
    Overlap(Place, Place),
    /// A name does not fit.
    #[error("{place}: a name of {units} UTF-16 units, at most {max} are allowed; shorten it")]
    NameTooLong {
        /// The partition.
        place: Place,
        /// Length of the name.
        units: usize,
        /// The longest name there is.
        max: usize,
    },
    /// A name holds a NUL, which ends it for every reader.
    #[error("{0}: the name holds a NUL character; leave it out")]
    NameHoldsNul(Place),
    /// A place does not fit the 32-bit fields of an MBR.
    #[error("{place}: an MBR counts at most {max} sectors (2 TiB); shrink it or use a GPT")]
    MbrLimit {
        /// The partition.
        place: Place,
        /// The largest number its fields hold.
        max: u32,
    },
    /// More than one partition is active.
    #[error("{0} and {1} are both bootable; an MBR can have one active partition")]
    TwoActive(Place, Place),
    /// The partition type does not exist in this format.
    #[error("{place}: type {kind} has no {scheme} form; {next}", next = type_hint(*.scheme))]
    NoSuchType {
        /// The partition.
        place: Place,
        /// The type.
        kind: PartitionType,
        /// Format of the table.
        scheme: Scheme,
    },
    /// The disk has no identifier.
    #[error("the disk id {0} starts with zeros, which is no MBR disk signature; choose another")]
    NoSignature(Uuid),
    /// The bytes could not be stored.
    #[error("the partition table cannot be written")]
    Io(#[from] io::Error),
}

fn type_hint(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Gpt => "name it or give its GUID",
        Scheme::Mbr => "give its byte, such as 0x83",
    }
}
