//! The members of a tar archive become a tree, as if they were unpacked one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use fsgen::ext4::TIMES;
use fsgen::{Meta, NodeId, Timestamp, Tree};

use super::account::Accounts;
use super::acl::AclText;
use super::member::{Entry, Member, Members};
use super::name::{shown, split, title};
use super::window::Archive;
use super::xattr::Attributes;
use super::{Limits, Loaded};

/// The time of directories without a member, until the time that they get is known.
///
/// No member has it: nanoseconds end below 10^9.
const UNKNOWN: Timestamp = Timestamp {
    secs: 0,
    nanos: u32::MAX,
};
/// How many bytes of the archive lie between two calls of `progress`.
const PROGRESS_STEP: u64 = 1 << 20;

/// Reads an archive from its first byte to its end marker.
///
/// Directories that have no member, the root among them, get `default_time`, or the newest time
/// in the archive when there is none.
///
/// # Errors
///
/// Fails on an archive that is malformed or ends early, on members that contradict each other,
/// and on more of them than the limits allow. The message names the member and its offset.
pub(super) fn read(
    archive: Arc<impl Archive + 'static>,
    default_time: Option<Timestamp>,
    limits: Limits,
    progress: &dyn Fn(u64),
) -> Result<Loaded> {
    let mut tree = Tree::new(Meta::root(0o755, UNKNOWN));
    let source = tree.add_source(archive.clone());
    let mut members = Members::new(&*archive, source)?;
    let mut unpacked = Unpacked::new(tree, limits);
    let mut told = 0;
    while let Some(member) = members.next()? {
        unpacked.add(member)?;
        if members.offset() - told >= PROGRESS_STEP {
            told = members.offset();
            progress(told);
        }
    }
    progress(members.offset());
    unpacked.finish(default_time, members.warnings)
}

/// The tree so far.
struct Unpacked {
    tree: Tree,
    members: u64,
    newest: Option<Timestamp>,
    /// The directory of the last member: mostly the next one lies there too.
    directory: Option<(Vec<u8>, NodeId)>,
    limits: Limits,
    /// How many bytes names, targets, attributes and sparse maps have.
    metadata: u64,
    /// ACLs by name can be read when all accounts are known, and with them their members' titles.
    acls: BTreeMap<NodeId, (AclText, String)>,
    /// How many attributes were left out, by namespace.
    dropped: BTreeMap<Vec<u8>, u64>,
}

impl Unpacked {
    fn new(tree: Tree, limits: Limits) -> Self {
        Self {
            tree,
            members: 0,
            newest: None,
            directory: None,
            limits,
            metadata: 0,
            acls: BTreeMap::new(),
            dropped: BTreeMap::new(),
        }
    }

    fn add(&mut self, member: Member) -> Result<()> {
        self.members += 1;
        let Member {
            path,
            offset,
            meta,
            attributes,
            acl,
            entry,
        } = member;
        self.metadata += metadata(&path, &attributes, &acl, &entry);
        let node = self.place(&path, meta, entry).and_then(|node| {
            let nodes = self.tree.node_count();
            self.limits.check_metadata(nodes, self.metadata)?;
            Ok(node)
        });
        let node = node.with_context(|| title(&path, offset))?;
        // A hard link is a name; what its header says is about the file that has it already.
        if let Some(id) = node {
            // What hsb adds gets the newest time, which has to be one that can be stored.
            if TIMES.contains(&meta.mtime.secs) {
                self.newest = self.newest.max(Some(meta.mtime));
            }
            let xattrs = attributes.into_xattrs(&mut self.dropped);
            self.tree.set_xattrs(id, xattrs);
            self.acls.remove(&id);
            if !acl.is_empty() {
                self.acls.insert(id, (acl, title(&path, offset)));
            }
        }
        Ok(())
    }

    /// Puts a member at its path, and returns its node unless it is a hard link.
    fn place(&mut self, path: &[u8], meta: Meta, entry: Entry) -> Result<Option<NodeId>> {
        let Some((directory, name)) = split(path) else {
            let is_directory = matches!(entry, Entry::Directory);
            ensure!(
                is_directory,
                "the root of the tree can be nothing but a directory"
            );
            self.tree.set_meta(Tree::ROOT, meta);
            return Ok(Some(Tree::ROOT));
        };
        let directory = self.directory(directory)?;
        let before = self.tree.lookup(directory, name);
        let node = match entry {
            Entry::Directory => match before {
                Some(before) if self.tree.is_directory(before) => {
                    self.tree.set_meta(before, meta);
                    return Ok(Some(before));
                }
                _ => self.tree.add_directory(meta),
            },
            Entry::HardLink(target) => {
                let linked = self.linked(&target);
                let linked =
                    linked.with_context(|| format!("hard link to \"{}\"", shown(&target)))?;
                self.link(directory, name, linked)?;
                return Ok(None);
            }
            // Always a new node: a file that had this name may have others too, and keeps them.
            Entry::File(content) => self.tree.add_file(meta, content),
            Entry::Symlink(target) => self.tree.add_symlink(meta, &target),
            Entry::Special(kind) => self.tree.add_special(meta, kind),
        };
        self.link(directory, name, node)?;
        Ok(Some(node))
    }

    /// Points a name at a node; only a directory with something in it is not replaced.
    fn link(&mut self, directory: NodeId, name: &[u8], node: NodeId) -> Result<()> {
        if let Some(before) = self.tree.lookup(directory, name) {
            let entries = self.tree.entries(before).len();
            ensure!(
                entries == 0,
                "it would replace a directory of {entries} entries"
            );
            // Paths may lead elsewhere from now on.
            self.directory = None;
        }
        self.tree.link(directory, name, node);
        Ok(())
    }

    /// Returns the directory at a path; it is made where it is missing.
    fn directory(&mut self, path: &[u8]) -> Result<NodeId> {
        if let Some((last, id)) = &self.directory
            && last == path
        {
            return Ok(*id);
        }
        let id = self
            .tree
            .make_directories(path, Meta::root(0o755, UNKNOWN))?;
        self.directory = Some((path.to_vec(), id));
        Ok(id)
    }

    /// Returns the node that a hard link is to.
    fn linked(&self, target: &[u8]) -> Result<NodeId> {
        let id = self.tree.resolve_link(target)?;
        ensure!(!self.tree.is_directory(id), "a directory has one name only");
        Ok(id)
    }

    fn finish(mut self, default_time: Option<Timestamp>, warnings: Vec<String>) -> Result<Loaded> {
        self.set_acls()?;
        let newest = self.newest.unwrap_or_default();
        self.set_unknown_times(default_time.unwrap_or(newest));
        let dropped = self.dropped.iter().map(|(namespace, count)| {
            let namespace = shown(namespace);
            format!(
                "{count} extended attributes \"{namespace}.*\" left out: Linux does not store them"
            )
        });
        Ok(Loaded {
            warnings: warnings.into_iter().chain(dropped).collect(),
            tree: self.tree,
            newest,
            members: self.members,
        })
    }

    fn set_acls(&mut self) -> Result<()> {
        if self.acls.is_empty() {
            return Ok(());
        }
        let accounts = Accounts::read(&self.tree)?;
        for (id, (acl, title)) in &self.acls {
            let mut xattrs = self.tree.node(*id).xattrs.clone();
            acl.add_to(&mut xattrs, &|who, name| accounts.id(who, name))
                .with_context(|| title.clone())?;
            self.tree.set_xattrs(*id, xattrs);
        }
        Ok(())
    }

    fn set_unknown_times(&mut self, mtime: Timestamp) {
        let mut todo = vec![Tree::ROOT];
        while let Some(id) = todo.pop() {
            let meta = self.tree.node(id).meta;
            if meta.mtime == UNKNOWN {
                self.tree.set_meta(id, Meta { mtime, ..meta });
            }
            let children = self.tree.entries(id).map(|(_, child)| child);
            todo.extend(children.filter(|child| self.tree.is_directory(*child)));
        }
    }
}

/// Returns how many bytes a member takes in memory, beside its node.
fn metadata(path: &[u8], attributes: &Attributes, acl: &AclText, entry: &Entry) -> u64 {
    let entry = match entry {
        Entry::File(content) => content.memory(),
        Entry::Symlink(target) => target.len(),
        Entry::Directory | Entry::HardLink(_) | Entry::Special(_) => 0,
    };
    let name = split(path).map_or(0, |(_, name)| name.len());
    (name + attributes.len_bytes() + acl.len_bytes() + entry) as u64
}
