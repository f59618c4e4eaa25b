//! Copies of files and directories of the image.

use fsgen::Kind;

use super::create::Stop;
use super::item::{Id, Item};
use super::perms::set_perms;
use crate::root::{Root, RootError, join};

/// Copies to a path where nothing is, or only an empty directory; with `+`, also into directories,
/// whose files stay.
pub(super) fn copy(root: &mut Root<'_>, item: &Item, source: &[u8]) -> Result<(), Stop> {
    let path = &item.path;
    let mut todo = vec![(source.to_vec(), path.clone())];
    while let Some((from, to)) = todo.pop() {
        if root.lstat(&to).is_err() {
            root.copy(&from, &to)?;
            let id = |id: Option<Id>| id.map(|id| id.id);
            root.change_owner_all(&to, id(item.uid), id(item.gid), false)?;
            continue;
        }
        let merges = item.modifiers.plus || root.list(&to).is_ok_and(|names| names.is_empty());
        if merges && is_directory(root, &from) && is_directory(root, &to) {
            let names = root.list(&from)?.into_iter();
            todo.extend(names.map(|name| (join(&from, &name), join(&to, &name))));
        }
    }
    if is_same_kind(root, source, path)? {
        set_perms(root, path, item, true, false)?;
    }
    Ok(())
}

fn is_directory(root: &Root<'_>, path: &[u8]) -> bool {
    root.is_dir(path) && !root.is_link(path)
}

/// Returns whether what is there now is of the kind that the source leads to.
fn is_same_kind(root: &Root<'_>, source: &[u8], path: &[u8]) -> Result<bool, RootError> {
    let kind = |kind: &Kind| kind.noun();
    Ok(kind(&root.stat(source)?.kind) == kind(&root.lstat(path)?.kind))
}
