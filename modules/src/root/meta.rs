//! Owner, mode, time and attributes of what is in the image.

use fsgen::{Kind, Meta, NodeId, Timestamp};

use super::{ModeChange, Root, RootError};
use crate::acl::{ACCESS, Acl, DEFAULT};

impl Root<'_> {
    /// Sets the permission bits with setuid, setgid and sticky, and the mask of an access control
    /// list along with them.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere, or on a mode above 0o7777.
    pub fn chmod(&mut self, path: impl AsRef<[u8]>, mode: u16) -> Result<(), RootError> {
        let path = path.as_ref();
        let Meta { mode, .. } = self.new_meta(path, mode)?;
        let id = self.resolve(path)?;
        self.set_mode(id, mode);
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

    /// Sets the owner, the group or both as chown(2) does: what is no directory loses setuid,
    /// setgid where its group may run it, and capabilities.
    pub(crate) fn give(
        &mut self,
        path: impl AsRef<[u8]>,
        uid: Option<u32>,
        gid: Option<u32>,
    ) -> Result<(), RootError> {
        const CAPABILITY: &[u8] = b"security.capability";
        let id = self.resolve(path.as_ref())?;
        let is_directory = self.tree.is_directory(id);
        self.change_meta(id, |meta| {
            let lost = match meta.mode {
                _ if is_directory => 0,
                mode if mode & 0o010 == 0 => 0o4000,
                _ => 0o6000,
            };
            let mode = meta.mode & !lost;
            owned(Meta { mode, ..meta }, uid, gid)
        });
        let mut xattrs = self.tree.node(id).xattrs.clone();
        if !is_directory && xattrs.remove(CAPABILITY).is_some() {
            self.tree.set_xattrs(id, xattrs);
        }
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
        self.change_owner_all(path, Some(uid), Some(gid), true)
    }

    /// Sets the owner, the group or both; `follow` says whether a link at the path's end is
    /// followed. Setuid and setgid stay.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn change_owner(
        &mut self,
        path: impl AsRef<[u8]>,
        uid: Option<u32>,
        gid: Option<u32>,
        follow: bool,
    ) -> Result<(), RootError> {
        let id = self.resolve_either(path.as_ref(), follow)?;
        self.change_meta(id, |meta| owned(meta, uid, gid));
        Ok(())
    }

    /// Does the same to all that is in a directory as well; below it, links are changed
    /// themselves.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn change_owner_all(
        &mut self,
        path: impl AsRef<[u8]>,
        uid: Option<u32>,
        gid: Option<u32>,
        follow: bool,
    ) -> Result<(), RootError> {
        let top = self.resolve_either(path.as_ref(), follow)?;
        for id in self.all_below(top) {
            self.change_meta(id, |meta| owned(meta, uid, gid));
        }
        Ok(())
    }

    /// Changes permission bits as chmod(1) does; with `recursive`, of all that is in a directory
    /// as well, except links.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn change_mode(
        &mut self,
        path: impl AsRef<[u8]>,
        change: &ModeChange,
        recursive: bool,
    ) -> Result<(), RootError> {
        let top = self.resolve(path.as_ref())?;
        let nodes = if recursive {
            self.all_below(top)
        } else {
            vec![top]
        };
        for id in nodes {
            if matches!(self.tree.node(id).kind, Kind::Symlink(_)) {
                continue;
            }
            let is_directory = self.tree.is_directory(id);
            let mode = self.tree.node(id).meta.mode;
            self.set_mode(id, change.apply(mode, is_directory));
        }
        Ok(())
    }

    /// Sets the time of the last change of content.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn set_mtime(
        &mut self,
        path: impl AsRef<[u8]>,
        mtime: Timestamp,
        follow: bool,
    ) -> Result<(), RootError> {
        let id = self.resolve_either(path.as_ref(), follow)?;
        self.change_meta(id, |meta| Meta { mtime, ..meta });
        Ok(())
    }

    /// Returns the value of an extended attribute.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere, or there is no such attribute.
    pub fn xattr(
        &self,
        path: impl AsRef<[u8]>,
        name: impl AsRef<[u8]>,
        follow: bool,
    ) -> Result<Vec<u8>, RootError> {
        let (path, name) = (path.as_ref(), name.as_ref());
        let id = self.resolve_either(path, follow)?;
        let value = self.tree.node(id).xattrs.get(name);
        value
            .map(|value| value.to_vec())
            .ok_or_else(|| no_attribute(path, name))
    }

    /// Returns the names of all extended attributes, in byte order.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere.
    pub fn xattrs(&self, path: impl AsRef<[u8]>, follow: bool) -> Result<Vec<Vec<u8>>, RootError> {
        let id = self.resolve_either(path.as_ref(), follow)?;
        let names = self.tree.node(id).xattrs.keys();
        Ok(names.map(|name| name.to_vec()).collect())
    }

    /// Sets one extended attribute by its full name, such as `user.comment`.
    ///
    /// An access control list changes the permission bits, as in Linux, and is not kept where these
    /// say the same.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere, on a name that Linux has no place for, and on an access
    /// control list that it would not take.
    pub fn set_xattr(
        &mut self,
        path: impl AsRef<[u8]>,
        name: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), RootError> {
        self.change_xattr(path, name, Some(value.as_ref()), true)
    }

    /// Sets one extended attribute, or removes it where there is no value.
    ///
    /// # Errors
    ///
    /// Fails when the path leads nowhere, on a name that Linux has no place for, on an access
    /// control list that it would not take, and when there is no such attribute to remove.
    pub fn change_xattr(
        &mut self,
        path: impl AsRef<[u8]>,
        name: impl AsRef<[u8]>,
        value: Option<&[u8]>,
        follow: bool,
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
        let id = self.resolve_either(path, follow)?;
        let mut xattrs = self.tree.node(id).xattrs.clone();
        if let Some(value) = value
            && let Some(acl) = self.new_acl(path, id, name, value)?
        {
            self.change_meta(id, |meta| Meta {
                mode: meta.mode & !0o777 | acl.mode(),
                ..meta
            });
            if acl.is_mode() {
                xattrs.remove(name);
                self.tree.set_xattrs(id, xattrs);
                return Ok(());
            }
        }
        match value {
            Some(value) => {
                xattrs.insert(name.into(), value.into());
            }
            None => {
                xattrs
                    .remove(name)
                    .ok_or_else(|| no_attribute(path, name))?;
            }
        }
        self.tree.set_xattrs(id, xattrs);
        Ok(())
    }

    /// Returns the access control list that an attribute is to set, and none if it is another one.
    fn new_acl(
        &self,
        path: &[u8],
        id: NodeId,
        name: &[u8],
        value: &[u8],
    ) -> Result<Option<Acl>, RootError> {
        let is_access = name == ACCESS.as_bytes();
        if !is_access && name != DEFAULT.as_bytes() {
            return Ok(None);
        }
        let none = |what| RootError::NoAcl {
            path: path.to_vec(),
            what,
        };
        match self.tree.node(id).kind {
            Kind::Symlink(_) => return Err(none("a symbolic link has no access control list")),
            Kind::Directory(_) => {}
            _ if is_access => {}
            _ => return Err(none("only a directory has a default access control list")),
        }
        let acl = Acl::decode(value).map_err(|why| RootError::Acl {
            path: path.to_vec(),
            why,
        })?;
        Ok(is_access.then_some(acl))
    }

    /// Returns a node and all that is below it.
    fn all_below(&self, top: NodeId) -> Vec<NodeId> {
        let mut found = vec![top];
        let mut next = 0;
        while let Some(id) = found.get(next).copied() {
            found.extend(self.tree.entries(id).map(|(_, child)| child));
            next += 1;
        }
        found
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

    pub(super) fn change_meta(&mut self, id: NodeId, change: impl FnOnce(Meta) -> Meta) {
        let meta = change(self.tree.node(id).meta);
        self.tree.set_meta(id, meta);
    }

    /// Sets all of a mode, as chmod(2) does: its bits for the group are the mask of an ACL.
    pub(super) fn set_mode(&mut self, id: NodeId, mode: u16) {
        self.change_meta(id, |meta| Meta { mode, ..meta });
        let xattrs = &self.tree.node(id).xattrs;
        let acl = xattrs.get(ACCESS.as_bytes());
        if let Some(mut acl) = acl.and_then(|value| Acl::decode(value).ok()) {
            acl.chmod(mode);
            let mut xattrs = xattrs.clone();
            xattrs.insert(ACCESS.as_bytes().into(), acl.encode().into());
            self.tree.set_xattrs(id, xattrs);
        }
    }

    pub(super) fn touch(&mut self, id: NodeId) {
        let mtime = self.time;
        self.change_meta(id, |meta| Meta { mtime, ..meta });
    }
}

fn owned(meta: Meta, uid: Option<u32>, gid: Option<u32>) -> Meta {
    Meta {
        uid: uid.unwrap_or(meta.uid),
        gid: gid.unwrap_or(meta.gid),
        ..meta
    }
}

fn no_attribute(path: &[u8], name: &[u8]) -> RootError {
    RootError::NoAttribute {
        path: path.to_vec(),
        name: name.to_vec(),
    }
}
