//! Directories: their entries, the names in them, and what the names refer to.
//!
//! Source: the kernel's Documentation/filesystems/ext4/directory.rst.

use std::collections::HashSet;
use std::io;

use super::index::{self, Index};
use super::inodes::{Directory, Inodes};
use super::tree::Tree;
use super::volume::Volume;
use crate::crc::crc32c;
use crate::fields::{Fields, slice};
use crate::verify::problem::Problems;

/// Bytes of an entry before its name.
const HEAD: usize = 8;
/// Bytes of the entry that holds a block's checksum.
const TAIL: usize = 12;

impl Directory {
    /// Reads a block by its place in the directory, if it has one.
    pub(super) fn block(&self, volume: &Volume<'_>, logical: u64) -> io::Result<Option<Vec<u8>>> {
        let after = self.runs.partition_point(|run| run.logical <= logical);
        let run = after.checked_sub(1).and_then(|index| self.runs.get(index));
        match run.filter(|run| logical - run.logical < run.count) {
            None => Ok(None),
            Some(run) => volume.block(run.start + (logical - run.logical)).map(Some),
        }
    }
}

/// Returns the length of an entry: blocks of 64 KiB keep two high bits in the low ones.
pub(super) fn entry_len(raw: u16, block_len: usize) -> usize {
    let raw = usize::from(raw);
    if block_len < 65536 {
        raw
    } else if raw == 65535 || raw == 0 {
        block_len
    } else {
        (raw & 65532) | (raw & 3) << 16
    }
}

/// Reads all directories; counts names of inodes, and tells the tree who lies in whom.
pub(super) fn read_all(
    volume: &Volume<'_>,
    inodes: &mut Inodes,
    problems: &mut Problems,
) -> io::Result<Tree> {
    let mut tree = Tree::default();
    for directory in std::mem::take(&mut inodes.directories) {
        let mut reader = Reader {
            volume,
            directory: &directory,
            inodes,
            problems,
            tree: &mut tree,
            seen: HashSet::new(),
        };
        reader.run()?;
    }
    Ok(tree)
}

struct Reader<'a> {
    volume: &'a Volume<'a>,
    directory: &'a Directory,
    inodes: &'a mut Inodes,
    problems: &'a mut Problems,
    tree: &'a mut Tree,
    seen: HashSet<Vec<u8>>,
}

/// One directory entry.
struct Entry<'a> {
    inode: u32,
    len: usize,
    file_type: u8,
    name: &'a [u8],
}

impl Reader<'_> {
    fn report(&mut self, logical: u64, what: impl std::fmt::Display) {
        let number = self.directory.number;
        self.problems.add(
            format_args!("inode {number}, block {logical} of the directory"),
            what,
        );
    }

    fn run(&mut self) -> io::Result<()> {
        let index = if self.directory.has_index {
            index::read(self.volume, self.directory, self.problems)?
        } else {
            None
        };
        for run in &self.directory.runs {
            for step in 0..run.count {
                let logical = run.logical + step;
                let bytes = self.volume.block(run.start + step)?;
                self.block(logical, &bytes, index.as_ref());
            }
        }
        Ok(())
    }

    fn block(&mut self, logical: u64, bytes: &[u8], index: Option<&Index>) {
        if logical == 0 {
            self.dots(bytes);
            if self.directory.has_index {
                return;
            }
        }
        let place = index.map(|index| index.blocks.get(&logical));
        match place {
            Some(None) if self.directory.has_index => self.report(logical, "is not in the index"),
            // A node of the index.
            Some(Some(None)) => return,
            _ => {}
        }
        let mut end = bytes.len();
        if self.volume.superblock.features.metadata_csum() {
            end -= TAIL;
            self.tail(logical, bytes, end);
        }
        let mut at = if logical == 0 {
            self.after_dots(bytes)
        } else {
            0
        };
        while at < end {
            let Some(entry) = self.entry(logical, bytes, at, end) else {
                return;
            };
            if entry.inode != 0 {
                self.name(logical, &entry);
                if let (Some(index), Some(Some(Some(hashes)))) = (index, place) {
                    let hash = index.hasher.hash(entry.name);
                    let expected = hashes.low..hashes.end;
                    if !expected.contains(&u64::from(hash)) {
                        let (name, low, end) = (entry.name.escape_ascii(), hashes.low, hashes.end);
                        self.report(
                            logical,
                            format_args!(
                                "{name} has hash {hash:#x}, the index says {low:#x} to below {end:#x}"
                            ),
                        );
                    }
                }
            }
            at += entry.len;
        }
    }

    /// Checks the checksum at the end of a block.
    fn tail(&mut self, logical: u64, bytes: &[u8], at: usize) {
        let tail = slice(bytes, at, TAIL);
        let is_tail = tail.le32(0) == 0 && tail.le16(4) == 12 && tail.le16(6) == 0xDE00;
        if !is_tail {
            self.report(logical, "has no checksum at its end");
        }
        let expected = crc32c(self.directory.seed, slice(bytes, 0, at));
        let found = tail.le32(8);
        if found != expected {
            self.report(
                logical,
                format_args!("checksum is {found:#x}, expected {expected:#x}"),
            );
        }
    }

    /// Reads the entry at `at`; gives nothing when no other can follow it.
    fn entry<'b>(
        &mut self,
        logical: u64,
        bytes: &'b [u8],
        at: usize,
        end: usize,
    ) -> Option<Entry<'b>> {
        let head = slice(bytes, at, HEAD);
        let len = entry_len(head.le16(4), bytes.len());
        let name_len = usize::from(head.byte(6));
        let least = HEAD + name_len.next_multiple_of(4).max(4);
        let inode = head.le32(0);
        // An unused entry may have any name.
        let needed = if inode == 0 { HEAD + 4 } else { least };
        if len < needed || !len.is_multiple_of(4) || len > end - at {
            let what = format_args!("entry at byte {at} has {len} bytes, the name {name_len}");
            self.report(logical, what);
            return None;
        }
        Some(Entry {
            inode,
            len,
            file_type: head.byte(7),
            name: slice(bytes, at + HEAD, name_len),
        })
    }

    /// Checks `.` and `..`, with which a directory starts.
    fn dots(&mut self, bytes: &[u8]) {
        let Directory { number, .. } = *self.directory;
        let end = bytes.len();
        let Some(dot) = self.entry(0, bytes, 0, end) else {
            return;
        };
        if dot.name != b"." || dot.inode != number || dot.len != 12 || bytes.byte(9) != 0 {
            let (name, inode) = (dot.name.escape_ascii(), dot.inode);
            self.report(
                0,
                format_args!("starts with {name}, inode {inode}, not with itself"),
            );
        }
        self.check_type(0, &dot, Some(2));
        self.count(dot.inode);
        if dot.len >= end {
            self.report(0, "has no second entry");
            return;
        }
        let Some(parent) = self.entry(0, bytes, dot.len, end) else {
            return;
        };
        if parent.name != b".." || bytes.byte(dot.len + 10) != 0 {
            let name = parent.name.escape_ascii();
            self.report(0, format_args!("the second entry is {name}, expected .."));
        }
        let len = end - 12;
        if self.directory.has_index && parent.len != len {
            let found = parent.len;
            self.report(
                0,
                format_args!("the entry .. has {found} bytes, expected {len}"),
            );
        }
        self.check_type(0, &parent, Some(2));
        self.count(parent.inode);
        self.tree.set_parent(number, parent.inode);
    }

    /// Returns where the entries after `.` and `..` start.
    fn after_dots(&self, bytes: &[u8]) -> usize {
        let first = entry_len(bytes.le16(4), bytes.len()).max(12);
        let second = entry_len(bytes.le16(first.saturating_add(4)), bytes.len());
        first.saturating_add(second.max(12))
    }

    /// Counts one more name of an inode that is in use.
    fn count(&mut self, inode: u32) {
        if let Some(used) = self.inodes.find(inode) {
            used.names = used.names.saturating_add(1);
        }
    }

    fn check_type(&mut self, logical: u64, entry: &Entry<'_>, expected: Option<u8>) {
        let has_types = self.volume.superblock.features.entry_types();
        let expected = if has_types { expected } else { Some(0) };
        if let Some(expected) = expected.filter(|expected| *expected != entry.file_type) {
            let (name, found) = (entry.name.escape_ascii(), entry.file_type);
            self.report(
                logical,
                format_args!("{name}: file type is {found}, expected {expected}"),
            );
        }
    }

    /// Checks an entry in use.
    fn name(&mut self, logical: u64, entry: &Entry<'_>) {
        let Entry { inode, name, .. } = *entry;
        let shown = name.escape_ascii();
        if name.is_empty() || name == b"." || name == b".." {
            self.report(logical, format_args!("{shown:?} is no name"));
            return;
        }
        if name.iter().any(|byte| [0, b'/'].contains(byte)) {
            self.report(
                logical,
                format_args!("{shown}: a name has neither NUL nor a slash"),
            );
        }
        if !self.seen.insert(name.to_vec()) {
            self.report(logical, format_args!("{shown}: the name is there twice"));
        }
        let superblock = &self.volume.superblock;
        if inode < superblock.first_inode || inode > superblock.inodes() {
            self.report(
                logical,
                format_args!("{shown}: inode {inode} can have no name"),
            );
            return;
        }
        let Some(used) = self.inodes.find(inode) else {
            self.report(
                logical,
                format_args!("{shown}: inode {inode} is not in use"),
            );
            return;
        };
        used.names = used.names.saturating_add(1);
        let kind = used.kind.map(|kind| kind as u8);
        self.check_type(logical, entry, kind);
        if kind == Some(2) && self.tree.add(self.directory.number, inode).is_err() {
            self.report(
                logical,
                format_args!("{shown}: directory {inode} has another name already"),
            );
        }
    }
}
