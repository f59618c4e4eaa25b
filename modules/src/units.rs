//! Units of systemd: enabled, disabled and masked as `systemctl --root` does it.
//!
//! Enabling makes the links in `/etc/systemd/system` that a unit's `[Install]` section asks for.
//! Unlike systemctl, nothing is done at all when part of it cannot be.

mod asked;
mod error;
mod find;
mod install;
mod later;
mod links;
mod name;
mod preset;

use std::collections::BTreeSet;

use fsgen::Kind;

use crate::root::join;
use crate::{Root, RootError};
pub(crate) use asked::asked_links;
pub(crate) use error::UnitError;
use find::{Unit, find, is_among_units};
use install::{Install, Notes};
pub(crate) use later::Later;
use links::{leads_to, unlink};
pub(crate) use name::UnitName;
pub(crate) use preset::{preset, preset_all, preset_enable};

/// Where the administrator's units and all links are.
pub(crate) const CONFIG: &str = "/etc/systemd/system";

/// The unit that the system boots into.
const DEFAULT: &str = "default.target";

/// Where units are looked for; `/run` is empty when a system boots.
const PATHS: [&str; 4] = [
    CONFIG,
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Returns the names of all units that the image has, templates among them, in order.
pub(crate) fn names(root: &Root<'_>) -> Result<BTreeSet<String>, RootError> {
    let mut found = BTreeSet::new();
    for directory in PATHS {
        if !root.is_dir(directory) {
            continue;
        }
        for name in root.list(directory)? {
            let is_unit = !root.is_dir(join(directory.as_bytes(), &name));
            let name = String::from_utf8(name).ok().filter(|_| is_unit);
            let name = name.and_then(|name| UnitName::checked(name).ok());
            found.extend(name.map(|name| name.as_str().to_owned()));
        }
    }
    Ok(found)
}

/// Fails when the image has no unit of that name, nor a template that it is of.
pub(crate) fn check_known(root: &Root<'_>, unit: &str) -> Result<(), UnitError> {
    match find(root, &UnitName::parse(unit)?) {
        Err(error @ (UnitError::Missing { .. } | UnitError::Name { .. } | UnitError::Root(_))) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Makes the links of a unit and of those that it names in `Also=`; returns the paths of those
/// that were not there yet. A template of which nothing can be enabled fails.
pub(crate) fn enable(root: &mut Root<'_>, unit: &str) -> Result<Vec<Vec<u8>>, UnitError> {
    let mut notes = Notes::default();
    let named = find(root, &UnitName::parse(unit)?)?;
    let links = Install::read(root, &named)?.links(&named, &mut notes)?;
    if links.is_empty() && notes.faults.is_empty() && !notes.warnings.is_empty() {
        return Err(UnitError::NoInstance { name: named.name });
    }
    let mut notes = Notes::default();
    let wanted = wanted_links(root, unit, &mut notes)?;
    if let Some(fault) = notes.faults.into_iter().next() {
        return Err(fault);
    }
    let made = link(root, wanted)?;
    for warning in notes.warnings {
        root.warn(warning);
    }
    Ok(made)
}

/// Makes the links that are not there yet; returns their paths. Where one cannot be made, none is.
fn link(root: &mut Root<'_>, wanted: Links) -> Result<Vec<Vec<u8>>, UnitError> {
    let mut made = Vec::new();
    for (path, target) in wanted {
        if !leads_to(root, &path, &target)? {
            made.push((path, target));
        }
    }
    for (path, target) in &made {
        root.mkdir_above(path)?;
        root.symlink(target, path, false)?;
    }
    Ok(made.into_iter().map(|(path, _)| path).collect())
}

/// Path and target of links.
type Links = Vec<(Vec<u8>, Vec<u8>)>;

/// Returns all links of a unit, and of those that it names in `Also=`.
fn wanted_links(root: &Root<'_>, unit: &str, notes: &mut Notes) -> Result<Links, UnitError> {
    let first = UnitName::parse(unit)?;
    let mut seen = BTreeSet::from([first.clone()]);
    let mut todo = vec![first.clone()];
    let mut links = Vec::new();
    while let Some(name) = todo.pop() {
        let unit = match find(root, &name) {
            Ok(unit) => unit,
            // Packages name units of other packages, which need not be there.
            Err(_) if name != first => continue,
            Err(error) => return Err(error),
        };
        let install = Install::read(root, &unit)?;
        if name == first && install.is_empty() {
            notes.warnings.push(format!(
                "unit {name} is not enabled: it has no [Install] section that says how"
            ));
        }
        for also in install.also(&unit.name)? {
            if seen.insert(also.clone()) {
                todo.push(also);
            }
        }
        // One that lies elsewhere, such as an instance of a template that does, is linked itself.
        if !is_among_units(&unit.path) {
            let own = join(CONFIG.as_bytes(), unit.name.as_bytes());
            links.push((own, unit.path.clone()));
        }
        for link in install.links(&unit, notes)? {
            links.push((join(CONFIG.as_bytes(), link.as_bytes()), unit.path.clone()));
        }
    }
    Ok(links)
}

/// Removes every link to a unit from `/etc/systemd/system`, and to those that it names in `Also=`;
/// returns the paths of the links.
pub(crate) fn disable(root: &mut Root<'_>, unit: &str) -> Result<Vec<Vec<u8>>, UnitError> {
    disable_before(root, unit, &Later::default())
}

/// Does what [`disable`] does, but for links that the same step makes again.
pub(crate) fn disable_before(
    root: &mut Root<'_>,
    unit: &str,
    later: &Later,
) -> Result<Vec<Vec<u8>>, UnitError> {
    unlink(root, unit, true, &later.kept)
}

/// Makes a unit impossible to start; returns whether it was possible. The unit need not be there.
pub(crate) fn mask(root: &mut Root<'_>, unit: &str) -> Result<bool, UnitError> {
    let name = UnitName::parse(unit)?;
    let path = join(CONFIG.as_bytes(), name.as_bytes());
    if root.is_link(&path) && is_mask(root, &path)? {
        return Ok(false);
    }
    root.mkdir_all(CONFIG, 0o755)?;
    root.symlink("/dev/null", path, false)?;
    Ok(true)
}

/// Takes back what [`mask`] did; returns whether there was anything to take back.
pub(crate) fn unmask(root: &mut Root<'_>, unit: &str) -> Result<bool, UnitError> {
    let name = UnitName::parse(unit)?;
    let path = join(CONFIG.as_bytes(), name.as_bytes());
    let masked = is_mask(root, &path)?;
    if masked {
        root.remove(path)?;
    }
    Ok(masked)
}

/// Returns the unit that the system boots into, by the name that its link leads to.
pub(crate) fn default_target(root: &Root<'_>) -> Option<String> {
    let mut folders = PATHS.iter().map(|folder| format!("{folder}/{DEFAULT}"));
    let link = folders.find(|path| root.is_link(path))?;
    let target = root.readlink(link).ok()?;
    let name = target.rsplit(|byte| *byte == b'/').next()?;
    let name = UnitName::checked(String::from_utf8(name.to_vec()).ok()?).ok()?;
    (name.kind() == "target").then(|| name.as_str().to_owned())
}

/// Makes a target the one that the system boots into; returns whether it was another one.
pub(crate) fn set_default(root: &mut Root<'_>, target: &str) -> Result<bool, UnitError> {
    let refuse = |name: &str, why| UnitError::Name {
        name: name.to_owned(),
        why,
    };
    let name = UnitName::checked(target.to_owned())?;
    if name.kind() != "target" {
        return Err(refuse(
            target,
            "a system boots into a unit that ends in .target",
        ));
    }
    if name.as_str() == DEFAULT {
        return Err(refuse(target, "it is the link that is set"));
    }
    let unit = find(root, &name)?;
    let path = format!("{CONFIG}/{DEFAULT}");
    if root.is_link(&path) && root.readlink(&path)? == unit.path {
        return Ok(false);
    }
    root.mkdir_all(CONFIG, 0o755)?;
    root.symlink(unit.path, path, true)?;
    Ok(true)
}

/// Returns whether a unit file is a mask: a link to `/dev/null`, or empty.
fn is_mask(root: &Root<'_>, path: &[u8]) -> Result<bool, RootError> {
    if root.is_link(path) {
        return Ok(root.leads_to_null(path, &root.readlink(path)?));
    }
    let node = match root.lstat(path) {
        Err(error) if error.is_not_found() => return Ok(false),
        found => found?,
    };
    Ok(matches!(&node.kind, Kind::File(content) if content.is_empty()))
}

#[cfg(test)]
mod tests;
