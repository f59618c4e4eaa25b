//! The plan of a filesystem: which block holds what. A pure value, made before the first write.

use super::extent::{self, Extent};
use super::geometry::Geometry;
use super::measure::{Needs, measure};
use super::numbering::Numbering;
use super::space::{Run, Space};
use super::{Error, Options, Profile, Size};
use crate::tree::{NodeId, Tree};

/// What a range of blocks holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The superblock and the descriptor table that follows it.
    Superblock {
        group: u32,
    },
    /// The reserved descriptor blocks of the first group: lists of their copies.
    ReservedDescriptors,
    /// The block that lists those blocks.
    ResizeIndirect,
    BlockBitmap {
        group: u32,
    },
    InodeBitmap {
        group: u32,
    },
    /// The part of an inode table that is in use.
    InodeTable {
        group: u32,
    },
    /// The first block of the journal.
    Journal,
    Directory {
        inode: u32,
        logical: u32,
    },
    Symlink {
        inode: u32,
    },
    Xattrs {
        index: u32,
    },
    /// The value of an attribute that has an inode of its own.
    XattrValue {
        index: u32,
        logical: u32,
    },
    /// Blocks of the orphan file.
    Orphans,
    /// One block of an extent tree.
    ExtentNode {
        inode: u32,
        index: u32,
    },
    /// Bytes of a file.
    Data {
        inode: u32,
        logical: u32,
    },
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
pub(super) struct Placed {
    pub first_extent: u32,
    pub extents: u32,
    pub first_node: u32,
    /// 1-based; 0 for no block.
    pub xattrs: u32,
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
    pub(super) orphan_blocks: u32,
    pub(super) needs: Needs,
    pub(super) placed: Vec<Placed>,
    pub(super) extents: Vec<Extent>,
    pub(super) nodes: Vec<u64>,
    pub(super) xattr_addresses: Vec<u64>,
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
        return Err(Error::Label {
            label: options.label,
        });
    }
    let numbering = Numbering::new(tree, root, hidden);
    let needs = measure(tree, &numbering, &options)?;
    let mut layout = Layout {
        geometry: Geometry::unplanned(options.block_size, 0),
        options,
        numbering,
        groups: Vec::new(),
        items: Vec::new(),
        space: Space::new(Run { start: 0, len: 0 }, std::iter::empty()),
        resize_indirect: None,
        journal_blocks: 0,
        orphan_blocks: 0,
        needs,
        placed: Vec::new(),
        extents: Vec::new(),
        nodes: Vec::new(),
        xattr_addresses: Vec::new(),
    };
    let need = layout.needed_inodes();
    if let Some(have) = layout.options.inodes.filter(|have| *have < need) {
        return Err(Error::TooFewInodes { need, have });
    }
    match size {
        Size::Fit { free } => layout.place_fit(tree, free)?,
        Size::Exact(bytes) => layout.place_exact(tree, bytes)?,
    }
    Ok(layout)
}

impl Layout {
    /// Returns the numbers that the filesystem is made of.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Returns the first block of a group.
    pub fn first_block(&self, group: u32) -> u64 {
        self.geometry.group_start(group)
    }

    /// Returns the UUID of the filesystem.
    pub fn uuid(&self) -> uuid::Uuid {
        self.options.uuid
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

    /// Returns the bytes that [`super::write`] will write, in order.
    pub fn written(&self) -> impl Iterator<Item = std::ops::Range<u64>> {
        let block = self.geometry.block_size.bytes64();
        self.items.iter().map(move |item| {
            let start = item.block * block;
            start..start + u64::from(item.len) * block
        })
    }

    /// Returns how many inodes are in use, the ten reserved ones included.
    pub fn used_inodes(&self) -> u32 {
        self.value_inode(self.needs.value_count()) - 1 + u32::from(self.orphan_blocks > 0)
    }

    /// Returns how many inodes the filesystem needs at most, before its size is known.
    pub(super) fn needed_inodes(&self) -> u64 {
        let values = self.needs.values.len() as u64;
        let orphan_file = u64::from(self.options.profile == Profile::Modern);
        u64::from(self.numbering.last()) + values + orphan_file
    }

    /// Returns the inode of an attribute value: these come after those of the tree.
    pub(super) fn value_inode(&self, index: u32) -> u32 {
        self.numbering.last() + 1 + index
    }

    /// Returns the inode of the orphan file, the last of all; 0 for none.
    pub(super) fn orphan_inode(&self) -> u32 {
        if self.orphan_blocks > 0 {
            self.used_inodes()
        } else {
            0
        }
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
        let used = self.used_inodes().saturating_sub(before);
        used.min(self.geometry.inodes_per_group)
    }

    /// Returns whether a group holds nothing but its copy of superblock and descriptors.
    pub(super) fn is_block_uninit(&self, group: u32) -> bool {
        let used = self.geometry.group_blocks(group) - self.groups[group as usize].free_blocks;
        group + 1 < self.geometry.groups && used == self.geometry.base_metadata(group)
    }
}
