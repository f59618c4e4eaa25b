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
            Ok(geometry) if self.place(tree, geometry, journals[0]).is_ok() => return Ok(()),
            Ok(_) => {}
            Err(Error::TooManyInodes { .. }) if !asked => {}
            Err(error) => return Err(error),
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
        for journal in journals.into_iter().chain([least_journal]) {
            for inodes in [usual, self.least_inodes()] {
                if let Ok(geometry) = Geometry::new(bs, blocks, inodes)
                    && self.place(tree, geometry, journal).is_ok()
                {
                    return Ok(());
                }
            }
        }
        self.place(tree, least, least_journal)
            .expect("it was placed before");
        Ok(())
    }

    /// Takes the smallest usual geometry that leaves this many bytes free.
    pub(super) fn place_fit(&mut self, tree: &Tree, free: u64) -> Result<(), Error> {
        let free = self.options.block_size.count(free);
        self.place_with_free(tree, free, Spare::Usual)
    }

    fn place_with_free(&mut self, tree: &Tree, free: u64, spare: Spare) -> Result<(), Error> {
        let mut content = self.needs.blocks.saturating_add(free);
        let mut step = 1;
        loop {
            let (geometry, journal) = self.fit(content, spare)?;
            // Where a large file has to be cut at a group's metadata, its extent tree may take
            // blocks that nobody could count before.
            match self.place(tree, geometry, journal) {
                Ok(()) if self.space.free() >= free => break,
                Ok(()) => content += free - self.space.free(),
                Err(Full) => {
                    content += step;
                    step *= 2;
                }
            }
        }
        if spare == Spare::Usual {
            return Ok(());
        }
        // The steps may have been too large.
        loop {
            let (found, journal) = (self.geometry, u64::from(self.journal_blocks));
            let blocks = found.blocks - 1;
            let journals = journal::choices(&self.options, blocks)?;
            let is_smaller = Geometry::new(found.block_size, blocks, self.least_inodes())
                .is_ok_and(|smaller| {
                    let journal = journals[journals.len() - 1];
                    self.place(tree, smaller, journal).is_ok()
                });
            if !is_smaller {
                self.place(tree, found, journal)
                    .expect("it was placed before");
                return Ok(());
            }
        }
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
