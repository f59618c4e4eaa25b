//! The archive as a file that can be read at any offset: the input itself, or its decoded copy.
//!
//! - `ahead` reads what is to be decoded next, `behind` writes what was decoded, `contents` says where
//!   in that the contents of large files begin

mod ahead;
mod behind;
mod contents;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek as _, SeekFrom};
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result, bail};

use super::codec::Codec;
use super::kind::{self, ENOUGH, Kind};
use super::oci::Digest;
use super::window::Archive;
use super::{Input, Options};
use crate::cache::{Found, Part};
use crate::disk::Disk;
use crate::disk::file::PlainFile;
use crate::stamp::Stamp;
use behind::{CHUNK, Spool, write_behind};

impl Archive for PlainFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read_at(buf, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(Disk::len(self))
    }
}

/// Opens an archive, and decodes it when it cannot be read in place, unless the cache has it.
///
/// # Errors
///
/// Fails when the input cannot be read or decoded, or holds no tar archive.
pub(super) fn open(input: &Input, options: &Options<'_>) -> Result<Arc<PlainFile>> {
    let name = input.to_string();
    let file = match input {
        Input::Stdin => return Ok(decode(&name, io::stdin(), None, false, options)?.archive),
        Input::Path(path) => File::open(path).with_context(|| format!("{name}: cannot open"))?,
        Input::Registry(_) | Input::Url(_) => bail!("{name}: is no file"),
    };
    open_file(&name, file, None, options)
}

/// Opens an archive in a file that messages call `name`; `digest` is that of a file that was
/// fetched.
///
/// # Errors
///
/// Fails when it cannot be read or decoded, or holds no tar archive.
pub(super) fn open_file(
    name: &str,
    file: File,
    digest: Option<Digest>,
    options: &Options<'_>,
) -> Result<Arc<PlainFile>> {
    let cannot = || format!("{name}: cannot read");
    let metadata = file.metadata().with_context(cannot)?;
    if metadata.is_dir() {
        bail!("{name}: is a directory, where a tar archive was expected");
    }
    if !metadata.is_file() {
        return Ok(decode(name, file, None, false, options)?.archive);
    }
    let len = metadata.len();
    let stamp = Stamp::of(&metadata);
    let head = read_head(&file).with_context(cannot)?;
    if matches!(kind::recognise(&head), Kind::Tar | Kind::Image) {
        let file = PlainFile::input(name.to_owned(), file, len, stamp);
        return Ok(Arc::new(file));
    }
    let unchanged = || {
        let unchanged = file.metadata().and_then(|meta| stamp.check(&meta));
        unchanged.with_context(|| name.to_owned())
    };
    let is_fetched = digest.is_some();
    let mut known = digest.or_else(|| options.cache?.digest_of(&stamp));
    if known.is_none() && options.cache.is_some_and(|cache| cache.has_source_of(len)) {
        // To read a file is far less than to decode it, if this one was decoded under another stamp.
        (&file).rewind().with_context(cannot)?;
        known = Some(Digest::read(&file).with_context(cannot)?);
        unchanged()?;
    }
    let archive = match find(name, &head, len, known.as_ref(), options)? {
        Some(archive) => archive,
        None => {
            let start = SeekFrom::Start(0);
            (&file).seek(start).with_context(cannot)?;
            let decoded = decode(name, &file, Some(len), known.is_none(), options)?;
            unchanged()?;
            known = known.or(decoded.digest);
            keep(decoded.part, known.as_ref(), len);
            decoded.archive
        }
    };
    if !is_fetched && let (Some(cache), Some(digest)) = (options.cache, known) {
        cache.know(&stamp, &digest, name);
    }
    Ok(archive)
}

/// Decodes an input of `len` bytes that is right, unless the cache has the archive in it under its
/// digest.
///
/// # Errors
///
/// Fails when it cannot be read or decoded, or holds no tar archive.
pub(super) fn open_blob(
    blob: &dyn Archive,
    head: &[u8],
    digest: Option<&Digest>,
    options: &Options<'_>,
) -> Result<Arc<PlainFile>> {
    let (name, len) = (blob.name(), blob.len()?);
    if let Some(archive) = find(&name, head, len, digest, options)? {
        return Ok(archive);
    }
    let input = Bytes::new(blob, len);
    let decoded = decode(&name, input, Some(len), false, options)?;
    keep(decoded.part, digest, len);
    Ok(decoded.archive)
}

/// Returns the archive in a compressed input of `len` bytes, if it is in the cache.
fn find(
    name: &str,
    head: &[u8],
    len: u64,
    digest: Option<&Digest>,
    options: &Options<'_>,
) -> Result<Option<Arc<PlainFile>>> {
    let Kind::Compressed(codec) = kind::recognise(head) else {
        return Ok(None);
    };
    let found = digest.and_then(|digest| options.cache?.find(digest));
    let Some(found) = found else {
        return Ok(None);
    };
    let checked = options.limits.check_decoded(Some(codec), len, found.len);
    checked.with_context(|| name.to_owned())?;
    Ok(Some(Arc::new(decoded(name.to_owned(), found).shared())))
}

/// Returns the copy that an input was decoded into.
fn decoded(name: String, found: Found) -> PlainFile {
    PlainFile::copy(name, found.file, found.places, found.len)
}

/// Leaves an archive in the cache.
fn keep(part: Option<Part<'_>>, digest: Option<&Digest>, len: u64) {
    if let (Some(part), Some(digest)) = (part, digest) {
        // It is only for speed.
        part.keep(digest, len).ok();
    }
}

/// What comes of decoding.
struct Decoded<'o> {
    archive: Arc<PlainFile>,
    /// The archive in the cache.
    part: Option<Part<'o>>,
    /// The digest of the input, if it was asked for.
    digest: Option<Digest>,
}

/// Decodes an input into a file: one in the cache when it has `len` bytes, which is not known of
/// pipes.
fn decode<'o>(
    name: &str,
    mut input: impl Read + Send,
    len: Option<u64>,
    is_digested: bool,
    options: &Options<'o>,
) -> Result<Decoded<'o>> {
    let head = read_head(&mut input).with_context(|| format!("{name}: cannot read"))?;
    let codec = match kind::recognise(&head) {
        Kind::Tar | Kind::Image => None,
        Kind::Compressed(codec) => Some(codec),
        Kind::Other(what) => bail!("{name}: not a tar archive: it is {what}"),
    };
    let dir = options.spool_dir.display();
    let part = len.and_then(|_| Part::new(options.cache?));
    let is_digested = is_digested && part.is_some();
    let spool = Spool::new(part, options.spool_dir)
        .with_context(|| format!("{dir}: cannot make a temporary file to decode {name} into"))?;
    let input = Cursor::new(head).chain(input);
    let decoding = Decoding {
        name,
        codec,
        len,
        options,
    };
    let started = match len {
        // A read of a pipe may wait for ever, and nobody could wait for its thread.
        None => {
            let input = BufReader::with_capacity(CHUNK, input);
            write_behind(spool, |put| decoding.run(input, put)).map(|both| (both, None))
        }
        Some(_) => thread::scope(|scope| {
            let (reader, ahead) = ahead::ends();
            let read = move || reader.run(input, is_digested);
            let reader = thread::Builder::new().spawn_scoped(scope, read)?;
            let both = write_behind(spool, |put| decoding.run(ahead, put))?;
            let digest = reader.join();
            let digest = digest.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((both, digest))
        }),
    };
    let ((decoded, written), digest) = started.with_context(|| {
        format!("{name}: no thread to decode it; there is a limit of processes (ulimit -u)")
    })?;
    let cannot = |(at, error)| {
        anyhow::Error::new(error).context(format!(
            "{dir}: cannot write byte {at} of the decoded {name}; --tmp takes another folder"
        ))
    };
    let spool = written.map_err(cannot)?;
    decoded?;
    let (found, part) = spool.finish()?;
    Ok(Decoded {
        archive: Arc::new(self::decoded(name.to_owned(), found)),
        part,
        digest,
    })
}

/// What is decoded.
struct Decoding<'d> {
    name: &'d str,
    codec: Option<Codec>,
    len: Option<u64>,
    options: &'d Options<'d>,
}

impl Decoding<'_> {
    /// Hands the decoded bytes to `put`, chunk by chunk.
    fn run(
        &self,
        input: impl BufRead,
        put: &mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>,
    ) -> Result<()> {
        let Self { name, codec, .. } = *self;
        let consumed = Cell::new(0);
        let input = Metered {
            inner: input,
            consumed: &consumed,
            progress: self.options.progress,
            told: 0,
        };
        let mut decoded: Box<dyn Read + '_> = match codec {
            None => Box::new(input),
            Some(codec) => codec
                .decoder(input)
                .with_context(|| format!("{name}: cannot set up {codec}"))?,
        };
        let mut at = 0;
        let mut chunk = vec![0; CHUNK];
        loop {
            let (len, read) = fill(&mut decoded, &mut chunk);
            chunk.truncate(len);
            if let Err(error) = read {
                let at = at + len as u64;
                bail!(failure(name, codec, consumed.get(), at, &error));
            }
            if at == 0
                && let Some(codec) = codec
            {
                check_decoded(name, codec, &chunk)?;
            }
            if chunk.is_empty() {
                return Ok(());
            }
            let source_len = self.len.unwrap_or(consumed.get());
            at += len as u64;
            let checked = self.options.limits.check_decoded(codec, source_len, at);
            checked.with_context(|| name.to_owned())?;
            match put(chunk) {
                Some(next) => chunk = next,
                None => return Ok(()),
            }
        }
    }
}

/// Fills a buffer as far as there is something to read, and returns how far that was.
fn fill(input: &mut dyn Read, buf: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while filled < buf.len() {
        match input.read(&mut buf[filled..]) {
            Ok(0) => break,
            Ok(len) => filled += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
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
        Kind::Tar | Kind::Image => return Ok(()),
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
    if let Some(advice) = codec.and_then(|codec| codec.advice(error)) {
        return format!("{name}: {advice}");
    }
    match codec {
        Some(codec) if error.raw_os_error().is_none() => {
            format!(
                "{name}: bad {codec} data near byte {consumed} (byte {decoded} decoded): {cause}"
            )
        }
        _ => format!("{name}: cannot read on after byte {consumed}: {cause}"),
    }
}

/// How much is read between two calls of `progress`.
const PROGRESS_STEP: u64 = 256 * 1024;

/// An input that counts what is taken from it.
struct Metered<'a, R> {
    inner: R,
    consumed: &'a Cell<u64>,
    progress: &'a dyn Fn(u64),
    told: u64,
}

impl<R: BufRead> BufRead for Metered<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, len: usize) {
        let consumed = self.consumed.get() + len as u64;
        self.consumed.set(consumed);
        if consumed - self.told >= PROGRESS_STEP {
            self.told = consumed;
            (self.progress)(consumed);
        }
        self.inner.consume(len);
    }
}

impl<R: BufRead> Read for Metered<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}

/// The bytes of a blob, one after the other.
struct Bytes<'b> {
    blob: &'b dyn Archive,
    at: u64,
    len: u64,
}

impl<'b> Bytes<'b> {
    fn new(blob: &'b dyn Archive, len: u64) -> Self {
        Self { blob, at: 0, len }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX);
        let len = left.min(buf.len());
        self.blob.read_exact_at(&mut buf[..len], self.at)?;
        self.at += len as u64;
        Ok(len)
    }
}
