//! What happens to each package: it is installed, replaces another, or is there already.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::database::{Database, State};
use super::options::Choices;
use super::set::Candidate;
use crate::value::ValueError;

/// What is decided, by places in the two lists.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// The candidates that are installed, with what each replaces.
    pub(super) new: BTreeMap<usize, Option<usize>>,
    /// The candidates whose very version is installed.
    pub(super) present: Vec<usize>,
}

impl Transaction {
    /// Decides for each candidate.
    pub(super) fn decide(
        candidates: &[Candidate],
        database: &Database,
        choices: &Choices,
    ) -> Result<Self, ValueError> {
        let mut transaction = Self::default();
        for (index, candidate) in candidates.iter().enumerate() {
            let own = &candidate.identity;
            let old = database.find(own);
            let there = old.map(|old| database.entry(old));
            if let Some(there) = there.filter(|there| there.state.is_there()) {
                match there.identity.version.compare(&own.version) {
                    Ordering::Equal
                        if there.state > State::HalfInstalled
                            && there.identity.arch == own.arch =>
                    {
                        transaction.present.push(index);
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
            transaction.new.insert(index, old);
        }
        Ok(transaction)
    }

    /// Returns whether a package that was there is replaced.
    pub(super) fn is_replaced(&self, old: usize) -> bool {
        self.new.values().any(|replaced| *replaced == Some(old))
    }
}
