//! The compressions that an archive may come in, and their decoders.
//!
//! A compressed file may be several streams one after the other, as `cat a.gz b.gz`, `pigz`,
//! `pzstd` and `xz -T` make them; they decode to one.

mod pieces;
mod pool;

use std::fmt;
use std::io::{self, BufRead, Read};
use std::num::NonZero;
use std::thread;

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{MtStreamBuilder, Stream};
use zstd::stream::{raw, zio};

use pieces::Pieces;
pub(crate) use pool::Pool;

/// A compressed format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// RFC 1952.
    Gzip,
    /// bzip2 1.0.
    Bzip2,
    /// The .xz file format.
    Xz,
    /// RFC 8878.
    Zstd,
    /// What LZMA Utils made before xz; payloads of old RPM packages, not archives.
    Lzma,
}

/// What the xz decoder may take, in bytes; `xz -9` needs 65 MiB. A header of a few bytes can ask
/// for 4 GiB.
const XZ_MEMORY: u64 = 256 << 20;
/// What it may take for decoding several blocks at once, in bytes: two of `xz -6 -T0`, say.
const XZ_BLOCKS_MEMORY: u64 = 128 << 20;
/// How many blocks it decodes at once at most.
const XZ_THREADS: usize = 4;

/// The largest window of a zstd frame, as a power of two: that of `zstd --ultra -22`, which is
/// also the most that the zstd program decodes without being asked to.
const ZSTD_WINDOW_LOG: u32 = 27;

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::Gzip => "gzip",
            Codec::Bzip2 => "bzip2",
            Codec::Xz => "xz",
            Codec::Zstd => "zstd",
            Codec::Lzma => "lzma",
        })
    }
}

impl Codec {
    /// Recognises compressed data by its first ten bytes.
    pub(crate) fn recognise(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Codec::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', block @ ..]
                // The first block's magic number is pi; that of an empty stream's end, its root.
                if block.starts_with(b"\x31\x41\x59\x26\x53\x59")
                    || block.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
            {
                Some(Codec::Bzip2)
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Codec::Xz),
            // A frame, or a skippable frame with somebody's index before it.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// Recognises the payload of an RPM package, which may be lzma as well: that has no magic, but
    /// begins with its usual properties and a dictionary of a multiple of 64 KiB.
    pub(crate) fn recognise_payload(head: &[u8]) -> Option<Self> {
        Self::recognise(head).or(match head {
            [0x5d, 0, 0, ..] => Some(Codec::Lzma),
            _ => None,
        })
    }

    /// Returns the decoded bytes of `input`, which must be at the start of a stream.
    ///
    /// Reading to the end checks that nothing but whole streams was there: `xz` padding and the
    /// zeros that tape blocks leave after gzip are let pass, as the formats' own tools do.
    ///
    /// # Errors
    ///
    /// Fails when the decoder cannot be set up.
    pub(crate) fn decoder<'a>(self, input: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Codec::Gzip => Box::new(Pieces::new(self, input, |rest| {
                let rest = next_stream(rest, GZIP)?;
                rest.map(|rest| Codec::Gzip.serial(rest)).transpose()
            })),
            Codec::Zstd => Box::new(Pieces::new(self, input, |rest| {
                Codec::Zstd.serial(rest).map(Some)
            })),
            _ => self.serial(input)?,
        })
    }

    /// Says what is to be done about data that is right, but takes more memory than decoders get.
    pub(crate) fn advice(self, error: &io::Error) -> Option<String> {
        let is_lzma_limit = || {
            let error = error.get_ref().and_then(|error| error.downcast_ref());
            error == Some(&liblzma::stream::Error::MemLimit)
        };
        match self {
            // The crate has no other name for it.
            Codec::Zstd if error.to_string().contains("too much memory") => Some(format!(
                "its window is larger than {} MiB, the most that is decoded; pack it again, with \
                 --long={ZSTD_WINDOW_LOG} at most",
                1 << (ZSTD_WINDOW_LOG - 20)
            )),
            Codec::Xz | Codec::Lzma if is_lzma_limit() => Some(format!(
                "decoding it takes more than {} MiB of memory, the most that is allowed; pack it \
                 again, with a smaller dictionary: {self} -9 is fine",
                XZ_MEMORY >> 20
            )),
            _ => None,
        }
    }

    /// Returns the same, decoded in one go.
    ///
    /// # Errors
    ///
    /// Fails when the decoder cannot be set up.
    pub(crate) fn serial<'a>(self, input: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Codec::Gzip => Box::new(Streams {
                current: Some(GzDecoder::new(input)),
                open: |input| Ok(GzDecoder::new(input)),
                close: GzDecoder::into_inner,
                form: GZIP,
            }),
            Codec::Bzip2 => Box::new(Streams {
                current: Some(BzDecoder::new(input)),
                open: |input| Ok(BzDecoder::new(input)),
                close: BzDecoder::into_inner,
                form: Form {
                    magic: b'B',
                    padding: Padding::None,
                },
            }),
            Codec::Xz => Box::new(Streams {
                current: Some(xz_decoder(input)?),
                open: xz_decoder,
                close: XzDecoder::into_inner,
                form: Form {
                    magic: 0xfd,
                    padding: Padding::Words,
                },
            }),
            Codec::Lzma => {
                let stream = Stream::new_lzma_decoder(XZ_MEMORY)?;
                Box::new(XzDecoder::new_stream(input, stream))
            }
            Codec::Zstd => Box::new(zio::Reader::new(input, zstd_decoder()?)),
        })
    }
}

/// Returns a decoder of zstd frames.
fn zstd_decoder() -> io::Result<raw::Decoder<'static>> {
    let mut decoder = raw::Decoder::new()?;
    decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
    Ok(decoder)
}

/// Returns a decoder of one xz stream. Blocks that say their size, as `xz -T` makes them, are
/// decoded side by side.
fn xz_decoder<R: BufRead>(input: R) -> io::Result<XzDecoder<R>> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = u32::try_from(cores.min(XZ_THREADS)).unwrap_or(1);
    let stream = MtStreamBuilder::new()
        .threads(threads)
        .memlimit_threading(XZ_BLOCKS_MEMORY)
        .memlimit_stop(XZ_MEMORY)
        .decoder()?;
    Ok(XzDecoder::new_stream(input, stream))
}

/// What may come after a member of gzip.
const GZIP: Form = Form {
    magic: 0x1f,
    padding: Padding::AtEnd,
};

/// What may come after the end of a stream.
#[derive(Clone, Copy)]
struct Form {
    /// The first byte of every stream.
    magic: u8,
    padding: Padding,
}

/// Zeros after a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    None,
    /// After the last one.
    AtEnd,
    /// After each, in fours.
    Words,
}

/// Streams one after the other, each of which needs a decoder of its own.
struct Streams<R, D> {
    /// Nothing once the last stream has ended.
    current: Option<D>,
    open: fn(R) -> io::Result<D>,
    close: fn(D) -> R,
    form: Form,
}

impl<R: BufRead, D: Read> Read for Streams<R, D> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(current) = &mut self.current {
            let len = current.read(buf)?;
            if len > 0 || buf.is_empty() {
                return Ok(len);
            }
            if let Some(ended) = self.current.take().map(self.close) {
                self.current = next_stream(ended, self.form)?.map(self.open).transpose()?;
            }
        }
        Ok(0)
    }
}

/// Returns the input when another stream follows, and nothing at its end.
fn next_stream<R: BufRead>(mut input: R, form: Form) -> io::Result<Option<R>> {
    let mut zeros = 0;
    loop {
        let rest = input.fill_buf()?;
        let more = rest.iter().take_while(|byte| **byte == 0).count();
        let is_whole = form.padding != Padding::Words || zeros % 4 == 0;
        match rest.first() {
            None if is_whole => return Ok(None),
            Some(0) if form.padding != Padding::None => {
                zeros += more;
                input.consume(more);
            }
            Some(first)
                if *first == form.magic
                    && is_whole
                    && (zeros == 0 || form.padding == Padding::Words) =>
            {
                return Ok(Some(input));
            }
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "something else follows the end of the compressed data",
                ));
            }
        }
    }
}
