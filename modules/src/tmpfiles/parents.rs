//! The directories above a path.

use fsgen::Kind;

use super::item::Item;
use crate::root::{Root, RootError};

/// Makes the directories above the path of an item where they are missing. With `=`, what is in the
/// way is removed, as is what is at the path itself and of another kind.
pub(super) fn make(root: &mut Root<'_>, item: &Item) -> Result<(), RootError> {
    let path = &item.path;
    if !item.modifiers.replace {
        // Through a link that leads nowhere, nothing is made.
        for cut in (1..path.len()).filter(|i| path[*i] == b'/') {
            if root.is_link(&path[..cut]) {
                root.stat(&path[..cut])?;
            }
        }
        return root.mkdir_above(path);
    }
    for cut in (1..path.len()).filter(|i| path[*i] == b'/') {
        let top = &path[..cut];
        if root.is_dir(top) {
            continue;
        }
        if root.lstat(top).is_ok() {
            root.remove_all(top)?;
        }
        root.mkdir(top, 0o755)?;
    }
    let is_right = match root.lstat(path).map(|node| &node.kind) {
        Err(_) => true,
        Ok(found) => match item.kind {
            b'f' | b'F' => matches!(found, Kind::File(_)),
            b'p' => matches!(found, Kind::Fifo),
            b'L' => matches!(found, Kind::Symlink(_)),
            b'c' => matches!(found, Kind::CharDevice(_)),
            b'b' => matches!(found, Kind::BlockDevice(_)),
            b'C' => true,
            _ => matches!(found, Kind::Directory(_)),
        },
    };
    if is_right {
        Ok(())
    } else {
        root.remove_all(path)
    }
}
