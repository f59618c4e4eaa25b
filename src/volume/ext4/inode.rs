//! One inode, by the names of its fields.
//!
//! Source: the kernel's Documentation/filesystems/ext4/inodes.rst.

use anyhow::{Result, bail, ensure};
use fsgen::tree::Device;
use fsgen::{Meta, Timestamp};

use super::superblock::Superblock;
use crate::crc::crc32c;
use crate::fields::{Fields as _, slice};
use crate::reader::Kind;
use crate::volume::Encrypted;

const COMPRESSED: u32 = 0x4;
const IMMUTABLE: u32 = 0x10;
const APPEND_ONLY: u32 = 0x20;
const ENCRYPTED: u32 = 0x800;
const INDEX: u32 = 0x1000;
const EXTENTS: u32 = 0x8_0000;
const ATTRIBUTE_VALUE: u32 = 0x20_0000;
const INLINE: u32 = 0x1000_0000;

/// The longest target of a link in the inode itself, in bytes.
const SHORT_LINK: u64 = 59;

/// An inode that is in use.
pub(super) struct Inode {
    pub number: u32,
    raw: Vec<u8>,
    pub kind: Kind,
    /// Size in bytes.
    pub size: u64,
    /// What checksums of what belongs to it start with.
    pub seed: u32,
    is_foreign: bool,
}

impl Inode {
    /// Reads an inode from its bytes.
    pub(super) fn parse(number: u32, raw: Vec<u8>, superblock: &Superblock) -> Result<Self> {
        let generation = raw.le32(0x64);
        let seed = crc32c(superblock.seed, &number.to_le_bytes());
        let seed = crc32c(seed, &generation.to_le_bytes());
        if superblock.features.metadata_csum() {
            check(&raw, seed)?;
        }
        let map = slice(&raw, 0x28, 60);
        let mode = raw.le16(0);
        let kind = match mode >> 12 {
            0x1 => Kind::Fifo,
            0x2 => Kind::CharDevice(device(map)),
            0x4 => Kind::Directory,
            0x6 => Kind::BlockDevice(device(map)),
            0x8 => Kind::File,
            0xA => Kind::Symlink,
            0xC => Kind::Socket,
            _ => bail!("its mode is {mode:#o}, which is of no kind of file"),
        };
        ensure!(
            raw.le16(0x1A) > 0,
            "it has no name left, but one leads to it"
        );
        let high = match kind {
            Kind::File => true,
            Kind::Directory => superblock.features.large_dir(),
            _ => false,
        };
        let size = match high {
            true => raw.split64(0x04, 0x6C),
            false => raw.le32(0x04).into(),
        };
        // More than can ever be stored would overflow somewhere.
        ensure!(size < 1 << 62, "a size of {size} bytes");
        Ok(Self {
            number,
            kind,
            size,
            seed,
            is_foreign: superblock.is_foreign(),
            raw,
        })
    }

    pub(super) fn links(&self) -> u64 {
        self.raw.le16(0x1A).into()
    }

    /// Returns owner, permissions and time.
    pub(super) fn meta(&self) -> Result<Meta> {
        let (high_uid, high_gid) = match self.is_foreign {
            true => (0, 0),
            false => (self.raw.le16(0x78), self.raw.le16(0x7A)),
        };
        let id = |low: u16, high: u16| u32::from(low) | u32::from(high) << 16;
        // The extra bytes that are in use say whether there is more than seconds.
        let extra = match self.extra_size() >= 0x8C - 0x80 {
            true => self.raw.le32(0x88),
            false => 0,
        };
        let nanos = extra >> 2;
        ensure!(nanos < 1_000_000_000, "its time has {nanos} nanoseconds");
        let secs = i64::from(self.raw.le32(0x10).cast_signed());
        Ok(Meta {
            mode: self.raw.le16(0) & 0o7777,
            uid: id(self.raw.le16(0x02), high_uid),
            gid: id(self.raw.le16(0x18), high_gid),
            mtime: Timestamp {
                secs: secs + (i64::from(extra & 3) << 32),
                nanos,
            },
        })
    }

    fn extra_size(&self) -> u16 {
        match self.raw.len() {
            ..=128 => 0,
            _ => self.raw.le16(0x80),
        }
    }

    fn has(&self, flag: u32) -> bool {
        self.raw.le32(0x20) & flag != 0
    }

    /// Checks that its content, or the names in it, can be read.
    pub(super) fn check_readable(&self) -> Result<()> {
        ensure!(!self.has(ENCRYPTED), Encrypted);
        ensure!(
            !self.has(COMPRESSED),
            "it is compressed (feature compression), which is not read here"
        );
        Ok(())
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.has(IMMUTABLE | APPEND_ONLY)
    }

    pub(super) fn has_extents(&self) -> bool {
        self.has(EXTENTS)
    }

    pub(super) fn has_index(&self) -> bool {
        self.has(INDEX)
    }

    pub(super) fn is_inline(&self) -> bool {
        self.has(INLINE)
    }

    /// Returns whether it is the value of an attribute, and no file.
    pub(super) fn is_attribute_value(&self) -> bool {
        self.has(ATTRIBUTE_VALUE)
    }

    /// Returns whether it is a link whose target is in the map.
    pub(super) fn is_short_link(&self) -> bool {
        self.size <= SHORT_LINK && !self.has_extents() && !self.is_inline()
    }

    /// Returns the 60 bytes that lead to its content, or are it.
    pub(super) fn map(&self) -> &[u8] {
        slice(&self.raw, 0x28, 60)
    }

    /// Returns the block of attributes, or 0.
    pub(super) fn attribute_block(&self) -> u64 {
        let high = if self.is_foreign {
            0
        } else {
            self.raw.le16(0x76)
        };
        u64::from(self.raw.le32(0x68)) | u64::from(high) << 32
    }

    /// Returns what is behind the fields, where attributes may be.
    pub(super) fn attribute_space(&self) -> &[u8] {
        match self.extra_size() {
            0 => &[],
            extra => slice(&self.raw, 128 + usize::from(extra), self.raw.len()),
        }
    }
}

fn check(raw: &[u8], seed: u32) -> Result<()> {
    let zero = [0, 0];
    let mut state = crc32c(seed, slice(raw, 0, 0x7C));
    state = crc32c(state, &zero);
    state = crc32c(state, slice(raw, 0x7E, 0x82 - 0x7E));
    // The high half exists where the inode is large enough, and says so.
    let is_whole = raw.len() > 128 && raw.le16(0x80) >= 4;
    let (found, expected) = if is_whole {
        state = crc32c(state, &zero);
        state = crc32c(state, slice(raw, 0x84, raw.len()));
        let high = u32::from(raw.le16(0x82)) << 16;
        (u32::from(raw.le16(0x7C)) | high, state)
    } else {
        state = crc32c(state, slice(raw, 0x82, raw.len()));
        (raw.le16(0x7C).into(), state & 0xFFFF)
    };
    ensure!(
        found == expected,
        "its checksum is {found:#x}, expected {expected:#x}"
    );
    Ok(())
}

/// Returns a device's numbers: in the way of old when they are small, else as Linux packs them.
fn device(map: &[u8]) -> Device {
    let (old, new) = (map.le32(0), map.le32(4));
    match old {
        0 => Device {
            major: new >> 8 & 0xFFF,
            minor: new & 0xFF | new >> 12 & 0xF_FF00,
        },
        _ => Device {
            major: old >> 8 & 0xFF,
            minor: old & 0xFF,
        },
    }
}
