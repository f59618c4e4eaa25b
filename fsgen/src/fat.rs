//! FAT12, FAT16 and FAT32 with long names: what firmware reads.
//!
//! As with [`crate::ext4`], [`plan`] decides where everything lies and [`write()`] only emits it.
//! The tree is known as a whole, so every file and directory is one run of clusters.
//!
//! FAT has no owners, modes, links or attributes. What gets lost is told by
//! [`Layout::warnings`]; what would be something else afterwards, such as a symlink, is an error.
//!
//! Source: Microsoft's "FAT32 File System Specification", version 1.03 (`fatgen103`), and where
//! that leaves a choice, what Linux, dosfstools and mtools take.

mod boot;
mod chain;
mod directory;
mod fat_type;
mod format;
mod geometry;
mod inventory;
mod label;
mod layout;
mod name;
mod part;
mod serial;
mod short;
mod time;
mod write;

use std::io;

use thiserror::Error;

pub use crate::size::Size;
pub use fat_type::{ClusterSize, FatType};
pub use geometry::Geometry;
pub use label::{LabelError, check as check_label};
pub use layout::{Layout, plan};
pub use part::Part;
pub use serial::Serial;
pub use write::{write, written};

use crate::tree::Timestamp;

/// What a filesystem is like, its content apart.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bits of a FAT entry; by default FAT32, and where the size is too small for that, FAT16,
    /// then FAT12. A size that fits its content is never too small: it is raised to the least
    /// that FAT32 can have, almost 33 MiB.
    pub fat_type: Option<FatType>,
    /// Bytes of a cluster; by default what the specification's tables say for the size.
    pub cluster_size: Option<ClusterSize>,
    /// Volume label as [`check_label`] allows it; empty for none.
    pub label: String,
    /// Serial number of the volume.
    pub serial: Serial,
    /// When the filesystem was made: the time of its label.
    pub time: Timestamp,
}

impl Options {
    /// Returns the defaults.
    pub fn new(serial: Serial, time: Timestamp) -> Self {
        Self {
            fat_type: None,
            cluster_size: None,
            label: String::new(),
            serial,
            time,
        }
    }
}

/// Why a tree cannot become a FAT filesystem.
#[derive(Debug, Error)]
pub enum Error {
    /// There are fewer bytes than the content needs, or than the FAT type can have.
    #[error(
        "the content needs {need} bytes as {fat_type}, the filesystem has {have}; make it at least {need} bytes"
    )]
    TooSmall {
        /// The type that was asked for, or that goes with the size.
        fat_type: FatType,
        /// Bytes that would do.
        need: u64,
        /// Bytes asked for.
        have: u64,
    },
    /// There are more clusters than the FAT type can count.
    #[error(
        "{fat_type} with clusters of {cluster_bytes} bytes has at most {max} bytes, {have} are asked for; make it smaller{}",
        larger(*.fat_type, *.cluster_bytes)
    )]
    TooLarge {
        /// The type that was asked for, or that goes with the size.
        fat_type: FatType,
        /// Bytes of a cluster: as asked for, or the most that there can be.
        cluster_bytes: u32,
        /// The most bytes that there can be.
        max: u64,
        /// Bytes asked for.
        have: u64,
    },
    /// With these clusters, the size lies between two types.
    #[error(
        "with clusters of {cluster_bytes} bytes, {have} bytes are too many for {below} and too few for {above}; change the size by a few percent, or the cluster size"
    )]
    Between {
        /// Bytes of a cluster, as asked for.
        cluster_bytes: u32,
        /// Bytes asked for.
        have: u64,
        /// The type that they are too many for.
        below: FatType,
        /// The type that they are too few for.
        above: FatType,
    },
    /// The root directory of FAT12 and FAT16 has a fixed place, and this is too much for it.
    #[error(
        "the root directory needs {need} entries, a long name several of them; {fat_type} has at most {max}; take FAT32, or move names into directories"
    )]
    RootDirectory {
        /// The type that was asked for, or that goes with the size.
        fat_type: FatType,
        /// Entries of 32 bytes.
        need: u32,
        /// The most that there can be.
        max: u32,
    },
    /// A label that FAT cannot hold.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// One file or directory that the format has no place for.
    #[error("{}: {what}", path.escape_ascii())]
    Entry {
        /// Path in the tree.
        path: Vec<u8>,
        /// What is wrong, with found and allowed.
        what: String,
    },
    /// The content of a file cannot be read.
    #[error("{}: its content cannot be read", path.escape_ascii())]
    Read {
        /// Path in the tree.
        path: Vec<u8>,
        /// What the source said.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("byte {offset} of the filesystem cannot be written")]
    Write {
        /// Where in the filesystem.
        offset: u64,
        /// What the output said.
        source: io::Error,
    },
}

/// Returns what else allows for a larger filesystem.
fn larger(fat_type: FatType, cluster_bytes: u32) -> &'static str {
    let has_largest = cluster_bytes == ClusterSize::MAX.bytes();
    match (fat_type, has_largest) {
        (FatType::Fat32, true) => "",
        (FatType::Fat32, false) => ", or its clusters larger",
        (FatType::Fat16, true) => ", or take FAT32",
        (FatType::Fat16, false) => ", or its clusters larger, or take FAT32",
        // Most sizes that are too large for it are too small for FAT32.
        (FatType::Fat12, true) => ", or take FAT16 or FAT32",
        (FatType::Fat12, false) => ", or its clusters larger, or take FAT16 or FAT32",
    }
}
