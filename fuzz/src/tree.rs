//! Changes of a tree, layer by layer, beside a model that copies everything.

use std::collections::{BTreeMap, BTreeSet};

use fsgen::tree::Xattrs;
use fsgen::tree::layer::{Change, ChangeKind};
use fsgen::{Content, Kind, Meta, NodeId, Timestamp, Tree};

use crate::Target;
use crate::input::Choices;

pub(crate) const TARGET: Target = Target {
    name: "tree",
    promise: "a tree is what the model is; a layer is undone without trace, or lists all it changed",
    run,
    rounds: 400,
};

const NAMES: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"\xff"];

/// A node of the model: what the tree would say about it.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    meta: Meta,
    xattrs: Xattrs,
    kind: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Directory(BTreeMap<Vec<u8>, usize>),
    File(Vec<u8>),
    Symlink(Vec<u8>),
    Fifo,
}

/// All nodes in the order in which they were made; a layer is a copy of that.
#[derive(Debug, Clone, PartialEq)]
struct Model(Vec<Node>);

/// Paths and where they lead.
type Listing = BTreeMap<Vec<u8>, usize>;

fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut tree = Tree::new(meta(0));
    let mut model = Model(vec![Node::new(0, What::Directory(BTreeMap::new()))]);
    let mut ids = vec![Tree::ROOT];
    let mut before: Option<Model> = None;
    while !choices.is_empty() {
        match choices.up_to(12) {
            0 => match before.take() {
                None => {
                    tree.begin("layer");
                    before = Some(model.clone());
                }
                Some(before) => {
                    let changes = tree.commit().changes.clone();
                    compare_changes(&before, &model, &changes);
                }
            },
            1 => {
                if let Some(before) = before.take() {
                    tree.rollback();
                    model = before;
                    ids.truncate(model.0.len());
                }
            }
            _ => change(&mut choices, &mut tree, &mut model, &mut ids),
        }
        compare(&tree, &model, &ids);
    }
}

fn meta(number: u16) -> Meta {
    Meta::root(number, Timestamp::from_secs(number.into()))
}

impl Node {
    fn new(number: u16, kind: What) -> Self {
        let (meta, xattrs) = (meta(number), Xattrs::new());
        Self { meta, xattrs, kind }
    }
}

/// Does one thing to both.
fn change(choices: &mut Choices<'_>, tree: &mut Tree, model: &mut Model, ids: &mut Vec<NodeId>) {
    let node = choices.size_up_to(ids.len() - 1);
    let id = ids[node];
    let number = u16::try_from(choices.up_to(0o7777)).unwrap();
    let name = choices.one(&NAMES);
    match choices.up_to(10) {
        0 => {
            ids.push(tree.add_directory(meta(number)));
            model
                .0
                .push(Node::new(number, What::Directory(BTreeMap::new())));
        }
        1 => {
            ids.push(tree.add_file(meta(number), Content::bytes(name)));
            model.0.push(Node::new(number, What::File(name.into())));
        }
        2 => {
            ids.push(tree.add_symlink(meta(number), name));
            model.0.push(Node::new(number, What::Symlink(name.into())));
        }
        3 => {
            ids.push(tree.add_special(meta(number), Kind::Fifo));
            model.0.push(Node::new(number, What::Fifo));
        }
        4 => {
            tree.set_meta(id, meta(number));
            model.0[node].meta = meta(number);
        }
        5 => {
            let xattrs = Xattrs::from([(b"user.x"[..].into(), name.into())]);
            tree.set_xattrs(id, xattrs.clone());
            model.0[node].xattrs = xattrs;
        }
        6 => {
            if let What::File(content) = &mut model.0[node].kind {
                *content = name.to_vec();
                tree.set_content(id, Content::bytes(name));
            }
        }
        7 => {
            if model.entries(node).is_some() {
                tree.unlink(id, name);
                model.directory(node).remove(name);
            }
        }
        // Most nodes should have a name: the newest is the likeliest to have none.
        more => {
            let target = match more {
                8 => choices.size_up_to(ids.len() - 1),
                _ => ids.len() - 1,
            };
            if model.may_link(node, target) {
                tree.link(id, name, ids[target]);
                model.directory(node).insert(name.into(), target);
            }
        }
    }
}

impl Model {
    fn entries(&self, node: usize) -> Option<&BTreeMap<Vec<u8>, usize>> {
        match &self.0[node].kind {
            What::Directory(entries) => Some(entries),
            _ => None,
        }
    }

    fn directory(&mut self, node: usize) -> &mut BTreeMap<Vec<u8>, usize> {
        match &mut self.0[node].kind {
            What::Directory(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    /// How many names lead to each node, from directories without a name too.
    fn links(&self) -> Vec<u32> {
        let mut links = vec![0; self.0.len()];
        links[0] = 1;
        for node in 0..self.0.len() {
            for child in self.entries(node).into_iter().flat_map(BTreeMap::values) {
                links[*child] += 1;
            }
        }
        links
    }

    /// Returns whether a link keeps the tree one: a directory has one name, and none in itself.
    fn may_link(&self, directory: usize, target: usize) -> bool {
        let is_directory = self.entries(target).is_some();
        self.entries(directory).is_some()
            && (!is_directory
                || (self.links()[target] == 0 && !self.below(target).contains(&directory)))
    }

    fn below(&self, top: usize) -> BTreeSet<usize> {
        let mut below = BTreeSet::new();
        let mut todo = vec![top];
        while let Some(node) = todo.pop() {
            if below.insert(node) {
                todo.extend(self.entries(node).into_iter().flat_map(BTreeMap::values));
            }
        }
        below
    }

    fn listing(&self) -> Listing {
        let mut listing = Listing::from([(b"/".to_vec(), 0)]);
        let mut todo = vec![(Vec::new(), 0)];
        while let Some((path, node)) = todo.pop() {
            for (name, child) in self.entries(node).into_iter().flatten() {
                let path = [&path[..], name].join(&b'/');
                listing.insert(path.clone(), *child);
                todo.push((path, *child));
            }
        }
        listing
    }
}

/// Compares every node, the ones without a name too.
fn compare(tree: &Tree, model: &Model, ids: &[NodeId]) {
    assert_eq!(tree.node_count(), model.0.len());
    let links = model.links();
    let listing = model.listing();
    let reachable: BTreeSet<usize> = listing.values().copied().collect();
    for (number, (id, want)) in ids.iter().zip(&model.0).enumerate() {
        let node = tree.node(*id);
        assert_eq!(id.index(), number);
        assert_eq!((node.meta, &node.xattrs), (want.meta, &want.xattrs));
        assert_eq!(
            tree.links(*id),
            links[number],
            "links of {number}: {model:?}"
        );
        match (&node.kind, &want.kind) {
            (Kind::Directory(_), What::Directory(entries)) => {
                let got = tree.entries(*id).map(|(name, child)| (name, child.index()));
                assert!(got.eq(entries.iter().map(|(name, child)| (&name[..], *child))));
            }
            (Kind::File(content), What::File(bytes)) => {
                assert_eq!(content.read(tree, 100).unwrap(), *bytes);
            }
            (Kind::Symlink(got), What::Symlink(want)) => assert_eq!(**got, **want),
            (Kind::Fifo, What::Fifo) => {}
            other => panic!("{other:?}"),
        }
        match tree.path_of(*id) {
            Some(path) => assert_eq!(listing.get(&path), Some(&number), "{model:?}"),
            None => assert!(
                !reachable.contains(&number),
                "no path of {number}: {model:?}"
            ),
        }
    }
}

/// Compares what a layer lists with what differs between two models.
fn compare_changes(before: &Model, after: &Model, changes: &[Change]) {
    let (old, new) = (before.listing(), after.listing());
    let listed: BTreeMap<_, _> = changes.iter().map(|c| (c.path.clone(), c.kind)).collect();
    assert_eq!(listed.len(), changes.len(), "a path twice: {changes:?}");
    let mut want = BTreeMap::new();
    for (path, node) in &new {
        match old.get(path) {
            None => _ = want.insert(path.clone(), ChangeKind::Added),
            Some(was) if was != node => _ = want.insert(path.clone(), ChangeKind::Changed),
            Some(_) => {}
        }
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        want.insert(path.clone(), ChangeKind::Removed);
    }
    // Of a changed node with several names, one is listed.
    for node in 0..before.0.len() {
        let differs = match (&before.0[node], &after.0[node]) {
            (was, is) if before.entries(node).is_some() => {
                (was.meta, &was.xattrs) != (is.meta, &is.xattrs)
            }
            (was, is) => was != is,
        };
        let names: Vec<_> = new
            .iter()
            .filter(|(_, n)| **n == node)
            .map(|(path, _)| path)
            .collect();
        if differs && !names.is_empty() {
            assert!(
                names.iter().any(|name| listed.contains_key(*name)),
                "{names:?} {changes:?}"
            );
            for name in names.into_iter().filter(|name| listed.contains_key(*name)) {
                want.entry(name.clone()).or_insert(ChangeKind::Changed);
            }
        }
    }
    assert_eq!(listed, want, "{before:?} {after:?}");
}
