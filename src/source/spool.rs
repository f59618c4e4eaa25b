//! The archive as a file that can be read at any offset: the input itself, or its decoded copy.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::os::unix::fs::FileExt;
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::{Context as _, Result, bail};
use fsgen::ReadAt;

use super::codec::Codec;
use super::kind::{self, ENOUGH, Kind};
use super::window::Archive;
use super::{Input, Options};
use crate::stamp::Stamp;

/// How much is decoded and written at once.
const CHUNK: usize = 256 * 1024;
/// How many of these wait to be written at most.
const AHEAD: usize = 4;

/// A tar archive that can be read at any offset, from many threads at once.
#[derive(Debug)]
pub(super) struct ArchiveFile {
    /// What messages call it.
    name: String,
    file: File,
    /// The input itself as it was at first; nothing when this is a decoded copy.
    stamp: Option<Stamp>,
}

impl ArchiveFile {
    /// Returns whether this is the input itself, not a decoded copy.
    pub(super) fn is_in_place(&self) -> bool {
        self.stamp.is_some()
    }
}

impl ReadAt for ArchiveFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::UnexpectedEof => "the file ends there; was it cut short meanwhile?",
                _ => &error.to_string(),
            };
            let len = buf.len();
            let message = format!("{}: cannot read {len} bytes at {offset}: {what}", self.name);
            io::Error::new(error.kind(), message)
        })
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        let Some(stamp) = &self.stamp else {
            return Ok(());
        };
        stamp.check(&self.file.metadata()?)
    }
}

impl Archive for ArchiveFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

/// Opens an archive, and copies it to an unlinked temporary file when it cannot be read in place.
///
/// # Errors
///
/// Fails when the input cannot be read or decoded, or holds no tar archive.
pub(super) fn open(input: &Input, options: &Options<'_>) -> Result<Arc<ArchiveFile>> {
    let name = input.to_string();
    let file = match input {
        Input::Stdin => return decode(name, io::stdin().lock(), None, options),
        Input::Path(path) => File::open(path).with_context(|| format!("{name}: cannot open"))?,
        Input::Registry(_) | Input::Url(_) => bail!("{name}: is no file"),
    };
    open_file(name, file, options)
}

/// Opens an archive in a file that messages call `name`.
///
/// # Errors
///
/// Fails when it cannot be read or decoded, or holds no tar archive.
pub(super) fn open_file(
    name: String,
    file: File,
    options: &Options<'_>,
) -> Result<Arc<ArchiveFile>> {
    let metadata = file
        .metadata()
        .with_context(|| format!("{name}: cannot read"))?;
    if metadata.is_dir() {
        bail!("{name}: is a directory, where a tar archive was expected");
    }
    if !metadata.is_file() {
        return decode(name, file, None, options);
    }
    let stamp = Stamp::of(&metadata);
    let head = read_head(&file).with_context(|| format!("{name}: cannot read"))?;
    if kind::recognise(&head) != Kind::Tar {
        let len = Some(metadata.len());
        let input = Cursor::new(head).chain(&file);
        let copy = decode(name.clone(), input, len, options)?;
        let unchanged = file.metadata().and_then(|meta| stamp.check(&meta));
        unchanged.with_context(|| name)?;
        return Ok(copy);
    }
    Ok(Arc::new(ArchiveFile {
        name,
        file,
        stamp: Some(stamp),
    }))
}

/// Decodes an input into a temporary file that has no name, and is gone when it is closed.
///
/// `source_len` is how many bytes the input has, if that is known.
pub(super) fn decode(
    name: String,
    mut input: impl Read,
    source_len: Option<u64>,
    options: &Options<'_>,
) -> Result<Arc<ArchiveFile>> {
    let head = read_head(&mut input).with_context(|| format!("{name}: cannot read"))?;
    let codec = match kind::recognise(&head) {
        Kind::Tar => None,
        Kind::Compressed(codec) => Some(codec),
        Kind::Other(what) => bail!("{name}: not a tar archive: it is {what}"),
    };
    let consumed = Cell::new(0);
    let input = Metered {
        inner: BufReader::with_capacity(CHUNK, Cursor::new(head).chain(input)),
        consumed: &consumed,
        progress: options.progress,
    };
    let mut decoded: Box<dyn Read + '_> = match codec {
        None => Box::new(input),
        Some(codec) => codec
            .decoder(input)
            .with_context(|| format!("{name}: cannot set up {codec}"))?,
    };
    let dir = options.spool_dir.display();
    let file = tempfile::tempfile_in(options.spool_dir)
        .with_context(|| format!("{dir}: cannot make a temporary file to decode {name} into"))?;
    let decode = |put: &mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>| {
        let mut len = 0;
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            chunk.clear();
            let read = (&mut decoded).take(CHUNK as u64).read_to_end(&mut chunk);
            if let Err(error) = read {
                let at = len + chunk.len() as u64;
                bail!(failure(&name, codec, consumed.get(), at, &error));
            }
            if len == 0
                && let Some(codec) = codec
            {
                check_decoded(&name, codec, &chunk)?;
            }
            if chunk.is_empty() {
                return Ok(());
            }
            let source_len = source_len.unwrap_or(consumed.get());
            len += chunk.len() as u64;
            let checked = options.limits.check_decoded(codec, source_len, len);
            checked.with_context(|| name.clone())?;
            match put(chunk) {
                Some(next) => chunk = next,
                None => return Ok(()),
            }
        }
    };
    let (decoded, written) = write_behind(&file, decode);
    written.map_err(|(at, error)| {
        anyhow::Error::new(error).context(format!(
            "{dir}: cannot write byte {at} of the decoded {name}; --tmp takes another folder"
        ))
    })?;
    decoded?;
    Ok(Arc::new(ArchiveFile {
        name,
        file,
        stamp: None,
    }))
}

/// Writes to a file what `make` hands to its argument, while that makes more; that argument returns
/// an empty buffer, or nothing when there is no use in going on.
///
/// Returns what `make` does, and where in the file writing failed if it did.
fn write_behind<T>(
    mut file: &File,
    make: impl FnOnce(&mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>) -> T,
) -> (T, Result<(), (u64, io::Error)>) {
    let (full, to_write) = mpsc::sync_channel::<Vec<u8>>(AHEAD);
    let (written, empty) = mpsc::channel();
    for _ in 0..AHEAD {
        // Its other end is below.
        written.send(Vec::with_capacity(CHUNK)).ok();
    }
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut at = 0;
            for mut chunk in to_write {
                file.write_all(&chunk).map_err(|error| (at, error))?;
                at += chunk.len() as u64;
                chunk.clear();
                // Nobody takes it when all is made.
                written.send(chunk).ok();
            }
            Ok(())
        });
        let made = make(&mut |chunk| {
            full.send(chunk).ok()?;
            empty.recv().ok()
        });
        drop(full);
        let written = writer.join();
        (made, written.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Reads the first bytes of an input, as many as it takes to tell what it is.
fn read_head(input: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(ENOUGH);
    input.take(ENOUGH as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Checks that what came out of a decoder begins like a tar archive.
fn check_decoded(name: &str, codec: Codec, start: &[u8]) -> Result<()> {
    let what = match kind::recognise(&start[..start.len().min(ENOUGH)]) {
        Kind::Tar => return Ok(()),
        Kind::Compressed(inner) => format!("{inner} data once more; decode it once before"),
        Kind::Other(what) => what.to_owned(),
    };
    bail!("{name}: {codec} data that holds no tar archive, but {what}");
}

/// Says where and why decoding stopped.
fn failure(
    name: &str,
    codec: Option<Codec>,
    consumed: u64,
    decoded: u64,
    error: &io::Error,
) -> String {
    let cause = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed data is cut short".to_owned(),
        _ => error.to_string(),
    };
    match codec {
        Some(codec) if error.raw_os_error().is_none() => {
            format!(
                "{name}: bad {codec} data near byte {consumed} (byte {decoded} decoded): {cause}"
            )
        }
        _ => format!("{name}: cannot read on after byte {consumed}: {cause}"),
    }
}

/// An input that counts what is taken from it.
struct Metered<'a, R> {
    inner: BufReader<R>,
    consumed: &'a Cell<u64>,
    progress: &'a dyn Fn(u64),
}

impl<R: Read> BufRead for Metered<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.inner.buffer().is_empty() {
            (self.progress)(self.consumed.get());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, len: usize) {
        self.consumed.set(self.consumed.get() + len as u64);
        self.inner.consume(len);
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}
