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
    for folder in folders {
        for suffix in &suffixes {
            for (before, behind) in NAMES {
                let name = [before.as_bytes(), suffix, behind.as_bytes()].concat();
                paths.push([folder, b"/", &name].concat());
            }
        }
        if kernel.is_alone() && folder == kernel.folder() {
            paths.extend(BARE.map(|name| [folder, b"/", name.as_bytes()].concat()));
        }
    }
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

/// Returns whether a ramdisk starts as one that Linux unpacks.
pub(super) fn is_known(content: &Content, tree: &Tree) -> Result<bool> {
    let head = kernel::head(content, tree)?;
    // Zeros may come before it.
    let zeros = head.iter().take_while(|byte| **byte == 0).count();
    Ok(MARKS.iter().any(|mark| head[zeros..].starts_with(mark)))
}
