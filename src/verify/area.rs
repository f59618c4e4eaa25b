//! A part of an image, only ever read.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::Path;

/// A range of bytes of an open image: all of it, or one partition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area<'a> {
    file: &'a File,
    start: u64,
    len: u64,
}

/// Opens an image for reading and returns its size in bytes.
///
/// # Errors
///
/// Fails when it cannot be read, and for anything but files and block devices: opening a pipe
/// could wait forever.
pub(super) fn open(image: &Path) -> io::Result<(File, u64)> {
    let kind = fs::metadata(image)?.file_type();
    if !kind.is_file() && !kind.is_block_device() {
        return Err(io::Error::other("neither a file nor a block device"));
    }
    let mut file = File::open(image)?;
    // The metadata of a block device gives no size.
    let len = file.seek(SeekFrom::End(0))?;
    Ok((file, len))
}

impl<'a> Area<'a> {
    /// Returns the area that is a whole file of `len` bytes.
    pub(super) fn whole(file: &'a File, len: u64) -> Self {
        Self {
            file,
            start: 0,
            len,
        }
    }

    /// Returns a part of this area, or nothing when it is not all inside.
    pub(super) fn part(&self, start: u64, len: u64) -> Option<Self> {
        let end = start.checked_add(len)?;
        (end <= self.len).then_some(Self {
            file: self.file,
            start: self.start + start,
            len,
        })
    }

    /// Returns the size in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads `len` bytes at `at`.
    ///
    /// # Errors
    ///
    /// Fails when the image cannot be read. Callers ask for nothing outside of the area: that
    /// fails as well, and would be an error of this program.
    pub(super) fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let end = u64::try_from(len).ok().and_then(|len| at.checked_add(len));
        if end.is_none_or(|end| end > self.len) {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("{len} bytes at {at} of an area of {}", self.len),
            ));
        }
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, self.start + at)?;
        Ok(bytes)
    }

    /// Reads `len` bytes at `at`, those beyond the end as zeros.
    ///
    /// # Errors
    ///
    /// Fails when the image cannot be read.
    pub(super) fn read_padded(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let inside = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = match inside.min(len) {
            0 => Vec::new(),
            some => self.read(at, some)?,
        };
        bytes.resize(len, 0);
        Ok(bytes)
    }
}
