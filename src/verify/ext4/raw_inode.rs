//! The bytes of one inode, by the names of its fields.
//!
//! Source: the kernel's Documentation/filesystems/ext4/inodes.rst.

use crate::crc::crc32c;
use crate::fields::{Fields, slice};

/// The content, or the target, must not change; content may only be appended.
pub(super) const UNCHANGING: u32 = 0x30;
/// The directory has an index.
pub(super) const INDEX: u32 = 0x1000;
/// `blocks` counts blocks of the filesystem, not of 512 bytes.
pub(super) const HUGE_FILE: u32 = 0x4_0000;
/// The map is an extent tree.
pub(super) const EXTENTS: u32 = 0x8_0000;
/// Beyond the end of the file lies its Merkle tree.
pub(super) const VERITY: u32 = 0x10_0000;
/// The content is the value of an attribute.
pub(super) const ATTRIBUTE_VALUE: u32 = 0x20_0000;
/// Flags of features that are not supported: encryption, inline data, casefolding, and the
/// compression and snapshots of old.
pub(super) const UNSUPPORTED: u32 = 0x5100_2A00;

/// What kind of file an inode is, as directory entries number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileType {
    Regular = 1,
    Directory = 2,
    CharDevice = 3,
    BlockDevice = 4,
    Fifo = 5,
    Socket = 6,
    Symlink = 7,
}

/// An inode as it lies in its table.
#[derive(Clone, Copy)]
pub(super) struct RawInode<'a>(pub &'a [u8]);

impl<'a> RawInode<'a> {
    pub(super) fn mode(self) -> u16 {
        self.0.le16(0x00)
    }

    /// Returns the type that the mode gives, if there is such a type.
    pub(super) fn file_type(self) -> Option<FileType> {
        Some(match self.mode() >> 12 {
            0x1 => FileType::Fifo,
            0x2 => FileType::CharDevice,
            0x4 => FileType::Directory,
            0x6 => FileType::BlockDevice,
            0x8 => FileType::Regular,
            0xA => FileType::Symlink,
            0xC => FileType::Socket,
            _ => return None,
        })
    }

    /// Returns the size in bytes.
    pub(super) fn size(self) -> u64 {
        self.0.split64(0x04, 0x6C)
    }

    /// Returns the low halves of the owner's and the group's number.
    pub(super) fn owners(self) -> [u16; 2] {
        [self.0.le16(0x02), self.0.le16(0x18)]
    }

    pub(super) fn links(self) -> u16 {
        self.0.le16(0x1A)
    }

    pub(super) fn deletion_time(self) -> u32 {
        self.0.le32(0x14)
    }

    /// Returns the count of blocks, in units that a flag tells.
    pub(super) fn blocks(self) -> u64 {
        u64::from(self.0.le32(0x1C)) | u64::from(self.0.le16(0x74)) << 32
    }

    pub(super) fn flags(self) -> u32 {
        self.0.le32(0x20)
    }

    pub(super) fn has(self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    /// Returns the 60 bytes of the map, of a short link's target, or of a device number.
    pub(super) fn map(self) -> &'a [u8] {
        slice(self.0, 0x28, 60)
    }

    pub(super) fn generation(self) -> u32 {
        self.0.le32(0x64)
    }

    /// Returns the block of attributes, or 0.
    pub(super) fn attribute_block(self) -> u64 {
        u64::from(self.0.le32(0x68)) | u64::from(self.0.le16(0x76)) << 32
    }

    /// Returns a field that nothing uses any more.
    pub(super) fn fragment_address(self) -> u32 {
        self.0.le32(0x70)
    }

    /// Returns how many bytes after the first 128 are fields.
    pub(super) fn extra_size(self) -> u16 {
        self.0.le16(0x80)
    }

    /// Returns how often an attribute's value is used: a counter in fields that it does not need.
    pub(super) fn value_references(self) -> u64 {
        u64::from(self.0.le32(0x24)) | u64::from(self.0.le32(0x0C)) << 32
    }

    /// Returns the checksum of an attribute's value, which lies in place of the access time.
    pub(super) fn value_checksum(self) -> u32 {
        self.0.le32(0x08)
    }

    /// Returns the checksum found and the one that must be.
    pub(super) fn checksums(self, seed: u32) -> (u32, u32) {
        let mut state = crc32c(seed, slice(self.0, 0, 0x7C));
        state = crc32c(state, &[0, 0]);
        state = crc32c(state, slice(self.0, 0x7E, 0x82 - 0x7E));
        // The high half exists where the inode is large enough, and says so.
        if self.0.len() > 128 && self.extra_size() >= 4 {
            state = crc32c(state, &[0, 0]);
            state = crc32c(state, slice(self.0, 0x84, self.0.len()));
            let high = u32::from(self.0.le16(0x82)) << 16;
            (u32::from(self.0.le16(0x7C)) | high, state)
        } else {
            state = crc32c(state, slice(self.0, 0x82, self.0.len()));
            (self.0.le16(0x7C).into(), state & 0xFFFF)
        }
    }
}
