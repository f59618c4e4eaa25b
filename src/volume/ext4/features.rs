//! The feature words of a superblock: which of them are understood.
//!
//! Source: the kernel's fs/ext4/ext4.h; names are those of e2fsprogs.

use anyhow::{Result, bail};

use crate::fields::Fields as _;

/// The three feature words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Features {
    pub compatible: u32,
    pub incompatible: u32,
    pub read_only: u32,
}

/// What nobody who does not know it may read: bit, name, and whether it is known here.
///
/// `encrypt` is, as far as files that are not encrypted go.
const INCOMPATIBLE: [(u32, &str, bool); 16] = [
    (0x1, "compression", false),
    (0x2, "filetype", true),
    (0x4, "needs_recovery", true),
    (0x8, "journal_dev", false),
    (0x10, "meta_bg", true),
    (0x40, "extents", true),
    (0x80, "64bit", true),
    (0x100, "mmp", true),
    (0x200, "flex_bg", true),
    (0x400, "ea_inode", true),
    (0x1000, "dirdata", false),
    (0x2000, "metadata_csum_seed", true),
    (0x4000, "large_dir", true),
    (0x8000, "inline_data", true),
    (0x1_0000, "encrypt", true),
    (0x2_0000, "casefold", true),
];

/// All that is known of what may be read without knowing it.
pub(super) const READ_ONLY_COMPATIBLE: u32 = 0x1_FFFF;

impl Features {
    pub(super) fn read(raw: &[u8]) -> Self {
        Self {
            compatible: raw.le32(0x5C),
            incompatible: raw.le32(0x60),
            read_only: raw.le32(0x64),
        }
    }

    /// Checks that all is known which has to be.
    pub(super) fn check(self) -> Result<()> {
        for bit in (0..32).map(|bit| 1_u32 << bit) {
            if self.incompatible & bit == 0 {
                continue;
            }
            match INCOMPATIBLE.iter().find(|(known, ..)| *known == bit) {
                Some((.., true)) => {}
                Some((_, name, false)) => {
                    bail!("it has the feature {name}, which is not read here")
                }
                None => bail!("it has an incompatible feature {bit:#x}, which is not known here"),
            }
        }
        Ok(())
    }

    pub(super) fn has_journal(self) -> bool {
        self.compatible & 0x4 != 0
    }

    pub(super) fn sparse_super2(self) -> bool {
        self.compatible & 0x200 != 0
    }

    pub(super) fn needs_recovery(self) -> bool {
        self.incompatible & 0x4 != 0
    }

    pub(super) fn meta_bg(self) -> bool {
        self.incompatible & 0x10 != 0
    }

    pub(super) fn extents(self) -> bool {
        self.incompatible & 0x40 != 0
    }

    /// Returns whether block numbers have 64 bits.
    pub(super) fn wide(self) -> bool {
        self.incompatible & 0x80 != 0
    }

    pub(super) fn checksum_seed(self) -> bool {
        self.incompatible & 0x2000 != 0
    }

    pub(super) fn large_dir(self) -> bool {
        self.incompatible & 0x4000 != 0
    }

    pub(super) fn sparse_super(self) -> bool {
        self.read_only & 0x1 != 0
    }

    pub(super) fn metadata_csum(self) -> bool {
        self.read_only & 0x400 != 0
    }
}
