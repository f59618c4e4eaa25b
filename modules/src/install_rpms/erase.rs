//! The files of a package that is replaced: what no package has any more goes.

use fsgen::Kind;

use super::store::Installed;
use super::unpack::{Unpacking, check_way, ending};
use crate::root::show;
use crate::rpm::digest::{Algorithm, Digest};
use crate::rpm::file::FileKind;
use crate::rpm::tag;
use crate::{Error, Root};

impl Unpacking<'_> {
    /// Removes the files of a package that no other has: settings that were changed are kept as
    /// `.rpmsave`, directories stay as long as something is in them.
    pub(super) fn erase(&self, root: &mut Root<'_>, installed: &Installed) -> Result<(), Error> {
        let number = installed
            .header
            .numbers(tag::FILEDIGESTALGO)
            .first()
            .copied();
        // What is in a directory comes after it.
        for (index, file) in installed.files().iter().enumerate().rev() {
            // What was left out or replaced is somebody else's, if it is there.
            if file.name.is_empty() || !installed.has(index) {
                continue;
            }
            let Some(place) = root.find_place(&file.directory, &file.name) else {
                continue;
            };
            let Some(node) = root.node_at(&place).filter(|_| !self.owners.has(&place)) else {
                continue;
            };
            if let Err(message) = check_way(root, &file.directory) {
                let path = show(&file.path()).to_string();
                root.warn(format!("{path} of {} stays: {message}", installed.identity));
                continue;
            }
            let path = root.path_at(&place);
            match (&node.kind, file.kind) {
                (Kind::Directory(_), FileKind::Directory) => {
                    if root.list(&path)?.is_empty() {
                        root.remove(&path)?;
                    }
                }
                (Kind::Directory(_), _) | (_, FileKind::Directory) => {}
                (Kind::File(content), FileKind::Regular)
                    if file.is_config() && !file.is_ghost() =>
                {
                    let mut digest = Algorithm::of(number).map(Digest::new);
                    let read = root.read_pieces(content, |piece| {
                        digest.iter_mut().for_each(|digest| digest.update(piece));
                    });
                    read.map_err(|cause| crate::RootError::Read {
                        path: path.clone(),
                        cause,
                    })?;
                    let found = digest.map(Digest::hex).unwrap_or_default();
                    if found.as_bytes().eq_ignore_ascii_case(&file.digest) {
                        root.remove(&path)?;
                        continue;
                    }
                    let saved = root.path_at(&ending(&place, ".rpmsave"));
                    root.rename(&path, &saved)?;
                    root.warn(format!(
                        "{} of {} was changed; it is kept as {}",
                        show(&path),
                        installed.identity,
                        show(&saved)
                    ));
                }
                _ => root.remove(&path)?,
            }
        }
        Ok(())
    }
}
