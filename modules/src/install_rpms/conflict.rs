//! Which packages own each place, so that none takes another's file.

use std::collections::{BTreeMap, BTreeSet};

use super::set::Candidate;
use super::store::Installed;
use super::transaction::Transaction;
use crate::Root;
use crate::root::Place;
use crate::rpm::file::File;
use crate::rpm::tag;

/// A file of a package.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// The package as messages call it.
    pub(super) package: String,
    pub(super) file: File,
}

/// The owners of all places that this step has to do with.
#[derive(Default)]
pub(super) struct Owners {
    places: BTreeMap<Place, Vec<Owner>>,
}

impl Owners {
    /// Finds what stays installed, as far as a name is one of those that packages bring or take
    /// away.
    pub(super) fn find(
        root: &Root<'_>,
        candidates: &[Candidate],
        installed: &[Installed],
        transaction: &Transaction,
    ) -> Self {
        let mut names: BTreeSet<&[u8]> = BTreeSet::new();
        for index in transaction.installs() {
            names.extend(candidates[index].files.iter().map(|file| &*file.name));
        }
        for index in transaction.erased() {
            names.extend(installed[index].files().iter().map(|file| &*file.name));
        }
        let mut owners = Self::default();
        for (index, there) in installed.iter().enumerate() {
            if transaction.is_erased(index) {
                continue;
            }
            let states = there.header.numbers(tag::FILESTATES);
            for (i, file) in there.files().iter().enumerate() {
                // A file that was replaced or left out belongs to somebody else.
                let is_there = states.get(i).is_none_or(|state| *state == 0);
                if is_there
                    && names.contains(&*file.name)
                    && let Some(place) = root.find_place(&file.directory, &file.name)
                {
                    owners.add(place, there.identity.to_string(), file);
                }
            }
        }
        owners
    }

    /// Notes that a package has a file at a place.
    pub(super) fn add(&mut self, place: Place, package: String, file: &File) {
        let file = file.clone();
        let owner = Owner { package, file };
        self.places.entry(place).or_default().push(owner);
    }

    /// Returns an owner of the place that cannot share it.
    pub(super) fn conflict(&self, place: &Place, file: &File) -> Option<&Owner> {
        let owners = self.places.get(place).into_iter().flatten();
        let mut others = owners.filter(|owner| !owner.file.is_ghost());
        others.find(|owner| !owner.file.may_share(file))
    }

    /// Returns whether any package has the place.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.places.contains_key(place)
    }
}
