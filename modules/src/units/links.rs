//! The links that are there: which of them are about a unit, and how they are taken away.

use std::collections::BTreeSet;

use fsgen::tree::path::split;

use super::find::{find, is_among_units, real};
use super::install::{DEPENDENCIES, Install};
use super::{CONFIG, UnitError, UnitName, is_mask};
use crate::root::join;
use crate::{Root, RootError};

/// Removes every link to a unit from `/etc/systemd/system` but for those that are kept; returns the
/// paths of the links. `also` says whether it is done to the units of `Also=`, too.
pub(super) fn unlink(
    root: &mut Root<'_>,
    unit: &str,
    also: bool,
    kept: &BTreeSet<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, UnitError> {
    let first = UnitName::parse(unit)?;
    let Named {
        names,
        masked,
        missing,
    } = names_of(root, &first, also)?;
    for name in masked {
        root.warn(format!("unit {name} is masked: it is not disabled"));
    }
    let mut links = Vec::new();
    for path in config_links(root)? {
        let target = match root.is_file(&path) {
            true => real(root, &path)?,
            false => root.readlink(&path)?,
        };
        if !kept.contains(&path) && is_about(&path, &target, &names) {
            links.push(path);
        }
    }
    // A unit that is gone may have left links, which may as well go.
    if let Some(error) = missing.filter(|_| links.is_empty()) {
        return Err(error);
    }
    for path in &links {
        root.remove(path)?;
        if let Some((directory, _)) = split(path)
            && is_dependencies(directory)
            && root.list(directory)?.is_empty()
        {
            root.remove(directory)?;
        }
    }
    Ok(links)
}

/// What there is under a unit's name.
#[derive(Default)]
pub(super) struct Named {
    /// The names that it has.
    pub(super) names: BTreeSet<UnitName>,
    /// The units that it leads to and that are masked: links to these, and the masks, stay.
    masked: BTreeSet<UnitName>,
    /// Why its file is not found.
    missing: Option<UnitError>,
}

/// Looks for a unit, with the units of `Also=` if these are meant as well.
pub(super) fn names_of(root: &Root<'_>, first: &UnitName, also: bool) -> Result<Named, UnitError> {
    let mut found = Named::default();
    let mut todo = vec![first.clone()];
    while let Some(name) = todo.pop() {
        if let Some(masked) = masked(root, &name) {
            found.masked.insert(masked);
            continue;
        }
        if !found.names.insert(name.clone()) {
            continue;
        }
        match find(root, &name) {
            Ok(unit) => {
                if also {
                    todo.extend(Install::read(root, &unit)?.also(&unit.name)?);
                }
                found.names.insert(unit.name);
            }
            Err(error) => {
                // Another name goes with the unit's own.
                todo.extend(other_name(&error));
                if name == *first {
                    found.missing = Some(error);
                }
            }
        }
    }
    Ok(found)
}

/// Returns the unit that a name leads to if that is masked.
fn masked(root: &Root<'_>, name: &UnitName) -> Option<UnitName> {
    let mut name = name.clone();
    for _ in 0..8 {
        name = match find(root, &name) {
            Err(UnitError::Masked { name, .. }) => return Some(name),
            Ok(unit) if is_mask(root, &unit.path).is_ok_and(|is_mask| is_mask) => {
                return Some(unit.name);
            }
            found => other_name(&found.err()?)?,
        };
    }
    None
}

/// Returns the unit that a link of the administrator's leads to.
fn other_name(error: &UnitError) -> Option<UnitName> {
    let UnitError::Linked { target, .. } = error else {
        return None;
    };
    let (_, unit) = split(target)?;
    UnitName::parse(&String::from_utf8_lossy(unit)).ok()
}

/// Returns whether there is a link that leads to `target` already, or to what has the same name in
/// another folder of units: the link is about the name. Anything else there fails.
pub(super) fn leads_to(root: &Root<'_>, path: &[u8], target: &[u8]) -> Result<bool, UnitError> {
    match root.lstat(path) {
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error.into()),
        Ok(_) if root.is_link(path) => {
            let now = root.readlink(path)?;
            let same = root.stat_links(path, true).ok().map(|stat| stat.number)
                == root.stat_links(target, true).ok().map(|stat| stat.number);
            let is_other = [&now, target].into_iter().all(is_among_units)
                && split(&now).map(|(_, name)| name) == split(target).map(|(_, name)| name);
            if now == target || same || is_other {
                return Ok(true);
            }
            Err(UnitError::Taken {
                path: path.to_vec(),
                target: now,
            })
        }
        Ok(node) => Err(RootError::Exists {
            path: path.to_vec(),
            found: node.kind.noun(),
        }
        .into()),
    }
}

/// Returns all links in `/etc/systemd/system` and in its directories of dependencies.
fn config_links(root: &Root<'_>) -> Result<Vec<Vec<u8>>, RootError> {
    if !root.is_dir(CONFIG) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for name in root.list(CONFIG)? {
        let path = join(CONFIG.as_bytes(), &name);
        if root.is_link(&path) {
            found.push(path);
        } else if is_dependencies(&path) && root.is_dir(&path) {
            let inner = root.list(&path)?.into_iter();
            let inner = inner.map(|name| join(&path, &name));
            found.extend(inner.filter(|path| root.is_link(path)));
        }
    }
    Ok(found)
}

/// Returns whether a directory is one such as `multi-user.target.wants`.
pub(super) fn is_dependencies(path: &[u8]) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    DEPENDENCIES
        .iter()
        .any(|(_, ending)| path.ends_with(ending.as_bytes()))
}

/// Returns whether a link has one of the names, or leads to a file of one of them, or is an
/// instance of one of them. A mask of such an instance is about it, too, as it is for systemctl.
pub(super) fn is_about(path: &[u8], target: &[u8], names: &BTreeSet<UnitName>) -> bool {
    let last = |path: &[u8]| {
        let (_, last) = split(path)?;
        UnitName::parse(std::str::from_utf8(last).ok()?).ok()
    };
    let own = last(path);
    let template = own.as_ref().and_then(UnitName::template);
    let known = [own, template, last(target)];
    known.iter().flatten().any(|name| names.contains(name))
}
