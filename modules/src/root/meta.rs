//! Owner, mode, time and attributes of what is in the image.

use fsgen::{Meta, NodeId};

use super::{Root, RootError};

impl Root<'_> {
    /// Sets the permission bits with setuid, setgid and sticky.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere, or on a mode above 0o7777.
    pub fn chmod(&mut self, path: impl AsRef<[u8]>, mode: u16) -> Result<(), RootError> {
        let path = path.as_ref();
        let Meta { mode, .. } = self.new_meta(path, mode)?;
        let id = self.resolve(path)?;
        self.change_meta(id, |meta| Meta { mode, ..meta });
        Ok(())
    }

    /// Sets owner and group of what a path leads to. Setuid and setgid stay.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn chown(&mut self, path: impl AsRef<[u8]>, uid: u32, gid: u32) -> Result<(), RootError> {
        let id = self.resolve(path.as_ref())?;
        self.change_meta(id, |meta| Meta { uid, gid, ..meta });
        Ok(())
    }

    /// Sets owner and group of a directory and all that is in it; links themselves, not what
    /// they lead to.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn chown_all(
        &mut self,
        path: impl AsRef<[u8]>,
        uid: u32,
        gid: u32,
    ) -> Result<(), RootError> {
        let mut todo = vec![self.resolve(path.as_ref())?];
        while let Some(id) = todo.pop() {
            self.change_meta(id, |meta| Meta { uid, gid, ..meta });
            todo.extend(self.tree.entries(id).map(|(_, child)| child));
        }
        Ok(())
    }

    /// Sets one extended attribute by its full name, such as `user.comment`.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere, or on a name that Linux has no place for.
    pub fn set_xattr(
        &mut self,
        path: impl AsRef<[u8]>,
        name: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), RootError> {
        let (path, name) = (path.as_ref(), name.as_ref());
        let known = [&b"user."[..], b"trusted.", b"security.", b"system."];
        let named = known
            .iter()
            .any(|prefix| name.starts_with(prefix) && name.len() > prefix.len());
        if !named || name.len() > 255 || name.contains(&0) {
            return Err(RootError::AttributeName {
                path: path.to_vec(),
                name: name.to_vec(),
            });
        }
        let id = self.resolve(path)?;
        let mut xattrs = self.tree.node(id).xattrs.clone();
        xattrs.insert(name.into(), value.as_ref().into());
        self.tree.set_xattrs(id, xattrs);
        Ok(())
    }

    /// Returns the metadata of something new that belongs to root.
    pub(super) fn new_meta(&self, path: &[u8], mode: u16) -> Result<Meta, RootError> {
        if mode > 0o7777 {
            return Err(RootError::Mode {
                path: path.to_vec(),
                mode,
            });
        }
        Ok(Meta::root(mode, self.time))
    }

    fn change_meta(&mut self, id: NodeId, change: impl FnOnce(Meta) -> Meta) {
        let meta = change(self.tree.node(id).meta);
        self.tree.set_meta(id, meta);
    }

    pub(super) fn touch(&mut self, id: NodeId) {
        let mtime = self.time;
        self.change_meta(id, |meta| Meta { mtime, ..meta });
    }
}
