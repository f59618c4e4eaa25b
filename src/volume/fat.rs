//! FAT12, FAT16 and FAT32, with long names: mostly an EFI system partition.
//!
//! - `boot`: where everything is; `entry`: names, and what is said of them
//!
//! There are no owners and no permissions: files are root's, and read as Linux mounts them.

mod boot;
mod entry;
mod usage;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail, ensure};
use fsgen::tree::content::Segment;
use fsgen::tree::{Name, Xattrs};
use fsgen::{Meta, Timestamp};

use super::located::Located;
use super::{Bytes, Volume};
use crate::disk::{Cache, Disk};
use crate::fields::{Fields as _, slice};
use crate::reader::allowance::Allowance;
use crate::reader::{FileId, Kind, Reader, Stat};
use boot::Boot;
pub(super) use boot::is_likely;
use entry::{Entry, Found, Names};
pub(super) use usage::describe;

/// The root directory, which has no entry. Other files are known by where theirs is, in bytes.
const ROOT: FileId = FileId(0);
/// The most bytes of a directory, by the specification.
const DIRECTORY_MAX: u64 = 65_536 * 32;
/// How much is read at once of the table, in bytes.
const CHUNK: u64 = 4096;

/// An open filesystem.
pub(super) struct Fat {
    disk: Arc<dyn Disk>,
    boot: Boot,
    table: Cache,
    located: Located,
    /// How many directories there are in one, by its first cluster (the root: none): a damaged image
    /// may have many that are in one place.
    subdirectories: Mutex<HashMap<Option<u32>, u64>>,
    metadata_max: u64,
}

impl Fat {
    pub(super) fn open(disk: Arc<dyn Disk>, metadata_max: u64) -> Result<Self> {
        Ok(Self {
            metadata_max,
            boot: Boot::read(&*disk)?,
            disk,
            table: Cache::new(usize::try_from(CHUNK)?),
            located: Located::new(metadata_max),
            subdirectories: Mutex::default(),
        })
    }

    /// Returns the entry of a cluster in the table: the next one, or a number beyond all.
    fn next(&self, cluster: u32) -> io::Result<u32> {
        let width = u64::from(self.boot.width);
        let at = self.boot.table + u64::from(cluster) * width / 8;
        // Entries of 12 bits may lie across the end of a chunk.
        let mut bytes = [0; 4];
        let mut held: Option<(u64, Arc<[u8]>)> = None;
        for (byte, at) in bytes.iter_mut().zip(at..at + width.div_ceil(8)) {
            let start = at / CHUNK * CHUNK;
            let chunk = match held.take() {
                Some((held, chunk)) if held == start => chunk,
                _ => self.table.get(start, || {
                    self.disk
                        .read_padded(start, usize::try_from(CHUNK).map_err(io::Error::other)?)
                })?,
            };
            *byte = chunk.byte(usize::try_from(at - start).map_err(io::Error::other)?);
            held = Some((start, chunk));
        }
        let number = u32::from_le_bytes(bytes);
        Ok(match self.boot.width {
            12 if cluster % 2 == 1 => number >> 4,
            12 => number & 0xFFF,
            16 => number,
            _ => number & 0x0FFF_FFFF,
        })
    }

    /// Returns where a chain of clusters is that has to reach `len` bytes far; that of a directory goes
    /// as far as it does.
    fn chain(&self, first: u32, len: Option<u64>) -> Result<Vec<Segment>> {
        let cluster_len = self.boot.cluster_len;
        let mut segments: Vec<Segment> = Vec::new();
        let (mut at, mut cluster) = (0, first);
        let mut seen = BTreeSet::new();
        while len.is_none_or(|len| at < len) {
            let Some(offset) = self.boot.cluster(cluster) else {
                ensure!(
                    len.is_none() && cluster != first,
                    "its chain of clusters goes to {cluster} after {at} bytes"
                );
                break;
            };
            match segments.last_mut() {
                Some(last) if last.offset + last.len == offset => last.len += cluster_len,
                _ => {
                    // It can go round only by a jump to where it was.
                    ensure!(seen.insert(cluster), "its chain of clusters goes round");
                    segments.push(Segment {
                        at,
                        len: cluster_len,
                        offset,
                    });
                }
            }
            at += cluster_len;
            ensure!(
                at <= u64::from(self.boot.clusters) * cluster_len,
                "its chain of clusters goes round"
            );
            // The last cluster may be longer than what a directory may have of it.
            ensure!(
                len.is_some() || at <= DIRECTORY_MAX + cluster_len,
                "a directory of {at} bytes or more, at most {DIRECTORY_MAX} are possible"
            );
            cluster = self.next(cluster)?;
        }
        if let (Some(len), Some(last)) = (len, segments.last_mut()) {
            last.len -= at.saturating_sub(len);
        }
        Ok(segments)
    }

    /// Returns where the entries of a directory are.
    fn directory(&self, id: FileId) -> Result<Vec<Segment>> {
        let first = match (id, self.boot.root) {
            (ROOT, Some((offset, len))) => return Ok(vec![Segment { at: 0, len, offset }]),
            (ROOT, None) => self.boot.root_cluster,
            _ => self.entry(id)?.cluster,
        };
        self.chain(first, None)
    }

    fn entry(&self, id: FileId) -> Result<Entry> {
        let raw = self.disk.read(id.0, entry::LEN)?;
        Ok(Entry::read(&raw, self.boot.width))
    }

    fn names(&self, id: FileId) -> Result<Vec<(Name, FileId)>> {
        let mut found = Vec::new();
        let mut names = Names::default();
        for segment in self.directory(id)? {
            let bytes = self
                .disk
                .read(segment.offset, usize::try_from(segment.len)?)?;
            for (raw, at) in bytes
                .chunks_exact(entry::LEN)
                .zip((segment.offset..).step_by(32))
            {
                match names.take(raw) {
                    Found::End => return Ok(found),
                    Found::Nothing => {}
                    Found::Name(name) => {
                        ensure!(
                            !name.is_empty()
                                && !name.contains(&b'/')
                                && !name.contains(&0)
                                && !matches!(&name[..], b"." | b".."),
                            "a name that none may have: \"{}\"",
                            name.escape_ascii()
                        );
                        found.push((name.into(), FileId(at)));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Returns how many directories there are in one that starts at a cluster.
    fn subdirectories(&self, id: FileId, cluster: u32) -> Result<u64> {
        // A panic elsewhere leaves the map whole.
        let lock = || {
            self.subdirectories
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let place = (id != ROOT).then_some(cluster);
        if let Some(count) = lock().get(&place) {
            return Ok(*count);
        }
        let mut count = 0;
        for (_, child) in self.names(id)? {
            count += u64::from(self.entry(child)?.is_directory);
        }
        let mut known = lock();
        if (known.len() as u64 + 1) * Allowance::ENTRY > self.metadata_max {
            known.clear();
        }
        known.insert(place, count);
        Ok(count)
    }

    fn locate(&self, id: FileId) -> Result<Vec<Segment>> {
        let entry = self.entry(id)?;
        if id == ROOT || entry.is_directory {
            bail!("a directory, not a file");
        }
        self.chain(entry.cluster, Some(entry.size.into()))
    }
}

impl Reader for Fat {
    fn name(&self) -> String {
        self.disk.name()
    }

    fn root(&self) -> FileId {
        ROOT
    }

    fn stat(&self, id: FileId) -> Result<Stat> {
        let entry = match id {
            ROOT => Entry {
                is_directory: true,
                is_read_only: false,
                cluster: 0,
                size: 0,
                // The first time there is: the root has none.
                mtime: Timestamp::from_secs(315_532_800),
            },
            _ => self.entry(id)?,
        };
        let mode = match (entry.is_directory, entry.is_read_only) {
            (true, _) => 0o755,
            (false, false) => 0o644,
            (false, true) => 0o444,
        };
        let links = match entry.is_directory {
            true => 2 + self.subdirectories(id, entry.cluster)?,
            false => 1,
        };
        Ok(Stat {
            kind: match entry.is_directory {
                true => Kind::Directory,
                false => Kind::File,
            },
            meta: Meta::root(mode, entry.mtime),
            links,
            size: entry.size.into(),
        })
    }

    fn entries(&self, directory: FileId) -> Result<Vec<(Name, FileId)>> {
        if directory != ROOT && !self.entry(directory)?.is_directory {
            return Ok(Vec::new());
        }
        let mut entries = self.names(directory)?;
        entries.sort_unstable();
        if let Some(twice) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            bail!("it has the name \"{}\" twice", twice[0].0.escape_ascii());
        }
        Ok(entries)
    }

    fn lookup(&self, directory: FileId, name: &[u8]) -> Result<Option<FileId>> {
        let entries = self.entries(directory)?;
        let index = entries.binary_search_by(|(other, _)| (**other).cmp(name));
        // Whoever looks for another spelling finds it, as everywhere.
        let found = index.ok().map(|index| &entries[index]).or_else(|| {
            let mut entries = entries.iter();
            entries.find(|(other, _)| other.eq_ignore_ascii_case(name))
        });
        Ok(found.map(|(_, id)| *id))
    }

    fn places(&self, directory: FileId) -> Result<Vec<Range<u64>>> {
        let segments = self.directory(directory)?;
        let places = segments.iter().map(|s| s.offset..s.offset + s.len);
        Ok(places.collect())
    }

    fn metadata_max(&self) -> u64 {
        self.metadata_max
    }

    fn target(&self, _: FileId) -> Result<Vec<u8>> {
        bail!("FAT has no symbolic links")
    }

    fn xattrs(&self, _: FileId) -> Result<Xattrs> {
        Ok(Xattrs::new())
    }

    fn extents(&self, file: FileId) -> Result<Vec<Range<u64>>> {
        let size = u64::from(self.entry(file)?.size);
        Ok((size > 0).then_some(0..size).into_iter().collect())
    }

    fn read_exact_at(&self, file: FileId, buf: &mut [u8], at: u64) -> Result<()> {
        let size = u64::from(self.entry(file)?.size);
        let end = at.checked_add(buf.len() as u64);
        ensure!(
            end.is_some_and(|end| end <= size),
            "{} bytes at {at} of {size}",
            buf.len()
        );
        let located = self.located.get(file, || self.content(file))?;
        located.read(&*self.disk, buf, at)
    }

    fn check_unchanged(&self) -> Result<()> {
        Ok(self.disk.check_unchanged()?)
    }
}

impl Volume for Fat {
    fn disk(&self) -> Arc<dyn Disk> {
        self.disk.clone()
    }

    fn content(&self, file: FileId) -> Result<Bytes> {
        Ok(Bytes::Runs(self.locate(file)?))
    }

    fn kind(&self) -> &'static str {
        self.boot.kind()
    }

    /// The root directory's label counts before that of the boot sector.
    fn label(&self) -> String {
        let from_root = || -> Result<Option<String>> {
            for segment in self.directory(ROOT)? {
                let bytes = self
                    .disk
                    .read(segment.offset, usize::try_from(segment.len)?)?;
                let mut entries = bytes.chunks_exact(entry::LEN);
                let label = entries.find(|raw| raw.byte(0) != 0xE5 && raw.byte(11) & 0x3F == 0x08);
                if let Some(raw) = label {
                    let text = String::from_utf8_lossy(slice(raw, 0, 11));
                    return Ok(Some(text.trim_end().to_owned()));
                }
            }
            Ok(None)
        };
        let label = from_root().ok().flatten();
        label.unwrap_or_else(|| self.boot.label.clone())
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    fn is_pinned(&self, _: FileId) -> Result<bool> {
        Ok(false)
    }
}
