//! Making, moving and removing names in the image.

use fsgen::tree::path::{PathError, check_name, split};
use fsgen::{Kind, Meta, NodeId, Tree};

use super::mask::is_null;
use super::{Root, RootError, path_error, show, unslashed, wrong_kind};

/// The length in bytes from which on a target is too long (Linux: `PATH_MAX`, its closing NUL
/// included).
const TOO_LONG_TARGET: usize = 4096;

impl Root<'_> {
    /// Makes a directory that belongs to root.
    ///
    /// # Errors
    ///
    /// Fails when something is there already, or when the directory above is missing.
    pub fn mkdir(&mut self, path: impl AsRef<[u8]>, mode: u16) -> Result<(), RootError> {
        let path = path.as_ref();
        let meta = self.new_meta(path, mode)?;
        let (directory, name) = self.free(path)?;
        let id = self.tree.add_directory(meta);
        self.link_new(directory, &name, id);
        Ok(())
    }

    /// Makes a directory and those above it where they are missing: the last with `mode`, the
    /// others with 0755. A directory that exists is left as it is.
    ///
    /// A dangling link on the way gets its target made, as in `/home` to `var/home`.
    ///
    /// # Errors
    ///
    /// Fails when something on the way is no directory.
    pub fn mkdir_all(&mut self, path: impl AsRef<[u8]>, mode: u16) -> Result<(), RootError> {
        let path = path.as_ref();
        let meta = self.new_meta(path, mode)?;
        let mut last = None;
        // Each round makes the first directory that is missing, so the rounds are bounded by the
        // names on the way.
        loop {
            match self.tree.resolve(path) {
                Err(PathError::NotFound(missing)) => {
                    // Through a link, a directory would take the place of the device.
                    if is_null(&missing) && show(&missing) != show(path) {
                        return Err(RootError::Masked {
                            path: path.to_vec(),
                        });
                    }
                    last = Some(self.make_missing(path, &missing)?);
                }
                Err(cause) => return Err(path_error(path, cause)),
                Ok(id) if !self.tree.is_directory(id) => {
                    return Err(wrong_kind(path, &self.tree.node(id).kind, "directory"));
                }
                Ok(id) => {
                    if last == Some(id) {
                        self.tree.set_meta(id, meta);
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Makes the directories above a path where they are missing, with mode 0755.
    ///
    /// # Errors
    ///
    /// Fails when something on the way is no directory.
    pub fn mkdir_above(&mut self, path: impl AsRef<[u8]>) -> Result<(), RootError> {
        match split(path.as_ref()) {
            Some((above, _)) => self.mkdir_all(above.strip_suffix(b"/").unwrap_or(above), 0o755),
            None => Ok(()),
        }
    }

    /// Makes a symbolic link. One with the same target is left as it is; with `force`, anything
    /// but a directory is replaced.
    ///
    /// # Errors
    ///
    /// Fails when something is there already, when the directory above is missing, and on a target
    /// that no link can have.
    pub fn symlink(
        &mut self,
        target: impl AsRef<[u8]>,
        path: impl AsRef<[u8]>,
        force: bool,
    ) -> Result<(), RootError> {
        let (target, path) = (target.as_ref(), path.as_ref());
        check_target(path, target)?;
        if let Ok(Kind::Symlink(now)) = self.lstat(path).map(|node| &node.kind)
            && **now == *target
        {
            return Ok(());
        }
        let (directory, name) = self.make_way(path, force)?;
        let id = self.tree.add_symlink(Meta::root(0o777, self.time), target);
        self.link_new(directory, &name, id);
        Ok(())
    }

    /// Gives what is at `existing` a second name; a symbolic link there is linked itself. A name
    /// that it has already is left as it is; with `force`, anything but a directory is replaced.
    ///
    /// # Errors
    ///
    /// Fails on a directory, and when something else is at `path` already.
    pub fn link(
        &mut self,
        existing: impl AsRef<[u8]>,
        path: impl AsRef<[u8]>,
        force: bool,
    ) -> Result<(), RootError> {
        let existing = existing.as_ref();
        let id = self.resolve_link(existing)?;
        if self.tree.is_directory(id) {
            return Err(RootError::LinkToDirectory {
                path: existing.to_vec(),
            });
        }
        let path = path.as_ref();
        if self.tree.resolve_link(path) == Ok(id) {
            return Ok(());
        }
        let (directory, name) = self.make_way(path, force)?;
        self.link_new(directory, &name, id);
        Ok(())
    }

    /// Makes a device node, FIFO or socket that belongs to root.
    ///
    /// # Errors
    ///
    /// Fails on any other kind, and when something is there already.
    pub fn mknod(
        &mut self,
        path: impl AsRef<[u8]>,
        kind: Kind,
        mode: u16,
    ) -> Result<(), RootError> {
        let path = path.as_ref();
        if matches!(kind, Kind::Directory(_) | Kind::File(_) | Kind::Symlink(_)) {
            return Err(wrong_kind(path, &kind, "device node, FIFO or socket"));
        }
        let meta = self.new_meta(path, mode)?;
        let (directory, name) = self.free(path)?;
        unslashed(path)?;
        let id = self.tree.add_special(meta, kind);
        self.link_new(directory, &name, id);
        Ok(())
    }

    /// Moves something to another name, replacing a file or an empty directory of the same sort
    /// there, as `rename(2)` does.
    ///
    /// # Errors
    ///
    /// Fails when a directory would go into itself, and when what is at `to` cannot be replaced.
    pub fn rename(
        &mut self,
        from: impl AsRef<[u8]>,
        to: impl AsRef<[u8]>,
    ) -> Result<(), RootError> {
        let (from, to) = (from.as_ref(), to.as_ref());
        let (old_directory, old_name) = self.resolve_parent(from)?;
        let id = self.resolve_link(from)?;
        let (directory, name) = self.resolve_parent(to)?;
        self.slashed(to, id)?;
        if self.is_within(directory, id) {
            return Err(RootError::IntoItself {
                from: from.to_vec(),
                to: to.to_vec(),
            });
        }
        match self.tree.lookup(directory, &name) {
            Some(there) if there == id => return Ok(()),
            Some(there) if self.tree.is_directory(there) != self.tree.is_directory(id) => {
                return Err(self.taken(to, there));
            }
            Some(_) => self.remove(to)?,
            None => {}
        }
        self.tree.unlink(old_directory, &old_name);
        self.touch(old_directory);
        self.link_new(directory, &name, id);
        Ok(())
    }

    /// Removes a file, a link itself, or an empty directory.
    ///
    /// # Errors
    ///
    /// Fails when nothing is there, and on a directory that is not empty.
    pub fn remove(&mut self, path: impl AsRef<[u8]>) -> Result<(), RootError> {
        let path = path.as_ref();
        let id = self.resolve_link(path)?;
        let entries = self.tree.entries(id).len();
        if entries > 0 {
            return Err(RootError::NotEmpty {
                path: path.to_vec(),
                entries,
            });
        }
        self.remove_all(path)
    }

    /// Removes a file, a link itself, or a directory with all that is in it.
    ///
    /// # Errors
    ///
    /// Fails when nothing is there.
    pub fn remove_all(&mut self, path: impl AsRef<[u8]>) -> Result<(), RootError> {
        let path = path.as_ref();
        let (directory, name) = self.resolve_parent(path)?;
        let id = self.resolve_link(path)?;
        // Names inside go one by one, so that files with other hard links count them right.
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            let names: Vec<_> = self
                .tree
                .entries(id)
                .map(|(n, id)| (n.to_vec(), id))
                .collect();
            for (name, child) in names {
                self.tree.unlink(id, &name);
                todo.push(child);
            }
        }
        self.tree.unlink(directory, &name);
        self.touch(directory);
        Ok(())
    }

    /// Returns the directory and the name for a new link, having removed with `force` what is
    /// there.
    fn make_way(&mut self, path: &[u8], force: bool) -> Result<(NodeId, Vec<u8>), RootError> {
        if force
            && !path.ends_with(b"/")
            && let Ok(id) = self.tree.resolve_link(path)
            && !self.tree.is_directory(id)
        {
            self.remove(path)?;
        }
        // What is there already is told first, as Linux does.
        let free = self.free(path)?;
        unslashed(path)?;
        Ok(free)
    }

    /// Returns the directory and the name for something new.
    pub(super) fn free(&self, path: &[u8]) -> Result<(NodeId, Vec<u8>), RootError> {
        let (directory, name) = self.resolve_parent(path)?;
        match self.tree.lookup(directory, &name) {
            Some(there) => Err(self.taken(path, there)),
            None => Ok((directory, name)),
        }
    }

    /// Points a new name at a node.
    pub(super) fn link_new(&mut self, directory: NodeId, name: &[u8], id: NodeId) {
        self.tree.link(directory, name, id);
        self.touch(directory);
    }

    /// Returns whether `id` is `directory` or holds it.
    pub(super) fn is_within(&self, directory: NodeId, id: NodeId) -> bool {
        let mut at = directory;
        while at != id {
            if at == Tree::ROOT {
                return false;
            }
            at = self.tree.parent(at);
        }
        true
    }

    /// Makes the one directory that [`Tree::resolve`] found missing on the way to `path`.
    fn make_missing(&mut self, path: &[u8], missing: &[u8]) -> Result<NodeId, RootError> {
        let (above, name) = split(missing).ok_or_else(|| path_error(path, PathError::NoName))?;
        check_name(name).map_err(|cause| path_error(path, cause))?;
        let directory = self.resolve_directory(above)?;
        let id = self.tree.add_directory(Meta::root(0o755, self.time));
        self.link_new(directory, name, id);
        Ok(id)
    }

    pub(super) fn resolve_parent(&self, path: &[u8]) -> Result<(NodeId, Vec<u8>), RootError> {
        if self.numbered(path).is_some() {
            return Err(path_error(path, PathError::NoName));
        }
        let found = self.tree.resolve_parent(path);
        let (directory, name) = found.map_err(|cause| path_error(path, cause))?;
        Ok((directory, name.to_vec()))
    }

    fn taken(&self, path: &[u8], there: NodeId) -> RootError {
        RootError::Exists {
            path: path.to_vec(),
            found: self.tree.node(there).kind.noun(),
        }
    }
}

/// Checks that a symbolic link can have a target.
fn check_target(path: &[u8], target: &[u8]) -> Result<(), RootError> {
    let why = match target.len() {
        0 => "is empty",
        TOO_LONG_TARGET.. => "has more than 4095 bytes",
        _ if target.contains(&0) => "holds a NUL byte",
        _ => return Ok(()),
    };
    Err(RootError::Target {
        path: path.to_vec(),
        why,
    })
}
