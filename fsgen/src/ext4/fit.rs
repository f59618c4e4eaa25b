//! How large a filesystem must be: the size that was asked for, or what the content needs.

use super::geometry::Geometry;
use super::layout::Layout;
use super::place::Full;
use super::{Error, journal, orphan};
use crate::tree::Tree;

/// What a filesystem has beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spare {
    /// Inodes and a journal as they go with its size.
    Usual,
    /// No inode more than needed, and the smallest journal.
    Least,
}

impl Layout {
    /// Takes a geometry of this many bytes.
    ///
    /// A size at which the content fits is never refused because of what goes with that size:
    /// then there are fewer inodes, a smaller journal, or a few blocks are left unused.
    pub(super) fn place_exact(&mut self, tree: &Tree, bytes: u64) -> Result<(), Error> {
        let bs = self.options.block_size;
        let blocks = bytes / bs.bytes64();
        let asked = self.options.inodes.is_some();
        let usual = Geometry::inodes(&self.options, bytes, self.needed_inodes());
        let journals = journal::choices(&self.options, blocks)?;
        match Geometry::new(bs, blocks, usual) {
            Err(Error::TooManyInodes { .. }) if !asked => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        for journal in journals {
            if self.place_blocks(tree, blocks, usual, journal) {
                return Ok(());
            }
        }
        self.place_with_free(tree, 0, Spare::Least)?;
        let (least, least_journal) = (self.geometry, u64::from(self.journal_blocks));
        if least.blocks > blocks {
            return Err(Error::TooSmall {
                need: self.bytes(),
                journal: self.journal_bytes(),
                have: bytes,
            });
        }
        // Content that fits in a filesystem too small for a journal never needs more than that.
        if !self.place_blocks(tree, blocks, usual, least_journal) {
            self.place(tree, least, least_journal)
                .expect("it was placed before");
        }
        Ok(())
    }

    /// Takes this many blocks, with so many inodes or the fewest that do, if they are enough.
    fn place_blocks(&mut self, tree: &Tree, blocks: u64, usual: u64, journal: u64) -> bool {
        [usual, self.least_inodes()].into_iter().any(|inodes| {
            Geometry::new(self.options.block_size, blocks, inodes)
                .is_ok_and(|geometry| self.place(tree, geometry, journal).is_ok())
        })
    }

    /// Takes the smallest usual geometry that leaves this many bytes free.
    pub(super) fn place_fit(&mut self, tree: &Tree, free: u64) -> Result<(), Error> {
        let free = self.options.block_size.count(free);
        self.place_with_free(tree, free, Spare::Usual)
    }

    fn place_with_free(&mut self, tree: &Tree, free: u64, spare: Spare) -> Result<(), Error> {
        let mut content = self.needs.blocks.saturating_add(free);
        let mut too_few = self.needs.blocks;
        let mut step = 1;
        loop {
            let (geometry, journal) = self.fit(content, spare)?;
            // Where a large file has to be cut at a group's metadata, its extent tree may take
            // blocks that nobody could count before.
            match self.place(tree, geometry, journal) {
                Ok(()) if self.space.free() >= free => break,
                Ok(()) => content += free - self.space.free(),
                Err(Full) => {
                    too_few = geometry.blocks;
                    content += step;
                    step *= 2;
                }
            }
        }
        match spare {
            Spare::Usual => Ok(()),
            Spare::Least => self.shrink(tree, too_few),
        }
    }

    /// Takes the fewest blocks that do, where those it has are enough and `too_few` are not.
    fn shrink(&mut self, tree: &Tree, mut too_few: u64) -> Result<(), Error> {
        let mut enough = (self.geometry, u64::from(self.journal_blocks));
        // Most often there is nothing to save; else each look halves what is left, for one of a
        // million files takes its time.
        let mut step = 1;
        while enough.0.blocks - too_few > 1 {
            let blocks = enough.0.blocks - step.min((enough.0.blocks - too_few) / 2);
            let journals = journal::choices(&self.options, blocks)?;
            let journal = journals[journals.len() - 1];
            match Geometry::new(self.options.block_size, blocks, self.least_inodes()) {
                Ok(fewer) if self.place(tree, fewer, journal).is_ok() => {
                    enough = (fewer, journal);
                    step *= 2;
                }
                _ => too_few = blocks,
            }
        }
        self.place(tree, enough.0, enough.1)
            .expect("it was placed before");
        Ok(())
    }

    fn least_inodes(&self) -> u64 {
        self.options.inodes.unwrap_or(self.needed_inodes())
    }

    fn round_up(&self, blocks: u64, spare: Spare) -> Result<Geometry, Error> {
        let bs = self.options.block_size;
        let least = || Geometry::round_up(bs, blocks, self.least_inodes());
        if spare == Spare::Least {
            return least();
        }
        let bytes = blocks.saturating_mul(bs.bytes64());
        let usual = Geometry::inodes(&self.options, bytes, self.needed_inodes());
        Geometry::round_up(bs, blocks, usual).or_else(|_| least())
    }

    /// Returns the smallest geometry with room for `content` blocks beside journal and groups.
    fn fit(&self, content: u64, spare: Spare) -> Result<(Geometry, u64), Error> {
        let mut blocks = content;
        loop {
            let geometry = match self.round_up(blocks, spare) {
                // As many groups as the inodes take: one has at most as many as a block has bits.
                Err(Error::TooManyInodes { inodes, .. }) if inodes <= u64::from(u32::MAX) => {
                    blocks = inodes.max(blocks + 1);
                    continue;
                }
                other => other?,
            };
            let journals = journal::choices(&self.options, geometry.blocks)?;
            let journal = match spare {
                Spare::Usual => journals[0],
                Spare::Least => journals[journals.len() - 1],
            };
            let orphans = orphan::blocks(&self.options, geometry.blocks, journal);
            let need = geometry.overhead() + journal + orphans + content;
            if need <= geometry.blocks {
                return Ok((geometry, journal));
            }
            blocks = need;
        }
    }
}
