//! The boot sector: how wide entries of the table are, and where everything is.
//!
//! Source: Microsoft's FAT specification (fatgen103), and what Linux lets pass.

use std::io;

use anyhow::{Result, ensure};

use crate::disk::Disk;
use crate::fields::{Fields as _, slice};

/// Where everything is; all in bytes, but for numbers of clusters.
#[derive(Debug)]
pub(super) struct Boot {
    /// Bits of an entry of the table: 12, 16 or 32.
    pub width: u32,
    /// Where the first table is.
    pub table: u64,
    /// Where the root directory is that has a place of its own, and its size.
    pub root: Option<(u64, u64)>,
    /// The first cluster of a root directory that is as any other.
    pub root_cluster: u32,
    /// Where cluster 2, the first one, is.
    pub data: u64,
    pub cluster_len: u64,
    /// How many clusters there are.
    pub clusters: u32,
    pub label: String,
    /// The serial number of the volume, if it has one.
    pub serial: Option<u32>,
}

/// Returns whether a disk starts with such a filesystem.
pub(in crate::volume) fn is_likely(disk: &dyn Disk) -> io::Result<bool> {
    let raw = disk.read_padded(0, 512)?;
    let sector = raw.le16(11);
    let is_likely = matches!(raw.byte(0), 0xEB | 0xE9)
        && sector.is_power_of_two()
        && (512..=4096).contains(&sector)
        && raw.byte(13).is_power_of_two()
        && raw.le16(14) > 0
        && matches!(raw.byte(16), 1 | 2)
        && (raw.byte(21) == 0xF0 || raw.byte(21) >= 0xF8)
        && raw.le16(510) == 0xAA55;
    Ok(is_likely)
}

impl Boot {
    /// Reads the boot sector of a disk that is likely to be one.
    pub(super) fn read(disk: &dyn Disk) -> Result<Self> {
        let raw = disk.read(0, 512)?;
        let sector = u64::from(raw.le16(11));
        let cluster_len = sector * u64::from(raw.byte(13));
        let reserved = u64::from(raw.le16(14));
        let tables = u64::from(raw.byte(16));
        let root_len = (u64::from(raw.le16(17)) * 32).next_multiple_of(sector);
        let either = |short: u16, long: u32| match short {
            0 => u64::from(long),
            short => u64::from(short),
        };
        let sectors = either(raw.le16(19), raw.le32(32));
        let table_len = either(raw.le16(22), raw.le32(36)) * sector;
        let table = reserved * sector;
        let root = table + tables * table_len;
        let data = root + root_len;
        let len = sectors * sector;
        ensure!(
            data <= len && len <= disk.len(),
            "it has {sectors} sectors of {sector} bytes, its files start at byte {data}, and there \
             are {} bytes; was it cut short?",
            disk.len()
        );
        let clusters = (len - data) / cluster_len;
        let is_wide = raw.le16(22) == 0 && raw.le16(17) == 0;
        let width = match clusters {
            _ if is_wide => 32,
            ..4085 => 12,
            _ => 16,
        };
        // Two entries are not for clusters.
        let in_table = (table_len * 8 / u64::from(width)).saturating_sub(2);
        let clusters = u32::try_from(clusters.min(in_table))?;
        let extended = if is_wide { 0x42 } else { 0x26 };
        let has_serial = matches!(raw.byte(extended), 0x28 | 0x29);
        let serial = has_serial.then(|| raw.le32(extended + 1));
        let label = match raw.byte(extended) {
            0x29 => slice(&raw, extended + 5, 11),
            _ => &[],
        };
        let label = String::from_utf8_lossy(label).trim_end().to_owned();
        Ok(Self {
            width,
            table,
            root: (!is_wide).then_some((root, root_len)),
            root_cluster: raw.le32(44),
            data,
            cluster_len,
            clusters,
            serial,
            label: if label == "NO NAME" {
                String::new()
            } else {
                label
            },
        })
    }

    /// Returns where a cluster is, in bytes, if there is one of that number.
    pub(super) fn cluster(&self, number: u32) -> Option<u64> {
        let index = number.checked_sub(2)?;
        (index < self.clusters).then(|| self.data + u64::from(index) * self.cluster_len)
    }

    /// Returns the type that people know it by.
    pub(super) fn kind(&self) -> &'static str {
        match self.width {
            12 => "FAT12",
            16 => "FAT16",
            _ => "FAT32",
        }
    }
}
