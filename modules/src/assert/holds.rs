//! Whether one path is as an item says.

use fsgen::Kind;

use super::{Item, noun, regex};
use crate::root::show;
use crate::value::{Spanned, ValueError};
use crate::{Error, Root, permissions};

pub(super) fn check(root: &Root<'_>, item: &Item, path: &[u8]) -> Result<(), Error> {
    check_itself(root, item, path)?;
    let Ok(node) = root.stat(path) else {
        let asks_for_the_link = item.r#type.is_some() || item.target.is_some();
        let asks_behind_it = item.mode.is_some()
            || item.user.is_some()
            || item.group.is_some()
            || item.asks_for_content();
        if asks_for_the_link && !asks_behind_it {
            return Ok(());
        }
        return Err(wrong(&item.path, path, "is a link that leads nowhere"));
    };
    if item.path.ends_with('/') && !matches!(node.kind, Kind::Directory(_)) {
        let why = format!("is a {}, not a directory", node.kind.noun());
        return Err(wrong(&item.path, path, why));
    }
    let meta = node.meta;
    if let Some(mode) = item.mode.as_ref().filter(|mode| mode.0 != meta.mode) {
        let why = format!("has mode {:04o}, not {:04o}", meta.mode, mode.0);
        return Err(wrong(mode, path, why));
    }
    if let Some(user) = &item.user {
        let wanted = permissions::uid(root, user)?;
        if wanted != meta.uid {
            return Err(wrong(
                user,
                path,
                format!("belongs to uid {}, not {wanted}", meta.uid),
            ));
        }
    }
    if let Some(group) = &item.group {
        let wanted = permissions::gid(root, group)?;
        if wanted != meta.gid {
            return Err(wrong(
                group,
                path,
                format!("belongs to gid {}, not {wanted}", meta.gid),
            ));
        }
    }
    check_content(root, item, path)
}

/// Checks what a link is itself.
fn check_itself(root: &Root<'_>, item: &Item, path: &[u8]) -> Result<(), Error> {
    let kind = &root.lstat(path)?.kind;
    if let Some(wanted) = &item.r#type {
        let word = noun(wanted)?;
        if kind.noun() != word {
            return Err(wrong(
                wanted,
                path,
                format!("is a {}, not a {word}", kind.noun()),
            ));
        }
    }
    if let Some(target) = &item.target {
        match kind {
            Kind::Symlink(found) if **found == *target.as_bytes() => {}
            Kind::Symlink(found) => {
                let why = format!("leads to {}, not to {}", found.escape_ascii(), **target);
                return Err(wrong(target, path, why));
            }
            other => {
                let why = format!("is a {}, not a symlink", other.noun());
                return Err(wrong(target, path, why));
            }
        }
    }
    Ok(())
}

fn check_content(root: &Root<'_>, item: &Item, path: &[u8]) -> Result<(), Error> {
    if !item.asks_for_content() {
        return Ok(());
    }
    let content = match &root.stat(path)?.kind {
        Kind::File(content) => content,
        other => {
            let why = format!("is a {}, which has no content", other.noun());
            return Err(wrong(&item.path, path, why));
        }
    };
    let len = content.len();
    if let Some(least) = item.min_size.as_ref().filter(|least| len < ***least) {
        return Err(wrong(
            least,
            path,
            format!("has {len} bytes, fewer than {}", **least),
        ));
    }
    if let Some(most) = item.max_size.as_ref().filter(|most| len > ***most) {
        return Err(wrong(
            most,
            path,
            format!("has {len} bytes, more than {}", **most),
        ));
    }
    if item.matches.is_none() && item.lacks.is_none() {
        return Ok(());
    }
    let bytes = root.read(path)?;
    if let Some(wanted) = &item.matches
        && !regex(wanted)?.is_match(&bytes)
    {
        return Err(wrong(
            wanted,
            path,
            format!("has nothing that {:?} finds", **wanted),
        ));
    }
    if let Some(unwanted) = &item.lacks
        && let Some(found) = regex(unwanted)?.find(&bytes)
    {
        let line = bytes[..found.start()]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        let why = format!("has what {:?} finds, in line {line}", **unwanted);
        return Err(wrong(unwanted, path, why));
    }
    Ok(())
}

fn wrong<T>(option: &Spanned<T>, path: &[u8], why: impl AsRef<str>) -> Error {
    let error: ValueError = option.error(format!("{} {}", show(path), why.as_ref()));
    error.into()
}
