//! New content for files of the image.

use std::io;

use fsgen::tree::content::Content;
use fsgen::tree::path::PathError;
use fsgen::{Kind, Meta, NodeId};

use super::{MAX_LINKS, READ_LIMIT, Root, RootError, join, path_error, read_error, unslashed};

/// How many bytes of two files are compared at a time.
const PIECE: usize = 1 << 16;

/// Where a path ends, links followed.
enum Place {
    Node(NodeId),
    /// Nothing is there, but its directory is.
    Free(NodeId, Vec<u8>),
}

impl Root<'_> {
    /// Gives a file new content; a new file belongs to root with mode 0644.
    ///
    /// A file that exists keeps owner, mode and attributes, and every hard link to it shows the
    /// new content.
    ///
    /// # Errors
    ///
    /// Fails when the directory is missing or something else than a regular file is there.
    pub fn write(
        &mut self,
        path: impl AsRef<[u8]>,
        bytes: impl AsRef<[u8]>,
    ) -> Result<(), RootError> {
        self.set_content(path.as_ref(), Content::bytes(bytes.as_ref()))
    }

    /// Adds to the end of a file, which is made when it is missing.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::write`] does.
    pub fn append(
        &mut self,
        path: impl AsRef<[u8]>,
        bytes: impl AsRef<[u8]>,
    ) -> Result<(), RootError> {
        let (path, bytes) = (path.as_ref(), bytes.as_ref());
        let Place::Node(id) = self.place(path)? else {
            return self.write(path, bytes);
        };
        let end = self.content(path, id)?.len();
        if !bytes.is_empty() {
            self.tree.write(id, end, bytes);
            self.touch(id);
        }
        Ok(())
    }

    /// Puts bytes at a place of a file, over what is there; a gap before it is a hole.
    ///
    /// # Errors
    ///
    /// Fails when the path leads to no regular file, and past 2^64 bytes.
    pub fn write_at(
        &mut self,
        path: impl AsRef<[u8]>,
        at: u64,
        bytes: impl AsRef<[u8]>,
    ) -> Result<(), RootError> {
        let (path, bytes) = (path.as_ref(), bytes.as_ref());
        self.check_unmasked(path)?;
        let id = self.resolve(path)?;
        let before = self.content(path, id)?;
        let end = at.checked_add(bytes.len() as u64);
        let end = end.ok_or_else(|| read_error(path, io::ErrorKind::FileTooLarge.into()))?;
        if end <= before.len() {
            let mut there = vec![0; bytes.len()];
            let read = before.read_exact_at(self.tree, &mut there, at);
            read.map_err(|cause| read_error(path, cause))?;
            if there == bytes {
                return Ok(());
            }
        }
        drop(before);
        self.tree.write(id, at, bytes);
        self.touch(id);
        Ok(())
    }

    /// Gives a file the content of a host file, which is read only when the image is written.
    ///
    /// # Errors
    ///
    /// Fails as [`Root::write`] does, and when the host refuses the file.
    pub fn put(&mut self, host_path: &str, path: impl AsRef<[u8]>) -> Result<(), RootError> {
        let opened = self.host.open(host_path);
        let (source, len) = opened.map_err(|cause| host_error(host_path, cause))?;
        let source = self.tree.add_source(source);
        self.set_content(path.as_ref(), Content::span(source, 0, len))
    }

    /// Returns the content of a host file.
    ///
    /// # Errors
    ///
    /// Fails when the host refuses the file, and on one of more than 64 MiB.
    pub fn read_host(&self, host_path: &str) -> Result<Vec<u8>, RootError> {
        let failed = |cause| host_error(host_path, cause);
        let (source, len) = self.host.open(host_path).map_err(failed)?;
        let size = usize::try_from(len).ok().filter(|_| len <= READ_LIMIT);
        let size = size.ok_or_else(|| failed(io::ErrorKind::FileTooLarge.into()))?;
        let mut bytes = vec![0; size];
        source.read_exact_at(&mut bytes, 0).map_err(failed)?;
        Ok(bytes)
    }

    pub(super) fn set_content(&mut self, path: &[u8], content: Content) -> Result<(), RootError> {
        match self.place(path)? {
            Place::Node(id) => {
                let before = self.content(path, id)?;
                let same = self.same_bytes(&before, &content);
                if !same.map_err(|cause| read_error(path, cause))? {
                    self.tree.set_content(id, content);
                    self.touch(id);
                }
            }
            Place::Free(directory, name) => {
                let id = self.tree.add_file(Meta::root(0o644, self.time), content);
                self.link_new(directory, &name, id);
            }
        }
        Ok(())
    }

    /// Compares piece by piece: either side may be a large file of the source.
    fn same_bytes(&self, a: &Content, b: &Content) -> io::Result<bool> {
        if a == b || a.len() != b.len() {
            return Ok(a == b);
        }
        let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
        let mut at = 0;
        while at < a.len() {
            let len = usize::try_from(a.len() - at).map_or(PIECE, |rest| rest.min(PIECE));
            a.read_exact_at(self.tree, &mut left[..len], at)?;
            b.read_exact_at(self.tree, &mut right[..len], at)?;
            if left[..len] != right[..len] {
                return Ok(false);
            }
            at += len as u64;
        }
        Ok(true)
    }

    /// Finds where a path ends; through a dangling link that is its target, as for `open(2)` with
    /// `O_CREAT`.
    fn place(&self, path: &[u8]) -> Result<Place, RootError> {
        if let Some(id) = self.numbered(path) {
            return Ok(Place::Node(id));
        }
        self.check_unmasked(path)?;
        let mut at = path.to_vec();
        for _ in 0..=MAX_LINKS {
            match self.tree.resolve(&at) {
                Ok(id) => return self.slashed(path, id).map(Place::Node),
                Err(PathError::NotFound(_)) => {}
                Err(cause) => return Err(path_error(path, cause)),
            }
            let found = self.tree.resolve_parent(&at);
            let (directory, name) = found.map_err(|cause| path_error(path, cause))?;
            let Some(id) = self.tree.lookup(directory, name) else {
                unslashed(path)?;
                return Ok(Place::Free(directory, name.to_vec()));
            };
            let Kind::Symlink(target) = &self.tree.node(id).kind else {
                return Ok(Place::Node(id));
            };
            at = match target.first() {
                Some(b'/') => target.to_vec(),
                _ => join(&self.tree.path_of(directory).unwrap_or_default(), target),
            };
        }
        Err(path_error(path, PathError::TooManyLinks))
    }
}

fn host_error(path: &str, cause: io::Error) -> RootError {
    RootError::Host {
        path: path.to_owned(),
        cause,
    }
}
