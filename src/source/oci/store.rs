//! Where the blobs of an image lie: in a folder, or in an archive, which is read as a tree itself.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use fsgen::{Content, Kind, ReadAt, Tree};

use super::super::window::Archive;
use super::manifest::Descriptor;
use crate::disk::file::PlainFile;

/// Blobs by digest.
pub(in super::super) trait Store {
    /// Returns a blob, which still has to be checked.
    ///
    /// # Errors
    ///
    /// Fails when it is not there.
    fn blob(&self, descriptor: &Descriptor) -> Result<Arc<dyn Archive>>;
}

/// An image layout, or what `docker save` makes.
pub(super) trait Files {
    /// Returns a file.
    ///
    /// # Errors
    ///
    /// Fails when there is none at the path.
    fn open(&self, path: &str) -> Result<Arc<dyn Archive>>;
}

/// A layout in a folder, which may have other images, and get more.
pub(super) struct Folder(pub(super) PathBuf);

impl Files for Folder {
    fn open(&self, path: &str) -> Result<Arc<dyn Archive>> {
        let file = PlainFile::open(&self.0.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow!("no such file"),
            _ => error.into(),
        });
        Ok(Arc::new(file.with_context(|| format!("`{path}`"))?))
    }
}

/// The files of an archive.
pub(super) struct Packed(pub(super) Arc<Tree>);

impl Files for Packed {
    fn open(&self, path: &str) -> Result<Arc<dyn Archive>> {
        let id = self.0.resolve(path.as_bytes());
        let id = id.with_context(|| format!("`{path}`"))?;
        let Kind::File(content) = &self.0.node(id).kind else {
            bail!("`{path}` is no file");
        };
        let part = Part::new(self.0.clone(), content.clone(), path);
        Ok(Arc::new(part))
    }
}

impl<F: Files> Store for F {
    fn blob(&self, descriptor: &Descriptor) -> Result<Arc<dyn Archive>> {
        let digest = &descriptor.digest;
        self.open(&format!("blobs/{}/{}", digest.algorithm(), digest.hex()))
    }
}

/// A file of an archive.
pub(super) struct Part {
    tree: Arc<Tree>,
    content: Content,
    path: String,
}

impl Part {
    pub(super) fn new(tree: Arc<Tree>, content: Content, path: &str) -> Self {
        Self {
            tree,
            content,
            path: path.to_owned(),
        }
    }
}

impl ReadAt for Part {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.content.read_exact_at(&self.tree, buf, offset)
    }

    fn name(&self) -> String {
        let sources = self.tree.sources();
        let archive = sources.first().map(|source| source.name() + ": ");
        archive.unwrap_or_default() + &self.path
    }

    fn check_unchanged(&self) -> io::Result<()> {
        let mut sources = self.tree.sources().iter();
        sources.try_for_each(|source| source.check_unchanged())
    }
}

impl Archive for Part {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.content.len().saturating_sub(offset);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        self.read_exact_at(&mut buf[..len], offset)?;
        Ok(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.content.len())
    }
}
