//! A disk that is compared as another one is written.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fsgen::WriteAt;

use crate::disk::Disk;

/// Bytes of what is compared at once.
pub(super) const BLOCK: u64 = 4096;
/// The most blocks that are kept: the first ones that differ.
const KEPT: usize = 4096;
/// How much is read at once of what has to be zero.
const CHUNK: usize = 1 << 20;

/// What differs.
#[derive(Default)]
struct Differing {
    /// Blocks as they were written, by where they are.
    kept: BTreeMap<u64, Vec<u8>>,
    /// Those that were not kept.
    others: u64,
}

/// What was written beside what is on a disk.
pub(super) struct Against<'d> {
    disk: &'d dyn Disk,
    differing: Mutex<Differing>,
}

impl<'d> Against<'d> {
    pub(super) fn new(disk: &'d dyn Disk) -> Self {
        Self {
            disk,
            differing: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Differing> {
        // Blocks are added whole.
        self.differing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many blocks differ.
    pub(super) fn count(&self) -> u64 {
        let differing = self.lock();
        differing.kept.len() as u64 + differing.others
    }

    /// Notes that these bytes are not what is on the disk.
    fn note(&self, buf: &[u8], offset: u64, found: &[u8]) -> io::Result<()> {
        let mut at = 0;
        while at < buf.len() {
            let start = offset + at as u64;
            let block = start / BLOCK * BLOCK;
            // OK to convert: less than a block.
            let skip = usize::try_from(start - block).map_err(io::Error::other)?;
            let len =
                (buf.len() - at).min(usize::try_from(BLOCK).map_err(io::Error::other)? - skip);
            let piece = &buf[at..at + len];
            if *piece != found[at..at + len] {
                let mut differing = self.lock();
                let last = differing.kept.last_key_value().map(|(last, _)| *last);
                let is_full = differing.kept.len() >= KEPT && last.is_some_and(|last| block > last);
                if is_full {
                    differing.others += 1;
                } else {
                    let whole = usize::try_from(BLOCK).map_err(io::Error::other)?;
                    let there = self.disk.read_padded(block, whole)?;
                    let kept = differing.kept.entry(block).or_insert(there);
                    kept[skip..skip + len].copy_from_slice(piece);
                    if differing.kept.len() > KEPT {
                        differing.kept.pop_last();
                        differing.others += 1;
                    }
                }
            }
            at += len;
        }
        Ok(())
    }

    /// Compares what was not written, and so is zero, up to `len` bytes.
    pub(super) fn check_gaps(&self, written: &[Range<u64>], len: u64) -> io::Result<()> {
        let end = len.min(self.disk.len());
        let mut at = 0;
        let ends = written.iter().map(|range| (range.start, range.end));
        for (start, next) in ends.chain([(end, end)]) {
            while at < start.min(end) {
                at = self.disk.next_data(at)?;
                let len = start.min(end).saturating_sub(at).min(CHUNK as u64);
                let len = usize::try_from(len).map_err(io::Error::other)?;
                let found = self.disk.read_padded(at, len)?;
                if found.iter().any(|byte| *byte != 0) {
                    self.note(&vec![0; len], at, &found)?;
                }
                at += len as u64;
            }
            at = at.max(next);
        }
        Ok(())
    }

    /// Returns where the next byte is that differs and was kept, from `at` on.
    pub(super) fn next_difference(&self, at: u64) -> io::Result<Option<u64>> {
        let differing = self.lock();
        for (block, bytes) in differing.kept.range(at / BLOCK * BLOCK..) {
            let found = self.disk.read_padded(*block, bytes.len())?;
            let pairs = (*block..).zip(bytes.iter().zip(&found));
            let mut differ = pairs.filter(|(place, (a, b))| *place >= at && a != b);
            if let Some((place, _)) = differ.next() {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Returns bytes as they are on the disk, and as they were written.
    pub(super) fn both(&self, start: u64, end: u64) -> io::Result<[Vec<u8>; 2]> {
        let len = usize::try_from(end - start).map_err(io::Error::other)?;
        let image = self.disk.read_padded(start, len)?;
        let mut rebuilt = image.clone();
        for (block, bytes) in self.lock().kept.range(start / BLOCK * BLOCK..end) {
            for (place, byte) in (*block..).zip(bytes) {
                if let Some(at) = place.checked_sub(start)
                    && let Ok(at) = usize::try_from(at)
                    && let Some(to) = rebuilt.get_mut(at)
                {
                    *to = *byte;
                }
            }
        }
        Ok([image, rebuilt])
    }
}

impl WriteAt for Against<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let found = self.disk.read_padded(offset, buf.len())?;
        match found == buf {
            true => Ok(()),
            false => self.note(buf, offset, &found),
        }
    }
}
