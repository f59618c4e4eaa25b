//! Owner and mode of what a line is about.

use fsgen::Kind;

use super::item::{Id, Item};
use super::line::Mode;
use crate::root::{Root, RootError};

/// Sets owner, group and mode as far as a line has them; `is_new` says whether the line made what is
/// at the path, `follow` whether a link is followed. Links have no mode.
pub(super) fn set_perms(
    root: &mut Root<'_>,
    path: &[u8],
    item: &Item,
    is_new: bool,
    follow: bool,
) -> Result<(), RootError> {
    let node = if follow {
        root.stat(path)?
    } else {
        root.lstat(path)?
    };
    let now = node.meta.mode;
    let is_link = matches!(node.kind, Kind::Symlink(_));
    let is_directory = matches!(node.kind, Kind::Directory(_));
    let id = |id: Option<Id>| id.filter(|id| is_new || !id.only_new).map(|id| id.id);
    root.change_owner(path, id(item.uid), id(item.gid), follow)?;
    match item.mode.filter(|mode| is_new || !mode.only_new) {
        Some(mode) if !is_link => root.chmod(path, apply(mode, now, is_directory)),
        _ => Ok(()),
    }
}

/// Returns the bits after a change; masked ones give nobody what nobody had.
fn apply(mode: Mode, now: u16, is_directory: bool) -> u16 {
    if !mode.masked {
        return mode.bits;
    }
    let mut bits = mode.bits;
    for all in [0o111, 0o222, 0o444] {
        if now & all == 0 {
            bits &= !all;
        }
    }
    if is_directory { bits } else { bits & 0o777 }
}
