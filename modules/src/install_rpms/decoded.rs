//! What a payload decodes to: put into a spool while it is read.

use std::io::{self, BufRead, Read};

use crate::root::Spool;

/// Decoded bytes, of which the first ones are put into a part of a spool.
pub(super) struct Decoded<'b, R> {
    decoder: R,
    spool: &'b dyn Spool,
    /// Where in the spool the next byte of the decoder belongs, and where the part ends.
    at: u64,
    end: u64,
    buffer: &'b mut [u8],
    /// How many bytes of the buffer are decoded, and how many of these were taken.
    filled: usize,
    used: usize,
    /// Why the spool cannot be written.
    failed: Option<io::Error>,
}

impl<'b, R: Read> Decoded<'b, R> {
    /// Returns the bytes of a decoder, which `spool` has from `at` on.
    pub(super) fn new(
        decoder: R,
        spool: &'b dyn Spool,
        (at, end): (u64, u64),
        buffer: &'b mut [u8],
    ) -> Self {
        Self {
            decoder,
            spool,
            at,
            end,
            buffer,
            filled: 0,
            used: 0,
            failed: None,
        }
    }

    /// Returns why the spool cannot be written, if that was an error of reading.
    pub(super) fn failed(self) -> Option<io::Error> {
        self.failed
    }

    /// Fills the buffer as far as there is something, and puts that into the spool.
    fn fill(&mut self) -> io::Result<()> {
        (self.filled, self.used) = (0, 0);
        while self.filled < self.buffer.len() {
            match self.decoder.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(len) => self.filled += len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let left = self.end.saturating_sub(self.at);
        let len = usize::try_from(left).map_or(self.filled, |left| left.min(self.filled));
        if len > 0
            && let Err(error) = self.spool.write_all_at(&self.buffer[..len], self.at)
        {
            self.filled = 0;
            let told = error.kind().into();
            self.failed = Some(error);
            return Err(told);
        }
        self.at += self.filled as u64;
        Ok(())
    }
}

impl<R: Read> BufRead for Decoded<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.filled {
            self.fill()?;
        }
        Ok(&self.buffer[self.used..self.filled])
    }

    fn consume(&mut self, len: usize) {
        self.used += len;
    }
}

impl<R: Read> Read for Decoded<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}
