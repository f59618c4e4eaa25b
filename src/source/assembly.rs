//! The tree as it grows: members come in one after the other, as if they were unpacked, and layers
//! lie one on the other.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use fsgen::ext4::TIMES;
use fsgen::tree::content::SourceId;
use fsgen::{Meta, NodeId, ReadAt, Timestamp, Tree};

use super::account::Accounts;
use super::acl::{self, AclText};
use super::image::Which;
use super::layer::{Layer, Stacking};
use super::member::{Entry, Member};
use super::name::{normal, shown, split, title};
use super::whiteout::{self, Upper, Wanted, Whiteout};
use super::xattr::{Attributes, Overlay};
use super::{Filter, Limits, Loaded};
use crate::reader::Unknown;

/// The time of directories without a member, until the time that they get is known.
///
/// No member has it: nanoseconds end below 10^9.
const UNKNOWN: Timestamp = Timestamp {
    secs: 0,
    nanos: u32::MAX,
};

/// The tree so far.
pub(super) struct Assembly {
    tree: Tree,
    members: u64,
    newest: Option<Timestamp>,
    layer: Layer,
    /// The directory that the layer is laid into, and whether it was there before.
    base: (NodeId, bool),
    /// What this layer has put there.
    upper: Upper,
    /// The directory of the last member: mostly the next one lies there too.
    directory: Option<(Vec<u8>, NodeId)>,
    /// Directories that the filter leaves out, until something below them is not.
    left_out: HashMap<Vec<u8>, Member>,
    /// How many bytes what is left out has, as `metadata` counts.
    aside: u64,
    /// Files that the filter leaves out, which other names of theirs may need.
    nameless: HashMap<Vec<u8>, NodeId>,
    /// How many members had too few names to strip.
    stripped: u64,
    limits: Limits,
    /// How many bytes names, targets, attributes and sparse maps have.
    metadata: u64,
    /// ACLs by name can be read when all accounts are known, and with them their members' titles.
    acls: BTreeMap<NodeId, (AclText, String)>,
    /// How many attributes were left out, by namespace.
    dropped: BTreeMap<Vec<u8>, u64>,
    /// The configuration of the last container image.
    pub(super) image_config: Option<serde_json::Value>,
    /// The partitions of this source's disk that other sources take.
    pub(super) taken: Vec<Which>,
    /// What the user should know.
    pub(super) warnings: Vec<String>,
    /// What they should know who make an image of it.
    pub(super) advice: Vec<String>,
    /// What is not known of files, and why.
    pub(super) unread: Vec<((NodeId, Unknown), String)>,
}

impl Assembly {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            tree: Tree::new(Meta::root(0o755, UNKNOWN)),
            members: 0,
            newest: None,
            layer: Layer::default(),
            base: (Tree::ROOT, false),
            upper: Upper::default(),
            directory: None,
            left_out: HashMap::new(),
            aside: 0,
            nameless: HashMap::new(),
            stripped: 0,
            limits,
            metadata: 0,
            acls: BTreeMap::new(),
            dropped: BTreeMap::new(),
            image_config: None,
            taken: Vec::new(),
            warnings: Vec::new(),
            unread: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// Registers what the contents of files can be read from.
    pub(super) fn add_source(&mut self, source: Arc<dyn ReadAt>) -> SourceId {
        self.tree.add_source(source)
    }

    /// Begins a layer: what is added from now on lies on all that was added before.
    ///
    /// # Errors
    ///
    /// Fails when there can be no directory where it is to be laid.
    pub(super) fn begin(&mut self, layer: &Layer) -> Result<()> {
        let was_there = self.tree.resolve(&layer.at).is_ok() && self.members > 0;
        let base = self
            .tree
            .make_directories(&layer.at, Meta::root(0o755, UNKNOWN))
            .with_context(|| format!("to be laid into \"{}\"", shown(&layer.at)))?;
        self.base = (base, was_there);
        self.layer = layer.clone();
        self.upper = Upper::default();
        self.directory = None;
        self.left_out.clear();
        self.aside = 0;
        self.nameless.clear();
        self.stripped = 0;
        Ok(())
    }

    /// Ends a layer.
    ///
    /// # Errors
    ///
    /// Fails on an ACL by name that no account has, so far.
    pub(super) fn end(&mut self) -> Result<()> {
        if self.stripped > 0 {
            let (count, strip) = (self.stripped, self.layer.strip);
            self.warnings.push(format!(
                "`strip: {strip}` left out {count} files that are no deeper than that"
            ));
        }
        self.set_acls()
    }

    /// Takes what the user should know about what was added since the last time.
    pub(super) fn take_warnings(&mut self) -> impl Iterator<Item = String> {
        let dropped = std::mem::take(&mut self.dropped).into_iter();
        let dropped = dropped.map(|(namespace, count)| {
            let namespace = shown(&namespace);
            format!(
                "{count} extended attributes \"{namespace}.*\" left out: Linux does not store them"
            )
        });
        let warnings = std::mem::take(&mut self.warnings).into_iter();
        warnings.chain(dropped)
    }

    /// Returns whether nothing at a path of the source, or below it, is wanted.
    pub(super) fn is_excluded(&self, path: &[u8], is_directory: bool) -> bool {
        let Some(path) = self.layer.stripped(path) else {
            return false;
        };
        self.layer.filter.excludes(path, is_directory)
    }

    /// Notes why something is not known of a file that was added.
    pub(super) fn not_read(&mut self, path: &[u8], what: Unknown, why: String) {
        let id = match split(path) {
            None => Some(Tree::ROOT),
            Some((directory, name)) => {
                let directory = self.tree.resolve(directory).ok();
                directory.and_then(|directory| self.tree.lookup(directory, name))
            }
        };
        self.unread.extend(id.map(|id| ((id, what), why)));
    }

    /// Returns whether a folder may be the upper one of an overlayfs.
    pub(super) fn is_upper(&self) -> bool {
        self.layer.stacking == Stacking::Over
    }

    /// Adds one member of the layer.
    ///
    /// # Errors
    ///
    /// Fails on a member that contradicts others, and on more of them than the limits allow. The
    /// message names it.
    pub(super) fn add(&mut self, member: Member) -> Result<()> {
        self.members += 1;
        let (path, offset) = (member.path.clone(), member.offset);
        self.lay(member).with_context(|| title(&path, offset))
    }

    fn lay(&mut self, mut member: Member) -> Result<()> {
        let is_directory = matches!(member.entry, Entry::Directory);
        let whole = std::mem::take(&mut member.path);
        let path = self.layer.stripped(&whole);
        let path =
            path.filter(|path| is_directory || self.layer.strip == 0 || split(path).is_some());
        let Some(path) = path else {
            self.stripped += u64::from(!is_directory);
            return Ok(());
        };
        if self.layer.stacking != Stacking::Alone
            && let Some(whiteout) = Whiteout::parse(path)?
        {
            self.white_out(&whiteout);
            return Ok(());
        }
        if self.is_upper() && member.offset.is_none() {
            let (directory, name) = split(path).unwrap_or((path, b""));
            let overlay = member.attributes.take_overlay()?;
            if overlay == Overlay::Whiteout || whiteout::is_device(&member.entry) {
                let name = Some(name);
                self.white_out(&Whiteout { directory, name });
                return Ok(());
            }
            if is_directory && overlay == Overlay::Opaque {
                self.white_out(&Whiteout {
                    directory: path,
                    name: None,
                });
            }
        }
        self.layer.owners.apply(path, &mut member.meta);
        member.path = path.to_vec();
        if self.layer.filter.excludes(path, is_directory) {
            return match member.entry {
                Entry::Directory => Ok(()),
                _ => self.leave_out(member),
            };
        }
        if !self.layer.filter.includes(path, is_directory) {
            return self.leave_out(member);
        }
        self.put(member)
    }

    /// Keeps what a member that is not wanted may yet be needed for.
    ///
    /// # Errors
    ///
    /// Fails on more of them than the limits allow.
    fn leave_out(&mut self, member: Member) -> Result<()> {
        // The path is kept whole, for a directory twice.
        let bytes = metadata(&member.path, &member.attributes, &member.acl, &member.entry);
        self.aside += bytes + 2 * member.path.len() as u64;
        match member.entry {
            Entry::Directory => {
                self.left_out.insert(normal(&member.path), member);
            }
            Entry::File(content) => {
                let id = self.tree.add_file(member.meta, content);
                let xattrs = member.attributes.into_xattrs(&mut self.dropped);
                self.tree.set_xattrs(id, xattrs);
                acl::settle(&mut self.tree, id)?;
                self.nameless.insert(normal(&member.path), id);
            }
            // One to a name that is not there is not wanted either.
            Entry::HardLink(target) => {
                if let Ok(id) = self.linked(&target) {
                    self.nameless.insert(normal(&member.path), id);
                }
            }
            Entry::Symlink(_) | Entry::Special(_) => return Ok(()),
        }
        self.check_memory()
    }

    fn check_memory(&self) -> Result<()> {
        self.check_ahead(0)
    }

    /// Checks that there is room for as many bytes, too, that a source holds of members to come.
    ///
    /// # Errors
    ///
    /// Fails on more than the limits allow.
    pub(super) fn check_ahead(&self, ahead: u64) -> Result<()> {
        let nodes = self.tree.node_count() + self.left_out.len();
        let bytes = self.metadata.saturating_add(self.aside);
        self.limits
            .check_metadata(nodes, bytes.saturating_add(ahead))
    }

    fn put(&mut self, member: Member) -> Result<()> {
        let Member {
            path,
            offset,
            meta,
            attributes,
            acl,
            entry,
        } = member;
        self.metadata += metadata(&path, &attributes, &acl, &entry);
        let node = self.place(&path, meta, entry)?;
        self.check_memory()?;
        // A hard link is a name; what its header says is about the file that has it already.
        if let Some(id) = node {
            // What hsb adds gets the newest time, which has to be one that can be stored.
            if TIMES.contains(&meta.mtime.secs) {
                self.newest = self.newest.max(Some(meta.mtime));
            }
            let xattrs = attributes.into_xattrs(&mut self.dropped);
            self.tree.set_xattrs(id, xattrs);
            acl::settle(&mut self.tree, id)?;
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
            let (base, was_there) = self.base;
            // A folder of additions says nothing about the root that they are added to.
            if self.layer.stacking == Stacking::Over && was_there {
                return Ok(None);
            }
            self.tree.set_meta(base, meta);
            return Ok(Some(base));
        };
        let directory = self.directory(directory)?;
        let before = self.tree.lookup(directory, name);
        let node = match entry {
            Entry::Directory => match before {
                Some(before) if self.tree.is_directory(before) => {
                    self.tree.set_meta(before, meta);
                    self.upper.add_directory(&self.tree, before);
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

    /// Points a name at a node. In the first layer, only a directory with something in it is not
    /// replaced; in those above it, everything is.
    fn link(&mut self, directory: NodeId, name: &[u8], node: NodeId) -> Result<()> {
        if let Some(before) = self.tree.lookup(directory, name) {
            if self.layer.stacking == Stacking::Alone {
                let entries = self.tree.entries(before).len();
                ensure!(
                    entries == 0,
                    "it would replace a directory of {entries} entries"
                );
            } else {
                whiteout::remove_all(&mut self.tree, directory, name);
            }
            // Paths may lead elsewhere from now on.
            self.directory = None;
        }
        self.tree.link(directory, name, node);
        if self.layer.stacking != Stacking::Alone {
            self.upper.add(&self.tree, directory, name, node);
        }
        Ok(())
    }

    /// Returns the directory at a path; it is made where it is missing.
    fn directory(&mut self, path: &[u8]) -> Result<NodeId> {
        if let Some((last, id)) = &self.directory
            && last == path
        {
            return Ok(*id);
        }
        if !self.left_out.is_empty() {
            self.bring_in(path)?;
        }
        let full = self.full(path);
        let meta = Meta::root(0o755, UNKNOWN);
        let id = self.tree.make_directories(&full, meta)?;
        self.directory = Some((path.to_vec(), id));
        Ok(id)
    }

    /// Puts the directories above a member that were left out so far, the topmost first.
    fn bring_in(&mut self, path: &[u8]) -> Result<()> {
        let path = normal(path);
        let ends = (1..=path.len()).filter(|end| *end == path.len() || path[*end] == b'/');
        for end in ends {
            if let Some(member) = self.left_out.remove(&path[..end]) {
                self.put(member)?;
            }
        }
        Ok(())
    }

    /// Returns the path in the tree of a path in the layer.
    fn full<'p>(&self, path: &'p [u8]) -> Cow<'p, [u8]> {
        match &*self.layer.at {
            b"" => path.into(),
            at => [at, path].join(&b'/').into(),
        }
    }

    /// Returns the node that a hard link is to.
    fn linked(&self, target: &[u8]) -> Result<NodeId> {
        let path = self.layer.stripped(target);
        let path = path.filter(|path| self.layer.strip == 0 || split(path).is_some());
        let path = path.context("`strip` leaves nothing of that name")?;
        if let Some(id) = self.nameless.get(&normal(path)) {
            return Ok(*id);
        }
        let id = self.tree.resolve_link(&self.full(path))?;
        ensure!(!self.tree.is_directory(id), "a directory has one name only");
        Ok(id)
    }

    /// Takes away what layers below have, and this one has not.
    fn white_out(&mut self, whiteout: &Whiteout<'_>) {
        // What is not there cannot be removed, which is no mistake: see umoci and Docker.
        let Ok(directory) = self.tree.resolve(&self.full(whiteout.directory)) else {
            return;
        };
        self.directory = None;
        let filter = &self.layer.filter;
        let is_wanted = |path: &[u8], is_directory: bool| {
            filter.includes(path, is_directory) && !filter.excludes(path, is_directory)
        };
        let wanted = match *filter == Filter::default() {
            true => Wanted::All,
            false => Wanted::Some(&is_wanted),
        };
        let place = (directory, whiteout.directory);
        self.upper
            .clear(&mut self.tree, place, whiteout.name, &wanted);
    }

    /// Returns the tree; directories that had no member get `default_time`, or the newest time of
    /// all when there is none.
    pub(super) fn finish(mut self, default_time: Option<Timestamp>) -> Loaded {
        let newest = self.newest.unwrap_or_default();
        self.set_unknown_times(default_time.unwrap_or(newest));
        Loaded {
            warnings: self.take_warnings().collect(),
            image_config: self.image_config,
            unread: self.unread,
            tree: self.tree,
            newest,
            members: self.members,
        }
    }

    fn set_acls(&mut self) -> Result<()> {
        if self.acls.is_empty() {
            return Ok(());
        }
        let accounts = Accounts::read(&self.tree)?;
        for (id, (acl, title)) in std::mem::take(&mut self.acls) {
            let mut xattrs = self.tree.node(id).xattrs.clone();
            acl.add_to(&mut xattrs, &|who, name| accounts.id(who, name))
                .with_context(|| title.clone())?;
            self.tree.set_xattrs(id, xattrs);
            acl::settle(&mut self.tree, id).context(title)?;
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
    (name + attributes.memory() + acl.len_bytes() + entry) as u64
}
