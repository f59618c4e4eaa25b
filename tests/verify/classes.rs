//! Differences between hsb and others on damaged images that are as they should be, and why.

use super::bases::Judge::{self, E2fsck, FsckFat, Sfdisk, Sgdisk};
use super::damage::Case;

/// A kind of difference.
pub(crate) struct Class {
    judge: Judge,
    /// Whether it is hsb that finds it.
    is_ours: bool,
    /// What the first problem that is told has, or all that the others say.
    text: &'static str,
    /// Why the other one does not find it.
    #[allow(dead_code, reason = "for the reader")]
    why: &'static str,
}

const fn only_ours(judge: Judge, text: &'static str, why: &'static str) -> Class {
    Class {
        judge,
        is_ours: true,
        text,
        why,
    }
}

const fn only_theirs(judge: Judge, text: &'static str, why: &'static str) -> Class {
    Class {
        judge,
        is_ours: false,
        text,
        why,
    }
}

const COPIES: &str = "copies are read only when the first one is broken";
const RESIZE: &str = "of what resize2fs will use, only the beginning is looked at";
const PADDING: &str = "bytes that must be as they are by the specification, but nobody reads";

const CLASSES: &[Class] = &[
    only_theirs(E2fsck, "is in the future", "hsb asks no clock"),
    only_ours(E2fsck, "superblock copy of group", COPIES),
    only_ours(E2fsck, ", copy in group", COPIES),
    only_ours(E2fsck, "reserved descriptor block", RESIZE),
    only_ours(E2fsck, "resize inode: list", RESIZE),
    only_ours(E2fsck, "journal: the copy of its map", COPIES),
    only_ours(
        E2fsck,
        "journal: first block of the log",
        "an empty journal is not walked",
    ),
    only_ours(
        E2fsck,
        "superblock: state",
        "e2fsck -f checks whatever the state is",
    ),
    only_ours(
        E2fsck,
        "superblock: behaviour on errors",
        "the kernel's business",
    ),
    only_ours(
        E2fsck,
        "inode 8: ",
        "of special inodes only what makes them special is looked at",
    ),
    only_ours(
        E2fsck,
        "superblock: hash version",
        "only each directory's own is used",
    ),
    only_ours(E2fsck, "are possible", "unknown flags are kept"),
    only_ours(
        E2fsck,
        "attribute's value, without that feature",
        "the flag is looked at with the feature only",
    ),
    only_ours(E2fsck, "resize inode: is not a file with one link", RESIZE),
    only_ours(
        FsckFat,
        "boot sector: signature is",
        "only for FAT32 are boot sectors compared",
    ),
    only_ours(
        FsckFat,
        "boot sector: media is",
        "a medium that nobody knows is one all the same",
    ),
    only_theirs(
        FsckFat,
        "stored in root directory is not valid",
        "fsck.fat takes bytes from 0x80 on as negative, so below 0x20",
    ),
    only_ours(FsckFat, "a long name ends in the middle", PADDING),
    only_ours(
        FsckFat,
        "a long name has characters that no name has",
        "fsck.fat shows any character",
    ),
    only_ours(FsckFat, "FSInfo: what is reserved is not zero", PADDING),
    only_ours(
        FsckFat,
        "boot sector: does not start with a jump",
        "for programs that boot",
    ),
    only_ours(FsckFat, "attributes are", PADDING),
    only_ours(
        FsckFat,
        "not a short name",
        "fsck.fat allows lower case and more signs",
    ),
    only_ours(
        FsckFat,
        "one of . and .. is no directory, or has a size",
        "fsck.fat gives them no size itself",
    ),
    only_ours(
        FsckFat,
        "a label is not alone in the root, or has content",
        "fsck.fat looks at its name only",
    ),
    only_ours(Sgdisk, "the rest of its sector is not zero", PADDING),
    only_ours(Sgdisk, "protective MBR", "sgdisk -v looks at the GPT"),
    only_theirs(
        Sfdisk,
        "greater than the maximum",
        "sfdisk adds up more than the partitions",
    ),
    only_ours(
        Sfdisk,
        "its link at sector",
        "sfdisk leaves out what it cannot follow",
    ),
    only_ours(
        Sfdisk,
        "has no type, but its entry is not empty",
        "no type is no partition",
    ),
    only_ours(
        Sfdisk,
        "the disk has",
        "sfdisk leaves out what it cannot follow",
    ),
    only_ours(
        Sfdisk,
        "status is",
        "any status is shown as bootable or not",
    ),
];

/// Returns the class of a difference. The first problem is the cause, others may follow from it.
pub(crate) fn explain(judge: Judge, case: &Case) -> Option<&'static Class> {
    let is_ours = case.ours.0;
    let told = if is_ours {
        case.ours.1.lines().next()
    } else {
        Some(&*case.theirs.1)
    };
    let told = told.unwrap_or_default();
    let mut classes = CLASSES.iter();
    classes
        .find(|class| class.judge == judge && class.is_ours == is_ours && told.contains(class.text))
}
