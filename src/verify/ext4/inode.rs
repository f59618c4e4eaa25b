//! One inode in use: type, size, blocks, flags; what it owns is taken.

use std::io;

use super::attribute::Attributes;
use super::mapping::{Mapping, Walk};
use super::owned::Owned;
use super::raw_inode::{self, FileType, RawInode};
use super::volume::Volume;
use crate::verify::problem::Problems;

/// Largest target of a link that lies in the inode itself.
const SHORT_TARGET: u64 = 59;

/// An inode and what its checks need.
pub(super) struct Check<'a> {
    pub volume: &'a Volume<'a>,
    pub owned: &'a mut Owned,
    pub attributes: &'a mut Attributes,
    pub problems: &'a mut Problems,
    pub number: u32,
    pub inode: RawInode<'a>,
    pub seed: u32,
}

impl Check<'_> {
    fn report(&mut self, what: impl std::fmt::Display) {
        self.problems
            .add(format_args!("inode {}", self.number), what);
    }

    /// Checks everything but names, and returns the map: with its runs, if they are wanted.
    pub(super) fn run(&mut self, kind: FileType, keeps_runs: bool) -> io::Result<Mapping> {
        self.fields(Some(kind));
        let has_map = match kind {
            FileType::Regular | FileType::Directory => true,
            FileType::Symlink => self.inode.size() > SHORT_TARGET,
            _ => false,
        };
        let mapping = if has_map {
            self.map(keeps_runs || kind == FileType::Symlink)?
        } else {
            Mapping::default()
        };
        match kind {
            FileType::Regular => self.regular_size(&mapping),
            FileType::Directory => self.directory_size(&mapping),
            FileType::Symlink => self.symlink(&mapping)?,
            _ if self.inode.size() != 0 => {
                let size = self.inode.size();
                self.report(format_args!("size of a special file is {size}, expected 0"));
            }
            _ => {}
        }
        let attributes = self.attributes.check_inode(
            self.volume,
            (self.number, self.inode),
            self.owned,
            self.problems,
        )?;
        self.block_count(&mapping, attributes);
        Ok(mapping)
    }

    /// Takes the blocks that the inode maps.
    pub(super) fn map(&mut self, keeps_runs: bool) -> io::Result<Mapping> {
        let mut walk = Walk {
            volume: self.volume,
            owned: self.owned,
            problems: self.problems,
            inode: self.number,
            seed: self.seed,
            keeps_runs,
            mapping: Mapping::default(),
        };
        if self.inode.has(raw_inode::EXTENTS) {
            walk.extents(self.inode.map())?;
        } else {
            walk.block_list(self.inode.map())?;
        }
        Ok(walk.mapping)
    }

    /// Checks what does not depend on the map.
    pub(super) fn fields(&mut self, kind: Option<FileType>) {
        let features = self.volume.superblock.features;
        let inode = self.inode;
        if inode.deletion_time() != 0 {
            let time = inode.deletion_time();
            self.report(format_args!("is in use, with a deletion time of {time}"));
        }
        let flags = inode.flags() & raw_inode::UNSUPPORTED;
        if flags != 0 {
            self.report(format_args!("flags {flags:#x} are not supported here"));
        }
        let is_file = matches!(kind, Some(FileType::Regular | FileType::Directory));
        let is_long_link = kind == Some(FileType::Symlink) && inode.size() > SHORT_TARGET;
        let may_have_map = is_file || is_long_link;
        if inode.has(raw_inode::EXTENTS) && !(features.extents() && may_have_map) {
            self.report("has the flag for extents, which it cannot have");
        }
        if kind.is_some() && !is_file && inode.has(raw_inode::UNCHANGING) {
            self.report("is immutable or only appended to, but neither a file nor a directory");
        }
        let may_have_index = kind == Some(FileType::Directory) && features.hashed_directories();
        if inode.has(raw_inode::INDEX) && !may_have_index {
            self.report("has the flag for an index, which it cannot have");
        }
        if inode.has(raw_inode::ATTRIBUTE_VALUE) && !features.attribute_inodes() {
            self.report("has the flag for an attribute's value, without that feature");
        }
        let obsolete = inode.fragment_address();
        if obsolete != 0 {
            self.report(format_args!(
                "address of a fragment is {obsolete}, expected 0"
            ));
        }
        if !features.wide() && inode.attribute_block() >> 32 != 0 {
            self.report("the number of its attribute block has more than 32 bits");
        }
        if inode.0.len() > 128 {
            let (extra, most) = (inode.extra_size(), inode.0.len() - 128);
            let fits = usize::from(extra) <= most && extra.is_multiple_of(4);
            if !fits {
                self.report(format_args!(
                    "{extra} extra bytes, at most {most}, by fours"
                ));
            }
        }
    }

    /// Checks the size of a file by its map.
    pub(super) fn regular_size(&mut self, mapping: &Mapping) {
        let block = u64::from(self.volume.superblock.block_size);
        let size = self.inode.size();
        let last = mapping.written_end.saturating_sub(1);
        let may_exceed = self.inode.has(raw_inode::VERITY);
        if mapping.written_end > 0 && size < last.saturating_mul(block) && !may_exceed {
            self.report(format_args!(
                "size is {size}, but its block {last} is written"
            ));
        }
        let most = if self.inode.has(raw_inode::EXTENTS) {
            block << 32
        } else {
            let per_block = block / 4;
            let blocks = 12 + per_block + per_block.pow(2) + per_block.pow(3);
            blocks.saturating_mul(block)
        };
        if size > most {
            self.report(format_args!("size is {size}, at most {most} can be mapped"));
        }
        let limit = 1 << 31;
        if size >= limit && !self.volume.superblock.features.large_files() {
            self.report(format_args!(
                "size is {size} without the feature large_file"
            ));
        }
    }

    fn directory_size(&mut self, mapping: &Mapping) {
        let block = u64::from(self.volume.superblock.block_size);
        let size = self.inode.size();
        if !size.is_multiple_of(block) || size / block != mapping.end || size == 0 {
            let blocks = mapping.end;
            self.report(format_args!(
                "size of the directory is {size}, its blocks end with block {blocks} of {block} bytes"
            ));
        }
        let is_large = self.volume.superblock.features.large_directories();
        if size >> 32 != 0 && !is_large {
            self.report(format_args!(
                "size of the directory is {size}, more than 32 bits"
            ));
        }
        if !mapping.is_whole() {
            self.report("the directory has holes, or blocks that were never written");
        }
    }

    fn symlink(&mut self, mapping: &Mapping) -> io::Result<()> {
        let size = self.inode.size();
        let block_len = u64::from(self.volume.superblock.block_size);
        let target = if size <= SHORT_TARGET {
            self.inode.map().to_vec()
        } else {
            match mapping.runs[..] {
                [run] if run.logical == 0 && run.count == 1 && size < block_len => {
                    self.volume.block(run.start)?
                }
                _ => {
                    self.report(format_args!("target of {size} bytes is not in one block"));
                    return Ok(());
                }
            }
        };
        let len = target.iter().position(|byte| *byte == 0);
        if size == 0 || len.and_then(|len| u64::try_from(len).ok()) != Some(size) {
            let len = len.unwrap_or(target.len());
            self.report(format_args!(
                "size of the target is {size}, it has {len} bytes"
            ));
        }
        Ok(())
    }

    /// Compares the count of blocks with what was found; `attributes` are bytes.
    pub(super) fn block_count(&mut self, mapping: &Mapping, attributes: u64) {
        let features = self.volume.superblock.features;
        let block = u64::from(self.volume.superblock.block_size);
        let mut unit = 512;
        if self.inode.has(raw_inode::HUGE_FILE) && features.huge_files() {
            unit = block;
        } else if !features.huge_files() && self.inode.blocks() >> 32 != 0 {
            self.report("the count of its blocks has more than 32 bits");
        }
        let blocks = mapping.content_blocks.saturating_add(mapping.map_blocks);
        let expected = blocks.saturating_mul(block).saturating_add(attributes) / unit;
        let found = self.inode.blocks();
        if found != expected {
            self.report(format_args!(
                "count of blocks is {found}, expected {expected}, in units of {unit} bytes"
            ));
        }
    }
}
