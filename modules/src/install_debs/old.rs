//! The files of a package that is replaced: what the new one does not have goes.

use std::collections::BTreeMap;

use fsgen::Kind;

use super::conffile::{BEFORE, BESIDE, Settings, digest, real_path};
use super::unpack::{Package, Unpacking};
use crate::root::any_text::encode;
use crate::root::show;
use crate::{Error, Root};

impl Unpacking {
    /// Removes what the package has no more, the last first, as dpkg's `pkg_remove_old_files`
    /// does; settings stay, and are noted. Returns the paths that are gone.
    pub(super) fn remove_old(
        &self,
        root: &mut Root<'_>,
        package: &mut Package<'_>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let mut gone = Vec::new();
        self.remove_settings(root, package)?;
        let Some(old) = package.old else {
            return Ok(gone);
        };
        let entry = self.database.entry(old);
        let name = &entry.identity.name;
        let settings = Settings::of(entry);
        let new = numbers(root, package);
        for path in entry.files.iter().rev() {
            let is_removable = package.settings.is_to_remove(path);
            let is_new = package.settings.is_new(path) || package.archived.contains(path);
            if is_new || is_removable {
                continue;
            }
            let place = self.local.place(path, name).to_vec();
            let is_used = || self.database.owners(path).iter().any(|other| *other != old);
            if root.is_dir(&place) && is_used() {
                continue;
            }
            let Ok((node, number)) = root
                .stat_links(&place, false)
                .map(|stat| (stat.node.kind.clone(), stat.number))
            else {
                continue;
            };
            if let Kind::Directory(_) = node {
                gone.push(place.clone());
                if path == b"/." {
                    continue;
                }
                match root.list(&place)?.is_empty() {
                    true => root.remove(&place)?,
                    false => root.info(format!(
                        "{} stays, as something else is in it",
                        show(&place)
                    )),
                }
                continue;
            }
            let same = new.get(&number);
            if let Some(known) = settings.known_digest(path) {
                match same {
                    Some(same) => package.settings.inherit(same, known),
                    None => {
                        package.settings.add_obsolete(path, known);
                        package.files.push(path.clone());
                    }
                }
                continue;
            }
            if same.is_none() {
                root.remove(&place)?;
                gone.push(place);
            }
        }
        Ok(gone)
    }

    /// Removes settings that the new version wants to go, unless somebody changed them.
    fn remove_settings(&self, root: &mut Root<'_>, package: &mut Package<'_>) -> Result<(), Error> {
        let own = &package.candidate.identity.name;
        for file in package.settings.to_remove() {
            let named = encode(&file.path);
            let path = real_path(root, self.local.place(&named, own));
            let there = root.lstat(&path).map(|node| node.kind.clone());
            if there
                .as_ref()
                .is_ok_and(|kind| !matches!(kind, Kind::File(_)))
            {
                package.settings.note_no_file(&named);
                continue;
            }
            let owners = self.database.owners(&named);
            if owners.iter().any(|other| Some(*other) != package.old) {
                continue;
            }
            let beside = [&*path, BESIDE].concat();
            if root.lstat(&beside).is_ok() {
                root.remove(&beside)?;
            }
            let Ok(Kind::File(content)) = there else {
                continue;
            };
            if digest(root, &content)? == file.digest {
                root.remove(&path)?;
                continue;
            }
            let kept = [&*path, BEFORE].concat();
            root.rename(&path, &kept)?;
            root.warn(format!(
                "{} was changed, and {own} does not have it any more; it is kept as {}",
                show(&path),
                show(&kept)
            ));
        }
        Ok(())
    }
}

/// Returns the numbers of what lies at the new package's paths: an old path may lead to one of them
/// by a link, such as `/lib` to `/usr/lib`.
fn numbers(root: &Root<'_>, package: &Package<'_>) -> BTreeMap<u64, Vec<u8>> {
    let mut numbers = BTreeMap::new();
    for path in &package.files {
        if let Ok(stat) = root.stat_links(path, false) {
            numbers.insert(stat.number, path.clone());
        }
    }
    numbers
}
