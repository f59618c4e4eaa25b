//! What is known by its magic number, but not read.

use std::io;

use super::Found;
use crate::disk::Disk;

/// An offset, what is there, the name, and whether a root filesystem may be in it.
const KNOWN: &[(u64, &[u8], &str, bool)] = &[
    (0, b"XFSB", "XFS", true),
    (0x1_0040, b"_BHRfS_M", "btrfs", true),
    (0, b"LUKS\xba\xbe", "an encrypted volume (LUKS)", true),
    (512, b"LABELONE", "an LVM volume", true),
    (0, b"LABELONE", "an LVM volume", true),
    (0, b"hsqs", "squashfs", true),
    (1024, b"\xe2\xe1\xf5\xe0", "EROFS", true),
    (1024, b"\x10\x20\xf5\xf2", "F2FS", true),
    (4096, b"\xfc\x4e\x2b\xa9", "a RAID member (md)", true),
    (0, b"\xfc\x4e\x2b\xa9", "a RAID member (md)", true),
    (0x1_0034, b"ReIsEr", "ReiserFS", true),
    (0x8000, b"JFS1", "JFS", true),
    (0x8001, b"CD001", "ISO 9660", true),
    (3, b"NTFS    ", "NTFS", false),
    (3, b"EXFAT   ", "exFAT", false),
    (3, b"-FVE-FS-", "an encrypted volume (BitLocker)", false),
    // At the end of the first page, which is mostly of 4 KiB, or of 16 or 64.
    (4086, b"SWAPSPACE2", "swap", false),
    (16_374, b"SWAPSPACE2", "swap", false),
    (65_526, b"SWAPSPACE2", "swap", false),
];

/// Returns what a disk holds.
pub(super) fn recognise(disk: &dyn Disk) -> io::Result<Option<Found>> {
    for (at, magic, name, may_be_root) in KNOWN {
        if disk.read_padded(*at, magic.len())? == *magic {
            return Ok(Some(Found::Other(name, *may_be_root)));
        }
    }
    Ok(None)
}
