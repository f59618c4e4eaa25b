//! ext2, ext3 and ext4, with all features of e2fsprogs but compression and encryption.
//!
//! - `superblock` and its `features`: where everything is, and what has to be understood
//! - `inode`, of which the `recent` ones are kept; `map`: where its blocks are; `directory`: names, by their `index` where there is one;
//!   `attribute`s and ACLs
//! - `journal`: what of a filesystem that was not unmounted has to be read from there
//!
//! Opening reads the superblock and the journal, nothing else. Checksums are held against what they
//! are of where that is read.

mod attribute;
mod directory;
mod features;
mod index;
mod inode;
mod journal;
mod map;
mod recent;
mod superblock;

use std::io;
use std::iter;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::tree::content::Segment;
use fsgen::tree::{Name, Xattrs};

use super::located::Located;
use super::{Bytes, Volume};
use crate::disk::{Cache, Disk};
use crate::fields::{Fields as _, slice};
use crate::reader::allowance::Allowance;
use crate::reader::name::shown;
use crate::reader::visited::taken;
use crate::reader::{FileId, Kind, Reader, Stat};
use inode::Inode;
use recent::Recent;
use superblock::Superblock;
pub(super) use superblock::{describe, is_likely};

/// The inode of the root directory.
const ROOT: u32 = 2;
/// The directory in the root that mkfs makes in every filesystem, for e2fsck.
const LOST_FOUND: &[u8] = b"lost+found";
/// The longest target of a symbolic link that is read, in bytes.
const TARGET_MAX: u64 = 65_536;
/// How much is read at once of tables and directories, in bytes.
const CHUNK: u64 = 32 << 10;

/// An open filesystem.
pub(super) struct Ext4 {
    disk: Arc<dyn Disk>,
    superblock: Superblock,
    chunks: Cache,
    inodes: Recent,
    located: Located,
    is_replayed: bool,
    /// Bytes of memory that names and maps may take.
    metadata_max: u64,
}

impl Ext4 {
    pub(super) fn open(disk: Arc<dyn Disk>, metadata_max: u64) -> Result<Self> {
        let mut volume = Self::new(disk, metadata_max)?;
        if volume.superblock.features.needs_recovery() {
            let logged = journal::read(&volume).context(
                "it was not unmounted, and its journal cannot be replayed (`e2fsck` may repair it)",
            )?;
            let block_size = volume.superblock.block_size;
            let disk = journal::Replayed::new(volume.disk, block_size, logged);
            volume = Self::new(Arc::new(disk), metadata_max)?;
            volume.is_replayed = true;
        }
        Ok(volume)
    }

    fn new(disk: Arc<dyn Disk>, metadata_max: u64) -> Result<Self> {
        Ok(Self {
            metadata_max,
            superblock: Superblock::read(&*disk)?,
            disk,
            chunks: Cache::new(usize::try_from(CHUNK)?),
            inodes: Recent::new(),
            located: Located::new(metadata_max),
            is_replayed: false,
        })
    }

    /// Returns bytes of the filesystem that lie in one block.
    fn bytes(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let (start, skip) = (at / CHUNK * CHUNK, at % CHUNK);
        if skip + len as u64 > CHUNK {
            return self.disk.read(at, len);
        }
        let chunk = self.chunks.get(start, || {
            let there = self.disk.len().saturating_sub(start).min(CHUNK);
            self.disk
                .read(start, usize::try_from(there).map_err(io::Error::other)?)
        })?;
        // OK to convert: less than a chunk.
        let skip = usize::try_from(skip).map_err(io::Error::other)?;
        match chunk.get(skip..skip + len) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => self.disk.read(at, len),
        }
    }

    fn block(&self, number: u64) -> Result<Vec<u8>> {
        let (block_size, blocks) = (self.superblock.block_size, self.superblock.blocks);
        ensure!(
            number > 0 && number < blocks,
            "it would be block {number} of {blocks}"
        );
        Ok(self.bytes(number * u64::from(block_size), block_size as usize)?)
    }

    fn inode(&self, number: u32) -> Result<Arc<Inode>> {
        let context = || format!("inode {number}");
        let read = || self.read_inode(number).with_context(context);
        self.inodes.get(number, read)
    }

    fn read_inode(&self, number: u32) -> Result<Inode> {
        let superblock = &self.superblock;
        ensure!(
            (1..=superblock.inodes).contains(&number),
            "there are {} of them",
            superblock.inodes
        );
        let group = (number - 1) / superblock.inodes_per_group;
        let index = u64::from((number - 1) % superblock.inodes_per_group);
        let size = superblock.descriptor_size;
        let descriptor = self
            .bytes(superblock.descriptor(group), size.into())
            .with_context(|| format!("the descriptor of group {group}"))?;
        superblock.check_descriptor(group, &descriptor)?;
        let table = match size {
            ..64 => descriptor.le32(0x08).into(),
            _ => descriptor.split64(0x08, 0x28),
        };
        let start = table.checked_mul(superblock.block_size.into());
        let at =
            start.and_then(|start| start.checked_add(index * u64::from(superblock.inode_size)));
        let at = at.filter(|_| table > 0 && table < superblock.blocks);
        let at =
            at.with_context(|| format!("the inodes of group {group} would be at block {table}"))?;
        let raw = self.bytes(at, superblock.inode_size.into())?;
        Inode::parse(number, raw, superblock)
    }

    fn file(&self, id: FileId) -> Result<Arc<Inode>> {
        let number = u32::try_from(id.0).context("no inode has that number")?;
        self.inode(number)
    }

    /// Returns where the content of an inode is that is no directory.
    fn locate(&self, inode: &Inode) -> Result<Bytes> {
        inode.check_readable()?;
        if inode.is_inline() {
            let mut bytes = inode.map().to_vec();
            bytes.extend(attribute::inline(self, inode)?);
            let len = usize::try_from(inode.size).ok();
            let len = len.filter(|len| *len <= bytes.len());
            bytes.truncate(len.with_context(|| {
                format!("it has {} bytes, but {} of them", bytes.len(), inode.size)
            })?);
            return Ok(Bytes::Memory(bytes));
        }
        let block_size = u64::from(self.superblock.block_size);
        let mut segments = Vec::new();
        for run in map::runs(self, inode)? {
            let at = run.logical.saturating_mul(block_size);
            // What is behind the end, such as the tree of a verity file, is not its content.
            let len = inode.size.saturating_sub(at).min(run.count * block_size);
            if len > 0 {
                segments.push(Segment {
                    at,
                    len,
                    offset: run.start * block_size,
                });
            }
        }
        Ok(Bytes::Runs(segments))
    }

    /// Returns the value of an attribute that is an inode.
    fn attribute_value(&self, number: u32, len: u32) -> Result<Vec<u8>> {
        let inode = self.inode(number)?;
        ensure!(
            inode.is_attribute_value() && inode.size == u64::from(len),
            "inode {number} has {} bytes, where a value of {len} should be",
            inode.size
        );
        let mut value = vec![0; len as usize];
        self.locate(&inode)?.read(&*self.disk, &mut value, 0)?;
        Ok(value)
    }
}

impl Reader for Ext4 {
    fn name(&self) -> String {
        self.disk.name()
    }

    fn root(&self) -> FileId {
        FileId(ROOT.into())
    }

    fn stat(&self, id: FileId) -> Result<Stat> {
        let inode = self.file(id)?;
        let context = || format!("inode {}", inode.number);
        let has_size = matches!(inode.kind, Kind::File | Kind::Symlink);
        Ok(Stat {
            kind: inode.kind,
            meta: inode.meta().with_context(context)?,
            links: inode.links(),
            size: if has_size { inode.size } else { 0 },
        })
    }

    fn entries(&self, directory: FileId) -> Result<Vec<(Name, FileId)>> {
        let mut entries: Vec<(Name, FileId)> = Vec::new();
        let mut allowance = Allowance::new(self.metadata_max);
        let mut taking = Ok(());
        self.names(directory, |name, inode| {
            taking = allowance.take(taken(name));
            if taking.is_ok() {
                entries.push((name.into(), FileId(inode.into())));
            }
            taking.is_ok()
        })?;
        taking?;
        entries.sort_unstable();
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let (number, name) = (directory.0, shown(&pair[0].0));
            bail!("inode {number}: it has the name \"{name}\" twice");
        }
        Ok(entries)
    }

    fn places(&self, directory: FileId) -> Result<Vec<Range<u64>>> {
        let inode = self.file(directory)?;
        if inode.is_inline() || inode.check_readable().is_err() {
            return Ok(Vec::new());
        }
        let runs = map::runs(self, &inode).and_then(|runs| {
            directory::check_runs(&runs)?;
            Ok(runs)
        });
        let runs = runs.with_context(|| format!("inode {}", inode.number))?;
        let block_size = u64::from(self.superblock.block_size);
        let places = runs.iter().map(|run| {
            // OK: less than there are in the filesystem.
            let start = run.start * block_size;
            start..start + run.count * block_size
        });
        Ok(places.collect())
    }

    fn lookup(&self, directory: FileId, name: &[u8]) -> Result<Option<FileId>> {
        let inode = self.file(directory)?;
        if inode.has_index() {
            inode.check_readable()?;
            let found =
                map::runs(self, &inode).and_then(|runs| index::find(self, &inode, &runs, name));
            if let Some(found) = found.with_context(|| format!("inode {}", inode.number))? {
                return Ok(Some(FileId(found.into())));
            }
        }
        let mut found = None;
        self.names(directory, |other, inode| {
            if other == name {
                found = Some(FileId(inode.into()));
            }
            found.is_none()
        })?;
        Ok(found)
    }

    fn metadata_max(&self) -> u64 {
        self.metadata_max
    }

    fn target(&self, link: FileId) -> Result<Vec<u8>> {
        let inode = self.file(link)?;
        let read = || {
            ensure!(inode.kind == Kind::Symlink, "it is no symbolic link");
            ensure!(inode.size <= TARGET_MAX, "a target of {} bytes", inode.size);
            inode.check_readable()?;
            let len = usize::try_from(inode.size)?;
            if inode.is_short_link() {
                return Ok(slice(inode.map(), 0, len).to_vec());
            }
            let mut target = vec![0; len];
            self.locate(&inode)?.read(&*self.disk, &mut target, 0)?;
            Ok(target)
        };
        read().with_context(|| format!("inode {}", inode.number))
    }

    fn xattrs(&self, id: FileId) -> Result<Xattrs> {
        let inode = self.file(id)?;
        attribute::read(self, &inode).with_context(|| format!("inode {}", inode.number))
    }

    fn extents(&self, file: FileId) -> Result<Vec<Range<u64>>> {
        Ok(match &*self.located(file)? {
            Bytes::Memory(bytes) if bytes.is_empty() => Vec::new(),
            Bytes::Memory(bytes) => iter::once(0..bytes.len() as u64).collect(),
            Bytes::Runs(segments) => {
                let ranges = segments.iter().map(|s| s.at..s.at + s.len);
                ranges.collect()
            }
        })
    }

    fn read_exact_at(&self, file: FileId, buf: &mut [u8], at: u64) -> Result<()> {
        let size = self.stat(file)?.size;
        let end = at.checked_add(buf.len() as u64);
        ensure!(
            end.is_some_and(|end| end <= size),
            "{} bytes at {at} of a file of {size}",
            buf.len()
        );
        self.located(file)?.read(&*self.disk, buf, at)
    }

    fn own(&self) -> Result<Option<FileId>> {
        let Some(id) = self.lookup(self.root(), LOST_FOUND)? else {
            return Ok(None);
        };
        let Stat { kind, meta, .. } = self.stat(id)?;
        let is_own = kind == Kind::Directory && (meta.uid, meta.gid) == (0, 0);
        Ok((is_own && self.entries(id)?.is_empty()).then_some(id))
    }

    fn check_unchanged(&self) -> Result<()> {
        Ok(self.disk.check_unchanged()?)
    }
}

impl Ext4 {
    fn located(&self, file: FileId) -> Result<Arc<Bytes>> {
        self.located.get(file, || self.content(file))
    }
}

impl Volume for Ext4 {
    fn disk(&self) -> Arc<dyn Disk> {
        self.disk.clone()
    }

    fn content(&self, file: FileId) -> Result<Bytes> {
        let inode = self.file(file)?;
        let locate = || {
            if inode.kind != Kind::File {
                bail!("a {}, not a file", inode.kind.noun());
            }
            self.locate(&inode)
        };
        locate().with_context(|| format!("inode {}", inode.number))
    }

    fn kind(&self) -> &'static str {
        self.superblock.kind()
    }

    fn label(&self) -> String {
        self.superblock.label()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.superblock.warnings();
        if self.is_replayed {
            warnings.push("it was not unmounted; its journal is read with it".to_owned());
        }
        warnings
    }

    fn is_pinned(&self, file: FileId) -> Result<bool> {
        Ok(self.file(file)?.is_pinned())
    }
}
