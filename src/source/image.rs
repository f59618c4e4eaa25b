//! A disk image: one filesystem on it becomes members, whose contents stay where they are.
//!
//! - `choice`: which partition that is

mod choice;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Error, Result, anyhow, bail};
use fsgen::tree::content::SourceId;
use fsgen::{Content, Kind as NodeKind};

use super::assembly::Assembly;
use super::kind::{self, ENOUGH, Kind};
use super::layer::Layer;
use super::member::{Entry, Member};
use super::name::{check_path, check_target, shown};
use super::xattr::Attributes;
use super::{Input, Limits, Options, Source};
use crate::disk::{self, Disk, Stored, file::PlainFile};
use crate::reader::walk::{Found, Walk};
use crate::reader::{self, FileId, Reader};
use crate::volume::{self, Bytes, Encrypted, Volume};
pub use choice::Which;

/// How many files lie between two calls of `progress`.
const PROGRESS_STEP: usize = 1000;

/// Returns whether a file of the host is a disk image that is not packed once more.
pub(super) fn is_plain(path: &Path) -> bool {
    // Anything but a file might wait for a reader, or be read but once.
    PlainFile::open(path).is_ok_and(|file| is_image(&file).unwrap_or_default())
}

/// Returns whether a file is a disk image.
pub(super) fn is_image(file: &PlainFile) -> std::io::Result<bool> {
    let len = usize::try_from(Disk::len(file)).map_or(ENOUGH, |len| len.min(ENOUGH));
    let file: &dyn Disk = file;
    let head = file.read(0, len)?;
    Ok(match kind::recognise(&head) {
        Kind::Image => true,
        // The start of a disk may be empty, or wiped. A damaged table is one, too.
        Kind::Tar if kind::starts_with_zeros(&head) => {
            let table = disk::partition::read(file);
            table.map_or(true, |table| table.is_some()) || volume::recognise(file)?.is_some()
        }
        // A GPT has a copy at the end.
        Kind::Other(_) => disk::partition::read(file).is_ok_and(|table| table.is_some()),
        _ => false,
    })
}

/// Returns whether a file that is no disk image starts with zeros and is too long to be an archive
/// without members.
pub(super) fn is_blank(file: &PlainFile) -> std::io::Result<bool> {
    /// What tar writes at once, at most, in bytes: it is usually 10 KiB (GNU tar, `-b`).
    const LONGEST_RECORD: u64 = 1 << 20;
    let file: &dyn Disk = file;
    Ok(file.len() > LONGEST_RECORD && kind::starts_with_zeros(&file.read(0, ENOUGH)?))
}

/// Reads an image in a file of the host.
///
/// # Errors
///
/// Fails when it cannot be read, or there is no filesystem to take from it.
pub(super) fn read_plain(
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let mut read = || {
        let (file, folder) = plain(source)?;
        self::read(file, folder, source, layer, options, assembly)
    };
    read().with_context(|| source.from.to_string())
}

/// Opens an image in a file of the host to look into it.
///
/// # Errors
///
/// Fails when it cannot be read.
pub(super) fn open_plain(source: &Source, _: &Options<'_>) -> Result<Stored> {
    let open = || {
        let (file, folder) = plain(source)?;
        disk::open(file, folder)
    };
    open().with_context(|| source.from.to_string())
}

/// Opens the filesystem on a disk that a source means.
///
/// # Errors
///
/// Fails when there is none to take, and when it is not clear which one.
pub(super) fn filesystem(
    disk: &Arc<dyn Disk>,
    source: &Source,
    limits: Limits,
) -> Result<Box<dyn Reader>> {
    let which = source.partition.as_ref();
    let chosen = choice::choose(disk, which, &[], limits.metadata_max());
    let (volume, _) = chosen.with_context(|| source.from.to_string())?;
    Ok(volume)
}

fn plain(source: &Source) -> Result<(Arc<PlainFile>, Option<&Path>)> {
    let Input::Path(path) = &source.from else {
        bail!("it is no file");
    };
    let file = Arc::new(PlainFile::open(path)?);
    let folder = path.parent().map(|folder| match folder.as_os_str().len() {
        0 => Path::new("."),
        _ => folder,
    });
    Ok((file, folder))
}

/// Reads an image; files that it names lie in `folder`.
///
/// # Errors
///
/// Fails when it cannot be read, or there is no filesystem to take from it.
pub(super) fn read(
    file: Arc<PlainFile>,
    folder: Option<&Path>,
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let disk = disk::open(file, folder)?.disk;
    let (volume, said) = choice::choose(
        &disk,
        source.partition.as_ref(),
        &assembly.taken,
        options.limits.metadata_max(),
    )?;
    assembly.warnings.extend(said);
    assembly.warnings.extend(volume.warnings());
    assembly.begin(layer)?;
    let mut files = Files {
        source: assembly.add_source(volume.disk()),
        volume: &*volume,
        own: volume.own()?,
        assembly,
        first_names: HashMap::new(),
        first_bytes: 0,
        bytes: 0,
        pinned: 0,
    };
    let mut walk = Walk::new(&*volume, b"/", volume.root());
    let mut count = 0;
    while let Some(found) = walk.next() {
        let found = found.map_err(explain)?;
        let taken = files.take(&found).with_context(|| shown(&found.path));
        if !taken.map_err(explain)? {
            walk.skip_below();
        }
        files.check_memory(walk.taken())?;
        count += 1;
        if count % PROGRESS_STEP == 0 {
            (options.progress)(files.bytes);
        }
    }
    (options.progress)(files.bytes);
    let pinned = files.pinned;
    if pinned > 0 {
        assembly.warnings.push(format!(
            "{pinned} files are immutable or append-only (chattr): that is not taken over"
        ));
    }
    assembly.end()
}

/// Says what can be done about what cannot be read.
fn explain(error: Error) -> Error {
    match error.is::<Encrypted>() {
        true => anyhow!("{error:#}; `exclude` leaves it out"),
        false => error,
    }
}

/// The files of a filesystem, as they become members.
struct Files<'a> {
    volume: &'a dyn Volume,
    /// The directory that is none of its files.
    own: Option<FileId>,
    source: SourceId,
    assembly: &'a mut Assembly,
    /// Of files with more names than one, the first one that was met.
    first_names: HashMap<FileId, Vec<u8>>,
    /// How many bytes these have.
    first_bytes: u64,
    /// Of all files so far.
    bytes: u64,
    pinned: u64,
}

impl Files<'_> {
    /// Takes one file over, and returns whether what is in it is wanted when it is a directory.
    fn take(&mut self, found: &Found) -> Result<bool> {
        let &Found { ref path, id, stat } = found;
        let path = match &path[1..] {
            b"" => b".",
            path => path,
        };
        let is_directory = stat.kind == reader::Kind::Directory;
        if self.assembly.is_excluded(path, is_directory) || self.own == Some(id) {
            return Ok(false);
        }
        check_path(path)?;
        self.pinned += u64::from(self.volume.is_pinned(id)?);
        let first_name = match stat.links {
            2.. if !is_directory => self.first_names.get(&id).cloned(),
            _ => None,
        };
        if stat.links > 1 && !is_directory && first_name.is_none() {
            self.first_bytes += path.len() as u64;
            self.first_names.insert(id, path.to_vec());
        }
        let mut attributes = Attributes::default();
        let entry = match first_name {
            Some(first_name) => Entry::HardLink(first_name),
            None => {
                for (name, value) in self.volume.xattrs(id)? {
                    attributes.set_found(&name, &value)?;
                }
                self.entry(id, &stat)?
            }
        };
        self.assembly.add(Member {
            path: path.to_vec(),
            offset: None,
            meta: stat.meta,
            attributes,
            acl: super::acl::AclText::default(),
            entry,
        })?;
        Ok(true)
    }

    /// Checks the memory that is taken: that of names that were read and are no members yet, too.
    fn check_memory(&self, ahead: u64) -> Result<()> {
        self.assembly.check_ahead(ahead + self.first_bytes)
    }

    fn entry(&mut self, id: FileId, stat: &reader::Stat) -> Result<Entry> {
        Ok(match stat.kind {
            reader::Kind::Directory => Entry::Directory,
            reader::Kind::File => Entry::File(self.content(id, stat.size)?),
            reader::Kind::Symlink => {
                let target = self.volume.target(id)?;
                check_target(&target)?;
                Entry::Symlink(target)
            }
            reader::Kind::BlockDevice(device) => Entry::Special(NodeKind::BlockDevice(device)),
            reader::Kind::CharDevice(device) => Entry::Special(NodeKind::CharDevice(device)),
            reader::Kind::Fifo => Entry::Special(NodeKind::Fifo),
            reader::Kind::Socket => Entry::Special(NodeKind::Socket),
        })
    }

    fn content(&mut self, id: FileId, size: u64) -> Result<Content> {
        self.bytes = self.bytes.saturating_add(size);
        if size == 0 {
            return Ok(Content::bytes([]));
        }
        Ok(match self.volume.content(id)? {
            Bytes::Memory(bytes) => Content::bytes(bytes),
            Bytes::Runs(segments) => match segments[..] {
                [one] if one.at == 0 && one.len == size => {
                    Content::span(self.source, one.offset, size)
                }
                _ => Content::sparse(self.source, size, segments)
                    .context("its blocks are not in order")?,
            },
        })
    }
}
