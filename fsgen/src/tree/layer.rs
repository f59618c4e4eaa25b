//! One step's changes: the state before it of every name and node that it touched.
//!
//! A step works on the tree itself while [`Tree::begin`] .. [`Tree::commit`] keeps a copy of what
//! it overwrites. So reading costs nothing extra, a failed step is put back as it was, and a
//! committed layer knows exactly what its step did.

use std::collections::BTreeMap;

use super::{Name, Node, NodeId, Tree};

/// What happened to a path in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It was there and is different now.
    Changed,
    /// It is gone.
    Removed,
}

/// One path that a layer touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Absolute path in the tree.
    pub path: Vec<u8>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// What was there before, if anything.
    pub before: Option<Node>,
    /// What is there now, if anything.
    pub after: Option<Node>,
}

/// The nodes that a path led to before a layer and after it.
type Ends = [Option<NodeId>; 2];

/// The finished changes of one step.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The step that made them.
    pub label: String,
    /// Every path it touched, in byte order.
    pub changes: Vec<Change>,
}

/// The before-images of the layer that is being written.
#[derive(Debug)]
pub(super) struct Open {
    label: String,
    names: BTreeMap<(NodeId, Name), Option<NodeId>>,
    nodes: BTreeMap<NodeId, Node>,
    first_new_node: usize,
    first_new_directory: usize,
    /// The layer that this one is an attempt within.
    outer: Option<Box<Open>>,
}

impl Open {
    pub(super) fn keep_name(&mut self, directory: NodeId, name: &[u8], before: Option<NodeId>) {
        // A directory made in this very layer disappears with it: nothing to restore.
        if directory.index() < self.first_new_node {
            self.names.entry((directory, name.into())).or_insert(before);
        }
    }

    pub(super) fn keep_node(&mut self, id: NodeId, node: &Node) {
        if id.index() < self.first_new_node {
            self.nodes.entry(id).or_insert_with(|| node.clone());
        }
    }
}

impl Tree {
    /// Opens a layer: from now on everything that is replaced is kept.
    ///
    /// # Panics
    ///
    /// Panics when a layer is open already.
    pub fn begin(&mut self, label: &str) {
        assert!(self.open.is_none(), "a layer is open");
        self.open = Some(Open {
            label: label.to_owned(),
            names: BTreeMap::new(),
            nodes: BTreeMap::new(),
            first_new_node: self.slots.len(),
            first_new_directory: self.directories.len(),
            outer: None,
        });
    }

    /// Begins an attempt within the layer that is open, if one is: [`Tree::keep`] makes it part of
    /// that layer, and [`Tree::rollback`] takes back the attempt alone.
    pub fn attempt(&mut self) {
        let outer = self.open.take().map(Box::new);
        self.begin("");
        if let Some(open) = &mut self.open {
            open.outer = outer;
        }
    }

    /// Ends an attempt, and keeps what it did.
    ///
    /// # Panics
    ///
    /// Panics when no layer is open.
    pub fn keep(&mut self) {
        let open = self.open.take().expect("a layer is open");
        self.open = open.outer.map(|outer| *outer);
        if let Some(outer) = &mut self.open {
            for ((directory, name), before) in open.names {
                outer.keep_name(directory, &name, before);
            }
            for (id, node) in &open.nodes {
                outer.keep_node(*id, node);
            }
        }
    }

    /// Closes the open layer and returns what it changed.
    ///
    /// # Panics
    ///
    /// Panics when no layer is open.
    pub fn commit(&mut self) -> &Layer {
        let open = self.open.take().expect("a layer is open");
        let changes = self.changes(&open);
        self.layers.push(Layer {
            label: open.label,
            changes,
        });
        self.layers.last().expect("just pushed")
    }

    /// Closes the open layer and puts everything back as it was when it was opened.
    ///
    /// # Panics
    ///
    /// Panics when no layer is open.
    pub fn rollback(&mut self) {
        let open = self.open.take().expect("a layer is open");
        // Directories of this layer go with all their names; what those pointed at may be older.
        for directory in self.directories.split_off(open.first_new_directory) {
            for id in directory.into_values() {
                self.slots[id.index()].links -= 1;
            }
        }
        // All names first lose what the layer gave them, so that a directory that was moved
        // never has two names on the way.
        for (directory, name) in open.names.keys() {
            self.point(*directory, name, None);
        }
        for ((directory, name), before) in &open.names {
            if before.is_some() {
                self.point(*directory, name, *before);
            }
        }
        for (id, node) in open.nodes {
            self.slots[id.index()].node = node;
        }
        self.slots.truncate(open.first_new_node);
        self.open = open.outer.map(|outer| *outer);
    }

    /// Returns the committed layers, oldest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    fn changes(&self, open: &Open) -> Vec<Change> {
        let mut changes = BTreeMap::new();
        let directories = open.names.keys().map(|(directory, _)| *directory);
        let mut paths = self.paths_of(&directories.collect());
        let mut last = None;
        for ((directory, name), before) in &open.names {
            if last.as_ref().is_none_or(|(id, _)| id != directory) {
                let path = paths.remove(directory);
                let stayed = path.filter(|path| self.has_stayed(open, path));
                last = Some((*directory, stayed));
            }
            // What happened in a directory that came, went or moved is seen from its own name.
            if let Some((_, Some(path))) = &last {
                let now = self.lookup(*directory, name);
                if now != *before {
                    self.compare(open, join(path, name), *before, now, &mut changes);
                }
            }
        }
        let changed = open
            .nodes
            .iter()
            .filter(|(id, was)| self.node(**id) != *was);
        for (id, path) in self.paths_of(&changed.map(|(id, _)| *id).collect()) {
            changes.entry(path).or_insert([Some(id); 2]);
        }
        let change = |(path, [before, after]): (Vec<u8>, Ends)| Change {
            path,
            kind: match (before, after) {
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Removed,
                _ => ChangeKind::Changed,
            },
            before: before.map(|id| open.nodes.get(&id).unwrap_or(self.node(id)).clone()),
            after: after.map(|id| self.node(id).clone()),
        };
        changes.into_iter().map(change).collect()
    }

    /// Returns whether the path of a directory is the one that it had before the layer.
    fn has_stayed(&self, open: &Open, path: &[u8]) -> bool {
        let mut at = Self::ROOT;
        for name in path.split(|b| *b == b'/').filter(|name| !name.is_empty()) {
            let next = self.lookup(at, name);
            let before = open.names.get(&(at, name.into()));
            if before.is_some_and(|before| *before != next) {
                return false;
            }
            let Some(next) = next else {
                return false;
            };
            at = next;
        }
        true
    }

    /// Lists what is different at a path and below it.
    fn compare(
        &self,
        open: &Open,
        path: Vec<u8>,
        before: Option<NodeId>,
        now: Option<NodeId>,
        changes: &mut BTreeMap<Vec<u8>, Ends>,
    ) {
        let mut todo = vec![(path, before, now)];
        while let Some((path, before, now)) = todo.pop() {
            if before != now {
                changes.insert(path.clone(), [before, now]);
            }
            let mut names: BTreeMap<Name, [Option<NodeId>; 2]> = BTreeMap::new();
            for (name, id) in before.iter().flat_map(|id| self.entries_before(open, *id)) {
                names.entry(name).or_default()[0] = Some(id);
            }
            for (name, id) in now.iter().flat_map(|id| self.children(*id)) {
                names.entry(name.clone()).or_default()[1] = Some(*id);
            }
            let below = names.into_iter();
            todo.extend(below.map(|(name, [before, now])| (join(&path, &name), before, now)));
        }
    }

    /// Returns the entries that a directory had before the layer.
    fn entries_before(&self, open: &Open, directory: NodeId) -> BTreeMap<Name, NodeId> {
        let mut entries = self.children(directory).clone();
        let kept = open.names.range((directory, Name::default())..);
        for ((_, name), before) in kept.take_while(|((id, _), _)| *id == directory) {
            match before {
                Some(id) => entries.insert(name.clone(), *id),
                None => entries.remove(name),
            };
        }
        entries
    }
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if directory == b"/" { b"" } else { b"/" };
    [directory, slash, name].concat()
}

#[cfg(test)]
mod tests {
    use super::super::content::Content;
    use super::super::{Meta, Timestamp};
    use super::*;

    const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));

    fn file(tree: &mut Tree, directory: NodeId, name: &[u8], bytes: &[u8]) -> NodeId {
        let id = tree.add_file(META, Content::bytes(bytes));
        tree.link(directory, name, id);
        id
    }

    fn listing(tree: &Tree) -> Vec<(Vec<u8>, u32, Node)> {
        let mut out = Vec::new();
        let mut todo = vec![(Vec::new(), Tree::ROOT)];
        while let Some((path, id)) = todo.pop() {
            for (name, child) in tree.entries(id) {
                let path = [&path, name].join(&b'/');
                out.push((path.clone(), tree.links(child), tree.node(child).clone()));
                todo.push((path, child));
            }
        }
        out.sort_by(|a, b| a.0.cmp(&b.0));
        out
    }

    fn sample() -> Tree {
        let mut tree = Tree::new(META);
        let etc = tree.add_directory(META);
        tree.link(Tree::ROOT, b"etc", etc);
        let hosts = file(&mut tree, etc, b"hosts", b"x");
        tree.link(etc, b"hosts2", hosts);
        file(&mut tree, etc, b"motd", b"y");
        tree
    }

    fn edit(tree: &mut Tree) {
        let etc = tree.lookup(Tree::ROOT, b"etc").unwrap();
        let motd = tree.lookup(etc, b"motd").unwrap();
        tree.set_content(motd, Content::bytes(*b"changed"));
        tree.unlink(etc, b"hosts");
        let sub = tree.add_directory(META);
        tree.link(etc, b"sub", sub);
        file(tree, sub, b"new", b"z");
        tree.link(sub, b"motd2", motd);
        // Move /etc into a new directory of its old name: it must come back whole.
        tree.unlink(Tree::ROOT, b"etc");
        let fresh = tree.add_directory(META);
        tree.link(Tree::ROOT, b"etc", fresh);
        tree.link(fresh, b"old", etc);
    }

    #[test]
    fn rollback_restores_names_links_and_content() {
        let mut tree = sample();
        let before = listing(&tree);
        tree.begin("step");
        edit(&mut tree);
        assert_ne!(listing(&tree), before);
        tree.rollback();
        assert_eq!(listing(&tree), before);
        let etc = tree.lookup(Tree::ROOT, b"etc").unwrap();
        let motd = tree.lookup(etc, b"motd").unwrap();
        assert_eq!(tree.path_of(motd).unwrap(), b"/etc/motd");
    }

    #[test]
    fn attempts_within_a_layer_are_kept_or_taken_back() {
        for is_kept in [true, false] {
            let mut tree = sample();
            let before = listing(&tree);
            tree.begin("step");
            let etc = tree.lookup(Tree::ROOT, b"etc").unwrap();
            file(&mut tree, etc, b"early", b"e");
            let early = listing(&tree);
            tree.attempt();
            edit(&mut tree);
            let late = listing(&tree);
            match is_kept {
                true => tree.keep(),
                false => tree.rollback(),
            }
            assert_eq!(listing(&tree), if is_kept { late } else { early });
            tree.rollback();
            assert_eq!(listing(&tree), before);
        }
    }

    #[test]
    fn commit_lists_every_path_once() {
        let mut tree = sample();
        tree.begin("step");
        let etc = tree.lookup(Tree::ROOT, b"etc").unwrap();
        let motd = tree.lookup(etc, b"motd").unwrap();
        tree.set_content(motd, Content::bytes(*b"changed"));
        tree.unlink(etc, b"hosts");
        let sub = tree.add_directory(META);
        tree.link(etc, b"sub", sub);
        file(&mut tree, sub, b"new", b"z");
        // Written and taken back: no change.
        file(&mut tree, etc, b"gone", b"");
        tree.unlink(etc, b"gone");
        let changes: Vec<_> = tree.commit().changes.clone();
        let seen: Vec<_> = changes
            .iter()
            .map(|c| (std::str::from_utf8(&c.path).unwrap(), c.kind))
            .collect();
        assert_eq!(
            seen,
            [
                ("/etc/hosts", ChangeKind::Removed),
                ("/etc/motd", ChangeKind::Changed),
                ("/etc/sub", ChangeKind::Added),
                ("/etc/sub/new", ChangeKind::Added),
            ]
        );
    }

    #[test]
    fn what_moved_is_listed_where_it_was_and_where_it_is() {
        let mut tree = sample();
        tree.begin("step");
        edit(&mut tree);
        let changes: Vec<_> = tree.commit().changes.clone();
        let seen = changes
            .iter()
            .map(|c| (std::str::from_utf8(&c.path).unwrap(), c.kind));
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                ("/etc", ChangeKind::Changed),
                ("/etc/hosts", ChangeKind::Removed),
                ("/etc/hosts2", ChangeKind::Removed),
                ("/etc/motd", ChangeKind::Removed),
                ("/etc/old", ChangeKind::Added),
                ("/etc/old/hosts2", ChangeKind::Added),
                ("/etc/old/motd", ChangeKind::Added),
                ("/etc/old/sub", ChangeKind::Added),
                ("/etc/old/sub/motd2", ChangeKind::Added),
                ("/etc/old/sub/new", ChangeKind::Added),
            ]
        );
    }

    #[test]
    fn all_of_a_directory_that_is_gone_is_listed() {
        let mut tree = sample();
        tree.begin("step");
        let etc = tree.lookup(Tree::ROOT, b"etc").unwrap();
        // One name is gone before the directory, and one came and went with it.
        tree.unlink(etc, b"hosts");
        file(&mut tree, etc, b"new", b"");
        tree.unlink(Tree::ROOT, b"etc");
        let changes = &tree.commit().changes;
        let seen = changes
            .iter()
            .map(|c| (std::str::from_utf8(&c.path).unwrap(), c.kind));
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                ("/etc", ChangeKind::Removed),
                ("/etc/hosts", ChangeKind::Removed),
                ("/etc/hosts2", ChangeKind::Removed),
                ("/etc/motd", ChangeKind::Removed),
            ]
        );
    }

    #[test]
    fn large_folders_and_lost_names_take_no_time() {
        // One after the other, each search goes through all names: an hour in all.
        const COUNT: usize = 100_000;
        let mut tree = sample();
        let [many, more] = [b"many", b"more"].map(|name| {
            let folder = tree.add_directory(META);
            tree.link(Tree::ROOT, name, folder);
            folder
        });
        let name = |number: usize| format!("{number:06}").into_bytes();
        let mut files = Vec::new();
        for number in 0..COUNT {
            let sub = tree.add_directory(META);
            tree.link(many, &name(number), sub);
            let id = file(&mut tree, sub, b"f", b"x");
            // A newer name, which goes again.
            tree.link(more, &name(number), id);
            files.push((sub, id));
        }
        for number in 0..COUNT {
            tree.unlink(more, &name(number));
        }
        tree.begin("step");
        for (sub, id) in files {
            tree.set_meta(
                id,
                Meta {
                    mode: 0o600,
                    ..META
                },
            );
            tree.set_meta(
                sub,
                Meta {
                    mode: 0o700,
                    ..META
                },
            );
            file(&mut tree, sub, b"g", b"x");
        }
        let changes = &tree.commit().changes;
        assert_eq!(changes.len(), 3 * COUNT);
        let last: Vec<_> = changes[3 * COUNT - 3..].iter().map(|c| &*c.path).collect();
        assert_eq!(
            last,
            [&b"/many/099999"[..], b"/many/099999/f", b"/many/099999/g"]
        );
    }

    #[test]
    fn a_name_in_a_directory_that_is_gone_leads_nowhere() {
        let mut tree = sample();
        let motd = tree.resolve(b"/etc/motd").unwrap();
        let gone = tree.add_directory(META);
        tree.link(gone, b"newest", motd);
        assert_eq!(tree.path_of(motd).unwrap(), b"/etc/motd");
    }
}
