//! Which packages own each place, so that none takes another's file.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use super::store::Installed;
use super::transaction::Transaction;
use crate::Root;
use crate::root::{Place, show};
use crate::rpm::file::{File, FileKind, State};
use crate::rpm::identity::Identity;
use crate::value::ValueError;

/// Programs of this color win over others of the same path: 64-bit ones (rpm's `%_prefer_color`).
const PREFERRED: u32 = 2;

/// How many files a message names.
const TOLD: usize = 20;

/// A package of this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// One that is installed now, by its place in the list.
    New(usize),
    /// One that was there.
    There(usize),
}

/// A file of a package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'p> {
    pub(super) who: Who,
    pub(super) package: &'p Identity,
    /// Which of its files this is.
    pub(super) index: usize,
    pub(super) file: &'p File,
    pub(super) what: What,
}

/// Whether an owner's file lies at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Put,
    /// An equal one does.
    Skipped,
    /// Another one does.
    WrongColor,
}

/// What becomes of a file, as far as other packages have to do with it.
#[derive(Debug)]
pub(super) enum Settled<'p> {
    /// It may be put there.
    Put,
    /// An earlier package of this step has put the same there.
    Shared,
    /// A program of the other word size has the place.
    WrongColor,
    /// It would take the place of this package's.
    Conflict(&'p Identity),
    /// It is a directory in the place of a file that this package of this step has put there.
    Lost(&'p Identity),
}

/// The owners of all places that this step has to do with.
pub(super) struct Owners<'p> {
    places: BTreeMap<Place, Vec<Owner<'p>>>,
    /// What packages that go have there, where that or what comes is settings, with the places of
    /// these in the list.
    gone: BTreeMap<Place, (usize, &'p File)>,
    /// What became of files, where it is not what was decided for them.
    changes: BTreeMap<Who, Vec<(usize, State)>>,
    /// Which programs the machine runs.
    color: u32,
    /// Whether packages may replace what others have.
    replaces: bool,
}

impl<'p> Owners<'p> {
    /// Finds what stays installed, as far as a name is one of those that packages bring or take
    /// away.
    pub(super) fn find(
        root: &Root<'_>,
        candidates: &'p [Candidate],
        installed: &'p [Installed],
        transaction: &Transaction,
        color: u32,
        replaces: bool,
    ) -> Self {
        let mut names: BTreeSet<&[u8]> = BTreeSet::new();
        let mut settings: BTreeSet<&[u8]> = BTreeSet::new();
        for index in transaction.installs() {
            let files = &candidates[index].files;
            names.extend(files.iter().map(|file| &*file.name));
            let files = files.iter().filter(|file| file.is_config());
            settings.extend(files.map(|file| &*file.name));
        }
        for index in transaction.erased() {
            names.extend(installed[index].files().iter().map(|file| &*file.name));
        }
        let mut owners = Self {
            places: BTreeMap::new(),
            gone: BTreeMap::new(),
            changes: BTreeMap::new(),
            color,
            replaces,
        };
        for (which, there) in installed.iter().enumerate() {
            let is_erased = transaction.is_erased(which);
            for (index, file) in there.files().iter().enumerate() {
                let is_settings = file.is_config() || settings.contains(&*file.name);
                if there.has(index)
                    && (!is_erased || is_settings)
                    && names.contains(&*file.name)
                    && let Some(place) = root.find_place(&file.directory, &file.name)
                {
                    if is_erased {
                        owners.gone.insert(place, (which, file));
                        continue;
                    }
                    let owner = Owner {
                        who: Who::There(which),
                        package: &there.identity,
                        index,
                        file,
                        what: What::Put,
                    };
                    owners.add(place, owner);
                }
            }
        }
        owners
    }

    /// Notes that a package has a file at a place.
    pub(super) fn add(&mut self, place: Place, owner: Owner<'p>) {
        self.places.entry(place).or_default().push(owner);
    }

    /// Decides for a file that a package of this step brings, and notes that it has the place
    /// (rpm's `handleInstInstalledFile` and `handleOverlappedFiles`).
    pub(super) fn settle(&mut self, place: &Place, own: Owner<'p>) -> Settled<'p> {
        let owners = self.places.entry(place.clone()).or_default();
        // Of the packages of this step, rpm looks at the last one before this alone.
        let last = owners
            .iter()
            .rposition(|other| matches!(other.who, Who::New(_)));
        let is_there = |other: &Owner<'_>| matches!(other.who, Who::There(_));
        let mut settled = Settled::Put;
        let mut lost = Vec::new();
        for (at, other) in owners.iter().enumerate() {
            if !is_there(other) && Some(at) != last {
                continue;
            }
            if other.file.may_share(own.file) {
                match other.what {
                    What::Put if !is_there(other) && !other.file.is_ghost() => {
                        settled = Settled::Shared;
                    }
                    What::WrongColor => settled = Settled::WrongColor,
                    _ => {}
                }
                continue;
            }
            let [color, others] = [own.file, other.file].map(|file| file.color & self.color);
            let are_programs = color != 0 && others != 0 && color != others;
            if are_programs && color & PREFERRED != 0 {
                lost.push((at, State::WrongColor));
            } else if are_programs && others & PREFERRED != 0 {
                settled = Settled::WrongColor;
            } else if !self.replaces {
                return Settled::Conflict(other.package);
            } else if is_there(other) {
                lost.push((at, State::Replaced));
            } else if own.file.kind == FileKind::Directory
                && other.what == What::Put
                && !other.file.is_ghost()
                && !matches!(other.file.kind, FileKind::Directory | FileKind::Symlink)
            {
                return Settled::Lost(other.package);
            }
        }
        let what = match settled {
            Settled::Put => What::Put,
            Settled::WrongColor => What::WrongColor,
            Settled::Shared | Settled::Conflict(_) | Settled::Lost(_) => What::Skipped,
        };
        for (at, state) in lost {
            let other = &mut owners[at];
            // Of settings that were there, both packages stay the owners.
            let are_settings = own.file.is_config() || other.file.is_config();
            let is_kept = is_there(other) && (are_settings || what != What::Put);
            if !is_kept {
                other.what = What::WrongColor;
                let changes = self.changes.entry(other.who).or_default();
                changes.push((other.index, state));
            }
        }
        owners.push(Owner { what, ..own });
        settled
    }

    /// Returns the file that a package had at a place before: one that stays, or else one that
    /// goes, whose file another package takes over.
    pub(super) fn there(&self, place: &Place) -> Option<(usize, &'p File)> {
        let mut owners = self.places.get(place).into_iter().flatten();
        let stays = owners.find_map(|owner| match owner.who {
            Who::There(index) => Some((index, owner.file)),
            Who::New(_) => None,
        });
        stays.or_else(|| self.gone.get(place).copied())
    }

    /// Returns whether any package has the place.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.places.contains_key(place)
    }

    /// Notes what became of a file of a package.
    pub(super) fn note(&mut self, who: Who, index: usize, state: State) {
        self.changes.entry(who).or_default().push((index, state));
    }

    /// Returns what became of files, where it is not what was decided for them.
    pub(super) fn into_changes(self) -> BTreeMap<Who, Vec<(usize, State)>> {
        self.changes
    }
}

/// The files that packages have and others have, too, and not the same.
#[derive(Default)]
pub(super) struct Conflicts<'p> {
    /// A package, what it is in conflict with, and where.
    found: Vec<(&'p Candidate, &'p Identity, Vec<u8>)>,
}

impl<'p> Conflicts<'p> {
    pub(super) fn add(&mut self, own: &'p Candidate, other: &'p Identity, path: Vec<u8>) {
        self.found.push((own, other, path));
    }

    /// Returns an error that names them, or the first ones of many.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let Some((first, ..)) = self.found.first() else {
            return Ok(());
        };
        let each = self.found.iter().take(TOLD).map(|(own, other, path)| {
            let (own, path) = (&own.package.identity, show(path));
            format!("{own} and {other} both have {path}, and not the same")
        });
        let mut message = each.collect::<Vec<_>>().join("; ");
        if let Some(more @ 1..) = self.found.len().checked_sub(TOLD) {
            message += &format!("; and {more} more such files");
        }
        let help = "leave packages out, or let the one that comes later win, with `replacefiles: \
                    true`";
        Err(first.error(message).help(help))
    }
}
