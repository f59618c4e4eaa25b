//! How a layer takes away what the layers below it have: names that start with `.wh.`.
//!
//! OCI image-spec, "Representing Changes" and "Whiteouts"; where it leaves a choice, as umoci does
//! it: a whiteout never removes what its own layer has put there, whichever comes first.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use fsgen::tree::{Device, Name};
use fsgen::{Kind, NodeId, Tree};

use super::member::Entry;
use super::name::{normal, split};

const PREFIX: &[u8] = b".wh.";
/// The name that empties its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// What aufs, Docker's first storage, left in layers for itself.
const AUFS: &[u8] = b".wh..wh.";

/// What a member takes away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whiteout<'p> {
    /// Path of the directory that it lies in.
    pub(super) directory: &'p [u8],
    /// The name there; without one, all that is in the directory.
    pub(super) name: Option<&'p [u8]>,
}

impl<'p> Whiteout<'p> {
    /// Returns what the member at a path takes away, if it is a whiteout.
    ///
    /// # Errors
    ///
    /// Fails on one that would name its own directory, or the one above.
    pub(super) fn parse(path: &'p [u8]) -> Result<Option<Self>> {
        let Some((directory, name)) = split(path) else {
            return Ok(None);
        };
        if directory.split(|b| *b == b'/').any(is_of_aufs) {
            // Such a directory is never made, so that there is nothing to remove.
            let name = Some(name);
            return Ok(Some(Self { directory, name }));
        }
        let Some(removed) = name.strip_prefix(PREFIX) else {
            return Ok(None);
        };
        ensure!(
            !matches!(removed, b"" | b"." | b".."),
            "a whiteout that names no file"
        );
        let name = (name != OPAQUE).then_some(removed);
        Ok(Some(Self { directory, name }))
    }
}

fn is_of_aufs(name: &[u8]) -> bool {
    name.starts_with(AUFS)
}

/// What one layer has put into the tree.
#[derive(Default)]
pub(super) struct Upper {
    /// Directories that have a member, or something below them that has.
    directories: HashSet<NodeId>,
    /// Names of anything else. A hard link is not the same as the file that it is to.
    names: HashSet<(NodeId, Name)>,
}

impl Upper {
    /// Notes that a name in a directory was set.
    pub(super) fn add(&mut self, tree: &Tree, directory: NodeId, name: &[u8], node: NodeId) {
        if tree.is_directory(node) {
            self.add_directory(tree, node);
        } else {
            self.add_directory(tree, directory);
            self.names.insert((directory, name.into()));
        }
    }

    /// Notes a directory and all above it.
    pub(super) fn add_directory(&mut self, tree: &Tree, mut directory: NodeId) {
        while self.directories.insert(directory) && directory != Tree::ROOT {
            directory = tree.parent(directory);
        }
    }

    /// Takes what other layers have put there out of a directory: one name, or all of them.
    ///
    /// Of what lies at `path`, as the source calls the directory, only what is `wanted` goes: what
    /// a source leaves out, it has no say in.
    pub(super) fn clear(
        &self,
        tree: &mut Tree,
        (directory, path): (NodeId, &[u8]),
        name: Option<&[u8]>,
        wanted: &Wanted<'_>,
    ) {
        let path = normal(path);
        let mut todo: Vec<(NodeId, Name, Vec<u8>)> = match name {
            Some(name) => vec![(directory, name.into(), below(&path, name))],
            None => names_below(tree, directory, &path).collect(),
        };
        // Directories that go when nothing is left in them, the deepest last.
        let mut emptied = Vec::new();
        while let Some((directory, name, path)) = todo.pop() {
            let Some(id) = tree.lookup(directory, &name) else {
                continue;
            };
            if self.directories.contains(&id) {
                todo.extend(names_below(tree, id, &path));
            } else if self.names.contains(&(directory, name.clone())) {
                continue;
            } else if let Wanted::Some(is_wanted) = wanted {
                let is_directory = tree.is_directory(id);
                todo.extend(names_below(tree, id, &path));
                match (is_wanted(&path, is_directory), is_directory) {
                    (true, true) => emptied.push((directory, name, id)),
                    (true, false) => tree.unlink(directory, &name),
                    (false, _) => {}
                }
            } else {
                remove_all(tree, directory, &name);
            }
        }
        for (directory, name, id) in emptied.into_iter().rev() {
            if tree.entries(id).len() == 0 {
                tree.unlink(directory, &name);
            }
        }
    }
}

/// Which paths of a source count, of files and of directories.
pub(super) enum Wanted<'f> {
    /// All of them.
    All,
    /// Those that this is true for.
    Some(&'f dyn Fn(&[u8], bool) -> bool),
}

fn below(path: &[u8], name: &[u8]) -> Vec<u8> {
    match path {
        b"" => name.to_vec(),
        path => [path, name].join(&b'/'),
    }
}

fn names_below(
    tree: &Tree,
    directory: NodeId,
    path: &[u8],
) -> impl Iterator<Item = (NodeId, Name, Vec<u8>)> {
    names(tree, directory).map(move |(directory, name)| {
        let path = below(path, &name);
        (directory, name, path)
    })
}

/// Removes a name, and all that is below it.
///
/// The names inside go one by one, so that files with other names count them right.
pub(super) fn remove_all(tree: &mut Tree, directory: NodeId, name: &[u8]) {
    let mut todo: Vec<(NodeId, Name)> = vec![(directory, name.into())];
    while let Some((directory, name)) = todo.pop() {
        if let Some(id) = tree.lookup(directory, &name) {
            todo.extend(names(tree, id));
        }
        tree.unlink(directory, &name);
    }
}

fn names(tree: &Tree, directory: NodeId) -> impl Iterator<Item = (NodeId, Name)> {
    let names = tree.entries(directory);
    names.map(move |(name, _)| (directory, name.into()))
}

/// Returns whether this is what overlayfs has in its upper folder for a name that is removed. In an
/// archive it is what it is everywhere else: a device.
pub(super) fn is_device(entry: &Entry) -> bool {
    const NONE: Device = Device { major: 0, minor: 0 };
    matches!(entry, Entry::Special(Kind::CharDevice(NONE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_take_away() {
        let whiteout = |directory, name| Ok(Some(Whiteout { directory, name }));
        for (path, want) in [
            (&b"etc/motd"[..], Ok(None)),
            (b"etc/wh.x", Ok(None)),
            (b".wh.d/x", Ok(None)),
            (b"/", Ok(None)),
            (b"etc/.wh.motd", whiteout(b"etc/", Some(b"motd"))),
            (b".wh.x/", whiteout(b"", Some(b"x"))),
            (b"./.wh..wh..opq", whiteout(b"./", None)),
            (b"a/.wh..wh.aufs", whiteout(b"a/", Some(b".wh.aufs"))),
            (
                b".wh..wh.plnk/1.2",
                whiteout(b".wh..wh.plnk/", Some(b"1.2")),
            ),
            (b"a/.wh.", Err(())),
            (b"a/.wh..", Err(())),
            (b"a/.wh...", Err(())),
            (b"a/.wh....", whiteout(b"a/", Some(b"..."))),
        ] {
            let got = Whiteout::parse(path).map_err(|_| ());
            assert_eq!(got, want, "{}", path.escape_ascii());
        }
    }
}
