//! How much of a filesystem is in use, which only its table says for sure.

use std::io;
use std::sync::Arc;

use super::{Fat, Volume as _};
use crate::disk::Disk;
use crate::fields::Fields as _;
use crate::volume::Description;

/// How much of the table is read at once, in bytes; whole entries of any width.
const CHUNK: u64 = 3 << 18;

/// Returns what the boot sector and the table say.
pub(in crate::volume) fn describe(disk: &Arc<dyn Disk>) -> io::Result<Description> {
    // None of its names are kept.
    let Ok(fat) = Fat::open(disk.clone(), 0) else {
        return Ok(Description {
            kind: "FAT".to_owned(),
            ..Description::default()
        });
    };
    let boot = &fat.boot;
    let serial = boot.serial.map(|serial| {
        let (high, low) = (serial >> 16, serial & 0xFFFF);
        format!("{high:04X}-{low:04X}")
    });
    let clusters = u64::from(boot.clusters);
    Ok(Description {
        kind: fat.kind().to_owned(),
        label: fat.label(),
        uuid: serial.unwrap_or_default(),
        bytes: Some(boot.data + clusters * boot.cluster_len),
        free: Some(free_clusters(&fat)? * boot.cluster_len),
        block_size: Some(boot.cluster_len),
        ..Description::default()
    })
}

/// Counts the entries of the first table that are zero.
fn free_clusters(fat: &Fat) -> io::Result<u64> {
    let (boot, disk) = (&fat.boot, &fat.disk);
    let width = u64::from(boot.width);
    let end = ((u64::from(boot.clusters) + 2) * width).div_ceil(8);
    let mut left = u64::from(boot.clusters);
    let mut free = 0;
    let mut at = 0;
    while at < end {
        let len = CHUNK.min(end - at);
        let bytes = disk.read(
            boot.table + at,
            usize::try_from(len).map_err(io::Error::other)?,
        )?;
        let mut zeros = |is_free: bool, index: u64| {
            // The first two entries are not of clusters.
            if at * 8 / width + index >= 2 && left > 0 {
                left -= 1;
                free += u64::from(is_free);
            }
        };
        match width {
            12 => {
                for (pair, three) in (0..).step_by(2).zip(bytes.chunks(3)) {
                    zeros(three.le16(0) & 0xFFF == 0, pair);
                    zeros(three.le16(1) >> 4 == 0, pair + 1);
                }
            }
            16 => {
                let entries = (0..).zip(bytes.chunks(2));
                entries.for_each(|(index, two)| zeros(two.le16(0) == 0, index));
            }
            _ => {
                let entries = (0..).zip(bytes.chunks(4));
                entries.for_each(|(index, four)| zeros(four.le32(0) & 0x0FFF_FFFF == 0, index));
            }
        }
        at += len;
    }
    Ok(free)
}
