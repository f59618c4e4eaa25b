//! gzip (RFC 1952): one member, as readers from before `pigz` want it.
//!
//! Each chunk is a piece of the deflate stream (RFC 1951) that ends on a byte and looks back at
//! none before it.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use crate::format::chunks::{Out, Packing};

/// Magic, deflate, no flags, no time, no hint, Unix.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
/// The last deflate block, with nothing in it.
const LAST_BLOCK: [u8; 2] = [3, 0];

#[derive(Default)]
pub(crate) struct Gzip {
    crc: Crc,
}

impl Packing for Gzip {
    const CHUNK: u64 = 1 << 20;
    const SKIPS_ZEROS: bool = false;
    type Packed = (Vec<u8>, Crc);

    fn pack(chunk: &[u8]) -> io::Result<Self::Packed> {
        let mut crc = Crc::new();
        crc.update(chunk);
        let mut deflate = Compress::new(Compression::default(), false);
        let mut packed = Vec::with_capacity(chunk.len() / 2 + 1024);
        loop {
            let taken = usize::try_from(deflate.total_in()).expect("a part of the chunk");
            let status = deflate
                .compress_vec(&chunk[taken..], &mut packed, FlushCompress::Sync)
                .map_err(io::Error::other)?;
            // A flush is complete when room is left.
            if packed.len() < packed.capacity() || status == Status::StreamEnd {
                return Ok((packed, crc));
            }
            packed.reserve(chunk.len() / 2 + 1024);
        }
    }

    fn begin(&mut self, _: u64, out: &mut Out<'_>) -> io::Result<()> {
        out.put(&HEADER)
    }

    fn append(
        &mut self,
        _: u64,
        (packed, crc): &Self::Packed,
        out: &mut Out<'_>,
    ) -> io::Result<()> {
        self.crc.combine(crc);
        out.put(packed)
    }

    fn end(&mut self, out: &mut Out<'_>) -> io::Result<Vec<u8>> {
        out.put(&LAST_BLOCK)?;
        out.put(&self.crc.sum().to_le_bytes())?;
        // The length modulo 2^32.
        out.put(&self.crc.amount().to_le_bytes())?;
        Ok(Vec::new())
    }
}
