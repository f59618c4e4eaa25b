//! A disk as it would be after its journal was replayed.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use fsgen::ReadAt;

use super::{Logged, MAGIC};
use crate::disk::Disk;

/// A disk, and blocks whose newest state is elsewhere on it.
pub(in crate::volume::ext4) struct Replayed {
    disk: Arc<dyn Disk>,
    block_size: u64,
    logged: BTreeMap<u64, Logged>,
}

impl Replayed {
    pub(in crate::volume::ext4) fn new(
        disk: Arc<dyn Disk>,
        block_size: u32,
        logged: BTreeMap<u64, Logged>,
    ) -> Self {
        Self {
            disk,
            block_size: block_size.into(),
            logged,
        }
    }
}

impl ReadAt for Replayed {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk.read_exact_at(buf, offset)?;
        let end = offset.saturating_add(buf.len() as u64);
        let blocks = offset / self.block_size..end.div_ceil(self.block_size);
        for (block, logged) in self.logged.range(blocks) {
            // The part of the block that was asked for.
            let start = block * self.block_size;
            let from = start.max(offset);
            let to = (start + self.block_size).min(end);
            let index = |at: u64| usize::try_from(at).map_err(io::Error::other);
            let part = &mut buf[index(from - offset)?..index(to - offset)?];
            let skip = from - start;
            self.disk
                .read_exact_at(part, logged.at * self.block_size + skip)?;
            if logged.is_escaped {
                let magic = MAGIC.to_be_bytes().into_iter().skip(index(skip)?);
                part.iter_mut().zip(magic).for_each(|(to, from)| *to = from);
            }
        }
        Ok(())
    }

    fn name(&self) -> String {
        self.disk.name()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.disk.check_unchanged()
    }
}

impl Disk for Replayed {
    fn len(&self) -> u64 {
        self.disk.len()
    }
}
