//! Paths through a tree full of symbolic links, beside a model that knows only texts.

use std::collections::BTreeMap;

use fsgen::tree::path::{PathError, check_name};
use fsgen::{Content, Kind, Meta, NodeId, Timestamp, Tree};

use crate::Target;
use crate::input::Choices;

pub(crate) const TARGET: Target = Target {
    name: "path",
    promise: "every path leads where the model says, and never out of the tree",
    run,
    rounds: 5000,
};

const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));

/// What paths are made of.
const PIECES: [&[u8]; 12] = [
    b"a",
    b"b",
    b"c",
    b"/",
    b"/",
    b"..",
    b".",
    b"aa",
    b"a/b",
    b"../..",
    b"\0",
    &[b'n'; 256],
];

/// Names from the root to a node.
type Place = Vec<Vec<u8>>;

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Directory,
    File,
    Link(Vec<u8>),
}

/// What lies where; the root is the empty place.
struct Model(BTreeMap<Place, Node>);

fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut tree = Tree::new(META);
    let mut model = Model(BTreeMap::from([(Place::new(), Node::Directory)]));
    while !choices.is_empty() {
        let path = path(&mut choices);
        match choices.up_to(5) {
            0 | 1 => add(&mut choices, &path, &mut tree, &mut model),
            2 => {
                let got = tree.make_directories(&path, META);
                let want = model.walk(&path, true);
                compare(&tree, &path, got, want);
            }
            3 => compare(&tree, &path, tree.resolve(&path), model.walk(&path, false)),
            4 => compare(&tree, &path, tree.resolve_link(&path), model.link(&path)),
            _ => {
                let got = tree
                    .resolve_parent(&path)
                    .map(|(id, name)| (place(&tree, id), name));
                assert_eq!(got, model.parent(&path), "{}", path.escape_ascii());
            }
        }
    }
    // Nothing was made elsewhere.
    assert_eq!(count(&tree), model.0.len());
}

fn path(choices: &mut Choices<'_>) -> Vec<u8> {
    let pieces = choices.size_up_to(6);
    let mut path = Vec::new();
    for _ in 0..pieces {
        path.extend_from_slice(choices.one(&PIECES));
    }
    path
}

/// Adds a file, link or directory where a path has room for one.
fn add(choices: &mut Choices<'_>, path: &[u8], tree: &mut Tree, model: &mut Model) {
    let target = self::path(choices);
    let Ok((directory, name)) = model.parent(path) else {
        return;
    };
    let at = [&directory[..], &[name.to_vec()]].concat();
    if model.0.contains_key(&at) {
        return;
    }
    let (directory, name) = tree.resolve_parent(path).unwrap();
    let (id, node) = match choices.up_to(2) {
        0 => (tree.add_symlink(META, &target), Node::Link(target)),
        1 => (tree.add_directory(META), Node::Directory),
        _ => (tree.add_file(META, Content::bytes(*b"x")), Node::File),
    };
    tree.link(directory, name, id);
    model.0.insert(at, node);
}

fn compare(
    tree: &Tree,
    path: &[u8],
    got: Result<NodeId, PathError>,
    want: Result<Place, PathError>,
) {
    let got = got.map(|id| place(tree, id));
    assert_eq!(got, want, "{}", path.escape_ascii());
}

/// Returns where a node of the tree lies.
fn place(tree: &Tree, id: NodeId) -> Place {
    let path = tree.path_of(id).unwrap();
    let names = path.split(|b| *b == b'/').filter(|name| !name.is_empty());
    names.map(Into::into).collect()
}

fn count(tree: &Tree) -> usize {
    let mut todo = vec![Tree::ROOT];
    let mut count = 0;
    while let Some(id) = todo.pop() {
        count += 1;
        todo.extend(tree.entries(id).map(|(_, child)| child));
        assert_eq!(
            tree.is_directory(id),
            matches!(tree.node(id).kind, Kind::Directory(_))
        );
    }
    count
}

impl Model {
    /// Walks a path from the root, through links; makes missing directories if told.
    fn walk(&mut self, path: &[u8], make: bool) -> Result<Place, PathError> {
        let end = self.walk_from(Place::new(), path, make, &mut 0)?;
        if make && self.0[&end] != Node::Directory {
            return Err(PathError::NotADirectory(end.join(&b'/')));
        }
        Ok(end)
    }

    fn walk_from(
        &mut self,
        from: Place,
        path: &[u8],
        make: bool,
        links: &mut u32,
    ) -> Result<Place, PathError> {
        let mut at = if path.starts_with(b"/") {
            Place::new()
        } else {
            from
        };
        for name in path.split(|b| *b == b'/') {
            if name.is_empty() || name == b"." {
                continue;
            }
            if self.0[&at] != Node::Directory {
                return Err(PathError::NotADirectory(at.join(&b'/')));
            }
            if name == b".." {
                at.pop();
                continue;
            }
            let next = [&at[..], &[name.to_vec()]].concat();
            match self.0.get(&next).cloned() {
                Some(Node::Link(target)) => {
                    *links += 1;
                    if *links > 40 {
                        return Err(PathError::TooManyLinks);
                    }
                    at = self.walk_from(at, &target, make, links)?;
                }
                Some(_) => at = next,
                None if make => {
                    check_name(name)?;
                    self.0.insert(next.clone(), Node::Directory);
                    at = next;
                }
                None => return Err(PathError::NotFound(next.join(&b'/'))),
            }
        }
        Ok(at)
    }

    /// As [`Model::walk`], but a link at the end is the answer.
    fn link(&mut self, path: &[u8]) -> Result<Place, PathError> {
        let Some((directory, name)) = last_name(path) else {
            return self.walk(path, false);
        };
        let directory = self.walk(directory, false)?;
        let at = [&directory[..], &[name.to_vec()]].concat();
        match self.0.contains_key(&at) {
            true => Ok(at),
            false => Err(PathError::NotFound(trim(path).to_vec())),
        }
    }

    fn parent<'p>(&mut self, path: &'p [u8]) -> Result<(Place, &'p [u8]), PathError> {
        let (directory, name) = last_name(path).ok_or(PathError::NoName)?;
        check_name(name)?;
        let at = self.walk(directory, false)?;
        match self.0[&at] {
            Node::Directory => Ok((at, name)),
            _ => Err(PathError::NotADirectory(trim(directory).to_vec())),
        }
    }
}

fn last_name(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let path = trim(path);
    let slash = path.iter().rposition(|b| *b == b'/');
    let (directory, name) = path.split_at(slash.map_or(0, |slash| slash + 1));
    (!name.is_empty() && name != b"." && name != b"..").then_some((directory, name))
}

fn trim(path: &[u8]) -> &[u8] {
    let mut path = path;
    while let [b'/', rest @ ..] | [rest @ .., b'/'] = path {
        path = rest;
    }
    path
}
