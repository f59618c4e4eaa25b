//! The files of a package that is replaced: what no package has any more goes.

use fsgen::Kind;

use super::fate;
use super::store::Installed;
use super::unpack::{Unpacking, check_way, ending};
use crate::root::{Place, show};
use crate::rpm::file::FileKind;
use crate::{Error, Root, RootError};

impl Unpacking<'_> {
    /// Removes the files of a package that no other has: settings that were changed are kept as
    /// `.rpmsave`, directories stay as long as something is in them.
    pub(super) fn erase(&self, root: &mut Root<'_>, installed: &Installed) -> Result<(), Error> {
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
            let is_directory = matches!(node.kind, Kind::Directory(_));
            // What somebody made of settings is never lost. Else rpm does not ask whether it is what
            // the package had there.
            let is_settings = matches!(file.kind, FileKind::Regular | FileKind::Symlink);
            if is_settings && file.is_config() {
                let like = fate::is_like(root, &node.kind, file, &installed.header);
                let path = path.clone();
                if !like.map_err(|cause| RootError::Read { path, cause })? {
                    if !file.is_ghost() {
                        save(root, &place, installed);
                    }
                    continue;
                }
            }
            if !is_directory || root.list(&path)?.is_empty() {
                root.remove(&path)?;
            }
        }
        Ok(())
    }
}

/// Puts settings aside that were changed. Where something is in the way, they stay, as with rpm.
fn save(root: &mut Root<'_>, place: &Place, installed: &Installed) {
    let [path, saved] = [place, &ending(place, ".rpmsave")].map(|place| root.path_at(place));
    let outcome = match root.rename(&path, &saved) {
        Ok(()) => format!("is kept as {}", show(&saved)),
        Err(_) => format!("stays, as it cannot be renamed to {}", show(&saved)),
    };
    root.warn(format!(
        "{} of {} was changed; it {outcome}",
        show(&path),
        installed.identity,
    ));
}
