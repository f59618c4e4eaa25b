//! Which blocks an inode has: what extent trees and block lists come to.

use super::owned::Owned;
use super::volume::Volume;
use crate::verify::problem::Problems;

/// Blocks of a file that follow each other both in the file and in the filesystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// First block within the file.
    pub logical: u64,
    /// First block within the filesystem.
    pub start: u64,
    /// Number of blocks.
    pub count: u64,
}

/// What the map of one inode comes to.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    /// The runs in order, if they were asked for. Those with blocks of somebody else are left
    /// out: reading them once for each owner could take forever.
    pub runs: Vec<Run>,
    /// Blocks with content, written or not.
    pub content_blocks: u64,
    /// Those of them that were never written.
    pub unwritten_blocks: u64,
    /// Blocks of the map itself.
    pub map_blocks: u64,
    /// One more than the last block that has a place.
    pub end: u64,
    /// One more than the last block that was written.
    pub written_end: u64,
}

impl Mapping {
    /// Returns whether every block of the file up to its end is there and was written.
    pub(super) fn is_whole(&self) -> bool {
        self.content_blocks == self.end && self.unwritten_blocks == 0
    }
}

/// A walk over the map of one inode, which takes possession of its blocks.
pub(super) struct Walk<'a> {
    pub volume: &'a Volume<'a>,
    pub owned: &'a mut Owned,
    pub problems: &'a mut Problems,
    /// The inode's number.
    pub inode: u32,
    /// What the checksums of its blocks start with.
    pub seed: u32,
    /// Whether the runs are wanted.
    pub keeps_runs: bool,
    pub mapping: Mapping,
}

impl<'a> Walk<'a> {
    /// Reports something about the inode.
    pub(super) fn report(&mut self, what: impl std::fmt::Display) {
        self.problems
            .add(format_args!("inode {}", self.inode), what);
    }

    /// Takes a block of the map; gives `false` when it must not be read.
    pub(super) fn take_map_block(&mut self, block: u64) -> bool {
        if !self.volume.contains(block, 1) {
            self.report(format_args!("a block of its map would be block {block}"));
            return false;
        }
        self.mapping.map_blocks += 1;
        if self.owned.claim(block, 1) > 0 {
            self.report(format_args!(
                "block {block} of its map belongs to something else too"
            ));
            return false;
        }
        true
    }

    /// Takes blocks with content.
    pub(super) fn take_content(&mut self, run: Run, is_written: bool) {
        let Run {
            logical,
            start,
            count,
        } = run;
        if !self.volume.contains(start, count) {
            self.report(format_args!(
                "its block {logical} would be at block {start}, {count} long: not in the filesystem"
            ));
            return;
        }
        let end = logical.saturating_add(count);
        self.mapping.content_blocks += count;
        self.mapping.end = self.mapping.end.max(end);
        if is_written {
            self.mapping.written_end = self.mapping.written_end.max(end);
        } else {
            self.mapping.unwritten_blocks += count;
        }
        let taken = self.owned.claim(start, count);
        if taken > 0 {
            self.report(format_args!(
                "its block {logical} at block {start}, {count} long: {taken} of them belong to \
                 something else too"
            ));
        } else if self.keeps_runs {
            match self.mapping.runs.last_mut() {
                Some(last)
                    if last.start + last.count == start && last.logical + last.count == logical =>
                {
                    last.count += count;
                }
                _ => self.mapping.runs.push(run),
            }
        }
    }
}
