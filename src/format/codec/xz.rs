//! The .xz file format, version 1.2.1: one stream with a block for each chunk.
//!
//! liblzma packs each chunk into a stream of its own. Its block is kept as it is, and a new index
//! is made of the indexes.

use std::io::{self, Write as _};

use liblzma::write::XzEncoder;

use crate::format::chunks::{Out, Packing};

/// What the `xz` program takes when it is not told.
const PRESET: u32 = 6;
/// Magic, flags, checksum.
const HEADER_LEN: usize = 12;
/// Checksum, size of the index, flags, magic.
const FOOTER_LEN: usize = 12;

#[derive(Default)]
pub(crate) struct Xz {
    /// Packed and unpacked size of each block.
    records: Vec<(u64, u64)>,
    header: Vec<u8>,
}

/// A block, the header of its stream, and its record in the index.
pub(crate) struct Block {
    header: Vec<u8>,
    bytes: Vec<u8>,
    record: (u64, u64),
}

impl Packing for Xz {
    /// As much as the preset looks back.
    const CHUNK: u64 = 8 << 20;
    const SKIPS_ZEROS: bool = false;
    type Packed = Block;

    fn pack(chunk: &[u8]) -> io::Result<Block> {
        let mut encoder = XzEncoder::new(Vec::new(), PRESET);
        encoder.write_all(chunk)?;
        let stream = encoder.finish()?;
        split(stream).ok_or_else(|| io::Error::other("xz made a stream without one block"))
    }

    fn begin(&mut self, _: u64, out: &mut Out<'_>) -> io::Result<()> {
        // All streams have this header; that of an empty one has it, too.
        let stream = XzEncoder::new(Vec::new(), PRESET).finish()?;
        self.header = stream[..HEADER_LEN].to_vec();
        out.put(&self.header)
    }

    fn append(&mut self, _: u64, block: &Block, out: &mut Out<'_>) -> io::Result<()> {
        if block.header != self.header {
            return Err(io::Error::other("xz made two kinds of streams"));
        }
        self.records.push(block.record);
        out.put(&block.bytes)
    }

    fn end(&mut self, out: &mut Out<'_>) -> io::Result<Vec<u8>> {
        let mut index = vec![0];
        put_number(&mut index, self.records.len() as u64);
        for (packed, unpacked) in &self.records {
            put_number(&mut index, *packed);
            put_number(&mut index, *unpacked);
        }
        index.resize(index.len().next_multiple_of(4), 0);
        index.extend(crc32(&index).to_le_bytes());
        let words = u32::try_from(index.len() / 4 - 1).map_err(io::Error::other)?;
        let mut middle = words.to_le_bytes().to_vec();
        middle.extend(&self.header[6..8]);
        out.put(&index)?;
        out.put(&crc32(&middle).to_le_bytes())?;
        out.put(&middle)?;
        out.put(b"YZ")?;
        Ok(Vec::new())
    }
}

/// Takes a stream of one block apart.
fn split(mut stream: Vec<u8>) -> Option<Block> {
    let footer = stream.len().checked_sub(FOOTER_LEN)?;
    let words = u32::from_le_bytes(stream[footer + 4..footer + 8].try_into().ok()?);
    let index = footer.checked_sub((usize::try_from(words).ok()? + 1) * 4)?;
    let mut fields = &stream[index..footer];
    let [0, 1] = [number(&mut fields)?, number(&mut fields)?] else {
        return None;
    };
    let record = (number(&mut fields)?, number(&mut fields)?);
    stream.truncate(index);
    let bytes = stream.split_off(HEADER_LEN);
    Some(Block {
        header: stream,
        bytes,
        record,
    })
}

/// Appends a number, seven bits in a byte.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
