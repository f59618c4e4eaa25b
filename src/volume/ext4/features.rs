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
    (0x40, "extent", true),
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

/// What anybody may read and write who does not know it.
const COMPATIBLE: [(u32, &str); 12] = [
    (0x1, "dir_prealloc"),
    (0x2, "imagic_inodes"),
    (0x4, "has_journal"),
    (0x8, "ext_attr"),
    (0x10, "resize_inode"),
    (0x20, "dir_index"),
    (0x40, "lazy_bg"),
    (0x80, "snapshot_bitmap"),
    (0x200, "sparse_super2"),
    (0x400, "fast_commit"),
    (0x800, "stable_inodes"),
    (0x1000, "orphan_file"),
];

/// What anybody may read who does not know it.
const FOR_READING: [(u32, &str); 16] = [
    (0x1, "sparse_super"),
    (0x2, "large_file"),
    (0x8, "huge_file"),
    (0x10, "uninit_bg"),
    (0x20, "dir_nlink"),
    (0x40, "extra_isize"),
    (0x80, "snapshot"),
    (0x100, "quota"),
    (0x200, "bigalloc"),
    (0x400, "metadata_csum"),
    (0x800, "replica"),
    (0x1000, "read-only"),
    (0x2000, "project"),
    (0x4000, "shared_blocks"),
    (0x8000, "verity"),
    (0x1_0000, "orphan_present"),
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

    /// Returns the names of all, in the order in which dumpe2fs has them.
    pub(super) fn names(self) -> Vec<String> {
        let incompatible = INCOMPATIBLE.map(|(bit, name, _)| (bit, name));
        let mut names = words(self.compatible, 'C', &COMPATIBLE);
        names.extend(words(self.incompatible, 'I', &incompatible));
        names.extend(words(self.read_only, 'R', &FOR_READING));
        names
    }

    /// Returns the type that people know a filesystem with them by.
    pub(super) fn kind(self) -> &'static str {
        let is_ext4 = self.extents() || self.wide() || self.metadata_csum();
        match (is_ext4, self.has_journal()) {
            (true, _) => "ext4",
            (false, true) => "ext3",
            (false, false) => "ext2",
        }
    }

    pub(super) fn has_journal(self) -> bool {
        self.compatible & 0x4 != 0
    }

    pub(super) fn dir_index(self) -> bool {
        self.compatible & 0x20 != 0
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

    pub(super) fn uninit_bg(self) -> bool {
        self.read_only & 0x10 != 0
    }

    pub(super) fn metadata_csum(self) -> bool {
        self.read_only & 0x400 != 0
    }
}

/// Returns the names of bits, of those that are not known as e2fsprogs makes them.
fn words(word: u32, letter: char, known: &[(u32, &str)]) -> Vec<String> {
    let bits = (0..32).filter(|bit| word >> bit & 1 == 1);
    let names = bits.map(|bit| {
        let name = known.iter().find(|(known, _)| *known == 1 << bit);
        let unknown = || format!("FEATURE_{letter}{bit}");
        name.map_or_else(unknown, |(_, name)| (*name).to_owned())
    });
    names.collect()
}
