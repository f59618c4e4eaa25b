//! What happens to each package: it is installed, replaces another, or is there already.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::database::{Database, State};
use super::options::Choices;
use super::set::Candidate;
use crate::deb::identity::Multi;
use crate::value::ValueError;

/// What is decided, by places in the two lists.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// The candidates that are installed, with what each replaces.
    pub(super) new: BTreeMap<usize, Option<usize>>,
    /// The candidates whose very version is installed, with its place.
    pub(super) present: BTreeMap<usize, usize>,
    /// Packages of the image that go because a candidate takes their place.
    pub(super) superseded: BTreeMap<usize, usize>,
}

impl Transaction {
    /// Decides for each candidate.
    pub(super) fn decide(
        candidates: &[Candidate],
        database: &Database,
        choices: &Choices,
    ) -> Result<Self, ValueError> {
        let mut transaction = Self::default();
        let mut taken = BTreeSet::new();
        for (index, candidate) in candidates.iter().enumerate() {
            let own = &candidate.identity;
            let named = database.entries().filter(|(_, entry)| {
                entry.identity.name == own.name && entry.state != State::NotInstalled
            });
            if own.multi != Multi::Same && named.count() > 1 {
                let message = "it has no `Multi-Arch: same`, but the image has it for several \
                               architectures";
                let help = "dpkg does not replace them by it; use packages for each of these \
                            architectures";
                return Err(candidate.error(message).help(help));
            }
            // Another architecture may have taken the place of what was for one, or for all.
            let old = database.find(own).filter(|old| !taken.contains(old));
            let there = old.map(|old| database.entry(old));
            if let Some((old, there)) = old.zip(there).filter(|(_, there)| there.state.is_there()) {
                match there.identity.version.compare(&own.version) {
                    Ordering::Equal
                        if there.state > State::HalfInstalled
                            && there.is_wanted()
                            && there.identity.arch == own.arch =>
                    {
                        transaction.present.insert(index, old);
                        continue;
                    }
                    Ordering::Greater if !choices.downgrade => {
                        let message = format!("{} is newer, and installed", there.identity);
                        let error = candidate.error(message);
                        return Err(error.help("`downgrade: true` replaces it by the older one"));
                    }
                    _ => {}
                }
            }
            taken.extend(old);
            transaction.new.insert(index, old);
        }
        Ok(transaction)
    }

    /// Notes which packages of the image go, each with the candidate that takes its place. One that is
    /// listed in that very version comes back.
    pub(super) fn supersede(&mut self, mut found: BTreeMap<usize, usize>) {
        self.present.retain(|index, there| {
            let comes_back = found.remove(there).is_some();
            if comes_back {
                self.new.insert(*index, Some(*there));
            }
            !comes_back
        });
        self.superseded = found;
    }

    /// Returns whether a package that was there is replaced, by its own name or by another package.
    pub(super) fn is_replaced(&self, old: usize) -> bool {
        let is_superseded = self.superseded.contains_key(&old);
        is_superseded || self.new.values().any(|replaced| *replaced == Some(old))
    }

    /// Returns the packages that go because a candidate takes their place.
    pub(super) fn superseded_by(&self, candidate: usize) -> impl Iterator<Item = usize> {
        let all = self.superseded.iter();
        all.filter(move |(_, by)| **by == candidate)
            .map(|(old, _)| *old)
    }
}
