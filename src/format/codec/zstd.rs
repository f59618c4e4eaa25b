//! Zstandard (RFC 8878): a frame for each chunk, one after the other, as `pzstd` makes them.

use std::io;

use crate::format::chunks::{Out, Packing};

#[derive(Default)]
pub(crate) struct Zstd;

/// What the `zstd` program takes when it is not told.
const LEVEL: i32 = 3;

impl Packing for Zstd {
    const CHUNK: u64 = 4 << 20;
    const SKIPS_ZEROS: bool = false;
    type Packed = Vec<u8>;

    fn pack(chunk: &[u8]) -> io::Result<Vec<u8>> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        compressor.compress(chunk)
    }

    fn begin(&mut self, _: u64, _: &mut Out<'_>) -> io::Result<()> {
        Ok(())
    }

    fn append(&mut self, _: u64, packed: &Vec<u8>, out: &mut Out<'_>) -> io::Result<()> {
        out.put(packed)
    }

    fn end(&mut self, _: &mut Out<'_>) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
