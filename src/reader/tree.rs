//! A tree in memory as something to look at.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context as _, Result, bail};
use fsgen::tree::{Name, Xattrs};
use fsgen::{NodeId, Tree};

use super::{FileId, Kind, Reader, Stat};

/// What of a file in a tree is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// The names in a directory.
    Names,
    /// Extended attributes.
    Attributes,
}

/// Reads a [`Tree`], and the sources that its content lies in.
pub struct TreeReader {
    tree: Tree,
    name: String,
    metadata_max: u64,
    /// What is not known of files, and why.
    unread: BTreeMap<(NodeId, Unknown), String>,
}

impl TreeReader {
    /// Returns the reader of a tree that messages call `name`. Those who go through it may take
    /// `metadata_max` bytes of memory for what they keep of its files.
    pub fn new(tree: Tree, name: String, metadata_max: u64) -> Self {
        Self {
            tree,
            name,
            metadata_max,
            unread: BTreeMap::new(),
        }
    }

    /// Returns the same reader, to which some of its files are not known in whole, for a reason.
    pub(crate) fn with_unread(self, unread: Vec<((NodeId, Unknown), String)>) -> Self {
        Self {
            unread: unread.into_iter().collect(),
            ..self
        }
    }

    /// Returns a file of which something is known.
    fn known(&self, id: FileId, what: Unknown) -> Result<NodeId> {
        let id = self.node(id)?;
        match self.unread.get(&(id, what)) {
            Some(why) => bail!("{why}"),
            None => Ok(id),
        }
    }

    fn node(&self, id: FileId) -> Result<NodeId> {
        let index = usize::try_from(id.0).ok();
        index
            .and_then(|index| self.tree.node_at(index))
            .with_context(|| format!("no file has the number {}", id.0))
    }

    fn content(&self, id: FileId) -> Result<&fsgen::Content> {
        match &self.tree.node(self.node(id)?).kind {
            fsgen::Kind::File(content) => Ok(content),
            other => bail!("a {}, not a file", other.noun()),
        }
    }
}

fn file(id: NodeId) -> FileId {
    FileId(id.index() as u64)
}

impl Reader for TreeReader {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn metadata_max(&self) -> u64 {
        self.metadata_max
    }

    fn root(&self) -> FileId {
        file(Tree::ROOT)
    }

    fn stat(&self, id: FileId) -> Result<Stat> {
        let id = self.node(id)?;
        let node = self.tree.node(id);
        let (kind, size) = match &node.kind {
            fsgen::Kind::Directory(_) => (Kind::Directory, 0),
            fsgen::Kind::File(content) => (Kind::File, content.len()),
            fsgen::Kind::Symlink(target) => (Kind::Symlink, target.len() as u64),
            fsgen::Kind::BlockDevice(device) => (Kind::BlockDevice(*device), 0),
            fsgen::Kind::CharDevice(device) => (Kind::CharDevice(*device), 0),
            fsgen::Kind::Fifo => (Kind::Fifo, 0),
            fsgen::Kind::Socket => (Kind::Socket, 0),
        };
        let links = match kind {
            Kind::Directory => {
                let children = self.tree.entries(id);
                2 + children
                    .filter(|(_, id)| self.tree.is_directory(*id))
                    .count() as u64
            }
            _ => self.tree.links(id).into(),
        };
        Ok(Stat {
            kind,
            meta: node.meta,
            links,
            size,
        })
    }

    fn entries(&self, directory: FileId) -> Result<Vec<(Name, FileId)>> {
        let entries = self.tree.entries(self.known(directory, Unknown::Names)?);
        Ok(entries.map(|(name, id)| (name.into(), file(id))).collect())
    }

    fn lookup(&self, directory: FileId, name: &[u8]) -> Result<Option<FileId>> {
        Ok(self
            .tree
            .lookup(self.known(directory, Unknown::Names)?, name)
            .map(file))
    }

    fn target(&self, link: FileId) -> Result<Vec<u8>> {
        match &self.tree.node(self.node(link)?).kind {
            fsgen::Kind::Symlink(target) => Ok(target.to_vec()),
            other => bail!("a {}, not a symlink", other.noun()),
        }
    }

    fn xattrs(&self, id: FileId) -> Result<Xattrs> {
        Ok(self
            .tree
            .node(self.known(id, Unknown::Attributes)?)
            .xattrs
            .clone())
    }

    fn extents(&self, file: FileId) -> Result<Vec<Range<u64>>> {
        Ok(self.content(file)?.extents().collect())
    }

    fn read_exact_at(&self, file: FileId, buf: &mut [u8], at: u64) -> Result<()> {
        Ok(self.content(file)?.read_exact_at(&self.tree, buf, at)?)
    }

    fn check_unchanged(&self) -> Result<()> {
        for source in self.tree.sources() {
            source.check_unchanged().with_context(|| source.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use fsgen::{Content, Meta, Timestamp};

    use super::*;

    #[test]
    fn what_a_tree_holds() {
        const META: Meta = Meta::root(0o755, Timestamp::from_secs(7));
        let mut tree = Tree::new(META);
        let folder = tree.make_directories(b"a/b", META).unwrap();
        let id = tree.add_file(META, Content::bytes(*b"hello"));
        tree.link(folder, b"one", id);
        tree.link(Tree::ROOT, b"two", id);
        let link = tree.add_symlink(META, b"a/b/one");
        tree.link(Tree::ROOT, b"link", link);
        let reader = TreeReader::new(tree, "tree".to_owned(), u64::MAX);

        let names = reader.entries(reader.root()).unwrap();
        let names: Vec<_> = names.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, [&b"a"[..], b"link", b"two"]);
        let two = reader.lookup(reader.root(), b"two").unwrap().unwrap();
        let stat = reader.stat(two).unwrap();
        assert_eq!((stat.kind, stat.size, stat.links), (Kind::File, 5, 2));
        assert_eq!(reader.extents(two).unwrap(), vec![0..5_u64; 1]);
        assert_eq!(super::super::read(&reader, two, 5).unwrap(), b"hello");
        assert!(super::super::read(&reader, two, 4).is_err());
        assert!(reader.read_exact_at(two, &mut [0; 2], 4).is_err());
        assert!(reader.target(two).is_err());
        let link = super::super::resolve_link(&reader, b"/link").unwrap();
        assert_eq!(reader.target(link).unwrap(), b"a/b/one");
        assert_eq!(super::super::resolve(&reader, b"/link").unwrap(), two);
        let a = reader.lookup(reader.root(), b"a").unwrap().unwrap();
        assert_eq!(reader.stat(a).unwrap().links, 3);
        assert!(reader.entries(two).unwrap().is_empty());
        assert!(reader.stat(FileId(99)).is_err());
    }
}
