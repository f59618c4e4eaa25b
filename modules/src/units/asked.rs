//! The links that a unit asks for, as deb-systemd-helper notes them.

use std::collections::BTreeSet;

use super::install::{DEPENDENCIES, Install, Notes};
use super::{CONFIG, UnitError, UnitName, find};
use crate::Root;

/// Returns the links by their paths, with the files that they lead to: those of the units of
/// `Also=`, other names, and then those of other units.
pub(crate) fn asked_links(root: &Root<'_>, unit: &str) -> Result<Vec<(String, String)>, UnitError> {
    let name = UnitName::parse(unit)?;
    let mut seen = BTreeSet::from([name.clone()]);
    let mut links = Vec::new();
    add(root, &name, &mut seen, &mut links)?;
    Ok(links)
}

fn add(
    root: &Root<'_>,
    name: &UnitName,
    seen: &mut BTreeSet<UnitName>,
    links: &mut Vec<(String, String)>,
) -> Result<(), UnitError> {
    let unit = find(root, name)?;
    let path = String::from_utf8_lossy(&unit.path).into_owned();
    let install = Install::read(root, &unit)?;
    let mut notes = Notes::default();
    let own = install.links(&unit, &mut notes)?;
    if let Some(fault) = notes.faults.into_iter().next() {
        return Err(fault);
    }
    let (names, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|link| !link.contains('/'));
    let (mut names, mut also) = (names.into_iter(), install.also(name)?.into_iter());
    let whole = |link: String| (format!("{CONFIG}/{link}"), path.clone());
    for key in install.keys() {
        match key {
            "Alias" => links.extend(names.next().map(whole)),
            "Also" => {
                // Packages name units of other packages, which need not be there.
                let also = also.next().filter(|also| seen.insert(also.clone()));
                if let Some(also) = also.filter(|also| find(root, also).is_ok()) {
                    add(root, &also, seen, links)?;
                }
            }
            _ => {}
        }
    }
    // It knows nothing of the third kind.
    let is_known = |link: &String| !link.contains(&format!("{}/", DEPENDENCIES[2].1));
    links.extend(others.into_iter().filter(is_known).map(whole));
    Ok(())
}
