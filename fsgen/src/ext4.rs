//! ext4, written in one pass: [`plan`] decides where everything lies, [`write()`] only emits it.
//!
//! The filesystem has what a current kernel and e2fsprogs make by default: a journal, extents,
//! hashed directories, 64-bit block numbers, checksums over all metadata, and room in the group
//! descriptor table to be grown online. `fsgen/README.md` lists the features.

pub mod acl;
mod checksum;
mod directory;
mod extent;
mod fit;
mod format;
mod gather;
mod geometry;
mod hash;
mod inode;
mod journal;
mod layout;
mod measure;
mod numbering;
mod orphan;
mod part;
mod place;
mod render;
mod share;
mod space;
mod superblock;
mod write;
mod xattr;

use std::io;

use thiserror::Error;
use uuid::Uuid;

pub use crate::size::Size;
pub use geometry::{BlockSize, Geometry};
pub use inode::TIMES;
pub use layout::{Layout, plan};
pub use part::{Holder, Part};
pub use share::LARGE;
pub use write::write;

use crate::tree::{Timestamp, path};

/// What a filesystem is like, its content apart.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of a block.
    pub block_size: BlockSize,
    /// Number of inodes; by default as `bytes_per_inode` says, and enough for the content.
    pub inodes: Option<u64>,
    /// Bytes of the filesystem for each inode; less than a block counts as one block.
    pub bytes_per_inode: u64,
    /// Blocks that only root may use, in hundredths of a percent of all blocks: 5,000 at most.
    pub reserved_hundredths: u16,
    /// Size of the journal.
    pub journal: Journal,
    /// Which features it has.
    pub profile: Profile,
    /// Volume label, at most 16 bytes.
    pub label: String,
    /// UUID of the filesystem; the seed of all its checksums too.
    pub uuid: Uuid,
    /// Seed of the directory hash.
    pub hash_seed: Uuid,
    /// When the filesystem was made, as its superblock says.
    pub time: Timestamp,
}

impl Options {
    /// Returns the options that mke2fs would take by default.
    pub fn new(uuid: Uuid, hash_seed: Uuid, time: Timestamp) -> Self {
        Self {
            block_size: BlockSize::DEFAULT,
            inodes: None,
            bytes_per_inode: 16384,
            reserved_hundredths: 500,
            journal: Journal::Auto,
            profile: Profile::Compat,
            label: String::new(),
            uuid,
            hash_seed,
            time,
        }
    }
}

/// Which features a filesystem has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Those that Linux 4, GRUB 2.06 and e2fsprogs 1.45 know.
    #[default]
    Compat,
    /// `metadata_csum_seed` and `orphan_file` too: the UUID can be changed while it is mounted,
    /// and many files can be unlinked at once. Takes Linux 4.4 (5.15 to use the orphan file),
    /// GRUB 2.12 and e2fsprogs 1.47.
    Modern,
}

/// The journal that a filesystem gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// A size that goes with the size of the filesystem; none below 2,048 blocks.
    Auto,
    /// The same, but 1,024 blocks where that would be none.
    Always,
    /// No journal.
    None,
    /// This many bytes.
    Bytes(u64),
}

/// Why a tree cannot become an ext4 filesystem.
#[derive(Debug, Error)]
pub enum Error {
    /// The content needs more room than there is.
    #[error(
        "the content needs {need} bytes{}, the filesystem has {have}; make it at least {need} bytes",
        with_journal(*.journal)
    )]
    TooSmall {
        /// Bytes that would do.
        need: u64,
        /// Bytes of them that are the journal's.
        journal: u64,
        /// Bytes asked for.
        have: u64,
    },
    /// The size is beyond what the format or the block size allows.
    #[error(
        "a filesystem of {bytes} bytes; with blocks of {} bytes it can have at most {}",
        block_size.bytes(),
        block_size.largest()
    )]
    TooLarge {
        /// Bytes asked for.
        bytes: u64,
        /// Its blocks.
        block_size: BlockSize,
    },
    /// More inodes than the groups can hold.
    #[error(
        "{inodes} inodes, at most {max} are possible at this size; make the filesystem larger or ask for fewer inodes"
    )]
    TooManyInodes {
        /// Inodes asked for.
        inodes: u64,
        /// The most there can be.
        max: u64,
    },
    /// Fewer inodes asked for than the content has.
    #[error("the content needs {need} inodes, `inodes` gives {have}; raise it")]
    TooFewInodes {
        /// Inodes that the content needs, the reserved ones included.
        need: u64,
        /// Inodes asked for.
        have: u64,
    },
    /// A journal that jbd2 would refuse.
    #[error(
        "a journal of {bytes} bytes; with blocks of {} bytes it can have {} to {}",
        block_size.bytes(),
        journal::MIN_BLOCKS * block_size.bytes64(),
        journal::MAX_BLOCKS * block_size.bytes64()
    )]
    JournalSize {
        /// Bytes asked for.
        bytes: u64,
        /// The blocks it would be made of.
        block_size: BlockSize,
    },
    /// A label that does not fit the superblock.
    #[error("label {label:?} has {len} bytes, at most 16 are allowed", len = label.len())]
    Label {
        /// The label.
        label: String,
    },
    /// One file or directory that the format has no place for.
    #[error("{}: {what}", path.escape_ascii())]
    Entry {
        /// Path in the tree.
        path: Vec<u8>,
        /// What is wrong, with found and allowed.
        what: String,
    },
    /// A mount point that is not a directory of the tree.
    #[error("mount point {}: {why}", path.escape_ascii())]
    MountPoint {
        /// Path in the tree.
        path: Vec<u8>,
        /// Where the path leads.
        why: path::PathError,
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

fn with_journal(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        bytes => format!(" ({bytes} of them for its journal)"),
    }
}

/// Returns the low half of a number that the format keeps in two halves.
#[allow(clippy::cast_possible_truncation)]
const fn lo32(value: u64) -> u32 {
    value as u32
}

/// Returns bits 32 to 63.
const fn hi32(value: u64) -> u32 {
    lo32(value >> 32)
}

/// Returns bits 32 to 47: the high part of a block number.
#[allow(clippy::cast_possible_truncation)]
const fn hi16(value: u64) -> u16 {
    (value >> 32) as u16
}

/// Returns the low 16 bits of a number that the format keeps in two halves.
#[allow(clippy::cast_possible_truncation)]
const fn lo16(value: u32) -> u16 {
    value as u16
}

/// Returns bits 16 to 31.
const fn high16(value: u32) -> u16 {
    lo16(value >> 16)
}
