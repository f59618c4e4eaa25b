//! Compressed bytes of a file of the host, on their way to a decoder.

use std::io::{self, BufRead, Read};

use fsgen::ReadAt;

use crate::rpm::digest::Digest;

/// How much is read at once.
const CHUNK: usize = 128 << 10;

/// Bytes as they are in a file. Their digest is taken while they are read.
pub(crate) struct Compressed<'s> {
    source: &'s dyn ReadAt,
    at: u64,
    end: u64,
    chunk: Vec<u8>,
    /// How many bytes of it were read from the file, and how many of these were taken.
    filled: usize,
    used: usize,
    digest: Option<Digest>,
}

impl<'s> Compressed<'s> {
    /// Returns the bytes from one place to another.
    pub(crate) fn new(source: &'s dyn ReadAt, at: u64, end: u64, digest: Option<Digest>) -> Self {
        Self {
            source,
            at,
            end,
            chunk: Vec::new(),
            filled: 0,
            used: 0,
            digest,
        }
    }

    /// Returns the same, with the buffer of others that were read to their end.
    pub(crate) fn with_buffer(self, chunk: Vec<u8>) -> Self {
        Self { chunk, ..self }
    }

    /// Reads what the decoder has left, and returns the digest of all, and the buffer.
    pub(crate) fn finish(mut self) -> io::Result<(Option<Digest>, Vec<u8>)> {
        loop {
            let len = self.fill_buf()?.len();
            if len == 0 {
                return Ok((self.digest, self.chunk));
            }
            self.consume(len);
        }
    }
}

impl BufRead for Compressed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.filled {
            let left = self.end - self.at;
            let len = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            if self.chunk.len() < len {
                self.chunk.resize(len, 0);
            }
            (self.filled, self.used) = (0, 0);
            if len > 0 {
                self.source.read_exact_at(&mut self.chunk[..len], self.at)?;
            }
            self.filled = len;
            self.at += len as u64;
            if let Some(digest) = &mut self.digest {
                digest.update(&self.chunk[..len]);
            }
        }
        Ok(&self.chunk[self.used..self.filled])
    }

    fn consume(&mut self, len: usize) {
        self.used += len;
    }
}

impl Read for Compressed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}
