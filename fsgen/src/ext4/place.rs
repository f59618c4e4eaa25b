//! Gives everything in a filesystem its blocks.
//!
//! The order is that of the disk: what belongs to the groups first, then the root directory,
//! `lost+found`, the orphan file and the journal, all directories, attribute blocks, links, and the
//! files in the order of their inodes. So a folder's files lie together, and free space is at the end.

use super::extent;
use super::format::{INODE_SIZE, special_inode};
use super::geometry::{GROUPS_PER_FLEX, Geometry};
use super::inode::FAST_SYMLINK_MAX;
use super::layout::{Group, Item, Layout, Placed, What};
use super::measure::data_runs;
use super::numbering::Owner;
use super::space::{Run, Space};
use super::{lo32, orphan};
use crate::tree::{Kind, NodeId, Tree};

/// The space ran out.
#[derive(Debug)]
pub(super) struct Full;

impl Layout {
    /// Gives everything its blocks in a filesystem of this geometry.
    pub(super) fn place(
        &mut self,
        tree: &Tree,
        geometry: Geometry,
        journal: u64,
    ) -> Result<(), Full> {
        self.geometry = geometry;
        self.journal_blocks = u32::try_from(journal).expect("at most MAX_BLOCKS");
        let orphans = orphan::blocks(&self.options, geometry.blocks, journal);
        self.orphan_blocks = u32::try_from(orphans).expect("at most 512");
        self.place_all(tree)
    }

    fn place_all(&mut self, tree: &Tree) -> Result<(), Full> {
        let inodes = self.used_inodes() as usize + 1;
        self.placed = vec![Placed::default(); inodes];
        self.items.clear();
        self.extents.clear();
        self.nodes.clear();
        self.xattr_addresses.clear();
        self.place_groups()?;
        self.place_directories()?;
        self.place_xattrs()?;
        self.place_files(tree)?;
        self.count_free();
        self.add_group_items();
        self.items.sort_unstable_by_key(|item| item.block);
        Ok(())
    }

    /// Superblock copies, then bitmaps and inode tables at the start of each flex group.
    fn place_groups(&mut self) -> Result<(), Full> {
        let geometry = self.geometry;
        let start = geometry.first_data_block();
        if geometry.blocks < start + geometry.overhead() {
            return Err(Full);
        }
        let whole = Run {
            start,
            len: geometry.blocks - start,
        };
        let copies = std::iter::once(0)
            .chain(geometry.backup_groups())
            .map(|group| Run {
                start: geometry.group_start(group),
                len: geometry.base_metadata(group),
            });
        self.space = Space::new(whole, copies);
        self.groups.clear();
        let table = u64::from(geometry.inode_table_blocks());
        for leader in (0..geometry.groups).step_by(GROUPS_PER_FLEX as usize) {
            let count = GROUPS_PER_FLEX.min(geometry.groups - leader);
            let from = geometry.group_start(leader);
            let bitmaps = self.space.take_from(from, u64::from(count)).ok_or(Full)?;
            let inode_bitmaps = self.space.take_from(from, u64::from(count)).ok_or(Full)?;
            for i in 0..u64::from(count) {
                self.groups.push(Group {
                    block_bitmap: bitmaps + i,
                    inode_bitmap: inode_bitmaps + i,
                    inode_table: self.space.take_from(from, table).ok_or(Full)?,
                    free_blocks: 0,
                });
            }
        }
        self.resize_indirect = match geometry.reserved_descriptor_blocks {
            0 => None,
            _ => Some(self.space.take(1).ok_or(Full)?),
        };
        Ok(())
    }

    /// The root, `lost+found`, the orphan file and the journal first, then all other directories.
    fn place_directories(&mut self) -> Result<(), Full> {
        let directories = std::mem::take(&mut self.needs.directories);
        let mut journal = u64::from(self.journal_blocks);
        let result = directories.iter().try_for_each(|directory| {
            let inode = directory.inode;
            if inode > special_inode::FIRST && journal > 0 {
                self.place_journal(std::mem::take(&mut journal))?;
            }
            self.place_runs(
                inode,
                &[Run {
                    start: 0,
                    len: u64::from(directory.blocks),
                }],
                |logical| What::Directory { inode, logical },
            )
        });
        self.needs.directories = directories;
        result?;
        if journal > 0 {
            self.place_journal(journal)?;
        }
        Ok(())
    }

    /// Before the journal comes the orphan file, as low as can be: when resize2fs up to 1.47.0 moves
    /// it to shrink a filesystem, its checksums get wrong, and the kernel refuses to mount that.
    fn place_journal(&mut self, blocks: u64) -> Result<(), Full> {
        self.place_orphan_file()?;
        let whole = [Run {
            start: 0,
            len: blocks,
        }];
        let first = self.items.len();
        self.place_runs(special_inode::JOURNAL, &whole, |_| What::Journal)?;
        // All but the first block is zero, and stays unwritten.
        self.items[first].len = 1;
        let mut is_first = true;
        let is_written = |item: &Item| item.what != What::Journal || std::mem::take(&mut is_first);
        let mut written = self.items.split_off(first);
        written.retain(is_written);
        self.items.append(&mut written);
        Ok(())
    }

    fn place_orphan_file(&mut self) -> Result<(), Full> {
        let whole = [Run {
            start: 0,
            len: u64::from(self.orphan_blocks),
        }];
        self.place_runs(self.orphan_inode(), &whole, |_| What::Orphans)
    }

    fn place_xattrs(&mut self) -> Result<(), Full> {
        for index in 0..self.needs.xattr_blocks.len() {
            let block = self.space.take(1).ok_or(Full)?;
            self.xattr_addresses.push(block);
            let index = u32::try_from(index).expect("at most one for each inode");
            self.items.push(Item {
                block,
                len: 1,
                what: What::Xattrs { index },
            });
        }
        for (inode, index) in &self.needs.xattr_users {
            self.placed[*inode as usize].xattrs = index + 1;
        }
        for index in 0..self.needs.value_count() {
            let bytes = u64::from(self.needs.values[index as usize].outside.len);
            let whole = [Run {
                start: 0,
                len: self.geometry.block_size.count(bytes),
            }];
            let inode = self.value_inode(index);
            self.place_runs(inode, &whole, |logical| What::XattrValue { index, logical })?;
        }
        Ok(())
    }

    fn place_files(&mut self, tree: &Tree) -> Result<(), Full> {
        let inodes: Vec<(u32, NodeId)> = self
            .numbering
            .inodes()
            .filter_map(|(inode, owner)| match owner {
                Owner::Node(node) => Some((inode, node)),
                _ => None,
            })
            .collect();
        for &(inode, node) in &inodes {
            if let Kind::Symlink(target) = &tree.node(node).kind
                && target.len() > FAST_SYMLINK_MAX
            {
                self.place_runs(inode, &[Run { start: 0, len: 1 }], |_| What::Symlink {
                    inode,
                })?;
            }
        }
        for &(inode, node) in &inodes {
            if let Kind::File(content) = &tree.node(node).kind {
                let runs = data_runs(content, self.geometry.block_size);
                self.place_runs(inode, &runs, |logical| What::Data { inode, logical })?;
            }
        }
        Ok(())
    }

    /// Gives an inode blocks for the given blocks of its content, and for its extent tree.
    fn place_runs(
        &mut self,
        inode: u32,
        logical: &[Run],
        what: impl Fn(u32) -> What,
    ) -> Result<(), Full> {
        let len = logical.iter().map(|run| run.len).sum();
        if len == 0 {
            return Ok(());
        }
        let disk = self.space.take_runs(len, extent::MAX_LEN).ok_or(Full)?;
        let extents = extent::map(logical, &disk);
        let mut nodes = Vec::new();
        let tree = extent::tree_blocks(extents.len(), self.geometry.block_size) as u64;
        if tree > 0 {
            for run in self.space.take_runs(tree, tree).ok_or(Full)? {
                nodes.extend(run.start..run.end());
            }
        }
        let index = |len: usize| u32::try_from(len).map_err(|_| Full);
        let placed = &mut self.placed[inode as usize];
        placed.first_extent = index(self.extents.len())?;
        placed.extents = index(extents.len())?;
        placed.first_node = index(self.nodes.len())?;
        self.items.extend(extents.iter().map(|e| Item {
            block: e.start,
            len: e.len,
            what: what(e.logical),
        }));
        self.extents.extend(extents);
        for (index, block) in (0..).zip(&nodes) {
            self.items.push(Item {
                block: *block,
                len: 1,
                what: What::ExtentNode { inode, index },
            });
        }
        self.nodes.extend(nodes);
        Ok(())
    }

    fn count_free(&mut self) {
        let geometry = self.geometry;
        for run in self.space.runs() {
            let mut at = run.start;
            while at < run.end() {
                let group = (at - geometry.first_data_block()) / geometry.blocks_per_group();
                let group = usize::try_from(group).expect("a group's number");
                let next = geometry.group_start(lo32(group as u64 + 1)).min(run.end());
                self.groups[group].free_blocks += next - at;
                at = next;
            }
        }
    }

    fn add_group_items(&mut self) {
        let geometry = self.geometry;
        let inodes_per_block = geometry.block_size.bytes() / INODE_SIZE;
        for group in 0..geometry.groups {
            let Group {
                block_bitmap,
                inode_bitmap,
                inode_table,
                ..
            } = self.groups[group as usize];
            let used = self.used_in_group(group);
            let is_block_uninit = self.is_block_uninit(group);
            let mut add = |block, len, what| self.items.push(Item { block, len, what });
            if Geometry::has_superblock(group) {
                let start = geometry.group_start(group);
                add(
                    start,
                    1 + geometry.descriptor_blocks,
                    What::Superblock { group },
                );
            }
            if used > 0 {
                add(inode_bitmap, 1, What::InodeBitmap { group });
                let len = used.div_ceil(inodes_per_block);
                add(inode_table, len, What::InodeTable { group });
            }
            if !is_block_uninit {
                add(block_bitmap, 1, What::BlockBitmap { group });
            }
        }
        if let Some(block) = self.resize_indirect {
            let what = What::ResizeIndirect;
            self.items.push(Item {
                block,
                len: 1,
                what,
            });
            let block = geometry.first_data_block() + 1 + u64::from(geometry.descriptor_blocks);
            let len = geometry.reserved_descriptor_blocks;
            self.items.push(Item {
                block,
                len,
                what: What::ReservedDescriptors,
            });
        }
    }
}
