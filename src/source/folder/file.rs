//! Files and directories of a folder that is a source: what is read has to be what was found.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use fsgen::ReadAt;
use fsgen::tree::content::Segment;
use rustix::fs::{OFlags, SeekFrom, seek};
use rustix::io::Errno;

use super::reach::reach;
use crate::stamp::Stamp;

/// A file that is open only while it is read.
pub(crate) struct HostFile {
    path: PathBuf,
    stamp: Stamp,
}

impl HostFile {
    pub(crate) fn new(path: PathBuf, meta: &Metadata) -> Self {
        let stamp = Stamp::of(meta);
        Self { path, stamp }
    }

    fn open(&self) -> io::Result<File> {
        // Should it have become a link or a pipe, it must be neither followed nor waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = OpenOptions::new();
        options.read(true);
        options.custom_flags(flags.bits().cast_signed());
        let file = reach(&self.path, |path| options.open(path))?;
        self.stamp.check(&file.metadata()?)?;
        Ok(file)
    }

    /// Returns where the file has data, if there are holes in it.
    pub(super) fn segments(&self, meta: &Metadata) -> io::Result<Option<Vec<Segment>>> {
        let file = self.open()?;
        let len = meta.len();
        if meta.blocks().saturating_mul(512) >= len {
            return Ok(None);
        }
        let mut segments = Vec::new();
        let mut end = 0;
        while end < len {
            let at = match seek(&file, SeekFrom::Data(end)) {
                // Nothing but a hole from there on.
                Err(Errno::NXIO) => break,
                at => at?,
            };
            end = seek(&file, SeekFrom::Hole(at))?.min(len);
            segments.push(Segment {
                at,
                len: end.saturating_sub(at),
                offset: at,
            });
        }
        Ok(Some(segments))
    }
}

impl ReadAt for HostFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let read = self.open().and_then(|file| file.read_exact_at(buf, offset));
        read.map_err(|error| {
            let message = format!("{}: {error}", self.path.display());
            io::Error::new(error.kind(), message)
        })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.stamp
            .check(&reach(&self.path, |path| fs::symlink_metadata(path))?)
    }
}

/// The directories of a folder, none of which may get or lose names. They have no content.
pub(super) struct Directories {
    root: PathBuf,
    stamps: Vec<(PathBuf, Stamp)>,
}

impl Directories {
    pub(super) fn new(root: PathBuf) -> Self {
        let stamps = Vec::new();
        Self { root, stamps }
    }

    pub(super) fn add(&mut self, path: &Path, stamp: Stamp) {
        self.stamps.push((path.to_owned(), stamp));
    }
}

impl ReadAt for Directories {
    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::IsADirectory.into())
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        for (path, stamp) in &self.stamps {
            let unchanged =
                reach(path, |path| fs::metadata(path)).and_then(|meta| stamp.check(&meta));
            unchanged.map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
        }
        Ok(())
    }
}
