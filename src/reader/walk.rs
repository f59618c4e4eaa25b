//! All files below one, each directory before what is in it, in byte order of their names.
//!
//! After a directory whose names cannot be read comes what is wrong with it, and then the rest.

use std::vec;

use anyhow::{Context as _, Result};
use fsgen::tree::Name;

use super::allowance::Allowance;
use super::name::shown;
use super::visited::{Visited, names_taken};
use super::{FileId, Kind, Reader, Stat};

/// A file on the way.
pub(crate) struct Found {
    /// Its path, as that of the first one with names behind it.
    pub(crate) path: Vec<u8>,
    pub(crate) id: FileId,
    pub(crate) stat: Stat,
}

/// Goes through a directory and all below it; it never recurses, however deep that is.
pub(crate) struct Walk<'r> {
    reader: &'r dyn Reader,
    /// Where it starts, until that came.
    start: Option<FileId>,
    /// The path of what came last.
    path: Vec<u8>,
    /// That, if it is a directory: what is in it comes next.
    below: Option<FileId>,
    /// The directories that lead there, from the first one on.
    open: Vec<Open>,
    visited: Visited,
    /// What the names to come take, and what is kept of directories.
    allowance: Allowance,
}

/// A directory on the way to what came last.
struct Open {
    /// The length of its path, without a slash at the end.
    len: usize,
    rest: vec::IntoIter<(Name, FileId)>,
    /// Bytes of memory that its names took at first.
    taken: u64,
}

impl<'r> Walk<'r> {
    /// Starts at a file, which comes first.
    pub(crate) fn new(reader: &'r dyn Reader, path: &[u8], id: FileId) -> Self {
        Self {
            reader,
            start: Some(id),
            path: path.to_vec(),
            below: None,
            open: Vec::new(),
            visited: Visited::default(),
            allowance: Allowance::of(reader),
        }
    }

    /// Leaves out what is in the directory that came last.
    pub(crate) fn skip_below(&mut self) {
        self.below = None;
    }

    /// Returns how many bytes of memory this takes.
    pub(crate) fn taken(&self) -> u64 {
        self.allowance.taken()
    }

    fn enter(&mut self, id: FileId) -> Result<()> {
        let (path, allowance) = (&self.path, &mut self.allowance);
        self.visited.enter(self.reader, id, path, allowance)?;
        let names = self.reader.entries(id)?;
        let taken = names_taken(&names);
        allowance.take(taken)?;
        self.open.push(Open {
            len: path.strip_suffix(b"/").unwrap_or(path).len(),
            rest: names.into_iter(),
            taken,
        });
        Ok(())
    }

    fn visit(&mut self, id: FileId) -> Result<Found> {
        let path = self.path.clone();
        let stat = self.reader.stat(id).with_context(|| shown(&path))?;
        self.below = (stat.kind == Kind::Directory).then_some(id);
        Ok(Found { path, id, stat })
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(start) = self.start.take() {
            return Some(self.visit(start));
        }
        if let Some(directory) = self.below.take()
            && let Err(error) = self.enter(directory)
        {
            return Some(Err(error.context(shown(&self.path))));
        }
        loop {
            let open = self.open.last_mut()?;
            if let Some((name, id)) = open.rest.next() {
                self.path.truncate(open.len);
                self.path.push(b'/');
                self.path.extend_from_slice(&name);
                return Some(self.visit(id));
            }
            self.allowance.give_back(open.taken);
            self.open.pop();
        }
    }
}

/// Returns the path of an entry of a directory.
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    [directory, name].join(&b'/')
}

/// Returns a path from the root, without what stands for nothing. A slash at its end is kept: it
/// asks for what is behind a link.
pub(crate) fn normal(path: &[u8]) -> Vec<u8> {
    let names = path.split(|b| *b == b'/');
    let mut normal = Vec::with_capacity(path.len() + 1);
    for name in names.filter(|name| !matches!(*name, b"" | b".")) {
        normal.push(b'/');
        normal.extend_from_slice(name);
    }
    if normal.is_empty() || path.ends_with(b"/") {
        normal.push(b'/');
    }
    normal
}

#[cfg(test)]
mod tests {
    use fsgen::{Content, Meta, Timestamp, Tree};

    use super::super::TreeReader;
    use super::*;

    const META: Meta = Meta::root(0o755, Timestamp::from_secs(0));

    #[test]
    fn directories_come_before_what_is_in_them() {
        let mut tree = Tree::new(META);
        for path in ["a/b/c", "a.d", "z"] {
            tree.make_directories(path.as_bytes(), META).unwrap();
        }
        let a = tree.resolve(b"a").unwrap();
        let file = tree.add_file(META, Content::bytes(*b""));
        tree.link(a, b"a", file);
        let reader = TreeReader::new(tree, String::new(), u64::MAX);
        let walk = |path: &[u8], id| {
            let found = Walk::new(&reader, path, id);
            let paths = found.map(|found| String::from_utf8(found.unwrap().path).unwrap());
            paths.collect::<Vec<_>>()
        };
        let all = ["/", "/a", "/a/a", "/a/b", "/a/b/c", "/a.d", "/z"];
        assert_eq!(walk(b"/", reader.root()), all);
        let a = super::super::resolve(&reader, b"a").unwrap();
        assert_eq!(walk(b"/x/a", a), ["/x/a", "/x/a/a", "/x/a/b", "/x/a/b/c"]);
    }

    #[test]
    fn paths_are_written_in_one_way() {
        for (path, want) in [
            ("", "/"),
            ("/", "/"),
            ("a//./b", "/a/b"),
            ("/a/", "/a/"),
            ("./", "/"),
            ("../a", "/../a"),
        ] {
            assert_eq!(normal(path.as_bytes()), want.as_bytes());
        }
    }
}
