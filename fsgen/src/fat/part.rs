//! What a byte of a planned filesystem is part of: for those who find another one there.

use super::format::{ENTRY_SIZE, SECTOR};
use super::layout::Layout;
use super::write::directory_start;
use super::{FatType, chain, directory};
use crate::Place;
use crate::tree::NodeId;

/// A structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The boot sector, or its copy.
    Boot,
    /// The sector that says how much is free, or its copy.
    Info,
    /// A table of chains.
    Table {
        /// Which one, from 0.
        copy: u32,
    },
    /// An entry of a directory.
    Entry {
        /// The directory.
        of: NodeId,
        /// Which one, from 0.
        number: u64,
    },
    /// The content of a file.
    Content {
        /// The file.
        of: NodeId,
        /// Which byte of it is the first one of the place.
        at: u64,
    },
    /// Nothing.
    Free,
}

impl Layout {
    /// Returns what a byte of the filesystem is part of.
    pub fn part_at(&self, offset: u64) -> Place<Part> {
        let geometry = &self.geometry;
        let sector = offset / SECTOR;
        let in_sector = |part| Place {
            part,
            start: sector * SECTOR,
            len: SECTOR,
        };
        if sector < u64::from(geometry.reserved) {
            let is_wide = geometry.fat_type == FatType::Fat32;
            return in_sector(match sector {
                0 => Part::Boot,
                6 if is_wide => Part::Boot,
                1 | 7 if is_wide => Part::Info,
                _ => Part::Free,
            });
        }
        for copy in [0, 1] {
            let (start, end) = (geometry.fat_start(copy), geometry.fat_start(copy + 1));
            if sector < end {
                return Place {
                    part: Part::Table { copy },
                    start: start * SECTOR,
                    len: (end - start) * SECTOR,
                };
            }
        }
        let cluster = u64::from(geometry.cluster_size.bytes());
        for (at, found) in self.inventory.directories.iter().enumerate() {
            let start = directory_start(self, at);
            let len = match self.directory_clusters[at] {
                0 => u64::from(geometry.root_entries) * u64::from(ENTRY_SIZE),
                _ => directory::bytes(self, at).next_multiple_of(cluster),
            };
            if (start..start + len).contains(&offset) {
                let size = u64::from(ENTRY_SIZE);
                let number = (offset - start) / size;
                return Place {
                    part: Part::Entry {
                        of: found.node,
                        number,
                    },
                    start: start + number * size,
                    len: size,
                };
            }
        }
        for (file, first) in self.inventory.files.iter().zip(&self.file_clusters) {
            let start = geometry.cluster_start(*first) * SECTOR;
            let len = u64::from(file.bytes).next_multiple_of(cluster);
            if *first > 0 && (start..start + len).contains(&offset) {
                let at = sector * SECTOR - start;
                return in_sector(Part::Content { of: file.node, at });
            }
        }
        in_sector(Part::Free)
    }

    /// Returns which entry of a table a byte of it is part of, the second one where it is two's.
    pub fn table_entry(&self, byte: u64) -> u64 {
        let per = chain::bytes(self.geometry.fat_type, 2);
        // Two entries of 12 bits have three bytes.
        byte * 2 / per
    }
}
