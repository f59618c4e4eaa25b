//! A file of the host that can be read at any offset, from many threads at once.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use fsgen::ReadAt;
use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::Disk;
use super::places::Places;
use crate::stamp::Stamp;

/// A file that stays as it is while it is read.
#[derive(Debug)]
pub(crate) struct PlainFile {
    /// What messages call it.
    name: String,
    file: File,
    /// Size in bytes.
    len: u64,
    /// The input itself as it was at first; nothing when this is a copy that was made for us.
    stamp: Option<Stamp>,
    /// Where its bytes lie in the file.
    places: Places,
    /// Whether other files may share them.
    is_shared: bool,
}

impl PlainFile {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be opened, and on what is no file: a pipe could wait forever.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let file = File::open(path)?;
        let meta = file.metadata()?;
        Ok(Self {
            name: path.display().to_string(),
            len: meta.len(),
            stamp: Some(Stamp::of(&meta)),
            file,
            places: Places::default(),
            is_shared: false,
        })
    }

    /// Returns an input that was just stamped.
    pub(crate) fn input(name: String, file: File, len: u64, stamp: Stamp) -> Self {
        Self {
            name,
            file,
            len,
            stamp: Some(stamp),
            places: Places::default(),
            is_shared: false,
        }
    }

    /// Returns a copy of an input that was made for us, whose bytes lie in places of a file.
    pub(crate) fn copy(name: String, file: File, places: Places, len: u64) -> Self {
        Self {
            name,
            file,
            len,
            stamp: None,
            places,
            is_shared: false,
        }
    }

    /// Lets other files share what this has. What was just written would have to be on disk for that.
    pub(crate) fn shared(self) -> Self {
        Self {
            is_shared: true,
            ..self
        }
    }

    /// Returns whether this is the input itself, not a copy.
    pub(crate) fn is_in_place(&self) -> bool {
        self.stamp.is_some()
    }

    /// Reads into `buf` from `offset` on; nothing is read just at the end of the file.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        // A copy in the cache may have more behind it.
        let left = self.len.saturating_sub(offset);
        let (at, together) = self.places.locate(offset);
        let left = left.min(together);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        self.file.read_at(&mut buf[..len], at)
    }

    fn read_all_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        loop {
            let (at, together) = self.places.locate(offset);
            let len = usize::try_from(together).map_or(buf.len(), |len| len.min(buf.len()));
            if len == 0 && !buf.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (here, rest) = buf.split_at_mut(len);
            self.file.read_exact_at(here, at)?;
            if rest.is_empty() {
                return Ok(());
            }
            offset += len as u64;
            buf = rest;
        }
    }
}

impl ReadAt for PlainFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let len = buf.len();
        self.read_all_at(buf, offset).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::UnexpectedEof => "the file ends there; was it cut short meanwhile?",
                _ => &error.to_string(),
            };
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

    fn stored(&self, range: Range<u64>) -> Option<(&File, u64)> {
        let (at, together) = self.places.locate(range.start);
        let is_together = range.end <= self.len && range.end.checked_sub(range.start)? <= together;
        (self.is_shared && is_together).then_some((&self.file, at))
    }
}

impl Disk for PlainFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn next_data(&self, at: u64) -> io::Result<u64> {
        if !self.places.is_empty() {
            return Ok(at);
        }
        match rustix::fs::seek(&self.file, SeekFrom::Data(at)) {
            Ok(data) => Ok(data.min(self.len).max(at)),
            Err(Errno::NXIO) => Ok(self.len.max(at)),
            // Not all filesystems of the host tell.
            Err(_) => Ok(at),
        }
    }
}
