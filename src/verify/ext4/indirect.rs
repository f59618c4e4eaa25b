//! Block lists: twelve blocks in the inode, then blocks of block numbers, as ext2 has them.

use std::io;

use super::mapping::{Run, Walk};
use crate::fields::{Fields, slice};

/// Numbers in the inode that are blocks of the file themselves.
const DIRECT: u64 = 12;
/// Levels of lists that the inode can start: after the direct blocks, one of each.
const LEVELS: u32 = 3;

impl Walk<'_> {
    /// Walks the list that starts with `bytes`, the 60 bytes in the inode.
    pub(super) fn block_list(&mut self, bytes: &[u8]) -> io::Result<()> {
        let per_block = u64::from(self.volume.superblock.block_size / 4);
        self.list(slice(bytes, 0, 48), 0, 0)?;
        let mut logical = DIRECT;
        for level in 1..=LEVELS {
            let at = 44 + 4 * level as usize;
            self.list(slice(bytes, at, 4), level, logical)?;
            logical += per_block.pow(level);
        }
        Ok(())
    }

    /// Walks block numbers with `level` lists between each and the content.
    fn list(&mut self, numbers: &[u8], level: u32, first: u64) -> io::Result<()> {
        let per_block = u64::from(self.volume.superblock.block_size / 4);
        let step = per_block.pow(level);
        for (index, number) in (0_u64..).zip(numbers.chunks_exact(4)) {
            let logical = first + index * step;
            match u64::from(number.le32(0)) {
                0 => {}
                start if level == 0 => {
                    let run = Run {
                        logical,
                        start,
                        count: 1,
                    };
                    self.take_content(run, true);
                }
                block => {
                    if self.take_map_block(block) {
                        let numbers = self.volume.block(block)?;
                        self.list(&numbers, level - 1, logical)?;
                    }
                }
            }
        }
        Ok(())
    }
}
