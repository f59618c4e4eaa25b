//! One inode's 256 bytes.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/inodes.rst`.

use std::ops::RangeInclusive;

use zerocopy::IntoBytes;

use super::checksum::Seed;
use super::format::{self, INODE_SIZE, inode_flags};
use super::geometry::BlockSize;
use super::{hi16, hi32, high16, lo16, lo32, xattr};
use crate::tree::{Device, Kind, Meta, Timestamp};

/// The longest target that lies in the inode itself.
pub(super) const FAST_SYMLINK_MAX: usize = 59;

/// The most links that ext4 counts (`EXT4_LINK_MAX`).
pub(super) const MAX_LINKS: u32 = 65000;

const EXTRA_SIZE: u16 = 32;

/// File type bits of `i_mode`.
pub(super) mod file_type {
    pub(crate) const FIFO: u16 = 0x1000;
    pub(crate) const CHAR_DEVICE: u16 = 0x2000;
    pub(crate) const DIRECTORY: u16 = 0x4000;
    pub(crate) const BLOCK_DEVICE: u16 = 0x6000;
    pub(crate) const FILE: u16 = 0x8000;
    pub(crate) const SYMLINK: u16 = 0xA000;
    pub(crate) const SOCKET: u16 = 0xC000;
}

/// Returns the type bits of `i_mode` and the type byte of a directory entry.
pub(super) fn types(kind: &Kind) -> (u16, u8) {
    match kind {
        Kind::File(_) => (file_type::FILE, 1),
        Kind::Directory(_) => (file_type::DIRECTORY, 2),
        Kind::CharDevice(_) => (file_type::CHAR_DEVICE, 3),
        Kind::BlockDevice(_) => (file_type::BLOCK_DEVICE, 4),
        Kind::Fifo => (file_type::FIFO, 5),
        Kind::Socket => (file_type::SOCKET, 6),
        Kind::Symlink(_) => (file_type::SYMLINK, 7),
    }
}

/// All that an inode says.
pub(super) struct Fields {
    pub file_type: u16,
    pub meta: Meta,
    pub links: u32,
    pub size: u64,
    /// Blocks that the inode occupies: content, extent tree and attributes.
    pub blocks: u64,
    pub flags: u32,
    /// `i_block`: the root of an extent tree, a link's target, or a device number.
    pub block: [u8; 60],
    pub xattrs: [u8; xattr::IN_INODE],
    pub xattr_block: u64,
    /// Of an inode that holds the value of an attribute: the value's checksum.
    pub value_hash: Option<u32>,
}

impl Fields {
    /// Returns an inode without links, content or attributes.
    pub(super) fn new(file_type: u16, meta: Meta) -> Self {
        Self {
            file_type,
            meta,
            links: 1,
            size: 0,
            blocks: 0,
            flags: 0,
            block: [0; 60],
            xattrs: [0; xattr::IN_INODE],
            xattr_block: 0,
            value_hash: None,
        }
    }

    /// Writes the inode with its checksum.
    pub(super) fn render(&self, out: &mut [u8], number: u32, block_size: BlockSize, seed: Seed) {
        let Meta {
            mode,
            uid,
            gid,
            mtime,
        } = self.meta;
        let (time, time_extra) = stored_time(mtime);
        // An attribute's value keeps its checksum as access time, and the count of its users as
        // version and change time.
        let (atime, ctime, version) = match self.value_hash {
            Some(hash) => ((hash, 0), (0, 0), 1),
            None => ((time, time_extra), (time, time_extra), 0),
        };
        // From 2^32 sectors on, blocks are counted instead.
        let sectors = self.blocks * (block_size.bytes64() / 512);
        let (blocks, huge) = if sectors >> 32 == 0 {
            (sectors, 0)
        } else {
            (self.blocks, inode_flags::HUGE_FILE)
        };
        let mut inode = format::Inode {
            mode: (self.file_type | (mode & 0o7777)).into(),
            uid_lo: lo16(uid).into(),
            size_lo: lo32(self.size).into(),
            atime: atime.0.into(),
            ctime: ctime.0.into(),
            mtime: time.into(),
            dtime: 0.into(),
            gid_lo: lo16(gid).into(),
            links_count: u16::try_from(self.links)
                .expect("checked against MAX_LINKS")
                .into(),
            blocks_lo: lo32(blocks).into(),
            flags: (self.flags | huge).into(),
            version_lo: version.into(),
            block: self.block,
            generation: 0.into(),
            file_acl_lo: lo32(self.xattr_block).into(),
            size_high: hi32(self.size).into(),
            obso_faddr: 0.into(),
            blocks_high: hi16(blocks).into(),
            file_acl_high: hi16(self.xattr_block).into(),
            uid_high: high16(uid).into(),
            gid_high: high16(gid).into(),
            checksum_lo: 0.into(),
            reserved: 0.into(),
            extra_isize: EXTRA_SIZE.into(),
            checksum_hi: 0.into(),
            ctime_extra: ctime.1.into(),
            mtime_extra: time_extra.into(),
            atime_extra: atime.1.into(),
            crtime: time.into(),
            crtime_extra: time_extra.into(),
            version_hi: 0.into(),
            projid: 0.into(),
            xattrs: self.xattrs,
        };
        let sum = seed.inode(number).over(inode.as_bytes());
        inode.checksum_lo = lo16(sum).into();
        inode.checksum_hi = high16(sum).into();
        out[..INODE_SIZE as usize].copy_from_slice(inode.as_bytes());
    }
}

/// The seconds since 1970 that ext4 can store: from 1901-12-13 to 2446-05-10.
pub const TIMES: RangeInclusive<i64> = -(1 << 31)..=(1 << 34) - (1 << 31) - 1;

/// Splits a time into its 32 bits of seconds and the word with two more bits and nanoseconds.
///
/// What is outside [`TIMES`] becomes the nearest within.
pub(super) fn stored_time(time: Timestamp) -> (u32, u32) {
    let secs = time.secs.clamp(*TIMES.start(), *TIMES.end());
    let nanos = if secs == time.secs { time.nanos } else { 0 };
    // The low 32 bits are signed; the two extra bits count how often 2^32 is to be added.
    let low = lo32(secs.cast_unsigned());
    let epoch = (secs - i64::from(low.cast_signed())) >> 32;
    (low, nanos << 2 | lo32(epoch.cast_unsigned()))
}

/// Returns `i_block` of a device node: the old form where both numbers fit in a byte.
pub(super) fn device_block(device: Device) -> [u8; 60] {
    let Device { major, minor } = device;
    let mut block = [0; 60];
    if major < 256 && minor < 256 {
        block[..4].copy_from_slice(&(major << 8 | minor).to_le_bytes());
    } else {
        let number = (minor & 0xFF) | major << 8 | (minor & !0xFF) << 12;
        block[4..8].copy_from_slice(&number.to_le_bytes());
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_at_the_ends_of_each_epoch() {
        let at = |secs, nanos| stored_time(Timestamp { secs, nanos });
        for (secs, nanos, want) in [
            (0, 1, (0, 4)),
            (-1, 999_999_999, (0xFFFF_FFFF, 999_999_999 << 2)),
            (-(1 << 31), 0, (0x8000_0000, 0)),
            ((1 << 31) - 1, 0, (0x7FFF_FFFF, 0)),
            (1 << 31, 0, (0x8000_0000, 1)),
            ((1 << 32) - 1, 5, (0xFFFF_FFFF, 5 << 2 | 1)),
            (1 << 32, 0, (0, 1)),
            ((1 << 34) - (1 << 31) - 1, 0, (0x7FFF_FFFF, 3)),
            (1 << 34, 7, (0x7FFF_FFFF, 3)),
            (i64::MIN, 7, (0x8000_0000, 0)),
        ] {
            assert_eq!(at(secs, nanos), want, "{secs}");
        }
    }

    #[test]
    fn what_a_mode_has_beyond_permissions_changes_no_type() {
        let mut out = [0; INODE_SIZE as usize];
        let fields = Fields::new(
            file_type::DIRECTORY,
            Meta::root(0o107_755, Timestamp::default()),
        );
        let seed = Seed::new(&uuid::Uuid::nil());
        fields.render(&mut out, 2, BlockSize::DEFAULT, seed);
        assert_eq!(out[..2], 0o47_755_u16.to_le_bytes());
    }

    #[test]
    fn device_numbers_in_both_forms() {
        for (major, minor, want) in [
            (255, 255, [0xFF, 0xFF, 0, 0, 0, 0, 0, 0]),
            (256, 1, [0, 0, 0, 0, 1, 0, 1, 0]),
            (4095, 0xF_FFFF, [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]),
        ] {
            assert_eq!(device_block(Device { major, minor })[..8], want);
        }
    }
}
