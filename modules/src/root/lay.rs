//! Putting nodes into the image as a package has them: new, with all that belongs to them.

use std::sync::Arc;

use fsgen::tree::Xattrs;
use fsgen::tree::content::{Content, SourceId};
use fsgen::tree::path::check_name;
use fsgen::{Kind, Meta, Node, NodeId};

use super::{Host, Root, RootError, Spool, join, path_error, read_error};

/// A name in a directory, whether something has it or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) directory: NodeId,
    pub(crate) name: Vec<u8>,
}

/// What is put at a [`Place`].
#[derive(Debug, Clone)]
pub(crate) enum Laid {
    Directory,
    File(Content),
    Symlink(Vec<u8>),
    /// A device, FIFO or socket.
    Special(Kind),
}

impl<'t> Root<'t> {
    /// Returns the files of the machine that builds.
    pub(crate) fn host(&self) -> &'t dyn Host {
        self.host
    }

    /// Returns an empty place for content, and what the tree calls it.
    pub(crate) fn spool(&mut self) -> Result<(Arc<dyn Spool>, SourceId), RootError> {
        let spool = self
            .host
            .spool()
            .map_err(|cause| RootError::Spool { cause })?;
        let source = self.tree.add_source(spool.clone());
        Ok((spool, source))
    }

    /// Returns the place of a name in a directory; that and those above it are made where they
    /// are missing, for root with mode 0755.
    pub(crate) fn place_in(&mut self, directory: &[u8], name: &[u8]) -> Result<Place, RootError> {
        self.mkdir_all(directory, 0o755)?;
        let directory = self.resolve_directory(directory)?;
        let name = name.to_vec();
        Ok(Place { directory, name })
    }

    /// Returns the place of a name in a directory, if the directory is there.
    pub(crate) fn find_place(&self, directory: &[u8], name: &[u8]) -> Option<Place> {
        let directory = self.resolve_directory(directory).ok()?;
        let name = name.to_vec();
        Some(Place { directory, name })
    }

    /// Returns what is at a place; a link there is not followed.
    pub(crate) fn node_at(&self, place: &Place) -> Option<&Node> {
        let id = self.tree.lookup(place.directory, &place.name)?;
        Some(self.tree.node(id))
    }

    /// Returns the path of a place.
    pub(crate) fn path_at(&self, place: &Place) -> Vec<u8> {
        let directory = self.tree.path_of(place.directory).unwrap_or_default();
        join(&directory, &place.name)
    }

    /// Checks the name at a place: with an ending such as `.rpmnew` it may be too long.
    fn check_name(&self, place: &Place) -> Result<(), RootError> {
        check_name(&place.name).map_err(|cause| path_error(&self.path_at(place), cause))
    }

    /// Puts something new at a place, where it replaces anything but a directory.
    pub(crate) fn lay(
        &mut self,
        place: &Place,
        what: Laid,
        meta: Meta,
        xattrs: Xattrs,
    ) -> Result<NodeId, RootError> {
        self.check_name(place)?;
        let there = self.tree.lookup(place.directory, &place.name);
        if there.is_some_and(|id| self.tree.is_directory(id)) {
            return Err(RootError::Exists {
                path: self.path_at(place),
                found: "directory",
            });
        }
        let id = match what {
            Laid::Directory => self.tree.add_directory(meta),
            Laid::File(content) => self.tree.add_file(meta, content),
            Laid::Symlink(target) => self.tree.add_symlink(meta, &target),
            Laid::Special(kind) => self.tree.add_special(meta, kind),
        };
        if !xattrs.is_empty() {
            self.tree.set_xattrs(id, xattrs);
        }
        self.link_new(place.directory, &place.name, id);
        Ok(id)
    }

    /// Gives something a further name, which replaces anything but a directory.
    pub(crate) fn lay_link(&mut self, place: &Place, id: NodeId) -> Result<(), RootError> {
        self.check_name(place)?;
        let there = self.tree.lookup(place.directory, &place.name);
        if there.is_some_and(|id| self.tree.is_directory(id)) {
            return Err(RootError::Exists {
                path: self.path_at(place),
                found: "directory",
            });
        }
        self.link_new(place.directory, &place.name, id);
        Ok(())
    }

    /// Returns a whole file of at most `limit` bytes, or nothing when there is none.
    pub(crate) fn read_large(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, RootError> {
        let id = match self.resolve(path) {
            Err(error) if error.is_not_found() => return Ok(None),
            found => found?,
        };
        let content = self.content(path, id)?;
        if content.len() > limit {
            return Err(RootError::TooLarge {
                path: path.to_vec(),
                len: content.len(),
                limit,
            });
        }
        let bytes = content.read(self.tree, limit);
        bytes.map(Some).map_err(|cause| read_error(path, cause))
    }

    /// Returns the first bytes of a file, as many as it has of `len`.
    pub(crate) fn read_start(&self, path: &str, len: usize) -> Result<Vec<u8>, RootError> {
        let path = path.as_bytes();
        let content = self.content(path, self.resolve(path)?)?;
        let mut bytes = vec![0; usize::try_from(content.len()).map_or(len, |all| all.min(len))];
        let read = content.read_exact_at(self.tree, &mut bytes, 0);
        read.map(|()| bytes)
            .map_err(|cause| read_error(path, cause))
    }

    /// Returns the file at a path, which can have further names; a link there is not followed.
    pub(crate) fn file_at(&self, path: &[u8]) -> Option<NodeId> {
        let id = self.resolve_either(path, false).ok()?;
        let is_file = matches!(self.tree.node(id).kind, Kind::File(_));
        is_file.then_some(id)
    }

    /// Sets mode, owner and time of what a path leads to.
    pub(crate) fn own(&mut self, path: &[u8], meta: Meta) -> Result<(), RootError> {
        let id = self.resolve(path)?;
        self.set_mode(id, meta.mode);
        self.change_meta(id, |_| meta);
        Ok(())
    }

    /// Gives a file content that lies in a spool; a new file belongs to root with mode 0644.
    pub(crate) fn write_spooled(&mut self, path: &[u8], content: Content) -> Result<(), RootError> {
        self.set_content(path, content)
    }

    /// Calls `each` with the bytes of a file, piece by piece.
    pub(crate) fn read_pieces(
        &self,
        content: &Content,
        mut each: impl FnMut(&[u8]),
    ) -> std::io::Result<()> {
        let mut piece = vec![0; 1 << 16];
        let mut at = 0;
        while at < content.len() {
            let rest = content.len() - at;
            let len = usize::try_from(rest).map_or(piece.len(), |rest| rest.min(piece.len()));
            content.read_exact_at(self.tree, &mut piece[..len], at)?;
            each(&piece[..len]);
            at += len as u64;
        }
        Ok(())
    }
}
