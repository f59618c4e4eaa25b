//! bzip2 1.0: one stream, as Python 2 and other old readers want it.
//!
//! A stream is `BZh9`, blocks, and 48 bits that end it with a checksum over those of the blocks.
//! All of it is bits, without regard to bytes. A chunk is packed into a stream of its own with one
//! block; the blocks are then put one behind the other. Format: Taylor, "bzip2: Format
//! Specification" (2016).

use std::io::{self, Read as _};

use bzip2::Compression;
use bzip2::read::BzEncoder;

use crate::format::chunks::{Out, Packing};

const HEADER: &[u8; 4] = b"BZh9";
/// The square root of pi ends a stream.
const END: u64 = 0x1772_4538_5090;

#[derive(Default)]
pub(crate) struct Bzip2 {
    crc: u32,
    /// Bits that do not fill a byte yet: the value, and how many.
    rest: (u8, u32),
}

/// The bits of one block.
pub(crate) struct Block {
    bytes: Vec<u8>,
    bits: u64,
    crc: u32,
}

impl Packing for Bzip2 {
    /// The first step of bzip2 makes five bytes of four that are equal, so that this much is sure
    /// to go into one block of 900,000 less 19 bytes.
    const CHUNK: u64 = 640 << 10;
    const SKIPS_ZEROS: bool = false;
    type Packed = Block;

    fn pack(chunk: &[u8]) -> io::Result<Block> {
        let mut bytes = Vec::new();
        BzEncoder::new(chunk, Compression::best()).read_to_end(&mut bytes)?;
        let bits = |at: u64, count: u64| {
            (at..at + count).fold(0, |value, bit| {
                let byte = bytes[usize::try_from(bit / 8).expect("inside")];
                value << 1 | u64::from(byte >> (7 - bit % 8) & 1)
            })
        };
        let all = bytes.len() as u64 * 8;
        // Up to 7 bits fill the last byte.
        let end = (80..88)
            .map(|back| all - back)
            .find(|at| bits(*at, 48) == END);
        let Some(end) = end.filter(|_| bytes.starts_with(HEADER)) else {
            return Err(io::Error::other("bzip2 made a stream that has no end"));
        };
        // OK to expect: 32 bits.
        let crc = u32::try_from(bits(end + 48, 32)).expect("32 bits");
        let bits = end - 32;
        bytes.drain(..HEADER.len());
        Ok(Block { bytes, bits, crc })
    }

    fn begin(&mut self, _: u64, out: &mut Out<'_>) -> io::Result<()> {
        out.put(HEADER)
    }

    fn append(&mut self, _: u64, block: &Block, out: &mut Out<'_>) -> io::Result<()> {
        self.crc = self.crc.rotate_left(1) ^ block.crc;
        self.put(&block.bytes, block.bits, out)
    }

    fn end(&mut self, out: &mut Out<'_>) -> io::Result<Vec<u8>> {
        self.put(&END.to_be_bytes()[2..], 48, out)?;
        self.put(&self.crc.to_be_bytes(), 32, out)?;
        if self.rest.1 > 0 {
            out.put(&[self.rest.0])?;
        }
        Ok(Vec::new())
    }
}

impl Bzip2 {
    /// Appends the first `bits` bits.
    fn put(&mut self, bytes: &[u8], bits: u64, out: &mut Out<'_>) -> io::Result<()> {
        let (mut rest, shift) = self.rest;
        let whole = usize::try_from(bits / 8).expect("inside");
        let mut shifted = Vec::with_capacity(whole + 2);
        for byte in &bytes[..whole] {
            let both = u16::from(*byte) << (8 - shift);
            let [high, low] = both.to_be_bytes();
            shifted.push(rest | high);
            rest = low;
        }
        // OK to expect: below 8.
        let left = u32::try_from(bits % 8).expect("below 8");
        let mut count = shift;
        if left > 0 {
            let last = bytes[whole] & !(0xFF >> left);
            let [high, low] = (u16::from(last) << (8 - shift)).to_be_bytes();
            rest |= high;
            count += left;
            if count >= 8 {
                shifted.push(rest);
                rest = low;
                count -= 8;
            }
        }
        self.rest = (rest, count);
        out.put(&shifted)
    }
}
