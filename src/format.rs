//! The formats that an image can be stored in: each a file here, and its lines in [`FORMATS`].
//!
//! All of them are written as the plan is carried out. A format knows from the start which bytes
//! will be written, gets them from many threads about in order, and stores nothing else: holes
//! are never read, and there is no copy of the image beside the one that is asked for.

mod archive;
mod chunks;
mod codec;
mod mapped;
mod qcow2;
mod raw;
mod vhd;
mod vmdk;

use std::ops::Range;

use anyhow::{Context as _, Result, bail};
use fsgen::{Content, ReadAt, Timestamp, Tree, WriteAt};
use uuid::Uuid;

use crate::output::Output;
use crate::report::Size;
pub(crate) use archive::copy;
use chunks::{Chunks, Packing};
use codec::{Bzip2, Gzip, Xz, Zstd};

/// An image, as a format gets to know it before the first byte is written.
#[derive(Clone, Copy)]
pub(crate) struct Image<'i> {
    /// Size in bytes.
    pub bytes: u64,
    /// What will be written, in order, not touching; all else stays zero.
    pub written: &'i [Range<u64>],
    /// Name of the image in an archive.
    pub name: &'i str,
    /// What goes before it into an archive: names and contents.
    pub companions: &'i [(String, Content)],
    /// Where the contents are.
    pub tree: &'i Tree,
    /// What dates are made of.
    pub time: Timestamp,
    /// What identifiers are made of.
    pub id: Uuid,
    /// Whether a format that can be stored in two ways is to be compressed.
    pub compress: bool,
    /// How many threads may work at once.
    pub threads: usize,
}

/// A file that takes an image. What is not written is zero.
pub(crate) trait Sink: WriteAt {
    /// Stores what is not stored yet; nothing is written after that.
    fn finish(&self) -> Result<()>;
}

/// Starts to store an image in a file, as a stream if the format is nothing else.
type Open = for<'o> fn(&Image<'o>, &'o Output, Stream) -> Result<Box<dyn Sink + 'o>>;

/// Starts a file of so many bytes, of which some will be written.
type Stream = for<'o> fn(u64, Vec<Range<u64>>, &'o Output) -> Result<Box<dyn Sink + 'o>>;

/// A way to store an image.
#[derive(Debug)]
pub(crate) struct Format {
    /// Endings of file names that ask for it, without the first dot.
    pub(crate) endings: &'static [&'static str],
    /// What it is, for people.
    pub(crate) name: &'static str,
    /// Whether other files can be in it, too.
    pub(crate) is_archive: bool,
    /// Whether it can be stored compressed and not.
    pub(crate) has_compression: bool,
    /// The largest image that it can hold, in bytes.
    largest: u64,
    /// What its size is a multiple of, in bytes: a smaller image is padded.
    unit: u64,
    open: Open,
    /// How its bytes are packed.
    stream: Stream,
}

/// All formats, the first one for an image that is not given a name.
pub(crate) const FORMATS: &[Format] = &[
    plain(&["raw", "img"], "raw", raw::stream),
    Format {
        has_compression: true,
        largest: qcow2::LARGEST,
        ..disk(&["qcow2"], "qcow2", qcow2::open)
    },
    Format {
        largest: vmdk::LARGEST,
        ..disk(&["vmdk"], "VMDK (streamOptimized)", vmdk::open)
    },
    Format {
        largest: vhd::LARGEST,
        unit: vhd::ALIGNMENT,
        ..disk(&["vhd"], "VHD (fixed)", vhd::open)
    },
    plain(&["raw.gz", "img.gz"], "raw, gzip", packed::<Gzip>),
    plain(&["raw.bz2", "img.bz2"], "raw, bzip2", packed::<Bzip2>),
    plain(&["raw.xz", "img.xz"], "raw, xz", packed::<Xz>),
    plain(&["raw.zst", "img.zst"], "raw, zstd", packed::<Zstd>),
    tar(&["tar"], "tar", raw::stream),
    tar(&["tar.gz", "tgz"], "tar, gzip", packed::<Gzip>),
    tar(&["tar.bz2"], "tar, bzip2", packed::<Bzip2>),
    tar(&["tar.xz"], "tar, xz", packed::<Xz>),
    tar(&["tar.zst"], "tar, zstd", packed::<Zstd>),
];

/// A file in a way of its own.
const fn disk(endings: &'static [&'static str], name: &'static str, open: Open) -> Format {
    Format {
        endings,
        name,
        is_archive: false,
        has_compression: false,
        largest: u64::MAX,
        unit: 1,
        open,
        stream: raw::stream,
    }
}

/// The bytes of the disk, packed or not.
const fn plain(endings: &'static [&'static str], name: &'static str, stream: Stream) -> Format {
    Format {
        stream,
        ..disk(endings, name, raw::open)
    }
}

/// A tar archive, packed or not.
const fn tar(endings: &'static [&'static str], name: &'static str, stream: Stream) -> Format {
    Format {
        is_archive: true,
        stream,
        ..disk(endings, name, archive::open)
    }
}

fn packed<P: Packing + Default + 'static>(
    len: u64,
    written: Vec<Range<u64>>,
    output: &Output,
) -> Result<Box<dyn Sink + '_>> {
    Ok(Box::new(Chunks::new(P::default(), len, written, output)?))
}

impl Format {
    /// Returns the format that a file name asks for by its ending, and the name without it.
    pub(crate) fn of(file_name: &str) -> Option<(&'static Format, &str)> {
        // Of `.raw.gz` and `.gz`, were there both, the longer one counts.
        let pairs = FORMATS
            .iter()
            .flat_map(|format| format.endings.iter().map(move |ending| (format, *ending)));
        pairs
            .filter_map(|(format, ending)| {
                let name = file_name.strip_suffix(ending)?.strip_suffix('.')?;
                (!name.is_empty()).then_some((format, name))
            })
            .min_by_key(|(_, name)| name.len())
    }

    /// Returns all endings, as messages list them.
    pub(crate) fn endings() -> String {
        let endings = FORMATS.iter().flat_map(|format| format.endings);
        let dotted: Vec<_> = endings.map(|ending| format!(".{ending}")).collect();
        dotted.join(" ")
    }

    /// Returns the endings of archives, as messages list them.
    pub(crate) fn archive_endings() -> String {
        let archives = FORMATS.iter().filter(|format| format.is_archive);
        let endings = archives.flat_map(|format| format.endings);
        let dotted: Vec<_> = endings.map(|ending| format!(".{ending}")).collect();
        dotted.join(" ")
    }

    /// Starts to store a stream of so many bytes, of which some will be written, in the way that
    /// this archive is packed.
    pub(crate) fn stream<'o>(
        &self,
        len: u64,
        written: Vec<Range<u64>>,
        output: &'o Output,
    ) -> Result<Box<dyn Sink + 'o>> {
        (self.stream)(len, written, output).with_context(|| format!("{output}"))
    }

    /// Checks that an image of so many bytes can be stored. Some have something at their very end: the
    /// second table of a GPT.
    ///
    /// # Errors
    ///
    /// Fails with the sizes that are possible.
    pub(crate) fn check(&self, bytes: u64, has_tail: bool) -> Result<()> {
        let size = bytes.next_multiple_of(self.unit);
        if size > self.largest {
            let (name, largest) = (self.name, self.largest);
            bail!(
                "{size} bytes; a {name} holds {largest} at most; make it smaller, or take another format"
            );
        }
        if size != bytes && has_tail {
            bail!(
                "an image of {bytes} bytes; a {} has a multiple of {}, and the second partition table \
                 has to be at its end; make it {size} bytes",
                self.name,
                Size(self.unit)
            );
        }
        Ok(())
    }

    /// Starts to store an image whose size is checked.
    pub(crate) fn open<'o>(
        &self,
        image: &Image<'o>,
        output: &'o Output,
    ) -> Result<Box<dyn Sink + 'o>> {
        (self.open)(image, output, self.stream).with_context(|| format!("{output}"))
    }
}

/// Several files that take the same image.
pub(crate) struct Sinks<'o>(pub(crate) Vec<Box<dyn Sink + 'o>>);

impl WriteAt for Sinks<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> std::io::Result<()> {
        let mut sinks = self.0.iter();
        sinks.try_for_each(|sink| sink.write_all_at(buf, offset))
    }

    fn share(&self, source: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
        match &*self.0 {
            [sink] => sink.share(source, range, offset),
            _ => false,
        }
    }
}
