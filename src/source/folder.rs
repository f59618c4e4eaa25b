//! A folder of the host becomes members, as far as whoever runs this may read it.
//!
//! Names are read in byte order, so that the order of the disk does not show. Links are never
//! followed. Nothing stays open: a folder may have more files than a process may open, so each
//! file is opened when it is read, and then has to be the one that was there. How deep it lies does
//! not matter.

mod file;
mod reach;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::tree::Device;
use fsgen::{Content, Kind, Meta, Timestamp};
use rustix::fs::{lgetxattr, llistxattr};
use rustix::io::Errno;

use super::assembly::Assembly;
use super::layer::Layer;
use super::member::{Entry, Member};
use super::name::{check_target, split};
use super::xattr::Attributes;
use super::{Input, Options, Source};
use crate::reader::Unknown;
use crate::stamp::Stamp;
use file::Directories;
pub(crate) use file::HostFile;
use reach::reach;

/// How many files lie between two calls of `progress`.
const PROGRESS_STEP: u64 = 1000;

/// Reads a folder.
///
/// # Errors
///
/// Fails when a part of it that is wanted cannot be read. The message names it.
pub(super) fn read(
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let Input::Path(root) = &source.from else {
        bail!("{}: is no folder", source.from);
    };
    assembly
        .begin(layer)
        .with_context(|| root.display().to_string())?;
    let mut scan = Scan {
        assembly,
        directories: Directories::new(root.clone()),
        first_names: HashMap::new(),
        foreign: Foreign::default(),
        room: Room::new(),
        lenient: options.lenient,
        bytes: 0,
    };
    // A link to a folder is the folder.
    let meta = fs::metadata(root).with_context(|| root.display().to_string())?;
    // What is to be read next is last.
    let mut todo = vec![(root.clone(), b".".to_vec(), Some(meta))];
    let mut read = 0;
    while let Some((path, name, meta)) = todo.pop() {
        let children = scan.read(&path, &name, meta);
        let children = children.with_context(|| path.display().to_string())?;
        todo.extend(children.into_iter().rev().map(|child| {
            let inside = match &*name {
                b"." => child.as_bytes().to_vec(),
                _ => [&name, child.as_bytes()].join(&b'/'),
            };
            (path.join(child), inside, None)
        }));
        read += 1;
        if read % PROGRESS_STEP == 0 {
            (options.progress)(scan.bytes);
        }
    }
    (options.progress)(scan.bytes);
    let Scan {
        directories,
        foreign,
        ..
    } = scan;
    assembly.add_source(Arc::new(directories));
    if !layer.owners.are_given() {
        assembly.advice.extend(foreign.warning());
    }
    assembly.end().with_context(|| root.display().to_string())
}

/// A folder that is being read.
struct Scan<'a> {
    assembly: &'a mut Assembly,
    directories: Directories,
    /// Of files with more names than one, the first one that was met, by device and number.
    first_names: HashMap<(u64, u64), Vec<u8>>,
    foreign: Foreign,
    room: Room,
    lenient: bool,
    /// Of all files so far.
    bytes: u64,
}

impl Scan<'_> {
    /// Reads one file, and returns the names in it when it is a directory.
    fn read(&mut self, path: &Path, name: &[u8], meta: Option<Metadata>) -> Result<Vec<OsString>> {
        let found = match meta {
            Some(meta) => Ok(meta),
            None => reach(path, |path| fs::symlink_metadata(path)),
        };
        let meta = match found {
            // The names in its directory may be seen, but not what is behind them.
            Err(error) if self.may_go_on(Errno::from_io_error(&error)) => {
                let (directory, _) = split(name).unwrap_or((b".", name));
                let why = error.to_string();
                self.assembly.not_read(directory, Unknown::Names, why);
                return Ok(Vec::new());
            }
            found => found?,
        };
        let is_directory = meta.is_dir();
        if self.assembly.is_excluded(name, is_directory) {
            return Ok(Vec::new());
        }
        self.foreign.add(&meta);
        let identity = (meta.dev(), meta.ino());
        // The kernel makes one device for all names that it takes away.
        let is_whiteout =
            self.assembly.is_upper() && meta.file_type().is_char_device() && meta.rdev() == 0;
        let is_linked = !is_directory && meta.nlink() > 1 && !is_whiteout;
        let first_name = self.first_names.get(&identity).filter(|_| is_linked);
        let is_first = is_linked && first_name.is_none();
        let entry = match first_name.cloned() {
            Some(first_name) => Entry::HardLink(first_name),
            None => self.entry(path, &meta)?,
        };
        let mut unread = Vec::new();
        let children = match is_directory {
            true => match names(path) {
                Err(error) if self.may_go_on(Errno::from_io_error(&error)) => {
                    unread.push((Unknown::Names, error.to_string()));
                    Vec::new()
                }
                names => names?,
            },
            false => Vec::new(),
        };
        if is_directory {
            self.directories.add(path, Stamp::of(&meta));
        } else if is_first {
            self.first_names.insert(identity, name.to_vec());
        }
        let attributes = match reach(path, |path| self.room.attributes(path)) {
            Err(error) if self.may_go_on(error.downcast_ref().copied()) => {
                unread.push((Unknown::Attributes, error.root_cause().to_string()));
                Attributes::default()
            }
            attributes => attributes?,
        };
        self.assembly.add(Member {
            path: name.to_vec(),
            offset: None,
            meta: self::meta(&meta)?,
            attributes,
            acl: super::acl::AclText::default(),
            entry,
        })?;
        for (what, why) in unread {
            self.assembly.not_read(name, what, why);
        }
        Ok(children)
    }

    /// Returns whether an error is one for whoever reads the file.
    fn may_go_on(&self, error: Option<Errno>) -> bool {
        self.lenient && error == Some(Errno::ACCESS)
    }

    fn entry(&mut self, path: &Path, meta: &Metadata) -> Result<Entry> {
        let kind = meta.file_type();
        if kind.is_dir() {
            return Ok(Entry::Directory);
        }
        if kind.is_file() {
            return self.content(path, meta).map(Entry::File);
        }
        if kind.is_symlink() {
            let target = reach(path, |path| fs::read_link(path))?
                .into_os_string()
                .into_vec();
            check_target(&target)?;
            return Ok(Entry::Symlink(target));
        }
        let device = || Device {
            // The type is smaller on macOS.
            major: rustix::fs::major(meta.rdev() as _),
            minor: rustix::fs::minor(meta.rdev() as _),
        };
        Ok(Entry::Special(if kind.is_block_device() {
            Kind::BlockDevice(device())
        } else if kind.is_char_device() {
            Kind::CharDevice(device())
        } else if kind.is_fifo() {
            Kind::Fifo
        } else {
            ensure!(kind.is_socket(), "is of no kind that Linux has");
            Kind::Socket
        }))
    }

    fn content(&mut self, path: &Path, meta: &Metadata) -> Result<Content> {
        let len = meta.len();
        if len == 0 {
            return Ok(Content::bytes([]));
        }
        self.bytes = self.bytes.saturating_add(len);
        let file = HostFile::new(path.to_owned(), meta);
        // What cannot be read is better found now than when half of the image is written.
        let segments = match file.segments(meta) {
            Err(error) if self.may_go_on(Errno::from_io_error(&error)) => None,
            segments => segments?,
        };
        let source = self.assembly.add_source(Arc::new(file));
        Ok(match segments {
            None => Content::span(source, 0, len),
            Some(segments) => Content::sparse(source, len, segments)
                .context("changed while it was read; build again")?,
        })
    }
}

/// Returns the names in a directory, in byte order.
fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let entries = reach(path, |path| fs::read_dir(path))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}

fn meta(meta: &Metadata) -> Result<Meta> {
    Ok(Meta {
        mode: u16::try_from(meta.mode() & 0o7777)?,
        uid: meta.uid(),
        gid: meta.gid(),
        mtime: Timestamp {
            secs: meta.mtime(),
            nanos: u32::try_from(meta.mtime_nsec())?,
        },
    })
}

/// Room for what the kernel says of attributes.
struct Room {
    names: Vec<u8>,
    value: Vec<u8>,
}

/// The most bytes of names and of a value (Linux: `XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const ATTRIBUTES_MAX: usize = 64 << 10;

impl Room {
    fn new() -> Self {
        Self {
            names: vec![0; ATTRIBUTES_MAX],
            value: vec![0; ATTRIBUTES_MAX],
        }
    }

    /// Returns the extended attributes of a file that may be read: those of the namespace
    /// `trusted` are root's alone.
    fn attributes(&mut self, path: &Path) -> Result<Attributes> {
        let mut attributes = Attributes::default();
        let len = match llistxattr(path, &mut *self.names) {
            Err(Errno::NOTSUP) => 0,
            len => len.context("its attributes")?,
        };
        let names = self.names[..len].split(|b| *b == 0);
        for name in names.filter(|name| !name.is_empty()) {
            let len = match lgetxattr(path, name, &mut *self.value) {
                // It is gone, or its filesystem lists what it does not give.
                Err(Errno::NODATA | Errno::NOTSUP) => continue,
                len => len.with_context(|| format!("its attribute {}", name.escape_ascii()))?,
            };
            attributes.set_found(name, &self.value[..len])?;
        }
        Ok(attributes)
    }
}

/// Whether all files belong to one who is not root: then whoever copied them had no choice.
#[derive(Default)]
struct Foreign {
    owner: Option<(u32, u32)>,
    is_mixed: bool,
}

impl Foreign {
    fn add(&mut self, meta: &Metadata) {
        let owner = (meta.uid(), meta.gid());
        self.is_mixed |= *self.owner.get_or_insert(owner) != owner;
    }

    fn warning(&self) -> Option<String> {
        let (uid, gid) = self.owner.filter(|(uid, _)| *uid != 0 && !self.is_mixed)?;
        Some(format!(
            "all of it belongs to {uid}:{gid}, and will in the image; `owner: root` makes it root's"
        ))
    }
}
