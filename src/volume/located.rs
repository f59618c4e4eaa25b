//! Where the content of a file is, and of the files that were asked for lately.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use fsgen::tree::content::Segment;

use crate::disk::Disk;
use crate::fields::slice;
use crate::reader::FileId;

/// Of how many files it is kept: one for each thread that reads, or more.
const KEPT: usize = 32;

/// Where the content of a file is.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// Here.
    Memory(Vec<u8>),
    /// On the disk, in order; all between is zero.
    Runs(Vec<Segment>),
}

impl Bytes {
    /// Fills `buf` with the bytes from `at` on.
    ///
    /// # Errors
    ///
    /// Fails when the disk cannot be read.
    pub(super) fn read(&self, disk: &dyn Disk, buf: &mut [u8], at: u64) -> Result<()> {
        let index = |at: u64| usize::try_from(at).context("past the end");
        match self {
            Bytes::Memory(bytes) => buf.copy_from_slice(slice(bytes, index(at)?, buf.len())),
            Bytes::Runs(segments) => {
                let end = at + buf.len() as u64;
                let first = segments.partition_point(|segment| segment.at + segment.len <= at);
                let mut filled = 0;
                for segment in segments[first..].iter().take_while(|s| s.at < end) {
                    let from = segment.at.max(at);
                    let (start, to) = (
                        index(from - at)?,
                        index((segment.at + segment.len).min(end) - at)?,
                    );
                    buf[filled..start].fill(0);
                    let offset = segment.offset + (from - segment.at);
                    disk.read_exact_at(&mut buf[start..to], offset)?;
                    filled = to;
                }
                buf[filled..].fill(0);
            }
        }
        Ok(())
    }

    /// Returns how many bytes of memory this takes.
    fn memory(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Runs(segments) => size_of_val(&**segments) as u64,
        }
    }
}

/// Where the contents of the last files are, the last one first.
pub(super) struct Located {
    held: Mutex<Vec<(FileId, Arc<Bytes>)>>,
    /// Bytes of memory that all may take.
    most: u64,
}

impl Located {
    pub(super) fn new(most: u64) -> Self {
        Self {
            held: Mutex::default(),
            most,
        }
    }

    /// Returns where the content of a file is, which is found out if it is not known.
    ///
    /// # Errors
    ///
    /// Fails when `find` does.
    pub(super) fn get(
        &self,
        file: FileId,
        find: impl FnOnce() -> Result<Bytes>,
    ) -> Result<Arc<Bytes>> {
        // A panic elsewhere leaves the list whole.
        let lock = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = lock();
        if let Some(at) = held.iter().position(|(id, _)| *id == file) {
            held[..=at].rotate_right(1);
            return Ok(held[0].1.clone());
        }
        // Others may go on meanwhile.
        drop(held);
        let bytes = Arc::new(find()?);
        let mut held = lock();
        held.truncate(KEPT - 1);
        held.insert(0, (file, bytes.clone()));
        let mut taken = 0;
        held.retain(|(_, bytes)| {
            taken += bytes.memory();
            taken <= self.most
        });
        Ok(bytes)
    }
}
