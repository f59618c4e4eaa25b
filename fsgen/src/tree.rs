//! The root filesystem in memory: nodes, and the names that point at them.
//!
//! A [`Node`] is what ext4 calls an inode: owner, mode, times, extended attributes and what it is.
//! A directory maps names to nodes, so a hard link is simply two names for one [`NodeId`].
//! Names and link targets are bytes; nothing here assumes UTF-8.
//!
//! All changes go through a few primitive operations ([`Tree::link`], [`Tree::unlink`],
//! [`Tree::set_meta`], ...). While a [`layer`] is open each of them keeps the state that it
//! replaces, which is what makes a step undoable and its changes listable.

pub mod content;
pub mod layer;
mod node;
pub mod path;
mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::region::ReadAt;
use content::{Content, SourceId};
use layer::{Layer, Open};

pub use node::{Device, Kind, Meta, Node, Timestamp, Xattrs};

/// The longest name that a directory entry can hold, in bytes (ext4 and Linux: `NAME_MAX`).
pub const NAME_MAX: usize = 255;

/// One component of a path: any bytes but `/` and NUL.
pub type Name = Box<[u8]>;

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// Returns the position of the node in the order of creation.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a directory's list of entries in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryId(u32);

#[derive(Debug)]
struct Slot {
    node: Node,
    /// How many names point here.
    links: u32,
    /// A directory's parent; for anything else, the directory of its newest name.
    parent: NodeId,
}

/// The root filesystem in memory.
pub struct Tree {
    slots: Vec<Slot>,
    directories: Vec<BTreeMap<Name, NodeId>>,
    sources: Vec<Arc<dyn ReadAt>>,
    open: Option<Open>,
    layers: Vec<Layer>,
}

impl Tree {
    /// The root directory.
    pub const ROOT: NodeId = NodeId(0);

    /// Returns a tree that holds just its root directory.
    pub fn new(root: Meta) -> Self {
        let mut tree = Self {
            slots: Vec::new(),
            directories: Vec::new(),
            sources: Vec::new(),
            open: None,
            layers: Vec::new(),
        };
        let root = tree.add_directory(root);
        tree.slots[root.index()].links = 1;
        tree
    }

    /// Returns how many nodes were ever made, the unlinked ones among them.
    ///
    /// Every [`NodeId::index`] is below this number.
    pub fn node_count(&self) -> usize {
        self.slots.len()
    }

    /// Returns the node with an [`NodeId::index`], if there ever was one.
    pub fn node_at(&self, index: usize) -> Option<NodeId> {
        let number = u32::try_from(index).ok()?;
        (index < self.slots.len()).then_some(NodeId(number))
    }

    /// Returns a node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.slots[id.index()].node
    }

    /// Returns how many names point at a node.
    pub fn links(&self, id: NodeId) -> u32 {
        self.slots[id.index()].links
    }

    /// Returns the entries of a directory in byte order of their names; nothing for other nodes.
    pub fn entries(&self, id: NodeId) -> impl ExactSizeIterator<Item = (&[u8], NodeId)> {
        self.children(id).iter().map(|(name, id)| (&**name, *id))
    }

    /// Returns the node that a directory has under a name.
    pub fn lookup(&self, directory: NodeId, name: &[u8]) -> Option<NodeId> {
        self.children(directory).get(name).copied()
    }

    /// Returns whether the node is a directory.
    pub fn is_directory(&self, id: NodeId) -> bool {
        matches!(self.node(id).kind, Kind::Directory(_))
    }

    /// Returns the directory that holds this one; the root holds itself.
    pub fn parent(&self, directory: NodeId) -> NodeId {
        self.slots[directory.index()].parent
    }

    /// Registers a place that [`Content`] can be read from.
    pub fn add_source(&mut self, source: Arc<dyn ReadAt>) -> SourceId {
        let id = u32::try_from(self.sources.len()).expect("fewer than 2^32 sources");
        self.sources.push(source);
        SourceId(id)
    }

    /// Returns all places that were registered with [`Tree::add_source`].
    pub fn sources(&self) -> &[Arc<dyn ReadAt>] {
        &self.sources
    }

    /// Returns a place that was registered with [`Tree::add_source`].
    pub fn source(&self, id: SourceId) -> &Arc<dyn ReadAt> {
        &self.sources[id.0 as usize]
    }

    /// Makes an empty directory that no name points at yet.
    pub fn add_directory(&mut self, meta: Meta) -> NodeId {
        let id = DirectoryId(u32::try_from(self.directories.len()).expect("fewer than 2^32 nodes"));
        self.directories.push(BTreeMap::new());
        self.add(meta, Kind::Directory(id))
    }

    /// Makes a regular file that no name points at yet.
    pub fn add_file(&mut self, meta: Meta, content: Content) -> NodeId {
        self.add(meta, Kind::File(content))
    }

    /// Makes a symbolic link that no name points at yet.
    pub fn add_symlink(&mut self, meta: Meta, target: &[u8]) -> NodeId {
        self.add(meta, Kind::Symlink(target.into()))
    }

    /// Makes a device node, FIFO or socket that no name points at yet.
    ///
    /// # Panics
    ///
    /// Panics on [`Kind::Directory`]: use [`Tree::add_directory`].
    pub fn add_special(&mut self, meta: Meta, kind: Kind) -> NodeId {
        assert!(!matches!(kind, Kind::Directory(_)));
        self.add(meta, kind)
    }

    fn add(&mut self, meta: Meta, kind: Kind) -> NodeId {
        let id = NodeId(u32::try_from(self.slots.len()).expect("fewer than 2^32 nodes"));
        self.slots.push(Slot {
            node: Node {
                meta,
                xattrs: Xattrs::new(),
                kind,
            },
            links: 0,
            parent: id,
        });
        id
    }

    /// Points a name at a node, replacing what the name pointed at before.
    ///
    /// # Panics
    ///
    /// Panics when `directory` is not one, when [`path::check_name`] refuses the name, and when it
    /// would give a directory a second name. Nor may a directory go into itself, which is not noticed
    /// here. Callers check all of that, because only they can say it in the user's words.
    pub fn link(&mut self, directory: NodeId, name: &[u8], target: NodeId) {
        assert!(path::check_name(name).is_ok());
        assert!(!self.is_directory(target) || self.links(target) == 0);
        self.point(directory, name, Some(target));
    }

    /// Takes a name out of a directory.
    pub fn unlink(&mut self, directory: NodeId, name: &[u8]) {
        self.point(directory, name, None);
    }

    /// Replaces owner, permissions and time of a node.
    pub fn set_meta(&mut self, id: NodeId, meta: Meta) {
        self.keep_node(id);
        self.slots[id.index()].node.meta = meta;
    }

    /// Replaces the content of a regular file.
    ///
    /// # Panics
    ///
    /// Panics when the node is anything else.
    pub fn set_content(&mut self, id: NodeId, content: Content) {
        assert!(matches!(self.node(id).kind, Kind::File(_)));
        self.keep_node(id);
        self.slots[id.index()].node.kind = Kind::File(content);
    }

    /// Puts bytes at a place of a regular file, over what is there; a gap before it is a hole.
    ///
    /// # Panics
    ///
    /// Panics when the node is anything else, and past 2^64 bytes.
    pub fn write(&mut self, id: NodeId, at: u64, bytes: &[u8]) {
        self.keep_node(id);
        let Kind::File(content) = &mut self.slots[id.index()].node.kind else {
            panic!("{id:?} is not a file");
        };
        content.write(at, bytes);
    }

    /// Replaces all extended attributes of a node.
    pub fn set_xattrs(&mut self, id: NodeId, xattrs: Xattrs) {
        self.keep_node(id);
        self.slots[id.index()].node.xattrs = xattrs;
    }

    /// Changes what one name points at. Every change of names ends here.
    fn point(&mut self, directory: NodeId, name: &[u8], target: Option<NodeId>) {
        let Kind::Directory(list) = self.node(directory).kind else {
            panic!("{directory:?} is not a directory");
        };
        let list = &mut self.directories[list.0 as usize];
        let before = match target {
            Some(target) => list.insert(name.into(), target),
            None => list.remove(name),
        };
        if let Some(before) = before {
            self.slots[before.index()].links -= 1;
        }
        if let Some(target) = target {
            self.slots[target.index()].links += 1;
            self.slots[target.index()].parent = directory;
        }
        if let Some(open) = &mut self.open {
            open.keep_name(directory, name, before);
        }
    }

    fn keep_node(&mut self, id: NodeId) {
        if let Some(open) = &mut self.open {
            open.keep_node(id, &self.slots[id.index()].node);
        }
    }

    fn children(&self, id: NodeId) -> &BTreeMap<Name, NodeId> {
        static NONE: BTreeMap<Name, NodeId> = BTreeMap::new();
        match self.node(id).kind {
            Kind::Directory(list) => &self.directories[list.0 as usize],
            _ => &NONE,
        }
    }

    /// Returns the path of a node from the root, or nothing when no name leads to it.
    ///
    /// A node with several names gives one of them.
    pub fn path_of(&self, id: NodeId) -> Option<Vec<u8>> {
        self.paths_of(&BTreeSet::from([id])).remove(&id)
    }
}
