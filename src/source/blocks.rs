//! The blocks of a tar archive, and where among them reading stands.

use std::io;

use anyhow::{Context as _, Result, anyhow};

use super::header::{BLOCK, Block};
use super::sparse::FILE_MAX;
use super::window::{Archive, Window};

/// A position in an archive, mostly at the start of a block.
pub(super) struct Blocks<'a> {
    window: Window<'a>,
    at: u64,
    /// Where the archive ends.
    end: u64,
    /// Whether the last data may lack its padding.
    may_end_short: bool,
}

impl<'a> Blocks<'a> {
    /// Returns the start of an archive.
    pub(super) fn new(archive: &'a dyn Archive) -> io::Result<Self> {
        Ok(Self {
            window: Window::new(archive),
            at: 0,
            end: archive.len()?,
            may_end_short: false,
        })
    }

    /// Goes to where the archive begins.
    pub(super) fn begin_at(&mut self, offset: u64) {
        self.at = offset.min(self.end);
    }

    /// Lets the last data be without its padding.
    pub(super) fn let_end_short(&mut self) {
        self.may_end_short = true;
    }

    /// Returns how many bytes are before this position.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Returns whether the archive has no more bytes.
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.end
    }

    /// Returns the block at this position, and goes past it.
    ///
    /// # Errors
    ///
    /// Fails when the archive ends before the block does.
    pub(super) fn next(&mut self) -> Result<Block> {
        let block = self.block(self.at)?;
        self.at += BLOCK as u64;
        Ok(block)
    }

    /// Returns the block at this position, unless the archive ends before it does.
    pub(super) fn peek(&mut self) -> Result<Option<Block>> {
        let left = self.end - self.at;
        (left >= BLOCK as u64)
            .then(|| self.block(self.at))
            .transpose()
    }

    /// Returns the block at an offset.
    ///
    /// # Errors
    ///
    /// Fails when the archive ends before the block does.
    pub(super) fn block(&mut self, offset: u64) -> Result<Block> {
        let bytes = self.bytes(offset, BLOCK)?;
        Ok(*bytes.first_chunk().expect("as many bytes as asked for"))
    }

    /// Returns data of `len` bytes, and goes past it and its padding.
    ///
    /// # Errors
    ///
    /// Fails when the archive ends before the padding does.
    pub(super) fn take(&mut self, len: u64) -> Result<Vec<u8>> {
        let mut offset = self.at;
        let mut left = usize::try_from(len)?;
        self.skip(len)?;
        let mut data = Vec::new();
        while left > 0 {
            let part = left.min(Window::MOST);
            data.extend_from_slice(self.bytes(offset, part)?);
            offset += part as u64;
            left -= part;
        }
        Ok(data)
    }

    /// Goes past data of `len` bytes and its padding.
    ///
    /// # Errors
    ///
    /// Fails when the archive ends before the padding does.
    pub(super) fn skip(&mut self, len: u64) -> Result<()> {
        let padded = len.checked_next_multiple_of(BLOCK as u64);
        let want = padded.and_then(|len| self.at.checked_add(len));
        let want = want.filter(|want| *want <= FILE_MAX);
        let want = want.with_context(|| format!("{len} bytes end past the end of any archive"))?;
        if want > self.end {
            if self.may_end_short && self.at + len <= self.end {
                self.at = self.end;
                return Ok(());
            }
            return Err(cut_short(self.end, want));
        }
        self.at = want;
        Ok(())
    }

    fn bytes(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let bytes = self.window.get(offset, len);
        let bytes = bytes.with_context(|| format!("cannot read at byte {offset}"))?;
        if bytes.len() < len {
            let end = offset.saturating_add(bytes.len() as u64).min(self.end);
            return Err(cut_short(end, offset.saturating_add(len as u64)));
        }
        Ok(bytes)
    }
}

fn cut_short(end: u64, want: u64) -> anyhow::Error {
    let missing = want - end;
    anyhow!("the archive ends at byte {end}, {missing} bytes short")
}
