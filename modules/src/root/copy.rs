//! Copies inside the image, faithful to the last attribute.

use fsgen::{Kind, NodeId};

use super::{Root, RootError};

impl Root<'_> {
    /// Copies a file, a link itself, or a directory with all that is in it, to a free name.
    ///
    /// Owner, mode, time and attributes are those of the original, as with `cp -a`, except that
    /// hard links become files of their own. Content is shared, not copied.
    ///
    /// # Errors
    ///
    /// Fails when `to` is taken or its directory is missing, and when a directory would be
    /// copied into itself.
    pub fn copy(&mut self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<(), RootError> {
        let (from, to) = (from.as_ref(), to.as_ref());
        let original = self.resolve_link(from)?;
        let (directory, name) = self.free(to)?;
        if self.is_within(directory, original) {
            return Err(RootError::IntoItself {
                from: from.to_vec(),
                to: to.to_vec(),
            });
        }
        let top = self.copy_node(original);
        let mut todo = vec![(original, top)];
        while let Some((original, copy)) = todo.pop() {
            let entries = self.tree.entries(original);
            let entries: Vec<_> = entries.map(|(name, id)| (name.to_vec(), id)).collect();
            for (name, id) in entries {
                let child = self.copy_node(id);
                self.tree.link(copy, &name, child);
                todo.push((id, child));
            }
        }
        self.link_new(directory, &name, top);
        Ok(())
    }

    /// Copies one node without the names in it.
    fn copy_node(&mut self, id: NodeId) -> NodeId {
        let node = self.tree.node(id).clone();
        let copy = match node.kind {
            Kind::Directory(_) => self.tree.add_directory(node.meta),
            Kind::File(content) => self.tree.add_file(node.meta, content),
            Kind::Symlink(target) => self.tree.add_symlink(node.meta, &target),
            special => self.tree.add_special(node.meta, special),
        };
        self.tree.set_xattrs(copy, node.xattrs);
        copy
    }
}
