//! All files below one, each directory before what is in it, in byte order of their names.
//!
//! After a directory whose names cannot be read comes what is wrong with it, and then the rest.

use std::collections::HashSet;

use anyhow::{Context as _, Error, Result, ensure};
use fsgen::tree::Name;

use super::name::shown;
use super::{FileId, Kind, Reader, Stat};

/// What is wrong with a directory that was seen before: in a damaged image, it may be in itself.
pub(crate) const TWICE: &str = "a directory that is in another place, too";

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
    /// What comes next is last.
    todo: Vec<(Vec<u8>, FileId)>,
    directories: HashSet<FileId>,
    /// What is wrong with the directory that came last.
    unread: Option<Error>,
}

impl<'r> Walk<'r> {
    /// Starts at a file, which comes first.
    pub(crate) fn new(reader: &'r dyn Reader, path: &[u8], id: FileId) -> Self {
        Self {
            reader,
            todo: vec![(path.to_vec(), id)],
            directories: HashSet::new(),
            unread: None,
        }
    }

    fn visit(&mut self, path: Vec<u8>, id: FileId) -> Result<Found> {
        let stat = self.reader.stat(id).with_context(|| shown(&path))?;
        if stat.kind == Kind::Directory {
            match self.entries(id).with_context(|| shown(&path)) {
                Ok(entries) => {
                    let entries = entries.into_iter().rev();
                    self.todo
                        .extend(entries.map(|(name, id)| (join(&path, &name), id)));
                }
                Err(error) => self.unread = Some(error),
            }
        }
        Ok(Found { path, id, stat })
    }

    fn entries(&mut self, id: FileId) -> Result<Vec<(Name, FileId)>> {
        ensure!(self.directories.insert(id), TWICE);
        self.reader.entries(id)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.unread.take() {
            return Some(Err(error));
        }
        let (path, id) = self.todo.pop()?;
        Some(self.visit(path, id))
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
        let reader = TreeReader::new(tree, String::new());
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
