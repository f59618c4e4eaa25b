//! What a byte of a planned filesystem is part of: for those who find another one there.

use super::format::{DESCRIPTOR_SIZE, INODE_SIZE, SUPERBLOCK_OFFSET, special_inode};
use super::layout::{Item, Layout, What};
use super::numbering::Owner;
use crate::Place;
use crate::tree::NodeId;

/// What an inode stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A node of the tree.
    Node(NodeId),
    /// The `lost+found` that the tree does not have.
    LostFound,
    /// The descriptor blocks that are kept for growth.
    Resize,
    /// The journal.
    Journal,
    /// The list of files that are open, but have no name.
    Orphans,
    /// The value of an attribute of a node.
    Value(NodeId),
    /// Nothing: the inode is reserved or free.
    Nothing,
}

/// A structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is left to boot code.
    Boot,
    /// The superblock, or its copy in a group.
    Superblock {
        /// The group that it is in.
        group: u32,
    },
    /// A group descriptor, or a copy of it.
    Descriptor {
        /// The group that it is in.
        group: u32,
        /// The group that it describes.
        of: u32,
    },
    /// Blocks kept for more descriptors, and the lists of them.
    ReservedDescriptors,
    /// Which blocks of a group are in use.
    BlockBitmap {
        /// The group.
        group: u32,
    },
    /// Which inodes of a group are in use.
    InodeBitmap {
        /// The group.
        group: u32,
    },
    /// An inode.
    Inode {
        /// Its number.
        number: u32,
        /// What it stands for.
        of: Holder,
    },
    /// A block of names in a directory, or of their index.
    Names(Holder),
    /// A block of an extent tree.
    Extents(Holder),
    /// A block of extended attributes, of this node among others.
    Attributes(Holder),
    /// The content of a file or of what is stored as one, or the target of a link.
    Content {
        /// What it is the content of.
        of: Holder,
        /// Which byte of it is the first one of the block.
        at: u64,
    },
    /// Nothing.
    Free,
}

impl Layout {
    /// Returns what a byte of the filesystem is part of.
    pub fn part_at(&self, offset: u64) -> Place<Part> {
        let block_size = self.geometry.block_size.bytes64();
        let block = offset / block_size;
        if offset < SUPERBLOCK_OFFSET {
            return place(Part::Boot, 0, SUPERBLOCK_OFFSET);
        }
        let next = self
            .items
            .partition_point(|item| item.block + u64::from(item.len) <= block);
        let item = self.items.get(next).filter(|item| item.block <= block);
        let part = match item {
            None => return self.unwritten(offset),
            Some(item) => match item.what {
                What::Superblock { group } => return self.superblock_place(item, group, offset),
                What::InodeTable { group } => return self.inode_place(group, item.block, offset),
                What::ReservedDescriptors | What::ResizeIndirect => Part::ReservedDescriptors,
                What::BlockBitmap { group } => Part::BlockBitmap { group },
                What::InodeBitmap { group } => Part::InodeBitmap { group },
                What::Journal => content(Holder::Journal, 0),
                What::Orphans => content(Holder::Orphans, 0),
                What::Directory { inode, .. } => Part::Names(self.holder(inode)),
                What::Symlink { inode } => content(self.holder(inode), 0),
                What::ExtentNode { inode, .. } => Part::Extents(self.holder(inode)),
                What::Xattrs { index } => {
                    let block = &self.needs.xattr_blocks[index as usize];
                    Part::Attributes(self.holder(block.inode))
                }
                What::XattrValue { index, logical } => {
                    let at = (u64::from(logical) + (block - item.block)) * block_size;
                    content(self.holder(self.value_inode(index)), at)
                }
                What::Data { inode, logical } => {
                    let at = (u64::from(logical) + (block - item.block)) * block_size;
                    content(self.holder(inode), at)
                }
            },
        };
        place(part, block * block_size, block_size)
    }

    fn superblock_place(&self, item: &Item, group: u32, offset: u64) -> Place<Part> {
        let block_size = self.geometry.block_size.bytes64();
        let start = item.block * block_size;
        let own = start.max(SUPERBLOCK_OFFSET);
        let table = start + block_size;
        if offset >= table {
            let size = u64::from(DESCRIPTOR_SIZE);
            let of = (offset - table) / size;
            let part = match u32::try_from(of) {
                Ok(of) if of < self.geometry.groups => Part::Descriptor { group, of },
                _ => Part::ReservedDescriptors,
            };
            return place(part, table + of * size, size);
        }
        match offset < own + 1024 {
            true => place(Part::Superblock { group }, own, 1024),
            false => place(Part::Free, own + 1024, table - (own + 1024)),
        }
    }

    fn inode_place(&self, group: u32, table: u64, offset: u64) -> Place<Part> {
        let size = u64::from(INODE_SIZE);
        let start = table * self.geometry.block_size.bytes64();
        let index = (offset - start) / size;
        let before = u64::from(group) * u64::from(self.geometry.inodes_per_group);
        let number = u32::try_from(before + index + 1).unwrap_or(u32::MAX);
        let of = self.holder(number);
        place(Part::Inode { number, of }, start + index * size, size)
    }

    /// Returns what is there where nothing is written: free inodes, the rest of the journal.
    fn unwritten(&self, offset: u64) -> Place<Part> {
        let block_size = self.geometry.block_size.bytes64();
        let block = offset / block_size;
        let blocks = u64::from(self.geometry.inode_table_blocks());
        for (group, own) in (0..).zip(&self.groups) {
            if (own.inode_table..own.inode_table + blocks).contains(&block) {
                return self.inode_place(group, own.inode_table, offset);
            }
        }
        let mut journal = self.extents(special_inode::JOURNAL).iter();
        let extent = journal.find(|e| (e.start..e.start + u64::from(e.len)).contains(&block));
        let part = extent.map_or(Part::Free, |extent| {
            let at = (u64::from(extent.logical) + (block - extent.start)) * block_size;
            content(Holder::Journal, at)
        });
        place(part, block * block_size, block_size)
    }

    fn holder(&self, inode: u32) -> Holder {
        if inode == self.orphan_inode() && inode > 0 {
            return Holder::Orphans;
        }
        let index = inode.checked_sub(self.value_inode(0));
        let value = index.and_then(|index| self.needs.values.get(index as usize));
        if let Some(value) = value {
            return match self.numbering.owner(value.inode) {
                Owner::Node(node) => Holder::Value(node),
                _ => Holder::Nothing,
            };
        }
        match self.numbering.owner(inode) {
            Owner::Node(node) => Holder::Node(node),
            Owner::LostFound => Holder::LostFound,
            Owner::Resize => Holder::Resize,
            Owner::Journal => Holder::Journal,
            Owner::Unused => Holder::Nothing,
        }
    }
}

fn place(part: Part, start: u64, len: u64) -> Place<Part> {
    Place { part, start, len }
}

fn content(of: Holder, at: u64) -> Part {
    Part::Content { of, at }
}
