//! The ramdisk that goes with a kernel.

use anyhow::{Context as _, Result};
use fsgen::{Content, NodeId, Tree};

use super::candidate::Candidate;
use super::kernel;

/// What distributions call the ramdisk of a version: before it, and behind it.
const NAMES: [(&str, &str); 5] = [
    // Debian and Ubuntu.
    ("initrd.img-", ""),
    // Fedora, RHEL and Arch.
    ("initramfs-", ".img"),
    // SUSE.
    ("initrd-", ""),
    // Alpine.
    ("initramfs-", ""),
    ("initrd-", ".img"),
];

/// What it is called where there is one kernel, or a folder for each.
const BARE: [&str; 5] = [
    "initrd.img",
    "initramfs.img",
    "initrd",
    "initramfs",
    // Arch on ARM, where the kernel is `Image`.
    "initramfs-linux.img",
];

/// Marks of what Linux unpacks: cpio, by itself or with microcode before it, and its compressions.
const MARKS: [&[u8]; 10] = [
    b"070701",
    b"070702",
    b"\x1f\x8b",
    b"\x1f\x9e",
    b"BZh",
    b"\x5d\x00",
    b"\xfd7zXZ",
    b"\x89LZO",
    b"\x02\x21\x4c\x18",
    b"\x28\xb5\x2f\xfd",
];

/// Returns path and node of a kernel's ramdisk, if it has one.
///
/// # Errors
///
/// Fails when it is a link that leads nowhere.
pub(super) fn find(tree: &Tree, kernel: &Candidate) -> Result<Option<(String, NodeId)>> {
    let mut paths: Vec<Vec<u8>> = Vec::new();
    let suffixes = kernel.suffixes(tree);
    let mut folders = vec![kernel.folder()];
    if folders[0] != b"/boot" {
        folders.push(b"/boot");
    }
    let of = |folder: &[u8], suffix: &[u8]| {
        NAMES.map(|(before, behind)| {
            [folder, b"/", before.as_bytes(), suffix, behind.as_bytes()].concat()
        })
    };
    for folder in folders {
        paths.extend(suffixes.iter().flat_map(|suffix| of(folder, suffix)));
        if kernel.is_alone() && folder == kernel.folder() {
            paths.extend(BARE.map(|name| [folder, b"/", name.as_bytes()].concat()));
        }
    }
    // One whose name has no version tells it.
    let told = kernel.told().map(|told| of(b"/boot", told.as_bytes()));
    paths.extend(told.into_iter().flatten());
    for path in paths {
        // A link that is not there is no ramdisk; one that leads nowhere is a mistake.
        if tree.resolve_link(&path).is_err() {
            continue;
        }
        let shown = path.escape_ascii().to_string();
        let node = tree
            .resolve(&path)
            .with_context(|| format!("{shown}: the ramdisk is a link that leads nowhere"))?;
        return Ok(Some((shown, node)));
    }
    Ok(None)
}

/// Returns which ramdisks are in /boot, for people; nothing if there are none.
pub(super) fn others(tree: &Tree) -> String {
    let boot = tree.resolve(b"/boot").ok();
    let names = boot.iter().flat_map(|boot| tree.entries(*boot));
    let found: Vec<_> = names
        .filter(|(name, _)| name.starts_with(b"initr"))
        .map(|(name, _)| format!("/boot/{}", name.escape_ascii()))
        .collect();
    match &found[..] {
        [] => String::new(),
        found => format!(" (there are {})", found.join(", ")),
    }
}

/// Returns whether a ramdisk starts as one that Linux unpacks.
pub(super) fn is_known(content: &Content, tree: &Tree) -> Result<bool> {
    let head = kernel::head(content, tree)?;
    // Zeros may come before it.
    let zeros = head.iter().take_while(|byte| **byte == 0).count();
    Ok(MARKS.iter().any(|mark| head[zeros..].starts_with(mark)))
}
