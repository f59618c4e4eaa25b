//! The bytes of each item of a layout.

use std::borrow::Cow;
use std::io;

use zerocopy::IntoBytes;

use super::checksum::Seed;
use super::format::{INODE_SIZE, SUPERBLOCK_OFFSET, inode_flags, special_inode};
use super::gather::Gather;
use super::geometry::BlockSize;
use super::inode::{FAST_SYMLINK_MAX, Fields, MAX_LINKS, device_block, file_type, types};
use super::layout::{Item, Layout, What};
use super::measure::{Value, XattrBlock};
use super::numbering::Owner;
use super::xattr::Placement;
use super::xattr::list::Values;
use super::{Error, directory, extent, journal, lo32, orphan, superblock, xattr};
use crate::tree::content::Content;
use crate::tree::{Kind, Meta, NodeId, Tree};

/// Knows all that items are made from.
pub(super) struct Renderer<'l> {
    layout: &'l Layout,
    tree: &'l Tree,
    seed: Seed,
    /// The descriptor table, of which every copy is the same.
    descriptors: Vec<u8>,
}

impl<'l> Renderer<'l> {
    pub(super) fn new(layout: &'l Layout, tree: &'l Tree) -> Self {
        let seed = Seed::new(&layout.options.uuid);
        Self {
            layout,
            tree,
            seed,
            descriptors: superblock::descriptors(layout, tree, seed),
        }
    }

    pub(super) fn tree(&self) -> &Tree {
        self.tree
    }

    pub(super) fn block_size(&self) -> BlockSize {
        self.layout.geometry.block_size
    }

    /// Fills `out`, the part from `at` on of `batch`, with the blocks of an item.
    ///
    /// What has to be read for it is noted in `gather`.
    pub(super) fn render(&self, item: &Item, at: usize, out: &mut [u8], gather: &mut Gather) {
        if let What::Data { inode, logical } = item.what {
            let content = self.content(inode);
            let block_size = self.block_size();
            return gather.add(content, (inode, logical), block_size, (at, out));
        }
        out.fill(0);
        let layout = self.layout;
        match item.what {
            What::Superblock { group } => self.superblock(group, out),
            What::ReservedDescriptors => self.reserved_descriptors(item.block, out),
            What::ResizeIndirect => self.resize_indirect(out),
            What::BlockBitmap { group } => {
                out.copy_from_slice(&superblock::block_bitmap(layout, group));
            }
            What::InodeBitmap { group } => {
                out.copy_from_slice(&superblock::inode_bitmap(layout, group));
            }
            What::InodeTable { group } => self.inode_table(group, out),
            What::Journal => out.copy_from_slice(&journal::superblock(
                self.block_size(),
                layout.journal_blocks,
                &layout.options.uuid,
            )),
            What::Directory { inode, logical } => self.directory(inode, logical, out),
            What::Symlink { inode } => {
                if let Some(Kind::Symlink(target)) = self.kind(inode) {
                    out[..target.len()].copy_from_slice(target);
                }
            }
            What::Xattrs { index } => {
                let XattrBlock { inode, sharers } = layout.needs.xattr_blocks[index as usize];
                let placement = self.xattrs(inode);
                let values = self.xattr_values(inode);
                xattr::list::block(out, &placement.in_block, values, sharers, item.block);
            }
            What::XattrValue { index, logical } => {
                let at = logical as usize * self.block_size().len();
                let value = self.xattr_value(layout.needs.values[index as usize]);
                let value = &value[at..];
                let len = value.len().min(out.len());
                out[..len].copy_from_slice(&value[..len]);
            }
            What::Orphans => {
                let inode = self.seed.inode(layout.orphan_inode());
                orphan::render(out, self.block_size().len(), item.block, inode);
            }
            What::ExtentNode { inode, index } => {
                out.copy_from_slice(&extent::block(
                    layout.extents(inode),
                    layout.extent_nodes(inode),
                    index as usize,
                    self.block_size(),
                    self.seed.inode(inode),
                ));
            }
            What::Data { .. } => unreachable!("gathered"),
        }
    }

    fn kind(&self, inode: u32) -> Option<&Kind> {
        match self.layout.numbering.owner(inode) {
            Owner::Node(node) => Some(&self.tree.node(node).kind),
            _ => None,
        }
    }

    fn superblock(&self, group: u32, out: &mut [u8]) {
        let journal_root = self.extent_root(special_inode::JOURNAL);
        let superblock = superblock::superblock(self.layout, group, &journal_root);
        // The first 1,024 bytes of the filesystem are left to boot code.
        let at = if group == 0 && self.block_size().bytes64() > SUPERBLOCK_OFFSET {
            1024
        } else {
            0
        };
        out[at..at + 1024].copy_from_slice(superblock.as_bytes());
        out[self.block_size().len()..].copy_from_slice(&self.descriptors);
    }

    /// Each reserved block lists its own copies in the groups that have a superblock.
    fn reserved_descriptors(&self, first: u64, out: &mut [u8]) {
        let geometry = &self.layout.geometry;
        let blocks = out.chunks_exact_mut(self.block_size().len());
        for (own, block) in (first..).zip(blocks) {
            for (word, group) in block.chunks_exact_mut(4).zip(geometry.backup_groups()) {
                let copy = own + u64::from(group) * geometry.blocks_per_group();
                word.copy_from_slice(&lo32(copy).to_le_bytes());
            }
        }
    }

    /// The list starts at the place that the first reserved block would have in a full table.
    fn resize_indirect(&self, out: &mut [u8]) {
        let geometry = &self.layout.geometry;
        let first = geometry.first_data_block() + 1 + u64::from(geometry.descriptor_blocks);
        let words = out.len() / 4;
        for i in 0..geometry.reserved_descriptor_blocks {
            let at = (geometry.descriptor_blocks + i) as usize % words * 4;
            out[at..at + 4].copy_from_slice(&lo32(first + u64::from(i)).to_le_bytes());
        }
    }

    fn directory(&self, inode: u32, logical: u32, out: &mut [u8]) {
        let layout = self.layout;
        let owner = layout.numbering.owner(inode);
        let entries = layout.numbering.entries(self.tree, owner);
        let hash_seed = layout.options.hash_seed.as_bytes();
        let Ok(packed) = directory::pack(entries, self.block_size(), hash_seed) else {
            unreachable!("the same entries were packed when the filesystem was planned");
        };
        let parent = layout.numbering.parent(self.tree, owner);
        let whole: u32 = layout.extents(inode).iter().map(|e| e.len).sum();
        let bs = self.block_size().len();
        if out.len() == whole as usize * bs {
            packed.render(out, inode, parent, self.seed);
        } else {
            // The directory lies in several places, and this is one of them.
            let mut all = vec![0; whole as usize * bs];
            packed.render(&mut all, inode, parent, self.seed);
            out.copy_from_slice(&all[logical as usize * bs..][..out.len()]);
        }
    }

    pub(super) fn content(&self, inode: u32) -> &Content {
        match self.kind(inode) {
            Some(Kind::File(content)) => content,
            _ => unreachable!("only files of the tree have data"),
        }
    }

    /// Returns the error of a file whose content cannot be read.
    pub(super) fn unreadable(&self, inode: u32, source: io::Error) -> Error {
        let path = match self.layout.numbering.owner(inode) {
            Owner::Node(node) => self.tree.path_of(node),
            _ => None,
        };
        let path = path.unwrap_or_default();
        Error::Read { path, source }
    }

    fn inode_table(&self, group: u32, out: &mut [u8]) {
        let first = group * self.layout.geometry.inodes_per_group + 1;
        let last = self.layout.used_inodes();
        for (number, place) in (first..=last).zip(out.chunks_exact_mut(INODE_SIZE as usize)) {
            if let Some(fields) = self.fields(number) {
                fields.render(place, number, self.block_size(), self.seed);
            }
        }
    }

    fn fields(&self, inode: u32) -> Option<Fields> {
        let layout = self.layout;
        let made = |mode| Meta::root(mode, layout.options.time);
        if let Some(index) = inode.checked_sub(layout.value_inode(0)) {
            let fields = Fields::new(file_type::FILE, made(0o600));
            let mut fields = self.with_extents(inode, fields);
            if let Some(value) = layout.needs.values.get(index as usize) {
                fields.flags |= inode_flags::EA_INODE;
                fields.size = value.outside.len.into();
                let value = self.xattr_value(*value);
                fields.value_hash = Some(xattr::value_hash(&value, self.seed));
            }
            return Some(fields);
        }
        Some(match layout.numbering.owner(inode) {
            Owner::Unused => return None,
            Owner::Node(node) => self.node_fields(inode, node),
            Owner::LostFound => {
                let mut fields = Fields::new(file_type::DIRECTORY, made(0o700));
                fields.links = 2;
                self.with_extents(inode, fields)
            }
            Owner::Journal if layout.journal_blocks > 0 => {
                self.with_extents(inode, Fields::new(file_type::FILE, made(0o600)))
            }
            Owner::Resize if layout.resize_indirect.is_some() => self.resize_fields(made(0o600)),
            Owner::Journal | Owner::Resize => return None,
        })
    }

    /// The one inode without extents: an indirect block of indirect blocks of descriptor copies.
    fn resize_fields(&self, meta: Meta) -> Fields {
        let geometry = &self.layout.geometry;
        let mut fields = Fields::new(file_type::FILE, meta);
        let words = self.block_size().bytes64() / 4;
        fields.size = (words * words + words + 12) * self.block_size().bytes64();
        let copies = 1 + geometry.backup_groups().count() as u64;
        fields.blocks = 1 + u64::from(geometry.reserved_descriptor_blocks) * copies;
        let indirect = lo32(self.layout.resize_indirect.unwrap_or(0));
        fields.block[13 * 4..14 * 4].copy_from_slice(&indirect.to_le_bytes());
        fields
    }

    fn node_fields(&self, inode: u32, node: NodeId) -> Fields {
        let layout = self.layout;
        let tree_node = self.tree.node(node);
        let mut fields = Fields::new(types(&tree_node.kind).0, tree_node.meta);
        fields.links = layout.numbering.links(node);
        match &tree_node.kind {
            Kind::Directory(_) => {
                let entries = layout.numbering.entries(self.tree, Owner::Node(node));
                let folders = entries
                    .iter()
                    .filter(|e| e.file_type == directory::DIRECTORY);
                let links = 2 + u32::try_from(folders.count()).expect("fewer than 2^32 nodes");
                // `dir_nlink`: beyond the limit, 1 says "many".
                fields.links = if links > MAX_LINKS { 1 } else { links };
                fields = self.with_extents(inode, fields);
                if layout.needs.is_indexed(inode) {
                    fields.flags |= inode_flags::INDEX;
                }
            }
            Kind::File(content) => {
                fields = self.with_extents(inode, fields);
                fields.size = content.len();
            }
            Kind::Symlink(target) if target.len() <= FAST_SYMLINK_MAX => {
                fields.block[..target.len()].copy_from_slice(target);
                fields.size = target.len() as u64;
            }
            Kind::Symlink(target) => {
                fields = self.with_extents(inode, fields);
                fields.size = target.len() as u64;
            }
            Kind::BlockDevice(device) | Kind::CharDevice(device) => {
                fields.block = device_block(*device);
            }
            Kind::Fifo | Kind::Socket => {}
        }
        let placement = self.xattrs(inode);
        fields.xattrs = xattr::list::inode(&placement.in_inode, self.xattr_values(inode));
        // Values in inodes of their own count as the user's blocks.
        let values = placement.outside.iter();
        let blocks = values.map(|value| self.block_size().count(value.len.into()));
        fields.blocks += blocks.sum::<u64>();
        fields.xattr_block = layout.xattr_address(inode);
        fields.blocks += u64::from(fields.xattr_block != 0);
        fields
    }

    /// Returns where the attributes of an inode are.
    fn xattrs(&self, inode: u32) -> Placement<'_> {
        let Owner::Node(node) = self.layout.numbering.owner(inode) else {
            unreachable!("only nodes of the tree have attributes");
        };
        match xattr::place(self.tree.node(node), self.block_size()) {
            Ok(placement) => placement,
            Err(_) => unreachable!("the same ones were placed when the filesystem was planned"),
        }
    }

    /// Returns where those of its values are that have inodes of their own.
    fn xattr_values(&self, inode: u32) -> Values {
        let first = self.layout.needs.value_users.get(&inode).copied();
        Values {
            first_inode: self.layout.value_inode(first.unwrap_or(0)),
            seed: self.seed,
        }
    }

    fn xattr_value(&self, value: Value) -> Cow<'_, [u8]> {
        let Owner::Node(node) = self.layout.numbering.owner(value.inode) else {
            unreachable!("only nodes of the tree have attributes");
        };
        xattr::value(&self.tree.node(node).xattrs, value.outside)
    }

    fn extent_root(&self, inode: u32) -> [u8; 60] {
        let extents = self.layout.extents(inode);
        extent::root(extents, self.layout.extent_nodes(inode), self.block_size())
    }

    /// Adds the extent tree, and the size in whole blocks.
    fn with_extents(&self, inode: u32, mut fields: Fields) -> Fields {
        let extents = self.layout.extents(inode);
        let nodes = self.layout.extent_nodes(inode);
        let blocks: u64 = extents.iter().map(|extent| u64::from(extent.len)).sum();
        fields.block = self.extent_root(inode);
        fields.blocks = blocks + nodes.len() as u64;
        fields.flags = inode_flags::EXTENTS;
        fields.size = blocks * self.block_size().bytes64();
        fields
    }
}
