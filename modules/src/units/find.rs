//! How the file of a unit is found: by its name or that of its template, and through links.

use fsgen::tree::path::split;

use super::{CONFIG, PATHS, UnitError, UnitName, is_mask};
use crate::root::join;
use crate::{Root, RootError};

/// How often one name may lead to another.
const MOST_NAMES: usize = 8;

/// A unit and the file that defines it.
pub(super) struct Unit {
    pub(super) name: UnitName,
    pub(super) path: Vec<u8>,
}

/// Where a file of a unit is.
struct Place {
    directory: &'static str,
    /// The name of the unit, or of its template.
    file: UnitName,
    path: Vec<u8>,
}

/// What a link among the units says.
enum Link {
    /// The unit's file lies elsewhere, as `systemctl link` has it.
    Elsewhere(Vec<u8>),
    /// The vendor's unit has another name.
    Named(UnitName),
    /// Enabling another unit made it, or nothing that systemd knows did.
    Other(Vec<u8>),
}

/// Finds the file of a unit: its own, or that of its template. A link in `/usr` is another name
/// for the unit that it leads to.
pub(super) fn find(root: &Root<'_>, name: &UnitName) -> Result<Unit, UnitError> {
    let mut name = name.clone();
    for _ in 0..MOST_NAMES {
        let mut places = places(root, &name)?.into_iter();
        let Some(first) = places.next() else {
            break;
        };
        if is_mask(root, &first.path)? {
            let path = first.path;
            return Err(UnitError::Masked { name, path });
        }
        if !root.is_link(&first.path) {
            let path = first.path;
            return Ok(Unit { name, path });
        }
        match link(root, &name, &first, places.next().as_ref())? {
            Link::Elsewhere(path) => return Ok(Unit { name, path }),
            Link::Named(other) => name = other,
            Link::Other(target) => return Err(UnitError::Linked { name, target }),
        }
    }
    Err(UnitError::Missing { name })
}

/// Returns the places of a unit's own files, and then of its template's; those that come first count.
fn places(root: &Root<'_>, name: &UnitName) -> Result<Vec<Place>, UnitError> {
    let files = [Some(name.clone()), name.template()];
    let places = files.into_iter().flatten().flat_map(|file| {
        PATHS.map(|directory| Place {
            directory,
            path: join(directory.as_bytes(), file.as_bytes()),
            file: file.clone(),
        })
    });
    let mut places: Vec<_> = places.filter(|at| root.lstat(&at.path).is_ok()).collect();
    // An instance that is a link to its template is one without a file.
    if let Some(first) = places.first()
        && first.file == *name
        && root.is_link(&first.path)
        && name.template().is_some()
        && linked(root, &first.path)? == name.template()
    {
        places.retain(|place| place.file != *name);
    }
    Ok(places)
}

/// Returns what the link at a place says, with the place that would count without it.
fn link(
    root: &Root<'_>,
    name: &UnitName,
    place: &Place,
    next: Option<&Place>,
) -> Result<Link, UnitError> {
    let other = linked(root, &place.path)?;
    if place.directory == CONFIG && root.is_file(&place.path) && other.is_some() {
        let path = real(root, &place.path)?;
        if !is_among_units(&path) || path.ends_with(&join(b"", place.file.as_bytes())) {
            return Ok(Link::Elsewhere(path));
        }
    }
    // What enabling makes for an `Alias=` may say the same as a link of the vendor's.
    let is_vendors = match next.filter(|next| next.file == place.file) {
        Some(next) if root.is_link(&next.path) => linked(root, &next.path)? == other,
        _ => false,
    };
    let other = other.map(|other| name.as_instance_of(&other));
    let is_name = place.directory != CONFIG || is_vendors;
    match other.filter(|other| is_name && other != name) {
        Some(other) => Ok(Link::Named(other)),
        None => Ok(Link::Other(root.readlink(&place.path)?)),
    }
}

/// Returns whether a file is where units are looked for.
pub(super) fn is_among_units(path: &[u8]) -> bool {
    PATHS.iter().any(|folder| {
        let rest = path.strip_prefix(folder.as_bytes());
        let name = rest.and_then(|rest| rest.strip_prefix(b"/"));
        name.is_some_and(|name| !name.contains(&b'/'))
    })
}

/// Returns the name of the unit that a link leads to.
fn linked(root: &Root<'_>, path: &[u8]) -> Result<Option<UnitName>, UnitError> {
    let target = root.readlink(path)?;
    let last = split(&target).map(|(_, last)| String::from_utf8_lossy(last).into_owned());
    last.map(|last| UnitName::parse(&last)).transpose()
}

/// Returns the path of the file that a link leads to, with no link in it. The file must be there.
pub(super) fn real(root: &Root<'_>, link: &[u8]) -> Result<Vec<u8>, RootError> {
    let mut path = link.to_vec();
    while let Some((folder, name)) = split(&path) {
        let folder = root.real_folder(join(b"/", folder))?;
        path = join(&folder, name);
        if !root.is_link(&path) {
            break;
        }
        let target = root.readlink(&path)?;
        path = match target.starts_with(b"/") {
            true => target,
            false => join(&folder, &target),
        };
    }
    Ok(path)
}
