//! Emits a planned filesystem, in disk order.
//!
//! What is not written reads as zero: free clusters, the rest of the FATs, the holes of files.

use std::ops::Range;

use super::format::SECTOR;
use super::layout::{Layout, content};
use super::{Error, boot, chain, directory};
use crate::region::{Region, WriteAt as _};
use crate::tree::Tree;

/// How much is gathered before it is written: small files go out many at a time.
const BATCH: usize = 1 << 20;
/// The largest gap that is written as zeros instead of being left out.
const GAP: u64 = 4096;

/// Writes the filesystem.
///
/// `first_lba` is the sector of the disk that the region starts at, which the boot sector says:
/// 0 for an image without partitions. `progress` is told the number of bytes each time some were
/// written.
///
/// # Errors
///
/// Fails when the content of a file cannot be read, or the output cannot be written.
pub fn write(
    layout: &Layout,
    tree: &Tree,
    region: Region<'_>,
    first_lba: u64,
    progress: &dyn Fn(u64),
) -> Result<(), Error> {
    let mut batch = Batch {
        region,
        start: 0,
        bytes: Vec::new(),
        progress,
    };
    for (sector, bytes) in boot::sectors(layout, first_lba) {
        batch.put(sector * SECTOR, &bytes)?;
    }
    let geometry = &layout.geometry;
    for copy in 0..2 {
        let start = geometry.fat_start(copy) * SECTOR;
        for first in (0..layout.chain_entries()).step_by(chain::AT_ONCE as usize) {
            let at = start + chain::bytes(geometry.fat_type, first);
            batch.put(at, &chain::render(layout, first))?;
        }
    }
    for at in 0..layout.directory_clusters.len() {
        let out = batch.extend(directory_start(layout, at), directory::bytes(layout, at))?;
        directory::render(layout, tree, at, out);
    }
    for (file, cluster) in layout.inventory.files.iter().zip(&layout.file_clusters) {
        let content = content(tree, file.node);
        for extent in content.extents() {
            let start = geometry.cluster_start(*cluster) * SECTOR;
            for at in extent.clone().step_by(BATCH) {
                let len = extent.end.min(at + BATCH as u64) - at;
                let out = batch.extend(start + at, len)?;
                content
                    .read_exact_at(tree, out, at)
                    .map_err(|source| Error::Read {
                        path: tree.path_of(file.node).unwrap_or_default(),
                        source,
                    })?;
            }
        }
    }
    batch.flush()
}

/// Returns the bytes that [`write()`] will write, in order, but for small gaps between them.
pub fn written(layout: &Layout, tree: &Tree) -> Vec<Range<u64>> {
    let geometry = &layout.geometry;
    let mut ranges = Vec::new();
    let mut put = |at, len| ranges.push(at..at + len);
    for (sector, bytes) in boot::sectors(layout, 0) {
        put(sector * SECTOR, bytes.len() as u64);
    }
    for copy in 0..2 {
        let len = chain::bytes(geometry.fat_type, layout.chain_entries());
        put(geometry.fat_start(copy) * SECTOR, len);
    }
    for at in 0..layout.directory_clusters.len() {
        put(directory_start(layout, at), directory::bytes(layout, at));
    }
    for (file, cluster) in layout.inventory.files.iter().zip(&layout.file_clusters) {
        for extent in content(tree, file.node).extents() {
            let start = geometry.cluster_start(*cluster) * SECTOR;
            put(start + extent.start, extent.end - extent.start);
        }
    }
    ranges
}

pub(super) fn directory_start(layout: &Layout, at: usize) -> u64 {
    let sector = match layout.directory_clusters[at] {
        0 => layout.geometry.fat_start(2),
        cluster => layout.geometry.cluster_start(cluster),
    };
    sector * SECTOR
}

/// Neighbouring bytes that are written together.
struct Batch<'r> {
    region: Region<'r>,
    start: u64,
    bytes: Vec<u8>,
    progress: &'r dyn Fn(u64),
}

impl Batch<'_> {
    fn put(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let out = self.extend(at, bytes.len() as u64)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    /// Returns so many zeros to be filled and written at `at`, which is behind all before it.
    fn extend(&mut self, at: u64, len: u64) -> Result<&mut [u8], Error> {
        let end = self.start + self.bytes.len() as u64;
        if at - end > GAP || at + len - self.start > BATCH as u64 + GAP {
            self.flush()?;
            self.start = at;
        }
        (self.progress)(len);
        let small = |len| usize::try_from(len).expect("directories and batches are small");
        let from = small(at - self.start);
        self.bytes.resize(from + small(len), 0);
        Ok(&mut self.bytes[from..])
    }

    fn flush(&mut self) -> Result<(), Error> {
        let offset = self.start;
        let result = self.region.write_all_at(&self.bytes, offset);
        self.bytes.clear();
        result.map_err(|source| Error::Write { offset, source })
    }
}
