//! What a filesystem says of itself, also one that cannot be read here.

use std::io;

use serde::Serialize;
use uuid::Uuid;

use super::{Found, ext4, fat};
use crate::disk::Disk;
use crate::fields::{Fields as _, slice};

/// Bytes of a page of swap, of which the header is the first.
const PAGES: [usize; 3] = [4096, 16_384, 65_536];

/// A filesystem, as its superblock or boot sector has it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Description {
    /// `ext4`, `FAT16`, `swap`, ...
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) label: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) uuid: String,
    /// By the names that e2fsprogs has for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) features: Vec<String>,
    /// Its size, which may be less than that of the partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    #[serde(rename = "free_bytes", skip_serializing_if = "Option::is_none")]
    pub(crate) free: Option<u64>,
    /// Bytes of a block or cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inodes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) free_inodes: Option<u32>,
}

/// Returns what is on a disk; nothing when that is unknown.
///
/// # Errors
///
/// Fails when it cannot be read.
pub(crate) fn describe(disk: &std::sync::Arc<dyn Disk>) -> io::Result<Option<Description>> {
    Ok(match super::recognise(&**disk)? {
        None => None,
        Some(Found::Ext) => Some(ext4::describe(&**disk)?),
        Some(Found::Fat) => Some(fat::describe(disk)?),
        Some(Found::Other("swap", _)) => Some(swap(&**disk)?),
        Some(Found::Other(name, _)) => Some(Description {
            kind: name.to_owned(),
            ..Description::default()
        }),
    })
}

/// A swap area (`union swap_header` in the kernel's `include/linux/swap.h`).
fn swap(disk: &dyn Disk) -> io::Result<Description> {
    let raw = disk.read_padded(0, PAGES[2])?;
    let page = PAGES
        .iter()
        .find(|page| slice(&raw, **page - 10, 10) == b"SWAPSPACE2");
    let page = page.map(|page| *page as u64);
    let label = slice(&raw, 1052, 16).split(|byte| *byte == 0).next();
    let pages = u64::from(raw.le32(1028)) + 1;
    Ok(Description {
        kind: "swap".to_owned(),
        label: String::from_utf8_lossy(label.unwrap_or_default()).into_owned(),
        uuid: Uuid::from_bytes(raw.array(1036)).to_string(),
        bytes: page.and_then(|page| pages.checked_mul(page)),
        block_size: page,
        ..Description::default()
    })
}
