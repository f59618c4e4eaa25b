//! Differences between hsb and others on damaged images that are as they should be, and why.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::bases::Base;
use super::bases::Judge::{self, E2fsck, FsckFat, Sfdisk, Sgdisk};
use super::damage::Case;

/// A kind of difference.
pub(crate) struct Class {
    judge: Judge,
    /// Whether it is hsb that finds it.
    is_ours: bool,
    /// A problem as hsb tells it, all of it; or a part of what the others say. `#` stands for a
    /// number, `@` for that of an inode with a use of its own (1, 7, 8, the orphan file), `*` for anything.
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

const LABEL: &str = "*, entry #: a label is not alone in the root, or has content";
const NO_CLOCK: &str = "hsb asks no clock";
const SPECIAL: &str = "of such inodes only what makes them special is looked at";
const COPIES: &str = "copies are read only when the first one is broken";
const RESIZE: &str = "of what resize2fs will use, only the beginning is looked at";
const PADDING: &str = "bytes that must be as they are by the specification, but nobody reads";

const CLASSES: &[Class] = &[
    only_theirs(E2fsck, "Superblock last mount time (", NO_CLOCK),
    only_theirs(E2fsck, "Superblock last write time (", NO_CLOCK),
    only_theirs(E2fsck, "is in the future.", NO_CLOCK),
    only_ours(E2fsck, "superblock copy of group #: *", COPIES),
    only_ours(E2fsck, "descriptor of group #, copy in group #: *", COPIES),
    only_ours(E2fsck, "reserved descriptor block #: *", RESIZE),
    only_ours(
        E2fsck,
        "resize inode: list # of the resize inode is #, expected #",
        RESIZE,
    ),
    only_ours(E2fsck, "resize inode: is not a file with one link", RESIZE),
    only_ours(
        E2fsck,
        "journal: the copy of its map in the superblock is not the same",
        COPIES,
    ),
    only_ours(
        E2fsck,
        "journal: first block of the log is #, expected #",
        "an empty journal is not walked",
    ),
    only_ours(
        E2fsck,
        "journal: device of another journal is #, expected #",
        "with a journal inside, that is not looked at",
    ),
    only_ours(
        E2fsck,
        "journal: its inode is not a file with one link",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "journal, without the feature: its device is #, expected #",
        "only its inode and UUID are looked at",
    ),
    only_ours(
        E2fsck,
        "journal: has holes, or blocks that were never written",
        "an empty journal is not walked",
    ),
    only_ours(
        E2fsck,
        "orphan file: has holes, or another size than its blocks",
        "blocks that were never written are read all the same",
    ),
    only_ours(
        E2fsck,
        "superblock: revision 0 is not supported: not checked",
        "e2fsck knows it, and hsb tells that it does not",
    ),
    only_ours(
        E2fsck,
        "superblock: least extra inode size is #, at most 0",
        "inodes of 128 bytes have no such size",
    ),
    only_ours(
        E2fsck,
        "superblock: wanted extra inode size is #, at most 0",
        "inodes of 128 bytes have no such size",
    ),
    only_ours(
        E2fsck,
        "inode 1: extent tree: magic is #, expected #",
        SPECIAL,
    ),
    only_ours(E2fsck, "inode @: count of links is #, expected #", SPECIAL),
    only_ours(
        E2fsck,
        "superblock: state is #, expected #",
        "e2fsck -f checks whatever the state is",
    ),
    only_ours(
        E2fsck,
        "superblock: number of errors the kernel met is #, expected #",
        "what the kernel met is not an error itself",
    ),
    only_ours(
        E2fsck,
        "superblock: behaviour on errors is #, expected # to #",
        "the kernel's business",
    ),
    only_ours(
        E2fsck,
        "superblock: hash version is #, at most # is known",
        "only each directory's own is used",
    ),
    only_ours(
        E2fsck,
        "superblock: flags # do not say how directories are hashed",
        "e2fsck -n cannot set them, and says nothing",
    ),
    only_ours(
        E2fsck,
        "superblock: its group number is #, expected #",
        "nobody asks the first superblock for its group",
    ),
    only_ours(
        E2fsck,
        "superblock: the orphan list starts with inode #",
        "e2fsck -n leaves the list alone",
    ),
    only_ours(
        E2fsck,
        "superblock: orphan file in inode #, without the feature",
        "e2fsck looks at that inode only if it is in use",
    ),
    only_ours(
        E2fsck,
        "superblock: feature * is not supported here: not checked",
        "e2fsck knows the feature, and hsb tells that it does not",
    ),
    only_ours(
        E2fsck,
        "inode #: is reserved, and not empty",
        "of inodes without a use only a few fields are looked at",
    ),
    only_ours(
        E2fsck,
        "inode of the bad blocks: attribute block is #, expected #",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: # extra bytes, at most #, by fours",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: address of a fragment is #, expected #",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: has the flag for an index, which it cannot have",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: is in use, with a deletion time of #",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: its attributes would be at block #",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: the number of its attribute block has more than 32 bits",
        SPECIAL,
    ),
    only_ours(
        E2fsck,
        "inode @: the count of its blocks has more than 32 bits",
        SPECIAL,
    ),
    only_ours(E2fsck, "inode @: flags # are not supported here", SPECIAL),
    only_ours(
        E2fsck,
        "inode #: flags 0x1000000 are not supported here",
        "snapshots of old are not known to it",
    ),
    only_ours(
        E2fsck,
        "group #: flags #, only # are possible",
        "unknown flags are kept",
    ),
    only_ours(
        E2fsck,
        "inode #: size of the directory is #, its blocks end with block # of # bytes",
        "the size in blocks is taken as 32 bits, and blocks of the future may follow",
    ),
    only_ours(
        E2fsck,
        "inode #: attribute *: unknown kind of name",
        "what names start with is the kernel's business",
    ),
    only_ours(
        E2fsck,
        "inode #: attribute at byte #: name of # bytes",
        "in an inode, any name is taken that fits",
    ),
    only_ours(
        E2fsck,
        "attribute block #: attribute *: unknown kind of name",
        "what names start with is the kernel's business",
    ),
    only_ours(
        E2fsck,
        "inode #: has the flag for an attribute's value, without that feature",
        "the flag is looked at with the feature only",
    ),
    only_ours(
        FsckFat,
        "boot sector: signature is *",
        "only for FAT32 are boot sectors compared",
    ),
    only_ours(
        FsckFat,
        "boot sector: media is #, expected # or # and more",
        "a medium that nobody knows is one all the same",
    ),
    only_theirs(
        FsckFat,
        "stored in root directory is not valid",
        "fsck.fat takes bytes from 0x80 on as negative, so below 0x20",
    ),
    only_ours(
        FsckFat,
        "*, entry #: a long name ends in the middle, at unit #",
        PADDING,
    ),
    only_ours(
        FsckFat,
        "*, entry #: a long name has characters that no name has",
        "fsck.fat shows any character",
    ),
    only_ours(FsckFat, "FSInfo: what is reserved is not zero", PADDING),
    only_ours(
        FsckFat,
        "boot sector: does not start with a jump",
        "for programs that boot",
    ),
    only_ours(FsckFat, "*, entry #: attributes are #", PADDING),
    only_ours(
        FsckFat,
        "*, entry #: *: not a short name",
        "fsck.fat allows lower case and more signs",
    ),
    only_ours(
        FsckFat,
        "*, entry #: one of . and .. is no directory, or has a size",
        "fsck.fat gives them no size itself",
    ),
    only_ours(FsckFat, LABEL, "fsck.fat looks at its name only"),
    only_ours(
        Sgdisk,
        "GPT *header: the rest of its sector is not zero",
        PADDING,
    ),
    only_ours(Sgdisk, "protective MBR*", "sgdisk -v looks at the GPT"),
    only_theirs(
        Sfdisk,
        "greater than the maximum",
        "sfdisk adds up more than the partitions",
    ),
    only_ours(
        Sfdisk,
        "partition #, its link at sector #: *",
        "sfdisk leaves out what it cannot follow",
    ),
    only_ours(
        Sfdisk,
        "partition #: has no type, but its entry is not empty",
        "no type is no partition",
    ),
    only_ours(
        Sfdisk,
        "partition #: # sectors from # on, the disk has #",
        "sfdisk leaves out what it cannot follow",
    ),
    only_ours(
        Sfdisk,
        "partition #: status is #, expected #",
        "any status is shown as bootable or not",
    ),
];

/// What must follow from a problem of a class, and so needs no reason itself.
const FOLLOWING: &[(&str, &str)] = &[
    (
        "inode @: the count of its blocks has more than 32 bits",
        "inode @: count of blocks is #, expected #, in units of # bytes",
    ),
    (LABEL, "volume label: *"),
    (
        LABEL,
        "table #: # clusters are in use, but in no file, first #",
    ),
];

/// Returns what nobody has explained: each problem that only one of them tells must be of a class.
pub(crate) fn unexplained(base: &Base, case: &Case) -> Vec<String> {
    let judge = base.judge;
    let mut special = [1, 7, 8, 0];
    if judge == E2fsck {
        let mut orphan_file = [0; 4];
        let image = File::open(&base.image).unwrap();
        image.read_exact_at(&mut orphan_file, 1024 + 0x280).unwrap();
        special[3] = u32::from_le_bytes(orphan_file);
    }
    let matches = |pattern: &str, line: &str| matches(pattern, line, special);
    let is_ours = case.ours.0;
    let classes = || {
        let mut of_judge = CLASSES.iter().filter(move |class| class.judge == judge);
        std::iter::from_fn(move || of_judge.find(|class| class.is_ours == is_ours))
    };
    let explains = |class: &Class, line: &str| {
        if is_ours {
            matches(class.text, line)
        } else {
            line.contains(class.text)
        }
    };
    let mut lines: Vec<&str> = if is_ours {
        // Below the problems there is what was checked.
        let told = case.ours.1.lines();
        told.take_while(|line| !line.contains(" bytes, partition table: "))
            .collect()
    } else {
        case.theirs
            .1
            .lines()
            .filter(|line| !is_frame(line))
            .collect()
    };
    if !is_ours && judge != Judge::E2fsck {
        // The others say much that is no problem: one line tells which it is.
        let is_known = lines
            .iter()
            .any(|line| classes().any(|class| explains(class, line)));
        return if is_known {
            Vec::new()
        } else {
            vec![case.theirs.1.clone()]
        };
    }
    let told = lines.clone();
    lines.retain(|line| {
        let mut causes = FOLLOWING.iter().filter(|(_, effect)| matches(effect, line));
        let follows = causes.any(|(cause, _)| told.iter().any(|other| matches(cause, other)));
        !follows && !classes().any(|class| explains(class, line))
    });
    lines.into_iter().map(str::to_owned).collect()
}

/// Returns whether a line of e2fsck is no problem itself.
pub(crate) fn is_frame(line: &str) -> bool {
    line.is_empty()
        || line.starts_with("e2fsck 1.")
        || line.starts_with("Pass ")
        || line == "Fix? no"
        || line.contains("WARNING: Filesystem still has errors")
        || (line.contains(" files (") && line.ends_with(" blocks"))
}

/// Returns whether all of a line is as a pattern says.
fn matches(pattern: &str, line: &str, special: [u32; 4]) -> bool {
    let Some(first) = pattern.chars().next() else {
        return line.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => line
            .char_indices()
            .map(|(at, _)| at)
            .chain([line.len()])
            .any(|at| matches(rest, &line[at..], special)),
        '#' => {
            let (digits, radix) = match line.strip_prefix("0x") {
                Some(digits) => (digits, 16),
                None => (line, 10),
            };
            let end = digits.find(|sign: char| !sign.is_digit(radix));
            let end = end.unwrap_or(digits.len());
            end > 0 && matches(rest, &digits[end..], special)
        }
        '@' => special.iter().any(|number| {
            let left = line.strip_prefix(&number.to_string());
            left.is_some_and(|left| matches(rest, left, special))
        }),
        sign => line
            .strip_prefix(sign)
            .is_some_and(|left| matches(rest, left, special)),
    }
}

#[test]
fn a_class_is_all_of_a_line() {
    for (pattern, line, expected) in [
        ("inode #: flags #", "inode 12: flags 0x1f", true),
        ("inode #: flags #", "inode 12: flags 0x1f are", false),
        ("inode #: flags #", "inode : flags 0x1f", false),
        ("inode @: is odd", "inode 8: is odd", true),
        ("inode @: is odd", "inode 80: is odd", false),
        ("*, entry #: *: odd", "root, entry 1: a b: odd", true),
        ("*, entry #: *: odd", "root, entry: odd", false),
    ] {
        assert_eq!(
            matches(pattern, line, [1, 7, 8, 0]),
            expected,
            "{pattern}, {line}"
        );
    }
}
