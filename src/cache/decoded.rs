//! Tar archives that were decoded, so that the next build from the same source need not do it.
//!
//! On filesystems that let files share blocks, the content of a large file begins with a block, so
//! that images can have it without a copy; there are gaps of zeros before such contents. The bytes of
//! an archive, and gaps between them, are followed by
//!
//! - the places of what is behind a gap, as [`Places`] stores them, and then
//! - what the archive was made of:
//!
//! | offset | bytes | what |
//! |--:|--:|---|
//! | 0 | 8 | [`MAGIC`] |
//! | 8 | 8 | size of the archive, little-endian like all that follows |
//! | 16 | 8 | size of the compressed source |
//! | 24 | 8 | where the places begin: the size of the archive with the gaps |
//! | 32 | 4 | CRC-32C of all before this table |
//! | 36 | 4 | CRC-32C of the 36 bytes before |
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

use super::{Cache, DECODED, KNOWN, PART, children, make_folder, open, put, read_small};
use crate::disk::places::Places;
use crate::output::UnderWay;
use crate::progress::say;
use crate::room::Ahead;
use crate::share::{BLOCK, Sharing};
use crate::source::Digest;
use crate::stamp::Stamp;

/// The last table begins with.
const MAGIC: [u8; 8] = *b"hsb tar2";
/// How long it is.
const FOOTER: usize = 40;
/// How much is read at once to compute a checksum.
const CHUNK: usize = 256 * 1024;
/// A file that was changed as lately as this may change once more without another time: clocks of
/// filesystems tick slowly, some once in two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// An archive that was decoded before.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) file: File,
    /// Where in the file its bytes lie.
    pub(crate) places: Places,
    /// How many these are.
    pub(crate) len: u64,
}

/// What is said of an archive behind its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Footer {
    len: u64,
    source_len: u64,
    end: u64,
    sum: u32,
}

impl Footer {
    fn bytes(self) -> [u8; FOOTER] {
        let mut bytes = [0; FOOTER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.len.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.source_len.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.end.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.sum.to_le_bytes());
        let sum = crc32c::crc32c(&bytes[..36]);
        bytes[36..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads one, and where it lies.
    fn read(file: &File) -> Result<(Self, u64)> {
        let len = file.metadata()?.len();
        let mut bytes = [0; FOOTER];
        let at = len.checked_sub(FOOTER as u64).context("it is cut short")?;
        file.read_exact_at(&mut bytes, at)?;
        let word = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("8 bytes"));
        let footer = Self {
            len: word(8),
            source_len: word(16),
            end: word(24),
            sum: u32::from_le_bytes(*bytes[32..].first_chunk().expect("4 bytes")),
        };
        ensure!(
            footer.bytes() == bytes && footer.end <= at,
            "it is damaged at its end"
        );
        Ok((footer, at))
    }
}

impl Cache {
    /// Returns the archive that a source with this digest holds, if it was decoded before.
    ///
    /// One that is damaged is removed, with a line that says so.
    pub(crate) fn find(&self, digest: &Digest) -> Option<Found> {
        let path = self.place(DECODED, digest);
        let file = open(&path).ok()?;
        match check(&file, &path) {
            Ok((len, places)) => Some(Found { file, places, len }),
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
            let footer = open(&path).map(|file| Footer::read(&file));
            footer.is_ok_and(|footer| footer.is_ok_and(|(footer, _)| footer.source_len == len))
        })
    }

    /// Returns the digest of a file as it was when it had this stamp, if that is known.
    pub(crate) fn digest_of(&self, stamp: &Stamp) -> Option<Digest> {
        let text = read_small(&self.known(stamp)).ok()?;
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

/// Checks an archive, notes that it is in use, and returns its size and places.
fn check(file: &File, path: &Path) -> Result<(u64, Places)> {
    let (footer, at) = Footer::read(file)?;
    let now = state(file)?;
    let checked = checked(path);
    if now.is_none() || read_small(&checked).ok() != now {
        let mut left = at;
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
    let mut places = vec![0; usize::try_from(at - footer.end)?];
    file.read_exact_at(&mut places, footer.end)?;
    let places = Places::read(&places, footer.len, footer.end)?;
    put(&checked, &now.unwrap_or_default()).ok();
    Ok((footer.len, places))
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
    /// Whether images could share what is in it.
    can_share: bool,
    places: Places,
    /// How many bytes it has, and those with the gaps.
    len: u64,
    end: u64,
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
            room: cache.room().saturating_sub(FOOTER as u64),
            ahead: Ahead::default(),
            can_share: Sharing::of(file.as_file()).is_some(),
            places: Places::default(),
            file,
            len: 0,
            end: 0,
            sum: 0,
        })
    }

    /// Adds bytes.
    ///
    /// # Errors
    ///
    /// Fails when there is no room for them; what was added before is as it was.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.end + bytes.len() as u64;
        if end.saturating_add(self.places.stored_bytes()) > self.room {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let file = self.file.as_file();
        self.ahead.take(file, self.end..end);
        file.write_all_at(bytes, self.end)?;
        self.sum = crc32c::crc32c_append(self.sum, bytes);
        self.len += bytes.len() as u64;
        self.end = end;
        Ok(())
    }

    /// Returns whether images could share what is in it.
    pub(crate) fn can_share(&self) -> bool {
        self.can_share
    }

    /// Lets what is added next begin with a block.
    pub(crate) fn align(&mut self) {
        let block = self.end.next_multiple_of(BLOCK);
        let gap = usize::try_from(block - self.end).expect("less than a block");
        self.sum = crc32c::crc32c_append(self.sum, &vec![0; gap]);
        self.places.add(self.len, block);
        self.end = block;
    }

    /// Returns the archive so far as a file.
    pub(crate) fn found(&self) -> io::Result<Found> {
        let file = self.file.as_file().try_clone()?;
        Ok(Found {
            file,
            places: self.places.clone(),
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
        let mut last = self.places.stored();
        let footer = Footer {
            len: self.len,
            source_len,
            end: self.end,
            sum: crc32c::crc32c_append(self.sum, &last),
        };
        last.extend(footer.bytes());
        let file = self.file.as_file();
        file.write_all_at(&last, self.end)?;
        // Gives back the room that is left.
        file.set_len(self.end + last.len() as u64)?;
        self.file.flush()?;
        self.cache.make_room(self.end);
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
