//! Inode numbers: which node of the tree gets which, and what is in this filesystem at all.
//!
//! A folder's entries get consecutive numbers, then each of its subfolders in turn: reading a
//! folder with its inodes reads neighbouring blocks.

use std::collections::BTreeMap;

use super::directory::{DIRECTORY, Entry};
use super::format::special_inode;
use super::inode::types;
use crate::tree::{NodeId, Tree};

/// The folder in which e2fsck puts what it finds without a name.
const LOST_FOUND: &[u8] = b"lost+found";

/// What an inode number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nothing: a reserved number, or one beyond the last in use.
    Unused,
    /// A node of the tree.
    Node(NodeId),
    /// The `lost+found` that the tree does not have.
    LostFound,
    /// The inode that holds the reserved descriptor blocks.
    Resize,
    /// The journal.
    Journal,
}

/// The numbers of all nodes below one directory of the tree.
pub(super) struct Numbering {
    root: NodeId,
    /// Directories whose entries belong to another filesystem.
    hidden: Vec<NodeId>,
    /// The owners from the first ordinary number on.
    owners: Vec<Owner>,
    /// The number of each node by its index; 0 for those that are not in this filesystem.
    numbers: Vec<u32>,
    /// How many names nodes have here, for those with more than one in the tree.
    links: BTreeMap<NodeId, u32>,
}

impl Numbering {
    /// Numbers the tree below `root`; the entries of `hidden` directories are left out.
    pub(super) fn new(tree: &Tree, root: NodeId, hidden: &[NodeId]) -> Self {
        let mut numbering = Self {
            root,
            hidden: hidden.to_vec(),
            owners: Vec::new(),
            numbers: vec![0; tree.node_count()],
            links: BTreeMap::new(),
        };
        numbering.numbers[root.index()] = special_inode::ROOT;
        match tree.lookup(root, LOST_FOUND) {
            None => numbering.owners.push(Owner::LostFound),
            Some(node) if tree.is_directory(node) => numbering.give(node),
            // Something else has the name: there is no folder for e2fsck then.
            Some(_) => {}
        }
        let mut folders = vec![root];
        while let Some(folder) = folders.pop() {
            let first = folders.len();
            for (_, node) in numbering.children(tree, folder) {
                if tree.links(node) > 1 {
                    *numbering.links.entry(node).or_insert(0) += 1;
                }
                if tree.is_directory(node) {
                    folders.push(node);
                }
                if numbering.numbers[node.index()] == 0 {
                    numbering.give(node);
                }
            }
            // The first subfolder comes next.
            folders[first..].reverse();
        }
        numbering
    }

    fn give(&mut self, node: NodeId) {
        let count = u32::try_from(self.owners.len()).expect("fewer than 2^32 nodes");
        self.numbers[node.index()] = special_inode::FIRST + count;
        self.owners.push(Owner::Node(node));
    }

    fn children<'t>(
        &self,
        tree: &'t Tree,
        folder: NodeId,
    ) -> impl Iterator<Item = (&'t [u8], NodeId)> + use<'t> {
        let take = if self.hidden.contains(&folder) {
            0
        } else {
            usize::MAX
        };
        tree.entries(folder).take(take)
    }

    /// Returns the highest number in use.
    pub(super) fn last(&self) -> u32 {
        let count = u32::try_from(self.owners.len()).expect("fewer than 2^32 nodes");
        special_inode::FIRST - 1 + count
    }

    /// Returns what a number stands for.
    pub(super) fn owner(&self, inode: u32) -> Owner {
        match inode {
            special_inode::ROOT => Owner::Node(self.root),
            special_inode::RESIZE => Owner::Resize,
            special_inode::JOURNAL => Owner::Journal,
            _ => inode
                .checked_sub(special_inode::FIRST)
                .and_then(|i| self.owners.get(i as usize).copied())
                .unwrap_or(Owner::Unused),
        }
    }

    /// Returns the numbers that nodes of the tree and `lost+found` have, in order.
    pub(super) fn inodes(&self) -> impl Iterator<Item = (u32, Owner)> {
        std::iter::once(special_inode::ROOT)
            .chain(special_inode::FIRST..=self.last())
            .map(|inode| (inode, self.owner(inode)))
    }

    /// Returns the number of the directory that holds this one.
    pub(super) fn parent(&self, tree: &Tree, owner: Owner) -> u32 {
        match owner {
            Owner::Node(node) if node != self.root => self.numbers[tree.parent(node).index()],
            _ => special_inode::ROOT,
        }
    }

    /// Returns how many names a node other than a directory has in this filesystem.
    pub(super) fn links(&self, node: NodeId) -> u32 {
        self.links.get(&node).copied().unwrap_or(1)
    }

    /// Returns the entries of a directory as they are stored, without `.` and `..`.
    pub(super) fn entries<'t>(&self, tree: &'t Tree, owner: Owner) -> Vec<Entry<'t>> {
        let Owner::Node(folder) = owner else {
            return Vec::new();
        };
        let mut entries: Vec<_> = self
            .children(tree, folder)
            .map(|(name, node)| Entry {
                name,
                inode: self.numbers[node.index()],
                file_type: types(&tree.node(node).kind).1,
            })
            .collect();
        if folder == self.root && self.owner(special_inode::FIRST) == Owner::LostFound {
            entries.push(Entry {
                name: LOST_FOUND,
                inode: special_inode::FIRST,
                file_type: DIRECTORY,
            });
            entries.sort_by_key(|entry| entry.name);
        }
        entries
    }

    /// Returns whether the number is that of `lost+found`, the tree's own or the made one.
    pub(super) fn is_lost_found(&self, tree: &Tree, inode: u32) -> bool {
        inode == special_inode::FIRST
            && match self.owner(inode) {
                Owner::LostFound => true,
                Owner::Node(node) => tree.lookup(self.root, LOST_FOUND) == Some(node),
                _ => false,
            }
    }
}
