//! A part of a disk, such as a partition: a disk in its turn.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use fsgen::ReadAt;

use super::{Disk, check_range};

/// A range of the bytes of a disk.
pub(crate) struct Part {
    disk: Arc<dyn Disk>,
    start: u64,
    len: u64,
}

impl Part {
    /// Returns `len` bytes of a disk from `start` on; nothing when they are not all on it.
    pub(crate) fn new(disk: Arc<dyn Disk>, start: u64, len: u64) -> Option<Self> {
        let end = start.checked_add(len)?;
        (end <= disk.len()).then_some(Self { disk, start, len })
    }
}

impl ReadAt for Part {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        check_range(self, offset, buf.len() as u64)?;
        self.disk.read_exact_at(buf, self.start + offset)
    }

    fn name(&self) -> String {
        self.disk.name()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.disk.check_unchanged()
    }

    fn stored(&self, range: Range<u64>) -> Option<(&File, u64)> {
        let end = self.start.checked_add(range.end)?;
        self.disk.stored(self.start.checked_add(range.start)?..end)
    }
}

impl Disk for Part {
    fn len(&self) -> u64 {
        self.len
    }
}
