//! The feature words of a superblock: what is known, and what can be checked.

use crate::fields::Fields;
use crate::verify::problem::Problems;

/// The three feature words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    /// A kernel that does not know one of these may write all the same.
    pub compatible: u32,
    /// A kernel that does not know one of these must not mount.
    pub incompatible: u32,
    /// A kernel that does not know one of these may only read.
    pub read_only: u32,
}

/// A word, its bit, and its name in e2fsprogs; whether the checks here know what follows from it.
struct Feature(usize, u32, &'static str, bool);

const FEATURES: [Feature; 46] = [
    Feature(0, 0x1, "dir_prealloc", true),
    Feature(0, 0x2, "imagic_inodes", false),
    Feature(0, 0x4, "has_journal", true),
    Feature(0, 0x8, "ext_attr", true),
    Feature(0, 0x10, "resize_inode", true),
    Feature(0, 0x20, "dir_index", true),
    Feature(0, 0x40, "lazy_bg", false),
    Feature(0, 0x80, "exclude_inode", false),
    Feature(0, 0x100, "exclude_bitmap", false),
    Feature(0, 0x200, "sparse_super2", true),
    Feature(0, 0x400, "fast_commit", true),
    Feature(0, 0x800, "stable_inodes", true),
    Feature(0, 0x1000, "orphan_file", true),
    Feature(1, 0x1, "compression", false),
    Feature(1, 0x2, "filetype", true),
    Feature(1, 0x4, "needs_recovery", true),
    Feature(1, 0x8, "journal_dev", false),
    Feature(1, 0x10, "meta_bg", false),
    Feature(1, 0x40, "extents", true),
    Feature(1, 0x80, "64bit", true),
    Feature(1, 0x100, "mmp", false),
    Feature(1, 0x200, "flex_bg", true),
    Feature(1, 0x400, "ea_inode", true),
    Feature(1, 0x1000, "dirdata", false),
    Feature(1, 0x2000, "metadata_csum_seed", true),
    Feature(1, 0x4000, "large_dir", true),
    Feature(1, 0x8000, "inline_data", false),
    Feature(1, 0x1_0000, "encrypt", false),
    Feature(1, 0x2_0000, "casefold", false),
    Feature(2, 0x1, "sparse_super", true),
    Feature(2, 0x2, "large_file", true),
    Feature(2, 0x4, "btree_dir", false),
    Feature(2, 0x8, "huge_file", true),
    Feature(2, 0x10, "uninit_bg", true),
    Feature(2, 0x20, "dir_nlink", true),
    Feature(2, 0x40, "extra_isize", true),
    Feature(2, 0x80, "has_snapshot", false),
    Feature(2, 0x100, "quota", false),
    Feature(2, 0x200, "bigalloc", false),
    Feature(2, 0x400, "metadata_csum", true),
    Feature(2, 0x800, "replica", false),
    Feature(2, 0x1000, "read-only", true),
    Feature(2, 0x2000, "project", false),
    Feature(2, 0x4000, "shared_blocks", false),
    Feature(2, 0x8000, "verity", true),
    Feature(2, 0x1_0000, "orphan_present", true),
];

/// Reports features that are unknown or not supported, and combinations that must not be.
///
/// Returns whether the rest of the filesystem can be checked.
pub(super) fn check(features: Features, problems: &mut Problems) -> bool {
    const PLACE: &str = "superblock";
    let words = [
        ("compatible", features.compatible),
        ("incompatible", features.incompatible),
        ("read-only compatible", features.read_only),
    ];
    let mut can_check = true;
    for (index, (name, word)) in words.into_iter().enumerate() {
        let mut unknown = word;
        for Feature(_, bit, feature, supported) in
            FEATURES.iter().filter(|feature| feature.0 == index)
        {
            unknown &= !bit;
            if word & bit != 0 && !supported {
                let what = format_args!("feature {feature} is not supported here: not checked");
                problems.add(PLACE, what);
                can_check = false;
            }
        }
        if unknown != 0 {
            let what = format_args!("unknown {name} features {unknown:#x}: not checked");
            problems.add(PLACE, what);
            can_check = false;
        }
    }
    if features.metadata_csum() && features.read_only & 0x10 != 0 {
        problems.add(
            PLACE,
            "features metadata_csum and uninit_bg, only one may be set",
        );
    }
    if features.checksum_seed() && !features.metadata_csum() {
        problems.add(PLACE, "feature metadata_csum_seed without metadata_csum");
    }
    if features.wide() && !features.extents() {
        problems.add(PLACE, "feature 64bit without extents");
    }
    if features.incompatible & 0x4 != 0 {
        problems.add(
            PLACE,
            "needs_recovery: the journal has to be replayed; what follows is as if it had not been",
        );
    }
    if features.read_only & 0x1_0000 != 0 {
        problems.add(PLACE, "orphan_present: the orphan file has to be emptied");
    }
    can_check
}

impl Features {
    /// Reads the words of a superblock.
    pub(super) fn read(raw: &[u8]) -> Self {
        Self {
            compatible: raw.le32(0x5C),
            incompatible: raw.le32(0x60),
            read_only: raw.le32(0x64),
        }
    }

    /// Whether there is a journal.
    pub(super) fn journal(self) -> bool {
        self.compatible & 0x4 != 0
    }

    /// Whether inodes may have attributes.
    pub(super) fn attributes(self) -> bool {
        self.compatible & 0x8 != 0
    }

    /// Whether inode 7 keeps blocks for more group descriptors.
    pub(super) fn resize_inode(self) -> bool {
        self.compatible & 0x10 != 0
    }

    /// Whether directories may have an index.
    pub(super) fn hashed_directories(self) -> bool {
        self.compatible & 0x20 != 0
    }

    /// Whether the superblock names the two groups that have copies.
    pub(super) fn two_copies(self) -> bool {
        self.compatible & 0x200 != 0
    }

    /// Whether orphans are kept in a file.
    pub(super) fn orphan_file(self) -> bool {
        self.compatible & 0x1000 != 0
    }

    /// Whether directory entries give the type of their inode.
    pub(super) fn entry_types(self) -> bool {
        self.incompatible & 0x2 != 0
    }

    /// Whether files may be mapped by extents.
    pub(super) fn extents(self) -> bool {
        self.incompatible & 0x40 != 0
    }

    /// Whether block numbers have 64 bits.
    pub(super) fn wide(self) -> bool {
        self.incompatible & 0x80 != 0
    }

    /// Whether bitmaps and inode tables may lie in other groups.
    pub(super) fn flex_groups(self) -> bool {
        self.incompatible & 0x200 != 0
    }

    /// Whether the value of an attribute may be an inode.
    pub(super) fn attribute_inodes(self) -> bool {
        self.incompatible & 0x400 != 0
    }

    /// Whether the superblock gives the seed of all checksums.
    pub(super) fn checksum_seed(self) -> bool {
        self.incompatible & 0x2000 != 0
    }

    /// Whether directories may have three levels of index and more than 2 GiB.
    pub(super) fn large_directories(self) -> bool {
        self.incompatible & 0x4000 != 0
    }

    /// Whether only some groups have copies of the superblock.
    pub(super) fn sparse_super(self) -> bool {
        self.read_only & 0x1 != 0
    }

    /// Whether files may have 2 GiB and more.
    pub(super) fn large_files(self) -> bool {
        self.read_only & 0x2 != 0
    }

    /// Whether files may have 2^32 sectors and more.
    pub(super) fn huge_files(self) -> bool {
        self.read_only & 0x8 != 0
    }

    /// Whether directories may have more subdirectories than links can count.
    pub(super) fn many_subdirectories(self) -> bool {
        self.read_only & 0x20 != 0
    }

    /// Whether all metadata has checksums.
    pub(super) fn metadata_csum(self) -> bool {
        self.read_only & 0x400 != 0
    }

    /// Whether group descriptors have checksums, and with them flags for what is not initialised.
    pub(super) fn group_checksums(self) -> bool {
        self.read_only & 0x410 != 0
    }
}
