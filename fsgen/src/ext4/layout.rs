//! The plan of a filesystem: which block holds what. A pure value, made before the first write.

use super::extent::{self, Extent};
use super::format::special_inode;
use super::geometry::{GROUPS_PER_FLEX, Geometry};
use super::measure::{Needs, measure};
use super::numbering::{Numbering, Owner};
use super::space::{Run, Space};
use super::{Error, Options, Size, journal, lo32};
use crate::tree::{Kind, NodeId, Tree};

/// What a range of blocks holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The superblock and the descriptor table that follows it.
    Superblock { group: u32 },
    /// The reserved descriptor blocks of the first group: lists of their copies.
    ReservedDescriptors,
    /// The block that lists those blocks.
    ResizeIndirect,
    BlockBitmap { group: u32 },
    InodeBitmap { group: u32 },
    /// The part of an inode table that is in use.
    InodeTable { group: u32 },
    /// The first block of the journal.
    Journal,
    Directory { inode: u32, logical: u32 },
    Symlink { inode: u32 },
    Xattrs { index: u32 },
    /// One block of an extent tree.
    ExtentNode { inode: u32, index: u32 },
    /// Bytes of a file.
    Data { inode: u32, logical: u32 },
}

/// Blocks that lie together and what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub block: u64,
    pub len: u32,
    pub what: What,
}

/// Where one group's own structures lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub block_bitmap: u64,
    pub inode_bitmap: u64,
    pub inode_table: u64,
    pub free_blocks: u64,
}

/// Where the parts of one inode lie: ranges of the lists in [`Layout`].
#[derive(Debug, Clone, Copy, Default)]
struct Placed {
    first_extent: u32,
    extents: u32,
    first_node: u32,
    /// 1-based; 0 for no block.
    xattrs: u32,
}

/// A filesystem that is decided down to the last block, and not written yet.
pub struct Layout {
    pub(super) options: Options,
    pub(super) geometry: Geometry,
    pub(super) numbering: Numbering,
    pub(super) groups: Vec<Group>,
    /// All that will be written, in disk order.
    pub(super) items: Vec<Item>,
    pub(super) space: Space,
    pub(super) resize_indirect: Option<u64>,
    pub(super) journal_blocks: u32,
    pub(super) needs: Needs,
    placed: Vec<Placed>,
    extents: Vec<Extent>,
    nodes: Vec<u64>,
    xattr_addresses: Vec<u64>,
}

/// Plans a filesystem that holds the tree below `root`; of `hidden` directories just themselves.
///
/// # Errors
///
/// Fails when the content does not fit, or when the format has no place for some of it.
pub fn plan(
    tree: &Tree,
    root: NodeId,
    hidden: &[NodeId],
    size: Size,
    options: Options,
) -> Result<Layout, Error> {
    if options.label.len() > 16 {
        return Err(Error::Label { label: options.label });
    }
    let numbering = Numbering::new(tree, root, hidden);
    let inodes = u64::from(numbering.last());
    if let Some(have) = options.inodes.filter(|have| *have < inodes) {
        return Err(Error::TooFewInodes { need: inodes, have });
    }
    let needs = measure(tree, &numbering, &options)?;
    let bs = options.block_size;
    let mut layout = Layout {
        geometry: fit(&options, inodes, needs.blocks)?,
        options,
        numbering,
        groups: Vec::new(),
        items: Vec::new(),
        space: Space::new(Run { start: 0, len: 0 }, std::iter::empty()),
        resize_indirect: None,
        journal_blocks: 0,
        needs,
        placed: Vec::new(),
        extents: Vec::new(),
        nodes: Vec::new(),
        xattr_addresses: Vec::new(),
    };
    match size {
        Size::Fit { free } => layout.place_with_free(tree, inodes, bs.count(free))?,
        Size::Exact(bytes) => {
            let blocks = bytes / bs.bytes64();
            let with_room = Geometry::inodes(&layout.options, bytes, inodes);
            let geometry = Geometry::new(bs, blocks, with_room).or_else(|error| match error {
                // No room for spare inodes; the content's own may fit.
                Error::TooManyInodes { .. } if layout.options.inodes.is_none() => {
                    Geometry::new(bs, blocks, inodes)
                }
                error => Err(error),
            });
            let placed = match geometry {
                Ok(geometry) => {
                    layout.geometry = geometry;
                    layout.place(tree)?
                }
                Err(Error::TooManyInodes { .. }) if layout.options.inodes.is_none() => Err(Full),
                Err(error) => return Err(error),
            };
            if placed.is_err() {
                layout.place_with_free(tree, inodes, 0)?;
                return Err(Error::TooSmall {
                    need: layout.geometry.blocks * bs.bytes64(),
                    have: bytes,
                });
            }
        }
    }
    Ok(layout)
}

/// Returns the smallest geometry with room for `content` blocks beside journal and groups.
fn fit(options: &Options, inodes: u64, content: u64) -> Result<Geometry, Error> {
    let bs = options.block_size;
    let mut blocks = content;
    loop {
        let with_room = Geometry::inodes(options, blocks * bs.bytes64(), inodes);
        let geometry = Geometry::round_up(bs, blocks, with_room)
            .or_else(|_| Geometry::round_up(bs, blocks, options.inodes.unwrap_or(inodes)));
        let geometry = match geometry {
            // As many groups as the inodes take: one has at most as many as a block has bits.
            Err(Error::TooManyInodes { inodes, max }) if inodes <= u64::from(u32::MAX) => {
                blocks = blocks.max(max) + 1;
                continue;
            }
            other => other?,
        };
        let need = geometry.overhead() + journal::blocks(options, geometry.blocks)? + content;
        if need <= geometry.blocks {
            return Ok(geometry);
        }
        blocks = need;
    }
}

/// The space ran out.
#[derive(Debug)]
struct Full;

impl Layout {
    /// Returns the numbers that the filesystem is made of.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Returns the size in bytes.
    pub fn bytes(&self) -> u64 {
        self.geometry.blocks * self.geometry.block_size.bytes64()
    }

    /// Returns how many bytes are free.
    pub fn free_bytes(&self) -> u64 {
        self.space.free() * self.geometry.block_size.bytes64()
    }

    /// Returns how many bytes [`super::write`] will write.
    pub fn written_bytes(&self) -> u64 {
        let blocks: u64 = self.items.iter().map(|item| u64::from(item.len)).sum();
        blocks * self.geometry.block_size.bytes64()
    }

    /// Returns how many inodes are in use, the ten reserved ones included.
    pub fn used_inodes(&self) -> u32 {
        self.numbering.last()
    }

    /// Returns how many bytes the journal has; 0 for none.
    pub fn journal_bytes(&self) -> u64 {
        u64::from(self.journal_blocks) * self.geometry.block_size.bytes64()
    }

    /// Returns what could not be kept, a line each.
    pub fn warnings(&self) -> &[String] {
        &self.needs.warnings
    }

    pub(super) fn extents(&self, inode: u32) -> &[Extent] {
        let placed = self.placed(inode);
        &self.extents[placed.first_extent as usize..][..placed.extents as usize]
    }

    pub(super) fn extent_nodes(&self, inode: u32) -> &[u64] {
        let count = extent::tree_blocks(self.extents(inode).len(), self.geometry.block_size);
        &self.nodes[self.placed(inode).first_node as usize..][..count]
    }

    /// Returns the address of an inode's attribute block; 0 for none.
    pub(super) fn xattr_address(&self, inode: u32) -> u64 {
        match self.placed(inode).xattrs {
            0 => 0,
            index => self.xattr_addresses[index as usize - 1],
        }
    }

    fn placed(&self, inode: u32) -> Placed {
        self.placed.get(inode as usize).copied().unwrap_or_default()
    }

    /// Returns how many inodes of a group are in use: numbers are given without gaps.
    pub(super) fn used_in_group(&self, group: u32) -> u32 {
        let before = group * self.geometry.inodes_per_group;
        let used = self.numbering.last().saturating_sub(before);
        used.min(self.geometry.inodes_per_group)
    }

    /// Returns whether a group holds nothing but its copy of superblock and descriptors.
    pub(super) fn is_block_uninit(&self, group: u32) -> bool {
        let used = self.geometry.group_blocks(group) - self.groups[group as usize].free_blocks;
        group + 1 < self.geometry.groups && used == self.geometry.base_metadata(group)
    }

    /// Takes the smallest geometry that leaves this many blocks free.
    fn place_with_free(&mut self, tree: &Tree, inodes: u64, free: u64) -> Result<(), Error> {
        let mut content = self.needs.blocks + free;
        loop {
            self.geometry = fit(&self.options, inodes, content)?;
            // Where a large file has to be cut at a group's metadata, its extent tree may take
            // blocks that nobody could count before.
            match self.place(tree)? {
                Ok(()) if self.space.free() >= free => return Ok(()),
                Ok(()) => content += free - self.space.free(),
                Err(Full) => content += 16,
            }
        }
    }

    /// Gives everything its blocks; an inner error says that there are not enough.
    fn place(&mut self, tree: &Tree) -> Result<Result<(), Full>, Error> {
        let journal = journal::blocks(&self.options, self.geometry.blocks)?;
        self.journal_blocks = u32::try_from(journal).expect("at most MAX_BLOCKS");
        Ok(self.place_all(tree))
    }

    fn place_all(&mut self, tree: &Tree) -> Result<(), Full> {
        let inodes = self.numbering.last() as usize + 1;
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
        let whole = Run { start, len: geometry.blocks - start };
        let copies = std::iter::once(0).chain(geometry.backup_groups()).map(|group| Run {
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

    /// The root, `lost+found` and the journal first, then all other directories.
    fn place_directories(&mut self) -> Result<(), Full> {
        let directories = std::mem::take(&mut self.needs.directories);
        let mut journal = u64::from(self.journal_blocks);
        let result = directories.iter().try_for_each(|directory| {
            let inode = directory.inode;
            if inode > special_inode::FIRST && journal > 0 {
                self.place_journal(std::mem::take(&mut journal))?;
            }
            self.place_runs(inode, &[Run { start: 0, len: u64::from(directory.blocks) }], |logical| {
                What::Directory { inode, logical }
            })
        });
        self.needs.directories = directories;
        result?;
        if journal > 0 {
            self.place_journal(journal)?;
        }
        Ok(())
    }

    fn place_journal(&mut self, blocks: u64) -> Result<(), Full> {
        let whole = [Run { start: 0, len: blocks }];
        let first = self.items.len();
        self.place_runs(special_inode::JOURNAL, &whole, |_| What::Journal)?;
        // All but the first block is zero, and stays unwritten.
        self.items[first].len = 1;
        self.items.drain(first + 1..);
        let nodes = self.extent_nodes(special_inode::JOURNAL).to_vec();
        self.add_extent_nodes(special_inode::JOURNAL, &nodes);
        Ok(())
    }

    fn place_xattrs(&mut self) -> Result<(), Full> {
        for index in 0..self.needs.xattr_blocks.len() {
            let block = self.space.take(1).ok_or(Full)?;
            self.xattr_addresses.push(block);
            let index = u32::try_from(index).expect("at most one for each inode");
            self.items.push(Item { block, len: 1, what: What::Xattrs { index } });
        }
        for (inode, index) in &self.needs.xattr_users {
            self.placed[*inode as usize].xattrs = index + 1;
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
        let is_slow = |len: usize| len > super::inode::FAST_SYMLINK_MAX;
        for &(inode, node) in &inodes {
            if let Kind::Symlink(target) = &tree.node(node).kind
                && is_slow(target.len())
            {
                self.place_runs(inode, &[Run { start: 0, len: 1 }], |_| What::Symlink { inode })?;
            }
        }
        for &(inode, node) in &inodes {
            if let Kind::File(content) = &tree.node(node).kind {
                let runs = super::measure::data_runs(content, self.geometry.block_size);
                self.place_runs(inode, &runs, |logical| What::Data { inode, logical })?;
                let nodes = self.extent_nodes(inode).to_vec();
                self.add_extent_nodes(inode, &nodes);
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
        self.nodes.extend(nodes);
        Ok(())
    }

    fn add_extent_nodes(&mut self, inode: u32, nodes: &[u64]) {
        for (index, block) in nodes.iter().enumerate() {
            let index = u32::try_from(index).expect("fewer than extents");
            let what = What::ExtentNode { inode, index };
            self.items.push(Item { block: *block, len: 1, what });
        }
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
        let inodes_per_block = geometry.block_size.bytes() / super::format::INODE_SIZE;
        for group in 0..geometry.groups {
            let Group { block_bitmap, inode_bitmap, inode_table, .. } = self.groups[group as usize];
            let mut add = |block, len, what| self.items.push(Item { block, len, what });
            if Geometry::has_superblock(group) {
                let start = geometry.group_start(group);
                add(start, 1 + geometry.descriptor_blocks, What::Superblock { group });
            }
            let used = {
                let before = group * geometry.inodes_per_group;
                self.numbering.last().saturating_sub(before).min(geometry.inodes_per_group)
            };
            if used > 0 {
                add(inode_bitmap, 1, What::InodeBitmap { group });
                let len = used.div_ceil(inodes_per_block);
                add(inode_table, len, What::InodeTable { group });
            }
            if !self.is_block_uninit(group) {
                let what = What::BlockBitmap { group };
                self.items.push(Item { block: block_bitmap, len: 1, what });
            }
        }
        if let Some(block) = self.resize_indirect {
            let what = What::ResizeIndirect;
            self.items.push(Item { block, len: 1, what });
            let block = geometry.first_data_block() + 1 + u64::from(geometry.descriptor_blocks);
            let len = geometry.reserved_descriptor_blocks;
            self.items.push(Item { block, len, what: What::ReservedDescriptors });
        }
    }
}
