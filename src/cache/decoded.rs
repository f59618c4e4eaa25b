//! Tar archives that were decoded, so that the next build from the same source need not do it.
//!
//! An archive is followed by what it was made of:
//!
//! | offset | bytes | what |
//! |--:|--:|---|
//! | 0 | 8 | [`MAGIC`] |
//! | 8 | 8 | size of the archive, little-endian like all that follows |
//! | 16 | 8 | size of the compressed source |
//! | 24 | 4 | CRC-32C of the archive |
//! | 28 | 4 | CRC-32C of the 28 bytes before |
//!
//! To read all of a large archive for its checksum takes as long as a good part of a build. So that
//! is done when the file is not what it was after the last time, and once after each start of the
//! machine: one that went down may not have stored all that was written.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use tempfile::NamedTempFile;

use super::{Cache, DECODED, KNOWN, PART, children, make_folder, put};
use crate::output::UnderWay;
use crate::progress::say;
use crate::room::Ahead;
use crate::source::Digest;
use crate::stamp::Stamp;

/// What follows an archive begins with.
const MAGIC: [u8; 8] = *b"hsb tar1";
/// How long it is.
const FOOTER: usize = 32;
/// How much is read at once to compute a checksum.
const CHUNK: usize = 256 * 1024;
/// A file that was changed as lately as this may change once more without another time: clocks of
/// filesystems tick slowly, some once in two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// An archive that was decoded before.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) file: File,
    /// Where the archive ends in the file.
    pub(crate) len: u64,
}

/// What is said of an archive behind its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Footer {
    len: u64,
    source_len: u64,
    sum: u32,
}

impl Footer {
    fn bytes(self) -> [u8; FOOTER] {
        let mut bytes = [0; FOOTER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.len.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.source_len.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.sum.to_le_bytes());
        let sum = crc32c::crc32c(&bytes[..28]);
        bytes[28..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    fn read(file: &File) -> Result<Self> {
        let len = file.metadata()?.len();
        let mut bytes = [0; FOOTER];
        let at = len.checked_sub(FOOTER as u64).context("it is cut short")?;
        file.read_exact_at(&mut bytes, at)?;
        let word = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("8 bytes"));
        let footer = Self {
            len: word(8),
            source_len: word(16),
            sum: u32::from_le_bytes(*bytes[24..].first_chunk().expect("4 bytes")),
        };
        ensure!(
            footer.bytes() == bytes && footer.len == at,
            "it is damaged at its end"
        );
        Ok(footer)
    }
}

impl Cache {
    /// Returns the archive that a source with this digest holds, if it was decoded before.
    ///
    /// One that is damaged is removed, with a line that says so.
    pub(crate) fn find(&self, digest: &Digest) -> Option<Found> {
        let path = self.place(DECODED, digest);
        let file = File::open(&path).ok()?;
        match check(&file, &path) {
            Ok(len) => Some(Found { file, len }),
            Err(error) => {
                let shown = path.display();
                say(format_args!(
                    "hsb: warning: {shown}: {error:#}; it is made again"
                ));
                fs::remove_file(path).ok();
                None
            }
        }
    }

    /// Returns whether some archive was decoded from a source of this size.
    pub(crate) fn has_source_of(&self, len: u64) -> bool {
        let files = children(&self.folder.join(DECODED)).flat_map(|folder| children(&folder));
        let mut files = files.filter(|path| path.extension().is_none());
        files.any(|path| {
            let footer = File::open(path).map(|file| Footer::read(&file));
            footer.is_ok_and(|footer| footer.is_ok_and(|footer| footer.source_len == len))
        })
    }

    /// Returns the digest of a file as it was when it had this stamp, if that is known.
    pub(crate) fn digest_of(&self, stamp: &Stamp) -> Option<Digest> {
        let text = fs::read_to_string(self.known(stamp)).ok()?;
        text.lines().next()?.parse().ok()
    }

    /// Notes the digest of a file that messages call `name`, unless it could have been changed just
    /// now without another stamp.
    pub(crate) fn know(&self, stamp: &Stamp, digest: &Digest, name: &str) {
        let settled = SystemTime::now().checked_sub(SETTLED);
        if settled.is_some_and(|settled| stamp.is_older_than(settled)) {
            // It is only for speed.
            put(&self.known(stamp), &format!("{digest}\n{name}\n")).ok();
        }
    }

    fn known(&self, stamp: &Stamp) -> PathBuf {
        let digest = Digest::sha256(stamp.to_string().as_bytes());
        self.folder.join(KNOWN).join(digest.hex())
    }
}

/// Checks an archive, notes that it is in use, and returns its size.
fn check(file: &File, path: &Path) -> Result<u64> {
    let footer = Footer::read(file)?;
    let now = state(file)?;
    let checked = checked(path);
    if now.is_none() || fs::read_to_string(&checked).ok() != now {
        let mut left = footer.len;
        let mut sum = 0;
        let mut chunk = vec![0; CHUNK];
        let mut input = file;
        while left > 0 {
            let len = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            input.read_exact(&mut chunk[..len])?;
            sum = crc32c::crc32c_append(sum, &chunk[..len]);
            left -= len as u64;
        }
        ensure!(
            sum == footer.sum,
            "its checksum is {sum:08x}, and should be {:08x}",
            footer.sum
        );
    }
    put(&checked, &now.unwrap_or_default()).ok();
    Ok(footer.len)
}

/// Returns where it is noted how an archive was when it was last checked; its time is that of use.
pub(super) fn checked(path: &Path) -> PathBuf {
    path.with_extension("checked")
}

/// Returns what a file is like, and which start of the machine it is, where that can be told.
fn state(file: &File) -> io::Result<Option<String>> {
    let stamp = Stamp::of(&file.metadata()?);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    Ok(boot.map(|boot| format!("{stamp} {boot}")))
}

/// An archive that is being decoded into the cache. Dropped before [`Part::keep`], it leaves
/// nothing behind, and neither does a signal.
pub(crate) struct Part<'c> {
    cache: &'c Cache,
    file: NamedTempFile,
    _under_way: UnderWay,
    room: u64,
    ahead: Ahead,
    len: u64,
    sum: u32,
}

impl<'c> Part<'c> {
    /// Starts one; nothing when the cache cannot or should not have it.
    pub(crate) fn new(cache: &'c Cache) -> Option<Self> {
        if !cache.keeps_decoded {
            return None;
        }
        let folder = cache.folder.join(DECODED);
        make_folder(&folder.join("sha256")).ok()?;
        let file = tempfile::Builder::new()
            .suffix(&format!(".{PART}"))
            .tempfile_in(folder.join("sha256"))
            .ok()?;
        // A part that nobody has locked is what a killed build left.
        file.as_file().try_lock().ok()?;
        Some(Self {
            cache,
            _under_way: UnderWay::new(file.path().to_owned()),
            file,
            room: cache.room().saturating_sub(FOOTER as u64),
            ahead: Ahead::default(),
            len: 0,
            sum: 0,
        })
    }

    /// Adds bytes.
    ///
    /// # Errors
    ///
    /// Fails when there is no room for them; what was added before is as it was.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = self.len + bytes.len() as u64;
        if len > self.room {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let file = self.file.as_file();
        self.ahead.take(file, self.len..len);
        file.write_all_at(bytes, self.len)?;
        self.sum = crc32c::crc32c_append(self.sum, bytes);
        self.len = len;
        Ok(())
    }

    /// Returns the archive so far as a file.
    pub(crate) fn found(&self) -> io::Result<Found> {
        let file = self.file.as_file().try_clone()?;
        Ok(Found {
            file,
            len: self.len,
        })
    }

    /// Puts the archive in its place: it is what a source of `source_len` bytes with this digest
    /// holds.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be put there.
    pub(crate) fn keep(mut self, digest: &Digest, source_len: u64) -> io::Result<()> {
        let footer = Footer {
            len: self.len,
            source_len,
            sum: self.sum,
        };
        let (file, footer) = (self.file.as_file(), footer.bytes());
        file.write_all_at(&footer, self.len)?;
        // Gives back the room that is left.
        file.set_len(self.len + footer.len() as u64)?;
        self.file.flush()?;
        self.cache.make_room(self.len);
        let path = self.cache.place(DECODED, digest);
        make_folder(path.parent().unwrap_or(&path))?;
        let file = self.file.persist(&path)?;
        if let Some(state) = state(&file)? {
            put(&checked(&path), &state)?;
        }
        file.unlock()
    }
}

#[cfg(test)]
mod tests;
