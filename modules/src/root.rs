//! The handle on the image that a module gets: every question and change goes through it.
//!
//! Paths are those of the image, in bytes; the leading `/` may be left out. Symbolic links are
//! followed inside the image and never lead out of it. Each method fails with a [`RootError`]
//! that names the path.
//!
//! **Times.** What a module makes, or gives new content, has the time [`Root::time`] from then on,
//! and so has a directory whose names change. As on Linux, a new mode, owner or attribute leaves
//! the time alone. What already is as asked is not touched at all, so a module that runs twice
//! changes nothing the second time.
//!
//! **Capabilities.** New content keeps owner, mode and attributes as they are; `security.capability`
//! and setuid are among them. (Linux drops both when an unprivileged program writes.)

pub(crate) mod any_text;
mod attempt;
mod content;
mod copy;
mod error;
mod glob;
mod host;
mod lay;
mod mask;
mod meta;
mod mode;
mod names;
mod number;
mod owner;
mod packed;
mod text;
mod warning;

use std::io;
use std::mem;

use fsgen::tree::content::Content;
use fsgen::tree::path::PathError;
use fsgen::{Kind, Node, NodeId, Timestamp, Tree};

use crate::value::Span;
pub use error::RootError;
pub use glob::matches as glob_matches;
pub use host::{Host, Partition, Spool};
pub use mode::{ModeChange, parse_mode};
pub use owner::Owner;
pub use packed::{Packed, PackedKind};
pub use warning::Warning;

pub(crate) use error::show;
pub(crate) use glob::matches;
pub(crate) use lay::{Laid, Place};

/// The largest file that [`Root::read`] returns. Modules read settings, not disk images: this
/// keeps a mistaken path from filling memory.
const READ_LIMIT: u64 = 64 << 20;

/// How many symbolic links one path may end in, one after the other (Linux: `MAXSYMLINKS`).
const MAX_LINKS: u32 = 40;

/// One module's handle on the image.
pub struct Root<'t> {
    tree: &'t mut Tree,
    host: &'t dyn Host,
    time: Timestamp,
    warnings: Vec<Warning>,
    notes: Vec<String>,
    companions: Vec<Companion>,
}

/// A file that goes beside the image, not into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// What follows the name of the image and a dot.
    pub ending: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What a path leads to, with what its node does not know itself.
#[derive(Debug, Clone, Copy)]
pub struct Stat<'r> {
    /// Owner, mode, time, attributes and kind.
    pub node: &'r Node,
    /// How many names it has; a directory counts as on disk: its own `.` and the `..` of those in
    /// it are among them.
    pub links: u32,
    /// A number that no other node has, from 1, the same in all steps of a build.
    pub number: u64,
}

impl<'t> Root<'t> {
    /// Returns a handle that gives `time` to everything it makes or rewrites.
    pub fn new(tree: &'t mut Tree, host: &'t dyn Host, time: Timestamp) -> Self {
        Self {
            tree,
            host,
            time,
            warnings: Vec::new(),
            notes: Vec::new(),
            companions: Vec::new(),
        }
    }

    /// Returns the time that stands for now.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Returns the partitions that the image will have, in the order of the recipe.
    pub fn partitions(&self) -> &'t [Partition] {
        self.host.partitions()
    }

    /// Adds a line to what the user is told after the build.
    pub fn warn(&mut self, message: impl Into<String>) {
        let (message, span) = (message.into(), None);
        self.warnings.push(Warning { message, span });
    }

    /// Does what [`Root::warn`] does, and points at the option that it is about.
    pub fn warn_at(&mut self, span: Span, message: impl Into<String>) {
        let (message, span) = (message.into(), Some(span));
        self.warnings.push(Warning { message, span });
    }

    /// Adds a line to what the user is told of the step's work.
    pub fn info(&mut self, message: impl Into<String>) {
        self.notes.push(message.into());
    }

    /// Asks for a file beside the image. One of the same ending that was asked for before is
    /// replaced.
    pub(crate) fn put_beside(&mut self, ending: &'static str, bytes: Vec<u8>) {
        self.companions.push(Companion { ending, bytes });
    }

    /// Takes what was asked for beside the image and is not taken yet, oldest first.
    pub fn take_companions(&mut self) -> Vec<Companion> {
        mem::take(&mut self.companions)
    }

    /// Ends the use of the image and returns the warnings, oldest first.
    pub fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    /// Takes the lines of [`Root::info`] that are not taken yet, oldest first.
    pub fn take_notes(&mut self) -> Vec<String> {
        mem::take(&mut self.notes)
    }

    /// Returns owner, mode, time, attributes and kind of what a path leads to.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn stat(&self, path: impl AsRef<[u8]>) -> Result<&Node, RootError> {
        let id = self.resolve(path.as_ref())?;
        Ok(self.tree.node(id))
    }

    /// Returns the same as [`Root::stat`], of the link itself where the path ends in one.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn lstat(&self, path: impl AsRef<[u8]>) -> Result<&Node, RootError> {
        let id = self.resolve_link(path.as_ref())?;
        Ok(self.tree.node(id))
    }

    /// Returns the same with the number of links; `follow` says whether a link at the path's end
    /// is followed.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn stat_links(&self, path: impl AsRef<[u8]>, follow: bool) -> Result<Stat<'_>, RootError> {
        let id = self.resolve_either(path.as_ref(), follow)?;
        let inner = self.tree.entries(id);
        let directories = inner.filter(|(_, id)| self.tree.is_directory(*id)).count();
        let inner = u32::try_from(directories).unwrap_or(u32::MAX);
        let own = u32::from(self.tree.is_directory(id));
        Ok(Stat {
            node: self.tree.node(id),
            links: (self.tree.links(id) + own).saturating_add(inner),
            number: id.index() as u64 + 1,
        })
    }

    /// Returns whether a path leads to something; a dangling link does not.
    pub fn exists(&self, path: impl AsRef<[u8]>) -> bool {
        self.stat(path).is_ok()
    }

    /// Returns whether a path leads to a regular file.
    pub fn is_file(&self, path: impl AsRef<[u8]>) -> bool {
        self.stat(path)
            .is_ok_and(|node| matches!(node.kind, Kind::File(_)))
    }

    /// Returns whether a path leads to a directory.
    pub fn is_dir(&self, path: impl AsRef<[u8]>) -> bool {
        self.stat(path)
            .is_ok_and(|node| matches!(node.kind, Kind::Directory(_)))
    }

    /// Returns whether a path ends in a symbolic link.
    pub fn is_link(&self, path: impl AsRef<[u8]>) -> bool {
        self.lstat(path)
            .is_ok_and(|node| matches!(node.kind, Kind::Symlink(_)))
    }

    /// Returns the content of a file.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no regular file, or to one of more than 64 MiB.
    pub fn read(&self, path: impl AsRef<[u8]>) -> Result<Vec<u8>, RootError> {
        let path = path.as_ref();
        let content = self.content_to_read(path, self.resolve(path)?)?;
        content
            .read(self.tree, READ_LIMIT)
            .map_err(|cause| read_error(path, cause))
    }

    /// Returns at most `len` bytes of a file from `offset` on: fewer where the file ends.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no regular file, and on more than 64 MiB at once.
    pub fn read_range(
        &self,
        path: impl AsRef<[u8]>,
        offset: u64,
        len: u64,
    ) -> Result<Vec<u8>, RootError> {
        let path = path.as_ref();
        let content = self.content(path, self.resolve(path)?)?;
        let offset = offset.min(content.len());
        let len = len.min(content.len() - offset);
        let size = usize::try_from(len).ok().filter(|_| len <= READ_LIMIT);
        let size = size.ok_or_else(|| too_large(path, len))?;
        let mut bytes = vec![0; size];
        let read = content.read_exact_at(self.tree, &mut bytes, offset);
        read.map(|()| bytes)
            .map_err(|cause| read_error(path, cause))
    }

    /// Returns the content of a file, or nothing when there is no such file, or a link to
    /// `/dev/null` in its place.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does, except on a missing file.
    pub fn read_if_exists(&self, path: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, RootError> {
        let path = path.as_ref();
        match self.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() || self.is_masked(path) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the content of a text file.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::read`] does, and on bytes that are not UTF-8.
    pub fn read_to_string(&self, path: impl AsRef<[u8]>) -> Result<String, RootError> {
        let path = path.as_ref();
        String::from_utf8(self.read(path)?).map_err(|error| RootError::NotText {
            path: path.to_vec(),
            at: error.utf8_error().valid_up_to(),
        })
    }

    /// Returns the content of a text file that is to be changed; nothing where it is not there.
    pub(crate) fn text_to_change(&self, path: impl AsRef<[u8]>) -> Result<String, RootError> {
        let path = path.as_ref();
        match self.read_to_string(path) {
            Err(error) if error.is_not_found() || self.is_masked(path) => Ok(String::new()),
            read => read,
        }
    }

    /// Returns the target of a symbolic link, as it is written in the link.
    ///
    /// # Errors
    ///
    /// Fails when the path does not end in a link.
    pub fn readlink(&self, path: impl AsRef<[u8]>) -> Result<Vec<u8>, RootError> {
        let path = path.as_ref();
        match &self.lstat(path)?.kind {
            Kind::Symlink(target) => Ok(target.to_vec()),
            other => Err(wrong_kind(path, other, "symlink")),
        }
    }

    /// Returns the names in a directory, in byte order.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no directory.
    pub fn list(&self, path: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, RootError> {
        let path = path.as_ref();
        let id = self.resolve_directory(path)?;
        let names = self.tree.entries(id).map(|(name, _)| name.to_vec());
        Ok(names.collect())
    }

    /// Returns the paths of all that lies below a directory, each directory before its content
    /// and names in byte order; links are listed, not followed.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no directory.
    pub fn walk(&self, path: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, RootError> {
        let path = path.as_ref();
        let top = self.resolve_directory(path)?;
        let named = self.numbered(path).and_then(|id| self.tree.path_of(id));
        let path = named.as_deref().unwrap_or(path);
        let mut found = Vec::new();
        let mut todo = self.children_last_first(path, top);
        while let Some((path, id)) = todo.pop() {
            let below = self.children_last_first(&path, id);
            found.push(path);
            todo.extend(below);
        }
        Ok(found)
    }

    fn children_last_first(&self, path: &[u8], id: NodeId) -> Vec<(Vec<u8>, NodeId)> {
        let entries = self.tree.entries(id);
        let mut children: Vec<_> = entries.map(|(name, id)| (join(path, name), id)).collect();
        children.reverse();
        children
    }

    /// Returns the path of a directory without links.
    pub(crate) fn real_folder(&self, path: impl AsRef<[u8]>) -> Result<Vec<u8>, RootError> {
        let id = self.resolve_directory(path.as_ref())?;
        Ok(self.tree.path_of(id).unwrap_or_default())
    }

    fn resolve(&self, path: &[u8]) -> Result<NodeId, RootError> {
        if let Some(id) = self.numbered(path) {
            return Ok(id);
        }
        let found = self.tree.resolve(path);
        self.slashed(path, found.map_err(|e| path_error(path, e))?)
    }

    fn resolve_link(&self, path: &[u8]) -> Result<NodeId, RootError> {
        if let Some(id) = self.numbered(path) {
            return Ok(id);
        }
        let found = self.tree.resolve_link(path);
        self.slashed(path, found.map_err(|e| path_error(path, e))?)
    }

    /// Checks what a path leads to: with a slash at its end, only a directory is there.
    fn slashed(&self, path: &[u8], id: NodeId) -> Result<NodeId, RootError> {
        if path.ends_with(b"/") && !self.tree.is_directory(id) {
            return Err(wrong_kind(path, &self.tree.node(id).kind, "directory"));
        }
        Ok(id)
    }

    fn resolve_either(&self, path: &[u8], follow: bool) -> Result<NodeId, RootError> {
        if follow {
            self.resolve(path)
        } else {
            self.resolve_link(path)
        }
    }

    fn resolve_directory(&self, path: &[u8]) -> Result<NodeId, RootError> {
        let id = self.resolve(path)?;
        if !self.tree.is_directory(id) {
            return Err(wrong_kind(path, &self.tree.node(id).kind, "directory"));
        }
        Ok(id)
    }

    fn content(&self, path: &[u8], id: NodeId) -> Result<Content, RootError> {
        match &self.tree.node(id).kind {
            Kind::File(content) => Ok(content.clone()),
            other => Err(wrong_kind(path, other, "file")),
        }
    }

    /// Returns the content of a file that may be read whole.
    fn content_to_read(&self, path: &[u8], id: NodeId) -> Result<Content, RootError> {
        let content = self.content(path, id)?;
        match content.len() {
            len if len > READ_LIMIT => Err(too_large(path, len)),
            _ => Ok(content),
        }
    }
}

fn too_large(path: &[u8], len: u64) -> RootError {
    RootError::TooLarge {
        path: path.to_vec(),
        len,
        limit: READ_LIMIT,
    }
}

/// Joins a directory's path and a name.
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = directory.to_vec();
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn path_error(path: &[u8], cause: PathError) -> RootError {
    RootError::Path {
        path: path.to_vec(),
        cause,
    }
}

fn names_of(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !matches!(*name, "" | "."))
}

/// Returns whether two paths are written in ways that make no difference.
pub(crate) fn same_place(a: &str, b: &str) -> bool {
    names_of(a).eq(names_of(b))
}

/// Returns how the lines of a file end: as the first one does.
pub(crate) fn line_end(file: &[u8]) -> &'static str {
    let first = file.split_inclusive(|b| *b == b'\n').next();
    match first.is_some_and(|first| first.ends_with(b"\r\n")) {
        true => "\r\n",
        false => "\n",
    }
}

/// Returns whether a file ends with a text that begins with a line there.
pub(crate) fn ends_with_lines(file: &[u8], text: &[u8]) -> bool {
    let before = file.strip_suffix(text);
    before.is_some_and(|before| before.is_empty() || before.ends_with(b"\n"))
}

/// Checks a path for something new that is no directory, so that no slash may be at its end.
fn unslashed(path: &[u8]) -> Result<(), RootError> {
    match path.ends_with(b"/") {
        true => Err(path_error(path, PathError::NoName)),
        false => Ok(()),
    }
}

fn read_error(path: &[u8], cause: io::Error) -> RootError {
    RootError::Read {
        path: path.to_vec(),
        cause,
    }
}

fn wrong_kind(path: &[u8], found: &Kind, wanted: &'static str) -> RootError {
    RootError::Kind {
        path: path.to_vec(),
        found: found.noun(),
        wanted,
    }
}

#[cfg(test)]
mod tests;
