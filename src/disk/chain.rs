//! Files that a disk image names: the disk that it is a difference to, and where its data is.
//!
//! An image may come from anywhere, and could name any file of the host to get at its bytes. So
//! only those are read that lie in its own folder, or below.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{self, Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};

use super::file::PlainFile;
use super::{Disk, Form, form, open_as};

/// How many images may be a difference to each other.
const DEEPEST: usize = 64;

/// The images from the first one to the one that is being opened.
pub(super) struct Chain<'f> {
    folder: Option<&'f Path>,
    /// Device and number of each file that was opened.
    seen: Vec<(u64, u64)>,
}

impl<'f> Chain<'f> {
    /// Returns the chain of an image that lies in a folder.
    pub(super) fn new(folder: Option<&'f Path>) -> Self {
        Self {
            folder,
            seen: Vec::new(),
        }
    }

    /// Opens the file that is called `name`, as it is.
    pub(super) fn file(&mut self, name: &[u8]) -> Result<Arc<dyn Disk>> {
        let (file, _) = self.plain(name)?;
        Ok(file)
    }

    /// Opens the disk in the file that is called `name`, of a form that has a name in QEMU; any
    /// when nothing is said.
    pub(super) fn disk(&mut self, name: &[u8], form_name: Option<&[u8]>) -> Result<Arc<dyn Disk>> {
        let (file, path) = self.plain(name)?;
        let open = || {
            // What is said to be raw stays raw, whatever a guest has written to its start.
            let found = match form_name {
                Some(b"raw") => Form::Raw,
                _ => form(&*file)?,
            };
            let form = match (form_name, found) {
                (None | Some(b"raw"), _)
                | (Some(b"qcow2"), Form::Qcow2)
                | (Some(b"vmdk"), Form::Vmdk)
                | (Some(b"vpc"), Form::Vhd) => found,
                (Some(other), _) => bail!("it should be {}, but is none", other.escape_ascii()),
            };
            let folder = path.parent().unwrap_or(Path::new("/"));
            let mut chain = Chain {
                folder: Some(folder),
                seen: self.seen.clone(),
            };
            open_as(form, file.clone(), &mut chain)
        };
        open().with_context(|| path.display().to_string())
    }

    fn plain(&mut self, name: &[u8]) -> Result<(Arc<dyn Disk>, PathBuf)> {
        let path = self.path(name)?;
        let open = || -> io::Result<_> {
            let meta = std::fs::metadata(&path)?;
            Ok((PlainFile::open(&path)?, (meta.dev(), meta.ino())))
        };
        let (file, identity) = open().with_context(|| path.display().to_string())?;
        ensure!(
            !self.seen.contains(&identity),
            "{}: it comes twice, as a difference to itself",
            path.display()
        );
        self.seen.push(identity);
        let count = self.seen.len();
        ensure!(
            count <= DEEPEST,
            "more than {DEEPEST} images are differences to each other"
        );
        Ok((Arc::new(file), path))
    }

    /// Returns where a file is that an image names.
    fn path(&self, name: &[u8]) -> Result<PathBuf> {
        let shown = name.escape_ascii();
        const WHOLE: &str = "`qemu-img convert -O qcow2` makes an image that needs no other";
        let Some(folder) = self.folder else {
            bail!("it needs the file \"{shown}\", and only images in files may; {WHOLE}");
        };
        let text = std::str::from_utf8(name).context("it needs a file whose name is no UTF-8")?;
        let text = text.strip_prefix("file:").unwrap_or(text);
        let scheme = text.split('/').next().unwrap_or_default();
        ensure!(
            !scheme.contains(':'),
            "it needs \"{shown}\", which is no file; {WHOLE}"
        );
        let folder = path::absolute(folder)?;
        let path = folder.join(text);
        let inside = path.strip_prefix(&folder).ok();
        let inside = inside.filter(|rest| {
            let mut parts = rest.components();
            parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        });
        ensure!(
            inside.is_some_and(|rest| !rest.as_os_str().is_empty()),
            "it needs the file \"{shown}\", which is not in its folder {}; put it or a link to it \
             there and `qemu-img rebase -u -b` the image, or make it whole: {WHOLE}",
            folder.display()
        );
        Ok(path)
    }
}
