//! A package that goes because a new one takes its place (dpkg's `removal_bulk`): its files go, its
//! settings stay.

use super::database::State;
use super::removal::Removal;
use super::unpack::{UNPACKED, Unpacking};
use crate::deb::identity::Identity;
use crate::root::any_text::encode;
use crate::root::{Place, show};
use crate::script::policy::Policies;
use crate::{Error, Root, RootError};

/// What dpkg's own unfinished files end in.
const UNFINISHED: [&[u8]; 2] = [b".dpkg-tmp", UNPACKED];

impl Unpacking {
    /// Removes a package, in favour of one that is unpacked already. Its `postrm` still finds all of
    /// dpkg's own files.
    pub(super) fn remove(
        &mut self,
        root: &mut Root<'_>,
        removal: &Removal,
        by: &Identity,
        policies: &Policies,
    ) -> Result<(), Error> {
        let index = removal.index;
        let entry = self.database.entry(index);
        let gone = entry.identity.clone();
        root.info(format!("{gone} is removed, as {by} takes its place"));
        let settings: Vec<Vec<u8>> = entry.conffiles().map(|(path, ..)| encode(path)).collect();
        let left = self.remove_files(root, index, &settings)?;
        self.database.set_files(index, left);
        removal.after(root, policies)?;
        self.hear(root)?;
        let lines = self.old_triggers(root, Some(index))?;
        self.call(root, &lines, None)?;
        self.triggers
            .change(root, Some((&gone, &lines)), (&gone, &[]))?;
        self.triggers.forget(&mut self.database, index);
        let has_postrm = root.exists(self.database.info(index, "postrm"));
        self.remove_info(root, index, &["list", "postrm"])?;
        if has_postrm || !settings.is_empty() {
            self.database.change(index, |entry| {
                for field in [
                    "Essential",
                    "Protected",
                    "Triggers-Pending",
                    "Triggers-Awaited",
                ] {
                    entry.paragraph.set(field, "");
                }
                entry.state = State::ConfigFiles;
            });
            return Ok(());
        }
        // What was not empty before may be now.
        for path in self.remove_files(root, index, &[])? {
            if path != b"/." {
                root.info(format!("{} stays, as something else is in it", show(&path)));
            }
        }
        self.remove_info(root, index, &[])?;
        self.database.remove(index);
        Ok(())
    }

    /// Removes a package's files but its settings, the last first; returns what is left.
    fn remove_files(
        &mut self,
        root: &mut Root<'_>,
        index: usize,
        settings: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let entry = self.database.entry(index);
        let name = entry.identity.name.clone();
        let mut left: Vec<Vec<u8>> = Vec::new();
        // Those that the package had no more keep no folder in its list.
        let kept = entry.conffiles().filter(|(.., flag)| *flag != "obsolete");
        let kept: Vec<Vec<u8>> = kept.map(|(path, ..)| encode(path)).collect();
        for path in entry.files.clone().iter().rev() {
            let place = self.local.place(path, &name).to_vec();
            let others = self.database.owners(path);
            let mut others = others.iter().filter(|other| **other != index);
            if settings.contains(path) {
                left.push(path.clone());
                continue;
            }
            if root.is_dir(&place) {
                let holds = |inner: &Vec<u8>| {
                    let rest = inner.strip_prefix(&**path);
                    rest.is_some_and(|rest| rest.starts_with(b"/"))
                };
                if kept.iter().any(holds) || left.iter().any(holds) {
                    left.push(path.clone());
                    continue;
                }
                if others.next().is_some() {
                    continue;
                }
                if path == b"/." {
                    left.push(path.clone());
                    continue;
                }
            } else if others.any(|other| self.database.entry(*other).identity.name == name) {
                continue;
            }
            self.triggers.touch(&mut self.database, &place, index);
            let slash = place.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            if let Some(at) = root.find_place(&place[..=slash], &place[slash + 1..]) {
                remove_unfinished(root, &at)?;
            }
            let Ok(kind) = root.lstat(&place).map(|node| node.kind.clone()) else {
                continue;
            };
            match kind {
                fsgen::Kind::Directory(_) if !root.list(&place)?.is_empty() => {
                    left.push(path.clone());
                }
                _ => root.remove(&place)?,
            }
        }
        left.reverse();
        Ok(left)
    }
}

/// Removes what dpkg has left unfinished beside a path.
pub(super) fn remove_unfinished(root: &mut Root<'_>, at: &Place) -> Result<(), RootError> {
    for ending in UNFINISHED {
        let beside = Place {
            directory: at.directory,
            name: [&at.name, ending].concat(),
        };
        if root.node_at(&beside).is_some() {
            root.remove_all(root.path_at(&beside))?;
        }
    }
    Ok(())
}
