//! Compressed data of many small streams, which are decoded several at a time: zstd frames, as of
//! pzstd, seekable zstd and zstd:chunked, and gzip members that say their size, as of bgzip.
//!
//! Where a stream is large, or does not tell where it ends, it is decoded with all that follows by
//! one decoder. (RFC 8878, section 3.1; RFC 1952; SAM specification, section 4.1.)

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::Codec;

/// How much a block decodes to at most, in bytes.
const BLOCK: usize = 128 << 10;
/// How much a zstd frame may decode to, in blocks.
const MOST_BLOCKS: usize = 64;
/// How much a decoder of a zstd frame may hold, in bytes.
const MOST_WINDOW: u64 = (MOST_BLOCKS * BLOCK) as u64;
/// How much a gzip member may decode to, in bytes: bgzip makes no larger ones.
const MOST_MEMBER: u32 = 64 << 10;
/// A piece is not made of more streams once it has as many bytes, or may decode to as many blocks.
const ENOUGH: usize = 256 << 10;
const ENOUGH_BLOCKS: usize = 16;
/// How many pieces are decoded at once at most.
const THREADS: usize = 4;

/// Returns the decoder of what is left, or nothing where that is nothing.
type Serial<'a, R> = fn(Held<R>) -> io::Result<Option<Box<dyn Read + 'a>>>;

/// The decoded bytes of an input.
pub(super) struct Pieces<'a, R> {
    codec: Codec,
    /// Nothing once it is at its end, or has a decoder of its own.
    input: Option<R>,
    serial: Serial<'a, R>,
    threads: usize,
    pending: VecDeque<Pending>,
    decoded: io::Cursor<Vec<u8>>,
    /// What is left when a stream could not be told from what follows.
    rest: Option<Box<dyn Read + 'a>>,
}

impl<'a, R: BufRead + 'a> Pieces<'a, R> {
    /// Returns them; `serial` is for what cannot be told apart.
    pub(super) fn new(codec: Codec, input: R, serial: Serial<'a, R>) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            codec,
            input: Some(input),
            serial,
            threads: cores.min(THREADS),
            pending: VecDeque::new(),
            decoded: io::Cursor::default(),
            rest: None,
        }
    }

    /// Starts to decode the next streams, as many as may wait.
    fn start(&mut self) -> io::Result<()> {
        while self.pending.len() < self.threads
            && let Some(input) = &mut self.input
        {
            let codec = self.codec;
            let mut piece = Piece::default();
            let end = piece.read(codec, input)?;
            if piece.whole > 0 {
                let rest = piece.bytes.split_off(piece.whole);
                let whole = std::mem::replace(&mut piece.bytes, rest);
                let most = piece.blocks * BLOCK;
                self.pending.push_back(Pending::start(codec, whole, most));
            }
            if end == End::More {
                continue;
            }
            if let Some(input) = self.input.take()
                && end == End::Unknown
            {
                self.rest = (self.serial)(Held {
                    bytes: piece.bytes,
                    at: 0,
                    input,
                })?;
            }
        }
        Ok(())
    }
}

impl<'a, R: BufRead + 'a> Read for Pieces<'a, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let len = self.decoded.read(buf)?;
            if len > 0 || buf.is_empty() {
                return Ok(len);
            }
            self.start()?;
            let Some(next) = self.pending.pop_front() else {
                return self.rest.as_mut().map_or(Ok(0), |rest| rest.read(buf));
            };
            self.decoded = io::Cursor::new(next.join()?);
        }
    }
}

/// A piece that is being decoded.
enum Pending {
    Thread(JoinHandle<io::Result<Vec<u8>>>),
    /// There was no thread for it.
    Done(io::Result<Vec<u8>>),
}

impl Pending {
    /// Starts to decode whole streams to `most` bytes at most.
    fn start(codec: Codec, whole: Vec<u8>, most: usize) -> Self {
        let whole = Arc::new(whole);
        let work = {
            let whole = Arc::clone(&whole);
            move || decode_whole(codec, &whole, most)
        };
        match thread::Builder::new().name("decode".to_owned()).spawn(work) {
            Ok(thread) => Self::Thread(thread),
            Err(_) => Self::Done(decode_whole(codec, &whole, most)),
        }
    }

    fn join(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Thread(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Self::Done(decoded) => decoded,
        }
    }
}

fn decode_whole(codec: Codec, whole: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut stream = codec.serial(whole)?.take(most as u64 + 1);
    stream.read_to_end(&mut decoded)?;
    if decoded.len() > most {
        let message = "a stream decodes to more bytes than its own fields allow";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(decoded)
}

/// Whole streams, and what was read beyond them.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    /// Where the whole streams end.
    whole: usize,
    /// How many blocks these may decode to.
    blocks: usize,
}

/// Why a piece ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is large enough.
    More,
    /// The input ends, too.
    Input,
    /// What follows cannot be told to be a small stream.
    Unknown,
}

impl Piece {
    fn read(&mut self, codec: Codec, input: &mut impl BufRead) -> io::Result<End> {
        while self.whole < ENOUGH && self.blocks < ENOUGH_BLOCKS {
            if input.fill_buf()?.is_empty() {
                return Ok(End::Input);
            }
            let is_whole = match codec {
                Codec::Gzip => self.gzip(input)?,
                _ => self.zstd(input)?,
            };
            if is_whole.is_none() {
                return Ok(End::Unknown);
            }
            self.whole = self.bytes.len();
        }
        Ok(End::More)
    }

    /// Reads `len` bytes; nothing when there are fewer.
    fn take(&mut self, input: &mut impl BufRead, len: usize) -> io::Result<Option<&[u8]>> {
        let start = self.bytes.len();
        let mut input = input.take(len as u64);
        input.read_to_end(&mut self.bytes)?;
        let bytes = &self.bytes[start..];
        Ok((bytes.len() == len).then_some(bytes))
    }

    /// Reads a member of gzip that says its size.
    fn gzip(&mut self, input: &mut impl BufRead) -> io::Result<Option<()>> {
        let Some(head) = self.take(input, 18)? else {
            return Ok(None);
        };
        // Deflate with an extra field, which is one of 2 bytes called BC, and holds the size less 1.
        let is_sized = head.starts_with(&[0x1f, 0x8b, 8, 4]) && head[10..16] == *b"\x06\0BC\x02\0";
        let size = usize::from(u16::from_le_bytes([head[16], head[17]])) + 1;
        let Some(more) = size.checked_sub(18).filter(|_| is_sized) else {
            return Ok(None);
        };
        let Some(more) = self.take(input, more)? else {
            return Ok(None);
        };
        let decoded_len = more.last_chunk().map_or(0, |len| u32::from_le_bytes(*len));
        if decoded_len > MOST_MEMBER {
            return Ok(None);
        }
        self.blocks += 1;
        Ok(Some(()))
    }

    /// Reads a frame of zstd that is small, or one that is skipped.
    fn zstd(&mut self, input: &mut impl BufRead) -> io::Result<Option<()>> {
        let Some(head) = self.take(input, 5)? else {
            return Ok(None);
        };
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, size] = *head {
            let Some(more) = self.take(input, 3)? else {
                return Ok(None);
            };
            let size = u32::from_le_bytes([size, more[0], more[1], more[2]]);
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > ENOUGH {
                return Ok(None);
            }
            return Ok(self.take(input, size)?.map(drop));
        }
        let [0x28, 0xb5, 0x2f, 0xfd, descriptor] = *head else {
            return Ok(None);
        };
        let is_single = descriptor & 0x20 != 0;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = match descriptor >> 6 {
            0 => usize::from(is_single),
            flag => 1 << flag,
        };
        let window = usize::from(!is_single);
        let Some(fields) = self.take(input, window + dictionary + size)? else {
            return Ok(None);
        };
        // A size of 4 or 8 bytes may tell that there is no use in looking further.
        let mut content = [0; 8];
        content[..size].copy_from_slice(&fields[window + dictionary..]);
        let window = match is_single {
            true => 0,
            false => window_len(fields[0]),
        };
        if u64::from_le_bytes(content).max(window) > MOST_WINDOW {
            return Ok(None);
        }
        for _ in 0..MOST_BLOCKS {
            let Some(block) = self.take(input, 3)? else {
                return Ok(None);
            };
            let [low, middle, high] = [0, 1, 2].map(|at| usize::from(block[at]));
            let (is_last, kind) = (low & 1 == 1, low >> 1 & 3);
            let size = (high << 16 | middle << 8 | low) >> 3;
            if size > BLOCK {
                return Ok(None);
            }
            // One byte stands for a block of it.
            let stored = if kind == 1 { 1 } else { size };
            if self.take(input, stored)?.is_none() {
                return Ok(None);
            }
            self.blocks += 1;
            if is_last {
                let sum = if descriptor & 4 == 0 { 0 } else { 4 };
                return Ok(self.take(input, sum)?.map(drop));
            }
        }
        Ok(None)
    }
}

/// Returns the size in bytes that a window descriptor says (RFC 8878, section 3.1.1.1.2).
fn window_len(descriptor: u8) -> u64 {
    let base = 1 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 7)
}

/// Bytes that were read ahead, and the input that they are from.
pub(super) struct Held<R> {
    bytes: Vec<u8>,
    at: usize,
    input: R,
}

impl<R: BufRead> BufRead for Held<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.bytes.get(self.at..) {
            Some(held) if !held.is_empty() => Ok(held),
            _ => self.input.fill_buf(),
        }
    }

    fn consume(&mut self, len: usize) {
        if self.bytes.is_empty() {
            return self.input.consume(len);
        }
        self.at += len;
        if self.at == self.bytes.len() {
            (self.bytes, self.at) = (Vec::new(), 0);
        }
    }
}

impl<R: BufRead> Read for Held<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}

#[cfg(test)]
mod tests;
